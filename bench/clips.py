# SPDX-License-Identifier: GPL-2.0-or-later
"""
What is transcoded: a scene as a camera would send it, and the same scene clean, to compare with.

The scenes come from the real clips of a folder (--footage) where there is one, else they are drawn. Made once, with one
thread and fixed seeds: the same bytes on each run with the same ffmpeg.
"""
import hashlib
import os

from machine import find
from proc import run, say

FPS = 25
WIDTH, HEIGHT = 1920, 1080
ROOM = "one-by-one-person-detection.mp4"  # people cross a room, one after the other; its first five seconds are empty
FIT = f"fps={FPS},scale={WIDTH}:{HEIGHT}:flags=lanczos"
# A camera that swings to and fro: everything moves, at up to 5 pixels a picture.
SWING = f"fps={FPS},scale=2304:1296:flags=lanczos,crop={WIDTH}:{HEIGHT}:x='(iw-ow)/2*(1+sin(2*PI*t/9))':y='(ih-oh)/2*(1+sin(2*PI*t/7))'"
EMPTY = "trim=0:5,loop=loop=-1:size=50:start=0," + FIT
DARK = ",lutyuv=y='16+(val-16)*0.60':u='128+(val-128)*0.5':v='128+(val-128)*0.5'"
DAY_NOISE = "noise=c0s=6:c0f=t:c1s=3:c1f=t:c2s=3:c2f=t:all_seed=7"
NIGHT_NOISE = "noise=c0s=16:c0f=t:c1s=8:c1f=t:c2s=8:c2f=t:all_seed=7"

# Drawn: a still picture with fine detail; people are four figures that cross it.
STILL = f"mandelbrot=size={WIDTH}x{HEIGHT}:rate={FPS}:start_scale=0.4:end_scale=0.4:end_pts=1,trim=end_frame=1,loop=loop=-1:size=1,setpts=N/{FPS}/TB"
FIGURES = "".join(f",drawbox=x='mod(t*{v}+{x},{WIDTH + 300})-200':y={y}:w=160:h=420:c={c}:t=fill" for v, x, y, c in
                  ((130, 0, 520, "0x4a5560"), (-90, 4000, 560, "0x803020"), (210, 900, 600, "0x203050"), (60, 400, 480, "0x90a080")))
MOVING = f"testsrc2=size=2304x1296:rate={FPS}," + SWING.split(",", 2)[2]

# name: (real scene, drawn scene, noise)
SCENES = {
    "motion": (SWING, MOVING, DAY_NOISE),
    "people": (FIT, STILL + FIGURES, DAY_NOISE),
    "idle": (EMPTY, STILL, DAY_NOISE),
    "night": (FIT + DARK, STILL + FIGURES + DARK, NIGHT_NOISE),
}
CAMERA = ["-c:v", "libx264", "-preset", "veryfast", "-profile:v", "main", "-bf", "0", "-g", "50", "-keyint_min", "50", "-sc_threshold", "0",
          "-b:v", "4M", "-maxrate", "4M", "-bufsize", "4M"]
CLEAN = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"]


def make(folder, footage, seconds):
    """{name: {"camera": path, "h264": the same without a container, "clean": path, "real": bool, "sha256": of the camera's file}}"""
    room = os.path.join(footage, ROOM)
    real = os.path.exists(room)
    if not real:
        say(f"no {room}: the scenes are drawn instead")
    return {name: scene(folder, room if real else None, name, seconds) for name in SCENES}


def scene(folder, room, name, seconds):
    filmed, drawn, noise = SCENES[name]
    chain = filmed if room else drawn
    source = ["-stream_loop", "-1", "-i", room] if room else ["-f", "lavfi", "-i", chain]
    camera = made(folder, f"{name}-camera", source, f"{chain if room else 'null'},{noise},format=yuv420p", CAMERA, seconds)
    clean = made(folder, f"{name}-clean", source, f"{chain if room else 'null'},format=yuv420p", CLEAN, seconds)
    with open(camera, "rb") as f:
        return {"camera": camera, "h264": bare(camera), "clean": clean, "real": bool(room), "sha256": hashlib.sha256(f.read()).hexdigest()}


def bare(path):
    """The same pictures without a container, as they come to a worker."""
    to = path.replace(".mp4", ".h264")
    if not os.path.exists(to):
        run([find("ffmpeg"), "-nostdin", "-v", "error", "-i", path, "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "-y", to + ".part"])
        os.rename(to + ".part", to)
    return to


def made(folder, name, source, chain, coder, seconds):
    command = [find("ffmpeg"), "-nostdin", "-v", "error", "-filter_threads", "1", *source, "-t", str(seconds), "-an", "-vf", chain, *coder, "-threads", "1",
               "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "mp4"]
    recipe = " ".join([*(os.path.basename(word) for word in source), chain, *coder, str(seconds)])
    path = os.path.join(folder, f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}.mp4")
    if not os.path.exists(path):
        say(f"making {os.path.basename(path)}")
        run([*command, "-y", path + ".part"], seconds=600)
        os.rename(path + ".part", path)
    return path
