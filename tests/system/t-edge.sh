#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nginx in front, and Varnish, set up by the examples of conf/edge as they stand: many viewers ask the edge, and casemate is asked once for
# each thing; it asks as a user of its own, keeps nothing of what is private, and gives out no playlist that is old.
# takes: 28 s
source "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
wants jq nginx varnishd curl ffmpeg openssl

viewers=20
make_site
start_camera
site_camera gate "$camera_source"
start_server gate
wait_for 60 newest_at_least gate copy 3 || bail "no segments: $(status | jq -c .cameras)"

# Between the edge and casemate stands one who counts: a second nginx, that keeps nothing.
edge=$work/edge edge_port=$(free_port) count_port=$(free_port) varnish_port=$(free_port)
mkdir -p "$edge/count"
cp "$site/tls.crt" "$site/tls.key" "$edge"
cp "$site/tls.crt" "$edge/casemate.crt"
viewer_password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf 'viewer:%s\n' "$(openssl passwd -apr1 "$viewer_password")" > "$edge/viewers"
printf 'user = "viewer:%s"\n' "$viewer_password" > "$edge/curlrc"
authorization=$(printf '%s:%s' "$user" "$password" | base64 -w 0)
# set_up EXAMPLE PORT: as a site would
set_up() {
    sed -e "s|FOLDER|$edge|g; s|ADDRESS:PORT|127.0.0.1:$count_port|; s|LISTEN|$2|; s|SERVER-NAME|localhost|; s|BASE64-OF-NAME-COLON-PASSWORD|$authorization|" \
        "$top/conf/edge/$1.example" > "$edge/$1"
}
set_up nginx.conf "$edge_port"
set_up varnish-tls.conf "$varnish_port"
set_up varnish.vcl ''
cat > "$edge/count.conf" <<CONF
worker_processes 1; pid $edge/count/pid; error_log $edge/count/error.log;
events { worker_connections 512; }
http {
    log_format asked '\$status \$request_method \$request_uri \$http_authorization \$http_cookie \$upstream_http_etag';
    access_log $edge/asked asked;
    client_body_temp_path $edge/count/b; proxy_temp_path $edge/count/p; fastcgi_temp_path $edge/count/f; uwsgi_temp_path $edge/count/u; scgi_temp_path $edge/count/s;
    server {
        listen 127.0.0.1:$count_port ssl; ssl_certificate $edge/tls.crt; ssl_certificate_key $edge/tls.key; ssl_protocols TLSv1.3;
        location / { proxy_pass https://127.0.0.1:$port; proxy_http_version 1.1; proxy_buffering off; proxy_ssl_protocols TLSv1.3; proxy_set_header Host localhost; proxy_set_header Connection ""; }
    }
}
CONF
: > "$edge/asked"
chmod 600 "$edge"/*.conf
[ "$(id -u)" != 0 ] || sed -i '1i user root;' "$edge"/*.conf
varnishd -F -j none -n "$edge/varnish" -f "$edge/varnish.vcl" -a "$edge/cache.sock,HTTP,mode=600" -s malloc,64m > "$edge/varnish.out" 2>&1 < /dev/null &
started_pids+=($!)
for conf in count nginx varnish-tls; do
    nginx -p "$edge" -e "$edge/$conf.err" -c "$edge/$conf.conf" -g 'daemon off;' > "$edge/$conf.out" 2>&1 < /dev/null &
    started_pids+=($!)
done
listens() { [ -n "$(ss -Hltn "sport = :$1")" ]; }
check "nginx takes the example" wait_for 30 listens "$edge_port" || bail "$(cat "$edge"/*.err "$edge"/*.out)"
check "nginx around Varnish takes its example" wait_for 30 listens "$varnish_port" || bail "$(cat "$edge"/*.err "$edge"/*.out)"
check "Varnish takes the example" wait_for 60 test -S "$edge/cache.sock" || bail "$(cat "$edge/varnish.out")"
wait_for 30 listens "$count_port" || bail "$(cat "$edge"/*.err "$edge"/*.out)"

through() { timeout 60 curl -sS --cacert "$site/tls.crt" -K "$edge/curlrc" "${@:2}" "https://127.0.0.1:$edge_port$1"; }
code() { through "$1" -o /dev/null -w '%{http_code}' "${@:2}"; }
lists_itself() { get /live/gate/copy/index.m3u8 | grep -qx "$1\.m4s"; }
asked() { grep -cE "^$1 GET $2 " "$edge/asked"; }

crowd() {
    local i pids=()
    for i in $(seq $viewers); do
        through "/live/gate/copy/$1" -o "$work/seen.$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
}

# judge WHO PORT
judge() {
    local who=$1 edge_port=$2 list segment init old before path i
    : > "$edge/asked"
    # All at once for the same, then each once more.
    list=$(through /live/gate/copy/index.m3u8)
    matches "$who: a playlist comes through it" "$list" '^[0-9]+\.m4s$'
    segment=$(grep -E '^[0-9]+\.m4s$' <<< "$list" | tail -1)
    init=$(grep -oE 'init-[0-9a-f]{16}\.mp4' <<< "$list" | head -1)
    get "/live/gate/copy/$segment" -o "$work/direct"
    for thing in "$segment" "$segment" "$init"; do crowd "$thing"; done
    equal "$who: $viewers viewers, twice, and casemate was asked once for the segment" "$(asked 200 "/live/gate/copy/$segment")" 1
    equal "$who: and once for the init segment" "$(asked 200 "/live/gate/copy/$init")" 1
    crowd "$segment"
    equal "$who: each had the segment's bytes" "$(sha256sum "$work"/seen.* | cut -c 1-64 | sort -u)" "$(sha256sum < "$work/direct" | cut -c 1-64)"
    equal "$who: a part of it, too" "$(through "/live/gate/copy/$segment" -H 'Range: bytes=100-199' | sha256sum)" "$(tail -c +101 "$work/direct" | head -c 100 | sha256sum)"
    equal "$who: whoever adds a query does not get past it" "$(through "/live/gate/copy/$segment?a=1" | sha256sum)" "$(sha256sum < "$work/direct")"
    equal "$who: still it was asked once" "$(grep -cF "/live/gate/copy/$segment" "$edge/asked")" 1

    # One after the other, so that no two renew it at once.
    before=$(wc -l < "$edge/asked")
    for i in $(seq 25); do through /live/gate/copy/index.m3u8 -o /dev/null || break; done
    tail -n +$((before + 1)) "$edge/asked" | grep 'GET /live/gate/copy/index.m3u8 ' > "$work/of-lists"
    equal "$who: no version of a playlist came twice" "$(sed -n 's/^200 .* //p' "$work/of-lists" | sort | uniq -d)" ''
    equal "$who: and else casemate said only that it is the same" "$(grep -cvE '^(200|304) ' "$work/of-lists")" 0
    # When two more have come since, what was kept is older than it may be: one request, and the newest is in it.
    old=$(through /live/gate/copy/index.m3u8 | grep -E '^[0-9]+\.m4s$' | tail -1)
    wait_for 60 lists_itself $((${old%.m4s} + 2)) || not_ok "no more segments"
    matches "$who: no old playlist is given out" "$(through /live/gate/copy/index.m3u8)" "^$((${old%.m4s} + 2))\.m4s\$"

    # What is private
    equal "$who: without a password nobody is let in" "$(timeout 60 curl -sS -o /dev/null -w '%{http_code}' --cacert "$site/tls.crt" "https://127.0.0.1:$edge_port/live/gate/copy/$segment")" 401
    for path in / /login /api/site /log/checkpoint "/live/gate/copy/$segment.tlog-proof" /export /assets/player.js; do
        equal "$who: $path is not passed on" "$(code "$path" -b 'session=x')" 404
    done
    equal "$who: nothing but the edge's own password went on" "$(grep -cvE ' GET /live/[^ ]* Basic [A-Za-z0-9+/=]* - [^ ]*$' "$edge/asked")" 0
    equal "$who: and no viewer's" "$(grep -cF "$(printf 'viewer:%s' "$viewer_password" | base64 -w 0)" "$edge/asked")" 0
    equal "$who: a segment that is not there is not there" "$(code /live/gate/copy/999999.m4s)" 404
}
judge nginx "$edge_port"

# A player's way, several at a time: of each version of the playlist and each segment one.
before=$(wc -l < "$edge/asked")
players=()
for i in 1 2 3; do
    timeout 60 ffmpeg -v error -nostdin -ca_file "$site/tls.crt" -tls_verify 0 -headers "Authorization: Basic $(printf 'viewer:%s' "$viewer_password" | base64 -w 0)"$'\r\n' \
        -i "https://127.0.0.1:$edge_port/live/gate/copy/index.m3u8" -t 4 -c copy -f null - > "$work/player.$i" 2>&1 &
    players+=($!)
done
failed_players=0
for p in "${players[@]}"; do wait "$p" || failed_players=$((failed_players + 1)); done
equal "three players play through it" "$failed_players$(cat "$work"/player.? | head -c 300)" 0
tail -n +$((before + 1)) "$edge/asked" > "$work/of-players"
check "which asked for something" [ "$(grep -c '\.m4s ' "$work/of-players")" -ge 2 ]
equal "no segment was asked for twice" "$(grep -oE ' /live/[^ ]*\.m4s ' "$edge/asked" | sort | uniq -d)" ''

judge Varnish "$varnish_port"
matches "casemate itself lets no shared cache keep anything" "$(get "/live/gate/copy/$(newest gate copy).m4s" -o /dev/null -D -)" '^[Cc]ache-[Cc]ontrol: private,'
finish
