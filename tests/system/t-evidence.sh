#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A clip is checked by hand: every command of doc/evidence.md, as it stands there, with openssl, and a checker of its own by node's
# WebCrypto. Both say yes to the clip, and no to each change of it. And the proof of a segment outlives its bytes.
# takes: 45 s
source "$(dirname "$0")/lib.sh"
wants awk base64 curl dash jq node openssl ss

make_site
start_camera
site_camera gate "$camera_source"
start_server gate
wait_for 60 newest_at_least gate copy 5 || bail "no five segments: $(status | jq -c .cameras)"

# proof NUMBER: of a copy segment; waits for its checkpoint.
proof() { get "/live/gate/copy/$1.m4s.tlog-proof"; }
# entry_field NAME FILE: of the entry in a proof
entry_field() { sed -n 's/^extra //p' "$2" | base64 -d | sed -n "s/^$1 //p"; }
for n in 2 4; do
    wait_for 60 proof $n || bail "no proof of segment $n"
    proof $n > "$work/$n.m4s.tlog-proof"
done
get /live/gate/copy/3.m4s > "$work/3.m4s"

# --- the clip, and what others hold ---------------------------------------------------------------

clip=$work/clip
check "a clip of some segments is exported" timeout 60 "$casemate" export -c "$site/site.yaml" --camera gate \
    --from "$(entry_field start "$work/2.m4s.tlog-proof")" --to "$(entry_field start "$work/4.m4s.tlog-proof")" -o "$clip" || finish

# A witness that is nothing but openssl: it signs what it has seen, with the time.
witness() {
    local time=1795361400 id
    openssl genpkey -algorithm ed25519 -out "$work/witness.pem" 2> /dev/null
    { printf '\004'; openssl pkey -in "$work/witness.pem" -pubout -outform DER | tail -c 32; } > "$work/witness.key"
    id=$({ printf 'witness.example\n'; cat "$work/witness.key"; } | sha256sum | cut -c1-8)
    printf 'witness.example+%s+%s\n' "$id" "$(base64 -w 0 "$work/witness.key")" > "$work/witness.pub"
    { printf 'cosignature/v1\ntime %s\n' $time; sed '/^$/,$d' "$clip/checkpoint"; } > "$work/cosigned"
    openssl pkeyutl -sign -rawin -inkey "$work/witness.pem" -in "$work/cosigned" -out "$work/cosignature"
    # shellcheck disable=SC2059
    { printf "$(sed 's/../\\x&/g' <<< "$id")"; printf "$(printf %016x $time | sed 's/../\\x&/g')"; cat "$work/cosignature"; } | base64 -w 0 > "$work/line"
    printf '— witness.example %s\n' "$(cat "$work/line")" >> "$clip/checkpoint"
}
witness
witness=$work/witness.pub

# --- two who share no code with us ----------------------------------------------------------------

awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$top/doc/evidence.md" > "$work/by-hand"

# by_hand CLIP [KEY]: the page's commands, as they stand there.
by_hand() {
    rm -rf "$work/court"
    mkdir "$work/court"
    cp -a "$1" "$work/court/clip"
    cp "${2:-$site/site.key.pub}" "$work/court/known.pub"
    [ -z "$witness" ] || cp "$witness" "$work/court/witness.pub"
    (cd "$work/court" && timeout 120 "${court_shell:-bash}" -eu "$work/by-hand") > "$work/by-hand.out" 2>&1
}
by_node() { timeout 60 node "$here/check-clip.mjs" "$1" "${2:-$site/site.key.pub}"; }

check "by hand, with openssl: it is what the site sealed" by_hand "$clip" || note "$(tail -5 "$work/by-hand.out")"
for step in 'the checkpoint is signed by a key that is known' 'entry [0-9]+ is in the log' 'gate-copy 2: its bytes' 'gate-copy 3: its bytes' 'gate-copy 3 follows' \
    'every segment entry has its bytes here' 'witness.example saw this log on'; do
    matches "by hand: $step" "$(cat "$work/by-hand.out")" "^ok $step"
done
check "by node's WebCrypto: likewise" by_node "$clip"

