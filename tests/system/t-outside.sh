#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel shows of a running site from outside: seals, namespaces, descriptors, sockets; and no secret where it does not belong.
# takes: 7 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss

make_site
camera_password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$camera_password" > "$site/camera-password"
chmod 600 "$site/camera-password"
start_camera --user tom --password-file "$site/camera-password"
camera_address=$(sed 's|rtsp://\([^/]*\).*|\1|' <<< "$camera_source")
site_camera gate "$camera_source" 'user: tom' 'password_file: camera-password'
password_camera_pid=$camera_pid
start_camera
udp_camera_address=$(sed 's|rtsp://\([^/]*\).*|\1|' <<< "$camera_source")
site_camera yard "$camera_source" 'transport: udp'
start_server gate yard
wait_for 20 newest_at_least gate copy 2 || bail "no segments: $(status | jq -c .cameras)"
check "a viewer is served" get /live/gate/copy/index.m3u8 -o /dev/null
no_user=$(curl -sS --cacert "$site/tls.crt" -o /dev/null -w '%{http_code}' --max-time 10 "https://127.0.0.1:$port/live/gate/copy/index.m3u8")
equal "nobody is served without a user" "$no_user" 401

# "role pid" of each role
roles=$(st '.roles[] | select(.role != "casemate") | "\(.role)[\(.index)] \(.pid)"')
equal "every kind of role runs" "$(sed 's/\[.*//' <<< "$roles" | sort -u | tr '\n' ' ')" 'ingest serve sign store transcode '

proc() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
is_hidden() { ! ls "$1"; }

# Under load: viewers that take what is newest, with its pictures encoded by the worker. Each that has taken anything says so in a file.
view() {
    local n
    while :; do
        n=$(newest gate "$1")
        get "/live/gate/$1/$n.m4s" --limit-rate 100k -o /dev/null && echo "$n" >> "$work/viewed-$1"
    done
}
viewers=()
for rendition in copy 360p copy; do
    view $rendition > /dev/null 2>&1 &
    started_pids+=($!)
    viewers+=($!)
done
has_viewed() { [ -s "$work/viewed-copy" ] && [ -s "$work/viewed-360p" ]; }
check "viewers have taken segments of both renditions" wait_for 30 has_viewed

# outside LINES: each a result of tests/system/outside
outside() {
    local line
    while read -r line; do
        case $line in
        'ok '*) ok "${line#ok }" ;;
        'not ok '*) not_ok "${line#not ok }" ;;
        *) echo "$line" ;;
        esac
    done <<< "$1"
}

while read -r role pid; do
    if [ "$(id -u)" != 0 ]; then
        # Roles are not dumpable: even the user who started them is not shown what they hold.
        check "$role: its descriptors are shown to nobody but root" is_hidden "/proc/$pid/fd"
        equal "$role: Seccomp" "$(proc "$pid" Seccomp)" 2
        equal "$role: NoNewPrivs" "$(proc "$pid" NoNewPrivs)" 1
        continue
    fi
    seen=$("$build/tests/system/outside" "${role%[*}" "$pid" "$server" 2>&1)
    rc=$?
    outside "$seen"
    equal "$role: as its policy says" $rc 0
done <<< "$roles"
[ "$(id -u)" = 0 ] || skip "namespaces, limits and descriptors: only root sees them"

equal "casemate: Seccomp" "$(proc "$server" Seccomp)" 2
equal "casemate: NoNewPrivs" "$(proc "$server" NoNewPrivs)" 1
for field in CapInh CapPrm CapEff CapBnd CapAmb; do
    # Who starts as an ordinary user may not touch its own bounds; no_new_privs makes them moot.
    [ $field = CapBnd ] && [ "$(id -u)" != 0 ] && continue
    equal "casemate: $field" "$(proc "$server" $field)" 0000000000000000
done
note "the parent stays in the namespaces that it was started in: it opens listeners and dials cameras"
equal "no role was started anew meanwhile" "$(role_pids | sort | tr '\n' ' ')" "$(sed 's/.* //' <<< "$roles" | sort | tr '\n' ' ')"

# Roles have network namespaces of their own, but the sockets that they were given belong to the outer one, where ss looks.
pids=" $server $(role_pids | tr '\n' ' ')"
# mine SS-FLAGS: lines of ss that name one of our processes; a machine may have thousands of others
mine() {
    ss -Hn "$1" | awk -v pids="$pids" '
        BEGIN { n = split(pids, p, " "); for (i = 1; i <= n; i++) ours[p[i]] }
        { for (rest = $0; match(rest, /pid=[0-9]+/); rest = substr(rest, RSTART + RLENGTH))
            if (substr(rest, RSTART + 4, RLENGTH - 4) in ours) { print; next } }'
}
if [ "$(id -u)" = 0 ]; then
    equal "listening on TCP: the HTTPS listener alone" "$(mine -tlp | awk '{print $4}' | sort -u | tr '\n' ' ')" "127.0.0.1:$port "
    equal "listening on UDP: nothing" "$(mine -ulp)" ''
    equal "listening locally: the status socket alone" "$(mine -xlp | awk '{print $5}')" "$site/casemate.sock"
    equal "connected over TCP, but for viewers: the cameras alone" \
        "$(mine -tp | awk -v own="127.0.0.1:$port" '$4 != own {print $5}' | sort -u | tr '\n' ' ')" \
        "$(printf '%s\n' "$camera_address" "$udp_camera_address" | sort | tr '\n' ' ')"
    equal "UDP: connected to the one camera's host, or not there" "$(mine -up | grep -vE '127\.0\.0\.1:[0-9]+ +127\.0\.0\.1:[0-9]+ ')" ''
else
    skip "sockets: only root sees whose they are"
fi

# Secrets: what is sent to the server and the camera, and the key.
status > "$work/status"
tr -d '\n' < "$site/site.key" | sed 's/-----[^-]*-----//g' > "$work/key-text"
printf '%s\n%s\n%s\n' "$password" "$camera_password" "$(cat "$work/key-text")" > "$work/secrets"
seen=''
for pid in $pids $password_camera_pid; do
    for f in cmdline environ; do
        { tr '\0' '\n' < "/proc/$pid/$f"; } 2> /dev/null | grep -qFf "$work/secrets" && seen+=" /proc/$pid/$f"
    done
done
equal "no secret in a command line or an environment" "$seen" ''
equal "no secret in log, status or archive" "$(grep -rlFf "$work/secrets" "$site/log" "$work/status" "$site/archive")" ''
equal "the site's files are for their user alone" "$(find "$site/archive" "$site/site.key" "$site/site.key.state" "$site/tls.key" "$site/casemate.sock" -perm /077)" ''
for pid in "${viewers[@]}"; do end_process "$pid"; done
stop_server
equal "no secret in the log after the end" "$(grep -lFf "$work/secrets" "$site/log")" ''
# shellcheck disable=SC2086
check "no process is left" all_gone $pids
finish
