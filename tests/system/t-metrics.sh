#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metrics on a listener of their own: in both forms, held against promtool, scraped by Prometheus itself; in clear text to this machine
# alone, elsewhere by HTTPS to admins; what lives and what is ready; that a role which began anew makes no counter go down.
# takes: 25 s
source "$(dirname "$0")/lib.sh"
wants jq curl python3
PATH=$PATH:$build/tools/usr/bin    # promtool and prometheus, where ./bootstrap check has put them

make_site
metrics=$(free_port) beyond=$(free_port) taken=$(free_port)
curl_metrics() { timeout 15 curl -sS "$@"; }
code() { curl_metrics -o /dev/null -w '%{http_code}' "$@"; }
code_is() { [ "$(code "${@:2}")" = "$1" ]; }
here() { printf 'http://127.0.0.1:%s%s' "$metrics" "$1"; }
sample() { curl_metrics "$(here /metrics)" | sed -n "s/^$1 //p"; }
sample_is() { [ "$(sample "$1")" = "$2" ]; }
at_least() { [ "$(sample "$1" | cut -d. -f1)" -ge "$2" ]; }

# An address that somebody else has: until he goes the server is not ready, and says why.
python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); print("bound", flush=True); time.sleep(600)' "$taken" > "$work/bound" &
holder=$!
started_pids+=("$holder")
wait_for 60 grep -q bound "$work/bound" || bail "no port can be held"

start_camera
sed -i "s|^listen: .*|listen: [\"127.0.0.1:$port\", \"127.0.0.1:$taken\"]\nmetrics: [\"127.0.0.1:$metrics\", \"0.0.0.0:$beyond\"]|" "$site/site.yaml"
sed -i "s|^cameras:|  - {name: guard, groups: [guards], password_hash: \"$(timeout 20 "$casemate" passwd guard <<< watchful | sed -n 's/.*password_hash: *"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p')\"}\n&|; s|^\(  - name: $user\)|\1\n    groups: [admins]|" "$site/site.yaml"
sed -i 's|^users:|groups: {admins: {rights: [live, history, export, admin], cameras: "*"}, guards: {rights: [live], cameras: "*"}}\n&|' "$site/site.yaml"
site_camera gate "$camera_source"
start_server gate

# --- what is ready -------------------------------------------------------------------------

check "it lives" wait_for 60 code_is 200 "$(here /health)"
unready_for() { grep -qxF "$1" <<< "$(curl_metrics "$(here /ready)")"; }
check "and is not ready, for a reason" wait_for 60 unready_for "127.0.0.1:$taken is not open: Address already in use"
equal "which its status says too" "$(code "$(here /ready)")" 503
end_process "$holder"
check "it is when the address is free" wait_for 90 code_is 200 "$(here /ready)"

# --- both forms ----------------------------------------------------------------------------

check "a camera is up" wait_for 60 sample_is 'casemate_camera_up{camera="gate"}' 1
check "what it sends is counted" wait_for 60 at_least 'casemate_camera_packets_total{camera="gate"}' 1
curl_metrics -D "$work/text.head" "$(here /metrics)" > "$work/text"
curl_metrics -D "$work/open.head" -H 'Accept: application/openmetrics-text; version=1.0.0, text/plain; q=0.5' "$(here /metrics)" > "$work/open"
matches "without a wish: the older form" "$(tr -d '\r' < "$work/text.head")" '^Content-Type: text/plain; version=0.0.4'
matches "with one: OpenMetrics" "$(tr -d '\r' < "$work/open.head")" '^Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8$'
equal "which ends as it must" "$(tail -1 "$work/open")" '# EOF'
equal "both name the same" "$(sed -n 's/^# HELP \([^ ]*\).*/\1/p' "$work/open" | sort)" "$(sed -n 's/^# HELP \([^ ]*\).*/\1/p' "$work/text" | sed 's/_total$//; s/_info$//' | sort)"
if command -v promtool > /dev/null; then
    equal "promtool has nothing to say about them" "$(timeout 60 promtool check metrics < "$work/text" 2>&1)" ''
    check "the rules are rules" timeout 60 promtool check rules "$top/conf/prometheus/casemate.rules.yml"
    check "and tell what they should" timeout 60 promtool test rules "$top/conf/prometheus/casemate.rules.test.yml"
    check "the configuration is one" timeout 60 promtool check config "$top/conf/prometheus/prometheus.yml"
