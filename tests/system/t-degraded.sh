#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Systems that lack a layer of the sandbox, each switched off for the server alone (tests/system/without.c). A strict site does not start and
# says which layer, why, and what to do; a best-effort one runs, and its log and status say what is missing.
# takes: 10 s
source "$(dirname "$0")/lib.sh"
wants jq
without=$build/tests/system/without
"$without" landlock true || skip_all "no filters can be made here"

make_site
site_camera gate rtsp://127.0.0.1:9/none
cp "$site/site.yaml" "$work/strict.yaml"
needed='ipc-ns landlock mount-ns net-ns no-capabilities no-new-privs pid-ns rlimits seccomp user-ns uts-ns'

all_run() { [ "$(st '[.roles[] | select(.state == "running") | .role] | unique | length')" = 6 ]; }
# What roles have of those that a strict site needs: one answer when they have the same.
layers() {
    st '[.roles[] | select(.role != "casemate") | .sandbox | map(select(IN("landlock-net", "landlock-scope", "cgroup") | not)) | sort | join(" ")]
        | unique | join("; ")'
}
has_not() { st "[.roles[] | select(.role != \"casemate\") | .sandbox | index(\"$1\")] | all(. == null)"; }

begin() {
    cp "$work/strict.yaml" "$site/site.yaml"
    [ "$1" = strict ] || printf 'sandbox: best-effort\n' >> "$site/site.yaml"
    : > "$site/log"
}

# refuses NAME LOG-PATTERN COMMAND…: a strict site under it does not start.
refuses() {
    local name=$1 pattern=$2 rc
    shift 2
    begin strict
    (cd "$site" && exec timeout -k 2 30 "$@" "$casemate" run -c site.yaml) > "$site/log" 2>&1
    rc=$?
    equal "$name: a strict site does not start" $rc 1
    matches "$name: it says why, and what to do" "$(cat "$site/log")" "error [a-z]+(\[[0-9]+\])? sandbox-incomplete $pattern"
}

# goes_on NAME MISSING-LAYER LAYERS-MISSING COMMAND…: a best-effort site does, and says what is missing.
goes_on() {
    local name=$1 one=$2 expected=$3 l
    shift 3
    begin best-effort
    run_server "$@"
    if check "$name: a best-effort site runs" wait_for 20 all_run; then
        for l in $needed; do [[ " $expected " = *" $l "* ]] || printf '%s ' "$l"; done > "$work/left"
        equal "$name: status shows the layers that are left" "$(layers) " "$(cat "$work/left")"
        equal "$name: no role has $one" "$(has_not "$one")" true
        matches "$name: the log says what is missing" "$(cat "$site/log")" "warn store.* sandbox-incomplete missing=\"[^\"]*\b$one\b"
        matches "$name: casemate status says so too" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" "^store[^ ]* .* without ([a-z-]+ )*$one"
    fi
    stop_server
}

namespaces='user-ns pid-ns net-ns mount-ns ipc-ns uts-ns'
allow='mend="allow user namespaces .*or set sandbox: best-effort in the site file"'
refuses "a container without namespaces" "missing=\"$namespaces\" why=\"user-ns: Operation not permitted\" $allow" "$without" container
goes_on "a container without namespaces" net-ns "$namespaces" "$without" container

# As an admin forbids them: none is left to be made in a namespace that allows none.
none_left() { exec unshare -Ur bash -c 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"' - "$@"; }
if (none_left true) 2> /dev/null; then
    refuses "user.max_user_namespaces is 0" "missing=\"$namespaces\" why=\"user-ns: No space left on device\" $allow" unshare -Ur \
        bash -c 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"' -
else
    skip "user.max_user_namespaces is 0: no right to make the namespace in which it is"
fi

refuses "namespaces without mounts" 'missing="mount-ns" why="mount-ns: Operation not permitted" mend="allow mounting .*best-effort' "$without" mount
goes_on "namespaces without mounts" mount-ns mount-ns "$without" mount

refuses "a kernel without Landlock" 'missing="landlock" why="landlock: Function not implemented" mend="run Linux 5.19 .*best-effort' "$without" landlock
goes_on "a kernel without Landlock" landlock landlock "$without" landlock
refuses "a kernel that was booted without Landlock" 'missing="landlock" why="landlock: Operation not supported" mend=".*lsm=landlock' "$without" landlock-off
refuses "Landlock 1" 'missing="landlock" why="landlock: Protocol not supported" mend="run Linux 5.19' "$without" landlock-1
goes_on "Landlock 1" landlock landlock "$without" landlock-1

# strict_with NAME LAYERS-THAT-MAY-LACK COMMAND…: strict, for what is missing is not needed.
strict_with() {
    local name=$1 l
    begin strict
    run_server "${@:3}"
    check "$name: a strict site runs" wait_for 20 all_run
    equal "$name: with all that it needs" "$(layers)" "$needed"
    for l in $2; do equal "$name: status does not show $l" "$(has_not "$l")" true; done
    stop_server
}
strict_with "Landlock 2, Debian 12's" "landlock-net landlock-scope" "$without" landlock-2
strict_with "Landlock 5" landlock-scope "$without" landlock-5

# Nothing goes on without the filter of system calls, whatever the site file says.
refuses "a kernel without seccomp" '(role=casemate|missing="seccomp").*' "$without" seccomp
begin best-effort
(cd "$site" && exec timeout -k 2 30 "$without" seccomp "$casemate" run -c site.yaml) > "$site/log" 2>&1
equal "a kernel without seccomp: nor does a best-effort one" $? 1
matches "a kernel without seccomp: it says so" "$(cat "$site/log")" 'error [a-z]+(\[[0-9]+\])? sandbox-incomplete missing="seccomp" why="seccomp: .*" mend="run a kernel with CONFIG_SECCOMP_FILTER'
equal "no role was killed by its filter or left behind" "$(grep -c 'SYS' "$site/log")" 0
finish
