#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# RTSP inside TLS, by a client that we did not write: ffmpeg plays the copy, pictures and sound, and decodes all of it without a complaint.
# takes: 10 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffmpeg

make_site
rtsps=$(free_port)
sed -i "s|^listen: .*|&\nrtsps: \"127.0.0.1:$rtsps\"|" "$site/site.yaml"
start_camera
site_camera gate "$camera_source"
start_server gate
wait_for 60 newest_at_least gate copy 0 || bail "no segments: $(status | jq -c .cameras)"
url=rtsps://$user:$password@127.0.0.1:$rtsps

# client SECONDS URL OUT ARGUMENT…: ffmpeg as a viewer. (5.1 has no way to be told of a certificate by RTSP.)
client() {
    timeout -k 2 90 ffmpeg -nostdin -v warning -rtsp_transport tcp -i "$2" -t "$1" "${@:4}" -y "$3"
}

seen=$(client 5 "$url/gate/copy" "$work/decoded" -f framecrc 2>&1)
equal "ffmpeg plays the copy and has nothing to say" "$seen" ""
pictures=$(grep -c '^0,' "$work/decoded") sounds=$(grep -c '^1,' "$work/decoded")
check "five seconds of pictures and of sound ($pictures, $sounds)" test "$pictures" -ge 40 -a "$sounds" -ge 100
finish
