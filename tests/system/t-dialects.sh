#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A camera for each fixture of tests/net/dialects, all in one site: what the fixture says must come of it does, it is recorded, and the
# archive verifies. A file NAME given runs that one alone.
# takes: 28 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg ffprobe

run_s=25
dialects=("$top"/tests/net/dialects/${1:-*}.rtsp)
[ -e "${dialects[0]}" ] || bail "no fixtures"

clip_h264 clip.h264
clip_h265 clip.h265
clip_sound clip.pcmu 8000 -f mulaw
clip_sound clip.pcma 8000 -f alaw
clip_sound clip.g726 8000 -c:a g726 -b:a 32k -f g726
clip_sound clip.l16 16000 -f s16be
clips='{"h264": ($w + "/clip.h264"), "h265": ($w + "/clip.h265"), "pcmu": ($w + "/clip.pcmu"), "pcma": ($w + "/clip.pcma"),
    "g726-32": ($w + "/clip.g726"), "l16": ($w + "/clip.l16")}'
for rate in 8000 12000 16000 48000; do
    clip_sound clip-$rate.aac $rate -c:a aac -b:a 32k -f adts
    clips+=" + {\"aac/$rate\": (\$w + \"/clip-$rate.aac\")}"
done

node "$here/camera/dialect.mjs" "${dialects[@]}" > "$work/dialects.json" || bail "the fixtures cannot be read"
jq --arg w "$work" "map({name, dialect: .file, clips: ($clips)})" "$work/dialects.json" > "$work/cameras.json"
start_scripted "$work/cameras.json"
make_site
while IFS=$'\x1f' read -r name url login transport config; do
    [[ " $config " != *" tls "* ]] || continue
    printf '  %s:\n    source: "rtsp://127.0.0.1:%s%s"\n    transport: %s\n' "$name" "${scripted_port[$name]}" "$url" "$transport"
    if [ -n "$login" ]; then
        printf '%s\n' "${login#* }" > "$work/password.$name"
        chmod 600 "$work/password.$name"
        printf '    user: %s\n    password_file: ../password.%s\n' "${login%% *}" "$name"
    fi
    [[ " $config " != *" allow-basic "* ]] || echo "    allow_basic: true"
    [[ " $config " != *" no-md5 "* ]] || echo "    allow_md5: false"
    [[ " $config " != *" no-audio "* ]] || echo "    audio: false"
done >> "$site/site.yaml" < <(jq -r '.[] | [.name, .url, .login // "", .transport, .config] | join("\u001f")' "$work/dialects.json")
run_server
wait_for 15 st_is '[.cameras[] | select(.state == "starting")] | length' 0 || bail "the server does not run: $(tail -5 "$site/log")"

names() { jq -r ".[] | select((.config | test(\"tls\") | not) and ($1)) | .name" "$work/dialects.json"; }
three() { [ "$(newest "$1" copy)" -ge 3 ]; }
sleep 5
for name in $(names '.ends == "playing"'); do
    left=$((run_s - (SECONDS - began) + 10))
    check "$name: streams" wait_for $((left > 2 ? left : 2)) streaming "$name" || { note "$(st ".cameras[] | select(.name == \"$name\") | [.state, .why, .detail] | @csv")"; continue; }
    tracks=$(jq -r ".[] | select(.name == \"$name\") | .tracks" "$work/dialects.json")
    equal "$name: tracks" "$(st ".cameras[] | select(.name == \"$name\") | [.video // \"-\", .audio // \"-\"] | join(\" \") | ascii_upcase")" "$tracks"
    if [ "${tracks% *}" != - ]; then
        check "$name: is recorded" wait_for 15 three "$name"
    fi
done
# Sound that no browser plays is given out as AAC, and can be heard.
heard() {
    local list=$work/heard.m3u8
    get "/live/$1/audio/index.m3u8" > "$list" && get "/live/$1/audio/$(sed -n 's/.*EXT-X-MAP:URI="\([^"]*\)".*/\1/p' "$list" | tail -1)" -o "$work/heard.init" &&
        get "/live/$1/audio/$(grep '^[0-9]*\.m4s' "$list" | tail -1)" -o "$work/heard.m4s" && cat "$work/heard.init" "$work/heard.m4s" > "$work/heard.mp4" &&
        ffmpeg -nostdin -v info -i "$work/heard.mp4" -af volumedetect -f null - 2>&1 | awk '/Audio: aac/ {aac = 1} /mean_volume/ {loud = $5 > -40} END {exit !(aac && loud)}'
}
for name in $(names '.ends == "playing" and (.tracks | test(" (PCMA|G726|L16)$"))'); do
    check "$name: its sound is heard" wait_for 20 heard "$name"
done
for name in $(names '.ends != "playing"'); do
    why=$(jq -r ".[] | select(.name == \"$name\") | .ends | ltrimstr(\"failed \")" "$work/dialects.json")
    # a try may have failed in another way on a busy machine; the next will do
    check "$name: there is no picture: $why" wait_for 20 st_is ".cameras[] | select(.name == \"$name\") | .why" "$why" ||
        note "$(st ".cameras[] | select(.name == \"$name\") | [.state, .why, .detail] | @csv")"
done
stop_server
for name in $(names 'true'); do
    equal "$name: was asked what the fixture expects" "$(jq -c --arg c "$name" 'select(.camera == $c and (.what == "mismatch" or .what == "failed"))' "$scripted_log" | head -3)" ''
done
for name in $(names '.ends == "playing" and (.tracks | startswith("-") | not)'); do
    init=$(find "$site/archive/footage/$name/copy" -name 'init-*' | head -1)
    segment=$(find "$site/archive/footage/$name/copy" -name '*.m4s' | sort -V | sed -n 2p)
    [ -n "$segment" ] || { not_ok "$name: no second segment"; continue; }
    cat "$init" "$segment" > "$work/one.mp4"
    equal "$name: decodes" "$(ffmpeg -v error -nostdin -i "$work/one.mp4" -f null - 2>&1 | head -3)" ''
done
check "the archive verifies" verify
finish
