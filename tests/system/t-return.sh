#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Cameras that go and come back, refuse, fall silent: how long until there is a picture again, and how often they are asked meanwhile.
# One upstream session however many watch, and a TEARDOWN on every way out.
# takes: 66 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg

down_s=20 back_s=10             # after the port is open again
silence_ms=8000 notice_ms=6500  # what is heard last, and how long after that it must have been noticed
watched_s=60                    # a wrong password's tries are counted so long

clip_h264 clip.h264
clip_sound clip.aac 16000 -c:a aac -b:a 32k -f adts
jq -n --arg v "h264:$work/clip.h264" --arg a "aac:$work/clip.aac" --argjson silence $silence_ms '
    def cam($name; $more): {name: $name, video: $v} + $more;
    def login($password; $challenges): {auth: {user: "viewer", password: $password, challenges: $challenges, realm: "a \"b\" \\c"}};
    [cam("reboot"; {audio: $a}), cam("limit"; {sessionsMax: 0}), cam("stale"; {hostile: "stale-session"}),
     cam("wrong"; login("other"; ["Digest SHA-256 auth", "Digest MD5"])),
     cam("silent"; {silentAfterMs: $silence}), cam("silent-udp"; {silentAfterMs: $silence, transports: ["udp"]}),
     cam("watched"; {audio: $a}), cam("udp"; {transports: ["udp"]}),
     cam("sha512"; login("pass\"w\\ord"; ["Digest MD5", "Basic", "Digest SHA-512-256 auth", "Digest SHA-256"]) + {}),
     cam("sha256"; login("pass\"w\\ord"; ["Digest SHA-256"])),
     cam("md5"; login("pass\"w\\ord"; ["Digest"])),
     cam("empty"; login(""; ["Digest MD5 auth"])),
     cam("renewed"; {auth: {user: "viewer", password: "", challenges: ["Digest MD5 auth"], nonceUses: 2}})]' > "$work/cameras.json"
six=()
if ip -6 addr show lo 2> /dev/null | grep -q ' ::1/'; then
    six=(six six-udp)
    jq '. + [{name: "six", address: "::1", video: .[0].video, transports: ["tcp"]}, {name: "six-udp", address: "::1", video: .[0].video, transports: ["udp"]}]' \
        "$work/cameras.json" > "$work/with-six.json" && mv "$work/with-six.json" "$work/cameras.json"
else
    skip "cameras by IPv6: this machine has none"
