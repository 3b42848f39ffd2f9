#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# testssl.sh against a running site, which offers HTTP/2 beside HTTP/1.1: no finding above LOW. The certificate is such as an authority gives: by an authority of the test's
# own, for 90 days, with names and a place for its revocations, so that nothing has to be excused.
# takes: 40 s
source "$(dirname "$0")/lib.sh"
wants jq curl openssl testssl

# authority: makes $work/ca.crt, and tls.crt and tls.key of the site by it
authority() {
    cd "$work" &&
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj '/CN=Authority of a test' -keyout ca.key -out ca.crt \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign &&
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' -keyout "$site/tls.key" -out tls.csr &&
        printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1' 'basicConstraints=critical,CA:FALSE' 'keyUsage=critical,digitalSignature' \
            'extendedKeyUsage=serverAuth' 'crlDistributionPoints=URI:http://127.0.0.1:9/none.crl' > extensions &&
        openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 90 -sha256 -extfile extensions -out "$site/tls.crt"
}

make_site
site_camera gate rtsp://127.0.0.1:9/none
check "an authority and a certificate" authority || bail "no certificate"
run_server
serve_runs() { st_is '[.roles[] | select(.role == "serve") | .state] | unique | join(" ")' running; }
wait_for 20 serve_runs || bail "serve does not run: $(tail -5 "$site/log")"
pids=$(role_pids)

# Each look is one handshake after another: the two halves beside each other. No name is looked up, nobody outside is asked.
# look NAME CHECK…
look() {
    timeout -k 5 280 testssl --quiet --color 0 --warnings off -n none --ip 127.0.0.1 --connect-timeout 20 --openssl-timeout 20 --openssl "$(command -v openssl)" \
        --add-ca "$work/ca.crt" --jsonfile "$work/$1.json" "${@:2}" "localhost:$port" > "$work/$1.out" 2>&1 < /dev/null
}
look main --protocols --server-defaults --server-preference --headers --std --pfs &
main=$!
look attacks --vulnerable &
attacks=$!
wait $main
main_rc=$?
wait $attacks
attacks_rc=$?

# testssl's own errors and unfinished checks are above 200
check "protocols, certificate, ciphers and headers were looked at" [ $main_rc -lt 200 ] || note "$(tail -5 "$work/main.out")"
check "known attacks were tried" [ $attacks_rc -lt 200 ] || note "$(tail -5 "$work/attacks.out")"
# engine_problem is of the openssl here (no GOST), not of the server
findings=$(jq -s 'add | map(select(.id != "engine_problem"))' "$work/main.json" "$work/attacks.json")
for id in TLS1_3 TLS1_2 TLS1_1 TLS1 SSLv3 SSLv2 cert_chain_of_trust cert_trust HSTS heartbleed CCS ticketbleed PFS cipherlist_ ROBOT secure_renego secure_client_renego CRIME_TLS BREACH POODLE_SSL fallback_SCSV FREAK DROWN LOGJAM BEAST LUCKY13 RC4; do
    check "looked at: $id" jq -e --arg id $id 'any(.[]; .id | startswith($id))' <<< "$findings"
done
equal "no finding above LOW" "$(jq -r '.[] | select(.severity as $s | ["MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN"] | index($s)) | "\(.severity) \(.id): \(.finding)"' <<< "$findings")" ''
note "$(jq -r 'length as $n | [group_by(.severity)[] | "\(length) \(.[0].severity)"] | "\($n) findings: " + join(", ")' <<< "$findings")"
note "LOW: $(jq -r '[.[] | select(.severity == "LOW") | "\(.id): \(.finding)"] | join("; ")' <<< "$findings")"
matches "TLS 1.3 is spoken" "$(jq -r '.[] | select(.id == "TLS1_3") | .finding' <<< "$findings")" 'offered'
equal "and nothing older" "$(jq -r '.[] | select(.id | IN("TLS1_2", "TLS1_1", "TLS1", "SSLv3", "SSLv2")) | select(.finding | startswith("not offered") | not) | .id' <<< "$findings")" ''
finding() { jq -r --arg id "$1" '.[] | select(.id == $id) | .finding' <<< "$findings"; }
equal "HTTP/2 is offered beside HTTP/1.1" "$(finding ALPN_HTTP2) $(finding ALPN)" 'h2 http/1.1'
equal "which has the same wish for TLS alone" "$(curl -sS --http2 --cacert "$work/ca.crt" -o /dev/null --max-time 20 -w '%{http_version} %header{strict-transport-security}' "https://localhost:$port/login")" \
    "2 $(curl -sS --http1.1 --cacert "$work/ca.crt" -o /dev/null --max-time 20 -w '%header{strict-transport-security}' "https://localhost:$port/login" | grep max-age=)"
equal "the same serve as before" "$(role_pids)" "$pids"
equal "no role was complained of" "$(grep -E 'bad-peer|role-killed|role-ended' "$site/log")" ''
stop_server
finish
