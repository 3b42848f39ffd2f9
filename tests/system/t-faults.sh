#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One call after another fails in every role of a running server and in the parent (tests/faults/torture): each role bears it or ends with words
# and is restarted, cameras, log and viewers go on, no descriptor is left, and the archive verifies. A choice of what was found to be
# of use; by itself tests/faults/torture does each place that calls come from.
# takes: 30 s
source "$(dirname "$0")/lib.sh"
wants ffmpeg curl python3

# ROLE, from the next START or from now on, which call, its kind, what it answers
cat > "$work/shots" <<'END'
sign run 2 alloc ENOMEM
store run 4 sync EIO
ingest run 1 alloc ENOMEM
transcode run 1 alloc ENOMEM
serve run 1 map ENOMEM
casemate run 1 control ENOMEM
store run 3 name ENOSPC
serve run 2 accept EMFILE
sign run 1 write ENOSPC
store run 2 write short
ingest run 3 receive short
casemate run 3 wait EINTR
store run 167 alloc ENOMEM
sign start 5 alloc ENOMEM
store run 9 open EMFILE
serve run 4 write short
sign start 3 receive ENOMEM
casemate start 7 thread EAGAIN
store run 1 make EMFILE
sign start 3 write ENOSPC
serve start 1 control ENOMEM
store run 2 write ENOSPC
store run 1 control EBUSY
transcode start 2 map ENOMEM
ingest start 13 alloc ENOMEM
store start 5 open EIO
serve run 3 read EINTR
ingest run 1 send ENOBUFS
transcode run 4 read EINTR
sign run 1 sync EIO
store run 2 read short
casemate run 2 receive ENOMEM
store start 4 make EMFILE
casemate start 1 socket EMFILE
END
TMPDIR=$work timeout 170 "$here/../faults/torture" --build "$build" --list "$work/shots" --seconds 120 > "$work/torture.out" 2>&1 || not_ok "$(grep 'not ok' "$work/torture.out" || tail -n 5 "$work/torture.out")"
grep '^#' "$work/torture.out"
borne=$(sed -n 's/^# \([0-9]*\) failures borne.*/\1/p' "$work/torture.out")
check "calls failed in every role, and each was borne: $borne" [ "${borne:-0}" -ge 20 ]
finish
