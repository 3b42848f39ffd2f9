#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# verify.html's engine and the page's on the table of mutations, under node; skipped without node.
set -euo pipefail
command -v node > /dev/null || { echo "SKIP: no node"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${abs_top_builddir:-.}/tests/evidence/mutate" "$work"
node "${abs_top_srcdir:-.}/tests/evidence/agree.mjs" "$work"
