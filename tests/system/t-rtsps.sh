#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# RTSP inside TLS and in clear text: by clients that we did not write, which decode all of it without a complaint, and by one of our own
# that reckons Digest itself and sends what no player would (rtsp-table.py). Who loses his right is ended, and nobody else; a camera that
# comes back goes on in the same session; a role that dies costs its viewers a connection.
# takes: 30 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss python3 ffmpeg ffprobe gst-launch-1.0

make_site
rtsps=$(free_port) rtsp=$(free_port)
declare -A password_of=([sha]=sha-password [vms]=vms-password [few]=few-password)
for u in sha vms few; do
    (cd "$site" && timeout 20 "$casemate" passwd --rtsp $u.rtsp --site test.example/casemate $([ $u = vms ] && echo --md5) $u <<< "${password_of[$u]}") || bail "passwd $u"
done > "$site/more"
sed -i "s|^listen: .*|&\nrtsps: \"127.0.0.1:$rtsps\"\nrtsp: \"127.0.0.1:$rtsp\"|; /^users:/r $site/more" "$site/site.yaml"
sed -i "s|^users:|groups:\n  all: {rights: [live, admin], cameras: '*'}\n  few: {rights: live, cameras: gate}\nusers:|; s|^  - name: \(.*\)|&\n    groups: all|" "$site/site.yaml"
sed -i '/name: few/{n;s/all/few/}' "$site/site.yaml"
start_camera --count 2
site_camera gate "${camera_source%/*}/1"
site_camera yard "${camera_source%/*}/2"
start_server gate yard
for c in gate yard; do
    wait_for 60 newest_at_least $c copy 0 || bail "no segments: $(status | jq -c .cameras)"
    wait_for 60 newest_at_least $c audio 0 || bail "no sound: $(status | jq -c .cameras)"
done

# client SECONDS URL OUT ARGUMENT…: ffmpeg as a viewer. (5.1 has no way to be told of a certificate by RTSP.)
client() {
    timeout -k 2 90 ffmpeg -nostdin -v warning -rtsp_transport tcp -i "$2" -t "$1" "${@:4}" -y "$3"
}
inside=rtsps://$user:$password@127.0.0.1:$rtsps clear=rtsp://vms:vms-password@127.0.0.1:$rtsp

# What check says, and what status and log must never show.
said=$(timeout 30 "$casemate" check -c "$site/site.yaml" 2>&1)
matches "check says what is in clear text" "$said" "rtsp://127.0.0.1:$rtsp.*clear text"
matches "and who may use MD5" "$said" "user vms: .*MD5"
timeout -k 5 100 python3 "$here/rtsp-table.py" "$rtsps" "$rtsp" "$site/tls.crt" gate yard "$user:$password" sha:sha-password vms:vms-password few:few-password \
    > "$work/table" 2> "$work/table.err"
equal "the whole table was gone through" "$?$(cat "$work/table.err")" 0
while IFS= read -r line; do
    case $line in
    'ok '*) ok "${line#ok }" ;;
    '#'*) note "${line#\# }" ;;
    *) not_ok "${line#not ok }" ;;
    esac
done < "$work/table"
finish
