#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A ladder of renditions: sizes, rates, profiles and caps as the site says, key frames at the camera's own cuts in all of them, pictures as
# good as the camera's; masks, overlay and noise reduction seen in what a viewer gets. ffmpeg and VLC are the viewers.
# takes: 29 s
# quiet: its encoders want a processor to themselves
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffmpeg ffprobe

cap_bps=400000

# A grey room full of noise; bright boxes fly through what will be masked.
make_clip room.mp4 -f lavfi -i color=gray:size=640x360:rate=10 -t 20 \
    -vf "drawbox=x='mod(t*120,290)-60':y=150:w=60:h=60:c=white:t=fill,drawbox=x='400+mod(t*90,150)':y=40:w=30:h=30:c=white:t=fill,noise=c0s=14:c0f=t,format=yuv420p" \
    -c:v libx264 -preset veryfast -bf 0 -g 20 -keyint_min 20 -sc_threshold 0 -qp 16
# Each half second noise, then something flat: the hardest that a cap can be given.
make_clip storm.mp4 -f lavfi -i testsrc2=size=480x270:rate=10 -t 20 \
    -vf "noise=alls=90:allf=t:enable='lt(mod(t,1),0.5)',format=yuv420p" -c:v libx264 -preset veryfast -bf 0 -g 20 -keyint_min 20 -sc_threshold 0 -qp 28

start_camera --size 1280x720 --fps 25
gate=$camera_source
start_camera --no-sound "$work/room.mp4"
room=$camera_source
start_camera "$work/storm.mp4"
storm=$camera_source

make_site
cat >> "$site/site.yaml" <<END
  gate:
    source: $gate
    renditions:
      large: {size: 1280x720, bitrate: 3 Mb/s, latency: normal}
      middle: {size: 640x360, bitrate: 1 Mb/s, profile: main}
      small: {size: 320x180, bitrate: 200 kb/s, fps: 5, profile: baseline, quality: 28}
  room:
    source: $room
    renditions:
      plain: {size: 640x360, bitrate: 8 Mb/s, quality: 12}
  masked:
    source: $room
    copy: recorded
    masks:
      - {x: 0 %, y: 35 %, width: 45 %, height: 30 %}
      - {x: 60 %, y: 5 %, width: 30 %, height: 25 %, style: mosaic}
    overlay: true
    denoise: high
    renditions:
      seen: {size: 640x360, bitrate: 8 Mb/s, quality: 12}
  storm:
    source: $storm
    renditions:
      capped: {size: 480x270, bitrate: $((cap_bps / 1000)) kb/s}
      ahead: {size: 480x270, bitrate: $((cap_bps / 1000)) kb/s, latency: normal}
END
start_server gate room masked storm
for r in gate:small room:plain masked:seen storm:ahead; do
    # a machine that is busy while all of it starts may have to give something up first
    wait_for 90 newest_at_least "${r%:*}" "${r#*:}" 6 || bail "$r: no segments: $(status | jq -c .cameras)"
done

# fetch CAMERA RENDITION COUNT: its newest segments behind their init into $work/CAMERA-RENDITION.mp4; their numbers into numbers
fetch() {
    local init n
    get "/live/$1/$2/index.m3u8" > "$work/m3u8" || return 1
    init=$(sed -n 's/^#EXT-X-MAP:URI="\(.*\)"/\1/p' "$work/m3u8" | tail -1)
    mapfile -t numbers < <(sed -n 's/^\([0-9]*\)\.m4s$/\1/p' "$work/m3u8" | tail -"$3")
    { get "/live/$1/$2/$init" && for n in "${numbers[@]}"; do get "/live/$1/$2/$n.m4s" || return 1; done; } > "$work/$1-$2.mp4"
}
# fetch_one CAMERA RENDITION NUMBER
fetch_one() {
    local init
    init=$(get "/live/$1/$2/index.m3u8" | sed -n 's/^#EXT-X-MAP:URI="\(.*\)"/\1/p' | tail -1)
    { get "/live/$1/$2/$init" && get "/live/$1/$2/$3.m4s"; } > "$work/$1-$2-$3.mp4"
}
between() { [ -n "$2" ] && [ "$2" -ge "$1" ] && [ "$2" -le "$3" ]; }
probe() { ffprobe -v error -select_streams v -show_entries "$1" -of csv=p=0 "$2"; }

