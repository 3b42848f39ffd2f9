#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every view of the page in headless Chromium, by page-views.mjs: a wall of 200 cameras, one camera with its plots, the site's roles, sessions
# and share links, who has few rights, a server that goes away. Pictures of them go to CASEMATE_ARTEFACTS, else beside the logs of the tests.
# takes: 65 s
# alone: it waits for pictures that a browser decodes without a graphics card
source "$(dirname "$0")/lib.sh"
wants jq curl ss node chromium
for module in playwright-core axe-core; do [ -d "$here/node_modules/$module" ] || skip_all "$module is not installed (npm ci in tests/system)"; done
artefacts=${CASEMATE_ARTEFACTS:-$build/test-logs}/page-views
mkdir -p "$artefacts"

make_site
start_camera --count 2
guard=guard-password
hashes=$(timeout 20 "$casemate" passwd $user < "$site/password"; printf '    groups: all\n'; timeout 20 "$casemate" passwd guard <<< "$guard"; printf '    groups: few\n'; timeout 20 "$casemate" passwd late <<< "$guard"; printf '    groups: past\n')
sed -i '/^users:/,$d' "$site/site.yaml"
cat >> "$site/site.yaml" <<END
groups:
  all: {rights: [live, history, export, admin], cameras: "*"}
  few: {rights: [live, history], cameras: gate}
  past: {rights: [history], cameras: gate}
users:
$hashes
cameras:
END
site_camera gate "${camera_source%/*}/1" "segment: 1 s"
printf '  yard: {source: "%s", segment: 1 s}\n' "${camera_source%/*}/2" >> "$site/site.yaml"
start_server gate yard
wait_for 60 newest_at_least gate copy 3 || bail "no segments: $(status | jq -c .cameras)"
# A gap, for the time line.
stop_server
before=$(find "$site/archive/footage/gate/copy" -name '*.m4s' | wc -l)
sleep 3
start_server gate yard
wait_for 60 newest_at_least gate copy $((before + 6)) || bail "no segments: $(status | jq -c .cameras)"

said=$(timeout -k 5 900 node "$here/page-views.mjs" "https://127.0.0.1:$port/" $user "$password" guard late "$guard" "$artefacts" 2>&1)
rc=$?
while IFS= read -r line; do
    case $line in
    'ok '*) ok "${line#ok }" ;;
    'not ok '*) not_ok "${line#not ok }" ;;
    *) [ -z "$line" ] || note "$line" ;;
    esac
done <<< "$said"
[ $rc = 0 ] || [ $failed -gt 0 ] || not_ok "page-views.mjs ended with $rc"
check "a link that was made on the page is in the log, with its user" wait_for 60 grep -raq "share-[a-z2-7]*: made: yard user $user\|made: yard user $user" "$site/archive/log"
stop_server
check "the archive verifies" verify
finish
