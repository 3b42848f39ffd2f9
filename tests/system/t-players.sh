#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Players that others wrote, all at once on a camera that goes and comes back: ffmpeg, VLC and GStreamer by HLS, and in Chromium hls.js,
# dash.js and Shaka (by HLS and by DASH, with low latency too). They have to show what the camera sent after it came back: Chromium's by the clock in the
# picture, ffmpeg and GStreamer by having more pictures than there were before. VLC only has to play until then.
# takes: 50 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg ffprobe cvlc gst-launch-1.0 chromium setpriv
for package in playwright-core dashjs shaka-player; do
    [ -d "$here/node_modules/$package" ] || skip_all "$package is not installed (npm ci in tests/system)"
done

make_site
since=$(now_ms)
start_camera
camera_at=${camera_source#rtsp://} camera_at=${camera_at%/*}
site_camera cam "$camera_source"
start_server cam
check "the camera has segments" wait_for 60 newest_at_least cam 360p 3
address=https://$user:$password@127.0.0.1:$port/live/cam

# VLC does not run as root; its user reads the certificate, and writes what it plays.
mkdir "$work/trust" "$work/vlc"
cp "$site/tls.crt" "$work/trust/ca.pem"
chmod 711 "$work"
chmod 755 "$work/trust"
chmod 777 "$work/vlc"
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# How many pictures each has played so far.
played_ffmpeg() { sed -n 's/^frame= *//p' "$work/ffmpeg" | tail -1; }
played_vlc() { ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0 "$work/vlc/vlc.ts" 2> /dev/null | head -1; }
played_gst() { grep -ac 'chain ' "$work/gst"; }
declare -A pid
plays_at_least() {
    local n
    n=$("played_$1")
    [ "${n:-0}" -ge "$2" ]
}

timeout -k 2 600 ffmpeg -nostdin -v warning -ca_file "$site/tls.crt" -tls_verify 1 -i "$address/360p/index.m3u8" -map 0:v -f null -progress "$work/ffmpeg" - \
    > "$work/ffmpeg.err" 2>&1 &
pid[ffmpeg]=$!
"${as[@]}" env HOME="$work/vlc" timeout -k 2 600 cvlc -I dummy --no-audio --gnutls-dir-trust="$work/trust" --sout "#file{mux=ts,dst=$work/vlc/vlc.ts}" \
    "$address/360p/index.m3u8" > "$work/vlc.err" 2>&1 &
pid[vlc]=$!
# GStreamer takes an authority from the system's store only: one of its own, in a namespace of its own.
if unshare -m true 2> /dev/null; then
    cat /etc/ssl/certs/ca-certificates.crt "$site/tls.crt" > "$work/store"
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount --bind "$1" /etc/ssl/certs/ca-certificates.crt && shift && exec "$@"' sh "$work/store" \
        timeout -k 2 600 gst-launch-1.0 -v playbin3 flags=video uri="$address/360p/index.m3u8" video-sink='fakesink sync=false silent=false' > "$work/gst" 2>&1 &
    pid[gst]=$!
else
    skip "GStreamer: no namespace of mounts can be had"
fi
started_pids+=("${pid[@]}")
mkfifo "$work/orders"
exec {orders}<> "$work/orders"
node "$here/players/browser.mjs" "https://127.0.0.1:$port/" "$user" "$password" cam hls.js dash.js dash.js-ll shaka-hls shaka-dash shaka-ll < "$work/orders" > "$work/browser" 2>&1 &
started_pids+=($!)
for p in "${!pid[@]}"; do
    check "$p begins" wait_for 60 plays_at_least "$p" 25 || note "$(tail -c 600 "$work/$p" "$work/$p.err" 2> /dev/null | tr '\n' '|')"
done
check "Chromium's players begin" wait_for 120 grep -qE '^(not )?playing' "$work/browser"
matches "all show the camera" "$(cat "$work/browser")" '^playing'

end_process "$camera_pid"
check "the camera is away" wait_for 60 st_is '.cameras[0].state == "streaming"' false
most=$((($(now_ms) - since) / 40 + 25))   # pictures that there can have been: it sends 25 a second
before=$(newest cam 360p)
"$casemate" camera --listen "$camera_at" > "$work/again" 2>&1 &
started_pids+=($!)
check "the camera came back" wait_for 60 newest_at_least cam 360p $((before + 1))
printf '%s hls.js dash.js dash.js-ll shaka-hls shaka-dash shaka-ll\n' "$(now_ms)" >&$orders
unset 'pid[vlc]'
for p in "${!pid[@]}"; do
    check "$p plays what came after the camera's return" wait_for 120 plays_at_least "$p" $((most + 1)) ||
        note "$("played_$p") of $most; $(tail -c 900 "$work/$p" "$work/$p.err" 2> /dev/null | tr '\n' '|')"
    check "$p plays on" alive "${pid[$p]}"
done
check "Chromium's players answer" wait_for 120 grep -qE '^(not )?after' "$work/browser"
matches "hls.js, dash.js and Shaka show what came after the camera's return" "$(cat "$work/browser")" '^after'
equal "no player is answered 404 for a part" "$(grep '^missing' "$work/browser")" ''
exec {orders}>&-
kill "${started_pids[@]}" 2> /dev/null        # all at once: each takes its time
finish
