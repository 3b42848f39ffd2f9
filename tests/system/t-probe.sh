#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# casemate probe: what it says of a camera, why it can't, and a snippet with which the camera is recorded. The password shows nowhere.
# takes: 11 s
# quiet: it measures how often a camera sends a key frame
source "$(dirname "$0")/lib.sh"
wants jq openssl ss

secret="p'a ss\"w\\rd"
printf '%s\n' "$secret" > "$work/camera-password"
printf 'wrong\n' > "$work/wrong-password"
chmod 600 "$work"/*-password
start_camera --user anna --password-file "$work/camera-password"
host=${camera_source#rtsp://} host=${host%%/*}

# probe NAME ARGUMENT…: sets said and rc
probe() {
    said=$(timeout 90 "$casemate" probe "$@" 2>&1 < /dev/null)
    rc=$?
    case $said in *"$secret"*) not_ok "the password is shown: $*" ;; esac
}

probe --seconds 3 --user anna --password-file "$work/camera-password" --name front "$host"
equal "an address alone: exit status" $rc 0
matches "the login" "$said" '^login +Digest SHA-512-256'
matches "the picture" "$said" '^video +h264 1280x720.* key frame each 1\.0 s'
matches "the sound" "$said" '^audio +aac'
matches "what is offered" "$said" '^offers +video H264, audio MPEG4-GENERIC 48000 Hz'
matches "the transport" "$said" '^transport +tcp, in the clear'

make_site
sed -n '/^cameras:$/,$p' <<< "$said" | sed 1d >> "$site/site.yaml"
check "the snippet is a site file's" timeout 20 "$casemate" check -c "$site/site.yaml"
start_server front
ok "and the camera is recorded with it"
stop_server

probe --user anna --password-file "$work/camera-password" --transport udp --seconds 3 "rtsp://$host/1"
equal "by UDP: exit status" $rc 0
matches "by UDP" "$said" '^transport +udp'
matches "by UDP: the snippet says so" "$said" "transport: 'udp'"

probe "rtsp://$host/1"
equal "without a user: exit status" $rc 1
matches "without a user" "$said" 'wrong-password: .*--user NAME|--user NAME asks you'
probe --user anna --password-file "$work/wrong-password" "$host"
equal "a wrong password: exit status" $rc 1
matches "a wrong password" "$said" 'wrong-password: the camera refuses the user or the password'
equal "a wrong password is tried once" "$(grep -c connecting <<< "$said")" 1
probe --user anna --password-file "$work/camera-password" "rtsp://$host/none"
equal "a wrong path: exit status" $rc 1
matches "a wrong path" "$said" 'no stream of that path'
probe "rtsp://127.0.0.1:$(free_port)/1"
equal "nobody there: exit status" $rc 1
matches "nobody there" "$said" 'refused: '
probe "rtsp://anna:$secret@$host/1"
equal "a password in the address: exit status" $rc 2
probe rtsp://camera.example/1
equal "a host name: exit status" $rc 2
matches "a host name" "$said" 'is a host name'

# a certificate that nobody vouched for: shown, and no password sent
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=camera -days 2 -keyout "$work/tls.key" -out "$work/tls.crt" 2> /dev/null
tls_port=$(free_port)
mkfifo "$work/tls.in"
openssl s_server -accept "127.0.0.1:$tls_port" -key "$work/tls.key" -cert "$work/tls.crt" -quiet < "$work/tls.in" > "$work/tls.got" 2>&1 &
started_pids+=($!)
exec {tls_in}<> "$work/tls.in"
listens() { ss -Hltn "sport = :$tls_port" | grep -q .; }
wait_for 10 listens || bail "openssl s_server does not listen"
probe --user anna --password-file "$work/camera-password" "rtsps://127.0.0.1:$tls_port/1"
equal "an unknown certificate: exit status" $rc 1
sha=$(openssl x509 -in "$work/tls.crt" -outform der | sha256sum | cut -d ' ' -f 1)
matches "an unknown certificate: its fingerprint" "$(tr -d ':' <<< "$said")" "$sha"
equal "an unknown certificate: nothing was sent" "$(grep -c RTSP "$work/tls.got")" 0
exec {tls_in}>&-
finish
