# SPDX-License-Identifier: GPL-2.0-or-later
"""From the start of `casemate run` to the first segment in a viewer's hands, by HTTPS, with the password checked."""
import os
import threading
import time

import proc
from camera_load import ffmpeg_command, listed, median
from footage import GOP_S
from machine import find
from proc import Failed, say
from server import SMALL, Cameras, Server

LIMIT_S = 20


def fetch(server, rendition, begun, ret):
    """A viewer who knocks from the first moment on, and reads list, init segment and first segment."""
    try:
        viewer = server.viewer()
        viewer.connect(begun + LIMIT_S)
        ret["connected_s"] = time.monotonic() - begun
        init, segments = viewer.playlist(server.names[0], rendition)
        ret["listed_s"] = time.monotonic() - begun
        base = f"/live/{server.names[0]}/{rendition}/"
        body = viewer.get(base + init) + viewer.get(base + segments[0][0])
        ret["fetched_s"] = time.monotonic() - begun
        ret["bytes"] = len(body)
        viewer.close()
    except (Failed, OSError) as e:
        ret["error"] = f"{type(e).__name__}: {e}"


def one_start(casemate, folder, urls):
    """A new site each time: nothing in its archive, no session, no password remembered."""
    server = Server(casemate, folder, urls, encode=True, serve=1)
    got = {name: {} for name in ("copy", SMALL["name"])}
    begun = server.start()
    try:
        viewers = [threading.Thread(target=fetch, args=(server, name, begun, ret), daemon=True) for name, ret in got.items()]
        for v in viewers:
            v.start()
        for v in viewers:
            v.join(LIMIT_S + 20)
    finally:
        server.stop()
    for name, ret in got.items():
        if "fetched_s" not in ret:
            raise Failed(f"no first picture of {name}: {ret.get('error', 'no answer')}")
    return got


def ffmpeg_start(folder, url):
    """Seconds until an ffmpeg has listed its first segment."""
    os.makedirs(folder)
    with open(os.path.join(folder, "ffmpeg.log"), "ab") as log:
        begun = time.monotonic()
        child = proc.start(ffmpeg_command(url, folder, encode=False), log)
    try:
        proc.wait_for("ffmpeg's first segment", lambda: listed(folder, "copy"), LIMIT_S, [child])
        return time.monotonic() - begun
    finally:
        proc.stop([child])


def wait_for_phase(part):
    """Starts spread evenly over the time between two key frames: chance would have some runs lucky."""
    time.sleep((part * GOP_S - time.monotonic()) % GOP_S)


def summary(times):
    return {"median_s": median(times), "least_s": min(times), "most_s": max(times)}


def starts(casemate, url, scratch, name, count, beside):
    samples, peer = [], []
    for i in range(count):
        say(f"start {i + 1} of {count} with {name}")
        folder = os.path.join(scratch, f"start-{name.replace(' ', '-')}-{i}")
        wait_for_phase(i / count)
        samples.append(one_start(casemate, folder, [url]))
        if beside:
            wait_for_phase(i / count)
            peer.append(ffmpeg_start(folder + "-ffmpeg", url))
    result = {"renditions": {r: summary([s[r]["fetched_s"] for s in samples]) for r in samples[0]}, "samples": samples}
    return result | ({"ffmpeg": summary(peer) | {"samples_s": peer}} if beside else {})


def measure(casemate, clip, scratch, args):
    scene = Cameras(casemate, scratch, None, 1)
    try:
        result = {"scene": starts(casemate, scene.urls[0], scratch, "the built-in scene", args.starts, beside=False)}
    finally:
        scene.stop()
    # A camera that somebody else watches already is somewhere between two key frames.
    film = Cameras(casemate, scratch, clip, 1)
    with open(os.path.join(scratch, "other.log"), "ab") as log:
        other = proc.start([find("ffmpeg"), "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", film.urls[0], "-c", "copy", "-f", "null", "-"], log)
    try:
        result["film"] = starts(casemate, film.urls[0], scratch, "a camera in mid-stream", args.starts, beside=True)
    finally:
        proc.stop([other])
        film.stop()
    return result
