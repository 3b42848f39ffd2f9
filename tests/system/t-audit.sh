#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# takes: 6 s
# What casemate audit says of a running site is what the kernel and the files show from outside; and it sees what is spoilt.
source "$(dirname "$0")/lib.sh"
wants jq ss sha256sum python3

make_site
camera_password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$camera_password" > "$site/camera-password"
chmod 600 "$site/camera-password"
start_camera --user tom --password-file "$site/camera-password"
site_camera gate "$camera_source" 'user: tom' 'password_file: camera-password'
mkdir "$site/more"
sed -i '1a include: more/*.yaml' "$site/site.yaml"

# audit [ARGUMENT…]: the page to $work/page, as JSON to $work/audit; sets page_exit
audit() {
    timeout 20 "$casemate" audit -c "$site/site.yaml" > "$work/page" 2> "$work/page.err"
    page_exit=$?
    timeout 20 "$casemate" audit -c "$site/site.yaml" --json > "$work/audit" 2>> "$work/page.err" || true
}
au() { jq -r "$1" "$work/audit"; }
# found WEIGHT PATTERN: that weight of finding is there
found() { jq -e --arg w "$1" --arg p "$2" '[.findings[] | select(.weight == $w and (.text | test($p)))] | length == 1' "$work/audit" > /dev/null; }

audit
matches "without a server it says what would be" "$(head -1 "$work/page")" 'no server runs; this is what casemate .* would make of .*/site\.yaml$'
equal "no process is made up" "$(au '[.roles[].processes[].pid | select(. != 0)] | length')" 0

start_server gate
all_run() { st_is '[.roles[] | select(.state != "running")] | length' 0; }
wait_for 20 all_run || bail "not every role runs: $(status | jq -c .roles)"
audit
matches "with one, what is" "$(head -1 "$work/page")" "^site test.example/casemate: casemate .* runs as user $(id -un), pid $server\$"
equal "nothing on the page but paths is wider than 120" "$(awk 'length > 120 && !/\//' "$work/page")" ''
equal "the exit tells whether there is an alarm or a warning" "$page_exit" "$(au 'if [.findings[] | select(.weight != "note")] == [] then 0 else 1 end')"
equal "no alarm" "$(au '.findings[] | select(.weight == "alarm") | .text' | grep -vE ' \((program|folder)\) may be changed by others')" ''
equal "each role's sandbox is whole" "$(grep -c '^  sandbox    whole' "$work/page")" 5

# processes: exactly the children of the server, and as the kernel shows them
children() { ps -o pid= --ppid "$server" | tr -d ' ' | sort; }
same_children() { audit; [ "$(au '.roles[] | select(.role != "casemate") | .processes[].pid' | sort)" = "$(children)" ]; }
check "its processes are the server's children, no more and no fewer" wait_for 10 same_children
proc() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | awk '{print $1}'; }
for pid in $(au '.roles[].processes[].pid'); do
    said=$(au ".roles[].processes[] | select(.pid == $pid) | \"\(.uid) \(.seccomp) \(.no_new_privs) \(.capabilities)\"")
    equal "process $pid: user, filter, privileges, capabilities" "$said" "$(proc "$pid" Uid) $(proc "$pid" Seccomp) true false"
done
# The descriptors of those two do not come and go.
held() { find "/proc/$1/fd" -type l -printf '%l\n' | grep -c "$2"; }
same_descriptors() {
    local pid
    audit
    for pid in $(au '.roles[] | select(.role == "sign" or .role == "transcode") | .processes[].pid'); do
        [ "$(au ".roles[].processes[] | select(.pid == $pid) | \"\(.holds.sockets) \(.holds.pipes)\"")" = "$(held "$pid" '^socket:') $(held "$pid" '^pipe:')" ] || return 1
    done
}
if [ "$(id -u)" = 0 ]; then
    check "descriptors are those under /proc" wait_for 10 same_descriptors
else
    matches "descriptors are root's to see" "$(cat "$work/page")" 'descriptors: shown to root alone'
fi

# who is listened to, and who is dialled
if [ "$(id -u)" = 0 ]; then
    # of FLAGS FIELD: that field of ss's lines that name a process of ours
    of() { ss -Hn "$1" | grep -E "pid=($(tr '\n' '|' <<< "$server
$(children)" | sed 's/|$//'))," | awk -v f="$2" '{print $f}' | sort -u; }
    equal "listeners are those that ss shows" "$(au '.listeners[] | select(.open) | .address' | sort)" "$(of -tlp 4)"
    same_peers() { [ "$(au '.cameras[].dialled' | sort)" = "$(of -tp 5)" ]; }
    check "who is dialled is who is connected" wait_for 10 same_peers
    equal "no datagrams" "$(of -up 5)" ''
else
    equal "listeners are those of the site" "$(au '.listeners[].address')" "127.0.0.1:$port"
    equal "who is dialled is the camera" "$(au '.cameras[].dialled')" "$(sed 's|rtsp://\([^/]*\).*|\1|' <<< "$camera_source")"
fi
equal "how its password is told" "$(au '.cameras[].login')" 'Digest SHA-256, MD5'

# files and programs
equal "modes are those of the files" "$(au '.files[] | select(.mode) | "\(.mode) \(.owner) \(.path)"')" \
    "$(au '.files[] | select(.mode) | .path' | while read -r f; do stat -c '%04a %u %n' "$f"; done)"
