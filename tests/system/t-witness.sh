#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two witnesses, one by HTTPS and one that gets files on a stick, cosign a site's log until their quorum has. Then its history is
# rewritten with the stolen key, and an older copy put back: whoever saw a later checkpoint refuses, and says so. So he does when somebody
# goes on with the key that was replaced.
# takes: 35 s
source "$(dirname "$0")/lib.sh"
wants awk jq curl node ss openssl

rewrite=$build/tests/store/rewrite_log
[ -x "$rewrite" ] || bail "$rewrite is not built"

make_site
start_camera
for w in north south stranger; do
    timeout 20 "$casemate" keygen --witness "$w.example" -o "$work/$w.key" > "$work/$w.pub" 2>&1 || bail "keygen --witness: $(cat "$work/$w.pub")"
done
{
    echo "# both of them"
    echo "log $(cat "$site/site.key.pub")"
    echo "witness north $(cat "$work/north.key.pub")"
    echo "witness south $(cat "$work/south.key.pub") https://south.example/"
    echo "group both all north south"
    echo "quorum both"
} > "$site/witnesses.policy"
sed -i 's/^key: site.key$/&\nwitnesses: witnesses.policy/' "$site/site.yaml"
site_camera gate "$camera_source"
check "a site with witnesses is good" timeout 20 "$casemate" check -c "$site/site.yaml"
start_server gate
at=https://127.0.0.1:$port

said=''
# witness NAME WHERE [ARGUMENT…]: sets said; its exit status.
witness() {
    local name=$1 where=$2
    shift 2
    said=$(timeout 60 "$casemate" witness "$site/site.key.pub" "$where" --key "$work/$name.key" --state "$work/$name.state" "$@" 2>&1)
}
by_https=(--ca "$site/tls.crt" --user "$user" --password-file "$site/password")
by_hand() { rm -rf "$work/court/check" && (cd "$work/court" && timeout 120 bash -eu "$work/by-hand") > "$work/by-hand.out" 2>&1; }
size_in() { sed -n 2p "$1"; }
# copy_log FOLDER: of the running site, as casemate-witness(1) says; once more when a tile was replaced meanwhile.
copy_log_once() {
    rm -rf "$1/log"
    mkdir -p "$1/log" && cp "$site/archive/log/checkpoint" "$1/log" && { [ ! -e "$site/archive/log/pending" ] || cp "$site/archive/log/pending" "$1/log"; } &&
        cp -r "$site/archive/log/tile" "$1/log"
}
copy_log() { wait_for 60 copy_log_once "$1" || bail "the log could not be copied"; }
quorum_is() { st_is .witness.quorum "$1"; }

check "the site begins without a quorum" wait_for 60 quorum_is missing
# Each serve hears of it by itself, as does the parent.
shows_policy() { get /log/policy | cmp - "$site/witnesses.policy"; }
check "/log/policy is what the site's file says" wait_for 60 shows_policy
equal "nothing is cosigned yet" "$(get /log/cosigned -o /dev/null -w '%{http_code}' 2> "$work/err")" 404

# what a clip is made of later is in the log before anybody looks at it
proved() { get "/live/gate/copy/2.m4s.tlog-proof" > "$work/proof" && get "/live/gate/audio/2.m4s.tlog-proof" > "$work/proof"; }
wait_for 90 proved || bail "no two segments: $(status | jq -c .cameras)"

# the first witness, by HTTPS
witness north "$at" "${by_https[@]}"
equal "north's first look: exit status" $? 0
matches "it says that it takes the log as it is" "$said" '^first look: test.example/casemate is taken as it is, [0-9]+ entries'
check "the site knows of north's cosignature" wait_for 60 st_is '.witness.witnesses[0].cosigned > 0' true
check "that is no quorum" quorum_is missing
wants_what_north_has() { get /log/pending > "$work/pending" && [ "$(size_in "$work/pending")" = "$(size_in "$work/north.state")" ]; }
check "what north has cosigned is what others are asked for" wait_for 60 wants_what_north_has
# beyond FILE: the log on the disk is longer than that checkpoint.
beyond() { [ "$(size_in "$site/archive/log/checkpoint")" -gt "$(size_in "$1")" ]; }
wait_for 60 beyond "$work/north.state" || bail "no later checkpoint"

