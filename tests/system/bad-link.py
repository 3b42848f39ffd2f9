#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: bad-link.py PID COUNTS LOSS REORDER [SEED]
A line between this network namespace and that of process PID which loses, delays and reorders packets, for kernels without tc netem:
a device "bad0" in each, and this program between them. Of the packets that come from PID's side by UDP, the share LOSS is lost and
REORDER comes 15 ms later than it should, behind others; the rest takes 10 to 13 ms, in order. TCP and the way back lose as much.
Prints "ready" when the devices are there, to be configured by who started it. At SIGTERM it writes what it did to the RTP packets
(UDP to an even port) from PID's side to COUNTS: "passed N lost N reordered N"."""
import ctypes
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
PACKET_MAX = 65536
LATE_S = 0.015


def tun():
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", b"bad0", IFF_TUN | IFF_NO_PI))
    return fd


def enter(namespace):
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def is_rtp(packet):
    """IPv4 (RFC 791), UDP, an even port."""
    head = (packet[0] & 15) * 4
    return packet[0] >> 4 == 4 and packet[9] == 17 and not packet[head + 3] & 1


def main():
    pid, counts_file, loss, reorder = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    dice = random.Random(sys.argv[5] if len(sys.argv) > 5 else "bad-link")
    here = tun()
    there_namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    enter(there_namespace)
    there = tun()
    print("ready", flush=True)

    counts = {"passed": 0, "lost": 0, "reordered": 0}
    going = True

    def stop(*_):
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    other = {here: there, there: here}
    last = {here: 0.0, there: 0.0}
    waiting = []
    number = 0

    while going:
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 0.2
        readable, _, _ = select.select([here, there], [], [], min(timeout, 0.2))
        now = time.monotonic()
        for fd in readable:
            packet = os.read(fd, PACKET_MAX)
            counted = fd == there and is_rtp(packet)
            fate = dice.random()
            if fate < loss:
                counts["lost"] += counted
                continue
            due = last[fd] = max(last[fd], now + 0.010 + dice.random() * 0.003)
            if counted and fate < loss + reorder:
                due += LATE_S
                counts["reordered"] += 1
            counts["passed"] += counted
            heapq.heappush(waiting, (due, number, other[fd], packet))
            number += 1
        while waiting and waiting[0][0] <= now:
            _, _, fd, packet = heapq.heappop(waiting)
            try:
                os.write(fd, packet)
            except OSError:
                pass

    with open(counts_file, "w", encoding="ascii") as f:
        f.write(" ".join(f"{name} {n}" for name, n in counts.items()) + "\n")


main()
