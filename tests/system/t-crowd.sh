#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Five thousand viewers, half of them by HTTP/2 (CROWD_HTTP2: so many in a hundred), who say nothing, drip, or do not read: what each costs is bounded, who is too slow is closed, and neither the other
# viewers nor the cameras notice. Fewer where a process may not have that many descriptors.
# takes: 60 s
# alone: it measures what other viewers notice
source "$(dirname "$0")/lib.sh"
wants jq python3

crowd=5000
ulimit -Sn "$(ulimit -Hn)"
descriptors=$(ulimit -n)
[ "$descriptors" = unlimited ] && descriptors=1000000
if [ $((crowd + 700)) -gt "$descriptors" ]; then
    crowd=$((descriptors - 700))
    [ $crowd -ge 1500 ] || skip_all "a process may have $descriptors descriptors only"
    skip "5000 connections: a process may have $descriptors descriptors, so there are $crowd"
fi

make_site
sed -i 's/^cameras:/processes: {serve: 2}\n&/' "$site/site.yaml"
start_camera
site_camera gate "$camera_source"
site_camera yard "$camera_source"
start_server gate yard
wait_for 20 newest_at_least gate copy 1 || bail "no segments: $(status | jq -c .cameras)"
pids=$(role_pids)
serves=$(st '[.roles[] | select(.role == "serve") | .pid] | map(tostring) | join(",")')

timeout -k 5 400 python3 "$here/crowd.py" "$port" "$site/tls.crt" "$user:$password" $crowd "$serves" "${CROWD_HTTP2:-50}" > "$work/crowd" 2> "$work/crowd.err"
equal "the crowd came and went" "$?$(tail -c 600 "$work/crowd.err")" 0
while IFS= read -r line; do
    case $line in
    'ok '*) ok "${line#ok }" ;;
    '# '*) note "${line#\# }" ;;
    *) not_ok "${line#not ok }" ;;
    esac
done < "$work/crowd"

serve_sum() { st "[.roles[] | .$1 // 0] | add"; }
counted() { [ "$(serve_sum "$1")" -ge "$2" ]; }
check "who was refused for his address was counted" wait_for 10 counted refused_by.address 128
matches "and logged" "$(grep viewer-refused "$site/log")" 'limit=address of=127\.74\.0\.1 times='
check "but not each" [ "$(grep -c viewer-refused "$site/log")" -le 20 ]
check "who was too slow was counted" wait_for 10 counted slow_closed 1000
check "those who do not read, as slow" wait_for 10 counted closed_by.slow 100
check "those who drip, by the request" wait_for 10 counted closed_by.request 500
check "those who say nothing, by the handshake" wait_for 10 counted closed_by.handshake 400
for cause in slow request handshake; do
    matches "$cause is logged" "$(grep viewer-closed "$site/log")" "cause=$cause from=127\\.[0-9.]* times="
done
check "but not each" [ "$(grep -c viewer-closed "$site/log")" -le 300 ]
nobody() { [ "$(serve_sum connections)" -le 0 ]; }
check "nobody is left" wait_for 60 nobody
equal "the same processes as before" "$(role_pids)" "$pids"
equal "no camera was lost" "$(st '[.cameras[].reconnects] | add')" 0
equal "nothing was dropped" "$(st '[.cameras[] | .dropped_by.ring + .dropped_by.disk] | add')" 0
equal "no role was complained of" "$(grep -E 'bad-peer|role-killed|role-ended' "$site/log")" ''
stop_server
check "the archive verifies" verify
equal "without a gap" "$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" | grep -c ' gap ')" 0
finish
