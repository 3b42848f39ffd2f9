# SPDX-License-Identifier: GPL-2.0-or-later
# What the system tests share: a site in a temporary folder, cameras and servers started and surely ended, conditions waited for with
# a deadline, results as `ok NAME`, `not ok NAME: what was seen`, `skip NAME: why`. Sourced by t-*.sh; never run by itself.
# CASEMATE_BUILD names the build folder (default: build beside the sources).
# shellcheck shell=bash
set -uo pipefail
export LC_ALL=C

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(readlink -f "$here/../..")
build=$(readlink -f "${CASEMATE_BUILD:-$top/build}")
casemate=$build/casemate
gst_camera=$build/tests/system/gst-camera
gst_viewer=$build/tests/system/gst-viewer
test_name=$(basename "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/casemate-$test_name.XXXXXX")
began=$SECONDS
passed=0 failed=0 skipped=0
started_pids=()         # every process of ours that cleanup must end
ended_checks='at any place'

ok() { passed=$((passed + 1)); printf 'ok %s\n' "$*"; }
not_ok() { failed=$((failed + 1)); printf 'not ok %s\n' "$*"; }
skip() { skipped=$((skipped + 1)); printf 'skip %s\n' "$*"; }
note() { printf '# %s\n' "$*"; }

# check NAME COMMAND…: passes when the command does; what it printed is shown when it does not.
check() {
    local name=$1 seen
    shift
    if seen=$("$@" 2>&1); then
        ok "$name"
    else
        not_ok "$name: $* said: $(tail -c 600 <<< "$seen" | tr '\n' '|')"
        return 1
    fi
}

# equal NAME SEEN EXPECTED
equal() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: expected '$3', saw '$2'"; return 1; fi
}

# matches NAME TEXT PATTERN: some line of the text matches the extended regular expression.
matches() {
    if grep -qE -- "$3" <<< "$2"; then ok "$1"; else not_ok "$1: nothing like '$3' in: $(tail -c 600 <<< "$2" | tr '\n' '|')"; return 1; fi
}

