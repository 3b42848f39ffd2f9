#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A clip over a gap and another init segment: it plays, is the sealed bytes, proves itself, and the log says who took it; with one bit
# changed it does not.
# takes: 40 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss ffprobe ffmpeg unzip

make_site
start_camera
site_camera gate "$camera_source"
start_server gate
archive=$site/archive
wait_for 60 newest_at_least gate copy 2 || bail "no two segments: $(status | jq -c .cameras)"
# the camera goes away, and comes back with another picture
address=${camera_source#rtsp://}
kill -KILL "$camera_pid"
wait_for 60 st_is '.cameras[0].state' waiting || bail "the camera's end was not noticed"
"$casemate" camera --listen "${address%%/*}" --size 640x360 > "$work/again" 2>&1 < /dev/null &
camera_pid=$!
started_pids+=("$camera_pid")
# whatever was before it is on the disk when the new init segment is
two_inits() { [ "$(find "$archive/footage/gate/copy" -name 'init-*.mp4' | wc -l)" = 2 ]; }
wait_for 60 two_inits || bail "the camera did not come back: $(cat "$work/again") $(status | jq -c .cameras)"
before=$(find "$archive/footage/gate/copy/000000" -name '*.m4s*' -printf '%f\n' | sort -n | tail -1)
before=${before%%.*}

# asked for: from within the first segment to within the last that a checkpoint covers
sealed() { { timeout 60 "$casemate" verify "$archive" --key "$site/site.key.pub" --json || true; } | jq -er ".renditions[] | select(.rendition == \"copy\") | .$1"; }
sealed_to() { [ "$(sealed last)" -ge "$1" ]; }
wait_for 60 sealed_to $((before + 3)) || bail "no checkpoint covers segment $((before + 3)): $(verify)"
from=$(sealed from) && to=$(sealed to) || bail "verify does not say from when to when footage is sealed"
from=$(date -u -d "$from + 1 second" +%Y-%m-%dT%H:%M:%SZ)
to=$(date -u -d "$to - 1 second" +%Y-%m-%dT%H:%M:%SZ)

export_clip() { timeout -k 2 100 "$casemate" export -c "$site/site.yaml" --camera gate --from "$from" --to "$to" "$@" 2>&1; }
verify_clip() { timeout 60 "$casemate" verify "$1" --key "$site/site.key.pub"; }
# the log's entries of one kind, in tiles or in the journal
entries() { find "$archive/log" -type f -exec grep -alF -- "$1" {} +; }

said=$(export_clip -o "$work/clip" --zip "$work/clip.zip")
equal "a time with a gap is exported" $? 0 || note "$said"
matches "what was rounded is told" "$said" 's before the asked time'
matches "the gap is told, and why" "$said" '^no footage from .*: [a-z-]+$'
check "the clip verifies" verify_clip "$work/clip"
check "the ZIP is whole" unzip -tq "$work/clip.zip"
check "the ZIP unpacks" unzip -q "$work/clip.zip" -d "$work/unzipped"
check "the ZIP has the folder's bytes" diff -r "$work/clip" "$(echo "$work"/unzipped/*)"
check "the log says who exported" test -n "$(entries 'export/v2')"
matches "so does the server" "$(cat "$site/log")" 'info casemate export user=operator camera=gate rendition=copy'
equal "another file begins where the init segment changes" "$(echo "$work"/clip/gate-copy-*.mp4 | wc -w)" 2
matches "the report says what it is" "$(cat "$work/clip/report.txt")" '^Camera +gate$'

# is_sealed FILE: the file is one init segment of the archive, and the segments that it is called by.
is_sealed() {
    local name=${1##*/} first last init
    name=${name%.mp4}
    last=${name##*-}
    name=${name%-*}
    first=${name##*-}
    for init in "$archive"/footage/gate/copy/init-*.mp4; do
        # shellcheck disable=SC2046
        ! cmp -s "$1" <(cat "$init" $(seq -f "$archive/footage/gate/copy/000000/%.0f.m4s" "$first" "$last")) || return 0
    done
    return 1
}
for file in "$work"/clip/gate-copy-*.mp4; do
    check "${file##*/}: its bytes are the archive's" is_sealed "$file"
done
for file in "$work"/clip/*.mp4; do
    equal "${file##*/}: ffmpeg finds no fault" "$(timeout 60 ffmpeg -v error -nostdin -i "$file" -f null - 2>&1)" ''
done

# the same from the page: one ZIP, under the name of who asked
post() { timeout -k 2 100 curl -sS --cacert "$site/tls.crt" -K "$site/curlrc" -D "$work/head" "https://127.0.0.1:$port/export" "$@"; }
form=(--data-urlencode camera=gate --data-urlencode "from=$from" --data-urlencode "to=$to")
equal "the page exports too" "$(post -o "$work/page.zip" -w '%{http_code}' "${form[@]}")" 200
matches "as a file with a name" "$(cat "$work/head")" '^[Cc]ontent-[Dd]isposition: attachment; filename="gate-[0-9TZ]+\.zip"'
check "its ZIP is whole" unzip -tq "$work/page.zip"
unzip -q "$work/page.zip" -d "$work/page"
check "and holds" verify_clip "$(echo "$work"/page/*)"
for file in "$work"/clip/*.mp4; do
    check "${file##*/}: the page gives the same bytes" cmp "$file" "$(echo "$work"/page/*)/${file##*/}"
done
matches "the log names the user" "$(cat "$site/log")" "info store export user=$user camera=gate rendition=copy"
check "and so does an entry" test -n "$(entries "user $user")"
equal "another site's page may not ask" "$(post -o /dev/null -w '%{http_code}' -H 'Origin: https://evil.example' "${form[@]}")" 403
equal "nobody else may" "$(timeout 20 curl -sS -o /dev/null -w '%{http_code}' --cacert "$site/tls.crt" "${form[@]}" "https://127.0.0.1:$port/export")" 401
equal "a camera that is none is none" "$(post -o "$work/said" -w '%{http_code}' --data-urlencode camera=gone "${form[@]:2}")" 404
equal "a time without footage is none" "$(post -o "$work/said" -w '%{http_code}' -d camera=gate -d from=2020-01-01T00:00:00Z -d to=2020-01-01T00:01:00Z)" 404
matches "in words" "$(cat "$work/said")" 'the log has no footage'
equal "a form that is none is refused" "$(post -o "$work/said" -w '%{http_code}' -d camera=gate)" 400

# and by its own form, in a browser
if [ -d "$here/node_modules/playwright-core" ] && command -v node > /dev/null && command -v chromium > /dev/null; then
    said=$(timeout -k 5 150 node "$here/page-export.mjs" "https://127.0.0.1:$port/" "$user" "$password" gate "${from%Z}" "${to%Z}" "$work/browser.zip" 2>&1)
    equal "the page's form brings a file" $? 0 || note "$said"
    matches "under its name" "$said" '^gate-[0-9TZ]+\.zip$'
    unzip -q "$work/browser.zip" -d "$work/browser"
    check "and it holds" verify_clip "$(echo "$work"/browser/*)"
else
    skip "the page's form: needs node, chromium and playwright-core"
fi

# flip FILE OFFSET: the lowest bit of one byte.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
first_file=$(printf '%s\n' "$work"/clip/gate-copy-1-*.mp4)
flip "$first_file" 3000
said=$(verify_clip "$work/clip" 2>&1)
equal "with one bit changed it does not verify" $? 1
matches "and the file is named" "$said" "gate/copy"
flip "$first_file" 3000

# the sound with all that speaks of it: its films, its segments' proofs, its export's
cp -r "$work/clip" "$work/mute"
rm "$work"/mute/gate-audio-*.mp4
for proof in "$work"/mute/proofs/*; do
    entry=$(sed -n 's/^extra //p' "$proof" | base64 -d)
    [[ $entry != *$'\nrendition audio\n'* ]] || rm "$proof"
done
said=$(verify_clip "$work/mute" 2>&1)
equal "without its sound it does not verify" $? 1
matches "since the picture's export names it" "$said" 'gate/audio.* segments were exported, and the clip has files of 0'

export_clip -o "$work/clip" > "$work/said"
equal "a folder that is not empty is refused" $? 2
matches "in words" "$(cat "$work/said")" 'there is something in it'
flip "$archive/footage/gate/copy/000000/1.m4s" 2000
said=$(export_clip -o "$work/changed")
equal "what is not what was sealed is not exported" $? 1
matches "and named" "$said" 'segment 1 to 1 .*NOT what was sealed'
flip "$archive/footage/gate/copy/000000/1.m4s" 2000
said=$(timeout 60 "$casemate" export -c "$site/site.yaml" --camera gate --from 2020-01-01T00:00:00Z --to 2020-01-01T00:01:00Z -o "$work/none" 2>&1)
equal "a time without footage is refused" $? 2
matches "and said to be one" "$said" 'the log has no footage'
check "and nothing is made" test ! -e "$work/none" -a ! -e "$work/none.tmp"

while IFS='|' read -r words arguments; do
    # shellcheck disable=SC2086  # each word is an argument
    said=$(timeout 20 "$casemate" export $arguments 2>&1)
    equal "export $arguments" "$? $(head -1 <<< "$said")" "2 casemate export: $words"
done <<'WRONG'
--rendtion is no option, or short for more than one: casemate export --help says what there is|--rendtion copy
-o wants a value behind it: casemate export --help says what there is|--camera gate -o
gate is not wanted: casemate export --help says what there is|gate
--camera, --from and --to: say whose footage, and of what time|--camera gate
-o FOLDER: or --zip FILE says where it goes|--camera gate --from 2020-01-01T00:00:00Z --to 2020-01-01T00:01:00Z
yesterday: not a time; write it as 2026-11-22T15:30:00Z (UTC)|--camera gate --from yesterday --to 2020-01-01T00:01:00Z -o x
--from: is not earlier than --to|--camera gate --from 2020-01-01T00:01:00Z --to 2020-01-01T00:00:00Z -o x
WRONG
matches "help says what there is" "$(timeout 20 "$casemate" export --help)" '^usage: casemate export'

stop_server
said=$(export_clip -o "$work/later")
equal "without a server there is no export" $? 2
check "and nothing is left of it" test ! -e "$work/later" -a ! -e "$work/later.tmp"
matches "and why is told" "$said" 'an entry of the log, so the server must run'
finish
