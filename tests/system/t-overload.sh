#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A worker that gets ever less of its time: frame rate is given up, then renditions, the lowest priority first; status, log and alarm/v1
# say so; what the camera sent goes on whole, memory does not grow; and everything is taken back when there is time again.
# takes: 44 s
# quiet: it counts what a worker gets of a processor
source "$(dirname "$0")/lib.sh"
wants jq curl ss

start_camera --size 1280x720 --fps 25
make_site
cat >> "$site/site.yaml" <<END
  gate:
    source: $camera_source
    renditions:
      wanted: {size: 854x480, bitrate: 1 Mb/s}
      spare: {size: 640x360, bitrate: 600 kb/s, priority: 1}
      middle: {size: 1280x720, bitrate: 3 Mb/s, priority: 5}
END
start_server gate
for r in wanted spare middle; do wait_for 30 newest_at_least gate $r 3 || bail "$r: no segments: $(status | jq -c .cameras)"; done

made() { st ".cameras[0].transcode.made[] | select(.name == \"$1\") | $2"; }
step_is() { [ "$(st .cameras[0].transcode.step)" "$1" "$2" ]; }
memory() { st '.roles[] | select(.role == "transcode") | .memory_bytes'; }
# alarms STATE: how many such entries are in the log, in its journal or in a tile by now
alarms() { grep -rahA4 'alarm/v1' "$site/archive/log" 2> /dev/null | grep -a -A1 '^alarm overload' | grep -ac "^state $1"; }
alarmed() { [ "$(alarms "$1")" -ge 1 ]; }
check "all is well at first" wait_for 60 step_is -eq 0

pid=$(st '.roles[] | select(.role == "transcode") | .pid')
at_rest=$(memory)
copies=$(newest gate copy)
# How long it runs in each fifth of a second: how much of that is too little is the machine's affair.
echo 0.030 > "$work/runs"
slow() {
    local runs
    while kill -STOP "$pid"; do
        sleep 0.18
        kill -CONT "$pid"
        read -r runs < "$work/runs"
        sleep "$runs"
    done 2> /dev/null
}
shares=(0.020 0.012 0.008 0.005 0.003 0.002)
less_until() {
    until wait_for 10 "$@"; do
        [ ${#shares[@]} != 0 ] || return 1
        echo "${shares[0]}" > "$work/runs.new" && mv "$work/runs.new" "$work/runs"
        shares=("${shares[@]:1}")
    done
}
slow &
burden=$!
started_pids+=($burden)

note "with little time"
began_at=$(now_ms)
check "a step is taken" less_until step_is -ge 1
check "the frame rate is the first" [ "$(made wanted .fps_step)" -ge 1 ]
equal "… and no rendition yet" "$(made spare .given_up) $(made wanted .given_up)" 'false false'
given_up() { [ "$(made "$1" .given_up)" = true ]; }
check "then the rendition of the lowest priority" less_until given_up spare
equal "… and not the one of the highest" "$(made wanted .given_up)" false
matches "status tells people" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" 'spare.*given up|given up.*spare'
matches "the log names the camera" "$(cat "$site/log")" 'warn casemate camera-alarm camera=gate alarm=overload'
check "an alarm/v1 entry says so" wait_for 5 alarmed begin
sleep 5
took=$(($(now_ms) - began_at))
check "the copy goes on: $(($(newest gate copy) - copies)) segments in $((took / 1000)) s" [ $(($(newest gate copy) - copies)) -ge $((took / 2000 - 3)) ]
equal "it is the same worker" "$(st '.roles[] | select(.role == "transcode") | .pid')" "$pid"
grown=$((($(memory) - at_rest) / 1000000))
check "its memory has grown by $grown MB" [ $grown -le 24 ]

note "with its time back"
end_process $burden
kill -CONT "$pid"
whole_again() { [ "$(st '.cameras[0].transcode | .step == 0 and all(.made[]; (.given_up | not) and .fps_step == 0)')" = true ]; }
check "everything is taken back" wait_for 120 whole_again
for r in wanted spare middle; do
    before=$(newest gate $r)
    check "$r: goes on" wait_for 20 newest_at_least gate $r $((before + 3))
done
matches "the log says that it is over" "$(cat "$site/log")" 'camera-alarm-over camera=gate alarm=overload'
check "and so does an entry" wait_for 5 alarmed end
equal "nothing of the copy was lost" "$(st '[.cameras[0] | .lost, .dropped_by.disk, .reconnects, (.renditions[] | select(.name == "copy") | .lost_segments)] | add')" 0
stop_server
check "the archive verifies" verify
timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json > "$work/report"
equal "no second is missing" "$(jq -c '[.gaps[] | select(.why != "starting" and .why != "stopped") | {camera, why}]' "$work/report")" '[]'
finish
