# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of faults share, beside system/lib.sh: the built programs in a folder of their own, each role started with the shim in it.
# shellcheck shell=bash
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../system/lib.sh"

aim_program=$build/tests/faults/aim
shim=$build/tests/faults/shim.so
faulty_roles=(ingest transcode store sign serve casemate)
pages=$work/faulty/libexec/casemate/faults

# faulty_programs: casemate becomes the copy of which every role, and the parent by `run_faulty`, can be aimed at.
faulty_programs() {
    local libexec=$work/faulty/libexec/casemate role
    [ -x "$shim" ] || bail "$shim is not built"
    mkdir -p "$libexec/real" "$pages"
    cp "$build/casemate" "$work/faulty/"
    cp "$build"/libexec/casemate/* "$libexec/"
    cp "$shim" "$pages/shim.so"
    for role in "${faulty_roles[@]}"; do
        aim "$role" new
        [ "$role" != casemate ] || continue
        mv "$libexec/$role" "$libexec/real/"
        cp "$build/tests/faults/launch" "$libexec/$role"
    done
    casemate=$work/faulty/casemate
}

# aim ROLE ORDER…: see aim.c
aim() { "$aim_program" "$pages/$1" "${@:2}"; }
aim_counts() { aim "$1" counts | awk -v kinds=",$2," 'index(kinds, "," $1 ",") {n += $2} END {print n + 0}'; }
nobody_aimed_at() { local role; for role in "${faulty_roles[@]}"; do aim "$role" off; done; }

run_faulty() { run_server env LD_PRELOAD="$pages/shim.so" FAULTS="$pages/casemate"; }

pids_of() { st ".roles[] | select(.role == \"$1\") | .pid"; }
# Every role is up, and every camera plays.
steady() { st_is '([.roles[] | select(.state != "running")] + [.cameras[] | select(.state != "streaming")]) | length' 0; }
