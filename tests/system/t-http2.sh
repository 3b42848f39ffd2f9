#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# HTTP/2 beside HTTP/1.1, for clients that know it well: the same answers to both, and who floods is told to be calm.
# takes: 16 s
source "$(dirname "$0")/lib.sh"
wants curl jq nghttp h2load python3

make_site
start_camera
site_camera gate "$camera_source"
start_server gate
wait_for 60 newest_at_least gate copy 1 || bail "no segments: $(status | jq -c .cameras)"

get() { curl -sS --max-time 20 --cacert "$site/tls.crt" -u "$user:$password" "$@"; }
base=https://localhost:$port
list=$base/live/gate/copy/index.m3u8
segment=$(get "$list" | grep -m1 '^[0-9]*\.m4s')
init=$(get "$list" | sed -n 's/.*URI="\(init-[0-9a-f]*\.mp4\)".*/\1/p' | head -n 1)

equal "HTTP/2 is chosen by who offers it" "$(get -o "$work/one" -w '%{http_version} %{http_code}' --http2 "$base/live/gate/copy/$segment")" "2 200"
equal "HEAD" "$(get -o "$work/none" -w '%{http_version} %{http_code} %{size_download}' --http2 -I "$list" | tail -n 1)" "2 200 0"
equal "HTTP/1.1 by who does not" "$(get -o "$work/two" -w '%{http_version} %{http_code}' --http1.1 "$base/live/gate/copy/$segment")" "1.1 200"
check "the same segment" cmp -s "$work/one" "$work/two"

# The heads of both, without what is of the one or the other alone.
same() {
    local version
    for version in 1.1 2; do
        get "--http$version" -D - -o "$work/body-$version" "${@:2}" | tr -d '\r' | tr 'A-Z' 'a-z' |
            sed 's/^http[^ ]* \([0-9]*\).*/\1/; /^date:/d; /^connection:/d; /^$/d' | sort > "$work/head-$version"
    done
    check "$1: the same head" cmp "$work/head-1.1" "$work/head-2"
    check "$1: the same body" cmp "$work/body-1.1" "$work/body-2"
}
media=$base/live/gate/copy/$init
same "an init segment" "$media"
same "a range of it" -H 'Range: bytes=10-99' "$media"
same "a range that there is not" -H 'Range: bytes=999999999-' "$media"
same "what has not changed" -H 'If-None-Match: *' "$media"
same "a path that is none" "$base/none"
same "a method that is none" -X PUT "$base/"
same "a POST where none may be" -d x=y "$media"
same "a body that is too large" --data-binary "@$work/one" "$base/login"
same "a head that is too large" -H "X: $(head -c 15000 /dev/zero | tr '\0' a)" -H "Y: $(head -c 3000 /dev/zero | tr '\0' a)" "$media"
same "Expect" -H 'Expect: 100-continue' -d x=y "$base/login"
same "a stranger" -u "$user:wrong" "$base/api/site"

# A token that the server did not give is not taken over, and a login gives a new one each time.
login() { get --http2 -D - -o /dev/null -b "__Host-session=$1" --data-urlencode "name=$user" --data-urlencode "password=$password" "$base/login" |
    sed -n 's/^set-cookie: __Host-session=\([0-9a-f]*\);.*/\1/p'; }
fixed=$(printf '%064d' 7)
first=$(login "$fixed")
second=$(login "$first")
check "a login gives a token of the server's" [ "${#first}" = 64 -a "$first" != "$fixed" -a "$first" != "$second" ]
anonymous() { curl -sS -o /dev/null -w '%{http_code}' --max-time 20 --http2 --cacert "$site/tls.crt" -b "__Host-session=$1" "$base/api/site"; }
equal "with it one is known" "$(anonymous "$second")" 200
equal "with one's own one is not" "$(anonymous "$fixed")" 401

timeout -k 5 120 nghttp -nv --no-verify-peer -H "authorization: Basic $(printf '%s:%s' "$user" "$password" | base64 -w0)" "$list" "$media" "$base/live/gate/copy/$segment" \
    > "$work/nghttp" 2>&1
equal "three requests on one connection, by nghttp" "$(grep -c ':status: 200' "$work/nghttp")" 3
timeout -k 5 120 h2load -n 400 -c 4 -m 32 -H "authorization: Basic $(printf '%s:%s' "$user" "$password" | base64 -w0)" "$media" > "$work/h2load" 2>&1
check "400 requests, 32 at once on each connection, by h2load" grep -q ' 400 succeeded, 0 failed, 0 errored' "$work/h2load"

before=$(st '[.roles[] | select(.role == "serve") | .pid] | sort | join(" ")')
timeout -k 5 400 python3 "$here/http2-table.py" "$port" "$site/tls.crt" "$user:$password" > "$work/table" 2> "$work/table.err"
equal "the whole table of frames was gone through" "$?$(cat "$work/table.err")" 0
while IFS= read -r line; do
    case $line in
    'ok '*) ok "${line#ok }" ;;
    *) not_ok "${line#not ok }" ;;
    esac
done < "$work/table"
equal "no serve process ended" "$(st '[.roles[] | select(.role == "serve") | .pid] | sort | join(" ")')" "$before"
stop_server
finish
