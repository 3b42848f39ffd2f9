#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel shows of a running site from outside: seals, namespaces, descriptors, sockets; and no secret where it does not belong.
source "$(dirname "$0")/lib.sh"
wants jq curl ss

make_site
camera_password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$camera_password" > "$site/camera-password"
chmod 600 "$site/camera-password"
start_camera --user tom --password-file "$site/camera-password"
site_camera gate "$camera_source" 'user: tom' 'password_file: camera-password'
start_server gate
wait_for 20 newest_at_least gate copy 2 || bail "no segments: $(status | jq -c .cameras)"
check "a viewer is served" get /live/gate/copy/index.m3u8 -o /dev/null
no_user=$(curl -sS --cacert "$site/tls.crt" -o /dev/null -w '%{http_code}' --max-time 10 "https://127.0.0.1:$port/live/gate/copy/index.m3u8")
equal "nobody is served without a user" "$no_user" 401

# "role pid" of each role
roles=$(st '.roles[] | select(.role != "casemate") | "\(.role)[\(.index)] \(.pid)"')
equal "every kind of role runs" "$(sed 's/\[.*//' <<< "$roles" | sort -u | tr '\n' ' ')" 'ingest serve sign store transcode '

proc() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
namespace() { readlink "/proc/$1/ns/$2"; }

# process NAME PID
process() {
    local field
    equal "$1: Seccomp" "$(proc "$2" Seccomp)" 2
    equal "$1: NoNewPrivs" "$(proc "$2" NoNewPrivs)" 1
    for field in CapInh CapPrm CapEff CapBnd CapAmb; do
        # Who starts as an ordinary user may not touch its own bounds; no_new_privs makes them moot.
        [ $field = CapBnd ] && [ "$2" = "$server" ] && [ "$(id -u)" != 0 ] && continue
        equal "$1: $field" "$(proc "$2" $field)" 0000000000000000
    done
}

is_hidden() { ! ls "$1"; }

while read -r role pid; do
    process "$role" "$pid"
    for ns in user pid net mnt ipc uts; do
        if [ "$(namespace "$pid" $ns)" != "$(namespace $$ $ns)" ] && [ -n "$(namespace "$pid" $ns)" ]; then
            ok "$role: a $ns namespace of its own"
        else
            not_ok "$role: shares the $ns namespace with who started it, or it cannot be read"
        fi
    done
    # Roles are not dumpable: even the user who started them is not shown what they hold.
    if [ "$(id -u)" != 0 ]; then
        check "$role: its descriptors are shown to nobody but root" is_hidden "/proc/$pid/fd"
        continue
    fi
    # A role holds its channel and log, rings, sockets that were handed to it, sealed memory; a file only if it is its own.
    case $role in
    store*) mine="$site/archive(/.*)?" ;;
    sign*) mine="$site/site.key.state" ;;
    *) mine=none ;;
    esac
    strange=$(find "/proc/$pid/fd" -type l -printf '%l\n' |
        grep -vE "^(/dev/null|pipe:\[[0-9]+\]|socket:\[[0-9]+\]|anon_inode:\[?(eventfd|eventpoll)\]?|/memfd:[a-z]+( \(deleted\))?|$mine)$")
    equal "$role: no descriptor that it should not have" "$strange" ''
    case $role in
    transcode*)
        sockets=$(find "/proc/$pid/fd" -type l -printf '%l\n' | grep -c '^socket:')
        equal "$role: one socket, to its parent" "$sockets" 1
        ;;
    esac
done <<< "$roles"
process casemate "$server"
note "the parent stays in the namespaces that it was started in: it opens listeners and dials cameras"

# Roles have network namespaces of their own, but the sockets that they were given belong to the outer one, where ss looks.
pids=" $server $(role_pids | tr '\n' ' ')"
# mine SS-FLAGS: lines of ss that name one of our processes
mine() {
    local line pid
    ss -Hn "$1" | while read -r line; do
        for pid in $(grep -o 'pid=[0-9]*' <<< "$line" | cut -d= -f2); do
            case $pids in *" $pid "*) echo "$line"; break ;; esac
        done
    done
}
if [ "$(id -u)" = 0 ]; then
    equal "listening on TCP: the HTTPS listener alone" "$(mine -tlp | awk '{print $4}' | sort -u | tr '\n' ' ')" "127.0.0.1:$port "
    equal "listening on UDP: nothing" "$(mine -ulp)" ''
    equal "listening locally: the status socket alone" "$(mine -xlp | awk '{print $5}')" "$site/casemate.sock"
    camera_address=$(sed 's|rtsp://\([^/]*\).*|\1|' <<< "$camera_source")
    equal "connected over TCP: the camera alone" "$(mine -tp | awk '{print $5}' | grep -v "^127.0.0.1:$port" | sort -u | tr '\n' ' ')" "$camera_address "
    equal "UDP: no socket" "$(mine -up)" ''
else
    skip "sockets: only root sees whose they are"
fi

# Secrets: what is sent to the server and the camera, and the key.
status > "$work/status"
tr -d '\n' < "$site/site.key" | sed 's/-----[^-]*-----//g' > "$work/key-text"
printf '%s\n%s\n%s\n' "$password" "$camera_password" "$(cat "$work/key-text")" > "$work/secrets"
seen=''
for pid in $pids $camera_pid; do
    for f in cmdline environ; do
        { tr '\0' '\n' < "/proc/$pid/$f"; } 2> /dev/null | grep -qFf "$work/secrets" && seen+=" /proc/$pid/$f"
    done
done
equal "no secret in a command line or an environment" "$seen" ''
equal "no secret in log, status or archive" "$(grep -rlFf "$work/secrets" "$site/log" "$work/status" "$site/archive")" ''
equal "the site's files are for their user alone" "$(find "$site/archive" "$site/site.key" "$site/site.key.state" "$site/tls.key" "$site/casemate.sock" -perm /077)" ''
stop_server
equal "no secret in the log after the end" "$(grep -lFf "$work/secrets" "$site/log")" ''
# shellcheck disable=SC2086
check "no process is left" all_gone $pids
finish