# the second, by stick
copy_log "$work/stick"
witness south "$work/stick"
equal "south's look at a stick: exit status" $? 0
equal "it cosigns what north has, and the newest" "$(find "$work/stick/cosignatures" -type f | wc -l)" 2
check "somebody carries the stick back" timeout 60 "$casemate" witness --deliver "$work/stick" "$at" "${by_https[@]}"
check "the quorum is met" wait_for 60 quorum_is met
has_three_signatures() { get /log/cosigned > "$work/cosigned" && [ "$(grep -c '^— ' "$work/cosigned")" = 3 ]; }
check "by a checkpoint with three signatures" wait_for 60 has_three_signatures
equal "which is the one that both have" "$(size_in "$work/cosigned")" "$(size_in "$work/pending")"
equal "and it is on the disk" "$(cat "$site/archive/log/cosigned")" "$(cat "$work/cosigned")"
matches "status says so to people" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" '^witness  the quorum is met at [0-9]+ entries'

# a clip: what they have cosigned is older than the export's own entries, and newer than the footage
from=$({ timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json || true; } | jq -er '.renditions[] | select(.rendition == "copy") | .from')
check "a clip waits for witnesses, and has them" timeout 90 "$casemate" export -c "$site/site.yaml" --camera gate --from "$from" \
    --to "$(date -u -d "$from + 1 second" +%Y-%m-%dT%H:%M:%SZ)" -o "$work/clip" --wait-for-witnesses || finish
said=$(timeout 60 "$casemate" verify "$work/clip" --key "$site/site.key.pub" --policy "$site/witnesses.policy" 2>&1)
equal "it meets the policy: exit status" $? 0 || note "$said"
matches "and says what is not cosigned: what came after it" "$said" 'the [0-9]+ entries after these are not cosigned$'
matches "its report says so to people" "$(cat "$work/clip/report.txt")" 'covers ([0-9]+) of the \1 segments'
matches "a program that shares no code with us finds it good" "$(node "$here/check-clip.mjs" "$work/clip" "$site/site.key.pub")" '^ok '
mkdir "$work/court" && cp -r "$work/clip" "$work/court" && cp "$site/site.key.pub" "$work/court/known.pub" && cp "$work/north.key.pub" "$work/court/witness.pub"
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$top/doc/evidence.md" > "$work/by-hand"
check "so does openssl, by hand" by_hand
matches "by hand: it is the same log" "$(cat "$work/by-hand.out")" '^ok the log that is cosigned goes on as that of the checkpoint'
matches "by hand: north has seen it" "$(cat "$work/by-hand.out")" '^ok north.example saw this log on'
head -c 45 "$work/clip/consistency" > "$work/court/clip/consistency"
not_by_hand() { ! by_hand; }
check "by hand, with another consistency proof: no" not_by_hand

# a program that shares no code with us agrees with north's line
line=$(sed -n 's/^— north.example //p' "$work/cosigned" | base64 -d | od -An -v -tx1 | tr -d ' \n')
printf '%s' "${line:24}" | sed 's/../\\x&/g' | xargs -0 printf '%b' > "$work/signature"
{
    printf 'cosignature/v1\ntime %d\n' "0x${line:8:16}"
    head -3 "$work/cosigned"
} > "$work/message"
openssl pkey -in "$work/north.key" -pubout -out "$work/north.pem"
check "openssl finds north's cosignature right" openssl pkeyutl -verify -pubin -inkey "$work/north.pem" -rawin -in "$work/message" -sigfile "$work/signature"

