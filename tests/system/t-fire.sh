#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Isolation under fire. Workers of some cameras die, a third each of a crash, of an endless loop and of all the memory they may have, each at
# the first picture that its camera sends it; as often as the parent starts them again. It holds a worker back that keeps ending, so one camera
# cannot do that each second for long: several, one after the other, do it together. The cameras beside lose no segment, neither of the copy nor
# of an encoded rendition, keep their workers, and their viewer has their segments as soon as before.
#
# FIRE_S=60 tests/system/t-fire.sh measures for a minute without and a minute with fire, and prints p99 of both; on a machine that does nothing else.
# takes: 60 s
# alone: it measures how long parts take
source "$(dirname "$0")/lib.sh"
source "$here/taken.sh"
wants jq curl ss node ffmpeg

quiet_s=${FIRE_S:-14}
fire_s=${FIRE_S:-24}
margin_ms=2000                  # of p99, for any machine; what a quiet one does is measured with FIRE_S
killers=8 spared=2
[ -z "${FIRE_S:-}" ] || killers=14
each_s=$((fire_s / killers))    # from one camera's first death to the next one's

clip_h264 clip.h264
jq -n --arg v "h264:$work/clip.h264" --argjson n $((killers + spared)) '[range($n) | {name: "c\(.)", transports: ["tcp"], video: $v}]' > "$work/cameras.json"
start_scripted "$work/cameras.json"
make_site
taken_programs "$work/programs" 0
casemate=$work/programs/casemate
for n in $(seq 0 $((killers + spared - 1))); do site_camera "c$n" "rtsp://127.0.0.1:${scripted_port[c$n]}/cam"; done
paths=()
for n in $(seq 0 $((spared - 1))); do paths+=("/live/c$n/copy/index.m3u8" "/live/c$n/360p/index.m3u8"); done

worker() { st ".roles[] | select(.role == \"transcode\" and .index == $1) | .pid"; }
others() { st "[.roles[] | select(.role != \"transcode\" or .index < $spared) | [.role, .index, .pid]]" | jq -c .; }
# viewer FILE SECONDS: sets viewer
viewer() {
    node "$here/delivery.mjs" "$site/tls.crt" "https://127.0.0.1:$port" "$user:$site/password" "$2" "${paths[@]}" > "$1" 2> "$1.err" &
    viewer=$!
    started_pids+=($viewer)
}
# percentiles FILE: median, p99 and how many; p99 is the worst one of less than a hundred
percentiles() { jq -s -r '[.[].delivery_ms] | sort | "\(.[length / 2 | floor]) \(.[length * 0.99 | floor]) \(length)"' "$1"; }

start_server c0
for n in $(seq 0 $((killers + spared - 1))); do wait_for 30 newest_at_least "c$n" 360p 2 || bail "c$n: no segments: $(status | jq -c .cameras)"; done
before=$(others)

note "without fire, for $quiet_s s"
viewer "$work/quiet" "$quiet_s"
wait $viewer || not_ok "the viewer failed: $(tail -1 "$work/quiet.err")"

note "with fire, for $fire_s s"
for n in $(seq 100 3 600); do
    taken_queue "$work/programs" transcode $n camera-crash
    taken_queue "$work/programs" transcode $((n + 1)) camera-loop
    taken_queue "$work/programs" transcode $((n + 2)) camera-memory
done
viewer "$work/fire" "$fire_s"
for n in $(seq $spared $((killers + spared - 1))); do
    kill -KILL "$(worker "$n")"
    sleep $each_s
done
wait $viewer || not_ok "the viewer failed: $(tail -1 "$work/fire.err")"
ended() { grep -c "role-ended role=transcode .*$1" "$site/log"; }
looped() { grep -c 'role-killed role=transcode .*does not get on' "$site/log"; }
out_of_memory() { grep -c 'attack-made name=camera-memory came="refused: ENOMEM"' "$site/log"; }
each_twice() { [ "$(ended 'how="signal 11 (SEGV)"')" -ge 2 ] && [ "$(looped)" -ge 2 ] && [ "$(out_of_memory)" -ge 2 ]; }
held_back() { grep -q 'worker-held-back camera=c[0-9]' "$site/log"; }
enough() { each_twice && held_back && [ "$(ended '')" -ge $((killers * 2)) ]; }
check "workers died in each of the three ways, as often as they were started, and were held back" wait_for 120 enough
taken_queued "$work/programs" | (cd "$work/programs/libexec/casemate/attacks" && xargs rm -f)

note "$(ended '') deaths of workers: $(ended 'how="signal 11 (SEGV)"') by a crash, $(looped) by an endless loop, $(out_of_memory) at the end of their memory"
equal "all others are the same as ever" "$(others)" "$before"
equal "of the cameras beside no worker was held back" "$(grep -cE 'worker-held-back camera=(c0|c1) ' "$site/log")" 0

read -r quiet_p50 quiet_p99 quiet_n < <(percentiles "$work/quiet")
read -r fire_p50 fire_p99 fire_n < <(percentiles "$work/fire")
note "delivery without fire: median $quiet_p50 ms, p99 $quiet_p99 ms, $quiet_n segments"
note "delivery under fire:   median $fire_p50 ms, p99 $fire_p99 ms, $fire_n segments"
note "p99 moved by $(awk -v a="$quiet_p99" -v b="$fire_p99" 'BEGIN { printf "%+.1f %%", (b / a - 1) * 100 }')"
check "a viewer has them at most $margin_ms ms later" [ "$fire_p99" -le $((quiet_p99 + margin_ms)) ]
check "and has them all" jq -s -e 'group_by(.path) | length == 4 and all(map(.number) | .[-1] - .[0] + 1 == length and length >= 5)' "$work/fire"

stop_server
for n in $(seq 0 $((spared - 1))); do
    check "c$n lost no segment of its copy: $(whole "c$n" copy | tail -1)" whole "c$n" copy
    check "nor of its encoded rendition: $(whole "c$n" 360p | tail -1)" whole "c$n" 360p
    check "nor a moment between them, and the archive verifies" no_gap "c$n"
done
for n in $(seq $spared $((killers + spared - 1))); do
    whole "c$n" copy > /dev/null || not_ok "c$n: its copy suffers from its worker: $(whole "c$n" copy | tail -2)"
done
finish
