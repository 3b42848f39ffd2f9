# SPDX-License-Identifier: GPL-2.0-or-later
"""
A site whose roles can be aimed at: the built programs in a folder of their own, each role started with the shim in it (shim.c, launch.c), and
as little work as makes them do all that they do: two small cameras that show one clip, half a second a segment, a hash that is
cheap to try, and a viewer who asks over and over by HTTP/1.1 and HTTP/2.
"""
import base64
import ctypes
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

here = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(here, "../../bench"))
import proc
import server
from proc import Failed

ROLES = ("ingest", "transcode", "store", "sign", "serve", "casemate")
NOTHING = {"roles": [], "cameras": [], "log": {"checkpoint": 0}}    # the status of a site that was never started
SMALL = [{"name": "small", "width": 96, "height": 64, "bitrate_bps": 60_000}]
CLIP = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000", "-t", "20", "-c:v", "libx264",
        "-profile:v", "baseline", "-preset", "ultrafast", "-g", "5", "-keyint_min", "5", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "24k")


class Programs:
    """The programs of a build, as they are now, with a page for each role."""

    def __init__(self, build, folder):
        self.folder, self.libexec = folder, os.path.join(folder, "libexec/casemate")
        self.pages = os.path.join(self.libexec, "faults")
        self.aimer = os.path.join(folder, "aim")
        os.makedirs(os.path.join(self.libexec, "real"))
        os.makedirs(self.pages)
        shutil.copy(os.path.join(build, "casemate"), folder)
        shutil.copy(os.path.join(build, "tests/faults/aim"), folder)
        shutil.copy(os.path.join(build, "tests/faults/shim.so"), self.pages)
        for path in glob.glob(os.path.join(build, "libexec/casemate/*")):
            shutil.copy(path, self.libexec)
        for role in ROLES:
            self.aim(role, "new")
            if role != "casemate":
                os.rename(os.path.join(self.libexec, role), os.path.join(self.libexec, "real", role))
                shutil.copy(os.path.join(build, "tests/faults/launch"), os.path.join(self.libexec, role))
        self.casemate = os.path.join(folder, "casemate")
        self.environment = {**os.environ, "LD_PRELOAD": os.path.join(self.pages, "shim.so"), "FAULTS": os.path.join(self.pages, "casemate")}

    def program(self, role):
        return self.casemate if role == "casemate" else os.path.join(self.libexec, "real", role)

    def aim(self, role, *order):
        """What aim prints (aim.c); its exit status is not asked."""
        return subprocess.run([self.aimer, os.path.join(self.pages, role), *order], stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL).stdout

    def aim_all(self, *order):
        return {role: self.aim(role, *order) for role in ROLES}

    def await_all(self, roles, ms):
        """What was hit in each role's page, within so long; "" for nothing."""
        waiting = {role: subprocess.Popen([self.aimer, os.path.join(self.pages, role), "wait", str(ms)], stdout=subprocess.PIPE, text=True) for role in roles}
        return {role: child.communicate()[0].strip() for role, child in waiting.items()}


def cheap_hash(password):
    text = ctypes.create_string_buffer(200)
    size = ctypes.c_size_t
    rc = ctypes.CDLL("libargon2.so.1").argon2id_hash_encoded(1, 8, 1, password, size(len(password)), b"0123456789abcdef", size(16), size(32), text, size(len(text)))
    if rc:
        raise Failed(f"argon2: {rc}")
    return text.value.decode()


