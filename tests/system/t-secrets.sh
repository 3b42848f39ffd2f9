#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Keys and passwords are in the memory of the role that needs each, and of no other; there they are locked. Each process's whole memory is
# searched, from outside. And the log names the very programs that run.
# takes: 30 s
source "$(dirname "$0")/lib.sh"
wants jq curl python3 openssl
[ "$(id -u)" = 0 ] || skip_all "only root may read another process's memory"

make_site
camera_password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$camera_password" > "$site/camera-password"
chmod 600 "$site/camera-password"
start_camera --user tom --password-file "$site/camera-password"
site_camera gate "$camera_source" 'user: tom' 'password_file: camera-password'
printf 'processes: {serve: 2}\n' >> "$site/site.yaml"
sign_renditions
start_server gate
wait_for 20 newest_at_least gate copy 2 || bail "no segments: $(status | jq -c .cameras)"
check "a viewer is served" get /live/gate/index.m3u8 -o /dev/null
token=$(get /login --data-urlencode "name=$user" --data-urlencode "password=$password" -o /dev/null -D - | sed -n 's/^[Ss]et-[Cc]ookie: [^=]*=\([^;]*\).*/\1/p')
equal "and is logged in" "$([ ${#token} -ge 20 ] && echo yes)" yes

# What is searched for: bytes as they lie in memory. OpenSSL keeps a number's words with the lowest first.
hex() { od -An -v -tx1 | tr -d ' \n'; }
raw_key() { openssl pkey -in "$1" -noout -text | sed -n '/^priv:/,/^pub:/s/^ //p' | tr -d ' :\n'; }
reversed() { fold -w2 | tac | tr -d '\n'; }
body() { grep -v -- ----- "$1" | head -1; }  # of a PEM file: what it begins with
seed=$(raw_key "$site/site.key") scalar=$(raw_key "$site/tls.key" | sed 's/^00//') media=$(raw_key "$site/media.key" | sed 's/^00//')
{
    echo "camera-password $(printf %s "$camera_password" | hex)"
    echo "viewer-password $(printf %s "$password" | hex)"
    echo "viewer-basic $(printf %s "$user:$password" | base64 -w0 | cut -c 1-24 | tr -d '\n' | hex)"
    echo "site-key $seed"
    echo "site-key-file $(body "$site/site.key" | cut -c 20-60 | tr -d '\n' | hex)"
    echo "tls-key $scalar"
    echo "tls-key-number $(printf %s "$scalar" | reversed)"
    echo "media-key $media"
    echo "media-key-number $(printf %s "$media" | reversed)"
    echo "media-key-file $(body "$site/media.key" | cut -c 20-60 | tr -d '\n' | hex)"
    echo "tls-key-file $(body "$site/tls.key" | cut -c 20-60 | tr -d '\n' | hex)"
} > "$work/needles"
chmod 600 "$work/needles"
equal "there is something to search for" "$(grep -cE ' ([0-9a-f]{2}){16,}$' "$work/needles")" 11

# found PID: "NAME locked|unlocked" of each secret that is there
found() { timeout 60 python3 "$here/memory.py" "$1" "$work/needles" > "$work/found" && grep -q '^searched [1-9][0-9]\{6\}' "$work/found" && sed -n 's/ [0-9]*$//p' "$work/found" | grep -v ^searched | paste -sd ' '; }
locked_kb() { sed -n 's/^VmLck:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }

equal "parent: no secret, though it handed them over" "$(found "$server")" ''
while read -r role pid; do
    case $role in
    ingest) want='camera-password locked' ;;
    sign) want='media-key-number locked site-key locked' ;;
    serve) want='tls-key-number locked' ;;
    *) want='' ;;
    esac
    equal "$role: ${want:-no secret}" "$(found "$pid")" "$want"
    case $role in
    ingest | sign | serve) check "$role: memory is locked" [ "$(locked_kb "$pid")" -gt 0 ] ;;
    esac
done < <(st '.roles[] | select(.role != "casemate" and .pid > 0) | "\(.role) \(.pid)"')

# A role that is started anew is given its secrets anew, by a parent that had put them out of its mind.
ingest=$(st '.roles[] | select(.role == "ingest") | .pid')
kill -KILL "$ingest"
ingest_is_new() { [ "$(st '.roles[] | select(.role == "ingest") | .pid')" != "$ingest" ] && streaming gate; }
check "an ingest that is started anew has the password" wait_for 30 ingest_is_new
equal "parent: no secret after that" "$(found "$server")" ''

# What the log says that runs is what runs.
stop_server
verify > "$work/report" || not_ok "the archive does not verify: $(tail -3 "$work/report")"
timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json > "$work/report.json"
for role in casemate ingest transcode store sign serve; do
    file=$build/libexec/casemate/$role
    [ $role != casemate ] || file=$casemate
    equal "the log has the hash of $role" "$(jq -r ".programs[0].binaries[\"$role\"]" "$work/report.json")" "$(sha256sum < "$file" | cut -d' ' -f1)"
done
equal "and of what they are made of" "$(jq -r '.programs[0].sbom' "$work/report.json")" "$("$casemate" version --sbom | sha256sum | cut -d' ' -f1)"
matches "verify tells it" "$(cat "$work/report")" '^programs: .* casemate [0-9.]*, casemate [0-9a-f]{16}, ingest '
finish
