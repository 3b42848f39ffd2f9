#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Viewers who show a certificate instead of a password, by HTTPS, RTSPS and in a browser: who is let in, who is not, and who is ended when his certificate
# is revoked or is nobody's any more.
# takes: 33 s
source "$(dirname "$0")/lib.sh"
wants jq curl openssl python3 ffprobe

make_site
rtsps=$(free_port)
cd "$site" || bail "no site"
{
    timeout 20 "$casemate" keygen --tls-ca "Clients of a test" -o clients
    timeout 20 "$casemate" keygen --tls-ca "Others" -o others
    for name in anna@museum.example carl eve; do timeout 20 "$casemate" keygen --tls-client "$name" -o "${name%@*}" --ca clients; done
    timeout 20 "$casemate" keygen --tls-client anna@museum.example -o stranger --ca others
} > keygen.clients 2>&1 || bail "keygen: $(cat keygen.clients)"

# issue NAME DAYS-ARGUMENTS EXTENSION…: by the same authority, what keygen would never make
cat > ca.conf <<'END'
[ca]
default_ca = all
[all]
database = index
new_certs_dir = .
certificate = clients.crt
private_key = clients.key
default_md = sha256
default_days = 30
default_crl_days = 30
rand_serial = yes
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
END
touch index
issue() {
    printf '%s\n' "${@:3}" > extensions
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=anna@museum.example -keyout "$1.key" -out csr &&
        # shellcheck disable=SC2086
        openssl ca -batch -config ca.conf -notext -in csr -out "$1.crt" -extfile extensions $2
}
{
    issue expired '-startdate 20200101000000Z -enddate 20210101000000Z' extendedKeyUsage=clientAuth &&
        issue early '-startdate 20980101000000Z -enddate 20990101000000Z' extendedKeyUsage=clientAuth &&
        issue server '' extendedKeyUsage=serverAuth &&
        issue authority '' basicConstraints=critical,CA:TRUE extendedKeyUsage=clientAuth &&
        issue mailed '' extendedKeyUsage=clientAuth subjectAltName=email:eve@museum.example,DNS:carl-s-machine
} > issued 2>&1 || bail "openssl: $(tail -3 issued)"
cp anna.crt long.crt
cp anna.key long.key
for _ in $(seq 200); do cat clients.crt; done >> long.crt

carl=sha256:$(openssl x509 -in carl.crt -outform der | sha256sum | cut -d ' ' -f 1)
users() { printf '  - {name: %s, certificate: "%s"}\n' "$@"; }
sed -i "s|^listen: .*|&\nrtsps: \"127.0.0.1:$rtsps\"|; s|^tls: .*|tls: {certificate: tls.crt, key: tls.key, client_ca: clients.crt}|" site.yaml
users anna anna@museum.example mail carl-s-machine > certified
users carl "$carl" > certified.carl
sed -i '/^users:/r certified' site.yaml
sed '/^users:/q' site.yaml > site.head
sed '1,/^users:/d' site.yaml > site.tail
cat site.head certified.carl site.tail > site.yaml
start_camera
site_camera gate "$camera_source"
cd "$here" || bail "no $here"
check "casemate check finds it good" timeout 20 "$casemate" check -c "$site/site.yaml"
start_server gate
wait_for 60 newest_at_least gate copy 1 || bail "no segments: $(status | jq -c .cameras)"

# by NAME [CURL-ARGUMENT…]: the status that he is answered with, 000 where his handshake is refused
by() { timeout 60 curl -sS -o /dev/null -w '%{http_code}' --cacert "$site/tls.crt" --cert "$site/$1.crt" --key "$site/$1.key" "https://127.0.0.1:$port/api/site" "${@:2}" 2> /dev/null; }
by_is() { [ "$(by "$2")" = "$1" ]; }
equal "a certificate is enough, by HTTP/1.1 and HTTP/2" "$(by anna --http1.1) $(by anna --http2)" '200 200'
equal "also known by all of it, or by another name in it" "$(by carl) $(by mailed)" '200 200'
equal "the page comes without a login" "$(timeout 60 curl -sS --cacert "$site/tls.crt" --cert "$site/anna.crt" --key "$site/anna.key" "https://127.0.0.1:$port/" | grep -c 'name="password"')" 0
equal "one that is nobody's is as none" "$(by eve)" 401
equal "who shows none is asked for a password, and may have one" "$(timeout 60 curl -sS -o /dev/null -w '%{http_code}' --cacert "$site/tls.crt" "https://127.0.0.1:$port/api/site") $(get /api/site -o /dev/null -w '%{http_code}')" '401 200'
equal "a password that is wrong is wrong beside it too" "$(by anna -u "$user:wrong")" 401
equal "nobody logs in by a password that he does not have" "$(timeout 60 curl -sS -o /dev/null -w '%{http_code}' --cacert "$site/tls.crt" -u anna: "https://127.0.0.1:$port/api/site")" 401
init=$(timeout 60 curl -sS --cacert "$site/tls.crt" --cert "$site/anna.crt" --key "$site/anna.key" "https://127.0.0.1:$port/live/gate/copy/index.m3u8" | grep -oE 'init-[0-9a-f]{16}\.mp4' | head -1)
seen=$(timeout -k 2 60 ffprobe -v error -ca_file "$site/tls.crt" -tls_verify 0 -cert_file "$site/anna.crt" -key_file "$site/anna.key" -show_entries stream=codec_name -of csv=p=0 \
    "https://127.0.0.1:$port/live/gate/copy/$init" 2>&1)
