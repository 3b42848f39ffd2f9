#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The site's key in a PKCS#11 token (SoftHSM), then behind a TPM 2.0 (swtpm): it certifies the key of each run, and who has its public half
# verifies the footage of all runs. No role sees the token, nor its PIN; a wrong PIN, another key or no token stop the start, in words.
# Keys hand over from token to token, from a file to a token and back, over kills; who has the first one's public half verifies all of it.
# takes: 45 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss openssl

start_camera --size 640x360
engine=$(find /usr/lib -name pkcs11.so -path '*engines*' 2> /dev/null | head -1)
provider=$(find /usr/lib -name tpm2.so -path '*ossl-modules*' 2> /dev/null | head -1)
module=$(find /usr/lib -name libsofthsm2.so 2> /dev/null | head -1)
record() {  # NUMBER: so many segments more, then a stop in order
    local at
    start_server gate
    at=$(newest gate copy)
    wait_for 60 newest_at_least gate copy $((${at/null/0} + $1)) || bail "no footage: $(tail -5 "$site/log")"
}
# loaded PATTERN: whether a role has such a file mapped or open
loaded() {
    local p
    for p in $(role_pids) "$server"; do
        if grep -q "$1" "/proc/$p/maps" <(ls -l "/proc/$p/fd" 2> /dev/null); then return 0; fi
    done
    return 1
}
# refuses WHAT PATTERN [EXIT]: the start ends by itself, and says why
refuses() {
    local rc
    (cd "$site" && timeout -k 2 60 "$casemate" run -c site.yaml) > "$work/refused" 2>&1 < /dev/null
    rc=$?
    [ $rc = "${3:-1}" ] && grep -qE -- "$2" "$work/refused" && ok "$1" || not_ok "$1: exit $rc, $(tail -5 "$work/refused" | tr '\n' '|')"
}
# The witness is given the token's public key alone, and knows by it the key of whichever run.
said=''
witness() {
    said=$(timeout 60 "$casemate" witness "$site/site.key.pub" "https://127.0.0.1:$port" --key "$work/north.key" --state "$site/north.state" \
        --ca "$site/tls.crt" --user "$user" --password-file "$site/password" 2>&1)
}
timeout 20 "$casemate" keygen --witness north.example -o "$work/north.key" > "$work/north.out" 2>&1 || bail "keygen --witness: $(cat "$work/north.out")"
with_witness() {
    printf 'log %s\nwitness north %s\nquorum north\n' "$(< "$site/site.key.pub")" "$(< "$work/north.key.pub")" > "$site/witnesses.policy"
    sed -i 's/^key: site.key$/&\nwitnesses: witnesses.policy/' "$site/site.yaml"
}
cosigned_is() { [ "$(sed -n 2p "$site/archive/log/cosigned")" = "$(sed -n 2p "$site/north.state")" ]; }
two_runs() {  # NAME LIBRARY: of a site whose key is certified by a token
    local root
    root=$(< "$site/site.key.pub")
    with_witness
    matches "$1: the public key is one of ECDSA over P-256" "$root" '^test\.example/casemate\+[0-9a-f]{8}\+AjBZ'
    check "$1: casemate check takes the key file" timeout 20 "$casemate" check -c "$site/site.yaml"
    record 2
    equal "$1: status names the token's key" "$(st '[.. | .vkey? // empty][0]')" "$root"
    ! loaded "$2" && ok "$1: no role has loaded what talks to the token" || not_ok "$1: a role has loaded $2"
    witness
    equal "$1: a witness who has the token's public key cosigns: exit status" $? 0 || note "$said"
    check "$1: the site keeps it" wait_for 60 cosigned_is
    stop_server
    record 1
    witness
    equal "$1: and the next run's log as the same one: exit status" $? 0 || note "$said"
    [[ $said != *'first look'* ]] && ok "$1: which goes on from what he saw" || not_ok "$1: he takes it for another log: $said"
    check "$1: the site keeps that too" wait_for 60 cosigned_is
    check "$1: that meets the site's policy" wait_for 60 st_is .witness.quorum met
    stop_server
    said=$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --policy "$site/witnesses.policy" 2>&1)
    equal "$1: and that of who verifies: exit status" $? 0 || note "$said"
    matches "$1: by whom, in words" "$said" 'north'
    check "$1: who has its public half verifies both runs" timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub"
    equal "$1: each run's key has a certificate" "$(grep -c '^size 0$' "$site/archive/log/keys")" 2
    named=$(cat "$site/archive/log/journal" $(find "$site/archive/log/tile/entries" -type f 2> /dev/null) | grep -acFx "root $root")
    [ "$named" -ge 2 ] && ok "$1: which each start names too" || not_ok "$1: $named starts name the token's key"
    check "$1: the key of one run alone is not the site's" bash -c "! timeout 60 '$casemate' verify '$site/archive' --key \"\$(sed -n 3p '$site/archive/log/keys')\""
}

