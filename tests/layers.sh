#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# LAYERS holds in the tree, and the checker sees a forbidden include when there is one.
set -euo pipefail
"$abs_top_srcdir/tests/check-layers" "$abs_top_srcdir"
trap 'rm -rf "$tmp"' EXIT
tmp=$(mktemp -d)
cp "$abs_top_srcdir/LAYERS" "$tmp"
for room in base media conf net codec seal store web camera server; do mkdir "$tmp/$room"; done
printf '#include "net/rtsp.h"\n' > "$tmp/media/bad.c"
if "$abs_top_srcdir/tests/check-layers" "$tmp" > "$tmp/out"; then
    echo "check-layers let media use net"; exit 1
fi
grep -q 'media/bad.c:1: room media may not use room net' "$tmp/out"
printf '#include <libavformat/avformat.h>\n' > "$tmp/media/bad.c"
if "$abs_top_srcdir/tests/check-layers" "$tmp" > /dev/null; then
    echo "check-layers let media use libavformat"; exit 1
fi
