#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Signatures inside streams. Those of cameras: kept byte for byte in copy, and told of in the entries. Ours, where a rendition asks for
# it: checked by a program that shares no code with us, before and after sign was killed; players take no notice; off, there are none.
# takes: 28 s
source "$(dirname "$0")/lib.sh"
wants jq curl openssl python3 ffmpeg node

make_site
(cd "$site" && timeout 20 "$casemate" keygen --media-signing test.example -o media) > "$work/made" 2>&1 || bail "keygen: $(cat "$work/made")"
equal "keygen makes a key, its certificate and a root" "$(sed 's/.*media/media/' "$work/made" | tr '\n' ' ')" 'media.crt media.key media.root.crt '
equal "the key is for its owner alone" "$(stat -c %a "$site/media.key")" 600
check "the certificate leads to the root" openssl verify -CAfile "$site/media.root.crt" "$site/media.crt"

clip_h264 plain.h264
clip_h265 plain.h265
python3 "$here/media-signing.py" sign "$work/plain.h264" "$work/onvif.h264"
python3 "$here/media-signing.py" sign "$work/plain.h265" "$work/axis.h265"
jq -n --arg w "$work" '[{name: "onvif", video: "h264:\($w)/onvif.h264"}, {name: "axis", video: "h265:\($w)/axis.h265"}]' > "$work/cameras.json"
start_scripted "$work/cameras.json"
start_camera
cat >> "$site/site.yaml" <<END
  gate:
    source: $camera_source
    segment: 1 s
    renditions:
      360p: {size: 640x360, bitrate: 600 kb/s, sign: onvif}
      180p: {size: 320x180, bitrate: 300 kb/s}
  onvif:
    source: rtsp://127.0.0.1:${scripted_port[onvif]}/cam
  axis:
    source: rtsp://127.0.0.1:${scripted_port[axis]}/cam
END
matches "a rendition cannot be signed without a key" "$(timeout 10 "$casemate" check -c "$site/site.yaml" 2>&1)" 'gate: sign: onvif wants media_signing'
sed -i 's|^key: .*|&\nmedia_signing: {key: media.key, certificate: media.crt}|' "$site/site.yaml"
check "with one it can" timeout 10 "$casemate" check -c "$site/site.yaml"
start_server gate onvif axis

made() { st "[.cameras[] | select(.name == \"gate\") | .transcode.made[] | select(.name == \"$1\") | .$2][0]"; }
made_at_least() { [ "$(made "$1" "$2")" -ge "$3" ]; }
# fetch RENDITION OUT: its init segment and all the segments of its playlist
fetch() {
    local playlist name
    playlist=$(get "/live/gate/$1/index.m3u8") || return 1
    get "/live/gate/$1/$(sed -n 's/^#EXT-X-MAP:URI="\(.*\)"/\1/p' <<< "$playlist" | head -1)" > "$2" || return 1
    for name in $(grep -o '^[0-9]*\.m4s' <<< "$playlist"); do get "/live/gate/$1/$name" >> "$2" || return 1; done
}
is_signed() { python3 "$here/media-signing.py" check "$site/media.root.crt" "$1"; }

wait_for 60 made_at_least 360p signed_gops 5 || bail "nothing is signed: $(status | jq -c '.cameras[0].transcode') $(tail -5 "$site/log")"
fetch 360p "$work/360p.mp4" || bail "the signed rendition cannot be had"
fetch 180p "$work/180p.mp4" || bail "the other rendition cannot be had"
said=$(is_signed "$work/360p.mp4")
equal "what is signed holds, as others check it ($(tr '\n' ' ' <<< "$said"))" $? 0
matches "camera and rendition are in what is signed" "$said" ' certificates, camera gate rendition 360p$'
equal "the stream begins with its certificate" "$(sed -n 's/.*, \([0-9]*\) certificates.*/\1/p' <<< "$said" | grep -c '^[1-9]')" 1
is_signed "$work/180p.mp4" > "$work/said"
matches "a rendition that is not to be signed is not" "$(cat "$work/said")" '^0 signed, [0-9]+ not yet, 0 certificates'

# One bit of one slice: some way into the first large one.
python3 - "$work/360p.mp4" "$work/changed.mp4" <<'END'
import sys
data = bytearray(open(sys.argv[1], 'rb').read())
at = data.index(b'mdat') + 2000
data[at] ^= 1
open(sys.argv[2], 'wb').write(data)
END
check "one changed bit of a picture is seen" eval "! is_signed '$work/changed.mp4'"
equal "ffmpeg plays it without a word" "$(timeout 30 ffmpeg -v warning -nostdin -i "$work/360p.mp4" -f null - 2>&1 | head -3)" ''
if command -v cvlc > /dev/null && [ "$(id -u)" != 0 ]; then
    said=$(timeout -k 2 30 cvlc -v --play-and-exit --no-audio -V vdummy --run-time 3 "$work/360p.mp4" 2>&1 < /dev/null | grep -iE 'decoder error|corrupt|cannot' | head -3)
    equal "VLC plays it" "$said" ''
fi

# sign is killed: what was asked of it meanwhile goes without, and it goes on.
was=$(made 360p signed_gops)
kill -KILL "$(st '.roles[] | select(.role == "sign") | .pid')"
wait_for 60 made_at_least 360p signed_gops $((was + 3)) || not_ok "nothing is signed any more: $(status | jq -c '.cameras[0].transcode.made') $(tail -5 "$site/log")"
equal "no worker ended for it" "$(st '[.roles[] | select(.role == "transcode") | .restarts] | add')" 0

# Its key is gone when sign begins anew: streams are signed no more, the log is.
mv "$site/media.key" "$work/"
signed_size() { st .log.checkpoint; }
kill -KILL "$(st '.roles[] | select(.role == "sign") | .pid')"
was=$(signed_size)
signed_more() { [ "$(signed_size)" -gt $((was + 5)) ]; }
check "the log is signed without that key too" wait_for 60 signed_more
matches "its absence is told" "$(cat "$site/log")" 'error casemate file path="[^"]*/media.key"'

wait_for 60 newest_at_least onvif copy 4 && wait_for 60 newest_at_least axis copy 4 || not_ok "the cameras that sign: $(status | jq -c .cameras)"
stop_server
check "the archive verifies" verify
# entries CAMERA WORDS: how many segment entries of that camera's copy say so
entries() {
    cat "$site"/archive/log/journal $(find "$site/archive/log/tile/entries" -type f 2> /dev/null) | tr -d '\0' |
        grep -a -A 12 "^camera $1\$" | grep -a -c "^camera-signature $2\$"
}
for c in onvif axis; do
    file=$work/$c.h264
    [ $c = onvif ] || file=$work/axis.h265
    mapfile -t segments < <(find "$site/archive/footage/$c/copy" -name '*.m4s' | sort -V)
    said=$(python3 "$here/media-signing.py" kept "$file" "${segments[@]}")
    equal "$c: a camera's signatures are kept ($said)" $? 0
    check "$c: its entries say that they are there" [ "$(entries $c "unverified $c")" -ge 3 ]
done
equal "no camera is said to sign that does not" "$(entries gate 'unverified .*')" 0
finish