said_key() { st '[.. | .vkey? // empty][0]'; }
signs_with() { [ "$(said_key)" = "$1" ]; }
rotations() { grep -ac '^size [1-9]' "$site/archive/log/keys" 2> /dev/null; }
# The key in site.key.next is the next one: after this it signs, and has been moved to its place.
hands_over() {  # WHAT FIRST.pub NOTES: so many rotations are in log/keys then
    local before next at
    before=$(< "$site/site.key.pub")
    next=$(< "$site/site.key.next.pub")
    wait_for 60 signs_with "$next" && ok "$1: the next key signs" || not_ok "$1: $(said_key) signs: $(tail -5 "$site/log" | tr '\n' '|')"
    equal "$1: by one key note" "$(rotations)" "$3"
    kill_server
    start_server gate
    check "$1: it goes on after a kill" wait_for 60 signs_with "$next"
    equal "$1: without another note" "$(rotations)" "$3"
    at=$(newest gate copy)
    wait_for 60 newest_at_least gate copy $((${at/null/0} + 1)) || bail "no footage: $(tail -5 "$site/log")"
    if [ -e "$site/witnesses.policy" ]; then
        witness
        equal "$1: a witness who has the first key goes on: exit status" $? 0 || note "$said"
        [[ $said != *'first look'* ]] || not_ok "$1: he takes it for another log: $said"
        check "$1: and the site keeps what he says" wait_for 60 cosigned_is
    fi
    stop_server
    check "$1: who has the first key verifies all of it" timeout 60 "$casemate" verify "$site/archive" --key "$2"
    check "$1: so does who had the one before" timeout 60 "$casemate" verify "$site/archive" --key "$before"
    check "$1: and who has the new one alone" timeout 60 "$casemate" verify "$site/archive" --key "$next"
    matches "$1: verify names the change" "$(timeout 60 "$casemate" verify "$site/archive" --key "$2" --json | jq -r '[.. | objects | select(.why? == "rotation") | .key] | last')" \
        "^$(sed 's/[.+*/]/\\&/g' <<< "$next")\$"
    mv "$site/site.key.next" "$site/site.key"
    mv "$site/site.key.next.pub" "$site/site.key.pub"
}

if [ -z "$engine" ] || [ -z "$module" ] || ! command -v softhsm2-util > /dev/null; then
    skip 'PKCS#11: softhsm2 or libengine-pkcs11-openssl is not installed'
