#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing leaves the box but to configured cameras and connected viewers: server, cameras and viewers in network namespaces of their own, a
# default route that would carry anything anywhere, and the peers' own captures of a whole scenario: start, cameras by TCP and UDP, hostile ones,
# viewers by HTTP/1.1 and HTTP/2, with a password or a certificate, who reads metrics, crashes of every role, a changed site file, stop. The
# same scenario with two roles that leak must be caught.
# takes: 36 s
if [ -z "${IN_NAMESPACE:-}" ]; then
    how=(unshare -n)
    [ "$(id -u)" = 0 ] || how=(unshare -Urn)
    if "${how[@]}" ip link set lo up 2> /dev/null; then
        IN_NAMESPACE=1 exec "${how[@]}" bash "$0" "$@"
    fi
fi
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg ip nsenter unshare tcpdump
[ -n "${IN_NAMESPACE:-}" ] || skip_all "no right to make a network namespace"

camera_ip=10.78.0.1 server_cam_ip=10.78.0.2 viewer_ip=10.79.0.1 server_view_ip=10.79.0.2
nobody_ip=203.0.113.99          # where leaks go: the default route leads to the viewers' side

no_ipv6() { "$@" sh -c 'for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > "$f"; done' 2> /dev/null; }
in_a_namespace() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/$$/ns/net)" ]; }
# far_end NAME ADDRESS OUR-ADDRESS: a namespace behind a line; sets far_pid
far_end() {
    unshare -n sleep 900 &
    far_pid=$!
    started_pids+=($far_pid)
    wait_for 5 in_a_namespace $far_pid || bail "no namespace for $1"
    ip link add name "$1" type veth peer name "far-$1" && ip link set "far-$1" netns $far_pid || skip_all "no virtual Ethernet here"
    no_ipv6 nsenter -t $far_pid -n
    nsenter -t $far_pid -n ip addr add "$2" peer "$3/32" dev "far-$1"
    nsenter -t $far_pid -n ip link set "far-$1" up
    nsenter -t $far_pid -n ip link set lo up
    ip addr add "$3" peer "$2/32" dev "$1"
    ip link set "$1" up
}
ip link set lo up
far_end cameras $camera_ip $server_cam_ip
in_cameras=(nsenter -t "$far_pid" -n)
far_end viewers $viewer_ip $server_view_ip
in_viewers=(nsenter -t "$far_pid" -n)
no_ipv6 env
ip route add default via $viewer_ip dev viewers
"${in_cameras[@]}" ip addr add 10.78.0.9/32 dev far-cameras    # where hostile cameras point

# What leaves, as the kernel counts it on the server's own interfaces, beside the captures of the others
counted=''
if command -v nft > /dev/null && nft add table netdev egress 2> /dev/null; then
    counted=yes
    for line in cameras viewers; do
        nft add chain netdev egress "$line" "{ type filter hook egress device $line priority 0; }" 2> /dev/null || counted=''
    done
fi

clip_h264 clip.h264
printf 'secret\n' > "$work/camera-password"
chmod 600 "$work/camera-password"
jq -n --arg ip $camera_ip --arg v "h264:$work/clip.h264" '
    [{name: "trap", trap: true, address: "10.78.0.9"}] +
    ([{name: "tcp", transports: ["tcp"]}, {name: "udp", transports: ["udp"]}, {name: "late", transports: ["udp"]},
      {name: "redirect", hostile: "redirect", elsewhere: "trap", auth: {user: "viewer", password: "secret", challenges: ["Digest SHA-256 auth"]}},
      {name: "control-elsewhere", hostile: "control-elsewhere", elsewhere: "trap", auth: {user: "viewer", password: "secret", challenges: ["Basic"]}},
      {name: "udp-elsewhere", hostile: "udp-elsewhere", transports: ["udp"]}, {name: "mutated", hostile: "mutated"}] |
     map({address: $ip, video: $v} + .))' > "$work/cameras.json"
scripted_in=("${in_cameras[@]}")
start_scripted "$work/cameras.json"

# capture NAME: both peers write down what reaches them; captured NAME ends it
capture() {
    captures=()
    local side
    for side in cameras viewers; do
        local -n there=in_$side
        "${there[@]}" tcpdump -n -U -Z root -i "far-$side" -Q in -w "$work/$1-$side.pcap" 2> "$work/$1-$side.err" &
        captures+=($!)
        started_pids+=($!)
        wait_for 10 grep -q 'listening on' "$work/$1-$side.err" || skip_all "tcpdump cannot listen: $(tail -1 "$work/$1-$side.err")"
    done
    # and on loopback, where nothing of ours has any business but this test's own questions, to the metrics that are in clear text there
    tcpdump -n -U -Z root -i lo -w "$work/$1-lo.pcap" 2> "$work/$1-lo.err" &
    captures+=($!)
    started_pids+=($!)
    wait_for 10 grep -q 'listening on' "$work/$1-lo.err"
}
captured() {
    local p
    sleep 0.5
    for p in "${captures[@]}"; do end_process "$p" INT; done
}

