# SPDX-License-Identifier: GPL-2.0-or-later
"""How old a picture is that a browser shows: the test camera draws its clock, headless Chromium plays casemate's page, the clock is read back from a canvas.

Beside the page, which plays part by part, hls.js with whole segments; both by tests/system/players/latency.mjs.
"""
import json
import os
import subprocess

import proc
from machine import find
from proc import Failed, say
from server import USER, Cameras, Server

HERE = os.path.dirname(os.path.realpath(__file__))
SCRIPT = os.path.join(HERE, "..", "tests", "system", "players", "latency.mjs")
PATIENCE_S = 240                # besides the seconds that are looked at


def seen(server, seconds, log):
    command = [find("node") or "node", SCRIPT, f"https://127.0.0.1:{server.port}/", USER, server.password, str(seconds)]
    try:
        child = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, timeout=2 * seconds + PATIENCE_S)
        return json.loads(child.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as e:
        raise Failed(f"the browser showed nothing (npm ci in tests/system?): {e}")


def measure(casemate, clip, scratch, args):
    camera = Cameras(casemate, scratch, None, 1)
    server = Server(casemate, os.path.join(scratch, "site"), camera.urls)
    server.start()
    try:
        server.wait_steady(6)
        say(f"{args.eye_seconds} s by the page, and as many by hls.js with whole segments")
        with open(os.path.join(scratch, "browser.log"), "ab") as log:
            result = seen(server, args.eye_seconds, log)
        durations = [s for _, s in server.viewer().playlist(server.names[0], "copy")[1]]
    finally:
        server.stop()
        camera.stop()
    if result["near"]["by_parts"] < 0.5:
        raise Failed(f"the page played part by part only {result['near']['by_parts']:.0%} of the time")
    return result | {"segment_s": max(durations)}
