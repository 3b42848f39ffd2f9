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
SCENE = f"testsrc2=size={SIZE}:rate={FPS}:duration={SECONDS},noise=alls=10:allf=t:all_seed=7,format=yuv420p"
# A camera's stream: no B-frames, a key frame every two seconds, a constant rate. One thread: more make other bytes.
ENCODE = ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-bf", "0", "-g", str(FPS * GOP_S), "-keyint_min", str(FPS * GOP_S),
          "-sc_threshold", "0", "-b:v", str(BITRATE_BPS), "-maxrate", str(BITRATE_BPS), "-bufsize", str(BITRATE_BPS // 2)]


def recipe():
    return [find("ffmpeg"), "-nostdin", "-v", "error", "-f", "lavfi", "-i", SCENE, *ENCODE, "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4"]


def make(folder):
    """Made once: the name changes with the recipe."""
    name = hashlib.sha256(" ".join(recipe()[1:]).encode()).hexdigest()[:12]
    path = os.path.join(folder, f"footage-{name}.mp4")
    if not os.path.exists(path):
        say(f"making {SECONDS} s of {SIZE} footage, which takes about as long")
        run([*recipe(), "-y", path + ".part"], seconds=300)
        os.rename(path + ".part", path)
    return path


def facts(path):
    with open(path, "rb") as f:
        data = f.read()
    return {"file": os.path.basename(path), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data), "seconds": SECONDS,
            "size": SIZE, "fps": FPS, "rate_bps": len(data) * 8 // SECONDS}