equal "ffmpeg shows one, too" "$seen" h264
for bad in stranger expired early server authority long; do equal "refused: $bad" "$(by $bad)" 000; done

# In a browser: Chromium takes the certificate from NSS's database in its user's home, and which of them to show from a policy, which lies in /etc.
browse() {
    local home=$work/home policy=$work/chromium-etc/policies/managed
    mkdir -p "$home/.pki/nssdb" "$policy"
    certutil -N -d "sql:$home/.pki/nssdb" --empty-password &&
        openssl pkcs12 -export -in "$site/anna.crt" -inkey "$site/anna.key" -name anna -passout pass: -out "$work/anna.p12" &&
        pk12util -i "$work/anna.p12" -d "sql:$home/.pki/nssdb" -W '' || return
    printf '{"AutoSelectCertificateForUrls": ["{\\"pattern\\": \\"https://127.0.0.1:%s\\", \\"filter\\": {}}"]}\n' "$port" > "$policy/certificate.json"
    cat > "$work/chromium" <<END
#!/bin/sh
exec unshare -rm sh -c 'mount --bind "$work/chromium-etc" /etc/chromium && exec chromium "\$@"' sh "\$@"
END
    chmod +x "$work/chromium"
    HOME=$home CHROMIUM=$work/chromium timeout -k 5 300 node "$here/page-certificate.mjs" "https://127.0.0.1:$port/" anna
}
missing=$(for c in certutil pk12util chromium node; do command -v $c > /dev/null || echo "$c"; done)
if [ -z "$missing" ] && [ -d "$here/node_modules/playwright-core" ]; then
    browse > "$work/browsed" 2>&1 || note "$(tail -3 "$work/browsed")"
    equal "Chromium plays the page by a certificate, and nobody is asked for a password" "$(grep -c '^ok ' "$work/browsed") $(grep '^FAIL' "$work/browsed")" '3 '
else
    skip "a browser with a certificate: ${missing:-playwright-core} is not installed"
fi

# watch NAME: by RTSPS, without end
watch() {
    timeout -k 2 300 python3 "$here/rtsps-watch.py" "$rtsps" "$site/tls.crt" "$site/$1.crt" "$site/$1.key" /gate/copy > "$work/$1.said" 2> "$work/$1.err" < /dev/null &
    started_pids+=($!)
}
said() { grep -qx "$2" "$work/$1.said"; }
reload() { timeout 60 "$casemate" reload -s "$site/casemate.sock"; }
watch anna
watch carl
watch eve
for name in anna carl; do check "$name watches by RTSPS" wait_for 60 said $name playing || note "$(cat "$work/$name.said" "$work/$name.err")"; done
check "who is nobody does not" wait_for 60 said eve 'refused 401'

revoke() { (cd "$site" && openssl ca -config ca.conf -revoke "$1.crt" && openssl ca -config ca.conf -gencrl -out list && cat clients.crt list > fresh && mv fresh both.crt); }
check "a list of what is revoked" revoke anna
cp "$site/site.yaml" "$work/site.yaml"
sed 's|client_ca: clients.crt|client_ca: both.crt|' "$work/site.yaml" > "$site/site.new" && mv "$site/site.new" "$site/site.yaml"
check "it is taken" reload
check "who watches by it is ended" wait_for 60 said anna ended
check "and is not let in again" wait_for 60 by_is 000 anna
equal "who is not on it is" "$(by carl)" 200
check "and goes on to watch" eval '! said carl ended'
grep -v 'name: carl' "$site/site.yaml" > "$site/site.new" && mv "$site/site.new" "$site/site.yaml"
check "a user is taken away" reload
check "what he watches ends" wait_for 60 said carl ended
check "and his certificate is nobody's" wait_for 60 by_is 401 carl

entries() { find "$site/archive/log/tile/entries" "$site/archive/log/journal" -type f -exec cat {} + 2> /dev/null; }
entry_says() { grep -qa "$1" <<< "$(entries | tr '\0' ' ' | grep -aA6 'login/v1' | tr '\n' ' ')"; }
check "the log says who was let in by a certificate" wait_for 90 entry_says 'user anna address 127.0.0.1 result accepted count [0-9]* by certificate'
check "and that some were refused" wait_for 90 entry_says 'result refused count [0-9]* by certificate'
matches "so does the server's own" "$(cat "$site/log")" 'login user=anna from=127.0.0.1 by=certificate'
matches "with what was wrong" "$(cat "$site/log")" 'viewer-certificate why="[a-z -]*" from=127.0.0.1 times=1'
stop_server
check "the archive verifies" verify
finish
