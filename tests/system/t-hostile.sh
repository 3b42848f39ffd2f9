#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Many cameras that mean harm, each in a way of its own, in one site with a good one: it loses nothing, nothing of theirs goes where it must
# not, nobody is sent a password, memory stays where it was. What each of them does: camera/hostile.mjs.
# takes: 59 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg ffprobe

run_s=45
ingest_max_kb=40000             # with its rings, of which only what was written counts

clip_h264 clip.h264
clip_h265 clip.h265
clip_sound clip.aac 16000 -c:a aac -b:a 32k -f adts
clip_sound clip.pcmu 8000 -f mulaw
# another size with each key frame
make_clip large.h264 -f lavfi -i testsrc2=size=640x480:rate=10 -t 1 -c:v libx264 -profile:v baseline -g 10 -b:v 300k -bsf:v h264_metadata=aud=insert -f h264
make_clip small.h264 -f lavfi -i testsrc2=size=320x180:rate=10 -t 1 -c:v libx264 -profile:v baseline -g 10 -b:v 200k -bsf:v h264_metadata=aud=insert -f h264
cat "$work/large.h264" "$work/small.h264" > "$work/flip.h264"
secret="s3cret-$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"
printf '%s\n' "$secret" > "$work/camera-password"
chmod 600 "$work/camera-password"

jq -n --arg w "$work" --arg v "h264:$work/clip.h264" --arg secret "$secret" '
    def cam($name; $more): {name: $name, video: $v} + $more;
    def evil($name; $more): cam($name; {hostile: $name} + $more);
    def login($challenges): {auth: {user: "viewer", password: $secret, challenges: $challenges}};
    def bad_clock($name; $faults): cam($name; {timeFaults: $faults});
    [{name: "trap", trap: true, address: "127.0.0.2"}, cam("good"; {}), cam("untidy"; {transports: ["udp"], duplicate: 0.1, reorder: 0.1}),
     evil("redirect"; {elsewhere: "trap"} + login(["Digest SHA-256 auth"])), evil("redirect-setup"; {elsewhere: "trap"}),
     evil("redirect-request"; {elsewhere: "trap"}), evil("base-elsewhere"; {elsewhere: "trap"} + login(["Digest SHA-256 auth"])),
     evil("control-elsewhere"; {elsewhere: "trap"} + login(["Digest SHA-256 auth"])),
     cam("basic-only"; login(["Basic"])), cam("basic-first"; login(["Basic", "Digest MD5", "Digest SHA-256 auth"])),
     cam("digest-unknown"; login(["Digest SHA-1024 auth", "Basic"])),
     evil("udp-elsewhere"; {transports: ["udp"]}), evil("spoof"; {transports: ["udp"]}),
     evil("bye"; {}), evil("rtcp"; {}), evil("rtp"; {}), evil("fragments"; {}), evil("endless"; {}),
     cam("rtp-udp"; {hostile: "rtp", transports: ["udp"]}), evil("fragments-265"; {video: "h265:\($w)/clip.h265"}),
     evil("sound"; {audio: "aac:\($w)/clip.aac"}), evil("sound-raw"; {audio: "pcmu:\($w)/clip.pcmu"}),
     evil("mutated"; {}), cam("mutated-265"; {hostile: "mutated", video: "h265:\($w)/clip.h265"}), cam("flip"; {video: "h264:\($w)/flip.h264"}),
     evil("unknown-only"; {}), evil("unknown-too"; {}),
     evil("bomb-size"; {}), evil("bomb-media"; {}), evil("bomb-line"; {}), evil("bomb-nul"; {}), evil("bomb-sprop"; {}),
     evil("frame-stuck"; {}), evil("frame-odd"; {}), evil("drip"; {}), evil("flood"; {}),
     bad_clock("time-back"; [{at: 5, add: -3}, {at: 9, back: 2}, {at: 14, add: -20000}]),
     bad_clock("time-leap"; [{at: 5, add: 23860.9}, {at: 9, add: 47721.8}, {at: 13, add: 60}]),
     evil("strings"; {}), evil("strings-refusal"; {}),
     evil("strings-long"; {auth: {user: "viewer", password: $secret, realm: "\u001b]0;x\u0007<script>\n#EXT-X-KEY:METHOD=NONE", challenges: ["Digest MD5"]}})]' \
    > "$work/cameras.json"
start_scripted "$work/cameras.json"
make_site
for name in $(jq -r '.[] | select(.trap | not) | .name' "$work/cameras.json"); do
    printf '  %s:\n    source: rtsp://127.0.0.1:%s/cam\n' "$name" "${scripted_port[$name]}" >> "$site/site.yaml"
    ! jq -e --arg n "$name" '.[] | select(.name == $n) | .auth' "$work/cameras.json" > /dev/null ||
        printf '    user: viewer\n    password_file: ../camera-password\n' >> "$site/site.yaml"
    case $name in mutated* | flip) printf '    renditions: {360p: {size: 640x360, bitrate: 600 kb/s}}\n' >> "$site/site.yaml" ;; esac
done
start_server good
ran=$SECONDS

