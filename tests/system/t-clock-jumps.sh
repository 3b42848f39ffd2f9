#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine's own clock is set, forward and back, under a site that runs (tests/faults/shim.c: all roles read one clock, which is not the
# true one): footage goes on without a break, its times follow, nobody restarts, a session lasts as long as it should, the alarm and
# the log say what happened, nothing is removed for it, and the archive verifies.
# takes: 25 s
source "$(dirname "$0")/../faults/lib.sh"
wants jq curl ss

faulty_programs
for role in "${faulty_roles[@]}"; do
    [ "$role" = casemate ] || ln -f "$pages/casemate" "$pages/$role"    # one clock for all of them
done
make_site
sed -i 's/^cameras:/alarms: {retention: 1 h, clock: 1 s}\n&/' "$site/site.yaml"
start_camera --size 640x360 --fps 10
site_camera gate "$camera_source" 'segment: 1 s'
run_faulty
wait_for 60 newest_at_least gate 360p 1 || bail "nothing is recorded: $(status | jq -c '[.roles, .cameras]') $(tail -5 "$site/log")"

off=0                    # of the site's clock, in seconds
set_clock() { aim casemate clock "$1"; off=$1; }
page() { timeout 15 curl -sS --cacert "$site/tls.crt" -o /dev/null -w '%{http_code}' "$@"; }
login() { page -c "$work/jar" --data-urlencode "name=$user" --data-urlencode "password=$password" "https://127.0.0.1:$port/login"; }
session() { page -b "$work/jar" "https://127.0.0.1:$port/api/site"; }
# How old the newest segment of a rendition is by the site's clock, in seconds.
age() {
    local time
    time=$(get "/live/gate/$1/index.m3u8" | sed -n 's/^#EXT-X-PROGRAM-DATE-TIME://p' | tail -1)
    [ -n "$time" ] && echo $(($(date +%s) + off - $(date -d "$time" +%s)))
}
follows() {
    local a
    a=$(age "$1") && [ "$a" -ge -1 ] && [ "$a" -le 6 ]
}
snapshot() { get /live/gate/snapshot.jpg -D "$work/head" -o /dev/null && sed -n 's/^content-location: *//Ip' "$work/head" | tr -d '\r'; }
is_other() { local s; s=$(snapshot) && [ -n "$s" ] && [ "$s" != "$1" ]; }

pids=$(role_pids | xargs)
login > /dev/null
equal "somebody is logged in" "$(session)" 200
# WHAT BY-HOW-MUCH WHAT-IS-SAID SESSION: days with their session's end, which is twelve hours after its beginning.
while read -r what by says logged_in; do
    was=$(newest gate copy)
    picture=$(snapshot)
    set_clock $by
    wait_for 15 newest_at_least gate copy $((was + 2)) && wait_for 15 newest_at_least gate 360p $((was + 2))
    check "$what: footage goes on, and a viewer has it" get "/live/gate/360p/$((was + 1)).m4s" -o /dev/null
    for r in copy 360p; do check "$what: the playlist's times follow, $r ($(age $r) s)" wait_for 10 follows $r; done
    check "$what: a snapshot is of now" wait_for 15 is_other "$picture"
    equal "$what: the session" "$(session)" "$logged_in"
    [ "$logged_in" = 200 ] || login > /dev/null
    check "$what: the alarm says so" wait_for 10 st_is '.alarms[] | select(.camera == null and .alarm == "clock") | .detail' "the clock of this machine was set ${says//_/ }" || note "$(st '.alarms' | jq -c .)"
done <<'JUMPS'
hour-ahead 3600 forward_by_3600_s 200
hour-back 0 back_by_3600_s 200
before-the-first -7200 back_by_7200_s 200
day-ahead 86400 forward_by_93600_s 401
true 0 back_by_86400_s 200
two-seconds 2 forward_by_2_s 200
JUMPS
equal "nobody restarted" "$(role_pids | xargs)" "$pids"
equal "the camera never broke off" "$(st '.cameras[0] | [.state, .reconnects, .lost, .dropped_by.ring] | join(" ")')" 'streaming 0 0 0'
equal "no promise is said to break" "$(st '[.alarms[] | select(.alarm == "retention")] | length')" 0
list=$(get "/live/gate/copy/index.m3u8")
numbers=$(sed -n 's/^\([0-9]*\)\.m4s$/\1/p' <<< "$list")
equal "the playlist's numbers go on one by one" "$numbers" "$(seq "$(head -1 <<< "$numbers")" "$(tail -1 <<< "$numbers")")"

# A start with a clock that is behind the log.
set_clock 0
was=$(newest gate copy)
stop_server
set_clock -3600
run_faulty
check "a start behind its own log goes on in it" wait_for 60 newest_at_least gate copy $((was + 2))
stop_server
timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json > "$work/verify"
equal "the archive verifies" $? 0 || note "$(jq -c .problems "$work/verify")"
equal "no gap but those of clock, start and stop" "$(jq -r '[.gaps[].why] | unique - ["clock-step", "not-running", "starting", "stopped"] | join(" ")' "$work/verify")" ''
equal "nothing was removed" "$(jq -c '[.renditions[] | .missing, .deleted] | unique' "$work/verify")" '[0]'
finish
