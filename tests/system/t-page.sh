#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page in headless Chromium, by page.mjs: it logs in, plays and verifies; a changed byte turns its badge red; it comes back by
# itself after the server was killed. The site is scripts/demo's, as ./bootstrap run starts it.
# takes: 41 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node chromium
[ -d "$here/node_modules/playwright-core" ] || skip_all "playwright-core is not installed (npm ci in tests/system)"

site=$work/site
port=$(free_port)
"$top/scripts/demo" "$casemate" "$site" "127.0.0.1:$port" > "$work/demo" 2>&1 &
demo=$!
started_pids+=("$demo")
wait_for 40 grep -q '^ *password ' "$work/demo" || bail "scripts/demo: $(tail -5 "$work/demo")"
user=$(sed -n 's/^ *user  *//p' "$work/demo")
password=$(sed -n 's/^ *password  *//p' "$work/demo")

# page NAME SECONDS ARGUMENT…
page() {
    local name=$1 said rc
    said=$(timeout -k 5 150 node "$here/page.mjs" "https://127.0.0.1:$port/" "$user" "$password" "${@:2}" 2>&1)
    rc=$?
    if [ $rc = 0 ]; then
        ok "$name: $(tr -d '\n' <<< "$said" | tr -s ' \t' ' ' | cut -c 1-300)"
    else
        not_ok "$name: exit status $rc: $(tr -d '\n' <<< "$said" | tr -s ' \t' ' ' | cut -c 1-1500)"
    fi
}
page "it logs in, plays for ten seconds with sound, and verifies" 10
page "a byte changed on the way turns the badge red and names the segment" 10 --expect-failed
mapfile -t pids < <(st '.roles[] | select(.role == "serve" or .role == "ingest") | .pid')
page "serve and ingest killed while it plays: it goes on by itself" 10 --meanwhile "kill -KILL ${pids[*]}"

end_process "$demo"
check "the archive verifies" verify
finish
