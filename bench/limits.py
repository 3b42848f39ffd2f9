# SPDX-License-Identifier: GPL-2.0-or-later
"""How much one machine carries: cameras that are copied, with one and with three renditions, and viewers of one; raised until it does not."""
import json
import os
import shutil
import time

import footage
import proc
from camera_load import SETTLE_SEGMENTS, STALE_S
from fleet import PHASES, Fleet, total
from proc import Failed, say
from server import SMALL, Cameras, Server
from tls_load import build, viewers

LADDER = [{"name": "720p", "width": 1280, "height": 720, "bitrate_bps": 1_800_000}, {"name": "540p", "width": 960, "height": 540, "bitrate_bps": 1_000_000}, SMALL]
CASES = {"copy": ([], 8), "one": ([SMALL], 1), "three": (LADDER, 1)}  # what is encoded, and with how many cameras it begins
GROWTH = 1.25           # from one try to the next, once the first guess is reached
FULL = 0.95             # of the processors' time: nothing is left for more
TOLERANCE = 0.95        # of the pictures that should have come
CAMERAS_MOST = 250      # of one test camera
LATE_MOST = 0.001       # of the parts that viewers waited for
VIEWERS_FIRST, VIEWERS_MOST = 100, 20_000


def machine_cpu():
    """Seconds that all processors worked, and that they could have, since the machine began (proc(5), stat)."""
    fields = [int(n) for n in proc.read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / proc.TICKS, sum(fields) / proc.TICKS


def worker_loss(status):
    """Pictures that encoders did not get to."""
    return sum(camera.get("transcode", {}).get(key, 0) for camera in status["cameras"] for key in ("behind", "skipped"))


def not_carried(before, after, seconds, renditions):
    """Why this was too much, or None."""
    wanted = (seconds - 2 * STALE_S) * footage.FPS * TOLERANCE  # what ingest says last may be so old at both ends
    for camera, earlier in zip(after["cameras"], before["cameras"]):
        if camera["state"] != "streaming":
            return f"{camera['name']} is {camera['state']}: {camera['why']}"
        if camera["access_units"] - earlier["access_units"] < wanted:
            return f"{camera['name']} brought {camera['access_units'] - earlier['access_units']} pictures in {seconds:.0f} s"
        if renditions and camera.get("transcode", {}).get("step", 0):
            return f"{camera['name']}: its encoder has to do less (step {camera['transcode']['step']})"
    lost = {"packets": total(after, "lost") - total(before, "lost"), "pictures": total(after, "dropped") - total(before, "dropped"),
            "segments": after["archive"]["dropped"] - before["archive"]["dropped"], "gaps": after["archive"]["gaps"] - before["archive"]["gaps"],
            "encoded pictures": worker_loss(after) - worker_loss(before)}
    return ", ".join(f"{n} {what} lost" for what, n in lost.items() if n) or None


def trial(casemate, clips, folder, renditions, count, seconds):
    """One try: what it cost, and why it was too much, if it was."""
    cameras = Fleet(casemate, os.path.dirname(folder), clips, count)
    server = None
    try:
        server = Server(casemate, folder, cameras.urls, encode=renditions, max_size="8 GB")
        try:
            server.start()
            before = server.wait_steady(SETTLE_SEGMENTS, 90)
        except Failed as e:
            return {"cameras": count, "carried": False, "why": str(e)}
        pids = proc.family(server.child.pid)
        begun, (busy, could) = time.monotonic(), machine_cpu()
        try:
            cpu = {pid: proc.cpu_s(pid) for pid in pids}
            time.sleep(seconds)
            used = sum(proc.cpu_s(pid) - s for pid, s in cpu.items())
        except Failed:
            return {"cameras": count, "carried": False, "why": "a role ended"}
        took, (busy_now, could_now) = time.monotonic() - begun, machine_cpu()
        after = server.status()
        why = not_carried(before, after, took, renditions) if after else "casemate does not answer any more"
        share = (busy_now - busy) / (could_now - could)
        if not why and share > FULL:
            why = f"the processors are full ({100 * share:.0f} %)"
        return {"cameras": count, "carried": not why, "why": why, "cores_per_camera": used / took / count, "machine_percent": 100 * share}
    finally:
        if server and server.child:
            server.stop()
        cameras.stop()
        shutil.rmtree(os.path.join(folder, "archive"), ignore_errors=True)  # a later try is not to find the disk full


def raise_until(attempt, first, most):
    """Grows as long as it is carried, then halves the way back: the tries, in their order. attempt(n) gives a dict with "carried"."""
    tries, good, bad, n = [], 0, None, first
    while True:
        tries.append(attempt(n))
        if tries[-1]["carried"]:
            good = n
        else:
            bad = n
        if bad is None:
            if n >= most:
                return tries
            n = min(most, max(n + 1, guess(tries[-1], n)))
        else:
            n = (good + bad) // 2
            if bad - good <= max(1, good // 20):
                return tries


def guess(last, n):
    """Straight to where the processors would be nearly full, from far below; else a step at a time."""
    full = last["machine_percent"] / 100 / FULL
    return int(n * min(4, 0.8 / full)) if full < 0.4 else int(n * GROWTH)


def camera_case(casemate, clips, scratch, name, args):
    renditions, first = CASES[name]

    def attempt(n):
        say(f"limits: {n} cameras, {name}")
        result = trial(casemate, clips, os.path.join(scratch, f"{name}-{n}-{time.monotonic_ns()}"), renditions, n, args.seconds)
        say(f"limits: {n} cameras, {name}: {result['why'] or 'carried'}")
        return result

    tries = raise_until(attempt, first, args.limit_cameras)
    carried = [t for t in tries if t["carried"]]
    if not carried:
        raise Failed(f"not even {first} cameras ({name}): {tries[0]['why']}")
    best = max(carried, key=lambda t: t["cameras"])
    return {"cameras": best["cameras"], "cores_per_camera": best["cores_per_camera"], "machine_percent": best["machine_percent"],
            "by_cpu": int(os.cpu_count() * FULL / best["cores_per_camera"]), "tries": tries}


def viewer_trial(server, command, n, seconds):
    """One try: what it cost, and why it was too much, if it was. Failed, or ValueError, when nothing can be said of it."""
    status = server.status()
    if not status:
        raise Failed("casemate does not answer any more")
    pids = [role["pid"] for role in status["roles"] if role["role"] == "serve"]
    before, (busy, could), begun = sum(map(proc.cpu_s, pids)), machine_cpu(), time.monotonic()
    watch = json.loads(proc.run(command, seconds=seconds + 120))
    cores, (busy_now, could_now) = (sum(map(proc.cpu_s, pids)) - before) / (time.monotonic() - begun), machine_cpu()
    share = (busy_now - busy) / (could_now - could)
    why = None
    if watch["joined"] < n or watch["ended"] or watch["refused"] or watch["missed"]:
        why = f"{watch['joined']} of {n} came, {watch['ended']} were cut off, {watch['refused']} refused, {watch['missed']} parts missed ({watch['why']})"
    elif watch["late"] > watch["parts"] * LATE_MOST:
        why = f"{watch['late']} of {watch['parts']} parts came late"
    elif share > FULL:
        why = f"the processors are full ({100 * share:.0f} %)"
    return {"carried": not why, "why": why, "cores_per_viewer": cores / n, "machine_percent": 100 * share, "watch": watch}


def viewer_case(casemate, clip, scratch, args):
    """Viewers of one camera's copy, who follow its playlist as a player does; they run on this machine, too."""
    program = build(casemate)
    cameras = Cameras(casemate, scratch, clip, 1)
    server = None
    try:
        server = Server(casemate, os.path.join(scratch, "viewers"), cameras.urls, serve=os.cpu_count())
        server.start()
        server.wait_steady(SETTLE_SEGMENTS, 90)
        secret = server.path("authorization")
        with open(secret, "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(server.authorization() + "\n")

        def attempt(n):
            say(f"limits: {n} viewers")
            command = viewers(program, "watch", None, "--connections", str(n), "--seconds", str(args.seconds), "--authorization-file", secret,
                              "--path", f"/live/{server.names[0]}/copy/index.m3u8", f"127.0.0.1:{server.port}")
            try:
                result = viewer_trial(server, command, n, args.seconds)
            except (Failed, ValueError) as e:  # too many for the viewers' own program, or for a role of the server, is too many
                result = {"carried": False, "why": f"the viewers: {e}"}
            say(f"limits: {n} viewers: {result['why'] or 'carried'}")
            return {"viewers": n} | result

        tries = raise_until(attempt, VIEWERS_FIRST, args.limit_viewers)
    finally:
        if server and server.child:
            server.stop()
        cameras.stop()
    carried = [t for t in tries if t["carried"]]
    if not carried:
        raise Failed(f"not even {VIEWERS_FIRST} viewers: {tries[0]['why']}")
    best = max(carried, key=lambda t: t["viewers"])
    return {"viewers": best["viewers"], "cores_per_viewer": best["cores_per_viewer"], "machine_percent": best["machine_percent"],
            "by_cpu": int(os.cpu_count() * FULL / best["cores_per_viewer"]), "tries": tries}


def measure(casemate, clip, scratch, args):
    clips = footage.make_phases(args.out, footage.BITRATE_BPS, PHASES)
    result = {"cpus": os.cpu_count(), "bitrate_bps": footage.BITRATE_BPS, "size": footage.SIZE, "fps": footage.FPS}
    for name in args.limit_cases:
        result[name] = viewer_case(casemate, clip, scratch, args) if name == "viewers" else camera_case(casemate, clips, scratch, name, args)
    return result
