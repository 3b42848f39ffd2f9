#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A clip over a gap: it plays, it is the sealed bytes, it proves itself, and the log says that it was taken; one bit of it changed, it does not.
# takes: 35 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffprobe ffmpeg unzip

make_site
start_camera
site_camera gate "$camera_source"
start_server gate
from=$(date -u +%Y-%m-%dT%H:%M:%SZ)
wait_for 60 newest_at_least gate copy 3 || bail "no three segments: $(status | jq -c .cameras)"
# the camera goes away and comes back: the clip has a hole
kill -KILL "$camera_pid"
wait_for 60 st_is '.cameras[0].state' waiting || bail "the camera's end was not noticed"
first_part=$(newest gate copy)
address=${camera_source#rtsp://}
"$casemate" camera --listen "${address%%/*}" --size 640x360 > "$work/again" 2>&1 < /dev/null &
started_pids+=($!)
wait_for 60 newest_at_least gate copy $((first_part + 3)) || bail "the camera did not come back: $(status | jq -c .cameras)"
to=$(date -u +%Y-%m-%dT%H:%M:%SZ)

export_clip() { timeout -k 2 90 "$casemate" export -c "$site/site.yaml" --camera gate --from "$from" --to "$to" "$@"; }
verify_clip() { timeout 60 "$casemate" verify "$1" --key "$site/site.key.pub"; }

said=$(export_clip -o "$work/clip" --zip "$work/clip.zip" 2>&1)
equal "a time with a gap is exported" $? 0
matches "the gap is told" "$said" '^no footage from .*: '
check "the clip verifies" verify_clip "$work/clip"
echo "$said"; ls -R "$work/clip" | head -80; cat "$work/clip/report.txt"; verify_clip "$work/clip"; tail -3 "$site/log"; unzip -t "$work/clip.zip" | tail -3
for f in "$work"/clip/*.mp4; do ffprobe -v error -show_entries format=duration -of csv "$f"; done
finish