else
    make_site pkcs11
    site_camera gate "$camera_source"
    mkdir "$work/tokens"
    printf 'directories.tokendir = %s\nobjectstore.backend = file\n' "$work/tokens" > "$work/softhsm.conf"
    export SOFTHSM2_CONF=$work/softhsm.conf
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/root.pem" 2> /dev/null ||
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/root.pem" 2> /dev/null
    { softhsm2-util --init-token --free --label site --pin 48151623 --so-pin 42424242 &&
        softhsm2-util --import "$work/root.pem" --label root --id 01 --token site --pin 48151623; } > "$work/softhsm.out" 2>&1 || bail "softhsm: $(cat "$work/softhsm.out")"
    (umask 077; echo 48151623 > "$site/pin"; echo 11111111 > "$site/wrong-pin")
    rm "$site"/site.key*
    uri='pkcs11:token=site;object=root;type=private'
    check 'PKCS#11: keygen asks the token for its public key' timeout 60 "$casemate" keygen --token "$uri" --module "$module" --pin "$site/pin" \
        test.example/casemate -o "$site/site.key"
    check 'PKCS#11: it is the one that was put there' bash -c "[ \"\$(cut -d+ -f3- '$site/site.key.pub' | base64 -d | tail -c +2 | sha256sum)\" = \
        \"\$(openssl pkey -in '$work/root.pem' -pubout -outform DER | sha256sum)\" ]"
    check 'PKCS#11: a PIN in the URI is refused' bash -c "! timeout 60 '$casemate' keygen --token '$uri?pin-value=48151623' --module '$module' test.example/casemate -o '$work/none.key'"
    two_runs PKCS#11 softhsm
    ! grep -rqs 48151623 "$site/archive" "$site/log" "$site/site.key" && ok 'PKCS#11: the PIN stands in none of our files' || not_ok 'the PIN was written down'
    cp -p "$site/site.key" "$work/good.key"
    sed "s|^pin .*|pin $site/wrong-pin|" "$work/good.key" > "$site/site.key"
    refuses 'PKCS#11: a wrong PIN stops the start, for good: systemd would try it each 5 s' 'token: pkcs11:.*the PIN is refused, or no private key' 78
    check 'PKCS#11: the unit knows that status' grep -qx RestartPreventExitStatus=78 "$top/conf/casemate.service"
    sed 's/object=root/object=none/' "$work/good.key" > "$site/site.key"
    refuses 'PKCS#11: so does a token without the key' 'token: pkcs11:.*no private key'
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/second.pem" 2> /dev/null
    softhsm2-util --import "$work/second.pem" --label second --id 02 --token site --pin 48151623 > /dev/null 2>&1
    sed 's/object=root/object=second/' "$work/good.key" > "$site/site.key"
    refuses 'PKCS#11: and another key than the site'"'"'s' 'another key than the site'

    # --- from token to token
    cp -p "$work/good.key" "$site/site.key"
    cp "$site/site.key.pub" "$work/first.pub"
    check 'token to token: keygen makes the next key' timeout 60 "$casemate" keygen --rotate --token "${uri/root/second}" --module "$module" --pin "$site/pin" -o "$site/site.key"
    check 'token to token: casemate check takes it' timeout 20 "$casemate" check -c "$site/site.yaml"
    start_server gate
    hands_over 'token to token' "$work/first.pub" 1

    # --- to a file, when the token's PIN is not the one it was at the start
    start_server gate
    echo 11111111 > "$site/pin"
    check 'token to file: keygen makes the next key' timeout 20 "$casemate" keygen --rotate -o "$site/site.key"
    matches 'token to file: a reload takes it' "$(timeout 30 "$casemate" reload -s "$site/casemate.sock" 2>&1)" 'next key is there'
    refusals() { grep -c ' key-rotation .*it refused the PIN' "$site/log"; }
    refused_pin() { [ "$(refusals)" -ge 1 ]; }
    waits() { matches_now "$(st '[.. | .refusal? // empty][0]')" 'until the token of the key before'; }
    matches_now() { grep -qE -- "$2" <<< "$1"; }
    check 'token to file: a PIN that is refused is said' wait_for 60 refused_pin
    check 'token to file: and status says that nothing is signed' wait_for 20 waits
    new_sign() {  # it asks the parent at once
        was=$(st '.roles[] | select(.role == "sign") | .pid')
        kill -KILL "$was"
        another() { st_is '.roles[] | select(.role == "sign") | "\(.state) \(.pid != '"$was"')"' 'running true'; }
        wait_for 30 another
    }
    check 'token to file: another sign' new_sign
    check 'token to file: waits like the one before' wait_for 20 waits
    equal 'token to file: and the token is not asked again, for it counts' "$(refusals) $(grep -c 'the PIN is refused' "$site/log")" '1 1'
    echo 48151623 > "$site/pin"
    matches 'token to file: but after a reload' "$(timeout 30 "$casemate" reload -s "$site/casemate.sock" 2>&1)" 'refused its PIN is asked once more'
    check 'token to file: sooner by another sign' new_sign
    hands_over 'token to file' "$work/first.pub" 2
    cp -p "$work/good.key" "$site/site.key"
    run_server
    refused() { grep -qE ' (sign-state|key-replaced) ' "$site/log"; }
    check 'token to token: the one before signs nothing any more, and the log says why' wait_for 60 refused
    stop_server
    check 'token to token: nor does it certify' timeout 60 "$casemate" verify "$site/archive" --key "$work/first.pub"