camera() { st ".cameras[] | select(.name == \"$1\") | $2"; }
# never TEXT CAMERA JQ-CONDITION
never() { equal "$1" "$(seen "$2" "$3")" 0; }

# Memory at its worst, and every line of status and every page of playlists, while it goes on.
ingest_pid=$(st '.roles[] | select(.role == "ingest") | .pid')
worst_kb=0
playlists=$work/playlists
mkdir "$playlists"
while [ $((SECONDS - ran)) -lt $run_s ]; do
    kb=$(awk '/^Pss_(Anon|Shmem):/ {n += $2} END {print n}' "/proc/$ingest_pid/smaps_rollup")
    [ "$kb" -le $worst_kb ] || worst_kb=$kb
    status >> "$work/status" 2>> "$work/status.err"
    timeout 10 "$casemate" status -s "$site/casemate.sock" >> "$work/status.text"
    for name in good strings strings-long base-elsewhere; do
        get "/live/$name/index.m3u8" -D - >> "$playlists/$name" 2> /dev/null
        get "/live/$name/copy/index.m3u8" -D - >> "$playlists/$name" 2> /dev/null
    done
    sleep 1
done
status > "$work/last"
last() { jq -r ".cameras[] | select(.name == \"$1\") | $2" "$work/last"; }
cmdlines=$(for p in $(pgrep -P "$server") "$server"; do tr '\0' '\n' < "/proc/$p/cmdline"; tr '\0' '\n' < "/proc/$p/environ"; done 2> /dev/null)
limits=$(for p in $(role_pids) "$server"; do awk '/^Max core file size/ {print $5 + $6}' "/proc/$p/limits"; done 2> /dev/null | sort -u)
stop_server

# Nobody is followed anywhere
for name in redirect redirect-setup redirect-request base-elsewhere control-elsewhere; do
    check "$name: it was asked" seen_at_least "$name" '.what == "request" and .method == "DESCRIBE"' 1
done
never "nobody came to where the cameras pointed" trap '.what == "trapped"'
equal "redirect: why there is no picture" "$(last redirect .state)/$(last redirect .why)" waiting/refused
equal "redirect-request: streams on" "$(last redirect-request .state)" streaming
# Never Basic without being told so
equal "no password went out as Basic" "$(jq -c 'select(.what == "request" and (.text | test("(?i)authorization: *basic")))' "$scripted_log" | wc -l)" 0
equal "basic-only: why there is no picture" "$(last basic-only .state)/$(last basic-only .why)" waiting/wrong-password
equal "digest-unknown: why there is no picture" "$(last digest-unknown .state)/$(last digest-unknown .why)" waiting/wrong-password
equal "basic-first: streams" "$(last basic-first .state)" streaming
check "basic-first: the strongest Digest was chosen" seen_at_least basic-first '.what == "request" and .auth == "Digest SHA-256 auth" and .right' 3
never "basic-first: no weaker one" basic-first '.what == "request" and .auth == "Digest MD5"'
# Where UDP goes, and who may send it
never "udp-elsewhere: nothing was sent to where it pointed" udp-elsewhere '.what == "trapped"'
for name in udp-elsewhere spoof bye rtcp rtp rtp-udp fragments fragments-265 sound sound-raw unknown-too frame-odd strings; do
    equal "$name: streams" "$(last $name .state)" streaming
    equal "$name: without a break" "$(last $name .reconnects)" 0
done
read -r doubled swapped <<< "$(jq -r 'select(.camera == "untidy" and .what == "stopped") | .counts[0] | "\(.duplicated) \(.reordered)"' "$scripted_log" | tail -1)"
check "untidy: $doubled packets came twice, and status counted them" [ "$(last untidy .duplicates)" -ge $((doubled * 8 / 10)) ]
check "untidy: $swapped came late, and were put right" [ "$(last untidy .reordered)" -ge $((swapped * 7 / 10)) ]
equal "untidy: nothing was lost" "$(last untidy '[.lost, .dropped_by.network] | @csv')" 0,0
# A unit without an end
check "endless: status says whose fault it is" [ "$(last endless .dropped_by.camera)" -gt 0 ]
# Codecs that are not known
never "unknown-only: no SETUP" unknown-only '.what == "request" and .method == "SETUP"'
equal "unknown-only: why there is no picture" "$(last unknown-only .why)" unsupported
equal "unknown-too: one SETUP" "$(seen unknown-too '.what == "request" and .method == "SETUP"')" 1
matches "unknown-too: what was left out is named" "$(last unknown-too .left_out)" 'AV1'
# Descriptions that are too much
for name in bomb-size bomb-media bomb-line bomb-nul bomb-sprop; do
    equal "$name: no SETUP" "$(seen $name '.what == "request" and .method == "SETUP"')" 0
    # a reply that is larger than any may be is left before it is a description
    matches "$name: why there is no picture" "$(last $name .state)/$(last $name .why)" '^waiting/bad-(description|stream)$'
done
# Replies and frames without an end
for name in frame-stuck drip flood; do
    equal "$name: was left" "$(last $name '.reconnects > 0')" true
