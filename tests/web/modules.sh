#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The page's modules under node's test runner; skipped without node.
set -euo pipefail
command -v node > /dev/null || { echo "SKIP: no node"; exit 77; }
cd "${abs_top_srcdir:-.}/tests/web"
out=$(node --test verify.test.mjs entry.test.mjs watch.test.mjs liveparts.test.mjs livepace.test.mjs keyring.test.mjs playable.test.mjs posters.test.mjs export.test.mjs sha256.test.mjs tree.test.mjs keychain.test.mjs policy.test.mjs sitekeys.test.mjs site.test.mjs files.test.mjs wall.test.mjs plot.test.mjs panels.test.mjs spans.test.mjs preload.test.mjs 2>&1) && rc=0 || rc=$?
echo "$out" | grep -v '^ *duration_ms\|^ *---$\|^ *\.\.\.$'
[ $rc = 0 ] || exit 1
# a run that found no test is no success
grep -Eq '^(#|ℹ) pass [1-9]' <<< "$out"