fi
start_scripted "$work/cameras.json"
make_site
printf 'pass"w\\ord\n' > "$work/special-password"
printf '\n' > "$work/empty-password"
printf 'guess\n' > "$work/wrong-password"
chmod 600 "$work"/*-password
camera() {
    printf '  %s:\n    source: rtsp://127.0.0.1:%s/cam\n' "$1" "${scripted_port[$1]}" >> "$site/site.yaml"
    [ $# = 1 ] || printf '    user: viewer\n    password_file: ../%s-password\n' "$2" >> "$site/site.yaml"
}
for n in reboot limit stale silent silent-udp watched udp; do camera $n; done
camera wrong wrong
for n in sha512 sha256 md5; do camera $n special; done
for n in empty renewed; do camera $n empty; done
for n in "${six[@]}"; do printf '  %s:\n    source: rtsp://[::1]:%s/cam\n' "$n" "${scripted_port[$n]}" >> "$site/site.yaml"; done
start_server reboot watched
ran=$SECONDS

camera_st() { st ".cameras[] | select(.name == \"$1\") | $2"; }
# event CAMERA JQ-CONDITION N: when its Nth such event was, ms
event() { jq -r --arg c "$1" "select(.camera == \$c and ($2)) | .at" "$scripted_log" | sed -n "${3}p"; }
playing='.what == "playing"'
teardown='.what == "request" and .method == "TEARDOWN"'

# Logins
for n in sha512 sha256 md5 empty renewed udp "${six[@]}"; do
    check "$n: streams" wait_for 10 streaming $n
done
login() { jq -r --arg c "$1" 'select(.camera == $c and .what == "request" and .right and .auth != "") | .auth' "$scripted_log" | sort -u | tr '\n' ';'; }
equal "sha512: the strongest was chosen" "$(login sha512)" "Digest SHA-512-256 auth;"
equal "sha256: without qop, as it was asked" "$(login sha256)" "Digest SHA-256;"
equal "md5: where nothing better is" "$(login md5)" "Digest MD5;"
equal "renewed: a stale nonce is no wrong password" "$(camera_st renewed .reconnects)" 0

# The reboot
tell reboot down
gone_at=$SECONDS

# Three viewers meanwhile
for i in 1 2 3; do
    (while [ ! -e "$work/seen-enough" ]; do
        get /live/watched/copy/index.m3u8 > "$work/list.$i" 2> /dev/null && get "/live/watched/copy/$(whole_list < "$work/list.$i" | tail -1)" -o "$work/segment.$i" 2> /dev/null && echo . >> "$work/got.$i"
        sleep 1
    done) > /dev/null 2>&1 &
    started_pids+=($!)
done

# Silence
for n in silent silent-udp; do
    if wait_for 25 seen_at_least $n "$teardown" 1; then
        took=$(($(event $n "$teardown" 1) - $(event $n "$playing" 1) - silence_ms))
        check "$n: noticed after $took ms, and said goodbye" [ $took -le $notice_ms ] && check "$n: but not before 4 s" [ $took -ge 4000 ]
    else
        not_ok "$n: no TEARDOWN within 25 s: $(camera_st $n '[.state, .why] | @csv')"
    fi
    equal "$n: why there is no picture" "$(camera_st $n '.last_why // .why')" silent
done

# Refusals
equal "limit: why there is no picture" "$(camera_st limit '[.state, .why] | join(" ")')" "waiting session-limit"
check "limit: it is asked rarely" [ "$(seen limit '.what == "connected"')" -le 4 ]
check "stale: a session that was forgotten is waited out" wait_for 30 streaming stale
equal "stale: what was wrong with it" "$(camera_st stale .last_why)" stale-session

sleep $((down_s - (SECONDS - gone_at) > 0 ? down_s - (SECONDS - gone_at) : 0))
before=$(newest reboot copy)
opened=$(now_ms)
tell reboot up
two_played() { seen_at_least reboot "$playing" 2; }
if wait_for 20 two_played; then
    took=$(($(event reboot "$playing" 2) - opened))
    check "reboot: the picture is back $took ms after its port" [ $took -le $((back_s * 1000)) ]
else
    not_ok "reboot: not back after 20 s: $(camera_st reboot '[.state, .why, .retry_ms] | @csv')"
fi
check "reboot: and is recorded" wait_for 15 newest_at_least reboot copy $((before + 2))

while [ $((SECONDS - ran)) -lt $watched_s ]; do sleep 1; done
equal "wrong: why there is no picture" "$(camera_st wrong '[.state, .why] | join(" ")')" "waiting wrong-password"
guesses=$(seen wrong '.what == "request" and .auth != "" and (.right | not)')
check "wrong: $guesses guesses in $watched_s s" [ "$guesses" -le 3 ]
check "wrong: it was tried at all" [ "$guesses" -ge 1 ]
touch "$work/seen-enough"
for i in 1 2 3; do check "viewer $i was served" [ "$(wc -l < "$work/got.$i")" -ge 5 ]; done
equal "watched: one session upstream" "$(seen watched "$playing")/$(seen watched '.what == "connected"')" 1/1

# transport: auto, of a camera that refuses TCP, asks by UDP first from then on: after the connection, and after ingest
first_setup() { jq -r --arg c "$1" 'select(.camera == $c) | if .what == "connected" then "new" elif .what == "request" and .method == "SETUP" then .text else empty end' \
    "$scripted_log" | awk '/^new/ {n = NR} {line[NR] = $0} END {for (i = n + 1; i <= NR; i++) print line[i]}' | grep -m 1 -i '^transport:'; }
plays_again() { [ "$(seen udp "$playing")" -gt "$1" ] && streaming udp; }
equal "udp: what worked" "$(camera_st udp .transport)" udp
[ ${#six[@]} = 0 ] || equal "six, six-udp: so it does by IPv6" "$(camera_st six .transport) $(camera_st six-udp .transport)" 'tcp udp'
n=$(seen udp "$playing")
tell udp hang-up
check "udp: is dialled again" wait_for 15 plays_again "$n"
matches "udp: asks for UDP at once" "$(first_setup udp)" client_port
n=$(seen udp "$playing")
kill -KILL "$(st '.roles[] | select(.role == "ingest") | .pid')"
check "udp: and after ingest" wait_for 15 plays_again "$n"
matches "udp: which was told what had worked" "$(first_setup udp)" client_port

# The end
mapfile -t on_air < <(st '.cameras[] | select(.state == "streaming") | .name')
stop_server
for n in "${on_air[@]}"; do
    all_told() { [ "$(seen "$n" "$teardown")" -ge 1 ] && [ "$(seen "$n" "$playing")" = "$(seen "$n" '.what == "stopped"')" ]; }
    check "$n: TEARDOWN at the end" wait_for 5 all_told
done
check "the archive verifies" verify
finish
