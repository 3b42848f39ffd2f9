#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Cameras that we did not write, all in one site: GStreamer's RTSP server (H.264, H.265, AAC, G.711; TCP, UDP, TLS, Digest), VLC, which
# offers UDP alone, and casemate camera. Each is recorded, played back by ffmpeg over HTTPS and verified.
# takes: 23 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffmpeg ffprobe openssl
[ -x "$gst_camera" ] || skip_all "gst-camera is not built (libgstrtspserver-1.0-dev)"

play_s=8

note "making footage"
timeout 60 ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=320x180:rate=10 -f lavfi -i sine=frequency=1000:sample_rate=16000 -t 200 \
    -c:v libx264 -preset veryfast -g 10 -bf 0 -pix_fmt yuv420p -b:v 200k -c:a aac -b:a 32k "$work/av.mp4" || bail "ffmpeg could not make footage"
timeout 90 ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=320x180:rate=10 -t 20 -c:v libx265 -preset ultrafast -pix_fmt yuv420p -tag:v hvc1 -b:v 200k \
    -x265-params log-level=error:keyint=10:min-keyint=10 "$work/short.mp4" &&
    ffmpeg -v error -nostdin -stream_loop 9 -i "$work/short.mp4" -c copy "$work/h265.mp4" || bail "ffmpeg could not make H.265"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/camera.key" -out "$work/camera.crt" -days 2 \
    -subj /CN=camera -addext subjectAltName=IP:127.0.0.1 2> /dev/null || bail "openssl makes no certificate"
fingerprint=$(openssl x509 -in "$work/camera.crt" -outform DER | sha256sum | cut -d' ' -f1)
printf 'pass"word\n' > "$work/camera-password"
chmod 600 "$work/camera-password"

make_site
camera() {
    printf '  %s:\n    source: "%s"\n' "$1" "$2" >> "$site/site.yaml"
    printf '    %s\n' "${@:3}" >> "$site/site.yaml"
}
login=("user: viewer" "password_file: ../camera-password")
names=() tracks=() transports=()
# expect NAME TRACKS TRANSPORT: what status must say of it
expect() { names+=("$1") tracks+=("$2") transports+=("$3"); }

# Each camera has a mount of its own: what viewers share, one's coming and going disturbs.
gst_what() { case $1 in av) echo "av:$work/av.mp4" ;; h265) echo "265:$work/h265.mp4" ;; ulaw) echo "ulaw:$work/av.mp4" ;; esac; }
mounts=()
for m in av h265 ulaw; do
    for t in tcp udp auto; do mounts+=("/$m-$t=$(gst_what $m)"); done
done
start_gst_camera 0 "${mounts[@]}"
for t in tcp udp auto; do
    [ $t = auto ] && took=tcp || took=$t
    for m in av h265 ulaw; do
        camera "gst-$m-$t" "rtsp://127.0.0.1:$gst_port/$m-$t" "transport: $t"
        case $m in av) expect "gst-$m-$t" "h264 aac" $took ;; h265) expect "gst-$m-$t" "h265 -" $took ;; ulaw) expect "gst-$m-$t" "h264 pcmu" $took ;; esac
    done
done
start_gst_camera --transport udp 0 "/av=$(gst_what av)"
camera gst-udp-only "rtsp://127.0.0.1:$gst_port/av" "transport: auto"
expect gst-udp-only "h264 aac" udp
start_gst_camera --user viewer --password-file "$work/camera-password" 0 "/av=$(gst_what av)"
camera gst-digest "rtsp://127.0.0.1:$gst_port/av" "${login[@]}"
expect gst-digest "h264 aac" tcp
start_gst_camera --user viewer --password-file "$work/camera-password" --certificate "$work/camera.crt" --key "$work/camera.key" 0 \
    "/pinned=$(gst_what av)" "/ca=$(gst_what ulaw)" "/unverified=$(gst_what h265)" "/none=$(gst_what av)"
tls="rtsps://127.0.0.1:$gst_port"
camera tls-pinned "$tls/pinned" "${login[@]}" "fingerprint: \"sha256:$fingerprint\""
camera tls-ca "$tls/ca" "${login[@]}" "ca: ../camera.crt"
camera tls-unverified "$tls/unverified" "${login[@]}" "unverified: true"
expect tls-pinned "h264 aac" tcp
expect tls-ca "h264 pcmu" tcp
expect tls-unverified "h265 -" tcp
camera tls-wrong "$tls/none" "${login[@]}" "fingerprint: \"sha256:$(printf 'ab%.0s' {1..32})\""
camera tls-other-ca "$tls/none" "${login[@]}" "ca: tls.crt"
start_camera --size 640x360 --fps 10
for t in tcp udp auto; do
    [ $t = auto ] && took=tcp || took=$t
    camera "own-$t" "$camera_source" "transport: $t"
    expect "own-$t" "h264 aac" $took
