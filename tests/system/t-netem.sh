#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A bad line between cameras and server, in network namespaces of its own: 2 % of the packets lost, others late and out of order. By UDP
# the stream goes on and the counters say what the line did; by TCP nothing is missing. Where the kernel has no tc netem, bad-link.py is
# the line.
# takes: 37 s
if [ -z "${IN_NAMESPACE:-}" ]; then
    how=(unshare -n)
    [ "$(id -u)" = 0 ] || how=(unshare -Urn)
    if "${how[@]}" ip link set lo up 2> /dev/null; then
        IN_NAMESPACE=1 exec "${how[@]}" bash "$0" "$@"
    fi
fi
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg ip nsenter unshare
[ -n "${IN_NAMESPACE:-}" ] || skip_all "no right to make a network namespace"
ip link set lo up

run_s=30
loss=0.02 late=0.03
camera_ip=10.77.0.1 server_ip=10.77.0.2

unshare -n sleep 600 &
there=$!
started_pids+=($there)
own_namespace() { [ "$(readlink /proc/$there/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; }
wait_for 5 own_namespace || bail "no namespace for the cameras"
in_there=(nsenter -t $there -n)

# The line: veth and netem, or bad0 at both ends
line=netem
ip link add name cam0 type veth peer name bad0 2> /dev/null &&
    ip link set cam0 netns $there && "${in_there[@]}" ip link set cam0 name bad0 &&
    "${in_there[@]}" tc qdisc add dev bad0 root netem delay 10ms loss 2% reorder 97% 2> /dev/null || line=bad-link
if [ $line = bad-link ]; then
    ip link del bad0 2> /dev/null
    wants python3
    [ -c /dev/net/tun ] || skip_all "neither tc netem nor /dev/net/tun"
    python3 "$here/bad-link.py" $there "$work/counts" $loss $late > "$work/line" 2> "$work/line.err" &
    line_pid=$!
    started_pids+=($line_pid)
    wait_for 5 grep -q ready "$work/line" || skip_all "the line cannot be made: $(tail -1 "$work/line.err")"
fi
note "the line: $line"
"${in_there[@]}" ip addr add $camera_ip peer $server_ip/32 dev bad0
"${in_there[@]}" ip link set bad0 up
"${in_there[@]}" ip link set lo up
ip addr add $server_ip peer $camera_ip/32 dev bad0
ip link set bad0 up

make_clip clip.h264 -f lavfi -i testsrc2=size=640x360:rate=25 -t 20 -c:v libx264 -preset veryfast -profile:v baseline -g 25 -b:v 1M \
    -bsf:v h264_metadata=aud=insert -f h264
clip_sound clip.aac 16000 -c:a aac -b:a 32k -f adts
jq -n --arg w "$work" --arg ip $camera_ip '[{name: "udp", audio: "aac:\($w)/clip.aac"}, {name: "tcp"}] |
    map({address: $ip, video: "h264:\($w)/clip.h264", fps: 25, transports: [.name]} + .)' > "$work/cameras.json"
scripted_in=("${in_there[@]}")
start_scripted "$work/cameras.json"
make_site
for n in udp tcp; do
    printf '  %s:\n    source: rtsp://%s:%s/cam\n    transport: %s\n' $n $camera_ip "${scripted_port[$n]}" $n >> "$site/site.yaml"
done
start_server udp tcp
sleep $run_s
say() { st ".cameras[] | select(.name == \"$1\") | $2"; }
wait_for 3 false            # the counters of the last packets
for n in udp tcp; do
    equal "$n: streams, without a break" "$(say $n '[.state, .reconnects] | join(" ")')" "streaming 0"
done
lost=$(say udp .lost) reordered=$(say udp .reordered) duplicates=$(say udp .duplicates)
equal "tcp: nothing is missing" "$(say tcp '[.lost, .reordered, .dropped_by.network] | @csv')" 0,0,0
stop_server

# What the line did is what the counters say.
if [ $line = bad-link ]; then
    end_process $line_pid
    read -r _ crossed _ did_lose _ did_reorder < "$work/counts"
else
    crossed=$("${in_there[@]}" tc -s qdisc show dev bad0 | sed -n 's/.* \([0-9]*\) pkt .*/\1/p' | head -1)
    did_lose=$(jq -s '[.[] | select(.camera == "udp" and .what == "stopped") | .counts[].sent] | add' "$scripted_log" | awk '{printf "%d", $1 * 0.02}')
    did_reorder=$((did_lose * 3 / 2))
fi
note "the line passed $crossed, lost $did_lose, made $did_reorder late; status says lost $lost, reordered $reordered"
# Lost ones at the very end are not known to be lost; what netem drops is told for all traffic together, so it is an estimate.
slack=15
[ $line = bad-link ] || slack=40
near() { awk -v a="$1" -v b="$2" -v p="$3" 'BEGIN {exit !(a >= b * (1 - p / 100) - 3 && a <= b * (1 + p / 100) + 3)}'; }
check "udp: what was lost is counted" near "$lost" "$did_lose" $slack
check "udp: the line did lose" [ "$did_lose" -ge 10 ]
check "udp: what came late was put in its place, and counted" [ "$reordered" -ge $((did_reorder / 3)) ]
equal "udp: no duplicates" "$duplicates" 0
reported=$(jq -r 'select(.camera == "udp" and .what == "rtcp" and (.kinds | index("RR"))) | .lost // 0' "$scripted_log" | sort -n | tail -1)
check "udp: the camera is told what was lost ($reported)" [ "${reported:-0}" -ge $((did_lose / 2)) ]

# Recorded: whole pictures, but those that lost a packet.
for n in udp tcp; do
    folder=$site/archive/footage/$n/copy
    # shellcheck disable=SC2046
    cat "$folder"/init-* $(find "$folder" -name '*.m4s' | sort -V) > "$work/$n.mp4"
    ffmpeg -nostdin -v error -i "$work/$n.mp4" -f null - 2> "$work/$n.err"
done
sent=$(jq -r 'select(.camera == "udp" and .what == "stopped") | .counts[0].pictures' "$scripted_log" | tail -1)
got=$(ffmpeg -nostdin -v error -i "$work/udp.mp4" -map 0:v -c copy -f framemd5 - | grep -vc '^#')
check "udp: $got pictures of $sent are there" [ "$got" -ge $((sent - did_lose - 10)) ]
check "udp: no more decoding errors than losses" [ "$(wc -l < "$work/udp.err")" -le $((did_lose * 3)) ]
equal "tcp: decodes without an error" "$(head -2 "$work/tcp.err")" ''
check "the archive verifies" verify
finish