class Site(server.Server):
    def __init__(self, programs, folder, urls, keys=None):
        """keys: the folder of an earlier site, whose keys this one takes."""
        self.programs, self.keys, self.viewing = programs, keys, None
        super().__init__(programs.casemate, folder, urls, encode=SMALL)
        with open(self.path("curlrc"), "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(f'user = "{server.USER}:{self.password}"\n')

    def make_keys(self):
        if not self.keys:
            return super().make_keys()
        for name in ("site.key", "site.key.pub", "tls.key", "tls.crt"):
            shutil.copy(os.path.join(self.keys, name), self.path(name))

    def write_site(self, encode, serve, transport, max_size):
        super().write_site(encode, serve, transport, max_size)
        with open(self.path("site.yaml"), "r+") as f:
            text = f.read()
            text = re.sub(r"password_hash: .*", lambda _: f'password_hash: "{cheap_hash(self.password.encode())}"', text)
            text = text.replace("    source:", "    segment: 500 ms\n    source:")
            f.seek(0)
            f.write(text)
            f.truncate()

    # --- the process

    def run(self):
        if self.log:
            self.log.close()
        if self.child in proc.running:
            proc.running.remove(self.child)    # it has ended, and its number may be another's
        self.log = open(self.path("server.log"), "ab")
        self.child = proc.start([self.casemate, "run", "-c", self.path("site.yaml")], self.log, env=self.programs.environment)

    def halt(self):
        """As an operator would; its roles end with it."""
        pids = proc.family(self.child.pid)
        proc.stop([self.child], 20)
        self.wait("its roles' end", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), 20)

    def ended(self):
        return self.child.poll() is not None

    @staticmethod
    def wait(what, condition, seconds):
        """Seldom enough that the waiting is no work of its own."""
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise Failed(f"{what}: not within {seconds} s")
            time.sleep(0.1)
        return value

    def lines(self, since=0):
        with open(self.path("server.log"), "rb") as f:
            f.seek(since)
            return f.read().decode("utf-8", "replace").splitlines()

    def log_size(self):
        return os.path.getsize(self.path("server.log"))

    # --- how it is

    def status(self):
        """None while it does not answer."""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(10)
                s.connect(self.path("casemate.sock"))
                s.sendall(b"json\n")
                return json.loads(b"".join(iter(lambda: s.recv(1 << 16), b"")))
        except (OSError, ValueError):
            return None

    def is_well(self):
        """Every role is up, and every camera plays; the status."""
        now = self.status()
        well = now and all(r["state"] == "running" for r in now["roles"]) and all(c["state"] == "streaming" for c in now["cameras"])
        return now if well else None

    @staticmethod
    def newest(status):
        """Of what goes on all the time: a snapshot's rendition comes and goes."""
        return {(c["name"], r["name"]): r["newest"] or 0 for c in status["cameras"] for r in c["renditions"] if r["name"] != "snapshot"}

    def has_grown(self, *since):
        """Every rendition has newer segments, and there is a newer checkpoint, than in each of those."""
        now = self.status()
        return bool(now) and all(self.is_newer(now, old) for old in since)

    def is_newer(self, now, old):
        new = self.newest(now)
        return all(new.get(key, 0) > n for key, n in self.newest(old).items()) and (now["log"]["checkpoint"] or 0) > (old["log"]["checkpoint"] or 0)

    def begin(self):
        self.run()
        self.wait("every role and camera", self.is_well, 60)
        first = self.wait("a segment of each", lambda: (s := self.status()) and min(self.newest(s).values()) and s["log"]["checkpoint"] and s, 40)
        self.viewing = Viewing(self)
        return first

    def end(self):
        """Stopped, with what `casemate verify` said of its archive, "" when all is good."""
        if self.viewing:
            self.viewing.stop()
        self.halt()
        done = subprocess.run([self.casemate, "verify", self.path("archive"), "--key", self.path("site.key.pub")], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, stdin=subprocess.DEVNULL)
        return "" if done.returncode == 0 else f"exit {done.returncode}: " + " | ".join(done.stdout.splitlines()[-4:])

    # --- who asks

    def ask(self, paths):
        """Each by GET on one connection, new and HTTP/1.1."""
        viewer = server.Viewer(self)
        viewer.link.timeout = 10
        try:
            return [viewer.get(path) for path in paths]
        finally:
            viewer.close()

    def newest_path(self, rendition):
        n = self.newest(self.status() or {"cameras": []}).get((self.names[0], rendition))
        return f"/live/{self.names[0]}/{rendition}/{n}.m4s"

    def answers(self):
        try:
            self.ask([self.newest_path("copy"), self.newest_path("small")])
            return True
        except (OSError, Failed, server.http.client.HTTPException):
            return False


class Viewing(threading.Thread):
    """Asks for what a player asks for, over and over; what becomes of it is not looked at here."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.over = site, threading.Event()
        self.start()

    def by_http2(self, paths):
        s = self.site
        subprocess.run(["curl", "-s", "--max-time", "10", "--http2", "--cacert", s.path("tls.crt"), "-K", s.path("curlrc"), "-o", "/dev/null",
                        *(f"https://127.0.0.1:{s.port}{path}" for path in paths)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def run(self):
        rounds = 0
        while not self.over.wait(0.25):
            camera = self.site.names[0]
            paths = [f"/live/{camera}/small/index.m3u8", self.site.newest_path("copy")]
            if rounds % 4 == 0:
                paths.append(f"/live/{camera}/snapshot.jpg")
            try:
                if rounds % 2:
                    self.by_http2(paths)
                else:
                    self.site.ask(paths)
            except (OSError, Failed, server.http.client.HTTPException):
                pass
            rounds += 1

    def stop(self):
        self.over.set()
        self.join()


def make_clip(path):
    proc.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *CLIP, path], 120)
