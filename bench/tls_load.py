# SPDX-License-Identifier: GPL-2.0-or-later
"""Serving by TLS 1.3 beside nginx, one process each on one core, the load on another: bytes that leave, handshakes, and connections at rest."""
import hashlib
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import time

import proc
from camera_load import median
from machine import find
from proc import Failed, say
from server import SMALL, Cameras, Server, free_port

CONNECTIONS = 32
RESTING = 1000      # connections at rest whose memory is weighed
SEGMENTS = 6        # that there are before the camera stops
SUMMARY = "bench-summary "

LUA = """wrk.headers["Authorization"] = "%s"
done = function(summary, latency, requests)
  io.write(string.format('SUMMARY{"requests":%%d,"duration_us":%%d,"bytes":%%d,"connect":%%d,"read":%%d,"write":%%d,"status":%%d,"timeout":%%d,"p50_us":%%d,"p99_us":%%d}\\n',
    summary.requests, summary.duration, summary.bytes, summary.errors.connect, summary.errors.read, summary.errors.write,
    summary.errors.status, summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
""".replace("SUMMARY", SUMMARY)

NGINX = """daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
{user}{affinity}
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000; keepalive_timeout 300; ssl_session_cache off; ssl_session_tickets off; types {{ video/mp4 m4s mp4; application/vnd.apple.mpegurl m3u8; }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{port} ssl http2; root {folder}/files;
    ssl_certificate {site}/tls.crt; ssl_certificate_key {site}/tls.key;
    ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites {cipher};
  }}
}}
"""


