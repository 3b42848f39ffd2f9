# SPDX-License-Identifier: GPL-2.0-or-later
"""Transcoding: the worker's engine as a whole process (bench/transcode) beside ffmpeg, taking turns on the same clips."""
import json
import os
import re
import subprocess
import time

import clips
from machine import find
from proc import Failed, read, run, say

CRF = 24
CAP_BPS = {1080: 8_000_000, 720: 4_000_000, 360: 1_000_000}
SSIM_LOWER, RATE_HIGHER = 0.002, 1.02   # what a figure may cost in quality and bits, or it is none
HQDN3D = "hqdn3d"                       # with its defaults

# key: what it is called, scene, heights of the renditions, copied besides, ratio to be reached
ROWS = {
    "full": ("1080p to 1080p, everything moves", "motion", (1080,), False, 1.0),
    "ladder": ("copy + 720p + 360p, people", "people", (720, 360), True, 1.2),
    "ladder_motion": ("copy + 720p + 360p, everything moves", "motion", (720, 360), True, 1.2),
    "people": ("1080p to 720p, people", "people", (720,), False, 1.25),
    "idle": ("1080p to 720p, nobody there", "idle", (720,), False, 3.0),
}
MEMORY_LEAST = 1.3
NIGHT_HEIGHT, NIGHT_CPU, NIGHT_BITS, NIGHT_STRENGTH = 720, 1.5, 2.0, "medium"
GRID = (24, 27, 30, 33, 36, 39)