# who is not meant, and what is not cosigned
witness stranger "$at" "${by_https[@]}"
equal "a stranger's cosignature is not taken: exit status" $? 2
matches "and he is told why" "$said" 'status 403, no cosignature in it is by a witness'
# post FILE: the status; who is told to come later does.
post() {
    local code
    for _ in $(seq 60); do
        code=$(get /log/cosignature -o /dev/null -w '%{http_code}' --data-binary "@$1" 2> "$work/err")
        [ "$code" = 503 ] || break
        sleep 1
    done
    echo "$code"
}
equal "a checkpoint without cosignatures is none" "$(post "$work/north.state")" 403
equal "nor is a policy" "$(post "$site/witnesses.policy")" 400
sed 's/^[0-9][0-9]*$/99999999/' "$work/cosigned" > "$work/changed"
equal "nor is one that was changed" "$(post "$work/changed")" 409
equal "more than a note is not read" "$(head -c 5000 /dev/zero | tr '\0' x > "$work/long"; post "$work/long")" 413
equal "nobody posts without a password" \
    "$(timeout 15 curl -sS --cacert "$site/tls.crt" -o /dev/null -w '%{http_code}' --data-binary "@$work/cosigned" "$at/log/cosignature")" 401

# another policy, while the server runs
reload() { timeout 20 "$casemate" reload -s "$site/casemate.sock" 2>&1; }
cp "$site/witnesses.policy" "$work/policy"
sed -i 's/^quorum both/quorum nobody/' "$site/witnesses.policy"
matches "a policy that is wrong is refused, with its line" "$(reload)" 'witnesses.policy: line [0-9]+: the quorum is not defined'
sed -i 's/^quorum nobody/quorum none/' "$site/witnesses.policy"
matches "another one comes into force" "$(reload)" 'witnesses: other contents'
check "and needs nobody" wait_for 60 quorum_is none
cp "$work/policy" "$site/witnesses.policy"
matches "so does the first again" "$(reload)" 'witnesses: other contents'
check "for which the quorum is met as before" wait_for 60 quorum_is met

# an older copy, as somebody would put it back
copy_log "$work/old"
sees_more() { witness north "$at" "${by_https[@]}" && [ "$(size_in "$work/north.state")" -gt "$(size_in "$work/old/log/checkpoint")" ]; }
check "north comes again, and sees more than the older copy has" wait_for 60 sees_more
matches "a state belongs to one run at a time" "$(flock "$work/north.state.lock" timeout 20 "$casemate" witness "$site/site.key.pub" "$at" \
    --key "$work/north.key" --state "$work/north.state" "${by_https[@]}" 2>&1)" 'another casemate witness is at it'
stop_server
# verified ARCHIVE: by a policy from elsewhere too.
verified() { timeout 60 "$casemate" verify "$1" --key "$site/site.key.pub" --policy "$site/witnesses.policy"; }
said=$(verified "$site/archive" 2>&1)
equal "the archive is as it was sealed, and the quorum has cosigned it: exit status" $? 0
matches "verify says so" "$said" '^witnesses: enough'
cp "$work/north.state" "$work/north.before"
witness north "$work/old"
equal "north refuses the older copy: exit status" $? 1
matches "and says why" "$said" 'NOT COSIGNED: it shows a log of [0-9]+ entries, and of [0-9]+ before: an older copy was put back'

