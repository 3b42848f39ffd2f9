# SPDX-License-Identifier: GPL-2.0-or-later
"""casemate as it is run: a site of its own in a scratch folder, test cameras, and a viewer by HTTPS."""
import base64
import http.client
import json
import os
import re
import secrets
import socket
import ssl
import time

import proc
from proc import Failed

USER = "bench"
SMALL = {"name": "360p", "width": 640, "height": 360, "bitrate_bps": 600_000}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cameras:
    """`casemate camera`: count cameras that show one file (or, without one, the built-in scene)."""

    def __init__(self, casemate, folder, clip, count):
        self.log = open(os.path.join(folder, "camera.log"), "ab")
        out = os.path.join(folder, f"camera-{secrets.token_hex(4)}.out")
        command = [casemate, "camera", "--listen", "127.0.0.1:0", "--count", str(count)] + ([clip] if clip else ["--no-sound"])
        with open(out, "wb") as f:
            self.child = proc.start(command, self.log, stdout=f)
        self.urls = proc.wait_for("the test camera's addresses", lambda: self.printed(out, count), 20, [self.child])

    @staticmethod
    def printed(path, count):
        urls = [word for word in proc.read(path).split() if word.startswith("rtsp://")]
        return urls[:count] if len(urls) >= count else None

    def stop(self):
        proc.stop([self.child])
        self.log.close()


class Server:
    """A site, and `casemate run` on it. encode: True for a small rendition, or a list of renditions.

    Nobody looks at the pictures of cameras that are only recorded: workers who come and go would be no part of what is counted."""

    def __init__(self, casemate, folder, urls, encode=False, serve=1, transport=None, max_size="2 GB", rtsps=False):
        self.casemate, self.folder, self.urls = casemate, folder, urls
        self.names = [f"cam{i + 1}" for i in range(len(urls))]
        self.port = free_port()
        self.rtsps = free_port() if rtsps else None
        self.password = secrets.token_hex(12)
        self.child = self.log = None
        os.makedirs(folder, mode=0o700)
        self.make_keys()
        self.write_site(encode, serve, transport, max_size)

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_keys(self):
        proc.run([self.casemate, "keygen", "bench.example/casemate", "-o", self.path("site.key")])
        proc.run([self.casemate, "keygen", "--tls", "localhost", "127.0.0.1", "-o", self.path("tls")])

    def write_site(self, encode, serve, transport, max_size):
        user = proc.run([self.casemate, "passwd", USER], input=self.password + "\n")
        renditions = [SMALL] if encode is True else encode or []
        encoded = "\n    renditions:" if renditions else ""
        for r in renditions:
            encoded += f"\n      {r['name']}: {{size: {r['width']}x{r['height']}, bitrate: {r['bitrate_bps'] // 1000} kb/s}}"
        way = f"\n    transport: {transport}" if transport else ""
        rtsps = f"rtsps: 127.0.0.1:{self.rtsps}\n" if self.rtsps else ""
        cameras = "\n".join(f"  {name}:\n    source: {url}{way}{encoded}" for name, url in zip(self.names, self.urls))
        with open(self.path("site.yaml"), "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(f"site: bench.example/casemate\nlisten: 127.0.0.1:{self.port}\n{rtsps}tls: {{certificate: tls.crt, key: tls.key}}\nkey: site.key\n"
                    f"archive: {{path: archive, max_size: {max_size}}}\nprocesses: {{serve: {serve}, ingest: 1}}\nalarms: {{scene: 0 s}}\nusers:\n{user}cameras:\n{cameras}\n")
        proc.run([self.casemate, "check", "-c", self.path("site.yaml")])

    def start(self):
        """Does not wait: time.monotonic() just before."""
        self.log = open(self.path("server.log"), "ab")
        begun = time.monotonic()
        self.child = proc.start([self.casemate, "run", "-c", self.path("site.yaml")], self.log)
        return begun

    def stop(self):
        proc.stop([self.child])
        self.log.close()

    def status(self):
        """None while it does not answer yet."""
        try:
            return json.loads(proc.run([self.casemate, "status", "-s", self.path("casemate.sock"), "--json"], seconds=10))
        except (Failed, ValueError):
            return None

    def authorization(self):
        return "Basic " + base64.b64encode(f"{USER}:{self.password}".encode()).decode()

    def rtsp_url(self, camera):
        return f"rtsps://{USER}:{self.password}@127.0.0.1:{self.rtsps}/{camera}/copy"

    def viewer(self):
        return Viewer(self)

    def is_steady(self, segments):
        """Whether every rendition of every camera has so many segments; the status."""
        status = self.status()
        if not status or len(status["cameras"]) != len(self.names):
            return None
        wanted = [r for camera in status["cameras"] for r in camera["renditions"] if r["name"] != "audio"]
        return status if all(r["newest"] >= segments for r in wanted) else None

    def wait_steady(self, segments, seconds=60):
        return proc.wait_for(f"segment {segments} of every camera", lambda: self.is_steady(segments), seconds, [self.child])


class Viewer:
    """One connection, kept; the certificate is checked."""

    def __init__(self, server):
        self.server = server
        self.tls = ssl.create_default_context(cafile=server.path("tls.crt"))
        self.link = http.client.HTTPSConnection("127.0.0.1", server.port, context=self.tls, timeout=20)

    def get(self, path):
        """Body of a 200."""
        self.link.request("GET", path, headers={"Authorization": self.server.authorization()})
        answer = self.link.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise Failed(f"GET {path}: {answer.status} {answer.reason}")
        return body

    def connect(self, until):
        """As soon as the server listens."""
        while True:
            try:
                self.link.connect()
                return
            except ConnectionError:
                if time.monotonic() > until:
                    raise Failed("nothing listens for viewers")
                time.sleep(0.002)

    def playlist(self, camera, rendition):
        """Name of the init segment, and (name, seconds) of each segment that a media playlist lists (RFC 8216)."""
        text = self.get(f"/live/{camera}/{rendition}/index.m3u8").decode()
        init = re.search('#EXT-X-MAP:URI="([^"]+)"', text)
        segments = [(name, float(s)) for s, name in re.findall(r"#EXTINF:([0-9.]+),\n(.+)", text)]
        if not init or not segments:
            raise Failed(f"a playlist of {camera}'s {rendition} without segments")
        return init.group(1), segments

    def bit_rate(self, camera, rendition):
        """Of what is listed, but for the first: it may be an epoch's short one."""
        _, segments = self.playlist(camera, rendition)
        size = sum(len(self.get(f"/live/{camera}/{rendition}/{name}")) for name, _ in segments[1:])
        return size * 8 / sum(s for _, s in segments[1:])

    def cipher(self):
        return self.link.sock.cipher()[0], self.link.sock.version()

    def close(self):
        self.link.close()
