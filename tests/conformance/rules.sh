#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The HLS checker on streams that are right and on streams that are not, under node's test runner; skipped without node.
set -euo pipefail
command -v node > /dev/null || { echo "SKIP: no node"; exit 77; }
cd "${abs_top_srcdir:-.}/tests/conformance"
out=$(node --test hls.test.mjs 2>&1) && rc=0 || rc=$?
grep -v '^ *duration_ms\|^ *---$\|^ *\.\.\.$' <<< "$out"
[ "$rc" = 0 ] || exit 1
# a run that found no test is no success
grep -Eq '^(#|ℹ) pass [1-9]' <<< "$out"