ask=(timeout 10 curl -sS -o /dev/null -w '%{http_version}:%{http_code}\n')
from_viewers() { "${in_viewers[@]}" "${ask[@]}" --cacert "$site/tls.crt" "$@"; }
watch_a_little() {
    local c at=https://$server_view_ip:$port n version
    local -a admin=(-K "$site/curlrc") anna=(--cert "$site/anna.crt" --key "$site/anna.key")
    local -a elsewhere=(-H 'Host: 203.0.113.99' -H 'X-Forwarded-Host: 203.0.113.99' -H 'Referer: https://203.0.113.99/')
    for version in --http1.1 --http2; do
        for c in tcp udp; do
            from_viewers $version "${admin[@]}" "$at/live/$c/index.m3u8"
            from_viewers $version "${anna[@]}" "$at/live/$c/index.m3u8"
            n=$(newest $c copy)
            # by HTTP/2 as two streams of one connection
            from_viewers $version --no-progress-meter -Z "${admin[@]}" "$at/live/$c/360p/index.m3u8" -o /dev/null "$at/live/$c/copy/$n.m4s"
        done
        from_viewers $version "$at/"
        from_viewers $version -u nobody:wrong "$at/live/tcp/index.m3u8"
        from_viewers $version "${admin[@]}" "${elsewhere[@]}" "$at/log/checkpoint"
    done
    from_viewers "${admin[@]}" "https://$server_view_ip:$metrics/metrics"
    from_viewers "${elsewhere[@]}" "https://$server_view_ip:$metrics/metrics"
    "${ask[@]}" "http://127.0.0.1:$metrics/metrics"
}

# scenario: the whole of it, by whatever $casemate is
scenario() {
    local role n
    make_site "$1"
    metrics=$(free_port)
    (cd "$site" && "$casemate" keygen --tls localhost $server_view_ip -o tls2 && "$casemate" keygen --tls-ca Clients -o clients &&
        "$casemate" keygen --tls-client anna@museum.example -o anna --ca clients) > "$site/keygen.out" 2>&1 || bail "keygen: $(cat "$site/keygen.out")"
    sed -i "s/^listen: .*/listen: \"$server_view_ip:$port\"\nmetrics: [\"$server_view_ip:$metrics\", \"127.0.0.1:$metrics\"]/
        s/^tls: .*/tls: {certificate: tls2.crt, key: tls2.key, client_ca: clients.crt}/
        s/^users:/groups: {admins: {rights: [live, history, admin], cameras: \"*\"}}\n&/
        s/^  - name: $user/&\n    groups: [admins]/
        s/^cameras:/  - {name: anna, groups: [admins], certificate: anna@museum.example}\n&/" "$site/site.yaml"
    cp "$site/tls2.crt" "$site/tls.crt"
    for n in $(jq -r '.[] | select(.trap or .name == "late" | not) | .name' "$work/cameras.json"); do
        site_camera "$n" "rtsp://$camera_ip:${scripted_port[$n]}/cam"
        case $n in
        udp*) printf '    transport: udp\n' ;;
        redirect | control-elsewhere) printf '    user: viewer\n    password_file: ../camera-password\n' ;;
        esac >> "$site/site.yaml"
    done
    cp "$site/site.yaml" "$work/without-nobody.yaml"
    site_camera nobody-there "rtsp://$camera_ip:9/cam"
    start_server tcp udp
    wait_for 15 newest_at_least tcp 360p 2
    equal "$1: viewers are served, one without a password is not" "$(watch_a_little | sort | uniq -c | awk '{printf "%s*%s ", $1, $2}')" \
        '11*1.1:200 1*1.1:401 11*2:200 2*2:401 '
    for role in ingest transcode store sign serve; do
        # shellcheck disable=SC2046
        kill -KILL $(st ".roles[] | select(.role == \"$role\") | .pid")
        wait_for 20 streaming tcp
        sleep 1
    done
    wait_for 20 streaming udp
    # another site file: a camera comes, one that was never there goes, the others stay
    cp "$work/without-nobody.yaml" "$site/site.yaml"
    site_camera late "rtsp://$camera_ip:${scripted_port[late]}/cam"
    check "$1: a changed site file is taken" timeout 20 "$casemate" reload -s "$site/casemate.sock"
    check "$1: the camera that came streams" wait_for 30 newest_at_least late copy 2
    watch_a_little > "$work/$1-codes"
    stop_server
}

