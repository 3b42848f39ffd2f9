#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real cameras that go away, fall silent, freeze and turn black: each is an alarm with begin, end and reason; in status, in `casemate
# alarms` and what follows it, as a metric, and as an entry that verifies. So are alarms of the site, which is no camera.
# takes: 52 s
source "$(dirname "$0")/lib.sh"
wants jq curl node ffmpeg openssl python3

clip_h264 clip.h264
# sick NAME SECONDS FILTER: so long by that filter, and then as long as it should be
sick() {
    make_clip "$1.h264" -f lavfi -i testsrc2=size=320x180:rate=10 -f lavfi -i testsrc2=size=320x180:rate=10 -filter_complex \
        "[0:v]$3,trim=duration=$2[a];[1:v]trim=duration=$2[b];[a][b]concat" -c:v libx264 -profile:v baseline -g 10 -bsf:v h264_metadata=aud=insert -f h264
}
sick black 14 lutyuv=y=16:u=128:v=128
sick frozen 24 loop=loop=-1:size=1
sick covered 14 lutyuv=y=90:u=128:v=128,noise=alls=6:allf=t
# of cameras that are only recorded, which are looked at now and then
sick night 24 lutyuv=y=16:u=128:v=128
sick stuck 24 loop=loop=-1:size=1
jq -n --arg dir "$work" '[{name: "goes", v: "clip"}, {name: "mute", v: "clip"}, {name: "dark", v: "black"}, {name: "still", v: "frozen"}, {name: "well", v: "clip"},
    {name: "blind", v: "covered"}, {name: "night", v: "night"}, {name: "stuck", v: "stuck"}, {name: "ahead", v: "clip"}]
    | map({name, transports: ["tcp"], video: "h264:\($dir)/\(.v).h264"} + if .name == "ahead" then {clockOffMs: 20000} else {} end)' > "$work/cameras.json"
start_scripted "$work/cameras.json"

# and one with sound that no browser plays: the worker that its sound needs looks
law=
if [ -x "$gst_camera" ]; then
    law=law
    start_gst_camera 0 "/cam=( videotestsrc is-live=true pattern=black ! video/x-raw,width=320,height=180,framerate=10/1 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay name=pay0 pt=96 config-interval=1 audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0 )"
    scripted_port[law]=$gst_port
else
    skip "a camera with G.711: gst-camera is not built (libgstrtspserver-1.0-dev)"
fi

make_site
metrics=$(free_port)
# a certificate that ends within the month that is asked for, and a promise that 1 MB cannot keep
timeout 20 openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -days 9 \
    -keyout "$site/tls.key" -out "$site/tls.crt" 2> /dev/null
sed -i "s|^archive:.*|archive: {path: archive, max_size: 2 GB}\nalarms: {down: 2 s, late: 2 s, certificate: 30 d, scene: 5 s, restarts: 1}\nmetrics: 127.0.0.1:$metrics|" "$site/site.yaml"
for c in goes mute well night stuck ahead $law; do printf '  %s: {source: "rtsp://127.0.0.1:%s/cam"}\n' $c "${scripted_port[$c]}"; done >> "$site/site.yaml"
for c in dark still blind; do
    printf '  %s: {source: "rtsp://127.0.0.1:%s/cam", renditions: {small: {size: 160x90, bitrate: 100 kb/s, fps: 5}}}\n' $c "${scripted_port[$c]}"
