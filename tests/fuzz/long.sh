#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/fuzz/long.sh RUNS [TARGET...]
# Each fuzz target (or those named) by libFuzzer under the address and undefined-behaviour sanitizers, for RUNS runs, one after the other,
# from its corpus. Built in a folder of its own, which goes at the end. Prints a line for each target; what broke one is left in
# ./fuzz-NAME-*. Not part of ./bootstrap check, which replays the corpora and mutations of them.
set -euo pipefail
[[ ${1-} =~ ^[1-9][0-9]*$ ]] || { sed -n '3,6s/^# //p' "$0" >&2; exit 2; }
runs=$1
shift
top=$(readlink -f "$(dirname "$0")/../..")
here=$PWD
work=$(mktemp -d "${TMPDIR:-/tmp}/casemate-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
"$top/configure" -q CC=clang --enable-fuzz --enable-sanitizers > configure.out 2>&1 || { tail -5 configure.out; exit 1; }
targets=("$@")
[ $# != 0 ] || mapfile -t targets < <(sed -n 's/^fuzz_targets += //p' "$top/tests/fuzz/module.am" | tr ' ' '\n')
make -j"$(nproc)" "${targets[@]/#/tests/fuzz/fuzz_}" > make.out 2>&1 || { tail -20 make.out; exit 1; }
bad=0
for t in "${targets[@]}"; do
    mkdir "new-$t"
    began=$SECONDS
    if "tests/fuzz/fuzz_$t" -runs="$runs" -rss_limit_mb=4096 -timeout=20 -verbosity=1 -artifact_prefix="$here/fuzz-$t-" "new-$t" "$top/tests/fuzz/corpus/$t" > "$t.out" 2>&1; then
        printf '%-20s %s runs, %s s, clean\n' "$t" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$t.out")" $((SECONDS - began))
    else
        printf '%-20s BROKE: %s\n' "$t" "$(grep -m1 -E 'ERROR|runtime error|SUMMARY|ALARM' "$t.out")"
        bad=1
    fi
done
exit $bad
