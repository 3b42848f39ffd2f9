#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Smart codecs: a key frame at the beginning and then none. What comes is recorded from the first picture on, cut by time and marked;
# the camera is asked for a key frame; what is encoded has key frames of its own and plays.
# takes: 59 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg ffprobe

run_s=50

clip_h264 plain.h264
# twenty minutes would be no different; the file is longer than the run
make_clip smart.h264 -f lavfi -i testsrc2=size=320x180:rate=10 -t 100 -c:v libx264 -profile:v baseline -g 100000 -sc_threshold 0 -b:v 200k \
    -bsf:v h264_metadata=aud=insert -f h264
make_clip smart.h265 -f lavfi -i testsrc2=size=320x180:rate=10 -t 100 -c:v libx265 -preset ultrafast -b:v 200k \
    -x265-params log-level=error:keyint=100000:min-keyint=100000:scenecut=0:bframes=0 -bsf:v hevc_metadata=aud=insert -f hevc
jq -n --arg w "$work" '[
    {name: "smart", video: "h264:\($w)/smart.h264"}, {name: "smart-265", video: "h265:\($w)/smart.h265"},
    {name: "smart-onvif", video: "h264:\($w)/smart.h264", clockOffMs: -7200000, onvif: {user: "viewer", password: "pass word"}},
    {name: "smart-udp", video: "h264:\($w)/smart.h264", transports: ["udp"]}, {name: "plain", video: "h264:\($w)/plain.h264"}]' > "$work/cameras.json"
start_scripted "$work/cameras.json"
make_site
names=(smart smart-265 smart-udp)
for n in "${names[@]}" plain; do site_camera "$n" "rtsp://127.0.0.1:${scripted_port[$n]}/cam"; done
printf 'pass word\n' > "$work/camera-password"
chmod 600 "$work/camera-password"
site_camera smart-onvif "rtsp://127.0.0.1:${scripted_port[smart-onvif]}/cam" "user: viewer" "password_file: ../camera-password" \
    "onvif: http://127.0.0.1:${scripted_port[smart-onvif.onvif]}/onvif/device_service"
start_server plain
for n in "${names[@]}"; do check "$n: streams" wait_for 10 streaming "$n"; done
sleep $run_s

feedback() { jq -r --arg c "$1" 'select(.camera == $c and .what == "rtcp") | .kinds[]' "$scripted_log" | grep -c "$2"; }
for n in "${names[@]}"; do
    check "$n: was asked for a key frame by PLI" [ "$(feedback "$n" PLI)" -ge 1 ]
    check "$n: and by FIR" [ "$(feedback "$n" FIR)" -ge 1 ]
    check "$n: but not all the time" [ $(($(feedback "$n" PLI) + $(feedback "$n" FIR))) -le 15 ]
    check "$n: status counts it" [ "$(st ".cameras[] | select(.name == \"$n\") | .key_requests")" -ge 2 ]
    get "/live/$n/copy/index.m3u8" > "$work/$n.m3u8"
    equal "$n: its playlist does not claim independent segments" "$(grep -c EXT-X-INDEPENDENT-SEGMENTS "$work/$n.m3u8")" 0
    get "/live/$n/360p/index.m3u8" > "$work/$n-360p.m3u8"
    equal "$n: the encoded one does" "$(grep -c EXT-X-INDEPENDENT-SEGMENTS "$work/$n-360p.m3u8")" 1
    init=$(sed -n 's/.*EXT-X-MAP:URI="\([^"]*\)".*/\1/p' "$work/$n-360p.m3u8" | tail -1)
    get "/live/$n/360p/$init" -o "$work/init"
    without=0
    mapfile -t segments < <(grep '^[0-9]' "$work/$n-360p.m3u8" | tail -3)
    for s in "${segments[@]}"; do
        get "/live/$n/360p/$s" -o "$work/segment"
        cat "$work/init" "$work/segment" > "$work/one.mp4"
        ffprobe -v error -select_streams v -show_entries packet=flags -of csv=p=0 "$work/one.mp4" > "$work/flags"
        [[ "$(head -1 "$work/flags")" == K* ]] || without=$((without + 1))
    done
    equal "$n: each of ${#segments[@]} encoded segments begins with a key frame" $without 0
    check "$n: there are encoded segments" [ ${#segments[@]} = 3 ]
    said=$(timeout -k 2 40 ffmpeg -nostdin -v warning -ca_file "$site/tls.crt" -tls_verify 1 -i "https://$user:$password@127.0.0.1:$port/live/$n/360p/index.m3u8" \
        -t 4 -f null - 2>&1 | tr '\r' '\n' | grep -v -e 'Found duplicated MOOV Atom. Skipped it' -e '^ *Last message repeated' -e '^$')
    equal "$n: 360p plays without a word" "$(head -3 <<< "$said")" ''
done
check "smart-onvif: heeds no RTCP, and was asked by ONVIF" seen_at_least smart-onvif '.what == "onvif" and .name == "SetSynchronizationPoint" and .allowed' 1
check "smart-onvif: gave a key frame for it" [ "$(st '.cameras[] | select(.name == "smart-onvif") | .key_interval_ms')" -gt 0 ]
equal "smart-onvif: asked nothing that it refused, its clock being two hours off" "$(seen smart-onvif '.what == "onvif" and (.allowed | not)')" 0
equal "plain: nothing was asked for while it gives key frames" "$(($(feedback plain PLI) + $(feedback plain FIR)))" 0
equal "plain: independent segments" "$(get /live/plain/copy/index.m3u8 | grep -c EXT-X-INDEPENDENT-SEGMENTS)" 1
for n in "${names[@]}"; do
    equal "$n: never broke off" "$(st ".cameras[] | select(.name == \"$n\") | .reconnects")" 0
done
clip_of() { if [ "$1" = smart-265 ]; then echo "$work/smart.h265"; else echo "$work/smart.h264"; fi; }
stop_server
for n in "${names[@]}"; do
    folder=$site/archive/footage/$n/copy
    # shellcheck disable=SC2046
    cat "$folder"/init-* $(find "$folder" -name '*.m4s' | sort -V) > "$work/all.mp4"
    ffmpeg -nostdin -v error -i "$work/all.mp4" -f framemd5 - 2> "$work/err" | grep -v '^#' > "$work/frames"
    equal "$n: decodes from the first picture to the last" "$(head -2 "$work/err")" ''
    check "$n: $(wc -l < "$work/frames") pictures were recorded" [ "$(wc -l < "$work/frames")" -ge $((run_s * 10)) ]
    equal "$n: the first one too" "$(awk 'NR == 1 {print $NF}' "$work/frames")" \
        "$(ffmpeg -nostdin -v error -i "$(clip_of "$n")" -frames:v 1 -f framemd5 - 2> /dev/null | awk '!/^#/ {print $NF}')"
done
equal "no gaps but start and end" "$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json |
    jq '[.gaps[] | select(.why != "starting" and .why != "stopped")] | length')" 0
finish
