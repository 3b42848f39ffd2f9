#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/soak/reconnect.sh MINUTES [CSV]
# One camera that ends its connection every 20 s, and one that stays but whose clock is 200 ppm fast. After each reconnect the memory and
# the descriptors of all roles are written to CSV (default: reconnect.csv here), with the distance between the second camera's clock and
# the times in its playlist. Memory is Pss without the pages of programs and libraries, which are shared with whatever else runs; pss_kb has
# them. Says at the end whether memory and descriptors stayed flat: the median of the last quarter of the samples against that of the
# first, without the two minutes in which the live window fills. Not part of ./bootstrap check: 120 minutes are meant.
[[ ${1-} =~ ^[0-9]+$ ]] || { sed -n '3,8s/^# //p' "$0" >&2; exit 2; }
minutes=$1
csv=$(readlink -f "${2:-reconnect.csv}")
source "$(dirname "$0")/../system/lib.sh"
wants jq curl ss node ffmpeg

session_s=20
flat_percent=5 flat_kb=2048             # growth that counts as none, whichever is more
clock_ms=50

clip_h264 clip.h264
clip_sound clip.aac 16000 -c:a aac -b:a 32k -f adts
jq -n --arg v "h264:$work/clip.h264" --arg a "aac:$work/clip.aac" --argjson ms $((session_s * 1000)) '[
    {name: "flap", video: $v, audio: $a, sessionMs: $ms},
    {name: "steady", video: $v, clockPpm: 200, wholeSeconds: true}]' > "$work/cameras.json"
start_scripted "$work/cameras.json"
make_site
sed -i 's/max_size: .*}/max_size: 100 MB}/' "$site/site.yaml"
site_camera flap "rtsp://127.0.0.1:${scripted_port[flap]}/cam"
printf '  steady:\n    source: rtsp://127.0.0.1:%s/cam\n' "${scripted_port[steady]}" >> "$site/site.yaml"
start_server flap steady

# usage: "ROLE KB FDS PSS-KB" for each role
usage() {
    local role pid
    st '.roles[] | select(.pid > 0) | "\(.role) \(.pid)"' | while read -r role pid; do
        printf '%s %s %s %s\n' "$role" "$(awk '/^Pss_(Anon|Shmem):/ {n += $2} END {print n}' "/proc/$pid/smaps_rollup")" \
            "$(find "/proc/$pid/fd" -mindepth 1 | wc -l)" "$(awk '$1 == "Pss:" {print $2}' "/proc/$pid/smaps_rollup")"
    done
}

# The camera takes a key frame at each whole second of its clock, and segments begin with one: what is left of a second is the distance, in ms.
clock_off() {
    local time ms
    time=$(get /live/steady/copy/index.m3u8 2> /dev/null | sed -n 's/^#EXT-X-PROGRAM-DATE-TIME://p' | tail -1)
    [ -n "$time" ] || return 0
    ms=$(date -d "$time" +%s%3N)
    echo $(((ms + 500) % 1000 - 500))
}

median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : int((v[NR / 2] + v[NR / 2 + 1]) / 2)}'; }
column() { awk -F, -v i="$1" 'NR > 1 && $1 >= 120 {print $i}' "$csv"; }

echo 'seconds,reconnects,memory_kb,fds,clock_off_ms,pss_kb,ingest_kb,store_kb,transcode_kb,serve_kb,sign_kb,parent_kb' > "$csv"
ends=$((SECONDS + minutes * 60)) start=$SECONDS reconnects=0
while [ $SECONDS -lt $ends ]; do
    wait_for 90 seen_at_least flap '.what == "playing"' $((reconnects + 1)) || { not_ok "the camera was not dialled again within 90 s"; break; }
    reconnects=$(seen flap '.what == "playing"')
    sleep 8
    usage > "$work/usage"
    awk -v t=$((SECONDS - start)) -v n="$reconnects" -v off="$(clock_off)" '{kb += $2; fds += $3; pss += $4; of[$1] += $2}
        END {print t "," n "," kb "," fds "," off "," pss "," of["ingest"] "," of["store"] "," of["transcode"] "," of["serve"] "," of["sign"] "," of["casemate"]}' \
        "$work/usage" >> "$csv"
done

samples=$(column 1 | wc -l)
quarter=$((samples / 4))
[ $quarter -ge 2 ] || bail "$samples samples are too few for a verdict"
note "$samples samples over $((SECONDS - start)) s, $reconnects connections: $csv"
first=$(column 3 | head -n $quarter | median) last=$(column 3 | tail -n $quarter | median)
may=$((first * flat_percent / 100 > flat_kb ? first * flat_percent / 100 : flat_kb))
note "memory: median of the first quarter $first kB, of the last $last kB"
check "memory is flat" [ $((last - first)) -le $may ]
first=$(column 4 | head -n $quarter | median) last=$(column 4 | tail -n $quarter | median)
note "descriptors: median of the first quarter $first, of the last $last"
check "descriptors are flat" [ $((last - first)) -le 1 ]
worst=$(column 5 | grep . | tr -d - | sort -n | tail -1)
note "clock 200 ppm fast: the playlist's times are at most ${worst:-?} ms from the camera's clock"
check "the playlist's times keep to the camera's clock" [ "${worst:-1000}" -le $clock_ms ]
equal "no role ended on the way" "$(grep -c role-ended "$site/log")" 0
finish
