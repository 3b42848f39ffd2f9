#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may see what, at a running server. A camera at which a user has no right is answered, byte for byte, as one that does not exist, at
# every route, by HTTP/1.1 and HTTP/2. Live is not history, a clip wants a right of its own, and so do the log's entries. A reload
# that takes a right away, or a user's time, ends what he watches (and it is noted how soon); nobody else's. Whoever was let in is in the log.
# takes: 40 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffmpeg node

make_site
rtsps=$(free_port)
sed -i "s|^listen: .*|&\nrtsps: \"127.0.0.1:$rtsps\"|" "$site/site.yaml"
start_camera --count 2
source_of() { echo "${camera_source%/*}/$1"; }
declare -A password_of=([$user]=$password [guard]=guard-password [near]=near-password [passer]=passer-password)
declare -A hash_of
for u in "${!password_of[@]}"; do hash_of[$u]=$(timeout 20 "$casemate" passwd "$u" <<< "${password_of[$u]}") || bail "passwd $u"; done
sed '/^users:/,$d' "$site/site.yaml" > "$work/head.yaml"

# site_with GROUPS-OF-GUARD EXPIRES-OF-PASSER: the site file
site_with() {
    cat "$work/head.yaml"
    cat <<END_GROUPS
groups:
  all: {rights: [live, history, export, admin], cameras: "*"}
  guards: {rights: [live, history], cameras: "g*"}
  street: {rights: live, cameras: gate}
  none: {rights: live, cameras: vault, hours: "00:00-24:00"}
users:
${hash_of[$user]}
    groups: all
${hash_of[guard]}
    groups: $1
${hash_of[near]}
    groups: street
${hash_of[passer]}
    groups: street
    expires: $2
cameras:
  gate: {source: "$(source_of 1)", segment: 500 ms}
  vault: {source: "$(source_of 2)", segment: 500 ms}
END_GROUPS
}
reload() { site_with "$@" > "$site/site.new" && mv "$site/site.new" "$site/site.yaml" && timeout 60 "$casemate" reload -s "$site/casemate.sock"; }
# ask USER PATH [CURL-ARGUMENT…]
ask() { timeout 60 curl -sS --cacert "$site/tls.crt" -u "$1:${password_of[$1]}" "https://127.0.0.1:$port$2" "${@:3}"; }
code() { ask "$1" "$2" -o /dev/null -w '%{http_code}' "${@:3}"; }
code_is() { [ "$(code "$2" "$3")" = "$1" ]; }

site_with guards 2099-12-31 > "$site/site.yaml"
chmod 600 "$site/site.yaml"
start_server gate vault
wait_for 60 newest_at_least vault copy 1 || bail "no segments: $(status | jq -c .cameras)"

# A camera that he may not see, and one that does not exist: all that comes back but the time of day.
init=$(ask $user /live/vault/copy/index.m3u8 | grep -o 'init-[0-9a-f]*\.mp4' | head -1)
check "who may sees it" test -n "$init" -a "$(code $user "/live/vault/copy/${init:-none}")" = 200
# they come once somebody has asked for the list
a_part() { part=$(ask $user /live/vault/copy/index.m3u8 | grep -oE '[0-9]+\.[0-9]+\.[0-9a-f]{8}\.m4s' | tail -1) && [ -n "$part" ]; }
wait_for 60 a_part
check "so are parts of segments" test -n "$part"
routes=(index.m3u8 manifest.mpd snapshot.jpg copy/index.m3u8 "copy/index.m3u8?_HLS_msn=1" "copy/$init" copy/1.m4s copy/1.m4s.tlog-proof copy/999999.m4s "copy/$part"
    audio/index.m3u8 audio/1.m4s 360p/index.m3u8 snapshot/1.jpg snapshot/1.jpg.tlog-proof nothing/at/all)
# answer CAMERA ROUTE [CURL-ARGUMENT…]: each with a connection of its own
answer() { ask near "/live/$1/$2" -i "${@:3}" | sed '/^[Dd]ate: /d'; }
for version in --http1.1 --http2; do
    differ='' found=''
    for route in "${routes[@]}"; do
        hidden=$(answer vault "$route" $version) absent=$(answer vaulx "$route" $version)
        [ "$hidden" = "$absent" ] || differ+=" $route"
        grep -qE '^HTTP/[0-9.]+ 404' <<< "$hidden" || found+=" $route"
    done
    equal "a hidden camera is answered as none ($version)" "$differ" ''
    equal "and none is not found ($version)" "$found" ''
