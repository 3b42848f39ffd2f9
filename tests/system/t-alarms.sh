#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real cameras that go away, fall silent, freeze and turn black: each is an alarm with begin, end and reason; in status, in `casemate
# alarms` and what follows it, as a metric, and as an entry that verifies. So are alarms of the site, which is no camera.
# takes: 45 s
source "$(dirname "$0")/lib.sh"
wants jq curl node ffmpeg openssl

clip_h264 clip.h264
make_clip black.h264 -f lavfi -i color=black:size=320x180:rate=10 -t 20 -c:v libx264 -profile:v baseline -g 10 -bsf:v h264_metadata=aud=insert -f h264
make_clip frozen.h264 -f lavfi -i testsrc2=size=320x180:rate=10 -vf "loop=loop=-1:size=1" -t 20 -c:v libx264 -profile:v baseline -g 10 -bsf:v h264_metadata=aud=insert -f h264
jq -n --arg dir "$work" '[{name: "goes", v: "clip"}, {name: "mute", v: "clip"}, {name: "dark", v: "black"}, {name: "still", v: "frozen"}, {name: "well", v: "clip"}]
    | map({name, transports: ["tcp"], video: "h264:\($dir)/\(.v).h264"})' > "$work/cameras.json"
start_scripted "$work/cameras.json"

make_site
metrics=$(free_port)
# a certificate that ends within the month that is asked for, and a promise that 1 MB cannot keep
timeout 20 openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -days 9 \
    -keyout "$site/tls.key" -out "$site/tls.crt" 2> /dev/null
sed -i "s|^archive:.*|archive: {path: archive, max_size: 2 GB}\nalarms: {down: 2 s, late: 60 s, certificate: 30 d}\nmetrics: 127.0.0.1:$metrics|" "$site/site.yaml"
for c in goes mute well; do printf '  %s: {source: "rtsp://127.0.0.1:%s/cam"}\n' $c "${scripted_port[$c]}"; done >> "$site/site.yaml"
for c in dark still; do
    printf '  %s: {source: "rtsp://127.0.0.1:%s/cam", renditions: {small: {size: 160x90, bitrate: 100 kb/s, fps: 5}}}\n' $c "${scripted_port[$c]}"
done >> "$site/site.yaml"
start_server goes mute dark still well

alarms() { timeout 20 "$casemate" alarms -s "$site/casemate.sock" "$@"; }
timeout 300 "$casemate" alarms -s "$site/casemate.sock" --follow --since 1h --json > "$work/followed" 2> "$work/followed.err" &
started_pids+=($!)
# is_on ALARM CAMERA, is_over ALARM CAMERA: "-" is the site
is_on() { grep -qx "$1 $2" <<< "$(st '.alarms[] | [.alarm, .camera // "-"] | join(" ")')"; }
is_over() { ! is_on "$1" "$2" && st .site > /dev/null; }
followed() { grep -qx "$1 $2 $3" <<< "$(jq -r '[.state, .alarm, .camera // "-"] | join(" ")' "$work/followed" 2> /dev/null)"; }
metric_is() { grep -qx "$1" <<< "$(curl -sS -m 15 "http://127.0.0.1:$metrics/metrics")"; }

# --- they begin ----------------------------------------------------------------------------

tell goes down
tell mute silent
check "a camera that goes away is down" wait_for 60 is_on down goes
check "one that sends nothing any more is silent" wait_for 90 is_on silent mute
check "a black picture is told" wait_for 90 is_on black dark
check "a frozen one is" wait_for 90 is_on frozen still
check "the certificate's end is one of the site" wait_for 60 is_on certificate -
equal "a camera that is well has none" "$(st '.alarms[] | select(.camera == "well") | .alarm')" ''
equal "the command says what the status does, and exits so" "$(alarms --json | jq -r '[.alarm, .camera // "-"] | join(" ")' | sort; alarms > /dev/null; echo $?)" \
    "$(st '.alarms[] | [.alarm, .camera // "-"] | join(" ")' | sort; echo 1)"
matches "with the reason" "$(alarms)" ' on +down +goes +(refused|camera-closed|timed-out)'
matches "and the mend" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" 'ALARM black for .*: the picture is black; look at'
check "as a metric" wait_for 60 metric_is 'casemate_alarm_active{alarm="down",camera="goes"} 1'
check "of the site too" wait_for 60 metric_is 'casemate_alarm_active{alarm="certificate"} 1'

# --- they end ------------------------------------------------------------------------------

tell goes up
tell mute speak
check "back again it is over" wait_for 90 is_over down goes
check "and so is silence" wait_for 90 is_over silent mute
for want in "begin down goes" "end down goes" "begin silent mute" "end silent mute" "begin black dark" "begin frozen still" "begin certificate -"; do
    # shellcheck disable=SC2086
    check "who follows has heard of: $want" wait_for 60 followed $want
done
equal "since an hour ago: the same" "$(alarms --since 1h --json | jq -r '[.state, .alarm, .camera // "-"] | join(" ")' | sort | uniq -c | grep -cE 'begin (down goes|black dark|certificate -)|end down goes')" 4
matches "the log of events names them" "$(cat "$site/log")" 'warn casemate site-alarm alarm=certificate detail="the certificate ends in [89] days"'

# --- entries -------------------------------------------------------------------------------

stop_server
check "all of it verifies" verify
report=$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json)
equal "entries have them" "$(jq -r '.alarms[] | [.state, .alarm, .camera] | join(" ")' <<< "$report" | sort -u | grep -cxE 'begin (down goes|silent mute|black dark|frozen still|certificate -)|end (down goes|silent mute)')" 7
finish
