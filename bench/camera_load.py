# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU and memory per camera: casemate, then one ffmpeg a camera that does the same work, taking turns."""
import glob
import os
import re
import time

import footage
import proc
from machine import find
from proc import Failed, say
from server import SMALL, Cameras, Server

SETTLE_SEGMENTS = 6     # of every camera, before anything is counted: windows are full, buffers have their size
MEMORY_SAMPLES = 3
CRF = 24                # what casemate's encoder is set to
TOLERANCE = 0.9         # of the pictures that should have come in a window
STALE_S = 2             # how old may be what casemate status says of a camera


def median(values):
    values = sorted(values)
    n = len(values)
    return (values[(n - 1) // 2] + values[n // 2]) / 2


def roles_cpu(pids):
    return {pid: proc.cpu_s(pid) for pid in pids}


def window(find_pids, seconds):
    """CPU seconds per process over the window, and memory as it was at several moments of it."""
    pids = find_pids()
    begun, before = time.monotonic(), roles_cpu(pids)
    memory = []
    for i in range(1, MEMORY_SAMPLES + 1):
        time.sleep(max(0, begun + seconds * i / MEMORY_SAMPLES - time.monotonic()))
        after, took = roles_cpu(pids), time.monotonic() - begun
        memory.append(proc.memory_bytes(pids))
    if sorted(find_pids()) != sorted(pids):
        raise Failed("a process was started or ended while it was measured")
    return {"seconds": took, "cpu_s": {pid: after[pid] - before[pid] for pid in pids},
            "memory": {key: median([m[key] for m in memory]) for key in memory[0]}}


def per_camera(w, cameras, **more):
    total = w["memory"]["pss"] + w["memory"]["unseen"] if proc.memory_method() == "pss" else w["memory"]["rss"]
    return {"cpu_percent": 100 * sum(w["cpu_s"].values()) / w["seconds"] / cameras, "memory_bytes": total / cameras,
            "seconds": w["seconds"], "memory": w["memory"], **more}


# --- casemate ---------------------------------------------------------------------------------

def pictures(status):
    return sum(camera["access_units"] for camera in status["cameras"])


def check_work(before, after, seconds):
    """A figure for work that was not done is none."""
    wanted = footage.FPS * (seconds - STALE_S) * len(after["cameras"]) * TOLERANCE
    came = pictures(after) - pictures(before)
    if came < wanted:
        raise Failed(f"casemate took {came} pictures where at least {wanted:.0f} had to come: this machine is too busy to be measured on")
    for camera in after["cameras"]:
        if camera["lost"] or camera["dropped"] or camera["state"] != "streaming":
            raise Failed(f"{camera['name']} is {camera['state']}, lost {camera['lost']} packets, dropped {camera['dropped']}")


def small_rate(server):
    viewer = server.viewer()
    try:
        return median([viewer.bit_rate(name, SMALL["name"]) for name in server.names])
    finally:
        viewer.close()


def casemate_round(casemate, folder, urls, encode, seconds):
    server = Server(casemate, folder, urls, encode)
    server.start()
    try:
        before = server.wait_steady(SETTLE_SEGMENTS)
        w = window(lambda: proc.family(server.child.pid), seconds)
        after = server.status()
        if not after:
            raise Failed("casemate does not answer any more")
        check_work(before, after, seconds)
        rate = small_rate(server) if encode else None
    finally:
        server.stop()
    names = {role["pid"]: role["role"] for role in after["roles"]}
    roles = {}
    for pid, cpu in w["cpu_s"].items():
        roles[names.get(pid, "other")] = roles.get(names.get(pid, "other"), 0) + 100 * cpu / w["seconds"] / len(urls)
    return per_camera(w, len(urls), cpu_percent_by_role=roles, small_bps=rate)


# --- ffmpeg -----------------------------------------------------------------------------------

def hls(folder, name):
    os.makedirs(os.path.join(folder, name))
    return ["-f", "hls", "-hls_time", "2", "-hls_list_size", "10", "-hls_segment_type", "fmp4",
            "-hls_segment_filename", os.path.join(folder, name, "%d.m4s"), os.path.join(folder, name, "index.m3u8")]


def ffmpeg_command(url, folder, encode):
    """One thread each, as casemate's transcoder has; the cap, the quality and the cuts are its own."""
    command = [find("ffmpeg"), "-nostdin", "-v", "error", "-threads", "1", "-rtsp_transport", "tcp", "-i", url, "-map", "0:v", "-c", "copy", *hls(folder, "copy")]
    if not encode:
        return command
    rate = str(SMALL["bitrate_bps"])
    return command[:2] + ["-filter_threads", "1"] + command[2:] + [
        "-map", "0:v", "-vf", f"scale={SMALL['width']}:{SMALL['height']}:flags=bicubic+accurate_rnd", "-c:v", "libx264", "-preset", "veryfast",
        "-tune", "zerolatency", "-threads", "1", "-crf", str(CRF), "-maxrate", rate, "-bufsize", rate, "-g", "9999", "-sc_threshold", "0",
        "-force_key_frames", f"expr:gte(t,n_forced*{footage.GOP_S})", *hls(folder, SMALL["name"])]


def listed(folder, name):
    """(file, seconds) of each segment that ffmpeg lists."""
    path = os.path.join(folder, name, "index.m3u8")
    text = proc.read(path) if os.path.exists(path) else ""
    return [(os.path.join(folder, name, os.path.basename(file)), float(s)) for s, file in re.findall(r"#EXTINF:([0-9.]+),\n(.+)", text)]


def made(folders, name):
    return [len(glob.glob(os.path.join(folder, name, "*.m4s"))) for folder in folders]


def bit_rate(folders, name):
    segments = [s for folder in folders for s in listed(folder, name)[1:]]
    return sum(os.path.getsize(path) for path, _ in segments) * 8 / sum(s for _, s in segments)


def ffmpeg_round(folder, urls, encode, seconds):
    folders = [os.path.join(folder, str(i)) for i in range(len(urls))]
    renditions = ["copy"] + ([SMALL["name"]] if encode else [])
    for f in folders:
        os.makedirs(f)
    with open(os.path.join(folder, "ffmpeg.log"), "ab") as log:
        children = [proc.start(ffmpeg_command(url, f, encode), log) for url, f in zip(urls, folders)]
    try:
        proc.wait_for(f"segment {SETTLE_SEGMENTS} of every ffmpeg", lambda: all(min(made(folders, r)) > SETTLE_SEGMENTS for r in renditions), 60, children)
        before = made(folders, renditions[-1])
        w = window(lambda: [child.pid for child in children], seconds)
        came = [after - b for after, b in zip(made(folders, renditions[-1]), before)]
        if min(came) < int(seconds / footage.GOP_S * TOLERANCE):
            raise Failed(f"an ffmpeg made {min(came)} segments in {seconds} s: this machine is too busy to be measured on")
        rate = bit_rate(folders, SMALL["name"]) if encode else None
    finally:
        proc.stop(children)
    return per_camera(w, len(urls), small_bps=rate)


# --- both -------------------------------------------------------------------------------------

def ratio(rounds, key):
    """Of each round's pair: what else the machine did then weighs on both."""
    return median([r["casemate"][key] / r["ffmpeg"][key] for r in rounds])


def case(casemate, clip, scratch, args, count, encode):
    name = "encode" if encode else "copy"
    rounds = []
    cameras = Cameras(casemate, scratch, clip, count)
    try:
        for i in range(args.rounds):
            folder = os.path.join(scratch, f"{name}-{i}")
            say(f"{count} cameras, copy{' and ' + SMALL['name'] if encode else ''}, round {i + 1} of {args.rounds}: casemate")
            mine = casemate_round(casemate, folder + "-casemate", cameras.urls, encode, args.seconds)
            os.makedirs(folder + "-ffmpeg")
            say(f"{count} cameras, copy{' and ' + SMALL['name'] if encode else ''}, round {i + 1} of {args.rounds}: ffmpeg")
            rounds.append({"casemate": mine, "ffmpeg": ffmpeg_round(folder + "-ffmpeg", cameras.urls, encode, args.seconds)})
    finally:
        cameras.stop()
    summary = {key: {who: median([r[who][key] for r in rounds]) for who in ("casemate", "ffmpeg")} | {"ratio": ratio(rounds, key)}
               for key in ("cpu_percent", "memory_bytes")}
    if encode:
        summary["small_bps"] = {who: median([r[who]["small_bps"] for r in rounds]) for who in ("casemate", "ffmpeg")} | {"ratio": ratio(rounds, "small_bps")}
    return {"cameras": count, **summary, "rounds": rounds}


def measure(casemate, clip, scratch, args):
    return {"memory_method": proc.memory_method(), "copy": case(casemate, clip, scratch, args, args.copies, False), "encode": case(casemate, clip, scratch, args, args.encodes, True)}
