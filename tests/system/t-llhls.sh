#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Low-latency HLS of a real camera: held against the standard's rules while it is played part by part; that the parts of a segment are
# what is hashed, logged and proved of it; that an address means the same bytes or none, also when store was killed.
# takes: 30 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node sha256sum

make_site
start_camera
printf '  gate: {source: "%s"}\n' "$camera_source" >> "$site/site.yaml"   # nothing is encoded: pictures that a busy machine leaves out would be no parts
start_server gate
list=/live/gate/copy/index.m3u8
has_parts() { get $list | grep -q '^#EXT-X-PART:'; }
check "who asks is given parts" wait_for 60 has_parts || bail "no parts: $(get $list | tail -12 | tr '\n' '|') $(tail -3 "$site/log")"

parts_of() { grep -o "URI=\"$1\.[0-9]*\.[0-9a-f]*\.m4s\"" "$2" | grep -v HINT | cut -d'"' -f2 | sort -t. -k2n -u; }
# Rules about parts and directives have to be seen at work, and hold.
timeout -k 2 120 node "$top/tests/conformance/hls.mjs" --ca "$site/tls.crt" --user $user --password-file "$site/password" --seconds 12 --json "$work/rules" \
    "https://127.0.0.1:$port/live/gate/index.m3u8" > "$work/said" 2>&1
for rule in server_control part_inf part_hold_back part_longest part_shortest part_sum preload preload_kept reports reports_all blocked too_far independent concatenated; do
    equal "$rule" "$(jq -c --arg r $rule '.results[] | select(.id == $r) | [.held > 0, .broken]' "$work/rules")" '[true,0]' ||
        note "$(grep -E "^not ok $rule|^hls:" "$work/said" | head -3 | tr '\n' '|')"
done

# A whole segment with its parts, and what they are.
with_parts() { grep -A2 '^#EXT-X-PART:' "$work/list" | grep -A1 '^#EXTINF' | sed -n 's/^\([0-9]*\)\.m4s$/\1/p' | tail -1; }
whole_with_parts() { get $list > "$work/list" && [ -n "$(with_parts)" ]; }
check "a whole segment is listed with its parts" wait_for 60 whole_with_parts || bail "$(tail -20 "$work/list")"
n=$(with_parts)
mapfile -t uris < <(parts_of "$n" "$work/list")
for uri in "${uris[@]}"; do
    get "/live/gate/copy/$uri" -o "$work/$uri" || not_ok "$uri cannot be had"
    cat "$work/$uri"
done > "$work/joined"
get "/live/gate/copy/$n.m4s" -o "$work/$n.m4s"
check "its ${#uris[@]} parts are several" [ ${#uris[@]} -ge 2 ]
check "one behind the other they are the segment, byte for byte" cmp "$work/joined" "$work/$n.m4s"
proof() { get "/live/gate/copy/$n.m4s.tlog-proof" -o "$work/$n.m4s.tlog-proof"; }
check "there is a proof of it" wait_for 30 proof
check "which holds" timeout 20 "$casemate" verify "$work/$n.m4s" --key "$site/site.key.pub"

code() { timeout 40 curl -sS -o "$work/body" -w '%{http_code}' --cacert "$site/tls.crt" -K "$site/curlrc" "https://127.0.0.1:$port$1"; }
equal "a part of no segment is asked for" "$(code "$list?_HLS_part=1")" 400
equal "a segment that nobody can know of" "$(code "$list?_HLS_msn=$((n + 100000))")" 400
equal "a directive twice" "$(code "$list?_HLS_msn=1&_HLS_msn=1")" 400
equal "a part of another epoch" "$(code "/live/gate/copy/$n.0.00000000.m4s")" 404

# The store that held the segment under way ends.
tag=${uris[0]#*.*.}
restarts() { st '[.roles[] | select(.role == "store") | .restarts][0]'; }
kill -KILL "$(st '.roles[] | select(.role == "store") | .pid')"
again() { [ "$(restarts)" -ge 1 ] && get $list > "$work/after" && grep -q '^#EXT-X-PART:' "$work/after" && [ "$(whole_list < "$work/after" | tail -1)" != "$n.m4s" ]; }
check "parts come again after store was killed" wait_for 60 again
other=0
for uri in "${uris[@]}"; do
    if [ "$(code "/live/gate/copy/$uri")" = 200 ] && ! cmp -s "$work/body" "$work/$uri"; then other=$((other + 1)); fi
done
equal "no address of before (${tag%.m4s}) means other bytes" $other 0
stop_server
check "the archive verifies" verify
finish