fi

if [ -z "$provider" ] || ! command -v swtpm > /dev/null; then
    skip 'TPM: swtpm or tpm2-openssl is not installed'
else
    make_site tpm
    site_camera gate "$camera_source"
    mkdir "$work/swtpm"
    start_tpm() {
        tpm_port=$(free_port)   # its control channel is the port after it, which has to be free too, and stays its own
        until mkdir "$work/port-$((tpm_port + 1))" 2> /dev/null && ! ss -Hltn "sport = :$((tpm_port + 1))" | grep -q .; do tpm_port=$(free_port); done
        swtpm socket --tpm2 --tpmstate "dir=$1" --server "type=tcp,port=$tpm_port" --ctrl "type=tcp,port=$((tpm_port + 1))" \
            --flags not-need-init,startup-clear > "$work/swtpm.out" 2>&1 &
        started_pids+=($!)
        tpm=$!
        listens() { ss -Hltn "sport = :$tpm_port" | grep -q .; }
        wait_for 30 listens || bail "swtpm: $(cat "$work/swtpm.out")"
    }
    start_tpm "$work/swtpm"
    tcti="swtpm:host=127.0.0.1,port=$tpm_port"
    TPM2OPENSSL_TCTI=$tcti timeout 60 openssl genpkey -provider tpm2 -provider default -algorithm EC -pkeyopt group:P-256 -out "$site/tpm.key" 2> "$work/genpkey" ||
        bail "no key in the TPM: $(cat "$work/genpkey")"
    rm "$site"/site.key*
    check 'TPM: keygen asks it for its public key' timeout 60 "$casemate" keygen --token "file:$site/tpm.key" --module "$tcti" test.example/casemate -o "$site/site.key"
    two_runs TPM tss2

    # --- from a file to the TPM, and from there to a file while the server runs
    archive=$site/archive root=$(< "$site/site.key.pub") tpm_site=$site
    make_site turns
    site_camera gate "$camera_source"
    cp "$site/site.key.pub" "$work/file.pub"
    check 'file to TPM: keygen makes the next key' timeout 60 "$casemate" keygen --rotate --token "file:$tpm_site/tpm.key" --module "$tcti" -o "$site/site.key"
    start_server gate
    hands_over 'file to TPM' "$work/file.pub" 1
    start_server gate
    wait_for 60 streaming gate
    check 'TPM to file: keygen makes the next key' timeout 20 "$casemate" keygen --rotate -o "$site/site.key"
    matches 'TPM to file: a reload takes it' "$(timeout 30 "$casemate" reload -s "$site/casemate.sock" 2>&1)" 'next key is there'
    wait_for 60 signs_with "$(< "$site/site.key.next.pub")" || not_ok "TPM to file: $(said_key) signs"
    end_process $tpm    # what has handed over is not asked any more
    hands_over 'TPM to file' "$work/file.pub" 2

    # --- a TPM that is gone, or was cleared
    site=$tpm_site
    refuses 'TPM: without it nothing starts' 'token: '
    mkdir "$work/cleared"
    start_tpm "$work/cleared"
    sed -i "s/^module .*/module swtpm:host=127.0.0.1,port=$tpm_port/" "$site/site.key"
    refuses 'TPM: nor with one that was cleared: its key is lost' 'token: '
    check 'TPM: what was recorded verifies all the same' timeout 60 "$casemate" verify "$archive" --key "$root"
fi
finish