else
    skip "promtool: promtool is not installed"
fi

for file in prometheus/casemate.rules.yml grafana/casemate.json; do
    equal "each metric of conf/$file exists" "$(grep -oE 'casemate_[a-z_]+' "$top/conf/$file" | sort -u | comm -23 - <(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$work/text" | sort -u))" ''
done

# --- who may read them ---------------------------------------------------------------------

equal "nothing else is there" "$(code "$(here /)") $(code "$(here /login)") $(code "$(here /api/site)") $(code -d "" "$(here /metrics)")" '404 404 404 405'
equal "a page whose name leads here reads nothing" "$(code -H 'Host: evil.example' "$(here /metrics)")" 421
tls=(--cacert "$site/tls.crt")
equal "elsewhere not without a user" "$(code "${tls[@]}" "https://127.0.0.1:$beyond/metrics")" 401
equal "who is no admin may not" "$(code "${tls[@]}" -u guard:watchful "https://127.0.0.1:$beyond/metrics")" 403
equal "an admin may" "$(code "${tls[@]}" -K "$site/curlrc" "https://127.0.0.1:$beyond/metrics")" 200
check "in clear text nobody may there" test "$(code "http://127.0.0.1:$beyond/metrics" 2> /dev/null)" = 000
equal "and viewers' listeners have none" "$(code "${tls[@]}" -K "$site/curlrc" "https://127.0.0.1:$port/metrics")" 404

# --- Prometheus ----------------------------------------------------------------------------

scraped() { timeout 15 curl -sS "http://127.0.0.1:$prometheus/api/v1/query?query=casemate_camera_up" | jq -e '.data.result[0].value[1] == "1"'; }
if command -v prometheus > /dev/null; then
    prometheus=$(free_port)
    sed "s|127.0.0.1:9464|127.0.0.1:$metrics|; s|scrape_interval: .*|scrape_interval: 1s|; /^rule_files:/,/^$/s|- .*|- $top/conf/prometheus/casemate.rules.yml|" "$top/conf/prometheus/prometheus.yml" > "$work/prometheus.yml"
    prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" --web.listen-address="127.0.0.1:$prometheus" > "$work/prometheus.log" 2>&1 &
    started_pids+=($!)
    check "Prometheus takes what it scrapes" wait_for 60 scraped || note "$(tail -5 "$work/prometheus.log")"
else
    skip "a scrape by Prometheus: it is not installed"
fi

# --- counters ------------------------------------------------------------------------------

requests() { sample 'casemate_serve_requests_total{index="0"}'; }
serve_pid() { st '.roles[] | select(.role == "serve" and .index == 0) | .pid'; }
check "answers are counted" wait_for 60 at_least 'casemate_serve_requests_total{index="0"}' 1
before=$(requests) pid=$(serve_pid)
kill -KILL "$pid"
check "a serve that ended is counted" wait_for 60 sample_is 'casemate_role_restarts_total{role="serve",index="0"}' 1
counted() { after=$(requests); [ -n "$after" ]; }
wait_for 60 counted
check "and what it had counted stays: $before, then $after" test "$after" -ge "$before"

# --- the listener comes and goes -----------------------------------------------------------

sed -i '/^metrics:/d' "$site/site.yaml"
check "without the key, after a reload" timeout 30 "$casemate" reload -s "$site/casemate.sock"
check "nobody answers there any more" wait_for 60 code_is 000 "$(here /health)"
finish
