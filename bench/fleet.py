# SPDX-License-Identifier: GPL-2.0-or-later
"""A fleet of cameras by TCP and by UDP: what one costs among few and among many, beside as many ffmpegs; and whether anything was lost."""
import os
import time

import footage
import proc
from camera_load import SETTLE_SEGMENTS, STALE_S, hls, made
from machine import find
from proc import Failed, say
from server import Cameras, Server

BITRATE_BPS = 2_000_000
PHASES = 8              # of key frames among the cameras: a fleet's do not all come at the same moment
PEER_BATCH = 10         # ffmpegs started at once
TOLERANCE = 0.98        # of the pictures that should have come, for what is under way at both ends
JOINED = 0.85           # of the segments: where the film begins anew its first group of pictures is a part, and often in one segment with the next
MEMORY_SAMPLES = 3


class Fleet:
    """Several test cameras, each of which shows the film from another place of its first group of pictures."""

    def __init__(self, casemate, folder, clips, count):
        self.parts = []
        try:
            for i, clip in enumerate(clips):
                share = count // len(clips) + (i < count % len(clips))
                if share:
                    self.parts.append(Cameras(casemate, folder, clip, share))
        except Failed:
            self.stop()
            raise
        # In turn, so that any number of them has all phases.
        self.urls = [part.urls[i] for i in range(max(len(p.urls) for p in self.parts)) for part in self.parts if i < len(part.urls)]

    def stop(self):
        for part in self.parts:
            part.stop()


# --- what is counted --------------------------------------------------------------------------

def by_role(pids, names, values):
    roles = {}
    for pid in pids:
        name = names.get(pid, "other")
        roles[name] = roles.get(name, 0) + values[pid]
    return roles


def memory(pids, names):
    """Per process: Pss without sealed memory, and what of memory not sealed nobody has mapped; apart: all sealed memory."""
    parts = proc.memory_apart(pids)
    return {"bytes": sum(parts["own"].values()) + parts["unsealed"], "by_role": by_role(pids, names, parts["own"]),
            "unsealed": parts["unsealed"], "sealed": parts["sealed"]}


