# SPDX-License-Identifier: GPL-2.0-or-later
"""The account of footage: what it costs to seal and sign a fleet's, and whether a log of a million entries is as good as a small one (bench/evidence)."""
import json
import os

from proc import Failed, run, say
from transcode import median

CAMERAS, BITRATE_BPS, SOUND_BPS, SEGMENT_S = 200, 4_000_000, 64_000, 2


def build(casemate):
    folder = os.path.dirname(casemate)
    run(["make", "-C", folder, "bench/evidence"], seconds=900)
    return os.path.join(folder, "bench", "evidence")


def lines(command, seconds):
    try:
        return [json.loads(line) for line in run(command, seconds=seconds).splitlines()]
    except ValueError:
        raise Failed(f"{command[0]} said what is no JSON")


def grown(program, scratch, entries):
    """Of each size: how fast entries went in since the one before, a start, a proof, and memory."""
    sizes, starts, disk = {}, {}, {}
    for line in lines([program, "grow", "--cameras", str(CAMERAS), "--entries", str(entries), os.path.join(scratch, "grow")], 7200):
        part, size = line.pop("part"), str(line.pop("entries"))
        if part == "disk":
            disk = line | {"entries": int(size)}
        elif part == "start":
            starts.setdefault(size, []).append(line)
        else:
            sizes.setdefault(size, {})[part] = line
    for size, samples in starts.items():
        sizes[size]["start"] = {key: median([s[key] for s in samples]) for key in samples[0]} | {"samples": samples}
    for of in sizes.values():
        a = of["append"]
        of["append"] |= {"per_s": a["appended"] / a["seconds"], "cpu_us": a["cpu_s"] / a["appended"] * 1e6}
    return sizes, disk


def added(disk):
    """Bytes of log and index for each segment, and of the log alone, which is the evidence; what that is of footage, without sound and with."""
    log = disk["log_bytes"] / disk["entries"]
    each = log + disk["index_bytes"] / disk["entries"]
    segment, both = BITRATE_BPS / 8 * SEGMENT_S, (BITRATE_BPS + SOUND_BPS) / 8 * SEGMENT_S
    return {"bytes_per_segment": each, "percent": 100 * each / segment, "bytes_per_day": each * 86400 / SEGMENT_S, "footage_bytes_per_day": segment * 86400 / SEGMENT_S,
            "log_bytes_per_segment": log, "log_percent": 100 * log / segment, "with_sound_percent": 200 * each / both, "log_with_sound_percent": 200 * log / both}


def measure(casemate, clip, scratch, args):
    program = build(casemate)
    say(f"a log of {args.entries} entries")
    sizes, disk = grown(program, scratch, args.entries)
    say(f"{CAMERAS} cameras of {BITRATE_BPS // 1000000} Mb/s sealed and signed, {args.seal_seconds} s of each, {args.rounds} times")
    rounds = [lines([program, "seal", "--cameras", str(CAMERAS), "--seconds", str(args.seal_seconds), "--bytes", str(BITRATE_BPS // 8 * SEGMENT_S),
                     os.path.join(scratch, f"seal-{i}")], 3600)[0] for i in range(args.rounds)]
    seal = {key: median([r[key] for r in rounds]) for key in rounds[0] if key.endswith("_percent")}
    return {"cameras": CAMERAS, "bitrate_bps": BITRATE_BPS, "segment_s": SEGMENT_S, "sizes": sizes, "disk": disk, "added": added(disk),
            "seal": seal | {"seconds": args.seal_seconds, "rounds": rounds}}
