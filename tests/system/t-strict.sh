#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A system that forbids namespaces: a strict site does not start and says why; a best-effort one runs and says what is missing.
# The kernel refuses user namespaces in a chroot, so that is where the server is put.
# takes: 2 s
source "$(dirname "$0")/lib.sh"
wants jq unshare
[ "$(id -u)" = 0 ] || skip_all "only root may change the root folder"
may_chroot() { unshare -m bash -c 'mount --make-rprivate / && mount --rbind / /mnt && chroot /mnt true'; }
may_chroot 2> /dev/null || skip_all "no right to mount here"
in_chroot() { exec unshare -m bash -c 'mount --make-rprivate / && mount --rbind / /mnt && exec chroot /mnt "$@"' - "$@"; }

make_site
site_camera gate rtsp://127.0.0.1:9/none
(in_chroot timeout -k 2 20 "$casemate" run -c "$site/site.yaml") > "$work/strict.log" 2>&1
equal "a strict site does not start" $? 1
matches "the reason is named with its mend" "$(cat "$work/strict.log")" 'error .* sandbox-incomplete missing="user-ns pid-ns .*" why="user-ns: .*" mend="allow user namespaces'
equal "no role was ready" "$(grep -c role-ready "$work/strict.log")" 0

printf 'sandbox: best-effort\n' >> "$site/site.yaml"
in_chroot "$casemate" run -c "$site/site.yaml" > "$work/best-effort.log" 2>&1 &
started_pids+=($!)
all_run() { [ "$(st '[.roles[] | select(.state == "running") | .role] | unique | length')" = 6 ]; }
check "a best-effort site runs" wait_for 15 all_run
matches "the log names what is missing" "$(cat "$work/best-effort.log")" 'warn store .*sandbox-incomplete missing="user-ns pid-ns'
equal "status shows that no role has namespaces" "$(st '[.roles[].sandbox[] | select(endswith("-ns"))] | length')" 0
equal "every role is filtered all the same" "$(st '[.roles[] | select(.sandbox | index("seccomp") | not)] | length')" 0
finish
