#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: memory.py PID NEEDLE-FILE: searches the whole memory of a process for each line (NAME HEX) of the file.

Prints `NAME locked|unlocked COUNT` for what is found, by whether the mapping is locked into memory, and last
`searched BYTES`. Wants root. A mapping that goes away meanwhile, or that cannot be read (guard pages), is left out.
"""
import re
import sys

CHUNK = 1 << 20


def mappings(pid):
    """(first, last, flags) of each readable mapping that is the process's own: what is mapped of files is on disk anyway."""
    found = []
    with open(f'/proc/{pid}/smaps') as smaps:
        for line in smaps:
            head = re.match(r'([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ \S+ *(.*)', line)
            if head:
                span = [int(head[1], 16), int(head[2], 16), head[3], head[4]]
            elif line.startswith('VmFlags:') and span[2][0] == 'r' and not span[3].startswith('[v'):
                found.append((span[0], span[1], line.split()[1:]))
    return found


def main(pid, file):
    with open(file) as lines:
        needles = [(name, bytes.fromhex(digits)) for name, digits in (line.split() for line in lines)]
    overlap = max(len(needle) for _, needle in needles) - 1
    counts, searched = {}, 0
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as memory:
        for first, last, flags in mappings(pid):
            where = 'locked' if 'lo' in flags else 'unlocked'
            tail = b''
            for at in range(first, last, CHUNK):
                try:
                    memory.seek(at)
                    part = memory.read(min(CHUNK, last - at))
                except OSError:
                    tail = b''
                    continue
                searched += len(part)
                text = tail + part
                for name, needle in needles:
                    n = text.count(needle) - tail.count(needle)
                    if n > 0:
                        counts[name, where] = counts.get((name, where), 0) + n
                tail = text[-overlap:]
    for (name, where), n in sorted(counts.items()):
        print(name, where, n)
    print('searched', searched)


main(int(sys.argv[1]), sys.argv[2])