# --- no to each change ----------------------------------------------------------------------------

# changed NAME COMMAND…: run in a copy of the clip; then nobody says yes.
changed() {
    local name=$1
    shift
    rm -rf "$work/changed"
    cp -a "$clip" "$work/changed"
    (cd "$work/changed" && "$@") || bail "$name: could not be set up"
    matches "$name: node says no" "$(by_node "$work/changed")" '^wrong: '
}
# and_by_hand NAME: in another shell than before, since both should do.
court_shell=dash
and_by_hand() {
    if by_hand "$work/changed"; then not_ok "$1: by hand, yes"; else matches "$1: by hand, no" "$(cat "$work/by-hand.out")" '^NOT OK'; fi
}
video=$(cd "$clip" && printf '%s\n' gate-copy-*.mp4)
proof_of() { grep -lF "$(sed -n 2p "$work/$1.m4s.tlog-proof")" "$clip"/proofs/* | head -1; }
second=$(basename "$(proof_of 2)")
flip_byte() { printf '\377\000\377' | dd of="$video" bs=1 seek=$(($(stat -c %s "$video") - 5000)) conv=notrunc status=none; }
edit_entry() {
    local entry
    entry=$(sed -n 's/^extra //p' "proofs/$second" | base64 -d | sed 's/^start 20/start 21/' | base64 -w 0)
    sed -i "s|^extra .*|extra $entry|" "proofs/$second"
}
changed "a proof less" rm "proofs/$second"
changed "the footage cut short" truncate -s -100 "$video"
changed "a checkpoint of more entries" sed -i '2s/.*/999999/' checkpoint
and_by_hand "a checkpoint of more entries"
changed "the time in an entry" edit_entry
and_by_hand "the time in an entry"
changed "three bytes of the footage" flip_byte
and_by_hand "three bytes of the footage"
timeout 20 "$casemate" keygen test.example/casemate -o "$work/other.key" > /dev/null
equal "by another key: node says no" "$(by_node "$clip" "$work/other.key.pub")" 'wrong: the checkpoint is not signed by this key'
if by_hand "$clip" "$work/other.key.pub"; then rc=0; else rc=1; fi
equal "by another key: by hand, no" $rc 1

# Numbers of the clip that are commands, and one text that a terminal would obey. Whoever pastes the page's commands goes on behind a NOT OK.
command="a[\$(touch $work/ran)]"
hostile() {
    local entry
    entry=$(sed -n 's/^extra //p' "proofs/$second" | base64 -d | sed -E "s,^(bytes|duration) .*,\1 $command,; s,^clock .*,clock \x1b]0;owned," | base64 -w 0)
    sed -i -E "s,^extra .*,extra $entry,; s,^index .*,index $command,; s,^[0-9]+\$,$command," "proofs/$second"
}
pasted() { (cd "$work/court" && rm -rf check && timeout 120 bash "$work/by-hand") > "$work/pasted.out" 2>&1; }
changed "commands for numbers" hostile
court_shell=bash and_by_hand "commands for numbers"
pasted
equal "commands for numbers: nothing was run" "$(find "$work" -name ran)" ''
equal "commands for numbers: each is refused" "$(grep -cF "NOT OK a number: a[" "$work/pasted.out")" 5
equal "and the terminal is told nothing" "$(tr -cd '\033' < "$work/pasted.out" | wc -c)" 0

# --- a key in a token -----------------------------------------------------------------------------

# Such a key is ECDSA's, and signs nothing but a note that names the key which the site signs with (evidence(5), Key notes).
key_in_token() {
    local name id
    name=$(cut -d + -f 1 "$site/site.key.pub")
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/token.pem" 2> /dev/null
    openssl pkey -in "$work/token.pem" -pubout -outform DER > "$work/token.der"
    id=$(sha256sum < "$work/token.der" | cut -c1-8)
    printf '%s+%s+%s\n' "$name" "$id" "$({ printf '\002'; cat "$work/token.der"; } | base64 -w 0)" > "$work/token.pub"
    printf 'casemate.key/v1\n%s\n%s\n2026-11-23T00:00:00.000Z\nsize 0\n' "$name" "$(cat "$site/site.key.pub")" > "$work/body"
    openssl dgst -sha256 -sign "$work/token.pem" -out "$work/signature" "$work/body"
    rm -rf "$work/token"
    cp -a "$clip" "$work/token"
    # shellcheck disable=SC2059
    printf '\n— %s %s\n\n--\n' "$name" "$({ printf "$(sed 's/../\\x&/g' <<< "$id")"; cat "$work/signature"; } | base64 -w 0)" |
        cat "$work/body" - > "$work/token/keys"
}
key_in_token
check "a token's key: by hand, it holds" by_hand "$work/token" "$work/token.pub" || note "$(tail -5 "$work/by-hand.out")"
check "a token's key: for casemate too" timeout 20 "$casemate" verify "$work/token" --key "$work/token.pub"

# --- another key ----------------------------------------------------------------------------------

witness=
first=$work/first.pub
cp "$site/site.key.pub" "$first"
reload() { timeout 30 "$casemate" reload -s "$site/casemate.sock"; }
rotated() { grep -q ' key-rotated ' "$site/log"; }
timeout 20 "$casemate" keygen --rotate -o "$site/site.key" > "$work/rotate.out" 2>&1 || bail "no other key: $(cat "$work/rotate.out")"
check "the key is replaced" reload
wait_for 60 rotated || bail "the key was not replaced: $(tail -3 "$site/log")"
n=$(($(newest gate copy) + 1))
for k in $n $((n + 1)); do
    wait_for 60 proof $k || bail "no proof of segment $k"
    proof $k > "$work/$k.m4s.tlog-proof"
done
later=$work/later
check "a clip of after it" timeout 60 "$casemate" export -c "$site/site.yaml" --camera gate --from "$(entry_field start "$work/$n.m4s.tlog-proof")" \
    --to "$(entry_field start "$work/$((n + 1)).m4s.tlog-proof")" -o "$later" || finish
check "by hand, with the first key: it holds" by_hand "$later" "$first" || note "$(tail -5 "$work/by-hand.out")"
matches "by hand: the first key has named the other" "$(cat "$work/by-hand.out")" "^a known key names the key $(sed 's/[.+*/]/\\&/g' "$site/site.key.next.pub")\$"
# signed_checkpoint KEY PUB: the checkpoint of the later clip, signed by that key.
signed_checkpoint() {
    local name id
    name=$(cut -d + -f 1 "$2") id=$(cut -d + -f 2 "$2")
    sed '/^$/,$d' "$later/checkpoint" > "$work/body"
    openssl pkeyutl -sign -rawin -inkey "$1" -in "$work/body" -out "$work/signature"
    # shellcheck disable=SC2059
    printf '\n— %s %s\n' "$name" "$({ printf "$(sed 's/../\\x&/g' <<< "$id")"; cat "$work/signature"; } | base64 -w 0)" | cat "$work/body" -
}
rm -rf "$work/changed"
cp -a "$later" "$work/changed"
signed_checkpoint "$site/site.key" "$first" > "$work/changed/checkpoint"
if by_hand "$work/changed" "$first"; then rc=0; else rc=1; fi
equal "a checkpoint that the first key signed after it was replaced: by hand, no" $rc 1
matches "and that is why" "$(tail -1 "$work/by-hand.out")" '^NOT OK and that key had not been replaced by then'

# --- the account outlives the bytes ---------------------------------------------------------------

http_status() { get "$1" -o "$work/body" -w '%{http_code}' 2> /dev/null; }
is_gone() { [ "$(http_status /live/gate/copy/3.m4s)" = 410 ]; }
sed -i 's/max_size: 2 GB/max_size: 1 MB/' "$site/site.yaml"
check "a smaller archive" reload
check "retention removes a segment" wait_for 90 is_gone
check "its proof, which nobody had, is given all the same" proof 3
proof 3 > "$work/3.m4s.tlog-proof"
check "and holds for the bytes that somebody kept" timeout 20 "$casemate" verify "$work/3.m4s" --key "$site/site.key.next.pub"
finish
