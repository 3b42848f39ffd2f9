#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Cameras that we did not write (GStreamer's RTSP server), a viewer that we did not write (ffmpeg): a minute of each rendition without
# a warning; copy is the camera's own slices byte for byte; ffprobe and GStreamer's qtdemux take single segments.
# takes: 97 s
# quiet: its encoders want a processor to themselves
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffmpeg ffprobe gst-launch-1.0 python3
[ -x "$gst_camera" ] || skip_all "gst-camera is not built (libgstrtspserver-1.0-dev)"

play_s=60
long_s=110      # the camera's file outlasts start, a minute of play, and the viewer's three segments behind
mounts=() names=() fps=() kinds=()

# clip NAME RATE KIND: $work/NAME.mp4 becomes a camera
clip() {
    names+=("$1") fps+=("$2") kinds+=("$3")
    timeout 60 ffmpeg -v error -i "$work/$1.mp4" -map 0:v:0 -c copy -bsf:v h264_mp4toannexb -f h264 "$work/$1.h264" || bail "$1: no Annex B"
    if [ "$3" = sound ]; then mounts+=("/$1=av:$work/$1.mp4"); else mounts+=("/$1=$work/$1.mp4"); fi
}

note "making footage"
timeout 120 ffmpeg -v error -f lavfi -i testsrc2=size=960x540:rate=25 -f lavfi -i sine=frequency=440:sample_rate=48000 -t $long_s \
    -vf "noise=c0s=8:c0f=t,format=yuv420p" -c:v libx264 -preset veryfast -profile:v main -bf 3 -b_strategy 0 -g 50 -b:v 1500k -threads 2 \
    -c:a aac -b:a 96k "$work/made.mp4" || bail "ffmpeg could not make footage"
equal "the made footage has B-frames" "$(ffprobe -v error -select_streams v -show_entries stream=has_b_frames -of csv=p=0 "$work/made.mp4" | grep -c '^[1-9]')" 1
clip made 25 sound

# looped NAME FILE RATE LOOPS KIND
looped() {
    timeout 60 ffmpeg -v error -stream_loop "$4" -i "$2" -c copy "$work/$1.mp4" || bail "$1: could not be looped"
    clip "$1" "$3" "$5"
}
footage=$(readlink -f "${CASEMATE_FOOTAGE:-$top/../shared/footage}")
if [ -r "$footage/car-detection.mp4" ]; then
    looped person "$footage/one-by-one-person-detection.mp4" 10 0 silent
    looped car "$footage/car-detection.mp4" 12.5 4 sound
    looped bottle "$footage/bottle-detection.mp4" 29.8 3 silent
else
    skip "real footage: ../shared/footage is not there"
fi

make_site
start_gst_camera 0 "${mounts[@]}"
for n in "${names[@]}"; do site_camera "$n" "rtsp://127.0.0.1:$gst_port/$n"; done
sign_renditions         # players take no notice of it
start_server "${names[@]}"
for n in "${names[@]}"; do
    wait_for 30 newest_at_least "$n" 360p 2 || bail "$n: no segments: $(status | jq -c .cameras)"
done

# play CAMERA PATH SECONDS OUT ARGUMENT…: what ffmpeg says goes to OUT.err, how far it came to OUT.progress, the frames and their times to OUT.frames
play() {
    local camera=$1 path=$2 seconds=$3 out=$4
    shift 4
    timeout -k 2 $((seconds + 40)) ffmpeg -nostdin -v warning -nostats -progress "$out.progress" -ca_file "$site/tls.crt" -tls_verify 1 \
        -i "https://$user:$password@127.0.0.1:$port/live/$camera/$path" -t "$seconds" "$@" -fps_mode passthrough -f framecrc -y "$out.frames" 2> "$out.err"
    echo $? > "$out.rc"
}

note "${#names[@]} cameras, copy and 360p of each at once, for $play_s s"
players=()
for n in "${names[@]}"; do
    for r in copy 360p; do
        play "$n" $r/index.m3u8 $play_s "$work/$n-$r" &
        players+=($!)
    done
done
play made index.m3u8 20 "$work/made-all" -map 0:v:0 -map 0:a:0 &
players+=($!)
wait "${players[@]}"

