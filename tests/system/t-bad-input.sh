#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes wrong at a site: a one-line reason with the mend, and the rest of the site runs on.
# It runs in namespaces of its own, where anybody may mount a small disk and make an address that never answers.
if [ -z "${CASEMATE_APART:-}" ] && unshare --user --map-root-user --net --mount true 2> /dev/null; then
    CASEMATE_APART=1 exec unshare --user --map-root-user --net --mount --kill-child "$0" "$@"
fi
source "$(dirname "$0")/lib.sh"
wants jq curl ss setpriv ip
apart=${CASEMATE_APART:-}
[ -z "$apart" ] || { ip link set lo up && ip link add away type dummy && ip addr add 192.0.2.1/24 dev away && ip link set away up; } || apart=''

camera_is() { [ "$(st ".cameras[] | select(.name == \"$1\") | \"\(.state) \(.why)\"")" = "$2" ]; }
# A line of the log holds all these words.
log_says() {
    local line=$1 word
    line=$(grep -e "$1" "$site/log")
    shift
    for word in "$@"; do line=$(grep -F -e "$word" <<< "$line"); done
    [ -n "$line" ]
}
# plays CAMERA: two segments more than now
plays() {
    local n
    n=$(newest "$1" copy)
    if wait_for 12 newest_at_least "$1" copy $((n + 2)); then ok "${2:-camera $1 goes on}"; else not_ok "${2:-camera $1 goes on}: nothing after segment $n"; fi
}
# does_not_start NAME PATTERN EXIT COMMAND…: run says why in one line, and exits
does_not_start() {
    local name=$1 pattern=$2 want=$3 said rc
    shift 3
    said=$(cd "$site" && timeout 20 "$@" "$casemate" run -c site.yaml 2>&1)
    rc=$?
    equal "$name: exit status" $rc "$want"
    matches "$name: said with the mend" "$said" "$pattern"
}

start_camera
good_source=$camera_source

note "site files"
make_site site-file
site_camera gate "$good_source"
sed -i 's/^    renditions:/    rendition:/' "$site/site.yaml"
bad_line=$(grep -n '^    rendition:' "$site/site.yaml" | cut -d: -f1)
does_not_start "an unknown key in the site file" "^site.yaml:$bad_line:5: .*renditions" 1
sed -i 's/^    rendition:/    renditions:/; s/640x360/big/' "$site/site.yaml"
does_not_start "a bad value in the site file" "^site.yaml:$((bad_line + 1)):[0-9]+: .*size" 1
rm "$site/site.yaml"
does_not_start "no site file" 'site.yaml' 2

note "keys"
make_site keys
site_camera gate "$good_source"
chmod 000 "$site/site.key"
# root reads everything unless it gives that up
does_not_start "an unreadable key" 'site.key.*(readable|chmod|read)' 1 setpriv --bounding-set=-all --inh-caps=-all
chmod 600 "$site/site.key"
mv "$site/site.key" "$work/site.key"
does_not_start "no key" 'site.key.*casemate keygen' 1
printf 'this is no key\n' > "$site/site.key"
chmod 600 "$site/site.key"
does_not_start "a key that is none" 'site.key.*casemate keygen' 1
cp "$site/site.key" "$work/garbage"
cp "$work/site.key" "$site/site.key"
mv "$site/tls.key" "$work/tls.key"
cp "$work/garbage" "$site/tls.key"
does_not_start "a TLS key that is none" 'tls.key.*casemate keygen' 1
cp "$work/tls.key" "$site/tls.key"
chmod 644 "$site/site.key"
does_not_start "a key that others can read" 'site.key.*chmod 600' 1

note "cameras"
make_site cameras
printf 'right\n' > "$site/right"
printf 'wrong\n' > "$site/wrong"
chmod 600 "$site/right" "$site/wrong"
start_camera --user tom --password-file "$site/right"
site_camera gate "$good_source"
site_camera locked "$camera_source" 'user: tom' 'password_file: wrong'
site_camera nobody "rtsp://127.0.0.1:$(free_port)/"
site_camera lost "rtsp://192.0.2.9:554/"
mounts=('/jpeg=( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=10/1 ! jpegenc ! rtpjpegpay name=pay0 )')
if [ -x "$gst_camera" ]; then
    start_gst_camera 0 "${mounts[@]}"
    site_camera jpeg "rtsp://127.0.0.1:$gst_port/jpeg"
fi
start_server gate
# sick CAMERA WHY WORD: status names why, and what to do; the log has a line for it
sick() {
    local text
    if wait_for 20 camera_is "$1" "waiting $2"; then ok "camera $1: $2"; else not_ok "camera $1: $(st ".cameras[] | select(.name == \"$1\")" | tr -d '\n')"; fi
    text=$(timeout 10 "$casemate" status -s "$site/casemate.sock" | grep -A1 "^$1 " | tail -1)
    matches "camera $1: status says the mend" "$text" "$2.*$3"
    check "camera $1: the log says why" log_says camera-lost "camera=$1" "why=$2"
}
sick locked authentication 'user: and password_file:'
sick nobody refused 'source:'
if [ -n "$apart" ]; then
    sick lost timed-out 'does not answer'
else
    skip "camera lost: no address here that never answers (no namespaces for users)"
fi
if [ -x "$gst_camera" ]; then
    sick jpeg unsupported 'H.264'
else
    skip "camera jpeg: gst-camera is not built (libgstrtspserver-1.0-dev)"
fi
retry=$(st '.cameras[] | select(.name == "locked") | .retry_ms')
if [ "${retry:-0}" -ge 20000 ]; then ok "camera locked: tried again only after $retry ms"; else not_ok "camera locked: tried again after $retry ms"; fi
plays gate "the good camera beside four sick ones goes on"
cp "$site/right" "$site/wrong"
stop_server
start_server gate locked
ok "with the right password it streams"
stop_server
check "the archive verifies" verify

note "the port"
make_site port
site_camera gate "$good_source"
start_camera --listen "127.0.0.1:$port"
occupant=$camera_pid
start_server gate
check "port in use: the log says it with the mend" log_says ' listen ' "127.0.0.1:$port" 'in use' 'mend='
equal "port in use: status names it" "$(st '.listeners[0] | "\(.open) \(.error)"')" 'false Address already in use'
plays gate "port in use: the camera is recorded"
end_process "$occupant"
at=$(now_ms)
listed() { get /live/gate/copy/index.m3u8 --max-time 2; }
if wait_for 12 listed; then took=$(($(now_ms) - at)); else took=12000; fi
if [ $took -le 8000 ]; then ok "port freed: viewers are served after $took ms"; else not_ok "port freed: viewers are served only after $took ms"; fi
plays gate "port freed: the camera goes on"
stop_server
check "the archive verifies" verify

note "the disk"
make_site disk
site_camera gate "$good_source"
mkdir "$work/tmpfs"
if mount -t tmpfs -o size=4m,mode=700 none "$work/tmpfs" 2> /dev/null; then
    sed -i "s|path: archive|path: $work/tmpfs/archive|" "$site/site.yaml"
    cat /dev/zero > "$work/tmpfs/full" 2> /dev/null
    run_server
    told() { ! alive "$server" || [ "$(st .archive.alarm)" != null ]; }
    wait_for 20 told
    if alive "$server"; then
        ok "disk full at start: the server runs"
        matches "disk full at start: status says it with the mend" "$(st .archive.alarm)" '[Ff]ull|[Ss]pace'
        check "disk full at start: the log says it" log_says ' alarm ' text=
        wait_for 20 streaming gate && ok "disk full at start: the camera streams" || not_ok "disk full at start: $(status | jq -c .cameras[0])"
        rm "$work/tmpfs/full"
        wait_for 30 st_is .archive.alarm null && ok "room again: the alarm ends" || not_ok "room again: still $(st .archive.alarm)"
        wait_for 20 listed && ok "room again: viewers are served" || not_ok "room again: no playlist"
        plays gate "room again: the camera is recorded"
        stop_server
    else
        matches "disk full at start: said with the mend" "$(tail -3 "$site/log")" '[Ff]ull|[Ss]pace'
        rm "$work/tmpfs/full"
        start_server gate
        plays gate "room again: it starts and records"
        stop_server
    fi
    check "the archive verifies" verify "$work/tmpfs/archive"
else
    rmdir "$work/tmpfs"
    skip "disk full: no small disk may be mounted here"
fi
finish