note "what the renditions are"
newest=$(newest gate small)
for row in copy,1280,720,High,25 large,1280,720,High,25 middle,640,360,Main,25 small,320,180,Baseline,5; do
    IFS=, read -r r width height profile fps <<< "$row"
    for n in $newest $((newest - 1)); do
        fetch_one gate "$r" "$n" || not_ok "$r: segment $n could not be had"
        probe packet=pts_time,flags "$work/gate-$r-$n.mp4" > "$work/packets"
        begins[$n]+="$(head -1 "$work/packets" | cut -d, -f1) "
        check "$r: segment $n begins with a key frame" grep -qm1 K <(head -1 "$work/packets")
        [ "$r" = copy ] || equal "$r: and has no other" "$(grep -c K "$work/packets")" 1
    done
    matches "$r: size and profile" "$(probe stream=codec_name,profile,width,height "$work/gate-$r-$n.mp4")" "^h264,.*$profile.*,$width,$height\$"
    length=$(probe format=duration "$work/gate-$r-$n.mp4")
    check "$r: at most $fps pictures a second" awk -v n="$(wc -l < "$work/packets")" -v f="$fps" -v s="$length" 'BEGIN { exit !(n > 0 && n <= f * s + 1.5) }'
done
for n in $newest $((newest - 1)); do
    equal "segment $n begins at the same time in all" "$(tr ' ' '\n' <<< "${begins[$n]}" | sort -u | grep -c .)" 1
done
all=$(get /live/gate/index.m3u8)
for r in copy large middle small; do matches "$r: offered to players" "$all" "^$r/index.m3u8"; done

note "how good they are, beside the copy of the same segment"
ssim() {
    ffmpeg -nostdin -v info -i "$1" -i "$2" -lavfi "[0:v]fps=25[a];[1:v]fps=25,scale=$3:flags=lanczos[b];[a][b]ssim" -f null - 2>&1 |
        sed -n 's/.*SSIM.*All:\([0-9.]*\).*/\1/p'
}
for row in large,1280:720,0.96 middle,640:360,0.94; do
    IFS=, read -r r size least <<< "$row"
    seen=$(ssim "$work/gate-$r-$newest.mp4" "$work/gate-copy-$newest.mp4" $size)
    check "$r: SSIM ${seen:-none}, at least $least" awk -v a="${seen:-0}" -v b="$least" 'BEGIN { exit !(a >= b) }'
done

