#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every page in doc/ is clean for mandoc.
set -euo pipefail
command -v mandoc > /dev/null || { echo "pages: mandoc is not installed: skipped"; exit 77; }
cd "$abs_top_srcdir/doc"
pages=(*.[1-8])
[ -e "${pages[0]}" ] || { echo "pages: none found in doc/"; exit 1; }
for p in "${pages[@]}"; do
    mandoc -Tlint -Wwarning "$p"
done
echo "pages: ${#pages[@]} are clean"
