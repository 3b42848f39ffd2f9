#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every fuzz target over its corpus and fixed mutations of it.
set -euo pipefail
[ -n "$fuzz_targets" ] || { echo "no fuzz target is named in tests/fuzz/module.am"; exit 1; }
for t in $fuzz_targets; do
    n=2000
    [ "$t" != transcode ] || n=100  # each of its inputs opens encoders: 3 ms
    timeout 120 "$abs_top_builddir/tests/fuzz/fuzz_$t" "$abs_top_srcdir/tests/fuzz/corpus/$t" "${FUZZ_MUTATIONS:-$n}"
done
