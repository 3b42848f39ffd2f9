# SPDX-License-Identifier: GPL-2.0-or-later
"""Child processes that never outlive the run, and what /proc says of them."""
import ctypes
import fcntl
import mmap
import os
import signal
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)
running = []


class Failed(Exception):
    """What went wrong, in one line for the person at the terminal."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(command, seconds=60, **kw):
    """A command that ends by itself; its standard output."""
    try:
        done = subprocess.run(command, stdin=kw.pop("stdin", subprocess.DEVNULL) if "input" not in kw else None, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=seconds, **kw)
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]} did not end within {seconds} s")
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
    return done.stdout


def start(command, log, **kw):
    """A command that goes on until stop(): in a group of its own, and told to end when this program dies."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=kw.pop("stdout", log), stderr=log, start_new_session=True,
                             preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM), **kw)
    running.append(child)
    return child


def signal_group(child, number):
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass


def stop(children, seconds=10):
    """SIGTERM to each process itself, which has its own order of ending; SIGKILL to the groups of those that don't."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + seconds
    for child in children:
        try:
            child.wait(max(0.01, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"process {child.pid} ({child.args[0]}) had to be killed")
        signal_group(child, signal.SIGKILL)
        child.wait()
        if child in running:
            running.remove(child)


def stop_all():
    stop(list(running))


def wait_for(what, condition, seconds, children=()):
    """Polls until condition() is true; its value. Fails as soon as one of the children has ended."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        for child in children:
            if child.poll() is not None:
                raise Failed(f"{os.path.basename(child.args[0])} ended with status {child.returncode} before {what}")
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def read(path):
    with open(path, "rb") as f:
        return f.read().decode("utf-8", "replace")


def stat_fields(pid):
    """The fields of /proc/PID/stat from the third on (proc(5)); the second, a name, may hold anything."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def family(root):
    """root and all that descend from it."""
    parent = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parent[int(name)] = int(stat_fields(name)[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = [root]
    for pid in found:
        found += [child for child, of in parent.items() if of == pid]
    return found


def gone(pid):
    return Failed(f"process {pid} ended while it was measured")


def cpu_s(pid):
    """User and system time of one process, threads included, also those that ended."""
    try:
        fields = stat_fields(pid)
    except (FileNotFoundError, ProcessLookupError):
        raise gone(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS


def memfds(pid):
    """Inode and allocated bytes of the anonymous files that a process holds open."""
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        try:
            if os.readlink(path).startswith("/memfd:"):
                st = os.stat(path)
                yield st.st_ino, st.st_blocks * 512
        except FileNotFoundError:
            continue


def mappings(pid):
    """Each mapping's (inode, bytes, whether it is sealed memory, Pss in bytes), out of /proc/PID/smaps."""
    inode = size = 0
    sealed = False
    for line in read(f"/proc/{pid}/smaps").splitlines():
        word = line.split(None, 5)
        if not word[0].endswith(":"):
            begin, _, end = word[0].partition("-")
            inode, size = int(word[4]), int(end, 16) - int(begin, 16)
            sealed = word[1] == "r--s" and word[-1].startswith("/memfd:")
        elif word[0] == "Pss:":
            yield inode, size, sealed, int(word[1]) * 1024


def memory_method():
    """casemate's roles let nobody but root look at their memory; then each side is measured by what all may see."""
    return "pss" if os.geteuid() == 0 else "rss"


def memory_bytes(pids):
    """What these processes cost together, by the method above."""
    rss = sum(map(rss_bytes, pids))
    return pss_bytes(pids) | {"rss": rss} if memory_method() == "pss" else {"rss": rss}


def pss_bytes(pids):
    """
    pss: each one's share of the pages that it has touched. unseen: pages of
    anonymous files that exist but that nobody has touched through a mapping, such as footage that waits for a viewer.
    """
    pss, allocated, counted = 0, {}, {}
    for pid in pids:
        try:
            for inode, size, sealed, n in mappings(pid):
                pss += n
                if inode:
                    counted[inode] = counted.get(inode, 0) + n
                if sealed:  # written before it was sealed, so all of it is there; its descriptor may be gone
                    allocated.setdefault(inode, size)
            allocated.update(memfds(pid))
        except (FileNotFoundError, ProcessLookupError):
            raise gone(pid)
    unseen = sum(max(0, n - counted.get(inode, 0)) for inode, n in allocated.items())
    return {"pss": pss, "unseen": unseen}


def is_sealed(pid, name):
    """Whether a memfd can be written no more (fcntl(2): F_GET_SEALS, F_SEAL_WRITE)."""
    fd = os.open(f"/proc/{pid}/fd/{name}", os.O_RDONLY)
    try:
        return bool(fcntl.fcntl(fd, 1034) & 8)
    finally:
        os.close(fd)


def memory_apart(pids):
    """
    own: each process's Pss without sealed memory. sealed: all pages of sealed anonymous files, whoever holds them.
    unsealed: pages of other anonymous files that nobody has touched through a mapping.
    """
    own, sealed, other, touched = {}, {}, {}, {}
    for pid in pids:
        own[pid] = 0
        try:
            for inode, size, is_window, n in mappings(pid):
                if is_window:
                    sealed.setdefault(inode, size)
                    continue
                own[pid] += n
                if inode:
                    touched[inode] = touched.get(inode, 0) + n
            for name in os.listdir(f"/proc/{pid}/fd"):
                path = f"/proc/{pid}/fd/{name}"
                try:
                    if os.readlink(path).startswith("/memfd:"):
                        st = os.stat(path)
                        known = st.st_ino in sealed or st.st_ino in other
                        if not known:
                            (sealed if is_sealed(pid, name) else other)[st.st_ino] = st.st_blocks * 512
                except FileNotFoundError:
                    continue
        except (FileNotFoundError, ProcessLookupError):
            raise gone(pid)
    return {"own": own, "sealed": sum(sealed.values()), "unsealed": sum(max(0, n - touched.get(i, 0)) for i, n in other.items() if i not in sealed)}


def touch_memory(gb):
    """
    A virtual machine gets its memory from its host page by page, at the first touch, which costs more than what is
    measured here: so who runs first must not pay for all.
    """
    step = 1 << 21
    free = next(int(line.split()[1]) << 10 for line in read("/proc/meminfo").splitlines() if line.startswith("MemAvailable"))
    size = min(int(gb * 1e9), free // 2) // step * step
    if size:
        with mmap.mmap(-1, size) as m:
            for at in range(0, size, 4096):
                m[at] = 1


def rss_bytes(pid):
    try:
        return int(read(f"/proc/{pid}/statm").split()[1]) * os.sysconf("SC_PAGESIZE")
    except (FileNotFoundError, ProcessLookupError):
        raise gone(pid)
