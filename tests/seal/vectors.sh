#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The table of RFC 6962 proofs is what its generator, which shares no code with seal/, says it is.
here=$(dirname "$0")/vectors
command -v python3 > /dev/null || { echo "skip: python3 is not installed"; exit 77; }
python3 "$here/rfc6962.py" | diff - "$here/rfc6962.txt" || { echo "not ok: rfc6962.txt is not what rfc6962.py makes"; exit 1; }
echo "ok rfc6962.txt"