done >> "$site/site.yaml"
# as if its log went to the journal
: > "$site/log"
JOURNAL_STREAM=$(stat -c %d:%i "$site/log")
export JOURNAL_STREAM
# shellcheck disable=SC2086  # it may not be there
start_server goes mute dark still well blind night stuck ahead $law
unset JOURNAL_STREAM

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
matches "with the reason" "$(alarms)" ' on +down +goes +(refused|camera-closed|timed-out)'
check "as a metric" wait_for 60 metric_is 'casemate_alarm_active{alarm="down",camera="goes"} 1'
check "the certificate's end is one of the site" wait_for 60 is_on certificate -
check "as a metric too" wait_for 60 metric_is 'casemate_alarm_active{alarm="certificate"} 1'
tell goes up
store=$(st '.roles[] | select(.role == "store") | .pid')
kill -STOP "$store"
check "pictures that are not recorded are late" wait_for 60 is_on late well
kill -CONT "$store"
kill -KILL "$(st '[.roles[] | select(.role == "serve") | .pid][0]')"
check "a role that ended is restarting" wait_for 60 is_on restarting -
matches "with its name" "$(alarms)" ' on +restarting +- +serve was started anew 1 times'
check "a camera's clock is ahead" wait_for 90 is_on clock ahead
check "one that sends nothing any more is silent" wait_for 90 is_on silent mute
tell mute speak
check "a black picture is told" wait_for 90 is_on black dark
matches "with the mend" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" 'ALARM black for .*: the picture is black; look at'
check "a frozen one is told" wait_for 90 is_on frozen still
check "and a covered lens" wait_for 90 is_on covered blind
check "black of a camera that is only recorded" wait_for 90 is_on black night
check "and frozen" wait_for 90 is_on frozen stuck
[ -z "$law" ] || check "black of one whose sound is G.711" wait_for 90 is_on black law
equal "a camera that is well has none" "$(st '.alarms[] | select(.camera == "well" and .alarm != "late") | .alarm')" ''
told_alike() { [ "$(alarms --json | jq -r '[.alarm, .camera // "-"] | join(" ")')" = "$(st '.alarms[] | [.alarm, .camera // "-"] | join(" ")')" ]; }
check "the command says what the status does" wait_for 60 told_alike
told_on_page() { [ "$(get /api/status | jq -rS '[.alarms[] | [.alarm, .camera // "-"] | join(" ")] | sort | join("; ")')" = "$(st '[.alarms[] | [.alarm, .camera // "-"] | join(" ")] | sort | join("; ")')" ]; }
check "and what the page is told" wait_for 60 told_on_page
told_as_metrics() { [ "$(curl -sS -m 15 "http://127.0.0.1:$metrics/metrics" | grep -c '^casemate_alarm_active{.*} 1$')" = "$(st '.alarms | length')" ]; }
check "and what the metrics do" wait_for 60 told_as_metrics
equal "and its exit that there are some" "$(alarms > /dev/null; echo $?)" 1
status > "$work/status.json"
check "the status is as its schema says" node "$here/schema.mjs" "$top/doc/casemate-status.schema.json" < "$work/status.json"
jq 'del(.site) | .cameras[0].fps = "x" | .archive.queue = -1 | .new = 1' "$work/status.json" > "$work/other.json"
equal "and another would be found out" "$(node "$here/schema.mjs" "$top/doc/casemate-status.schema.json" < "$work/other.json" | wc -l)" 4

# --- on a terminal -------------------------------------------------------------------------

# What top leaves of a terminal of 80x24, by its key, by a signal, and when the server ends: the settings that it found, the first
# screen, the cursor.
on_terminal() {
    python3 - "$casemate" "$site/casemate.sock" "$1" <<'END'
import fcntl, os, pty, select, signal, struct, subprocess, sys, termios, time
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before = termios.tcgetattr(slave)
top = subprocess.Popen([sys.argv[1], "top", "-s", sys.argv[2]], stdin=slave, stdout=slave, stderr=slave)
seen = b""
def read_until(what, deadline=time.monotonic() + 60):
    global seen
    while not what(seen) and time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            seen += os.read(master, 65536)
        elif top.poll() is not None:
            break
    return what(seen)
assert read_until(lambda s: b"well " in s and b"ROLE" in s), seen
os.write(master, b"r")
assert read_until(lambda s: b"by rate" in s), seen
if sys.argv[3] == "key":
    os.write(master, b"q")
else:
    top.send_signal(signal.SIGTERM)
assert read_until(lambda s: s.endswith(b"\x1b[?25h\x1b[?1049l")), seen[-200:]
assert top.wait(60) == 0
assert termios.tcgetattr(slave) == before, "settings"
screens = seen.split(b"\x1b[H")[1:]
lines = max(len(s.split(b"\r\n")) for s in screens)
assert lines <= 24, lines
END
}
check "top ends by its key, and leaves the terminal as it was" on_terminal key
check "and by a signal" on_terminal signal
equal "without a terminal it says so" "$(timeout 10 "$casemate" top -s "$site/casemate.sock" < /dev/null 2> /dev/null; echo $?)" 2

# --- they end ------------------------------------------------------------------------------

check "back again it is over" wait_for 90 is_over down goes
check "and so is silence" wait_for 90 is_over silent mute
check "what is recorded again is late no more" wait_for 90 is_over late well
for want in "black dark" "frozen still" "covered blind" "black night" "frozen stuck"; do
    # shellcheck disable=SC2086
    check "what is seen again is over: $want" wait_for 90 is_over $want
done
for want in "begin down goes" "end down goes" "begin silent mute" "end silent mute" "begin black dark" "end black dark" "begin frozen still" "end frozen still" "begin covered blind" "end covered blind" \
    "begin black night" "end black night" "begin frozen stuck" "end frozen stuck" "begin late well" "end late well" "begin clock ahead" "begin restarting -" \
    "begin certificate -"; do
    # shellcheck disable=SC2086
    check "who follows has heard of: $want" wait_for 60 followed $want
done
equal "since an hour ago: the same" "$(alarms --since 1h --json | jq -r '[.state, .alarm, .camera // "-"] | join(" ")' | sort | uniq -c | grep -cE 'begin (down goes|black dark|certificate -)|end down goes')" 4
matches "the log of events names them" "$(cat "$site/log")" 'warn casemate site-alarm alarm=certificate detail="the certificate ends in [89] days"'

matches "with the priority that the journal knows" "$(grep site-alarm "$site/log")" '^<4>20'
matches "and what is no warning with another" "$(grep ' info ' "$site/log")" '^<6>20'

# --- entries -------------------------------------------------------------------------------

stop_server
check "all of it verifies" verify
report=$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json)
equal "entries have them" "$(jq -r '.alarms[] | [.state, .alarm, .camera] | join(" ")' <<< "$report" | sort -u | grep -cxE 'begin (certificate -|restarting -|clock ahead)|(begin|end) (down goes|silent mute|late well|(black|covered) (dark|night|blind)|frozen (still|stuck))')" 19
finish