done
# Time that runs backwards and leaps
for name in time-back time-leap; do
    equal "$name: streams" "$(last $name .state)" streaming
    check "$name: mended timestamps are counted" [ "$(last $name .times_mended)" -gt 0 ]
    for file in $(find "$site/archive/footage/$name/copy" -name '*.m4s' | head -15); do
        init=$(find "$site/archive/footage/$name/copy" -name 'init-*' | head -1)
        cat "$init" "$file" > "$work/one.mp4"
        ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$work/one.mp4" > "$work/probe" 2> "$work/probe.err"
        [ -s "$work/probe.err" ] && not_ok "$name: ffprobe of $(basename "$file"): $(head -3 "$work/probe.err")"
    done
    ok "$name: each of its segments is read by ffprobe"
done

# Pictures that break a decoder cost their own camera's worker at most
for name in mutated mutated-265 flip; do
    equal "$name: streams" "$(last $name .state)" streaming
    check "$name: is recorded" [ "$(last $name '.renditions[0].newest')" -ge 5 ]
done
check "flip: is encoded" [ "$(last flip '.renditions[] | select(.name == "360p") | .newest')" -ge 5 ]
transcode_kb=$(jq -r '[.roles[] | select(.role == "transcode") | .memory_bytes] | max / 1024 | floor' "$work/last")
check "workers keep to their memory: $transcode_kb kB" [ "$transcode_kb" -le 120000 ]
note "workers that ended: $(grep -c 'role-ended.*transcode\|transcode.*role-ended' "$site/log")"

# No byte of a camera's where somebody would obey it
bytes_of_cameras='<script|EXT-X-KEY|owned|gnp\.exe|'$'\x1b'
equal "playlists and headers hold none of the cameras' bytes" "$(cat "$playlists"/* | grep -aciE "$bytes_of_cameras")" 0
equal "nor does status" "$(cat "$work/status" "$work/status.text" | grep -aciE "$bytes_of_cameras")" 0
equal "nor paths of the archive" "$(find "$site/archive" | grep -aciE "$bytes_of_cameras")" 0
equal "the log has printable ASCII alone" "$(grep -acvP '^[\x20-\x7e]*$' "$site/log")" 0
equal "the log has no long line" "$(awk 'length > 1000' "$site/log" | wc -l)" 0
check "the log is short: $(wc -l < "$site/log") lines" [ "$(wc -l < "$site/log")" -le 1500 ]

probed=$(timeout 60 "$casemate" probe --seconds 2 "rtsp://127.0.0.1:${scripted_port[strings]}/cam" 2>&1 < /dev/null)
matches "probe: knows the camera" "$probed" '^video +h264'
equal "probe: its words are not shown as they are" "$(grep -aciE "$bytes_of_cameras" <<< "$probed")" 0

# The password is nowhere
equal "no password in the log" "$(grep -acF "$secret" "$site/log")" 0
equal "none in status" "$(cat "$work/status" "$work/status.text" | grep -acF "$secret")" 0
equal "none in the archive" "$(grep -raF "$secret" "$site/archive" | wc -l)" 0
equal "none in arguments or environments" "$(grep -acF "$secret" <<< "$cmdlines")" 0
equal "no process dumps core" "$limits" 0

note "ingest at its worst: $worst_kb kB, with $(jq length "$work/cameras.json") cameras"
check "memory is bounded" [ "$worst_kb" -le $ingest_max_kb ]
equal "no role but workers ended" "$(grep role-ended "$site/log" | grep -vc transcode)" 0

# The good one: every second is there, and only what it sent.
equal "the good camera never broke off" "$(last good .reconnects)/$(last good .lost)/$(last good .dropped)" 0/0/0
timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json > "$work/report"
equal "the archive verifies" $? 0
equal "no gap of the good camera but start and end" \
    "$(jq -r '[.gaps[] | select(.camera == "good" and .why != "starting" and .why != "stopped")] | length' "$work/report")" 0
# frames CAMERA: hashes of its decoded pictures, without the first two segments and the last, which may begin or end anywhere
decoded() { ffmpeg -v error -nostdin -i "$1" -f framemd5 - 2> "$work/decode.err" | grep -v '^#' | awk '{print $NF}'; }
decoded "$work/clip.h264" | sort -u > "$work/true-frames"
for name in good untidy spoof rtp rtp-udp fragments sound sound-raw; do
    folder=$site/archive/footage/$name/copy
    # shellcheck disable=SC2046
    cat "$folder"/init-* $(find "$folder" -name '*.m4s' | sort -V) > "$work/all.mp4"
    decoded "$work/all.mp4" > "$work/frames"
    equal "$name: decodes without an error" "$(wc -l < "$work/decode.err")" 0
    check "$name: its $(wc -l < "$work/frames") pictures were recorded" [ "$(wc -l < "$work/frames")" -ge $(((run_s - 10) * 10)) ]
    equal "$name: pictures that it never sent" "$(sort -u "$work/frames" | comm -23 - "$work/true-frames" | wc -l)" 0
done
finish
