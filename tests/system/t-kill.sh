#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGKILL to each role in turn, and to the parent: the picture is back within 5 s, nothing that was ever offered to a viewer is lost,
# and the archive verifies and names the gaps.
# takes: 28 s
# alone: it measures how long until there is a picture again
source "$(dirname "$0")/lib.sh"
wants jq curl ss sha256sum

back_ms=5000

make_site
start_camera
site_camera gate "$camera_source"
start_server gate
wait_for 20 newest_at_least gate 360p 2 || bail "no segments: $(status | jq -c .cameras)"

# A viewer that fetches every segment it is ever told of: lines "RENDITION NUMBER DIGEST" in $work/offered, once its bytes were checked.
watch() {
    local r n digest playlist
    while [ ! -e "$work/seen-enough" ]; do
        for r in copy audio 360p; do
            playlist=$(get "/live/gate/$r/index.m3u8" --max-time 3 2> /dev/null) || continue
            for n in $(grep -o '^[0-9]*' <<< "$playlist"); do
                grep -q "^$r $n$" "$work/told" || echo "$r $n" >> "$work/told"
                grep -q "^$r $n " "$work/offered" && continue
                get "/live/gate/$r/$n.m4s" --max-time 3 -D "$work/watch.head" -o "$work/watch.body" 2> /dev/null || continue
                digest=$(sed -n 's/^content-digest: sha-256=:\(.*\):.*/\1/Ip' "$work/watch.head" | base64 -d | od -An -v -tx1 | tr -d ' \n')
                [ "$digest" = "$(sha256sum < "$work/watch.body" | cut -d' ' -f1)" ] || echo "$r $n: served bytes are not those of their digest" >> "$work/lies"
                echo "$r $n $digest" >> "$work/offered"
            done
        done
        sleep 0.1
    done
}
touch "$work/told" "$work/offered" "$work/lies"
watch > /dev/null 2>&1 &
watcher=$!
started_pids+=($watcher)

now_utc() { date -u "${1:---date=now}" +%Y-%m-%dT%H:%M:%S.%3NZ; }
# newer_than RENDITION MILLISECONDS: the newest segment goes on for a second after this time, and can be had. (A role's death may end a
# segment early; that one is no news.)
newer_than() {
    local playlist start seconds
    playlist=$(get "/live/gate/$1/index.m3u8" --max-time 2 2> /dev/null | whole_list) || return 1
    start=$(sed -n 's/^#EXT-X-PROGRAM-DATE-TIME://p' <<< "$playlist" | tail -1)
    seconds=$(sed -n 's/^#EXTINF:\([0-9.]*\).*/\1/p' <<< "$playlist" | tail -1)
    [ -n "$start" ] && [ "$(date "--date=$start + ${seconds%.*} seconds" +%s%3N)" -ge $(($2 + 1000)) ] &&
        get "/live/gate/$1/$(tail -1 <<< "$playlist")" --max-time 2 -o /dev/null
}
pids_of() { st ".roles[] | select(.role == \"$1\") | .pid"; }
steady() { [ "$(st '[.roles[] | select(.state != "running")] | length')" = 0 ] && streaming gate; }
signed() { [ "$(st .log.checkpoint)" -gt "$1" ]; }

# back NAME RENDITION MILLISECONDS: how long after that time the picture is there again
back() {
    local took
    if wait_for 15 newer_than "$2" "$3"; then
        took=$(($(now_ms) - $3))
        if [ $took -le $back_ms ]; then ok "$1: $2 is back after $took ms"; else not_ok "$1: $2 is back after $took ms, more than $back_ms"; fi
    else
        not_ok "$1: $2 is not back after 15 s: $(status | jq -c '.roles[] | [.role, .state, .last_end]' | tr '\n' ' ')"
    fi
}

