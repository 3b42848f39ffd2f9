# SPDX-License-Identifier: GPL-2.0-or-later
"""Many low-latency viewers of one camera: `bench/viewers watch`, each of whom obeys blocking reload, on a serve that has one core.

A part is late for a viewer when it has come whole more than its own duration after the first of all the viewers had read of it. The generator has a
core of its own, which camera, ingest and store share with it: its own share of it is told, for at 100 % it is the generator that is measured.
"""
import json
import os
import subprocess

import proc
from proc import Failed, say
from server import Cameras, Server

HERE = os.path.dirname(os.path.realpath(__file__))
PATIENCE_S = 180


def pin(pids, cpu):
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), {cpu})


def viewers(casemate, server, path, args, cpu):
    authorization = server.path("authorization")
    with open(authorization, "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
        f.write(server.authorization() + "\n")
    program = os.path.join(os.path.dirname(casemate), "bench", "viewers")
    command = [program, "watch", "--connections", str(args.viewers), "--seconds", str(args.watch_seconds), "--path", path,
               "--authorization-file", authorization, f"127.0.0.1:{server.port}"]
    try:
        child = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=args.watch_seconds + PATIENCE_S,
                               preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        return json.loads(child.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as e:
        raise Failed(f"{program}: {e} (make bench/viewers)")


def measure(casemate, clip, scratch, args):
    cpus = sorted(os.sched_getaffinity(0))
    camera = Cameras(casemate, scratch, None, 1)
    server = Server(casemate, os.path.join(scratch, "site"), camera.urls)
    server.start()
    try:
        status = server.wait_steady(3)
        serve = [r["pid"] for r in status["roles"] if r["role"] == "serve"]
        pin(serve, cpus[-1])
        before = [proc.cpu_s(pid) for pid in serve]
        say(f"{args.viewers} viewers for {args.watch_seconds} s")
        result = viewers(casemate, server, f"/live/{server.names[0]}/copy/index.m3u8", args, cpus[0])
        after = [proc.cpu_s(pid) for pid in serve]
        bit_rate = server.viewer().bit_rate(server.names[0], "copy")
    finally:
        server.stop()
        camera.stop()
    if result["joined"] < args.viewers or result["ended"]:
        raise Failed(f"{result['joined']} of {args.viewers} viewers came, {result['ended']} were ended: {result['why']}")
    return result | {"serve_cpu_s": sum(after) - sum(before), "bit_rate": bit_rate, "cpus": len(cpus)}
