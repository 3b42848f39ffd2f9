#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every fuzz target over its corpus with one allocation after another failing: no crash, and nothing is lost.
set -uo pipefail
[ -n "$fuzz_targets" ] || { echo "no fuzz target is named in tests/fuzz/module.am"; exit 1; }
bad=0
# memory.c counts itself: a run that its target gave up by abort() is left in the middle
export ASAN_OPTIONS=detect_leaks=0
for t in $fuzz_targets; do
    timeout 120 "$abs_top_builddir/tests/fuzz/fuzz_$t" "$abs_top_srcdir/tests/fuzz/corpus/$t" memory || { echo "fuzz_$t: exit $?"; bad=1; }
done
exit $bad