# silent NAME OUT: no word from ffmpeg, and it ended by itself. ffmpeg 5.1 reads the init segment again after each reload of a live
# playlist and says so; that line, with how often it was repeated, is about itself.
silent() {
    local said
    said=$(tr '\r' '\n' < "$2.err" | grep -v -e 'Found duplicated MOOV Atom. Skipped it' -e '^ *Last message repeated [0-9]* times$' -e '^$')
    equal "$1: no decoding error, no timestamp warning" "$(head -4 <<< "$said")" ''
    equal "$1: ffmpeg ends well" "$(cat "$2.rc")" 0
}
# steps OUT: seconds from the first frame to the last, and the longest from one to the next
steps() {
    awk -F', *' '/^#tb 0:/ { split($0, w, /[ \/]+/); tick = w[3] / w[4] }
        $1 == "0" { t = $3 * tick; if (n++) { if (t - last > most) most = t - last } else first = t; last = t } END { printf "%.2f %.2f\n", last - first, most }' "$1.frames"
}
frames_of() { sed -n 's/^frame=//p' "$1.progress" | tail -1; }
near() { awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN { exit !(a >= b - d && a <= b + d) }'; }

for i in "${!names[@]}"; do
    n=${names[$i]}
    for r in copy 360p; do
        silent "$n $r plays for $play_s s" "$work/$n-$r"
        want=$(awk -v f="${fps[$i]}" -v s=$play_s 'BEGIN { print f * s }')
        got=$(frames_of "$work/$n-$r")
        if [ $r = copy ]; then
            if near "${got:-0}" "$want" 2; then ok "$n $r: $got frames"; else not_ok "$n $r: ${got:-no} frames, expected $want"; fi
            continue
        fi
        # What has not changed is not encoded again, but once a second; who plays it sees no difference.
        read -r whole longest <<< "$(steps "$work/$n-$r")"
        check "$n $r: ${got:-no} frames of $want" awk -v n="${got:-0}" -v most="$want" -v least=$play_s 'BEGIN { exit !(n >= least && n <= most + 2) }'
        check "$n $r: they cover $whole s" near "$whole" $play_s 1.2
        check "$n $r: there is one at least each second: $longest" near "$longest" 0 1.15
    done
done
silent "made with sound plays" "$work/made-all"

status > "$work/status"
equal "no camera lost a packet or a frame" "$(jq -r '.cameras[] | select(.lost > 0 or .reconnects > 0) | "\(.name) lost \(.lost)"' "$work/status")" ''
equal "no encoder left out a picture for want of time" "$(jq -r '.cameras[] | select(any(.transcode.made[]; .behind > 0)) | "\(.name): \([.transcode.made[] | "\(.name) \(.behind)"] | join(", "))"' "$work/status")" ''
# A stream that does not tell its reorder depth (VUI, ISO/IEC 14496-10 E.2.1) is allowed the pictures from which it is learned.
equal "no time had to be mended" "$(jq -r '.cameras[] | select(.times_mended > (if .name == "made" then 0 else 16 end)) | "\(.name) \(.times_mended)"' "$work/status")" ''

# Single segments, as they were served.
for i in "${!names[@]}"; do
    n=${names[$i]}
    renditions='copy 360p'
    [ "${kinds[$i]}" = silent ] || renditions+=' audio'
    for r in $renditions; do
        x=$work/$n-$r.mp4
        playlist=$(get "/live/$n/$r/index.m3u8")
        init=$(sed -n 's/^#EXT-X-MAP:URI="\(.*\)"/\1/p' <<< "$playlist" | tail -1)
        number=$(grep -o '^[0-9]*\.m4s' <<< "$playlist" | tail -1)
        { get "/live/$n/$r/$init" && get "/live/$n/$r/$number"; } > "$x" || { not_ok "$n $r: $number could not be had"; continue; }
        said=$(timeout 20 ffprobe -v warning -count_packets -show_entries stream=codec_name,nb_read_packets -of csv=p=0 "$x" 2>&1)
        case $r in
        audio) matches "$n $r: ffprobe takes a segment" "$said" '^aac,[0-9]{2,}$' ;;
        *) matches "$n $r: ffprobe takes a segment" "$said" '^h264,[0-9]{2,}$' ;;
        esac
        equal "$n $r: ffprobe says nothing else" "$(wc -l <<< "$said")" 1
        case $r in
        audio) chain='aacparse ! avdec_aac' ;;
        *) chain='h264parse ! avdec_h264' ;;
        esac
        # shellcheck disable=SC2086
        seen=$(timeout 20 gst-launch-1.0 -v filesrc location="$x" ! qtdemux ! $chain ! fakesink name=end silent=false 2>&1 | grep -c 'GstFakeSink:end: last-message = chain')
        if [ "$r" = audio ] && [ "$seen" -ge 20 ]; then
            ok "$n $r: qtdemux and a decoder give $seen buffers"
        elif [ "$r" != audio ]; then
            equal "$n $r: qtdemux and a decoder give every frame" "$seen" "$(cut -d, -f2 <<< "$said")"
        else
            not_ok "$n $r: qtdemux and a decoder give $seen buffers"
        fi
    done
done

stop_server
check "the archive verifies" verify
for n in "${names[@]}"; do
    mapfile -t segments < <(find "$site/archive/footage/$n/copy" -name '*.m4s' | sort -V)
    said=$(timeout 60 python3 "$here/slices.py" "$work/$n.h264" "${segments[@]}" 2>&1)
    rc=$?
    equal "$n: copy's slices are the camera's, byte for byte ($said)" $rc 0
done
finish
