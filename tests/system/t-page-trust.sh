#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page in headless Chromium, by page-trust.mjs: sites that it should not trust, networks that go away, and its buttons and keys.
# takes: 93 s
# alone: it waits for pictures that a browser decodes without a graphics card
source "$(dirname "$0")/lib.sh"
wants curl ss node chromium
[ -d "$here/node_modules/playwright-core" ] || skip_all "playwright-core is not installed (npm ci in tests/system)"

site=$work/site
port=$(free_port)
"$top/scripts/demo" "$casemate" "$site" "127.0.0.1:$port" > "$work/demo" 2>&1 &
demo=$!
started_pids+=("$demo")
wait_for 40 grep -q '^ *password ' "$work/demo" || bail "scripts/demo: $(tail -5 "$work/demo")"
user=$(sed -n 's/^ *user  *//p' "$work/demo")
password=$(sed -n 's/^ *password  *//p' "$work/demo")

while read -r verdict name; do
    case $verdict in
    ok) ok "$name" ;;
    FAIL) not_ok "$name" ;;
    esac
done < <(timeout -k 5 480 node "$here/page-trust.mjs" "https://127.0.0.1:$port/" "$user" "$password" 2>&1 | tee "$work/said")
grep -Eq '^[1-9][0-9]* passed, ' "$work/said" || not_ok "page-trust.mjs did not come to its end: $(tail -3 "$work/said")"

end_process "$demo"
finish
