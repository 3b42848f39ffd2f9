# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured on, and whether the peers are there."""
import contextlib
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


@contextlib.contextmanager
def as_installed():
    """
    What the Debian package sets of the kernel (the lines of debian/casemate.tmpfiles that write), as long as it is measured; then as it
    was. For casemate and its peers alike; yields what was set, nothing where this user may not.
    """
    lines = (line.split() for line in read(os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "debian", "casemate.tmpfiles")).splitlines())
    before = {}
    wanted = {line[1]: line[-1] for line in lines if line and line[0] == "w"}
    try:
        for path, value in wanted.items():
            try:
                old = chosen(read(path))
                with open(path, "w") as f:
                    f.write(value)
                before[path] = old
            except OSError:
                pass  # another kernel, or not root
        yield {path: wanted[path] for path in before}
    finally:
        for path, old in before.items():
            with open(path, "w") as f:
                f.write(old)


def chosen(text):
    """The word in brackets of a setting that lists what it may be; else all of it."""
    return text.partition("[")[2].partition("]")[0] or text.strip()


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
