#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes wrong at a site: a one-line reason with the mend, and the rest of the site runs on.
# It runs in namespaces of its own, where anybody may mount a small disk and make an address that never answers (a cable, known to
# lead to it, at whose end nobody listens).
# takes: 60 s
if [ -z "${CASEMATE_APART:-}" ] && unshare --user --map-root-user --net --mount true 2> /dev/null; then
    CASEMATE_APART=1 exec unshare --user --map-root-user --net --mount --kill-child "$0" "$@"
fi
source "$(dirname "$0")/lib.sh"
wants jq curl ss setpriv prlimit ip
apart=${CASEMATE_APART:-}
[ -z "$apart" ] || { ip link set lo up && ip link add away type veth peer name far && ip addr add 192.0.2.1/24 dev away && ip link set away up && ip link set far up &&
    ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev away; } || apart=''

camera_is() { [ "$(st ".cameras[] | select(.name == \"$1\") | \"\(.state) \(.why)\"")" = "$2" ]; }
# A line of the log holds all these words.
log_says() {
    local line=$1 word
    line=$(grep -e "$1" "$site/log")
    shift
    for word in "$@"; do line=$(grep -F -e "$word" <<< "$line"); done
    [ -n "$line" ]
}
listed() { get /live/gate/copy/index.m3u8 --max-time 2; }
# plays CAMERA: two segments more than now
plays() {
    local n
    n=$(newest "$1" copy)
    if wait_for 60 newest_at_least "$1" copy $((n + 2)); then ok "${2:-camera $1 goes on}"; else not_ok "${2:-camera $1 goes on}: nothing after segment $n"; fi
}
data_max=67108864       # bytes that a start may take to say what is wrong
# does_not_start NAME PATTERN EXIT COMMAND…: run says why in one line, and exits
does_not_start() {
    local name=$1 pattern=$2 want=$3 said rc
    shift 3
    said=$(cd "$site" && timeout 20 prlimit --data=$data_max "$@" "$casemate" run -c site.yaml 2>&1)
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
sed -i 's/: big/: 640x360/; s/^cameras:/include: more\/*.yaml\n&/' "$site/site.yaml"
mkdir "$site/more"
included() { rm -rf "$site/more/bad.yaml"; "${@:3}" > "$site/more/bad.yaml"; does_not_start "$1" "^more/bad.yaml:?[0-9:]*: $2" 1; }
included "text that is not UTF-8, in an included file" 'not text in UTF-8' printf 'cameras: \377\n'
included "a bomb of aliases" 'anchors \(&\) are not taken here' printf 'a: &a [x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n'
included "an included file that includes itself" '"include" has no place' printf 'include: more/*.yaml\n'
included "an endless included file" 'with this file the site has more than 1048576 bytes' head -c 2000000 /dev/zero
rm "$site/more/bad.yaml" && mkfifo "$site/more/bad.yaml"
does_not_start "a named pipe among them" '^more/bad.yaml: this is not a file' 1
rm "$site/more/bad.yaml" && ln -s /dev/zero "$site/more/bad.yaml"
does_not_start "a link to a device among them" '^more/bad.yaml: this is a symbolic link' 1
rm "$site/more/bad.yaml" && printf 'cameras: {}\n' > "$site/more/bad.yaml" && chmod 000 "$site/more/bad.yaml"
does_not_start "one that nobody may read" '^more/bad.yaml: Permission denied: the user that runs casemate must be able to read it' 1 setpriv --bounding-set=-all --inh-caps=-all
rm -r "$site/more"
does_not_start "no folder of them" 'site.yaml:[0-9]+:10: include: the folder more: No such file' 1
mv "$site/site.yaml" "$work/whole.yaml"
does_not_start "no site file" 'site.yaml: No such file.*-c names another' 2
ln -s nowhere "$site/site.yaml"
does_not_start "a link to nowhere in its place" 'site.yaml: No such file.*-c names another' 2
ln -sf site.yaml "$site/site.yaml"
does_not_start "a link to itself" 'site.yaml: Too many levels of symbolic links' 2
# instead NAME PATTERN EXIT COMMAND…: the command's output is the site file
instead() { rm -rf "$site/site.yaml"; "${@:4}" > "$site/site.yaml"; does_not_start "$1" "$2" "$3"; }
instead "100 MB of text" '^site.yaml: a site file has at most 1048576 bytes' 1 head -c 100000000 <(yes '# more')
instead "100,000 cameras" '^site.yaml: a site file has at most 1048576 bytes' 1 seq -f '  c%g: {source: "rtsp://192.0.2.1/"}' 100000
instead "80,000 cameras that fit" '^site.yaml:[0-9]+:1: 80000 cameras: at most 1000 are possible' 1 sh -c "cat '$work/whole.yaml'; echo; seq -f '  c%g:' 79999"
instead "maps in maps in maps" '^site.yaml:1:[0-9]+: nested more than 16 deep' 1 sh -c "yes '{a: ' | head -100000 | tr -d '\\n'"
instead "UTF-16" '^site.yaml:1:1: not text in UTF-8' 1 printf '\377\376s\000i\000'
instead "NULs" '^site.yaml:1:7: not text in UTF-8: control characters' 1 printf 'site: \000a\n'
instead "nothing" '^site.yaml:1:1: "site" is missing' 1 true
chmod 000 "$site/site.yaml"
does_not_start "one that nobody may read" 'site.yaml: Permission denied; the user that runs casemate must be able to read it' 2 setpriv --bounding-set=-all --inh-caps=-all
rm "$site/site.yaml" && mkdir "$site/site.yaml"
does_not_start "a folder in its place" 'site.yaml: this is not a file' 1
rmdir "$site/site.yaml" && ln -s /dev/zero "$site/site.yaml"
does_not_start "a device in its place" 'site.yaml: this is not a file' 1
rm "$site/site.yaml" && mkfifo "$site/site.yaml"
does_not_start "a named pipe in its place" 'site.yaml: this is not a file' 1
rm "$site/site.yaml"

note "keys"
make_site keys
site_camera gate "$good_source"
chmod 000 "$site/site.key"
# root reads everything unless it gives that up
does_not_start "an unreadable key" '^site.yaml:4:6: key: .*site.key.*must be able to read' 1 setpriv --bounding-set=-all --inh-caps=-all
chmod 600 "$site/site.key"
mv "$site/site.key" "$work/site.key"
does_not_start "no key" 'site.key.*casemate keygen' 1
printf 'this is no key\n' > "$work/garbage"
chmod 600 "$work/garbage"
# broken NAME FILE ROLE: the file is garbage; the role says so, the others run, and the file put right mends it without a restart
broken() {
    local end
    [ "$site/$2" -ef "$work/$2" ] || mv "$site/$2" "$work/$2" 2> /dev/null
    cp "$work/garbage" "$site/$2"
    run_server
    wait_for 60 streaming gate && ok "$1: the camera is taken" || not_ok "$1: the camera is not taken"
    end=$(st ".roles[] | select(.role == \"$3\") | .last_end" | head -1)
    matches "$1: status says it with the mend" "$end" 'PEM.*casemate keygen'
    check "$1: the log says it" log_says " $3" why= 'casemate keygen'
    equal "$1: no other role ends" "$(grep role-ended "$site/log" | grep -v "role=$3 ")" ''
    cp "$work/$2" "$site/$2"
    wait_for 25 st_is '[.roles[] | select(.state != "running")] | length' 0 && ok "$1: put right, every role runs" || not_ok "$1: put right, but: $(st '.roles[] | [.role, .state, .last_end]')"
    plays gate "$1: put right, the camera is recorded"
    wait_for 60 listed && ok "$1: put right, viewers are served" || not_ok "$1: put right, but no playlist"
    stop_server
    check "$1: the archive verifies" verify
    rm -f "$site/log"
}
mv "$work/site.key" "$site/site.key"
for f in tls.crt tls.key site.key; do
    mv "$site/$f" "$work/$f"
    (umask 077 && truncate -s 50G "$site/$f")
    does_not_start "50 GB in place of $f" "^site.yaml:[34]:[0-9]+: .*$f has more than 1048576 bytes" 1
    mv -f "$work/$f" "$site/$f"
done
broken "a key that is none" site.key sign
broken "a TLS key that is none" tls.key serve
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
mounts=('/jpeg=( videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=10/1 ! jpegenc ! rtpjpegpay name=pay0 )')
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
sick locked wrong-password 'user: and password_file:'
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
retry=$(grep 'camera-lost camera=locked' "$site/log" | sed -n 's/.*retry_ms=\([0-9]*\).*/\1/p' | head -1)
if [ "${retry:-0}" -ge 20000 ]; then ok "camera locked: to be tried again only after $retry ms"; else not_ok "camera locked: to be tried again after $retry ms already"; fi
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
if wait_for 60 listed; then took=$(($(now_ms) - at)); else took=60000; fi
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
    # Without room the log cannot be opened, and nothing is shown that is not logged. Everything else runs, and waits.
    told() { st '.roles[] | select(.role == "store") | .last_end' | grep -q full; }
    wait_for 60 told
    matches "disk full at start: status says it with the mend" "$(st '.roles[] | select(.role == "store") | .last_end')" 'No space left.*disk is full'
    check "disk full at start: the log says it" log_says ' store ' 'No space left' 'mend="the disk is full'
    wait_for 60 streaming gate && ok "disk full at start: the camera is taken" || not_ok "disk full at start: $(status | jq -c .cameras[0])"
    page=$(curl -s --cacert "$site/tls.crt" -o /dev/null -w '%{http_code}' --max-time 5 "https://127.0.0.1:$port/login")
    equal "disk full at start: the page is there" "$page" 200
    rm "$work/tmpfs/full"
    wait_for 25 listed && ok "room again: viewers are served" || not_ok "room again: no playlist"
    plays gate "room again: the camera is recorded"
    # and full once more, while it runs
    cat /dev/zero > "$work/tmpfs/full" 2> /dev/null
    alarmed() { [ "$(st .archive.alarm)" != null ]; }
    wait_for 20 alarmed
    matches "disk full while running: status says it" "$(st .archive.alarm)" '[Ff]ull|[Ss]pace'
    plays gate "disk full while running: the picture goes on"
    wait_for 60 listed && ok "disk full while running: viewers are served" || not_ok "disk full while running: no playlist"
    sed -i 's/max_size: 2 GB/max_size: 3 GB/' "$site/site.yaml"
    check "disk full while running: a reload is taken" timeout 60 "$casemate" reload -s "$site/casemate.sock"
    check "disk full while running: and in force" wait_for 60 st_is .archive.max_bytes 3000000000
    rm "$work/tmpfs/full"
    wait_for 30 st_is .archive.alarm null && ok "room again: the alarm ends" || not_ok "room again: still $(st .archive.alarm)"
    plays gate "room again: the camera goes on"
    stop_server
    check "the archive verifies" verify "$work/tmpfs/archive"
else
    rmdir "$work/tmpfs"
    skip "disk full: no small disk may be mounted here"
fi
finish