def cores():
    """One for who serves and one for the load; None: there is but one, and they share it."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else None


def pin(pid, core):
    """All threads that there are."""
    if core is not None:
        for task in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(task), {core})


def wrk(url, script, seconds, core):
    command = [find("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, url]
    out = proc.run((["taskset", "-c", str(core)] if core is not None else []) + command, seconds=seconds + 30)
    found = re.search(f"^{SUMMARY}(.*)$", out, re.M)
    if not found:
        raise Failed(f"wrk said nothing: {out.strip().splitlines()[-1:]}")
    s = json.loads(found.group(1))
    bad = {key: s[key] for key in ("connect", "read", "write", "status", "timeout") if s[key]}
    if bad or not s["requests"]:
        raise Failed(f"wrk {url}: {s['requests']} answers, errors: {bad}")
    return s


def h2load(url, authorization, seconds, core):
    """HTTP/2, one stream at a time on each connection, so that as much is under way as with wrk. What is under way at the end counts as neither done nor failed."""
    command = [find("h2load"), "-t1", f"-c{CONNECTIONS}", "-m1", f"-D{seconds}", "-H", f"authorization: {authorization}", url]
    out = proc.run((["taskset", "-c", str(core)] if core is not None else []) + command, seconds=seconds + 30)
    done, failed, errored, timeout = (int((re.search(rf"^requests: .*?(\d+) {word}", out, re.M) or [0, -1])[1]) for word in ("succeeded", "failed", "errored", "timeout"))
    sent = re.search(r"^traffic: .*? \((\d+)\) total", out, re.M)
    if "Application protocol: h2\n" not in out or done <= 0 or failed or errored or timeout or not sent:
        raise Failed(f"h2load {url}: {done} answers, {failed} failed, {errored} errors, {timeout} too late")
    return {"requests": done, "duration_us": seconds * 1e6, "bytes": int(sent[1])}


def sample(load, pid):
    before = proc.cpu_s(pid)
    s = load()
    cpu = proc.cpu_s(pid) - before
    return {"per_s": s["requests"] / s["duration_us"] * 1e6, "bytes_per_s": s["bytes"] / s["duration_us"] * 1e6, "cpu_us_per_request": cpu / s["requests"] * 1e6,
            **{key: s[key] for key in ("p50_us", "p99_us") if key in s}}


def in_turns(what, sides, load, args):
    """sides: address and process of each. load: asks an address for so many seconds."""
    for url, _ in sides.values():
        load(url, 1)
    rounds = []
    for i in range(args.rounds):
        say(f"{what} to {CONNECTIONS} connections, round {i + 1} of {args.rounds}")
        rounds.append({who: sample(lambda url=url: load(url, args.wrk_seconds), p) for who, (url, p) in sides.items()})
    return {**{key: {who: median([r[who][key] for r in rounds]) for who in sides} | {
        "ratio": median([r["casemate"][key] / r["nginx"][key] for r in rounds])} for key in ("per_s", "cpu_us_per_request")}, "rounds": rounds}


class Nginx:
    def __init__(self, folder, server, cipher, core):
        self.folder, self.port = folder, free_port()
        self.files = os.path.join(folder, "files")
        os.makedirs(self.files)
        # Its worker leaves root for a user that may not look into this folder.
        conf = NGINX.format(folder=folder, site=server.folder, port=self.port, cipher=cipher, user="user root;\n" if os.geteuid() == 0 else "",
                            affinity=f"worker_cpu_affinity {1 << core:b};" if core is not None else "")
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as f:
            f.write(conf)
        self.log = open(os.path.join(folder, "nginx.out"), "ab")
        self.child = proc.start([find("nginx"), "-c", path, "-e", os.path.join(folder, "nginx.log"), "-p", folder], self.log)
        self.worker = proc.wait_for("nginx's worker", lambda: (proc.family(self.child.pid)[1:] or [None])[0], 10, [self.child])

    def stop(self):
        proc.stop([self.child])
        self.log.close()


def nginx_get(nginx, server, name):
    link = http.client.HTTPSConnection("127.0.0.1", nginx.port, context=ssl.create_default_context(cafile=server.path("tls.crt")), timeout=10)
    link.request("GET", "/" + name)
    body = link.getresponse().read()
    shown = link.sock.cipher()[0], link.sock.version()
    link.close()
    return body, shown


def speaks_http2(server):
    """Not every casemate that --build may name does."""
    context = ssl.create_default_context(cafile=server.path("tls.crt"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", server.port), 10) as link, context.wrap_socket(link, server_hostname="127.0.0.1") as tls:
        return tls.selected_alpn_protocol() == "h2"


def serve_pid(server):
    status = server.status()
    return next(role["pid"] for role in status["roles"] if role["role"] == "serve")


def choose(server):
    """What is asked for, each with its bytes: a copy segment of 1 MB, one of the small rendition, a playlist, an init segment."""
    viewer = server.viewer()
    init, segments = viewer.playlist(server.names[0], "copy")
    _, small = viewer.playlist(server.names[0], SMALL["name"])
    paths = {"segment": ("copy", segments[-2][0]), "small": (SMALL["name"], small[-2][0]), "playlist": ("copy", "index.m3u8"), "init": ("copy", init)}
    chosen = {}
    for what, (rendition, name) in paths.items():
        path = f"/live/{server.names[0]}/{rendition}/{name}"
        chosen[what] = (path, viewer.get(path))
    cipher = viewer.cipher()
    viewer.close()
    return chosen, cipher


def pairs(server, nginx, chosen, cipher, scratch, args):
    core = cores()
    pid, script = serve_pid(server), os.path.join(scratch, "wrk.lua")
    pin(pid, core and core[0])
    with open(script, "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
        f.write(LUA % server.authorization())
    result, http2, with_http2 = {}, {}, speaks_http2(server)
    for what, (path, body) in chosen.items():
        name = "index.m3u8" if what == "playlist" else f"{what}.m4s"
        with open(os.path.join(nginx.files, name), "wb") as f:
            f.write(body)
        theirs, shown = nginx_get(nginx, server, name)
        if hashlib.sha256(theirs).digest() != hashlib.sha256(body).digest() or shown != cipher:
            raise Failed(f"nginx does not do the same: {len(theirs)} bytes by {shown}, casemate {len(body)} by {cipher}")
        sides = {"casemate": (f"https://127.0.0.1:{server.port}{path}", pid), "nginx": (f"https://127.0.0.1:{nginx.port}/{name}", nginx.worker)}
        result[what] = {"bytes": len(body), **in_turns(f"{len(body)} bytes by TLS", sides, lambda url, seconds: wrk(url, script, seconds, core and core[1]), args)}
        if with_http2:
            http2[what] = {"bytes": len(body), **in_turns(f"{len(body)} bytes by HTTP/2", sides,
                                                          lambda url, seconds: h2load(url, server.authorization(), seconds, core and core[1]), args)}
    return result, http2


def build(casemate):
    folder = os.path.dirname(casemate)
    proc.run(["make", "-C", folder, "bench/viewers"], seconds=900)
    return os.path.join(folder, "bench", "viewers")


def viewers(program, what, core, *arguments):
    return (["taskset", "-c", str(core[1])] if core else []) + [program, what, *arguments]


def shake(program, port, pid, seconds, core):
    """Full handshakes, nothing is resumed. A client's handshake costs more than a server's, so the CPU of the server is what tells."""
    before = proc.cpu_s(pid)
    s = json.loads(proc.run(viewers(program, "handshakes", core, "--seconds", str(seconds), "--connections", str(CONNECTIONS), f"127.0.0.1:{port}"), seconds=seconds + 30))
    cpu = proc.cpu_s(pid) - before
    if s["broken"] or not s["opened"]:
        raise Failed(f"handshakes: {s['opened']}, broken: {s['broken']} ({s['why']})")
    return {"per_s": s["opened"] / s["seconds"], "per_cpu_s": s["opened"] / cpu, "cpu_us": cpu / s["opened"] * 1e6, "client_cpu_percent": s["cpu_percent"]}


def anonymous_bytes(pid):
    return sum(int(kib) << 10 for kib in re.findall(r"RssAnon:\s*(\d+)", proc.read(f"/proc/{pid}/status")))


def rest(program, url_path, script, port, pid, core):
    """What a connection costs that has asked for something once, and then says nothing: more memory than before any of them came."""
    before = anonymous_bytes(pid)
    command = viewers(program, "idle", core, "--connections", str(RESTING), "--authorization-file", script, "--path", url_path, f"127.0.0.1:{port}")
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        s = json.loads(child.stdout.readline() or "{}")
        if s.get("answered") != RESTING or s["broken"]:
            raise Failed(f"of {RESTING} connections at rest {s.get('answered')} were answered ({s.get('why')})")
        time.sleep(4)  # buffers of those who rest are given back within some seconds
        return (anonymous_bytes(pid) - before) / RESTING
    finally:
        child.stdin.close()
        child.wait(30)


def connections(server, nginx, chosen, scratch, casemate, args):
    """Handshakes and memory, in turns as well. nginx has what it allocates for connections at its start already, which does not count."""
    core, program, pid, path = cores(), build(casemate), serve_pid(server), chosen["init"][0]
    script = os.path.join(scratch, "authorization")
    with open(script, "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
        f.write(server.authorization() + "\n")
    sides = {"casemate": (server.port, pid, path), "nginx": (nginx.port, nginx.worker, "/init.m4s")}
    rounds, resting = [], {}
    for i in range(args.rounds):
        say(f"handshakes, round {i + 1} of {args.rounds}")
        rounds.append({who: shake(program, port, p, args.wrk_seconds, core) for who, (port, p, _) in sides.items()})
    for who, (port, p, path) in sides.items():
        say(f"{RESTING} connections at rest, {who}")
        resting[who] = rest(program, path, script, port, p, core)
    handshake = {key: {who: median([r[who][key] for r in rounds]) for who in sides} | {"ratio": median([r["casemate"][key] / r["nginx"][key] for r in rounds])}
                 for key in ("per_s", "per_cpu_s", "cpu_us")}
    return {"handshake": handshake | {"rounds": rounds}, "rest_bytes": resting | {"ratio": resting["casemate"] / resting["nginx"], "connections": RESTING}}


def measure(casemate, clip, scratch, args):
    core = cores()
    cameras = Cameras(casemate, scratch, clip, 1)
    server = Server(casemate, os.path.join(scratch, "site"), cameras.urls, encode=True, serve=1)
    server.start()
    nginx = None
    try:
        say("waiting for some segments")
        server.wait_steady(SEGMENTS)
        cameras.stop()  # what there is now stays in memory, and nothing else is to be done
        time.sleep(1)
        chosen, cipher = choose(server)
        nginx = Nginx(os.path.join(scratch, "nginx"), server, cipher[0], core and core[0])
        result, http2 = pairs(server, nginx, chosen, cipher, scratch, args)
        result_connections = connections(server, nginx, chosen, scratch, casemate, args)
    finally:
        server.stop()
        if nginx:
            nginx.stop()
    return {"connections": CONNECTIONS, "cipher": cipher[0], "version": cipher[1], "cores": core, "bodies": result, "http2": http2, **result_connections,
            "nginx": proc.run(["sh", "-c", '"$0" -v 2>&1', find("nginx")]).strip()}
