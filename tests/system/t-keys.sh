#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A key is replaced while the server runs, and again over a crash: no gap in the footage, one log, and whoever has the first public key
# verifies all of it, as does who has the last. The old key signs nothing more, not even when it is put back with its state.
# takes: 25 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss

make_site
start_camera --size 640x360
site_camera gate "$camera_source"
start_server gate
wait_for 60 newest_at_least gate copy 2 || bail "no footage: $(tail -5 "$site/log")"

reload() { timeout 30 "$casemate" reload -s "$site/casemate.sock" 2>&1; }
key_is() { [ "$(said_key)" = "$1" ]; }
said_key() { status | jq -r '[.. | .vkey? // empty][0]'; }
pub() { cat "$site/$1"; }
rotated() { [ "$(grep -c ' key-rotated ' "$site/log")" -ge "$1" ]; }
cp "$site/site.key.pub" "$work/first.pub"
cp -p "$site/site.key" "$work/first.key"
cp -p "$site/site.key.state" "$work/first.state"
equal 'the key that signs' "$(said_key)" "$(pub site.key.pub)"
equal 'no key was made known yet' "$(get /log/keys -o /dev/null -w '%{http_code}' 2> /dev/null)" 404

# each process of serve keeps the proof that it was asked for
proof_of() { get "/live/gate/copy/$1.m4s.tlog-proof" > "$work/$1.m4s.tlog-proof"; }
get /live/gate/copy/1.m4s > "$work/1.m4s"
for _ in 1 2 3 4 5 6; do
    wait_for 60 proof_of 1 || bail 'no proof of the first segment'
done
check 'who has the key proves a segment' timeout 20 "$casemate" verify "$work/1.m4s" --key "$work/first.pub"

# --- while it runs
check 'a next key is made beside the one in place' timeout 20 "$casemate" keygen --rotate -o "$site/site.key"
second=$(pub site.key.next.pub)
check 'and not over one that is there' bash -c "! timeout 20 '$casemate' keygen --rotate -o '$site/site.key'"
check 'casemate check takes it' timeout 20 "$casemate" check -c "$site/site.yaml"
lost=$(st '[.cameras[].lost] | add')
matches 'reload takes it' "$(reload)" 'next key is there'
wait_for 60 key_is "$second" || bail "the next key does not sign: $(said_key) $(tail -5 "$site/log")"
wait_for 30 rotated 1 && ok 'the log says that it signs, and what to move' || not_ok "no key-rotated: $(tail -5 "$site/log")"
get /log/keys > "$work/keys"
equal 'the key note is served as it lies in the archive' "$(sha256sum < "$work/keys")" "$(sha256sum < "$site/archive/log/keys")"
matches 'and names the new key' "$(< "$work/keys")" "^$(sed 's/[.+*/]/\\&/g' <<< "$second")\$"
equal 'no packet of the camera was lost for it' "$(st '[.cameras[].lost] | add')" "$lost"
at=$(newest gate copy)
wait_for 60 newest_at_least gate copy $((at + 2)) || bail 'no footage under the new key'

proved_by_second() { proof_of 1 && timeout 20 "$casemate" verify "$work/1.m4s" --key "$site/site.key.next.pub" > "$work/proved" 2>&1; }
for _ in 1 2 3 4 5 6; do
    wait_for 60 proved_by_second || not_ok "who has the second key alone is given the first key's proof: $(tail -3 "$work/proved")"
done
equal 'who has the second key alone proves what was sealed under the first' "$(tail -1 "$work/proved" | grep -c verified)" 1

# --- moved, and over a crash
mv "$site/site.key.next" "$site/site.key"
mv "$site/site.key.next.pub" "$site/site.key.pub"
timeout 20 "$casemate" keygen --rotate -o "$site/site.key" > /dev/null 2>&1
third=$(pub site.key.next.pub)
mapfile -t orphans < <(role_pids)
reload > /dev/null &
reloading=$!
kill -KILL "$server"
wait "$server" $reloading 2> /dev/null
wait_for 60 all_gone "${orphans[@]}"
run_server
wait_for 60 key_is "$third" || bail "the third key does not sign: $(said_key) $(tail -5 "$site/log")"
wait_for 60 streaming gate
at=$(newest gate copy)
wait_for 60 newest_at_least gate copy $((at + 1)) || bail 'no footage under the third key'
stop_server
check 'who has the first key verifies all of it' timeout 60 "$casemate" verify "$site/archive" --key "$work/first.pub"
check 'and who has the last' timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.next.pub"
timeout 20 "$casemate" keygen test.example/casemate -o "$work/other.key" > /dev/null
check 'but nobody with another' bash -c "! timeout 60 '$casemate' verify '$site/archive' --key '$work/other.key.pub'"
equal 'each key was made known once' "$(grep -c '^casemate.key/v1$' "$site/archive/log/keys")" 2

# --- the first key and its state, from a backup
cp -p "$site/site.key" "$work/second.key"
cp -p "$site/site.key.next" "$work/third.key"
rm "$site/site.key.next"
cp -p "$work/first.key" "$site/site.key"
cp -p "$work/first.state" "$site/site.key.state"
before=$(sha256sum < "$site/archive/log/checkpoint")
run_server
refused() { grep -q ' key-replaced ' "$site/log"; }
wait_for 60 refused && ok 'the first key put back signs nothing, and the log says why' || not_ok "no key-replaced: $(tail -5 "$site/log")"
stop_server
equal 'the newest checkpoint is the third key'"'"'s still' "$(sha256sum < "$site/archive/log/checkpoint")" "$before"
cp -p "$work/third.key" "$site/site.key"
rm "$site/site.key.state"
run_server
wait_for 60 key_is "$third" && wait_for 60 streaming gate && ok 'with its state lost, the third key goes on where the archive ends' ||
    not_ok "it does not go on: $(tail -5 "$site/log")"
at=$(newest gate copy)
wait_for 60 newest_at_least gate copy $((at + 1)) || not_ok 'no footage'
stop_server
check 'and all of it verifies' timeout 60 "$casemate" verify "$site/archive" --key "$work/first.pub"
finish
