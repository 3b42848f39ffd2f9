#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Share links and sessions at a running server: a link opens one camera, in Chromium, VLC, ffmpeg and curl, also after a restart; another
# camera, a forged token, a revoked or expired link open nothing, and what was watched by it ends. Sessions are listed and ended. Who
# watched what is in the log, which verifies.
# takes: 32 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffmpeg cvlc node chromium
[ -d "$here/node_modules/playwright-core" ] || skip_all "playwright-core is not installed (npm ci in tests/system)"

make_site
rtsps=$(free_port)
sed -i "s|^listen: .*|&\nrtsps: \"127.0.0.1:$rtsps\"|" "$site/site.yaml"
start_camera --count 2
for i in 1 2; do printf '  cam%s: {source: "%s", segment: 500 ms}\n' $i "${camera_source%/*}/$i" >> "$site/site.yaml"; done
start_server cam1 cam2
wait_for 60 newest_at_least cam1 copy 2 || bail "no segments: $(status | jq -c .cameras)"

share() { timeout 60 "$casemate" share -s "$site/casemate.sock" "$@" 2> "$work/share.err"; }
sessions() { timeout 60 "$casemate" sessions -s "$site/casemate.sock" "$@"; }
# take LINK: id and token of it
take() { [[ $1 =~ \#share=(share-[a-z2-7]{6})\.([A-Za-z0-9_-]{43})$ ]] && id=${BASH_REMATCH[1]} token=${BASH_REMATCH[2]}; }
# code ID TOKEN PATH
code() { timeout 60 curl -sS --cacert "$site/tls.crt" -u "$1:$2" -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port$3"; }
code_is() { [ "$(code "$2" "$3" "$4")" = "$1" ]; }
entries() { find "$site/archive/log/tile/entries" "$site/archive/log/journal" -type f -exec cat {} + 2> /dev/null; }
has_entry() { [ "$(entries | grep -acE "$1")" -gt 0 ]; }

link=$(share --camera cam1 --live --expires '1 h' --host "127.0.0.1:$port")
take "$link" || bail "no link: $link $(cat "$work/share.err")"
ok "a link is made"
equal "it opens its camera" "$(code $id $token /live/cam1/index.m3u8) $(code $id $token /live/cam1/copy/index.m3u8)" '200 200'
equal "and no other" "$(code $id $token /live/cam2/index.m3u8) $(code $id $token /live/camx/index.m3u8)" '404 404'
equal "whose name is nowhere" "$(curl -sS --cacert "$site/tls.crt" -u "$id:$token" "https://127.0.0.1:$port/api/site" | jq -c '[.user, [.cameras[].name], .cameras[].may]')" \
    "[\"$id\",[\"cam1\"],[\"live\"]]"
equal "a token that is another opens nothing" "$(code $id "${token:0:42}$([ "${token:42}" = A ] && echo B || echo A)" /live/cam1/index.m3u8)" 401
equal "what cannot be shared is not" "$(for a in '--camera camx --live' '--camera cam1 --live --user nobody'; do share $a --expires '1 h'; echo -n "$?:$(cat "$work/share.err")|"; done)" \
    '1:the site has no camera of that name|1:the site has no user of that name|'

# Players. VLC is no friend of root.
mkdir "$work/vlc" "$work/trust"
cp "$site/tls.crt" "$work/trust/"
chmod 755 "$work" "$work/trust"
chmod 777 "$work/vlc"
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
"${as[@]}" env HOME="$work/vlc" timeout -k 2 120 cvlc -I dummy --no-audio --gnutls-dir-trust="$work/trust" --sout "#file{mux=ts,dst=$work/vlc/vlc.ts}" \
    "https://$id:$token@localhost:$port/live/cam1/copy/index.m3u8" > "$work/vlc.err" 2>&1 < /dev/null &
vlc=$!
started_pids+=("$vlc")
timeout -k 2 300 ffmpeg -nostdin -v error -rtsp_transport tcp -i "rtsps://$id:$token@127.0.0.1:$rtsps/cam1/copy" -map 0:v -c copy -flush_packets 1 -f h264 -y "$work/rtsp.h264" \
    > "$work/rtsp.err" 2>&1 < /dev/null &
rtsp=$!
started_pids+=("$rtsp")
check "a page opens it, once it is asked to" timeout -k 5 150 node "$here/page-share.mjs" "$link" cam1 "${link::-1}$([ "${link: -1}" = A ] && echo B || echo A)"
has_bytes() { [ "$(stat -c %s "$1" 2> /dev/null || echo 0)" -gt 10000 ]; }
check "VLC plays it" wait_for 90 has_bytes "$work/vlc/vlc.ts" || note "$(tail -3 "$work/vlc.err")"
check "so does ffmpeg, by RTSP" wait_for 90 has_bytes "$work/rtsp.h264" || note "$(tail -3 "$work/rtsp.err")"
end_process $vlc

# Footage of a time: the playlist is of it, whole and ended; what is not of it is not there, nor is anything live.
times=$(get /live/cam1/copy/index.m3u8 | awk -F'DATE-TIME:' '/DATE-TIME/ { at = $2 } /\.m4s$/ && !/\..*\./ { sub(/\.m4s/, ""); print $0, at }' | sed -n '1p;4p')
read -r n from <<< "$(sed -n 1p <<< "$times")"
read -r _ to <<< "$(sed -n 2p <<< "$times")"
take "$(share --camera cam1 --from "$from" --to "$to" --expires '1 h')" || bail "no link to a time: $(cat "$work/share.err")"
of_time() { timeout 60 curl -sS --cacert "$site/tls.crt" -u "$id:$token" "https://127.0.0.1:$port/live/cam1/copy/index.m3u8"; }
is_listed() { local l; l=$(of_time); grep -qx "$1.m4s" <<< "$l" && grep -qx '#EXT-X-ENDLIST' <<< "$l"; }
check "a link to a time lists it" wait_for 60 eval 'is_listed $n && is_listed $((n + 1)) && is_listed $((n + 2))' || note "$(of_time)"
equal "and no more than touches it" "$(of_time | sed -n 's/^\([0-9]*\)\.m4s$/\1/p' | awk -v n="$n" '$1 < n - 1 || $1 > n + 3' | wc -l)" 0
equal "its segments and proofs are there, others and what is live are not" "$(for p in copy/$n.m4s copy/$n.m4s.tlog-proof copy/$((n + 8)).m4s copy/$((n + 8)).m4s.tlog-proof \
    "copy/$(newest cam1 copy).m4s" manifest.mpd snapshot.jpg; do code $id $token "/live/cam1/$p"; echo -n ' '; done)" '200 200 404 404 404 403 403 '
check "ffmpeg plays it to its end" eval '[ "$(timeout 90 ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0 \
    "https://$id:$token@127.0.0.1:$port/live/cam1/index.m3u8" | head -1)" -ge 20 ]'
take "$link"

# Sessions: the page's, by the link, and one of the site's own user.
timeout 60 curl -sS --cacert "$site/tls.crt" -c "$work/jar" -o /dev/null --data-urlencode "name=$user" --data-urlencode "password=$password" "https://127.0.0.1:$port/login"
equal "who is logged in is listed" "$(sessions --json | jq -c --arg id $id '[.[] | [.user, .address]] | sort | unique')" "$(jq -nc --arg id $id --arg u $user '[[$u, "127.0.0.1"], [$id, "127.0.0.1"]] | sort')"
check "a session is ended" sessions --user $user
equal "and opens nothing" "$(timeout 60 curl -sS --cacert "$site/tls.crt" -b "$work/jar" -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port/api/site")" 401
equal "one that is not there is not" "$(sessions --end 0000000000000000 2>&1; echo $?)" $'there is no such session: casemate sessions\n1'

# A link that is revoked; another that has expired, and one that outlives the server.
brief=$(share --camera cam1 --live --expires '10 s')
watch_ends $id $token cam1
revoked=$(now_ms)
check "it is revoked" share --revoke $id
watch_ended "the link was revoked" "$revoked"
check "and what was watched by it ends" wait_for 60 all_gone $rtsp
equal "it opens nothing" "$(code $id $token /live/cam1/index.m3u8)" 401
equal "nor is it listed, or its sessions" "$(share --list | grep -c $id) $(sessions | grep -c $id)" '0 0'
first=$id
kept=$(share --camera cam2 --live --expires '1 d' --user $user) || bail "no link that is kept: $(cat "$work/share.err")"
take "$brief" || bail "no brief link: $(cat "$work/share.err")"
check "one that has expired opens nothing" wait_for 60 code_is 401 $id $token /live/cam1/index.m3u8
equal "files are their owner's" "$(stat -c %a "$site/site.key.shares" "$site/site.key.share-key" | xargs)" '600 600'
stop_server
matches "who watched what is in the log" "$(entries | grep -aA9 'watch/v1$' | grep -aA8 "^user $first" | tr '\n' ' ')" "^user $first address 127.0.0.1 camera cam1 by [a-z ]*rtsp renditions [a-z ]*copy"
check "so is the link, and its end" eval 'has_entry "^change $first made: cam1 user -" && has_entry "^change $first revoked: cam1 user -" && has_entry "^user $first"'
check "the log verifies" verify
start_server cam2
take "$kept" || bail "no link that is kept: $kept"
check "a link outlives the server" wait_for 60 code_is 200 $id $token /live/cam2/index.m3u8
equal "and the one that was revoked does not" "$(share --list --json | jq -c --arg kept $id --arg first $first '[.[].id] | [any(. == $kept), any(. == $first)]')" '[true,false]'
finish