def middle(samples):
    """The sample whose total is the median."""
    return sorted(samples, key=lambda m: m["bytes"])[len(samples) // 2]


def window(pids, names, seconds):
    begun, before = time.monotonic(), {pid: proc.cpu_s(pid) for pid in pids}
    samples = []
    for i in range(1, MEMORY_SAMPLES + 1):
        time.sleep(max(0, begun + seconds * i / MEMORY_SAMPLES - time.monotonic()))
        cpu, took = {pid: proc.cpu_s(pid) - before[pid] for pid in pids}, time.monotonic() - begun
        samples.append(memory(pids, names))
    return {"seconds": took, "cpu_s": cpu, "memory": middle(samples)}


def per_camera(w, cameras, names):
    percent = {pid: 100 * s / w["seconds"] / cameras for pid, s in w["cpu_s"].items()}
    m = w["memory"]
    return {"cameras": cameras, "seconds": w["seconds"], "cpu_percent": sum(percent.values()), "cpu_percent_by_role": by_role(percent, names, percent),
            "memory_bytes": m["bytes"] / cameras, "sealed_bytes": m["sealed"] / cameras, "unsealed_bytes": m["unsealed"] / cameras,
            "memory_bytes_by_role": {role: n / cameras for role, n in m["by_role"].items()}}


# --- casemate ---------------------------------------------------------------------------------

def total(status, key):
    return sum(camera[key] for camera in status["cameras"])


def losses(before, after, seconds):
    """What was lost between the two reports; and that there was enough to lose."""
    wanted = seconds - 2 * STALE_S  # what store and ingest say last may be so old at both ends
    for camera, earlier in zip(after["cameras"], before["cameras"]):
        came = camera["access_units"] - earlier["access_units"]
        copy, old = camera["renditions"][0], earlier["renditions"][0]
        if camera["state"] != "streaming":
            raise Failed(f"{camera['name']} is {camera['state']}: {camera['detail']}")
        if came < wanted * footage.FPS * TOLERANCE or copy["newest"] - old["newest"] < wanted / footage.GOP_S * JOINED - 1:
            raise Failed(f"{camera['name']} brought {came} pictures and {copy['newest'] - old['newest']} segments in {seconds:.0f} s: "
                         "this machine is too busy to be measured on")
    return {"packets": total(after, "lost") - total(before, "lost"), "pictures": total(after, "dropped") - total(before, "dropped"),
            "segments": after["archive"]["dropped"] - before["archive"]["dropped"], "gaps": after["archive"]["gaps"] - before["archive"]["gaps"],
            "reconnects": total(after, "reconnects") - total(before, "reconnects"),
            "of_packets": total(after, "packets") - total(before, "packets"), "of_pictures": total(after, "access_units") - total(before, "access_units"),
            "of_segments": after["archive"]["segments"] - before["archive"]["segments"], "seconds": seconds}


def verified(server):
    """The whole archive, after the server has ended: every entry, every file."""
    return proc.run([server.casemate, "verify", server.path("archive"), "--key", server.path("site.key.pub")], seconds=600).strip().splitlines()[-1]


def casemate_round(casemate, folder, urls, transport, seconds, check):
    server = Server(casemate, folder, urls, transport=transport, max_size="4 GB")
    server.start()
    try:
        before = server.wait_steady(SETTLE_SEGMENTS, 120)
        begun = time.monotonic()
        names = {role["pid"]: role["role"] for role in before["roles"]}
        pids = proc.family(server.child.pid)
        w = window(pids, names, seconds)
        after = server.status()
        if not after:
            raise Failed("casemate does not answer any more")
        lost = losses(before, after, time.monotonic() - begun)
        if sorted(proc.family(server.child.pid)) != sorted(pids):
            raise Failed("a role was started or ended while it was measured")
    finally:
        server.stop()
    lost["alarms"] = proc.read(server.path("server.log")).count(" alarm role=store")
    return per_camera(w, len(urls), names) | {"lost": lost, "verified": verified(server) if check else None}


# --- ffmpeg -----------------------------------------------------------------------------------

def ffmpeg_round(folder, urls, transport, seconds):
    folders = [os.path.join(folder, str(i)) for i in range(len(urls))]
    children = []
    with open(os.path.join(folder, "ffmpeg.log"), "ab") as log:
        try:
            for i, (url, f) in enumerate(zip(urls, folders)):
                os.makedirs(f)
                children.append(proc.start([find("ffmpeg"), "-nostdin", "-v", "error", "-threads", "1", "-rtsp_transport", transport, "-i", url,
                                            "-map", "0:v", "-c", "copy", *hls(f, "copy")], log))
                if i % PEER_BATCH == PEER_BATCH - 1:
                    time.sleep(0.3)
            proc.wait_for(f"segment {SETTLE_SEGMENTS} of every ffmpeg", lambda: min(made(folders, "copy")) > SETTLE_SEGMENTS, 180, children)
            before = made(folders, "copy")
            w = window([child.pid for child in children], {}, seconds)
            least = min(after - b for after, b in zip(made(folders, "copy"), before))
            if least < int(seconds / footage.GOP_S * 0.9):
                raise Failed(f"an ffmpeg made {least} segments in {seconds} s: this machine is too busy to be measured on")
        finally:
            proc.stop(children)
    return per_camera(w, len(urls), {})


# --- both -------------------------------------------------------------------------------------

def transport_case(casemate, clips, scratch, args, transport, seconds):
    many, few = args.fleet, min(args.few, args.fleet)
    peers = min(args.peers, many)
    fleet = Fleet(casemate, scratch, clips, many)
    folder = os.path.join(scratch, transport)
    try:
        say(f"{few} cameras by {transport.upper()}: casemate, {args.fleet_seconds} s")
        small = casemate_round(casemate, folder + "-few", fleet.urls[:few], transport, args.fleet_seconds, False)
        say(f"{peers} cameras by {transport.upper()}: ffmpeg, {args.fleet_seconds} s")
        os.makedirs(folder + "-ffmpeg")
        theirs = ffmpeg_round(folder + "-ffmpeg", fleet.urls[:peers], transport, args.fleet_seconds)
        say(f"{many} cameras by {transport.upper()}: casemate, {seconds} s")
        large = casemate_round(casemate, folder + "-many", fleet.urls, transport, seconds, True)
        simulator = sum(proc.rss_bytes(part.child.pid) for part in fleet.parts)
    finally:
        fleet.stop()
    keys = ("cpu_percent", "memory_bytes")
    return {"few": small, "many": large, "ffmpeg": theirs, "camera_rss_bytes": simulator,
            **{key: {"casemate": large[key], "ffmpeg": theirs[key], "ratio": large[key] / theirs[key]} for key in keys},
            "many_to_few": {"many": large["cpu_percent"], "few": small["cpu_percent"], "ratio": large["cpu_percent"] / small["cpu_percent"]}}


def measure(casemate, clip, scratch, args):
    if proc.memory_method() != "pss":
        raise Failed("fleet counts memory role by role, which only root may see")
    clips = footage.make_phases(args.out, BITRATE_BPS, PHASES)
    proc.touch_memory(args.touch_gb)
    result = {"bitrate_bps": BITRATE_BPS, "phases": PHASES}
    for transport, seconds in (("tcp", args.soak_seconds), ("udp", args.fleet_udp_seconds)):
        if transport in args.transports:
            result[transport] = transport_case(casemate, clips, scratch, args, transport, seconds)
    return result
