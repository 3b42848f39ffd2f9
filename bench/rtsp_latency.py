# SPDX-License-Identifier: GPL-2.0-or-later
"""How old a picture is when a client by RTSP has decoded it: the test camera draws its clock, ffmpeg decodes, the clock is read back.

Beside the server's, the same client at the camera itself: what camera, decoder and this reader take is in both.
"""
import os
import subprocess
import time

import proc
from machine import find
from proc import Failed, say
from server import Cameras, Server

WIDTH, HEIGHT = 1280, 720      # of the built-in scene
UNIT = WIDTH // 40             # camera/scene.h: a square of the code for machines
SKIP = 75                      # pictures of the beginning: those since the key frame come at once, and are old


def clock_ms(picture):
    """The milliseconds that are drawn in a luma plane, modulo 2^24; None when it cannot be read."""
    row = int(2.5 * UNIT) * WIDTH
    bits = [picture[row + int((1.5 + i) * UNIT)] > 128 for i in range(32)]
    value = sum(bit << (27 - i) for i, bit in enumerate(bits) if 4 <= i < 28)
    check = 0xF
    for shift in range(0, 24, 4):
        check ^= value >> shift & 0xF
    return value if bits[:4] == [False, True, False, True] and check == sum(bit << (31 - i) for i, bit in enumerate(bits) if i >= 28) else None


def age_ms(drawn, now):
    return (int(now * 1000) - drawn + (1 << 23)) % (1 << 24) - (1 << 23)


def ages(url, count, log):
    """Of so many pictures, in ms, behind those of the beginning; and the seconds to the first."""
    command = [find("ffmpeg"), "-nostdin", "-v", "error", "-fflags", "nobuffer", "-flags", "low_delay", "-probesize", "32", "-analyzeduration", "0",
               "-rtsp_transport", "tcp", "-i", url, "-an", "-vf", "format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    begun, seen, first = time.monotonic(), [], None
    child = proc.start(command, log, stdout=subprocess.PIPE)
    try:
        while len(seen) < SKIP + count:
            picture = child.stdout.read(WIDTH * HEIGHT)
            now = time.time()
            if len(picture) < WIDTH * HEIGHT:
                raise Failed(f"ffmpeg ended after {len(seen)} pictures")
            first = first or time.monotonic() - begun
            drawn = clock_ms(picture)
            if drawn is not None:
                seen.append(age_ms(drawn, now))
    finally:
        child.stdout.close()
        proc.stop([child])
    return seen[SKIP:], first


def summary(samples, first):
    in_order = sorted(samples)
    return {"median_ms": in_order[len(in_order) // 2], "p99_ms": in_order[len(in_order) * 99 // 100], "most_ms": in_order[-1], "least_ms": in_order[0],
            "pictures": len(samples), "first_s": first, "samples_ms": samples}


def measure(casemate, clip, scratch, args):
    camera = Cameras(casemate, scratch, None, 1)
    server = Server(casemate, os.path.join(scratch, "site"), camera.urls, rtsps=True)
    server.start()
    result = {}
    try:
        server.wait_steady(2)
        with open(os.path.join(scratch, "ffmpeg.log"), "ab") as log:
            for name, url in (("camera", camera.urls[0]), ("rtsps", server.rtsp_url(server.names[0]))):
                say(f"{args.pictures} pictures by {name}")
                result[name] = summary(*ages(url, args.pictures, log))
    finally:
        server.stop()
        camera.stop()
    return result