done

# VLC refuses root, and has to reach what it plays
if command -v cvlc > /dev/null && command -v setpriv > /dev/null; then
    vlc_port=$(free_port)
    vlc_home=$work/vlc
    mkdir "$vlc_home"
    chmod 711 "$work"
    cp "$work/av.mp4" "$vlc_home/clip.mp4"
    drop=()
    [ "$(id -u)" != 0 ] || { chown -R 65534:65534 "$vlc_home"; drop=(setpriv --reuid=65534 --regid=65534 --clear-groups); }
    "${drop[@]}" env "HOME=$vlc_home" cvlc --loop "$vlc_home/clip.mp4" --sout "#rtp{sdp=rtsp://127.0.0.1:$vlc_port/v}" --sout-keep > "$work/vlc.log" 2>&1 &
    started_pids+=($!)
    listens() { ss -Hltn "sport = :$vlc_port" | grep -q .; }
    wait_for 15 listens || not_ok "VLC does not listen: $(tail -3 "$work/vlc.log")"
    for t in udp auto; do
        camera "vlc-$t" "rtsp://127.0.0.1:$vlc_port/v" "transport: $t"
        expect "vlc-$t" "h264 aac" udp
    done
else
    skip "VLC: not installed"
fi

run_server
ready_at=$((SECONDS + 30))              # for all of them
recorded() { [ "$(newest "$1" copy)" -ge 4 ]; }
say() { st ".cameras[] | select(.name == \"$1\") | $2"; }
for i in "${!names[@]}"; do
    n=${names[$i]}
    check "$n: is recorded" wait_for $((ready_at > SECONDS ? ready_at - SECONDS : 1)) recorded "$n" || { note "$(say "$n" '[.state, .why, .detail, .reconnects] | @csv')"; continue; }
    equal "$n: tracks" "$(say "$n" '[.video // "-", .audio // "-"] | join(" ")')" "${tracks[$i]}"
    equal "$n: transport" "$(say "$n" .transport)" "${transports[$i]}"
    equal "$n: nothing was lost" "$(say "$n" '[.lost, .dropped_by.network, .dropped_by.ring] | @csv')" 0,0,0
done
for n in tls-wrong tls-other-ca; do
    equal "$n: why there is no picture" "$(say $n '[.state, .why] | join(" ")')" "waiting certificate"
done
matches "tls-wrong: the fingerprint that was seen is named" "$(say tls-wrong .detail)" "$fingerprint"

# play NAME RENDITION ARGUMENT…: what ffmpeg says and what came of it
play() {
    timeout -k 2 $((play_s + 30)) ffmpeg -nostdin -v warning -ca_file "$site/tls.crt" -tls_verify 1 \
        -i "https://$user:$password@127.0.0.1:$port/live/$1/$2/index.m3u8" -t $play_s -f null - "${@:3}" 2>&1 |
        tr '\r' '\n' | grep -v -e 'Found duplicated MOOV Atom. Skipped it' -e '^ *Last message repeated [0-9]* times$' -e '^$'
}
players=()
for n in gst-h265-udp gst-ulaw-tcp gst-udp-only tls-pinned vlc-auto own-udp; do
    [[ " ${names[*]} " == *" $n "* ]] || continue
    play $n copy > "$work/play-$n-copy" &
    players+=($!)
    [ $n = gst-h265-udp ] || { play $n audio > "$work/play-$n-audio" & players+=($!); }
done
wait "${players[@]}"
for said in "$work"/play-*; do
    equal "$(basename "$said"): plays without a word" "$(head -3 "$said")" ''
done
sound=$(timeout 60 ffmpeg -nostdin -ca_file "$site/tls.crt" -tls_verify 1 -i "https://$user:$password@127.0.0.1:$port/live/gst-ulaw-tcp/audio/index.m3u8" \
    -t 4 -af volumedetect -f null - 2>&1)
matches "G.711 becomes AAC" "$sound" 'Audio: aac'
matches "and can be heard" "$sound" 'mean_volume: -([0-9]|[12][0-9])\.'
stop_server

for n in "${names[@]}"; do
    folder=$site/archive/footage/$n/copy
    # shellcheck disable=SC2046
    cat "$folder"/init-* $(find "$folder" -name '*.m4s' 2> /dev/null | sort -V) > "$work/all.mp4" 2> /dev/null
    equal "$n: what was recorded decodes" "$(ffmpeg -v error -nostdin -i "$work/all.mp4" -f null - 2>&1 | head -3)" ''
done
check "the archive verifies" verify
equal "no role ended" "$(grep -v ' casemate ' "$site/log" | grep -c role-ended)" 0
finish
