#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a browser without H.265 makes of cameras that send it: an explanation, or the encoded rendition. Opus goes to it as it came, G.711 as AAC.
# Of a smart codec it gets the rendition that can be begun anywhere.
# takes: 35 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node chromium ffmpeg ffprobe
[ -d "$here/node_modules/playwright-core" ] || skip_all "playwright-core is not installed (npm ci in tests/system)"
[ -x "$gst_camera" ] || skip_all "gst-camera is not built (libgstrtspserver-1.0-dev)"
gst-inspect-1.0 --exists x265enc && gst-inspect-1.0 --exists opusenc && gst-inspect-1.0 --exists x264enc || skip_all "GStreamer has no x265enc, x264enc or opusenc"

source='videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=180,framerate=10/1'
h265="$source ! x265enc key-int-max=10 bitrate=200 speed-preset=ultrafast tune=zerolatency ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=1"
h264="$source ! x264enc key-int-max=10 bitrate=200 speed-preset=ultrafast tune=zerolatency ! rtph264pay name=pay0 pt=96 config-interval=1"
opus='audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! opusenc ! rtpopuspay name=pay1 pt=97'
law='audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0'
make_clip smart.h264 -f lavfi -i testsrc2=size=320x180:rate=10 -t 100 -c:v libx264 -profile:v baseline -g 100000 -sc_threshold 0 -b:v 200k \
    -bsf:v h264_metadata=aud=insert -f h264
jq -n --arg w "$work" '[{name: "smart", video: "h264:\($w)/smart.h264"}]' > "$work/cameras.json"
start_scripted "$work/cameras.json"
make_site
start_gst_camera 0 "/alone=( $h265 )" "/both=( $h265 )" "/opus=( $h264 $opus )" "/law=( $h264 $law )"
site_camera both "rtsp://127.0.0.1:$gst_port/both"
site_camera smart "rtsp://127.0.0.1:${scripted_port[smart]}/cam"
sign_renditions         # the browser takes no notice of it
printf '  smart-alone:\n    source: rtsp://127.0.0.1:%s/cam\n' "${scripted_port[smart]}" >> "$site/site.yaml"
printf '  %s:\n    source: rtsp://127.0.0.1:%s/%s\n' alone "$gst_port" alone opus "$gst_port" opus law "$gst_port" law >> "$site/site.yaml"
start_server alone both opus law smart smart-alone
for n in alone both opus law; do wait_for 20 newest_at_least $n copy 2 || bail "$n: no segments: $(status | jq -c .cameras)"; done
wait_for 30 newest_at_least both 360p 2 || bail "both: no rendition: $(status | jq -c .cameras)"
wait_for 30 newest_at_least law audio 2 || bail "law: no sound: $(status | jq -c .cameras)"

lists_no_copy() { get "/live/$1/index.m3u8" > "$work/smart" && grep -q 360p/ "$work/smart" && ! grep -q copy/ "$work/smart"; }
check "a copy without key frames is not listed beside its rendition" wait_for 30 lists_no_copy smart
list=$(get /live/both/index.m3u8)
matches "the copy is listed as hvc1" "$list" 'CODECS="hvc1\.[0-9]+\.[0-9A-F]+\.L[0-9]+(\.[0-9A-F]{2})*",RESOLUTION=320x180'
equal "what every player plays is listed first" "$(grep -m1 -o '^[a-z0-9]*/index.m3u8' <<< "$list")" 360p/index.m3u8
matches "Opus is listed" "$(get /live/opus/index.m3u8)" 'CODECS="avc1\.[0-9a-f]{6},opus"'
matches "G.711 is listed as AAC" "$(get /live/law/index.m3u8)" 'CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2"'
init=$(get /live/alone/copy/index.m3u8 | grep -o 'init-[0-9a-f]*\.mp4' | tail -1)
number=$(newest alone copy)
get "/live/alone/copy/$init" > "$work/one.mp4" && get "/live/alone/copy/$number.m4s" >> "$work/one.mp4" || not_ok "a segment of H.265 could not be fetched"
matches "ffprobe reads it as hvc1" "$(ffprobe -v error -show_entries stream=codec_name,codec_tag_string,width,height -of csv=p=0 "$work/one.mp4" 2>&1)" '^hevc,hvc1,320,180$'
said=$(timeout -k 5 120 node "$here/page-codecs.mjs" "https://127.0.0.1:$port/" "$user" "$password" 2>&1) && rc=0 || rc=$?
if [ $rc = 0 ]; then ok "the page explains, takes the encoded rendition, plays Opus, what was G.711, and a smart codec"; else
    not_ok "the page: exit status $rc: $(tr -d '\n' <<< "$said" | tr -s ' \t' ' ' | cut -c 1-1500)"; fi
stop_server
check "the archive verifies" verify
finish
