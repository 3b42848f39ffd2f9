#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every second of every camera, and who was let in, is in the log: with a camera that never comes and one that goes away and returns,
# over SIGKILL to roles and to the whole server, a stop, and a site file that changes while the server runs and while it does not.
# Encoded segments name the encoder that made them. (Clocks that are set: tests/server/test_store_account.c, tests/seal/test_verify_account.c.)
# takes: 42 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss

make_site
camera_port=$(free_port)
start_camera --listen "127.0.0.1:$camera_port"
site_camera gate "$camera_source"
nobody=$(free_port)
site_camera never "rtsp://127.0.0.1:$nobody/cam"
cp "$site/site.yaml" "$work/two.yaml"
reload() { timeout 30 "$casemate" reload -s "$site/casemate.sock" > "$work/reload" 2>&1; }
# the log's entries as lines, some of them more than once: they lie in tiles, in smaller ones of a moment ago, and in the journal
entries() { find "$site/archive/log/tile/entries" "$site/archive/log/journal" -type f -exec cat {} + 2> /dev/null; }
has_entry() { [ "$(entries | grep -acE "$1")" -gt 0 ]; }
code_of() { timeout 15 curl -sS -o /dev/null -w '%{http_code}' --cacert "$site/tls.crt" -u "$1:$2" "https://127.0.0.1:$port/live/gate/copy/index.m3u8"; }
# die ROLE: SIGKILL, and it is back and records again
die() {
    local pid n
    pid=$(st "[.roles[] | select(.role == \"$1\") | .pid][0]") n=$(newest gate copy)
    kill -KILL "$pid"
    wait_for 60 newest_at_least gate copy $((n + 1)) || not_ok "$1: no footage after its death"
}

start_server gate
wait_for 60 newest_at_least gate 360p 2 || bail "no segments: $(status | jq -c .cameras)"
for role in ingest transcode store sign serve; do die $role; done

# The camera goes away, and returns.
end_process "$camera_pid"
check "the camera is missed" wait_for 60 eval '! streaming gate'
start_camera --listen "127.0.0.1:$camera_port"
n=$(newest gate copy)
check "it is back" wait_for 90 newest_at_least gate copy $((n + 1))

# Logins, good and bad; each is said once, or once in a minute with its number.
wait_for 30 eval '[ "$(code_of $user "$password")" = 200 ]'
equal "a wrong password, a stranger" "$(code_of $user wrong) $(code_of Mallory-of-the-hill "$password")" '401 401'
check "the log has the login" wait_for 60 has_entry '^result accepted$'
check "and the refusals" wait_for 60 has_entry '^result refused$'
equal "what a stranger calls himself is in no entry" "$(entries | grep -aci mallory)" 0

# Cameras that come and go with the site file.
site_camera later "rtsp://127.0.0.1:$nobody/cam"
reload || not_ok "reload: $(cat "$work/reload")"
check "a camera that came has an account" wait_for 60 has_entry '^camera later$'
cp "$work/two.yaml" "$site/site.yaml"
reload || not_ok "reload: $(cat "$work/reload")"
check "it ends when the camera is removed" wait_for 60 has_entry '^why removed$'

# The whole server is cut off, and starts without one of its cameras.
n=$(newest gate copy)
kill_server
sed -i '/^  never:/,$d' "$site/site.yaml"
start_server gate
check "it records again" wait_for 60 newest_at_least gate copy $((n + 2))
wait_for 60 newest_at_least gate 360p 1
stop_server

said=$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json)
equal "the archive verifies" $? 0
equal "nothing is unaccounted for" "$(jq -c '[.problems[]?]' <<< "$said")" '[]'
gaps() { jq -r "[.gaps[] | select(.camera == \"$1\") | .why] | unique | join(\" \")" <<< "$said"; }
for why in starting restart crashed stopped; do
    check "gate: why nothing was recorded: $why" grep -qw -- "$why" <<< "$(gaps gate)"
done
matches "never: it has an account, up to its removal" "$(gaps never)" '^crashed.*removed starting$'
matches "later: the same" "$(gaps later)" 'removed'
made=$(entries | awk '/^rendition / {r = $2} /^number / {n = $2} /^camera-signature / {getline; if (r == "360p") print n, $1}' | sort -u)
equal "encoded segments name their encoder ($(wc -l <<< "$made"))" "$(grep -vc ' encoder$' <<< "$made")" 0
equal "which is in the log" "$(entries | grep -ac '^encoder x264 [0-9]* r' | awk '{print ($1 > 0)}')" 1
finish