# wait_for SECONDS COMMAND…: until the command succeeds; fails at the deadline.
wait_for() {
    local deadline=$(($(date +%s%N) + ${1}000000000))
    shift
    until "$@" > /dev/null 2>&1; do
        [ "$(date +%s%N)" -lt $deadline ] || return 1
        sleep 0.1
    done
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# A test that cannot go on.
bail() {
    not_ok "$*"
    exit 1
}

skip_all() {
    skip "$test_name: $*"
    ended_checks=''
    exit 77
}

wants() {
    local c
    for c in "$@"; do
        command -v "$c" > /dev/null || skip_all "$c is not installed"
    done
}

finish() {
    ended_checks=''
    [ $failed = 0 ]
    exit
}

alive() { kill -0 "$1" 2> /dev/null; }
all_gone() {
    local p
    for p in "$@"; do ! alive "$p" || return 1; done
}

# end_process PID [SIGNAL]: asks, waits 15 s, then makes it.
end_process() {
    alive "$1" || return 0
    kill "-${2:-TERM}" "$1" 2> /dev/null
    wait_for 15 all_gone "$1" || kill -KILL "$1" 2> /dev/null
    wait "$1" 2> /dev/null
    true
}

# Processes end before the folder goes. Roles end with their parent; one that did not would be found here by what it is.
cleanup() {
    local rc=$? p
    trap - EXIT
    [ -z "$ended_checks" ] || not_ok "$test_name: ended before its end, $ended_checks"
    [ $failed = 0 ] || rc=1  # whatever a test does at its end
    for p in "${started_pids[@]}"; do end_process "$p"; done
    wait 2> /dev/null
    if [ $failed != 0 ] && [ -n "${KEEP_FAILED:-}" ]; then
        note "kept: $work"
    else
        [ ! -d "$work/tmpfs" ] || umount "$work/tmpfs" 2> /dev/null
        # never into a mount, whatever became of the line above
        rm -rf --one-file-system "$work"
    fi
    printf '# %s: %d ok, %d not ok, %d skipped, %d s\n' "$test_name" $passed $failed $skipped $((SECONDS - began))
    exit $rc
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A port that nobody has, below those that the kernel gives out itself, so that it stays free while a server is down: never the same
# twice in a test, and from this test's own thousands when tests/run-all runs several at a time (CASEMATE_SLOT).
free_port() {
    local port from=10000 many=20000
    [ -z "${CASEMATE_SLOT:-}" ] || from=$((10000 + CASEMATE_SLOT % 10 * 2000)) many=2000
    for _ in $(seq 200); do
        port=$((from + RANDOM % many))
        if ss -Hltn "sport = :$port" | grep -q . || ! mkdir "$work/port-$port" 2> /dev/null; then continue; fi
        echo $port
        return
    done
    return 1
}

# The certificate and the two keys are made once a test; each site in it has a copy.
make_site() {
    site=$work/${1:-site}
    port=$(free_port)
    user=admin
    password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
    mkdir "$site"
    chmod 700 "$site"
    (cd "$site" && timeout 20 "$casemate" keygen test.example/casemate -o site.key && timeout 20 "$casemate" keygen --tls localhost 127.0.0.1 -o tls) \
        > "$site/keygen.out" 2>&1 || bail "keygen: $(cat "$site/keygen.out")"
    printf '%s\n' "$password" > "$site/password"
    printf 'user = "%s:%s"\n' $user "$password" > "$site/curlrc"
    chmod 600 "$site/password" "$site/curlrc"
    cat > "$site/site.yaml" <<END
site: test.example/casemate
listen: "127.0.0.1:$port"
tls: {certificate: tls.crt, key: tls.key}
key: site.key
archive: {path: archive, max_size: 2 GB}
users:
$(timeout 20 "$casemate" passwd $user < "$site/password")
cameras:
END
    chmod 600 "$site/site.yaml"
}

# site_camera NAME SOURCE [LINE…]: adds a camera with a small rendition.
site_camera() {
    printf '  %s:\n    source: %s\n    renditions:\n      360p: {size: 640x360, bitrate: 600 kb/s}\n' "$1" "$2" >> "$site/site.yaml"
    shift 2
    [ $# = 0 ] || printf '    %s\n' "$@" >> "$site/site.yaml"
}

# sign_renditions: those that site_camera has added so far are signed inside their streams as well.
sign_renditions() {
    (cd "$site" && timeout 20 "$casemate" keygen --media-signing test.example -o media) > "$site/media.out" 2>&1 || bail "keygen: $(cat "$site/media.out")"
    sed -i 's|^key: .*|&\nmedia_signing: {key: media.key, certificate: media.crt}|; s|\(360p: {.*\)}|\1, sign: onvif}|' "$site/site.yaml"
}

# start_camera [ARGUMENT…]: the built-in test camera; sets camera_source to its address and camera_pid.
start_camera() {
    local out
    out=$(mktemp "$work/camera.XXXXXX")
    "$casemate" camera --listen 127.0.0.1:0 "$@" > "$out" 2> "$out.err" &
    camera_pid=$!
    started_pids+=("$camera_pid")
    wait_for 60 grep -q '^rtsp://' "$out" || bail "casemate camera $*: $(cat "$out.err")"
    camera_source=$(grep -o 'rtsp://[^ ]*' "$out" | head -1)
}

# start_gst_camera ARGUMENT…: sets gst_port.
start_gst_camera() {
    local out
    out=$(mktemp "$work/gst.XXXXXX")
    "$gst_camera" "$@" > "$out" 2> "$out.err" &
    started_pids+=($!)
    wait_for 60 grep -q '^[0-9]' "$out" || bail "gst-camera $*: $(cat "$out.err")"
    gst_port=$(head -1 "$out")
}

# make_clip NAME FFMPEG-ARGUMENT…: makes $work/NAME with ffmpeg, once.
make_clip() {
    local file=$work/$1
    shift
    [ -s "$file" ] || timeout 120 ffmpeg -v error -nostdin -y "$@" "$file" || bail "ffmpeg cannot make $file"
}

# clip_h264 NAME [X264-ARGUMENT…], clip_h265 NAME [X265-PARAMETERS]: a moving test picture, 320x180, 10 a second, a key frame each second.
clip_h264() {
    make_clip "$1" -f lavfi -i testsrc2=size=320x180:rate=10 -t 20 -c:v libx264 -profile:v baseline -g 10 -b:v 200k "${@:2}" \
        -bsf:v h264_metadata=aud=insert -f h264
}
clip_h265() {
    make_clip "$1" -f lavfi -i testsrc2=size=320x180:rate=10 -t 20 -c:v libx265 -preset ultrafast -b:v 200k \
        -x265-params "log-level=error:keyint=10:min-keyint=10:bframes=0${2:+:$2}" -bsf:v hevc_metadata=aud=insert -f hevc
}
# clip_sound NAME RATE FFMPEG-ARGUMENT…: a tone of 1 kHz, mono
clip_sound() { make_clip "$1" -f lavfi -i sine=frequency=1000 -t 20 -ac 1 -ar "$2" "${@:3}"; }

# start_scripted CAMERAS.json: scripted-camera.mjs with these; sets scripted_port[NAME], scripted_log. `tell NAME ORDER` orders it about.
declare -A scripted_port
scripted_in=()           # a command to run it under, in a namespace say
start_scripted() {
    local out name p
    out=$(mktemp "$work/scripted.XXXXXX")
    scripted_log=$out.log
    mkfifo "$out.orders"
    exec {scripted_orders}<> "$out.orders"
    "${scripted_in[@]}" node "$here/scripted-camera.mjs" "$1" "$scripted_log" < "$out.orders" > "$out" 2> "$out.err" &
    scripted_pid=$!
    started_pids+=("$scripted_pid")
    wait_for 60 grep -q '^ready' "$out" || bail "the scripted cameras do not start: $(cat "$out.err")"
    while read -r name p; do
        [ "$name" = ready ] || scripted_port[$name]=$p
    done < "$out"
}
tell() { printf '%s\n' "$*" >&$scripted_orders; }
# seen CAMERA JQ-CONDITION: how many of its events are so.  `seen gate '.what == "playing"'`
seen() { jq -c --arg c "$1" "select(.camera == \$c and ($2))" "$scripted_log" | wc -l; }
seen_at_least() { [ "$(seen "$1" "$2")" -ge "$3" ]; }

# run_server: starts the site; sets server. A second start adds to the same log.
run_server() {
    (cd "$site" && exec "$@" "$casemate" run -c site.yaml) >> "$site/log" 2>&1 &
    server=$!
    started_pids+=("$server")
}

stop_server() {
    end_process "$server"
}

# kill_server: all at once. Its roles end by themselves, and until then nobody else gets the archive.
kill_server() {
    local roles
    mapfile -t roles < <(role_pids)
    kill -KILL "$server"
    wait "$server" 2> /dev/null
    wait_for 60 all_gone "${roles[@]}" || not_ok "roles live on without their server"
}

status() { timeout 10 "$casemate" status -s "$site/casemate.sock" --json; }
st() { status | jq -r "$1"; }
st_is() { [ "$(st "$1")" = "$2" ]; }
st_at_least() { [ "$(st "$1")" -ge "$2" ]; }
streaming() { st_is ".cameras[] | select(.name == \"$1\") | .state" streaming; }
newest() { st "[.cameras[] | select(.name == \"$1\") | .renditions[] | select(.name == \"$2\") | .newest][0]"; }
newest_at_least() { [ "$(newest "$1" "$2")" -ge "$3" ]; }
role_pids() { st ".roles[] | select(.role != \"casemate\") | .pid | select(. > 0)"; }

# start_server CAMERA…: runs the site until these cameras stream.
start_server() {
    local c
    run_server
    for c in "$@"; do
        wait_for 60 streaming "$c" || bail "camera $c does not stream: $(status | jq -c .cameras) $(tail -5 "$site/log")"
    done
}

# get PATH [CURL-ARGUMENT…]: as the site's user; the password stands in a file, not where ps shows it.
get() {
    local path=$1
    shift
    timeout 15 curl -sS --fail --cacert "$site/tls.crt" -K "$site/curlrc" "$@" "https://127.0.0.1:$port$path"
}

# watch_ends USER PASSWORD CAMERA: that user watches by HTTP/1.1, HTTP/2 and, at $rtsps, RTSPS. watch_ended WHAT SINCE-MS: each was ended, and when.
watch_ends() {
    node "$here/watch-end.mjs" "$port" "$rtsps" "$site/tls.crt" "$@" > "$work/watch-end" 2>&1 &
    started_pids+=($!)
    check "$1 watches in three ways" wait_for 60 grep -q '^watching' "$work/watch-end" || note "$(tail -3 "$work/watch-end")"
}
watch_ended() {
    check "all three are ended" wait_for 95 grep -q '^http1' "$work/watch-end" || note "$(tail -3 "$work/watch-end")"
    note "after $1: $(awk -v since="$2" '/^http1/ { for (i = 1; i < NF; i += 2) printf "%s%s ended after %d ms", (i > 1 ? ", " : ""), $i, $(i + 1) - since }' "$work/watch-end")"
}

# whole_list: a media playlist without what follows its newest whole segment: parts of the next one, hints, reports.
whole_list() { tac | sed -n '/^[0-9]*\.m4s$/,$p' | tac; }

verify() { timeout 60 "$casemate" verify "${1:-$site/archive}" --key "$site/site.key.pub"; }

[ -x "$casemate" ] || bail "$casemate is not built"