declare -A killed_at
for role in ingest transcode store sign serve; do
    entries=$(st .log.checkpoint)
    killed_at[$role]=$(now_utc)
    at=$(now_ms)
    # shellcheck disable=SC2046
    kill -KILL $(pids_of $role)
    back "$role killed" copy "$at"
    back "$role killed" 360p "$at"
    if wait_for 5 signed "$entries"; then ok "$role killed: the log goes on"; else not_ok "$role killed: no new checkpoint after $entries"; fi
    wait_for 15 steady || not_ok "$role killed: $(status | jq -c '.roles[] | [.role, .state, .last_end]' | tr '\n' ' ')"
    if [ "$(st "[.roles[] | select(.role == \"$role\") | .restarts] | min")" -ge 1 ]; then
        ok "$role killed: status counts the restart"
    else
        not_ok "$role killed: status counts no restart: $(status | jq -c '.roles[] | [.role, .restarts]' | tr '\n' ' ')"
    fi
done
equal "no other role died on the way" "$(grep 'role-ended' "$site/log" | grep -v -e 'signal 9' | tail -3)" ''

killed_at[parent]=$(now_utc)
mapfile -t orphans < <(role_pids)
kill -KILL "$server"
wait "$server" 2> /dev/null
if wait_for 60 all_gone "${orphans[@]}"; then ok "the parent killed: its roles end with it"; else not_ok "the parent killed: roles live on"; fi
at=$(now_ms)
run_server
back "the parent killed and started again" copy "$at"
equal "the camera was not the reason" "$(grep -c 'camera-lost' "$site/log")" 0
n=$(newest gate copy)
wait_for 15 newest_at_least gate copy $((n + 2)) || not_ok "no two segments more after the restart"
touch "$work/seen-enough"
wait_for 15 all_gone $watcher
stop_server

# What was offered is kept, logged and unchanged.
equal "every served segment had its digest" "$(cat "$work/lies")" ''
lost='' kept=0
while read -r r n digest; do
    find "$site/archive/log/tile/entries" -type f -exec grep -aqF "media sha256:$digest" {} + || lost+=" $r/$n has no entry;"
    [ "$r" = 360p ] && continue
    kept=$((kept + 1))
    file=$(printf '%s/archive/footage/gate/%s/%06d/%d.m4s' "$site" "$r" $((n / 1000)) "$n")
    [ "$(sha256sum < "$file" 2> /dev/null | cut -d' ' -f1)" = "$digest" ] || lost+=" $r/$n is not in the archive as it was served;"
done < "$work/offered"
equal "nothing served is lost ($(wc -l < "$work/offered") segments, $kept of them kept)" "$lost" ''
lost=''
while read -r r n; do
    [ "$r" = 360p ] || [ -s "$(printf '%s/archive/footage/gate/%s/%06d/%d.m4s' "$site" "$r" $((n / 1000)) "$n")" ] || lost+=" $r/$n"
done < "$work/told"
equal "nothing listed is lost ($(wc -l < "$work/told") segments)" "$lost" ''

said=$(verify 2>&1)
equal "the archive verifies" "$?: $(grep -E '^(NOT VERIFIED|changed|missing|unaccounted|order|unsigned|extra|log):' <<< "$said")" '0: '
# Whoever carries footage cost some when it died: the log says so. The others' deaths cost none.
timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json > "$work/report"
for role in ingest store parent; do
    around=$(jq -r --arg at "${killed_at[$role]}" --arg late "$(now_utc "--date=${killed_at[$role]} + 1 second")" \
        '.gaps[] | select(.camera == "gate" and .from <= $late and .to >= $at and .why != "starting") | "\(.from) to \(.to): \(.why)"' "$work/report")
    matches "it names the gap of the death of $role at ${killed_at[$role]}" "$around" ": $([ $role = ingest ] && echo restart || echo crashed)\$"
done
equal "it names no other gap, but start and end" "$(jq -r '[.gaps[] | select(.why != "starting" and .why != "stopped" and .why != "not-running")] | length' "$work/report")" 3
grep '^gap:' <<< "$said" | sed 's/^/# /'
finish
