#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Renditions on demand: listed without being made, there at the first request, stopped 30 s after the last; and a copy
# that is only recorded, which no viewer is given.
# takes: 59 s
source "$(dirname "$0")/lib.sh"
wants jq curl ffmpeg ffprobe

stop_s=33               # after the last request, by the status

make_site
start_camera
cat >> "$site/site.yaml" <<END
  gate:
    source: $camera_source
    renditions:
      720p: {size: 1280x720, bitrate: 2 Mb/s, on_demand: true}
      360p: {size: 640x360, bitrate: 600 kb/s, on_demand: true}
  yard:
    source: $camera_source
    copy: recorded
    audio: false
    masks:
      - {x: 0 %, y: 0 %, width: 50 %, height: 50 %}
    renditions:
      small: {size: 320x180, bitrate: 300 kb/s, on_demand: true}
  hall:
    source: $camera_source
    copy: recorded
    renditions:
      high: {size: 1280x720, bitrate: 2 Mb/s, on_demand: true}
      low: {size: 640x360, bitrate: 600 kb/s, on_demand: true}
END
start_server gate yard hall
wait_for 20 newest_at_least gate copy 3 || bail "no copy: $(status | jq -c .cameras)"

runs() { st "[.cameras[] | select(.name == \"$1\") | .transcode.made[] | select(.name == \"$2\") | .running][0]"; }
runs_is() { [ "$(runs "$1" "$2")" = "$3" ]; }

# Listed, and by that not made
list=$(get /live/gate/index.m3u8)
matches "720p is listed before it was ever made" "$list" '^720p/index.m3u8'
matches "with its size and codec" "$list" 'CODECS="avc1.64001f[^"]*",RESOLUTION=1280x720'
equal "nobody has asked: 720p" "$(runs gate 720p)" false
equal "nobody has asked: 360p" "$(runs gate 360p)" false

# newest_listed: the number of the copy's newest segment, as viewers are told it (status hears of it later)
newest_listed() { get /live/gate/copy/index.m3u8 | grep '\.m4s$' | tail -1 | cut -d. -f1; }
# first RENDITION: ms from asking for the playlist to holding its first segment
first() {
    local began segment
    began=$(now_ms)
    get "/live/gate/$1/index.m3u8" > "$work/$1.m3u8" || return 1
    segment=$(grep -m 1 '\.m4s$' "$work/$1.m3u8")
    get "/live/gate/$1/$segment" > "$work/$1.m4s" || return 1
    echo $(($(now_ms) - began))
}
# How long it takes is told, not asserted; what makes it quick is: the first segment is not one that begins after the request.
for r in 720p 360p; do
    had=$(newest_listed)
    took=$(first $r) || bail "$r did not come: $(tail -5 "$site/log")"
    note "$r: first segment after $took ms"
    segment=$(grep -m 1 '\.m4s$' "$work/$r.m3u8")
    check "$r: begins with what there was before it was asked for: ${segment%.m4s}, of $had" [ "${segment%.m4s}" -le $((had + 1)) ]
    init=$(grep -o 'init-[0-9a-f]*\.mp4' "$work/$r.m3u8" | head -1)
    get "/live/gate/$r/$init" > "$work/$r.mp4"
    cat "$work/$r.m4s" >> "$work/$r.mp4"
    equal "$r: decodes at its size" "$(ffprobe -v error -select_streams v -show_entries stream=height -of csv=p=0 "$work/$r.mp4")" "${r%p}"
    check "$r: its pictures are whole" timeout 20 ffmpeg -v error -xerror -nostdin -i "$work/$r.mp4" -f null -
done
equal "720p runs" "$(runs gate 720p)" true

# A segment that is coming is held, not refused
last=$(get /live/gate/360p/index.m3u8 | grep '\.m4s$' | tail -1)
check "the next segment is held until it is there" get "/live/gate/360p/$((${last%.m4s} + 1)).m4s" -o /dev/null
equal "one far ahead is not" "$(get "/live/gate/360p/$((${last%.m4s} + 1000)).m4s" -o /dev/null -w '%{http_code}' 2> /dev/null)" 404

# A recorded copy
list=$(get /live/yard/index.m3u8)
check "yard: its copy is not listed" test -z "$(grep copy <<< "$list")"
equal "yard: nor given" "$(get /live/yard/copy/index.m3u8 -o /dev/null -w '%{http_code}' 2> /dev/null)" 404
matches "yard: what is encoded of it is" "$(get /live/yard/small/index.m3u8)" '^[0-9]+\.m4s$'
check "yard: its copy is archived" wait_for 10 newest_at_least yard copy 3

# A player takes it for any other stream
check "ffmpeg plays it" timeout 40 ffmpeg -v error -nostdin -user_agent t -headers "Authorization: Basic $(printf '%s:%s' "$user" "$password" | base64 -w 0)"$'\r\n' \
    -tls_verify 0 -i "https://127.0.0.1:$port/live/gate/360p/index.m3u8" -t 6 -c copy -f null -

# The page: begins with nothing made, follows hls.js from one to another, verifies
if command -v chromium > /dev/null && [ -d "$here/node_modules/playwright-core" ]; then
    said=$(timeout -k 5 100 node "$here/page.mjs" "https://127.0.0.1:$port/" "$user" "$password" 8 --camera hall 2>&1) && rc=0 || rc=$?
    if [ $rc = 0 ]; then ok "the page plays and verifies it: $(tr -d '\n' <<< "$said" | tr -s ' \t' ' ' | cut -c 1-200)"
    else not_ok "the page: exit status $rc: $(tr -d '\n' <<< "$said" | tr -s ' \t' ' ' | cut -c 1-1000)"; fi
else
    skip "the page: chromium or playwright-core is not installed"
fi

# Stopped when nobody asks
get /live/gate/720p/index.m3u8 -o /dev/null
asked=$(now_ms)
check "720p: stopped" wait_for $((stop_s + 5)) runs_is gate 720p false
took=$(($(now_ms) - asked))
note "720p: ran for $took ms after its last request"
check "720p: but not before 28 s" [ $took -ge 28000 ]
check "360p: stopped as well" wait_for $stop_s runs_is gate 360p false
sleep 3
newest=$(newest gate 360p)
had=$(newest_listed)
took=$(first 360p) || bail "360p did not come again"
note "360p: again after $took ms"
again=$(grep -m 1 '\.m4s$' "$work/360p.m3u8")
check "360p: again with what there was before: ${again%.m4s}, of $had" [ "${again%.m4s}" -le $((had + 1)) ]
check "360p: nothing old is shown as live" [ "${again%.m4s}" -gt "$newest" ]
equal "the worker was never ended" "$(st '[.roles[] | select(.role == "transcode") | .restarts] | add')" 0
stop_server
check "the archive verifies" verify
finish
