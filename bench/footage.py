# SPDX-License-Identifier: GPL-2.0-or-later
"""The footage that every figure is made with: the same bytes on each run with the same ffmpeg."""
import hashlib
import os

from machine import find
from proc import run, say

SECONDS = 20
FPS = 25
BITRATE_BPS = 4_000_000
SIZE = "1920x1080"
GOP_S = 2
# Of the first group of pictures only so much is kept, and what follows moves up: the key frames lie elsewhere, the rest is the same.
PHASE = "noise=amount=0:drop=between(n\\,{first}\\,{last}),setts=pts=N*{ticks}:dts=N*{ticks}:duration={ticks}"
TICKS = 512  # of the muxer's time base, 12800, per picture
SCENE = f"testsrc2=size={SIZE}:rate={FPS}:duration={SECONDS},noise=alls=10:allf=t:all_seed=7,format=yuv420p"


def encode(bitrate_bps):
    """A camera's stream: no B-frames, a key frame every two seconds, a constant rate. One thread: more make other bytes."""
    return ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-bf", "0", "-g", str(FPS * GOP_S), "-keyint_min", str(FPS * GOP_S),
            "-sc_threshold", "0", "-b:v", str(bitrate_bps), "-maxrate", str(bitrate_bps), "-bufsize", str(bitrate_bps // 2)]


def recipe(bitrate_bps=BITRATE_BPS):
    return [find("ffmpeg"), "-nostdin", "-v", "error", "-f", "lavfi", "-i", SCENE, *encode(bitrate_bps), "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4"]


def make_once(folder, command, what):
    """The name changes with the recipe."""
    path = os.path.join(folder, f"footage-{hashlib.sha256(' '.join(command[1:]).encode()).hexdigest()[:12]}.mp4")
    if not os.path.exists(path):
        if what:
            say(what)
        run([*command, "-y", path + ".part"], seconds=300)
        os.rename(path + ".part", path)
    return path


def make(folder, bitrate_bps=BITRATE_BPS):
    return make_once(folder, recipe(bitrate_bps), f"making {SECONDS} s of {SIZE} footage, which takes about as long")


def make_phases(folder, bitrate_bps, count):
    """The same film count times, with key frames at other moments each time."""
    whole, gop = make(folder, bitrate_bps), FPS * GOP_S
    paths = [whole]
    for i in range(1, count):
        bsf = PHASE.format(first=gop * i // count, last=gop - 1, ticks=TICKS)
        paths.append(make_once(folder, [find("ffmpeg"), "-nostdin", "-v", "error", "-i", whole, "-map", "0:v", "-c", "copy", "-bsf:v", bsf, "-f", "mp4"], None))
    return paths


def facts(path):
    with open(path, "rb") as f:
        data = f.read()
    return {"file": os.path.basename(path), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "seconds": SECONDS,
            "size": SIZE, "fps": FPS, "rate_bps": len(data) * 8 // SECONDS}