done
differ=''
for method in -I '-X POST' '-X PUT'; do
    for route in index.m3u8 copy/1.m4s; do
        # shellcheck disable=SC2086
        [ "$(answer vault "$route" $method -m 30)" = "$(answer vaulx "$route" $method -m 30)" ] || differ+=" $method $route"
    done
done
equal "nor does another method tell" "$differ" ''
times=(-d from=2026-01-01T00:00:00Z -d to=2026-01-01T00:00:10Z -H "Origin: https://127.0.0.1:$port")
equal "nor a clip that is asked for" "$(ask near /export -i "${times[@]}" -d camera=vault | sed '/^[Dd]ate: /d')" \
    "$(ask near /export -i "${times[@]}" -d camera=vaulx | sed '/^[Dd]ate: /d')"
equal "the page's list has what he may see" "$(ask near /api/site | grep -o 'vault\|gate' | sort -u)" gate
equal "and all of them for who may see all" "$(ask $user /api/site | grep -o 'vault\|gate' | sort -u | xargs)" 'gate vault'
equal "clips want their right" "$(code guard /export "${times[@]}" -d camera=gate) $(code near /export "${times[@]}" -d camera=gate)" '403 403'

# What is older than the newest twelve is history.
wait_for 90 newest_at_least gate copy 16 || bail "no sixteen segments: $(status | jq -c .cameras)"
equal "history, for who may, and for who may live only" "$(code guard /live/gate/copy/1.m4s) $(code near /live/gate/copy/1.m4s)" '200 403'
equal "its proof too" "$(code guard /live/gate/copy/1.m4s.tlog-proof) $(code near /live/gate/copy/1.m4s.tlog-proof)" '200 403'
newest_code_is() { code_is 200 "$1" "/live/gate/copy/$(newest gate copy).m4s"; }
check "what is live is for both" eval 'wait_for 60 newest_code_is guard && wait_for 60 newest_code_is near'

# A reload that takes a right, or a time, away.
# watch USER: his RTSP session, without end; pid in watching
watch() {
    timeout -k 2 300 ffmpeg -nostdin -v error -rtsp_transport tcp -i "rtsps://$1:${password_of[$1]}@127.0.0.1:$rtsps/gate/copy" -map 0:v -c copy -flush_packets 1 \
        -f h264 -y "$work/$1.h264" > "$work/$1.out" 2>&1 < /dev/null &
    watching=$!
    started_pids+=("$watching")
}
size_is_over() { [ "$(stat -c %s "$work/$1.h264" 2> /dev/null || echo 0)" -gt "$2" ]; }
watch guard; guard=$watching
watch passer; passer=$watching
watch near; near=$watching
for u in guard passer near; do wait_for 60 size_is_over $u 0 || bail "$u cannot watch: $(cat "$work/$u.out")"; done
watch_ends guard guard-password gate
taken=$(now_ms)
check "a right is taken away" reload none 2099-12-31
watch_ended "the right was taken (by a reload of $(($(now_ms) - taken)) ms)" "$taken"
check "who had it is ended" wait_for 60 all_gone "$guard"
check "and the camera is none for him" wait_for 60 code_is 404 guard /live/gate/copy/index.m3u8
check "a user's time ends" reload none 2020-01-01
check "so does what he watches" wait_for 60 all_gone "$passer"
check "and nobody knows him" wait_for 60 code_is 401 passer /live/gate/copy/index.m3u8
size=$(stat -c %s "$work/near.h264")
check "who may still watches on" eval 'alive "$near" && wait_for 60 size_is_over near $size'

entries() { find "$site/archive/log/tile/entries" "$site/archive/log/journal" -type f -exec cat {} + 2> /dev/null; }
has_entry() { [ "$(entries | grep -acE "$1")" -gt 0 ]; }
for u in $user guard near passer; do check "the log says that $u was let in" wait_for 60 has_entry "^user $u\$"; done
check "and that one was refused" wait_for 60 has_entry '^result refused$'
finish
