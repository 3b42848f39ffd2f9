#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: slices.py SOURCE.h264 SEGMENT.m4s...
Are the slices of these segments (in number order) byte for byte one unbroken run of the source's slices?
SOURCE is an Annex B stream (ISO/IEC 14496-10 Annex B); in a segment each sample is NAL units behind
four-byte lengths (ISO/IEC 14496-15). Slices are NAL units of types 1 to 5.
Prints the run, or the first difference and exits 1."""
import re
import sys


def is_slice(nal):
    return bool(nal) and 1 <= nal[0] & 0x1F <= 5


def annex_b_slices(data):
    # A NAL unit never ends in a zero byte: zeros before a start code belong to the stream.
    starts = [m.end() for m in re.finditer(b"\0\0\1", data)]
    ends = [s - 3 for s in starts[1:]] + [len(data)]
    nals = (data[s:e].rstrip(b"\0") for s, e in zip(starts, ends))
    return [n for n in nals if is_slice(n)]


def media_data(data, path):
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        if size < 8 or at + size > len(data):
            sys.exit(f"{path}: a box at {at} has {size} bytes")
        if data[at + 4:at + 8] == b"mdat":
            yield data[at + 8:at + size]
        at += size


def segment_slices(path):
    with open(path, "rb") as f:
        data = f.read()
    found = []
    for mdat in media_data(data, path):
        at = 0
        while at < len(mdat):
            size = int.from_bytes(mdat[at:at + 4], "big")
            if size == 0 or at + 4 + size > len(mdat):
                sys.exit(f"{path}: a NAL unit at {at} of mdat has {size} bytes")
            found.append(mdat[at + 4:at + 4 + size])
            at += 4 + size
    return [n for n in found if is_slice(n)]


def run_length(source, at, served):
    n = 0
    while n < len(served) and at + n < len(source) and source[at + n] == served[n]:
        n += 1
    return n


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as f:
        source = annex_b_slices(f.read())
    served, owner = [], []
    for path in sys.argv[2:]:
        slices = segment_slices(path)
        served += slices
        owner += [path] * len(slices)
    if not served:
        sys.exit("no slice in these segments")
    best = max(((run_length(source, at, served), -at) for at, s in enumerate(source) if s == served[0]), default=(0, 0))
    if best[0] != len(served):
        sys.exit(f"slice {best[0]} of {len(served)}, in {owner[best[0]]}, is not the source's (run from its slice {-best[1]} of {len(source)})")
    print(f"{len(served)} slices, {sum(map(len, served))} bytes, from slice {-best[1]} of the source's {len(source)}")


main()
