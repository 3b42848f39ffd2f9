#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# verify.html in headless Chromium, opened from a disk and without a network, by verify-html.mjs: on a real site's export, archive and
# segment, and on rows of the table of mutations.
# takes: 35 s
source "$(dirname "$0")/lib.sh"
wants curl jq ss node chromium
[ -d "$here/node_modules/playwright-core" ] || skip_all "playwright-core is not installed (npm ci in tests/system)"

make_site
start_camera
site_camera gate "$camera_source"
start_server gate
wait_for 60 newest_at_least gate copy 3 || bail "no three segments: $(status | jq -c .cameras)"
mkdir "$work/all" "$work/all/segment"
check "a segment is fetched" get /live/gate/copy/2.m4s -o "$work/all/segment/2.m4s"
proof() { get /live/gate/copy/2.m4s.tlog-proof -o "$work/all/segment/2.m4s.tlog-proof"; }
check "and its proof" wait_for 60 proof
check "the site serves the page" get /verify.html -o "$work/served.html"
from=$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json | jq -r '.renditions[] | select(.rendition == "copy") | .from')
said=$(timeout -k 2 60 "$casemate" export -c "$site/site.yaml" --camera gate --from "$from" --to "$(date -u +%Y-%m-%dT%H:%M:%SZ)" -o "$work/all/clip" 2>&1)
equal "a clip is exported" $? 0 || note "$said"
check "the clip brings the same page" cmp "$work/served.html" "$work/all/clip/verify.html"
stop_server
cp -r "$site/archive" "$work/all/archive"
cp "$site/site.key.pub" "$work/all/key"
mkdir "$work/all/evidence"
check "the table of mutations is made" "$build/tests/evidence/mutate" "$work/all/evidence"

while read -r verdict name; do
    case $verdict in
    ok) ok "$name" ;;
    FAIL) not_ok "$name" ;;
    esac
done < <(timeout -k 5 300 node "$here/verify-html.mjs" "$work/all" 2>&1 | tee "$work/said")
grep -Eq '^[1-9][0-9]* passed, ' "$work/said" || not_ok "verify-html.mjs did not come to its end: $(tail -3 "$work/said")"
finish
