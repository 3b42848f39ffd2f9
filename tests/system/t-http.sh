#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What viewers may send, byte by byte, and what each gets: http-table.py against a running site, which is none the worse for it.
# takes: 45 s
source "$(dirname "$0")/lib.sh"
wants jq python3

make_site
other_password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$other_password" > "$site/other-password"
timeout 20 "$casemate" passwd bob < "$site/other-password" > "$site/bob"
sed -i "/^users:/r $site/bob" "$site/site.yaml"
start_camera
site_camera gate "$camera_source"
start_server gate
wait_for 20 newest_at_least gate copy 1 || bail "no segments: $(status | jq -c .cameras)"
serve_pids() { st '[.roles[] | select(.role == "serve") | .pid] | sort | join(" ")'; }
before=$(serve_pids)

timeout -k 5 200 python3 "$here/http-table.py" "$port" "$site/tls.crt" "$user:$password" "bob:$other_password" > "$work/table" 2> "$work/table.err"
equal "the whole table was gone through" "$?$(cat "$work/table.err")" 0
while IFS= read -r line; do
    case $line in
    'ok '*) ok "${line#ok }" ;;
    *) not_ok "${line#not ok }" ;;
    esac
done < "$work/table"
cases=$(wc -l < "$work/table")
check "$cases cases" [ "$cases" -ge 200 ]

equal "no serve was restarted" "$(serve_pids)" "$before"
slow_closed() { [ "$(st '[.roles[] | .slow_closed // 0] | add')" -ge 7 ]; }
check "the slow ones were counted" wait_for 10 slow_closed
equal "each by its cause" "$(st '[.roles[] | .closed_by // empty] | [map(.handshake), map(.request), map(.slow), map(.starved)] | map(add >= 1) | join(" ")')" \
    'true true true false'
equal "no limit was met" "$(st '[.roles[] | .refused_by // empty | add] | add')" 0
equal "no role was complained of" "$(grep -E 'bad-peer|role-killed|role-ended' "$site/log")" ''
equal "the camera noticed nothing" "$(st '.cameras[0] | .reconnects')" 0
equal "no password stands in the log" "$(grep -cF -e "$password" -e "$other_password" "$site/log")" 0
check "a viewer is served as before" get /live/gate/copy/index.m3u8 -o /dev/null
stop_server
check "the archive verifies" verify
finish