equal "every file of the site is there" "$(au '.files[] | select(.mode == null) | .path')" ''
equal "programs are those that run" "$(au '.roles[] | "\(.runs_sha256)  \(.program)"')" "$(au '.roles[].program' | xargs -d '\n' sha256sum)"
hash=$(sed -n 's/.*password_hash: "\(.*\)"/\1/p' "$site/site.yaml")
printf '%s\n%s\n%s\n' "$password" "$camera_password" "$hash" > "$work/secrets"
equal "no secret on it" "$(grep -lFf "$work/secrets" "$work/page" "$work/audit")" ''

# what is spoilt under a running server
chmod 640 "$site/tls.key"
chmod 604 "$site/site.yaml"
echo '# changed' >> "$site/site.yaml"
timeout 20 "$casemate" audit -s "$site/casemate.sock" --json > "$work/audit"
equal "a spoilt site exits 1" $? 1
check "a key that others can read is an alarm" found alarm 'tls.key .* is open to others, mode 0640'
check "a site file that others can read is a warning" found warning 'site.yaml holds hashes of passwords'
check "so is one that was changed since" found warning 'site.yaml is not what the server runs with'
chmod 600 "$site/tls.key" "$site/site.yaml"
sed -i '$d' "$site/site.yaml"

sed 's/^  gate:/  gate-2:/' "$site/site.yaml" > "$site/new.yaml"
against=$(timeout 20 "$casemate" check --against "$site/site.yaml" "$site/new.yaml")
equal "a change that opens something exits 1" $? 1
matches "and is named with its line" "$against" 'new\.yaml:[0-9]+: camera gate-2: 127\.0\.0\.1:[0-9]+ is dialled, as for gate before: RTSP in the clear$'
# what check says of the kernel; where it is set, nothing
{ cat "$site/new.yaml"; for i in {1..63}; do echo "  many-$i: {source: \"rtsp://127.0.0.1:1/$i\"}"; done; } > "$site/many.yaml"
equal "64 cameras want large pages" "$(timeout 20 "$casemate" check -c "$site/many.yaml" 2>&1 | grep -c 'footage in large pages')" \
    "$(grep -c '\[never\]' /sys/kernel/mm/transparent_hugepage/shmem_enabled 2> /dev/null || true)"
rm "$site/many.yaml"

# against what runs: it knows what was in the folder when it read it
against=$(timeout 20 "$casemate" check --against "$site/casemate.sock" "$site/site.yaml")
equal "against the running server nothing opens" $? 0
matches "nor changes, its password neither" "$against" 'site\.yaml against .*/casemate\.sock: nothing changes$'
printf 'another\n' > "$site/camera-password"
against=$(timeout 20 "$casemate" check --against "$site/casemate.sock" "$site/site.yaml")
matches "another one in the same file does" "$against" 'camera gate: .*password'
equal "and is not shown, nor its mark" "$(grep -cE 'another|[0-9a-f]{16}' <<< "$against")" 0
# marks of secrets are no auditor's, nor another user's though the socket let him in
raw() { python3 -c 'import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode() + b"\n"); print(s.makefile(errors="replace").read())' "$site/casemate.sock" "$1"; }
equal "who asks for marks has them, an auditor not" "$(raw 'audit marks' | grep -c '^mark camera gate ') $(raw audit | grep -cE '^marks? ')" '1 0'
if [ "$(id -u)" = 0 ]; then
    export -f raw
    equal "who is neither root nor the server's user is refused" "$(site=$site setpriv --reuid 65534 --clear-groups --inh-caps +dac_override --ambient-caps +dac_override bash -c 'raw audit | head -1; raw "audit marks" | head -1' | sed 's/ .*//' | xargs)" 'casemate refused'
fi
printf '%s\n' "$camera_password" > "$site/camera-password"
printf 'cameras:\n  dock: {source: "rtsp://127.0.0.9:554/"}\n' > "$site/more/dock.yaml"
against=$(timeout 20 "$casemate" check --against "$site/casemate.sock" "$site/site.yaml")
equal "a new file in a folder that is included opens something" $? 1
matches "which is named with its place" "$against" 'more/dock\.yaml:2: camera dock: 127\.0\.0\.9:554 is dialled: RTSP in the clear$'
timeout 20 "$casemate" audit -s "$site/casemate.sock" --json > "$work/audit"
check "and audit says that the server does not run with it" found warning 'site.yaml is not what the server runs with'
rm "$site/more/dock.yaml"

# a share link is a way in
link=$(timeout 20 "$casemate" share --camera gate --live --expires '1 h' -s "$site/casemate.sock" 2> "$work/share.err")
matches "a share link is made" "$link" '^https://'
timeout 20 "$casemate" audit -s "$site/casemate.sock" --json > "$work/audit"
equal "and is counted among the ways in" "$(au .shares)" 1
check "and named" found note '^1 share link: whoever has the address'

stop_server
without=$build/tests/system/without
if "$without" landlock true; then
    printf 'sandbox: best-effort\n' >> "$site/site.yaml"
    run_server "$without" landlock
    wait_for 20 all_run || bail "not every role runs without Landlock: $(status | jq -c .roles)"
    audit
    equal "a layer that is missing exits 1" "$page_exit" 1
    check "it is an alarm" found alarm 'store\[0\].*: without landlock: '
    matches "and stands with each role" "$(grep -c '^  sandbox    .*WITHOUT landlock' "$work/page")" '^5$'
    stop_server
else
    skip "a missing layer: no filters can be made here"
fi
audit
matches "after the end it says what would be again" "$(head -1 "$work/page")" 'no server runs'
timeout 20 "$casemate" audit -s "$site/casemate.sock" > /dev/null 2> "$work/none"
equal "without server and site file it cannot tell" $? 2
finish
