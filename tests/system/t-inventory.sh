#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# casemate inventory: makers, chips and flags of cameras that are asked, and of cameras that a running server has heard; passwords that
# makers sell them with are tried when that is asked for, and once; nothing that a camera sends gets out.
# takes: 14 s
source "$(dirname "$0")/lib.sh"
wants jq python3

python3 "$here/inventory-cameras.py" "$work/tries" > "$work/cameras" 2> "$work/cameras.err" &
started_pids+=($!)
wait_for 60 grep -q '^ready' "$work/cameras" || bail "the cameras do not start: $(cat "$work/cameras.err")"
start_camera
make_site
printf 'secret\n' > "$site/hostile-password"
chmod 600 "$site/hostile-password"
while read -r name port; do
    [ "$name" != ready ] || continue
    printf '  %s: {source: "rtsp://127.0.0.1:%s/1"%s}\n' "$name" "$port" \
        "$([[ "$name" != @(hostile|late) ]] || echo ', user: anna, password_file: hostile-password')" >> "$site/site.yaml"
    [ "$name" != kept ] || printf '  second: {source: "rtsp://127.0.0.1:%s/2"}\n' "$port" >> "$site/site.yaml"
done < "$work/cameras"
printf '  test: {source: "%s"}\n' "$camera_source" >> "$site/site.yaml"
printf '28-57-BE   (hex)\t\tHangzhou Hikvision Digital Technology Co.,Ltd.\r\n' > "$work/oui.txt"

# inventory ARGUMENT…: sets said and rc
inventory() {
    timeout 300 "$casemate" inventory -c "$site/site.yaml" --oui "$work/oui.txt" "$@" > "$work/said" 2> "$work/said.err" < /dev/null
    rc=$?
}
of() { jq -r ".cameras[] | select(.camera == \"$1\") | $2" "$work/said"; }
harmless() { ! LC_ALL=C grep -q $'[^\t\r -~]' "$work/said" && ! grep -qE '<script|calc' "$work/said"; }

inventory --json
equal "without a server: exit status" $rc 1
equal "without a server: who asked" "$(jq -r .seen_by "$work/said")" inventory
equal "hik: its maker is known by its realm alone" "$(of hik '[.maker, .certainty, .section_889.maker, .section_889.rule] | join("; ")')" \
    "Hikvision, or one of its rebrands; likely; Hikvision; named"
equal "hik: what is wrong" "$(of hik '[.flags[].flag] | sort | join(" ")')" "889 clear-media md5-only"
equal "board: maker and chip" "$(of board '[.certainty, .chip, .section_889.maker, .section_889.certainty] | join("; ")')" "sure; HiSilicon; HiSilicon; weak"
equal "board: asks for no password" "$(of board '[.flags[].flag] | index("no-password") != null')" true
equal "hostile: nobody is named" "$(of hostile '[.heard, .maker] | map(tostring) | join(" ")')" "true null"
equal "test: nobody is named" "$(of test '[.heard, .maker] | map(tostring) | join(" ")')" "true null"
equal "no password was tried" "$(grep -cvE '^(hostile|late SETUP right)' "$work/tries")" 0
check "nothing that a camera sent is in it" harmless
inventory --csv
equal "CSV: a line each" "$(wc -l < "$work/said")" 8
check "CSV: nothing that a camera sent is in it" harmless

: > "$work/tries"
inventory --json --try-defaults
equal "--try-defaults: a password that was left as it is sold" "$(of hik .default_login)" accepted
equal "--try-defaults: one that was changed" "$(of kept .default_login)" refused
equal "--try-defaults: another channel there" "$(of second .default_login)" refused
equal "--try-defaults: who describes to all, and asks later" "$(of late .default_login)" refused
equal "--try-defaults: who asks for none is not tried" "$(of board .default_login)" not-tried
equal "--try-defaults: once, where it is wrong" "$(grep '^kept' "$work/tries")" "kept DESCRIBE wrong"
equal "--try-defaults: nowhere else" "$(awk '{print $1}' "$work/tries" | sort -u | tr '\n' ' ')" "hik hostile kept late "

run_server
wait_for 60 st_is '.cameras | length' 7 || bail "the server does not run: $(tail -5 "$site/log")"
heard() { inventory --json; [ "$(of hostile .heard) $(of board .heard) $(of test .heard) $(of hik .heard)" = "true true true true" ]; }
check "a running server tells what it has heard" wait_for 60 heard
equal "with a server: who asked" "$(jq -r .seen_by "$work/said")" server
equal "with a server: the same is known" "$(of hik '[.maker, .certainty] | join("; ")')" "Hikvision, or one of its rebrands; likely"
inventory
matches "text: the reason" "$(cat "$work/said")" 'likely +Hikvision, or one of its rebrands, by the realm'
matches "text: whose password is not there" "$(cat "$work/said")" '^  \? it answered without a description: it may ask for a password, and the site file has none for it'
equal "text: of those alone" "$(grep -c '^  ? ' "$work/said")" 3
matches "text: who asks for none" "$(cat "$work/said")" '^  ! it asks for no password, .*: set one in the camera'
matches "text: what to do" "$(cat "$work/said")" 'section 889: Hikvision is named by it'
check "text: nothing that a camera sent is in it" harmless
stop_server
printf '12345\n' > "$site/hik-password"
chmod 600 "$site/hik-password"
sed -i 's|^  hik: {|&user: admin, password_file: hik-password, |' "$site/site.yaml"
inventory --json
equal "a password of the site file that is the maker's" "$(of hik .default_login)" in-use
printf 'x | X | bad | - | - | - | s\n' > "$work/makers"
inventory --makers "$work/makers"
equal "a wrong table: exit status" $rc 2
matches "a wrong table: its line" "$(cat "$work/said.err")" 'makers:1: its rule'
finish
