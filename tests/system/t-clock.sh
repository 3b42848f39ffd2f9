#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Cameras whose clocks are wrong in all the ways there are: nothing is cut or lost for it, the playlist's times are the camera's where its
# clock is about right, and status says how far off the others are. (How an hour of it goes, simulated: tests/server;
# how two hours, in truth: tests/soak/reconnect.sh.)
# takes: 41 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg

run_s=35
clock_ms=50

clip_h264 clip.h264
clip_sound clip.aac 16000 -c:a aac -b:a 32k -f adts
jq -n --arg v "h264:$work/clip.h264" --arg a "aac:$work/clip.aac" '
    def cam($name; $more): {name: $name, video: $v, audio: $a, wholeSeconds: true} + $more;
    [cam("right"; {}), cam("fast"; {clockPpm: 200}), cam("ahead"; {clockOffMs: 3000}), cam("hours"; {clockOffMs: -7200000}),
     cam("percent"; {clockPpm: 20000}), cam("slow"; {clockPpm: -20000}), cam("unreported"; {reports: false}),
     cam("set"; {reportSteps: [{at: 10, addMs: 86400000}, {at: 18, addMs: -86390000}]}),
     cam("burst"; {burstMs: 5000}), cam("wraps"; {firstTime: 4294067296, firstSeq: 65000}),
     cam("udp"; {clockPpm: 200, transports: ["udp"], wholeSeconds: true})]' > "$work/cameras.json"
start_scripted "$work/cameras.json"
make_site
mapfile -t names < <(jq -r '.[].name' "$work/cameras.json")
for n in "${names[@]}"; do
    printf '  %s:\n    source: rtsp://127.0.0.1:%s/cam\n' "$n" "${scripted_port[$n]}" >> "$site/site.yaml"
done
start_server "${names[@]}"
sleep $run_s

say() { st ".cameras[] | select(.name == \"$1\") | $2"; }
# Key frames are taken at whole seconds of the camera's clock, and segments begin with one: what is left of a second is the distance.
off_second() {
    get "/live/$1/copy/index.m3u8" | sed -n 's/^#EXT-X-PROGRAM-DATE-TIME://p' | tail -3 | while read -r time; do
        ms=$(date -d "$time" +%s%3N)
        off=$(((ms + 500) % 1000 - 500))
        echo ${off#-}
    done | sort -n | tail -1
}
for n in right fast ahead udp wraps; do
    off=$(off_second $n)
    check "$n: the playlist's times are within $clock_ms ms of the camera's clock ($off)" [ "${off:-1000}" -le $clock_ms ]
    equal "$n: whose clock it is" "$(say $n .clock)" rtcp
done
offset() { awk -v a="$(say "$1" .clock_offset_ms)" -v b="$2" 'BEGIN {exit !(a > b - 300 && a < b + 300)}'; }
check "ahead: its offset is known: $(say ahead .clock_offset_ms) ms" offset ahead 3000
check "hours: its offset is known: $(say hours .clock_offset_ms) ms" offset hours -7200000
equal "hours: whose clock it is" "$(say hours .clock)" arrival
matches "hours: there is advice" "$(say hours '.notes[]')" '(NTP|clock)'
newest_age() { say "$1" '.renditions[0].newest_end | sub("\\.[0-9]+Z"; "Z") | fromdate | (now - .) | floor'; }
for n in hours percent slow unreported set; do
    check "$n: recorded under about the true time" [ "$(newest_age $n)" -lt 15 ] && check "$n: and not under a time to come" [ "$(newest_age $n)" -ge -2 ]
done
for n in "${names[@]}"; do
    equal "$n: streams, without a break" "$(say "$n" '[.state, .reconnects] | join(" ")')" "streaming 0"
    equal "$n: nothing is missing" "$(say "$n" '[.lost, .dropped_by.network, .dropped_by.ring] | @csv')" 0,0,0
    equal "$n: no cut for it" "$(get "/live/$n/copy/index.m3u8" | grep -c '^#EXT-X-DISCONTINUITY$')" 0
done
stop_server
for n in "${names[@]}"; do
    folder=$site/archive/footage/$n/copy
    # shellcheck disable=SC2046
    cat "$folder"/init-* $(find "$folder" -name '*.m4s' | sort -V) > "$work/all.mp4"
    sent=$(jq -r --arg c "$n" 'select(.camera == $c and .what == "stopped") | .counts[0].pictures' "$scripted_log" | tail -1)
    got=$(ffmpeg -nostdin -v error -i "$work/all.mp4" -map 0:v -c copy -f framemd5 - 2> "$work/err" | grep -vc '^#')
    check "$n: $got of $sent pictures were recorded" [ "$got" -ge $((sent - 2)) ]
    equal "$n: no word from ffmpeg" "$(head -2 "$work/err")" ''
done
equal "no gaps but start and end" "$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json |
    jq -r '[.gaps[] | select(.why != "starting" and .why != "stopped") | .camera] | join(" ")')" ''
finish
