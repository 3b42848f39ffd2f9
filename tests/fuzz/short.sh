#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: tests/fuzz/short.sh BUILD-FOLDER [SECONDS [SEED]]
# Every fuzz target of a build folder (one with sanitizers is best), SECONDS (default 40) shared among them: mutations of its corpus beyond
# those of make check. The same in each run, so that a run tells of a change and not of the day; another SEED gives others. The first
# thousand of each file can be made again: fuzz_X CORPUS-FOLDER 1000 SEED.
set -uo pipefail
[ $# -ge 1 ] && [ -e "$1/Makefile" ] || { sed -n '3,6s/^# //p' "$0" >&2; exit 2; }
top=$(readlink -f "$(dirname "$0")/../..")
build=$1 seconds=${2:-40} seed=${3:-1} bad=0 inputs=0
mapfile -t targets < <(sed -n 's/^fuzz_targets += //p' "$top/tests/fuzz/module.am" | tr ' ' '\n')
for t in "${targets[@]}"; do
    if out=$(timeout 60 "$build/tests/fuzz/fuzz_$t" "$top/tests/fuzz/corpus/$t" 1000 "$seed" $((seconds * 1000 / ${#targets[@]})) 2>&1); then
        inputs=$((inputs + $(grep -o '[0-9]* inputs' <<< "$out" | cut -d ' ' -f 1)))
    else
        bad=1
        printf '%s broke, seed %s: %s\n' "$t" "$seed" "$(tail -c 2000 <<< "$out")"
    fi
done
echo "| fuzz: ${#targets[@]} targets, $inputs inputs, seed $seed"
exit $bad
