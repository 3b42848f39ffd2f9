#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DASH over the same files as HLS: the manifest is XML that says what ISO/IEC 23009-1 wants of a live one; what it and the multivariant
# playlist tell of each rendition is what ffprobe finds in its files, and when, what the camera's clock said, from the first list on.
# The manifest of low latency lists the segment under way, which comes part by part, by HTTP/1.1 and HTTP/2, and is then what its own name
# gives. A camera's return is a period of its own; what a rendition lacks leaves no time without a segment. (t-players.sh plays it.)
# takes: 30 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffprobe xmllint

make_site
start_camera
camera_at=${camera_source#rtsp://} camera_at=${camera_at%/*}
site_camera cam "$camera_source"
start_server cam
wait_for 60 newest_at_least cam 360p 3 || bail "no segments: $(status | jq -c .cameras)"

# manifest [XPATH]: into $work/mpd; or what that says in it
manifest() { get /live/cam/copy/index.m3u8 > "$work/copy.m3u8" && get /live/cam/manifest.mpd > "$work/mpd"; }
mpd() { xmllint --xpath "$(sed 's#\b\(MPD\|UTCTiming\|Period\|AdaptationSet\|Representation\|SegmentTemplate\|SegmentTimeline\|S\)\b\(\[\|/\|$\|)\| \)#*[local-name()="\1"]\2#g' <<< "$1")" "$work/mpd" 2> /dev/null; }
get /live/cam/index.m3u8 > "$work/m3u8"
check "there is a manifest" manifest

note "the manifest"
check "is well-formed" xmllint --noout --nonet "$work/mpd"
for row in 'string(/MPD/@type)=dynamic' 'string(/MPD/@profiles)=urn:mpeg:dash:profile:isoff-live:2011' 'count(/MPD[@availabilityStartTime and @publishTime and @minimumUpdatePeriod and @minBufferTime])=1' \
    'count(/MPD/UTCTiming)=1' 'count(//Period[not(@id) or not(@start)])=0' 'count(//AdaptationSet[not(@contentType) or not(@mimeType)])=0' \
    'count(//Representation[not(@id) or not(@bandwidth > 0) or not(@codecs)])=0' 'count(//SegmentTemplate[not(@timescale > 0) or not(@startNumber) or not(@presentationTimeOffset)])=0' \
    'count(//SegmentTimeline[not(S)])=0' 'count(//SegmentTimeline[not(S[1]/@t)])=0' 'count(//S[not(@d > 0)])=0' 'count(/MPD/Period[1]/AdaptationSet[@contentType="video"]/Representation)=2' \
    'count(/MPD/Period[1]/AdaptationSet[@contentType="audio"]/Representation)=1'; do
    equal "${row%=*}" "$(mpd "${row%=*}")" "${row##*=}"
done
time_at=$(mpd 'string(//UTCTiming/@value)')
check "gives the time" awk -v a="$(date -u -d "$(get "$time_at")" +%s)" -v b="$(date +%s)" 'BEGIN { exit !(a - b <= 2 && b - a <= 20) }'

note "what is told, and what is there"
# of a rendition's part of the manifest
told() { mpd "string(//Representation[starts-with(@id, \"$1-\")]$2)"; }
for r in copy 360p audio; do
    init=$(told $r /SegmentTemplate/@initialization) first=$(told $r /SegmentTemplate/@startNumber)
    get "/live/cam/$init" > "$work/init"
    : > "$work/segments" > "$work/sizes"
    for n in "$first" $((first + 1)); do
        get "/live/cam/$r/$n.m4s" > "$work/segment" || not_ok "$r: segment $n is listed, and cannot be had"
        cat "$work/segment" >> "$work/segments"
    done
    cat "$work/init" "$work/segments" > "$work/$r.mp4"
    seen=$(ffprobe -v error -show_streams -show_entries format=duration -of json "$work/$r.mp4")
    variant=$(grep -B 1 "^$r/index.m3u8" "$work/m3u8" | head -1)
    if [ $r = audio ]; then
        equal "$r: codec" "$(told $r /@codecs) $(jq -r '.streams[0] | .codec_name + " " + .profile' <<< "$seen")" "mp4a.40.2 aac LC"
        equal "$r: rate" "$(told $r /@audioSamplingRate)" "$(jq -r '.streams[0].sample_rate' <<< "$seen")"
        continue
    fi
    # ISO/IEC 14496-15: avcC begins with its version, then what CODECS names
    avcc=$(LC_ALL=C grep -aobm1 avcC "$work/init" | head -1 | cut -d: -f1)
    codec=avc1.$(od -An -v -tx1 -j $((avcc + 5)) -N 3 "$work/init" | tr -d ' \n')
    equal "$r: codec in the manifest" "$(told $r /@codecs)" "$codec"
    matches "$r: and in the playlist" "$variant" "CODECS=\"$codec,mp4a.40.2\""
    size=$(jq -r '.streams[0] | "\(.width)x\(.height)"' <<< "$seen")
    equal "$r: size in the manifest" "$(told $r /@width)x$(told $r /@height)" "$size"
    matches "$r: and in the playlist" "$variant" "RESOLUTION=$size,"
    matches "$r: rate in the manifest, from the first one on" "$(told $r /@frameRate)" '^[1-9][0-9]*(/1000)?$'
    matches "$r: and in the playlist" "$variant" 'FRAME-RATE=[1-9][0-9]*[.][0-9]{3}'
    bytes=$(stat -c %s "$work/segments") seconds=$(jq -r .format.duration <<< "$seen")
    check "$r: its bandwidth covers what was fetched" awk -v said="$(told $r /@bandwidth)" -v b="$bytes" -v s="$seconds" 'BEGIN { exit !(s > 0 && said >= b * 8 / s * 0.98) }'
done

# What a time of the manifest is by the wall clock, and what HLS' playlist says of the same segment.
n=$(told copy /SegmentTemplate/@startNumber)
date=$(awk -v want="$n.m4s" '/^#EXT-X-PROGRAM-DATE-TIME:/ { sub(/^[^:]*:/, ""); d = $0 } $0 == want { print d; exit }' "$work/copy.m3u8")
start=$(mpd 'string(//Period[1]/@start)' | tr -dc '0-9.')
by_hls=$(date -u -d "${date:-1970-01-01}" +%s.%3N)
by_dash=$(awk -v p="$start" -v t="$(told copy '/SegmentTemplate/SegmentTimeline/S[1]/@t')" -v o="$(told copy /SegmentTemplate/@presentationTimeOffset)" 'BEGIN { printf "%.3f", p + (t - o) / 90000 }')
check "segment $n begins at $by_dash, and by HLS at $by_hls" awk -v a="$by_dash" -v b="$by_hls" 'BEGIN { exit !(a - b <= 0.6 && b - a <= 0.6) }'

note "the segment under way"
near() { get /live/cam/manifest-ll.mpd > "$work/mpd"; }
# All of a rendition, under way by both: without a length in the head.
under_way() {
    local r=$1 n pids=() v
    near && n=$(($(told "$r" /SegmentTemplate/@startNumber) + $(mpd "count(//Representation[starts-with(@id, \"$r-\")]//S) + sum(//Representation[starts-with(@id, \"$r-\")]//S/@r)") - 1)) || return 1
    [ "$n" -gt "$(newest cam "$r")" ] || return 1
    for v in http1.1 http2; do
        get "/live/cam/$r/$n.ll.m4s" "--$v" -D "$work/$v.head" -o "$work/$v" &
        pids+=($!)
    done
    wait "${pids[0]}" && wait "${pids[1]}" && ! grep -qi '^content-length' "$work/http1.1.head" "$work/http2.head" && echo "$n" > "$work/number"
}
check "the manifest of low latency is there" near
check "it is well-formed" xmllint --noout --nonet "$work/mpd"
equal "it says when segments can be had, and where to play" "$(mpd 'count(//SegmentTemplate[@availabilityTimeOffset > 0 and @availabilityTimeComplete = "false"])') $(mpd 'count(//SegmentTemplate)') $(mpd 'count(/MPD/*[local-name() = "ServiceDescription"]/*[local-name() = "Latency"])')" '3 3 1'
for r in copy 360p audio; do
    check "$r: one comes while it is made" wait_for 60 under_way $r || continue
    matches "$r: in chunks" "$(cat "$work/http1.1.head")" '^[Tt]ransfer-[Ee]ncoding: chunked'
    matches "$r: and by HTTP/2" "$(cat "$work/http2.head")" '^HTTP/2 200'
    equal "$r: no cache keeps it" "$(grep -ci '^cache-control: no-store' "$work/http1.1.head") $(grep -ci '^cache-control: no-store' "$work/http2.head")" '1 1'
    get "/live/cam/$r/$(< "$work/number").m4s" > "$work/whole"
    get "/live/cam/$r/$(< "$work/number").ll.m4s" > "$work/later"
    equal "$r: it is the segment" "$(sha256sum < "$work/http1.1") $(sha256sum < "$work/http2") $(sha256sum < "$work/later")" "$(sha256sum < "$work/whole") $(sha256sum < "$work/whole") $(sha256sum < "$work/whole")"
done

note "the worker of a rendition dies"
kill -KILL "$(st '.roles[] | select(.role == "transcode" and .pid > 0) | .pid')"
behind_gap() {
    get /live/cam/360p/index.m3u8 | awk '/^#EXT-X-GAP/ { gap = 1 } /^[0-9]+[.]m4s$/ { if (gap == 2) goes_on = 1; gap += gap == 1 } END { exit !goes_on }' && manifest
}
check "it lacks a segment, and goes on" wait_for 60 behind_gap
equal "no time is without a segment" "$(mpd 'count(//S[position() > 1 and @t])')" 0

note "the camera goes, and comes back"
end_process "$camera_pid"
before=$(newest cam 360p)
"$casemate" camera --listen "$camera_at" > "$work/again" 2>&1 &
started_pids+=($!)
check "the camera came back" wait_for 60 newest_at_least cam 360p $((before + 1))
two_periods() { manifest && [ "$(mpd 'count(/MPD/Period)')" -ge 2 ]; }
check "its return is a period of its own" wait_for 60 two_periods
check "that is well-formed" xmllint --noout --nonet "$work/mpd"
equal "each period but the last says when it was over" "$(mpd 'count(/MPD/Period[last() > position()][not(@duration)])') $(mpd 'count(/MPD/Period[last()]/@duration)')" "0 0"
check "the first one before the second begins" awk -v a="$(mpd 'string(/MPD/Period[1]/@start)' | tr -dc 0-9.)" -v d="$(mpd 'string(/MPD/Period[1]/@duration)' | tr -dc 0-9.)" \
    -v b="$(mpd 'string(/MPD/Period[2]/@start)' | tr -dc 0-9.)" 'BEGIN { exit !(a > 0 && d > 0 && a + d <= b) }'
stop_server
check "the archive verifies" verify
finish