# the stolen key
mv "$site/archive" "$work/true"
cp -a "$work/true" "$site/archive"
mkdir "$work/forged"
check "somebody with the key writes another history" "$rewrite" "$work/true" "$work/forged" "$site/site.key" test.example/casemate
rm -r "$site/archive/log"
mv "$work/forged/log" "$site/archive/log"
check "which the key alone finds good" verify
said=$(verified "$site/archive" 2>&1)
equal "and the policy does not: exit status" $? 1
matches "verify says so too" "$said" 'NOT ENOUGH'
cp -r "$site/archive/log" "$work/forged-log"
rm -f "$site"/site.key.state*
start_server gate
witness north "$at" "${by_https[@]}"
equal "north refuses the rewritten log: exit status" $? 1
matches "and says why" "$said" 'NOT COSIGNED: .* does not extend the [0-9]+ entries that were seen before: its history was rewritten'
fork=$(find "$work" -name 'north.state.fork-*')
check "both checkpoints are kept" [ -s "$fork" ]
equal "each by the site's key" "$(grep -c '^— test.example/casemate ' "$fork")" 2
check "what north has seen is what it was" cmp "$work/north.state" "$work/north.before"
mkdir "$work/stick2"
cp -r "$work/forged-log" "$work/stick2/log"
witness south "$work/stick2"
equal "so does south, by stick: exit status" $? 1
check "and cosigns nothing" [ ! -e "$work/stick2/cosignatures" ]
check "the rewritten site has no quorum" wait_for 60 quorum_is missing
timeout 60 "$casemate" witness --deliver "$work/stick" "$at" "${by_https[@]}" > "$work/out" 2>&1
equal "what was cosigned before does not fit it: exit status" $? 2
matches "it is not a checkpoint of that log" "$(cat "$work/out")" 'status 409, not a checkpoint of this site'
says_rewritten() { st .archive.alarm | grep -q 'put back or rewritten'; }
check "and the site itself says so" wait_for 60 says_rewritten
matches "in its log of events too" "$(cat "$site/log")" 'log-rewritten'
stop_server

# the key that was replaced
rm -r "$site/archive"
cp -a "$work/true" "$site/archive"
rm -f "$site"/site.key.state*
cp "$site/site.key.pub" "$work/first.pub"
cp -p "$site/site.key" "$work/first.key"
start_server gate
timeout 20 "$casemate" keygen --rotate -o "$site/site.key" > "$work/out" 2>&1 || bail "keygen --rotate: $(cat "$work/out")"
matches "the next key comes into force" "$(reload)" 'next key is there'
rotated() { grep -q ' key-rotated ' "$site/log"; }
wait_for 60 rotated || bail "no key-rotated: $(tail -5 "$site/log")"
mv "$site/site.key.next" "$site/site.key" && mv "$site/site.key.next.pub" "$site/site.key.pub" || bail "the next key is not there"
# the witness has only the first key yet; sees_successor: his state is signed by the next.
root_of_state() { sed -n 's/^root //p' "$work/north.state.keys"; }
witness_by() {
    local pub=$1 where=$2
    shift 2
    said=$(timeout 60 "$casemate" witness "$pub" "$where" --key "$work/north.key" --state "$work/north.state" "$@" 2>&1)
}
sees_successor() { witness_by "$work/first.pub" "$at" "${by_https[@]}" && [ "$(root_of_state)" = "$(cat "$site/site.key.pub")" ]; }
check "north, who has the first key, goes on under the next" wait_for 60 sees_successor
stop_server
cp "$work/north.state" "$work/north.before"
go_on() { rm -rf "$work/$1" && mkdir "$work/$1" && "$rewrite" "$site/archive" "$work/$1" "$work/first.key" test.example/casemate more > "$work/out" 2>&1; }
check "the old key's thief goes on with the log, and hides who replaced it" go_on hidden
witness_by "$work/first.pub" "$work/hidden"
equal "north refuses: exit status" $? 1
matches "and says why" "$said" 'NOT COSIGNED: the key that signed what was seen is not among the site.s keys any more'
matches "with both checkpoints" "$said" 'are evidence of it: .*north.state.fork-'
mv "$work/north.state.keys" "$work/north.keys"
witness_by "$work/first.pub" "$work/hidden"
equal "so he does by what was seen alone: exit status" $? 1
mv "$work/north.keys" "$work/north.state.keys"
check "what north has seen is what it was" cmp "$work/north.state" "$work/north.before"
check "nothing is cosigned" [ ! -e "$work/hidden/cosignatures" ]
witness_by "$site/site.key.pub" "$work/hidden"
equal "who was given the next key knows no such log: exit status" $? 2
witness_by "$site/site.key.pub" "$site/archive"
equal "and goes on with the true one: exit status" $? 0
finish