# What each peer may hear. UDP ports are those that the cameras named; a port of the kernel's own choice is nowhere.
allowed() {
    local tcp='' udp='' n
    for n in $(jq -r '.[] | select(.trap | not) | .name' "$work/cameras.json"); do
        tcp+=" or dst port ${scripted_port[$n]}"
    done
    for n in $(jq -r 'select(.what == "ports") | .ports[]' "$scripted_log" | sort -un); do
        udp+=" or dst port $n"
    done
    case $1 in
    cameras) echo "arp or (src host $server_cam_ip and dst host $camera_ip and ((tcp and (dst port 9$tcp)) or (udp and (dst port 0$udp)) or (icmp[icmptype] == icmp-unreach)))" ;;
    viewers) echo "arp or (src host $server_view_ip and dst host $viewer_ip and tcp and (src port $port or src port $metrics) and not (tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn))" ;;
    lo) echo "not ip or (tcp port $metrics and ((dst port $metrics and src portrange 32768-60999) or (src port $metrics and not (tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn))))" ;;
    esac
}
packets() { tcpdump -n -r "$1" "${@:2}" 2> /dev/null | wc -l; }
# strangers NAME: what was captured and is not allowed
strangers() {
    local side
    for side in cameras viewers lo; do
        tcpdump -n -r "$work/$1-$side.pcap" "not ($(allowed $side))" 2> /dev/null | sed "s/^/$side: /" | head -20
        tcpdump -n -r "$work/$1-$side.pcap" "arp and not (host $camera_ip or host $server_cam_ip or host $viewer_ip or host $server_view_ip)" 2> /dev/null | sed "s/^/$side: /"
    done
}

scripted_told_ports() { [ -n "$(jq -r 'select(.what == "ports") | .ports[]' "$scripted_log" | head -1)" ]; }

capture honest
[ -z "$counted" ] || for line in cameras viewers; do
    case $line in
    cameras) nft add rule netdev egress $line ip daddr $camera_ip accept ;;
    viewers) nft add rule netdev egress $line ip daddr $viewer_ip tcp sport 1024-65535 accept ;;
    esac
    nft add rule netdev egress $line ether type ip counter
    nft add rule netdev egress $line ether type ip6 counter
done
scenario site
captured
check "the cameras say which ports they named" scripted_told_ports
check "the captures hold the scenario: $(packets "$work/honest-cameras.pcap") packets to cameras, $(packets "$work/honest-viewers.pcap") to viewers, $(packets "$work/honest-viewers.pcap" "src port $metrics") of metrics" \
    [ "$(packets "$work/honest-cameras.pcap" "tcp")" -gt 100 -a "$(packets "$work/honest-cameras.pcap" "udp")" -gt 1 -a "$(packets "$work/honest-viewers.pcap" tcp)" -gt 50 \
    -a "$(packets "$work/honest-viewers.pcap" "src port $metrics")" -gt 10 -a "$(packets "$work/honest-lo.pcap" "src port $metrics")" -gt 4 ]
equal "not one packet that is not configured" "$(strangers honest)" ''
equal "nobody came to where the cameras pointed" "$(seen trap '.what == "trapped"')" 0
if [ -n "$counted" ]; then
    equal "the kernel counted none on the way out either" "$(nft list table netdev egress | grep -o 'counter packets [0-9]*' | awk '{n += $3} END {print n + 0}')" 0
    nft delete table netdev egress
else
    skip "no counters of what leaves (nftables, netdev egress)"
fi

# The same with roles that leak once before they do their work: by UDP to nobody, and by TCP to a camera's host.
leaky=$work/leaky
mkdir -p "$leaky/libexec/casemate"
cp "$casemate" "$leaky/"
for program in "$build"/libexec/casemate/*; do
    name=$(basename "$program")
    cp "$program" "$leaky/libexec/casemate/"
    case $name in
    serve) way="udp $nobody_ip 53" ;;
    ingest) way="tcp $camera_ip 4444" ;;
    *) continue ;;
    esac
    mv "$leaky/libexec/casemate/$name" "$leaky/libexec/casemate/honest-$name"
    cp "$build/tests/taken/leak" "$leaky/libexec/casemate/$name"
    printf '%s\n' "$way" > "$leaky/libexec/casemate/leak-$name"
done
casemate=$leaky/casemate
capture leaky
scenario leaky-site
captured
found=$(strangers leaky)
matches "a serve that leaks is caught" "$found" "^viewers: .* $nobody_ip\.53: "
matches "an ingest that leaks is caught" "$found" "^cameras: .* $camera_ip\.4444: "
finish
