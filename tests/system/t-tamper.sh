#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever is done to a stopped archive, casemate verify says no and names camera and segment; put back, it says yes.
# takes: 33 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss

make_site
start_camera
site_camera gate "$camera_source"
start_server gate

wait_for 20 newest_at_least gate copy 3 || bail "no three segments: $(status | jq -c .cameras)"
cp "$site/archive/log/checkpoint" "$work/old-checkpoint"
wait_for 20 newest_at_least gate copy 6 || bail "no six segments"
check "a running site verifies over HTTPS" timeout 60 "$casemate" verify "https://127.0.0.1:$port" --key "$site/site.key.pub" \
    --ca "$site/tls.crt" --user "$user" --password-file "$site/password"
check "the archive of a running site verifies" verify
stop_server

clean=$work/clean copy=footage/gate/copy/000000
mv "$site/archive" "$clean"
last=$(cd "$clean/$copy" && printf '%s\n' *.m4s | sort -n | tail -1)
last=${last%.m4s}
check "the stopped archive verifies" verify "$clean"

# tampered NAME PATTERN COMMAND…: in a fresh copy of the clean archive the command is run, then verify must exit 1 and say PATTERN.
tampered() {
    local name=$1 pattern=$2 said rc
    shift 2
    rm -rf "$work/archive"
    cp -a "$clean" "$work/archive"
    cd "$work/archive" || exit
    "$@" || bail "$name: could not be set up"
    cd "$work" || exit
    said=$(verify "$work/archive" 2>&1)
    rc=$?
    equal "$name: exit status" $rc 1
    matches "$name: named" "$said" "$pattern"
}

# flip FILE OFFSET: the lowest bit of one byte.
flip() {
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
swap() { mv "$1" "$1.x" && mv "$2" "$1" && mv "$1.x" "$2"; }

# edit_entry: copy segment 3 begins a hundred years later, in the bundle of entries.
edit_entry() {
    sed -i '/^rendition copy$/{n;/^number 3$/{n;n;n;n;s/^start 20/start 21/}}' "$(find log/tile/entries -type f | sort | tail -1)"
}

tampered "a byte of a segment flipped" 'changed.*gate/copy.* 3\b' flip $copy/3.m4s 2000
tampered "a byte of an init segment flipped" 'changed.*gate/copy' flip "$(cd "$clean" && ls footage/gate/copy/init-*.mp4)" 100
tampered "a segment removed" 'missing.*gate/copy.* 4\b' rm $copy/4.m4s
tampered "two segments swapped, the first" 'changed.*gate/copy.* 2\b' swap $copy/2.m4s $copy/5.m4s
tampered "two segments swapped, the second" 'changed.*gate/copy.* 5\b' swap $copy/2.m4s $copy/5.m4s
tampered "a segment cut short" 'changed.*gate/copy.* 3\b' truncate -s -1 $copy/3.m4s
tampered "a segment that nobody sealed" 'extra.*99' cp $copy/3.m4s $copy/99.m4s
tampered "an entry edited" 'changed.*gate/copy.* 3\b' edit_entry
tampered "the checkpoint replaced by an older one" "unsigned.*gate/copy.* $last\\b" cp "$work/old-checkpoint" log/checkpoint

check "restored, it verifies again" verify "$clean"
timeout 20 "$casemate" keygen test.example/casemate -o "$work/other.key" > /dev/null
timeout 60 "$casemate" verify "$clean" --key "$work/other.key.pub" > "$work/said" 2>&1
equal "another key: exit status" $? 1
timeout 60 "$casemate" verify "$work/nothing-here" --key "$site/site.key.pub" > "$work/said" 2>&1
equal "no such archive: exit status" $? 2
finish
