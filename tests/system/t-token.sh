#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The site's key in a PKCS#11 token (SoftHSM), then behind a TPM 2.0 (swtpm): it certifies the key of each run, and who has its public half
# verifies the footage of all runs. No role sees the token, nor its PIN; a wrong PIN, another key or no token stop the start, in words.
# takes: 25 s
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
# refuses WHAT PATTERN: the start ends by itself, and says why
refuses() {
    local rc
    (cd "$site" && timeout -k 2 60 "$casemate" run -c site.yaml) > "$work/refused" 2>&1 < /dev/null
    rc=$?
    [ $rc = 1 ] && grep -qE -- "$2" "$work/refused" && ok "$1" || not_ok "$1: exit $rc, $(tail -5 "$work/refused" | tr '\n' '|')"
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
    refuses 'PKCS#11: a wrong PIN stops the start' 'token: pkcs11:.*no private key'
    sed 's/object=root/object=none/' "$work/good.key" > "$site/site.key"
    refuses 'PKCS#11: so does a token without the key' 'token: pkcs11:.*no private key'
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/second.pem" 2> /dev/null
    softhsm2-util --import "$work/second.pem" --label second --id 02 --token site --pin 48151623 > /dev/null 2>&1
    sed 's/object=root/object=second/' "$work/good.key" > "$site/site.key"
    refuses 'PKCS#11: and another key than the site'"'"'s' 'another key than the site'
fi

if [ -z "$provider" ] || ! command -v swtpm > /dev/null; then
    skip 'TPM: swtpm or tpm2-openssl is not installed'
else
    make_site tpm
    site_camera gate "$camera_source"
    mkdir "$work/swtpm"
    tpm_port=$(free_port)   # its control channel is the port after it
    swtpm socket --tpm2 --tpmstate "dir=$work/swtpm" --server "type=tcp,port=$tpm_port" --ctrl "type=tcp,port=$((tpm_port + 1))" \
        --flags not-need-init,startup-clear > "$work/swtpm.out" 2>&1 &
    started_pids+=($!)
    tpm=$!
    listens() { ss -Hltn "sport = :$tpm_port" | grep -q .; }
    wait_for 30 listens || bail "swtpm: $(cat "$work/swtpm.out")"
    tcti="swtpm:host=127.0.0.1,port=$tpm_port"
    TPM2OPENSSL_TCTI=$tcti timeout 60 openssl genpkey -provider tpm2 -provider default -algorithm EC -pkeyopt group:P-256 -out "$site/tpm.key" 2> "$work/genpkey" ||
        bail "no key in the TPM: $(cat "$work/genpkey")"
    rm "$site"/site.key*
    check 'TPM: keygen asks it for its public key' timeout 60 "$casemate" keygen --token "file:$site/tpm.key" --module "$tcti" test.example/casemate -o "$site/site.key"
    two_runs TPM tss2
    end_process $tpm
    refuses 'TPM: without it nothing starts' 'token: '
fi
finish