note "the cap, over any two seconds"
for r in capped ahead; do
    fetch storm $r 6
    most=$(probe packet=pts_time,size "$work/storm-$r.mp4" | awk -F, '{ t[NR] = $1; b[NR] = $2; while (t[NR] - t[from + 1] >= 2) sum -= b[++from]; sum += $2; if (sum > most) most = sum }
        END { print int(most * 4) }')
    check "$r: $((${most:-0} / 1000)) kb/s at most, the cap is $((cap_bps / 1000))" between 50000 "$most" $cap_bps
done

note "what is seen"
fetch room plain 3
fetch masked seen 3
# levels FILE X Y W H: of that place in all pictures the least, mean and greatest luma, its deviation, and how much neighbours in a line differ
levels() {
    ffmpeg -nostdin -v error -i "$1" -vf "crop=$4:$5:$2:$3:exact=1,extractplanes=y" -f rawvideo - | od -An -v -tu1 -w"$4" |
        awk '{ for (i = 1; i <= NF; i++) { v = $i; s += v; q += v * v; if (!n++) lo = hi = v; if (v < lo) lo = v; if (v > hi) hi = v
                if (i > 1) { d += v > was ? v - was : was - v; m++ } was = v } }
            END { if (n) printf "%d %d %d %.1f %.1f\n", lo, s / n, hi, sqrt(q / n - (s / n) ^ 2), d / m }'
}
read -r lo mean hi dev rough <<< "$(levels "$work/room-plain.mp4" 4 128 276 100)"
check "the masked place is full of light without a mask (up to ${hi:-?})" between 200 "$hi" 255
read -r lo mean hi dev rough <<< "$(levels "$work/masked-seen.mp4" 4 130 276 98)"
check "behind the mask there is black and nothing else (${lo:-?} to ${hi:-?})" between 14 "$lo" 18
check "… not one lighter pixel" between 14 "$hi" 18
# what is left of it is a colour a tile
read -r lo mean hi dev noisy <<< "$(levels "$work/room-plain.mp4" 400 30 160 60)"
read -r lo mean hi dev rough <<< "$(levels "$work/masked-seen.mp4" 400 30 160 60)"
check "the mosaic leaves no detail (neighbours differ by ${rough:-?}, without it by ${noisy:-?})" awk -v a="${rough:-99}" -v b="${noisy:-0}" 'BEGIN { exit !(b > 3 && a < b / 3) }'
check "and is no black bar" between 90 "$mean" 160
# below the box's way, away from all text
read -r lo mean hi noisy rough <<< "$(levels "$work/room-plain.mp4" 100 240 400 70)"
read -r lo mean hi quiet rough <<< "$(levels "$work/masked-seen.mp4" 100 240 400 70)"
check "noise is reduced (deviation ${quiet:-?}, without ${noisy:-?})" awk -v a="${quiet:-99}" -v b="${noisy:-0}" 'BEGIN { exit !(b > 4 && a > 0 && a < b * 0.6) }'
texts=0
for y in 0 330; do
    read -r lo mean hi dev rough <<< "$(levels "$work/masked-seen.mp4" 0 $y 640 30)"
    [ "${hi:-0}" -ge 200 ] && [ "${lo:-255}" -le 60 ] && texts=$((texts + 1))
    read -r lo mean hi dev rough <<< "$(levels "$work/room-plain.mp4" 0 $y 640 30)"
    check "no text where none was asked for, at line $y" [ "${hi:-255}" -lt 200 ]
done
check "text is laid over what asks for it" [ $texts -ge 1 ]
get /live/masked/copy/index.m3u8 > /dev/null 2>&1
check "the copy behind masks is not offered" [ $? != 0 ]
equal "nor named" "$(get /live/masked/index.m3u8 | grep -c '^copy/')" 0

note "viewers that we did not write"
for r in large middle small; do
    said=$(timeout -k 2 40 ffmpeg -nostdin -v warning -ca_file "$site/tls.crt" -tls_verify 1 -i "https://$user:$password@127.0.0.1:$port/live/gate/$r/index.m3u8" \
        -t 4 -f null - 2>&1 | tr '\r' '\n' | grep -v -e 'Found duplicated MOOV Atom. Skipped it' -e '^ *Last message repeated' -e '^$')
    equal "ffmpeg plays $r without a word" "$(head -3 <<< "$said")" ''
done
if command -v cvlc > /dev/null && command -v setpriv > /dev/null; then
    drop=()
    mkdir "$work/vlc"
    fetch gate middle 4
    cp "$work/gate-middle.mp4" "$work/vlc/"
    [ "$(id -u)" != 0 ] || { chmod 711 "$work"; chown -R 65534:65534 "$work/vlc"; drop=(setpriv --reuid=65534 --regid=65534 --clear-groups); }
    timeout -k 2 30 "${drop[@]}" env "HOME=$work/vlc" cvlc -I dummy -v "$work/vlc/gate-middle.mp4" \
        --sout "#transcode{vcodec=mp2v,vb=2000}:std{access=file,mux=ts,dst=$work/vlc/shown.ts}" vlc://quit > "$work/vlc.log" 2>&1
    shown=$(probe packet=pts_time "$work/vlc/shown.ts" 2> /dev/null | wc -l)
    given=$(probe packet=pts_time "$work/gate-middle.mp4" | wc -l)
    check "VLC shows $shown pictures of $given" [ $((given - shown)) -le 3 ]
    equal "and finds none broken" "$(grep -ciE 'corrupt|broken|non-existing|error while decoding' "$work/vlc.log")" 0
else
    skip "VLC is not installed"
fi

for c in gate room masked storm; do
    equal "$c: never broke off" "$(st ".cameras[] | select(.name == \"$c\") | .reconnects")" 0
done
equal "no worker ended" "$(st '[.roles[] | select(.role == "transcode") | .restarts] | add')" 0
stop_server
check "the archive verifies" verify
finish
