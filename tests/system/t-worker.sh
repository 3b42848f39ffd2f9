#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One camera's worker hangs, then dies again and again: it is replaced, then held back, and the camera is named; its footage as the camera
# sent it goes on, and the other camera loses nothing of anything.
# takes: 39 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffprobe

watchdog_ms=5000
kills=6

start_camera --size 640x360 --fps 15
gate=$camera_source
start_camera --size 640x360 --fps 15
make_site
site_camera gate "$gate"
site_camera yard "$camera_source"
start_server gate yard
for c in gate yard; do wait_for 20 newest_at_least $c 360p 3 || bail "$c: no segments: $(status | jq -c .cameras)"; done

worker() { st ".roles[] | select(.role == \"transcode\" and .index == $1) | .pid"; }
restarts() { st ".roles[] | select(.role == \"transcode\" and .index == $1) | .restarts"; }
camera() { st ".cameras[] | select(.name == \"$1\") | $2"; }
replaced() { [ "$(worker 1)" != "$1" ] && [ "$(worker 1)" -gt 0 ]; }
other=$(worker 0)
from=$(newest gate 360p)

note "a worker that hangs"
hung=$(worker 1)
first=$(newest yard 360p)
copies=$(newest yard copy)
kill -STOP "$hung"
at=$(now_ms)
if wait_for $((watchdog_ms / 1000 + 6)) replaced "$hung"; then
    took=$(($(now_ms) - at))
    check "it is replaced after $took ms" awk -v t=$took -v w=$watchdog_ms 'BEGIN { exit !(t >= w - 1000 && t <= w + 3000) }'
else
    not_ok "it is not replaced: $(status | jq -c '.roles[] | select(.role == "transcode")' | tr '\n' ' ')"
fi
check "the camera's own stream went on meanwhile" newest_at_least yard copy $((copies + 2))
check "its encoded pictures are back" wait_for 15 newest_at_least yard 360p $((first + 3))
matches "status says how the hung one ended" "$(st '.roles[] | select(.role == "transcode" and .index == 1) | .last_end // ""')" '[a-z]'
matches "and in the log" "$(cat "$site/log")" 'role-ended role=transcode index=1'

note "a worker that dies $kills times"
dead=0
gaps=()
for _ in $(seq $kills); do
    wait_for 70 replaced 0 || break
    pid=$(worker 1)
    at=$(now_ms)
    kill -KILL "$pid" 2> /dev/null && dead=$((dead + 1))
    wait_for 20 replaced "$pid" || break
    gaps+=($(($(now_ms) - at)))
done
note "back after ${gaps[*]} ms"
equal "it was there again $kills times" "$dead ${#gaps[@]}" "$kills $kills"
check "later each time" [ "${gaps[-1]}" -gt $((gaps[0] + 1500)) ]
check "status counts them" [ "$(restarts 1)" -ge $kills ]
matches "and names the camera with an advice" "$(camera yard '.notes[]')" 'worker keeps ending'
equal "the other camera has no such note" "$(camera gate '.notes[]' | grep -c worker)" 0
matches "the log says that it is held back" "$(cat "$site/log")" 'worker-held-back camera=yard'
equal "of that camera alone" "$(grep -c 'worker-held-back camera=gate' "$site/log")" 0
alarmed() { [ "$(grep -rahA3 'alarm/v1' "$site/archive/log" 2> /dev/null | grep -ac '^alarm worker')" != 0 ]; }
check "and an alarm/v1 entry says so for ever" wait_for 5 alarmed
matches "people are told, too" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" 'worker keeps ending'
before=$(newest yard copy)
check "what the camera sends is recorded all the same" wait_for 10 newest_at_least yard copy $((before + 2))
before=$(newest yard 360p)
check "left alone it encodes again" wait_for 30 newest_at_least yard 360p $((before + 3))

note "the other camera"
equal "its worker is the same as ever" "$(worker 0) $(restarts 0)" "$other 0"
to=$(newest gate 360p)
get /live/gate/360p/index.m3u8 > "$work/m3u8"
mapfile -t numbers < <(sed -n 's/^\([0-9]*\)\.m4s$/\1/p' "$work/m3u8")
check "segments $from to $to were made" [ "$to" -ge $((from + 8)) ]
equal "the playlist has no discontinuity" "$(grep -c EXT-X-DISCONTINUITY$ "$work/m3u8")" 0
init=$(sed -n 's/^#EXT-X-MAP:URI="\(.*\)"/\1/p' "$work/m3u8" | tail -1)
{ get "/live/gate/360p/$init" && for n in "${numbers[@]}"; do get "/live/gate/360p/$n.m4s"; done; } > "$work/gate.mp4"
most=$(ffprobe -v error -select_streams v -show_entries packet=pts_time -of csv=p=0 "$work/gate.mp4" | awk 'NR > 1 && $1 - last > most { most = $1 - last } { last = $1 } END { print (NR > 100 ? most * 1000 : 99999) }')
check "its encoded pictures follow each other without a hole (${most%.*} ms at most)" awk -v a="${most:-99999}" 'BEGIN { exit !(a <= 1100) }'
equal "nothing of it was lost or left out" "$(camera gate '[.lost, .dropped_by.ring, .dropped_by.disk, .reconnects] | add')" 0
equal "neither role else nor parent minded" "$(grep role-ended "$site/log" | grep -cv 'role=transcode index=1')" 0

stop_server
check "the archive verifies" verify
timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json > "$work/report"
equal "no second of either camera is missing" "$(jq -c '[.gaps[] | select(.why != "starting" and .why != "stopped") | {camera, why}]' "$work/report")" '[]'
finish
