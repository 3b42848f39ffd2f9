#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots: of a camera with renditions, of one that has a copy alone, and of one with masks; had by curl, decoded by ffmpeg, proved by
# casemate verify; in no playlist; made while somebody asks and no longer.
# takes: 44 s
source "$(dirname "$0")/lib.sh"
wants jq curl ffmpeg ffprobe openssl

again_ms=5000
stop_s=33               # after the last request, by the status

make_site
start_camera
cat >> "$site/site.yaml" <<END
  gate:
    source: $camera_source
    renditions:
      360p: {size: 640x360, bitrate: 600 kb/s}
  lone:
    source: $camera_source
    audio: false
  yard:
    source: $camera_source
    copy: recorded
    masks:
      - {x: 0 %, y: 0 %, width: 50 %, height: 100 %}
    renditions:
      small: {size: 320x180, bitrate: 300 kb/s, on_demand: true}
END
start_server gate lone yard
for c in gate lone yard; do wait_for 20 newest_at_least $c copy 2 || bail "no copy of $c: $(status | jq -c .cameras)"; done
wait_for 20 newest_at_least gate 360p 2 || bail "no 360p of gate: $(status | jq -c .cameras)"

runs() { st "[.cameras[] | select(.name == \"$1\") | .transcode.made[]? | select(.name == \"snapshot\") | .running][0]"; }
runs_not() { [ "$(runs "$1")" != true ]; }
header() { sed -n "s/^$2: \(.*\)\r$/\1/Ip" "$work/$1.head"; }
# snap CAMERA: the newest as $work/CAMERA.jpg and .head; says how many ms it took
snap() {
    local began
    began=$(now_ms)
    get "/live/$1/snapshot.jpg" -D "$work/$1.head" -o "$work/$1.jpg" || return 1
    echo $(($(now_ms) - began))
}
age() { echo $(($(date +%s) - $(date -d "$(header "$1" Last-Modified)" +%s))); }
# grey FILE CROP: the mean of that part's luma, 0 to 255
grey() { ffmpeg -v error -nostdin -i "$1" -vf "crop=$2,scale=1:1:flags=area,format=gray" -frames:v 1 -f rawvideo - | od -An -tu1 | tr -d ' \n'; }

for c in gate lone yard; do
    took=$(snap $c) || bail "$c: no snapshot: $(cat "$work/$c.head" 2> /dev/null) $(tail -5 "$site/log")"
    old=$(age $c)
    note "$c: first snapshot after $took ms, $(stat -c %s "$work/$c.jpg") bytes, taken $old s ago"
    check "$c: of now" [ "$old" -ge 0 ] && check "$c: not old" [ "$old" -le 11 ]
    equal "$c: a JPEG of the camera's size" "$(ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 "$work/$c.jpg")" mjpeg,1280,720
    equal "$c: it decodes without a word" "$(ffmpeg -v warning -nostdin -i "$work/$c.jpg" -f rawvideo -y /dev/null 2>&1)" ''
    equal "$c: its type" "$(header $c Content-Type)" image/jpeg
    equal "$c: its digest" "$(header $c Content-Digest)" "sha-256=:$(openssl dgst -sha256 -binary "$work/$c.jpg" | openssl base64):"
    where=$(header $c Content-Location)
    matches "$c: it has an address of its own" "$where" "^/live/$c/snapshot/[0-9]+\.jpg$"
    get "$where" -o "$work/$c.same.jpg"
    check "$c: there it is the same" cmp "$work/$c.jpg" "$work/$c.same.jpg"
    get "$where.tlog-proof" -o "$work/$c.jpg.tlog-proof"
    said=$(timeout 10 "$casemate" verify "$work/$c.jpg" --key "$site/site.key.pub")
    equal "$c: it is proved" $? 0
    matches "$c: as what it is" "$said" "verified: $c/snapshot segment"
    cp "$work/$c.jpg" "$work/$c.bad.jpg"
    printf '\0\1' | dd of="$work/$c.bad.jpg" bs=1 seek=5000 conv=notrunc 2> /dev/null
    timeout 10 "$casemate" verify "$work/$c.bad.jpg" --proof "$work/$c.jpg.tlog-proof" --key "$site/site.key.pub" > /dev/null
    equal "$c: with another byte it is not" $? 1
done

# It is what the camera sees, but for the mask
equal "yard: its mask is black" "$(grey "$work/yard.jpg" 600:700:10:10)" 0
check "gate: there is something there" [ "$(grey "$work/gate.jpg" 600:700:10:10)" -gt 20 ]
check "yard: and beside the mask" [ "$(grey "$work/yard.jpg" 600:700:660:10)" -gt 20 ]

# Newer ones follow while somebody asks
number=$(header gate Content-Location)
newer() { snap gate && [ "$(header gate Content-Location)" != "$number" ]; }
check "gate: a newer one follows" wait_for 8 newer
took=$(snap gate)
check "gate: at once ($took ms)" [ "$took" -le $again_ms ]
asked=$(now_ms)
equal "gate: what has not changed is not sent again" \
    "$(get "$(header gate Content-Location)" -H "If-None-Match: $(header gate ETag)" -o /dev/null -w '%{http_code} %{size_download}')" '304 0'
equal "status says that they are made" "$(runs gate)" true

# In no list, and nobody's without a password
equal "in no playlist" "$(get /live/gate/index.m3u8 | grep snapshot)" ''
equal "no playlist of its own" "$(get /live/gate/snapshot/index.m3u8 -o /dev/null -w '%{http_code}' 2> /dev/null)" 404
equal "asks for the password" "$(timeout 10 curl -sS --cacert "$site/tls.crt" -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port/live/gate/snapshot.jpg")" 401
equal "of no other camera" "$(get /live/none/snapshot.jpg -o /dev/null -w '%{http_code}' 2> /dev/null)" 404

# Not made when nobody asks; then again
check "gate: no longer made" wait_for $((stop_s + 5)) runs_not gate
note "gate: made for $((($(now_ms) - asked) / 1000)) s after the last request"
check "lone: no longer made" runs_not lone
took=$(snap lone) || not_ok "lone: none again: $(tail -5 "$site/log")"
note "lone: again after $took ms"
check "lone: a new one, not the old" [ "$(age lone)" -le 11 ]
equal "no worker was ended" "$(st '[.roles[] | select(.role == "transcode") | .restarts] | add')" 0
equal "no role was complained of" "$(grep -E 'bad-peer|killed' "$site/log")" ''
check "the running site verifies" timeout 60 "$casemate" verify "https://127.0.0.1:$port" --key "$site/site.key.pub" --user "$user" \
    --password-file "$site/password" --ca "$site/tls.crt"
stop_server
check "the archive verifies" verify
finish