def median(values):
    values = sorted(values)
    n = len(values)
    return (values[(n - 1) // 2] + values[n // 2]) / 2


def width(height):
    return height * clips.WIDTH // clips.HEIGHT


# --- one run ----------------------------------------------------------------------------------

def peak_bytes(pid):
    """The most that a process had in memory so far. wait4(2) would tell of whoever started it, too."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", read(f"/proc/{pid}/status"), re.MULTILINE)
        return int(found.group(1)) << 10 if found else 0
    except (FileNotFoundError, ProcessLookupError):
        return 0


def watched(command, folder):
    """A command that ends by itself: its CPU seconds, its memory at most, its output."""
    with open(os.path.join(folder, "out"), "w+") as out, open(os.path.join(folder, "err"), "w+") as err:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        peak = 0
        try:
            while True:
                peak = max(peak, peak_bytes(child.pid))
                pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                if pid:
                    break
                time.sleep(0.02)
        except BaseException:
            child.kill()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            raise Failed(f"{' '.join(command)}: {err.read().strip().splitlines()[-1:]}")
        return {"cpu_s": usage.ru_utime + usage.ru_stime, "peak_bytes": peak, "said": out.read()}


def sizes(folder, names):
    return [os.path.getsize(os.path.join(folder, name)) for name in names]


def casemate_command(program, clip, folder, heights, copy, crf=CRF, options=()):
    wanted = [f"{width(h)}x{h}:{CAP_BPS[h]}:{crf}" for h in heights] + ["copy"] * copy
    return [program, *options, clip, folder, *wanted]


def ffmpeg_command(clip, folder, heights, copy, crf=CRF, before=""):
    """One thread each; the preset, quality, cap and key frames are casemate's own."""
    command = [find("ffmpeg"), "-nostdin", "-v", "error", "-y", "-threads", "1", "-filter_threads", "1", "-filter_complex_threads", "1", "-i", clip]
    scaled = [(before + "," if before else "") + (f"scale={width(h)}:{h}:flags=bicubic" if h != clips.HEIGHT else "null") for h in heights]
    split = f"[0:v]split={len(heights)}" + "".join(f"[s{i}]" for i in range(len(heights))) + ";" if len(heights) > 1 else ""
    graph = split + ";".join(f"[{f's{i}' if split else '0:v'}]{chain}[v{i}]" for i, chain in enumerate(scaled))
    command += ["-filter_complex", graph]
    for i, h in enumerate(heights):
        command += ["-map", f"[v{i}]", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-threads", "1", "-crf", str(crf),
                    "-maxrate", str(CAP_BPS[h]), "-bufsize", str(CAP_BPS[h]), "-g", "50", "-keyint_min", "50", "-sc_threshold", "0",
                    os.path.join(folder, f"{i + 1}.mp4")]
    return command + (["-map", "0:v", "-c", "copy", os.path.join(folder, f"{len(heights) + 1}.mp4")] if copy else [])


def ssim(path, clean, height, folder):
    """Of all planes, against the clean scene; pictures that were left out are shown on."""
    fit = f"setpts=PTS-STARTPTS,fps={clips.FPS}"
    log = os.path.join(folder, "ssim")
    run([find("ffmpeg"), "-nostdin", "-v", "error", "-i", path, "-i", clean, "-lavfi",
         f"[0:v]{fit}[a];[1:v]{fit},scale={width(height)}:{height}:flags=lanczos+accurate_rnd[b];[a][b]ssim=stats_file={log}", "-f", "null", "-"], seconds=300)
    with open(log) as f:
        values = [float(re.search(r"All:([0-9.]+)", line).group(1)) for line in f]
    if len(values) < clips.FPS:
        raise Failed(f"{path} has only {len(values)} pictures")
    return sum(values) / len(values)


# --- a row ------------------------------------------------------------------------------------

def judged(folder, heights, clip, seconds):
    names = [f"{i + 1}.mp4" for i in range(len(heights))]
    return {"rate_bps": [n * 8 / seconds for n in sizes(folder, names)],
            "ssim": [ssim(os.path.join(folder, n), clip["clean"], h, folder) for n, h in zip(names, heights)]}


def turns(sides, folder, rounds):
    """{side: command} run in turns: medians, and each sample."""
    samples = {side: [] for side in sides}
    for i in range(rounds):
        order = list(sides) if i % 2 == 0 else list(sides)[::-1]
        for side in order:
            os.makedirs(os.path.join(folder, side), exist_ok=True)
            samples[side].append(watched(sides[side], os.path.join(folder, side)))
    return samples


def pair(samples, key, peer="ffmpeg"):
    """How many times less casemate takes: the median of the rounds' ratios."""
    ours, theirs = ([s[key] for s in samples[side]] for side in ("casemate", peer))
    return {"casemate": median(ours), peer: median(theirs), "ratio": median([b / a for a, b in zip(ours, theirs)])}


def row(key, program, made, scratch, args):
    label, scene, heights, copy, least = ROWS[key]
    say(f"transcode: {label}")
    clip, folder = made[scene], os.path.join(scratch, key)
    sides = {"casemate": casemate_command(program, clip["h264"], os.path.join(folder, "casemate"), heights, copy),
             "ffmpeg": ffmpeg_command(clip["camera"], os.path.join(folder, "ffmpeg"), heights, copy)}
    samples = turns(sides, folder, args.rounds)
    quality = {side: judged(os.path.join(folder, side), heights, clip, args.clip_seconds) for side in sides}
    ours, theirs = quality["casemate"], quality["ffmpeg"]
    good = (all(a >= b - SSIM_LOWER for a, b in zip(ours["ssim"], theirs["ssim"])) and
            sum(ours["rate_bps"]) <= sum(theirs["rate_bps"]) * RATE_HIGHER)
    cpu, peak = pair(samples, "cpu_s"), pair(samples, "peak_bytes")
    say(f"   CPU ×{cpu['ratio']:.2f}, memory ×{peak['ratio']:.2f}; SSIM {ours['ssim']} and {theirs['ssim']}; bits ×{sum(ours['rate_bps']) / sum(theirs['rate_bps']):.3f} of ffmpeg's")
    return {"label": label, "scene": scene, "heights": heights, "copy": copy, "least": least, "comparable": good, "quality": quality,
            "cpu_s": cpu, "peak_bytes": peak, "work": json.loads(samples["casemate"][0]["said"]),
            "samples": {side: [{k: s[k] for k in ("cpu_s", "peak_bytes")} for s in of] for side, of in samples.items()}}


# --- the night, at equal quality --------------------------------------------------------------

class Side:
    """One way of transcoding the night at a given CRF; what was made once is remembered."""

    def __init__(self, name, command, clip, folder, seconds):
        self.name, self.command, self.clip, self.folder, self.seconds, self.known = name, command, clip, os.path.join(folder, name), seconds, {}
        os.makedirs(self.folder, exist_ok=True)

    def at(self, crf):
        if crf not in self.known:
            watched(self.command(crf, self.folder), self.folder)
            q = judged(self.folder, (NIGHT_HEIGHT,), self.clip, self.seconds)
            self.known[crf] = {"crf": crf, "ssim": q["ssim"][0], "rate_bps": q["rate_bps"][0]}
            say(f"   {self.name}, CRF {crf}: SSIM {self.known[crf]['ssim']:.4f}, {self.known[crf]['rate_bps'] / 1000:.0f} kb/s")
        return self.known[crf]

    def best(self):
        return max((self.at(crf) for crf in GRID), key=lambda p: p["ssim"])

    def cheapest(self, wanted, step):
        """The highest CRF, to a step, that still has this SSIM, which one of the grid has."""
        low = max(p["crf"] for p in map(self.at, GRID) if p["ssim"] >= wanted)
        high = min([c for c in GRID if c > low], default=51)
        while high - low > step:
            middle = low + (high - low) / 2 if step < 1 else (low + high) // 2
            low, high = (middle, high) if self.at(middle)["ssim"] >= wanted else (low, middle)
        return self.at(low)


def even(ours, peer):
    """
    Noise costs quality as blur does, so SSIM against the clean scene is best at some CRF and falls to both sides of it. Both are
    given the highest CRF at which they still have the best quality that the worse of them can reach.
    """
    wanted = min(ours.best()["ssim"], peer.best()["ssim"])
    return ours.cheapest(wanted, 1), peer.cheapest(wanted, 0.5)


def night(program, made, scratch, args):
    clip, folder, heights = made["night"], os.path.join(scratch, "night"), (NIGHT_HEIGHT,)
    say("transcode: a noisy night at equal SSIM")
    ours = Side("casemate", lambda crf, to: casemate_command(program, clip["h264"], to, heights, False, crf, ("--denoise", NIGHT_STRENGTH)), clip, folder,
                args.clip_seconds)
    peers = {"ffmpeg": Side("ffmpeg", lambda crf, to: ffmpeg_command(clip["camera"], to, heights, False, crf), clip, folder, args.clip_seconds),
             "hqdn3d": Side("hqdn3d", lambda crf, to: ffmpeg_command(clip["camera"], to, heights, False, crf, HQDN3D), clip, folder, args.clip_seconds)}
    result = {"strength": NIGHT_STRENGTH, "least_cpu": NIGHT_CPU, "least_bits": NIGHT_BITS}
    for name, peer in peers.items():
        a, b = even(ours, peer)
        samples = turns({"casemate": ours.command(a["crf"], ours.folder), name: peer.command(b["crf"], peer.folder)}, folder, args.rounds)
        say(f"   beside {name}: CPU ×{pair(samples, 'cpu_s', name)['ratio']:.2f}, bits ×{b['rate_bps'] / a['rate_bps']:.2f}")
        result[name] = {"casemate_at": a, "peer_at": b, "cpu_s": pair(samples, "cpu_s", name), "bits": b["rate_bps"] / a["rate_bps"]}
    return result


# --- all --------------------------------------------------------------------------------------

def build(casemate):
    """The program stands beside casemate in the build folder."""
    folder = os.path.dirname(casemate)
    run(["make", "-C", folder, "bench/transcode"], seconds=900)
    return os.path.join(folder, "bench", "transcode")


def measure(casemate, clip, scratch, args):
    program = build(casemate)
    made = clips.make(args.out, args.footage, args.clip_seconds)
    wanted = args.rows or [*ROWS, "night"]
    result = {"crf": CRF, "memory_least": MEMORY_LEAST, "cap_bps": CAP_BPS, "seconds": args.clip_seconds, "clips": {name: {k: c[k] for k in ("sha256", "real")} for name, c in made.items()},
              "rows": {key: row(key, program, made, scratch, args) for key in ROWS if key in wanted}}
    if "night" in wanted:
        result["night"] = night(program, made, scratch, args)
    return result
