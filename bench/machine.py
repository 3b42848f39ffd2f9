# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured on, and whether the peers are there."""
import fcntl
import os
import platform
import shutil
import ssl
import struct
import time

from proc import Failed, read, run

# program, Debian package, parts that need it
PEERS = (
    ("ffmpeg", "ffmpeg", ("load", "start", "tls", "fleet", "transcode")),
    ("nginx", "nginx-light", ("tls",)),
    ("wrk", "wrk", ("tls",)),
    ("h2load", "nghttp2-client", ("tls",)),
)


def find(program):
    """As the shell does, and where daemons are, which an ordinary user's PATH leaves out."""
    return shutil.which(program, path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")


FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_TOPDIR_FL = 0x80086601, 0x40086602, 0x00020000  # linux/fs.h


def spread(folder):
    """
    Has ext4 put each folder in this one into another part of the disk (chattr +T). One without a journal looks past every file that was
    removed from the same part within some minutes whenever it makes a new one: so who runs next would pay for what the one before removed.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        flags = fcntl.ioctl(fd, FS_IOC_GETFLAGS, struct.pack("l", 0))
        fcntl.ioctl(fd, FS_IOC_SETFLAGS, struct.pack("l", struct.unpack("l", flags)[0] | FS_TOPDIR_FL))
    except OSError:
        pass  # a file system without such flags
    finally:
        os.close(fd)


def need(parts):
    missing = [(program, package) for program, package, of in PEERS if set(of) & set(parts) and not find(program)]
    if missing:
        raise Failed(f"{', '.join(p for p, _ in missing)} missing: apt-get install {' '.join(package for _, package in missing)}")
    if "x264" not in run([find("ffmpeg"), "-hide_banner", "-encoders"]):
        raise Failed("this ffmpeg has no libx264, so it cannot do the same work: apt-get install ffmpeg")


def cpu_model():
    for line in read("/proc/cpuinfo").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit():
    """Of the sources that this stands in; nothing outside a git checkout."""
    git = find("git")
    here = os.path.dirname(os.path.realpath(__file__))
    if not git:
        return {}
    try:
        return {"commit": run([git, "-C", here, "rev-parse", "--short=12", "HEAD"]).strip(), "changed": bool(run([git, "-C", here, "status", "--porcelain", "-uno"]).strip())}
    except Failed:
        return {}


def facts(casemate):
    ffmpeg = run([find("ffmpeg"), "-version"]).split()[2]
    return {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpu": cpu_model(), "cpus": len(os.sched_getaffinity(0)),
            "kernel": platform.release(), "load_before": os.getloadavg()[0], "casemate": run([casemate, "version"]).split("\n")[0],
            "ffmpeg": ffmpeg, "python_tls": ssl.OPENSSL_VERSION, **commit()}
