#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# RTSP inside TLS and in clear text: by clients that we did not write, which decode all of it without a complaint, and by one of our own
# that reckons Digest itself and sends what no player would (rtsp-table.py). Who loses his right is ended, and nobody else; a camera that
# comes back goes on in the same session; a role that dies costs its viewers a connection.
# takes: 30 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss python3 ffmpeg ffprobe "$gst_viewer"

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

# client PICTURES URL OUT ARGUMENT…: ffmpeg as a viewer. (5.1 has no way to be told of a certificate by RTSP.)
client() {
    timeout -k 2 90 ffmpeg -nostdin -v warning -rtsp_transport tcp -i "$2" -frames:v "$1" -frames:a "$1" "${@:4}" -y "$3"
}
inside=rtsps://$user:$password@127.0.0.1:$rtsps clear=rtsp://vms:vms-password@127.0.0.1:$rtsp

# What check says, and what status and log must never show.
said=$(timeout 30 "$casemate" check -c "$site/site.yaml" 2>&1)
matches "check says what is in clear text" "$said" "rtsp://127.0.0.1:$rtsp.*clear text"
matches "and so does status" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" "rtsp://127.0.0.1:$rtsp/, in clear text"
matches "and check says who may use MD5" "$said" "user vms: .*MD5"
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

# Clients of others, all at once: what each shows or complains of is in a file of its name.
gst() { timeout -k 2 90 "$gst_viewer" "$1" "$2" "$3" 75 120 > "$4" 2>&1; }
client 75 "$inside/gate/copy" "$work/inside" -f framecrc > "$work/inside.said" 2>&1 &
clients=($!)
client 75 "$clear/gate" "$work/clear" -f framecrc > "$work/clear.said" 2>&1 &
clients+=($!)
gst "rtsps://127.0.0.1:$rtsps/gate/copy" $user "$password" "$work/gst-inside" &
clients+=($!)
gst "rtsp://127.0.0.1:$rtsp/yard/copy" vms vms-password "$work/gst-clear" &
clients+=($!)
for p in "${clients[@]}"; do wait "$p"; echo "$?"; done > "$work/clients"
equal "all end as they should" "$(xargs < "$work/clients")" "0 0 0 0"
for c in inside clear; do
    equal "ffmpeg plays ($c) and has nothing to say" "$(cat "$work/$c.said")" ""
    matches "GStreamer decodes both streams ($c)" "$(cat "$work/gst-$c")" '^pictures [0-9]+ frames [0-9]+$'
    equal "and has nothing to say" "$(wc -l < "$work/gst-$c")" 1
done
# What they decoded is what is archived, picture by picture.
wait_for 60 newest_at_least gate copy "$(($(newest gate copy) + 2))"
footage=$site/archive/footage/gate/copy
cat "$footage"/init-*.mp4 "$footage"/000000/?.m4s "$footage"/000000/??.m4s "$footage"/000000/???.m4s 2> /dev/null |
    timeout -k 2 60 ffmpeg -nostdin -v error -i - -an -f framecrc - 2> /dev/null | sed -n 's/^0,.*, //p' | sort -u > "$work/archived"
for c in inside clear; do
    sed -n 's/^0,.*, //p' "$work/$c" > "$work/$c.pictures"
    equal "ffmpeg ($c) decoded 75 pictures" "$(wc -l < "$work/$c.pictures")" 75
    equal "each of them an archived one ($c)" "$(sort -u "$work/$c.pictures" | comm -23 - "$work/archived" | wc -l)" 0
done
seen=$(timeout -k 2 60 ffprobe -v error -rtsp_transport tcp -show_entries stream=codec_name -of csv=p=0 "$inside/gate/360p" 2>&1 | sort | xargs)
equal "ffprobe sees what there is" "$seen" "aac h264"
seen=$(client 2 "rtsps://$user:wrong-password@127.0.0.1:$rtsps/gate" "$work/none" -f null 2>&1)
matches "a wrong password is refused" "$seen" "401 Unauthorized"
seen=$(client 2 "rtsp://sha:sha-password@127.0.0.1:$rtsp/gate" "$work/none" -f null 2>&1)
matches "and so is who knows no SHA-256" "$seen" "401 Unauthorized"

# A session that goes on over a camera's return, and is ended with its user's right to it.
long_client() {
    timeout -k 2 600 ffmpeg -nostdin -v warning -rtsp_transport tcp -i "$1" -an -f framecrc -flush_packets 1 -y "$work/$2" > "$work/$2.said" 2>&1 &
    long=$!
    started_pids+=("$long")
}
pictures_at_least() { [ "$(grep -c '^0,' "$work/$1")" -ge "$2" ]; }
long_client "$clear/yard" first
wait_for 60 pictures_at_least first 25
camera_at=${camera_source#rtsp://}
end_process "$camera_pid"
start_camera --count 2 --listen "${camera_at%%/*}"
wait_for 60 streaming yard || bail "yard does not come back: $(status | jq -c .cameras)"
check "the same session goes on when the camera is back" wait_for 60 pictures_at_least first $(($(grep -c '^0,' "$work/first") + 50))
check "in one connection" alive "$long"
sed -i '/name: vms/,/allow_md5/{/rtsp_digest_file/d;/allow_md5/d}' "$site/site.yaml"
equal "reload" "$(timeout 60 "$casemate" reload -s "$site/casemate.sock" > "$work/reload" 2>&1; echo $?)" 0
ended() { ! alive "$long"; }
check "who may log in so no more is ended" wait_for 60 ended
seen=$(client 2 "$clear/gate" "$work/none" -f null 2>&1)
matches "and not let in again" "$seen" "401 Unauthorized"

# A role that dies.
long_client "$inside/gate" second
wait_for 60 pictures_at_least second 25
for p in $(st '.roles[] | select(.role == "serve") | .pid'); do kill -KILL "$p"; done
check "with its process its viewers' connections end" wait_for 60 ended
plays_again() { client 10 "$inside/gate" "$work/third" -f framecrc > /dev/null 2>&1; }
check "and they come back" wait_for 60 plays_again
for secret in sha-password vms-password "$(sed -n 's/^SHA-256 .* //p' "$site/vms.rtsp")" "$(sed -n 's/^MD5 .* //p' "$site/vms.rtsp")"; do
    equal "neither log nor status shows ${secret:0:4}…" "$({ status; cat "$site/log" "$work/reload"; } | grep -cF -- "$secret")" 0
done
finish
