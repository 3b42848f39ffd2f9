#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# casemate verify on folders: exit status and what it names. The engine's own tests are in test_verify.c.
set -euo pipefail
verify=$abs_top_builddir/libexec/casemate/verify
make=$abs_top_builddir/tests/seal/make_archive
mutate=$abs_top_builddir/tests/evidence/mutate
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
key=$("$make" "$work/clean")
echo "$key" > "$work/site.key.pub"
count=0

# expect STATUS TEXT ARGS...: the exit status, and a text on either output.
expect() {
    local want=$1 text=$2 got=0
    shift 2
    "$verify" "$@" > "$work/out" 2>&1 || got=$?
    if [ "$got" != "$want" ] || ! grep -qF -- "$text" "$work/out"; then
        echo "verify $*: exit $got, not $want, or no \"$text\":"
        cat "$work/out"
        exit 1
    fi
    count=$((count + 1))
}
# A fresh copy to damage.
fresh() { rm -rf "$work/bad"; cp -r "$work/clean" "$work/bad"; }

segments=footage/gate-1/copy/000000
expect 0 "verified: 600 segments" "$work/clean" --key "$key"
expect 0 "verified: 600 segments" --key "$work/site.key.pub" "$work/clean"
expect 0 "      150 not asked for" "$work/clean" --key "$key" --from 2026-11-22T15:30:02Z --to 2026-11-22T15:35:01.9Z
expect 0 '"verdict":"verified","status":0' "$work/clean" --key "$key" --json
expect 2 "nothing to check" "$work/clean" --key "$key" --to 2020-01-01T00:00:00Z

fresh; printf X | dd of="$work/bad/$segments/77.m4s" bs=1 seek=9 conv=notrunc status=none
expect 1 "gate-1/copy segment 77:" "$work/bad" --key "$key"
expect 2 "no footage of a camera with this name" "$work/bad" --key "$key" --camera another
expect 1 '"camera":"gate-1","rendition":"copy","first":77,"last":77' "$work/bad" --key "$key" --json
fresh; rm "$work/bad/$segments/"1[0-2].m4s
expect 1 "gate-1/copy segments 10 to 12:" "$work/bad" --key "$key"
fresh; mv "$work/bad/$segments/5.m4s" "$work/t"; mv "$work/bad/$segments/6.m4s" "$work/bad/$segments/5.m4s"; mv "$work/t" "$work/bad/$segments/6.m4s"
expect 1 "gate-1/copy segment 5:" "$work/bad" --key "$key"
expect 1 "gate-1/copy segment 6:" "$work/bad" --key "$key"
fresh; ln -sf 8.m4s "$work/bad/$segments/9.m4s"
expect 2 "could not tell" "$work/bad" --key "$key"
fresh; sed -i 's/^number 200$/number 201/' "$work/bad/log/tile/entries/001"
expect 1 "gate-1/copy" "$work/bad" --key "$key"
fresh; rm "$work/bad/log/tile/0/001"
expect 1 "log/tile/0/001" "$work/bad" --key "$key"
other=$("$make" "$work/other" 10)
fresh; cp "$work/other/log/checkpoint" "$work/bad/log/checkpoint"
expect 1 "unsigned: gate-1/copy segments 1 to 300" "$work/bad" --key "$key"
expect 1 "no signature by the key" "$work/clean" --key "$other"

expect 0 "verified: gate-1/copy segment 1, 2026-11-22T15:30:02.000Z, 2.000 s, as sealed by site.example" \
    "$work/clean/$segments/1.m4s" --proof "$work/clean.proof" --key "$key"
expect 0 '"verdict":"verified"' "$work/clean/$segments/1.m4s" --proof "$work/clean.proof" --key "$key" --json
expect 1 "NOT VERIFIED: the segment's bytes are not those" "$work/clean/$segments/2.m4s" --proof "$work/clean.proof" --key "$key"
expect 1 "no signature by the key" "$work/clean/$segments/1.m4s" --proof "$work/clean.proof" --key "$other"
expect 1 "not a proof" "$work/clean/$segments/1.m4s" --proof "$work/site.key.pub" --key "$key"

mkdir "$work/e"
"$mutate" "$work/e"
clip=$work/e/clean/clip film=gate-copy-990-1005.mp4
fresh_clip() { rm -rf "$work/bad"; cp -r "$clip" "$work/bad"; }
expect 0 "whole and unchanged under the key that came with it: 46 segments" "$clip"
expect 0 "$(sha256sum < "$clip/site.key.pub" | cut -d' ' -f1)" "$clip"
expect 0 "verified: 46 segments" "$clip" --key "$work/e/key"
expect 0 '"shape":"clip"' "$clip" --json
expect 0 '"key_came_with_it":true' "$clip" --json
expect 0 '"verdict":"verified-by-own-key","status":0' "$clip" --json
expect 0 '"verdict":"verified","status":0' "$clip" --json --key "$work/e/key"
expect 2 "nothing to check" "$clip" --key "$work/e/key" --from 2030-01-01T00:00:00Z
expect 2 '"verdict":"could not tell","status":2' "$clip" --json --from 2030-01-01T00:00:00Z
expect 0 "      12 not asked for" "$clip" --from 2026-11-22T15:32:26Z
expect 1 "no signature by the key" "$clip" --key "$key"
fresh_clip; printf X | dd of="$work/bad/$film" bs=1 seek=500 conv=notrunc status=none
expect 1 "changed: gate/copy segment 991:" "$work/bad"
fresh_clip; printf X >> "$work/bad/$film"
expect 1 "extra: holds more bytes than the entries name ($film)" "$work/bad"
fresh_clip; rm "$work/bad/site.key.pub"
expect 2 "give the site's public key with --key" "$work/bad"
expect 0 "verified: 46 segments" "$work/bad" --key "$work/e/key"

echo "quorum none" > "$work/policy"
expect 0 "witnesses: enough, by the policy that was given" "$clip" --policy "$work/policy"
cp "$work/policy" "$work/bad/policy"
expect 0 "witnesses: enough, by the policy that came with it" "$work/bad" --key "$work/e/key"
echo "quorum nobody" > "$work/policy"
expect 2 "policy: line 1:" "$clip" --policy "$work/policy"
expect 2 "No such file" "$clip" --policy "$work/nowhere"

expect 2 "No such file" "$work/nowhere" --key "$key"
expect 2 "--key is missing" "$work/clean"
expect 2 "not a public key" "$work/clean" --key nonsense
expect 2 "do not belong together" "$work/clean" --key "${key/site/sitf}"
expect 2 "not a time" "$work/clean" --key "$key" --from yesterday
expect 2 "give one folder" --key "$key"
expect 2 "--help says more" "$work/clean"
expect 2 "casemate verify: --wrong is no option" "$work/clean" --key "$key" --wrong
expect 2 "casemate verify: --proof wants a value behind it" "$work/clean" --key "$key" --proof
expect 2 "casemate verify: $work is not wanted" "$work/clean" "$work" --key "$key"
expect 2 "a site's address is https://" http://127.0.0.1:1 --key "$key"
expect 2 "no user or password in an address" https://me:secret@127.0.0.1:1 --key "$key"
expect 2 "127.0.0.1" https://127.0.0.1:1 --key "$key"
expect 2 "log/checkpoint" "$work" --key "$key"
expect 2 "there is no proof" "$work/clean/$segments/1.m4s" --key "$key"
expect 0 "usage: casemate verify" --help
echo "verify: $count commands answered as they should"
