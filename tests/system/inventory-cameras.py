#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
usage: inventory-cameras.py LOG
Cameras for t-inventory, one port each: they answer as makers do up to DESCRIBE, and have no stream; late asks for a
password at SETUP alone. Prints "NAME PORT" for each and then "ready"; writes "NAME METHOD" to LOG for each request with an Authorization,
and which of them had the right one.
"""
import hashlib
import re
import socketserver
import sys
import threading

HOSTILE = "\x1b]0;x\x07=cmd|'/C calc'!A0,\u202e<script>"
CAMERAS = {
    # name: realm, server, user, password, session name, attributes
    "hik": ("IP Camera(C1234)", None, "admin", "12345", "Media Presentation", ["a=Media_header:MEDIAINFO=494D4B480101"]),
    "kept": ("IP Camera(C1234)", None, "admin", "another", "Media Presentation", ["a=Media_header:MEDIAINFO=494D4B480101"]),
    "late": ("IP Camera(C1234)", None, "anna", "secret", "Media Presentation", ["a=Media_header:MEDIAINFO=494D4B480101"]),
    "board": (None, "H264DVR 1.0", None, None, "RTSP Session", []),
    "hostile": ("=cmd|'/C calc'!A0<script>", HOSTILE, "anna", "secret", HOSTILE, ["a=tool:" + HOSTILE]),
}
log = open(sys.argv[1], "a", buffering=1)


def md5(s):
    return hashlib.md5(s.encode()).hexdigest()


class Camera(socketserver.StreamRequestHandler):
    def right(self, method, header):
        realm, _, user, password = self.server.camera[:4]
        f = dict(re.findall(r'(\w+)="([^"]*)"', header))
        ha1, ha2 = md5(f"{user}:{realm}:{password}"), md5(f"{method}:{f.get('uri', '')}")
        return f.get("username") == user and f.get("response") == md5(f"{ha1}:{f.get('nonce', '')}:{ha2}")

    def answer(self, method, cseq, authorization):
        realm, server, user, _, session, attributes = self.server.camera
        status, extra, body = "200 OK", "", b""
        if authorization:
            good = self.right(method, authorization)
            print(self.server.name, method, "right" if good else "wrong", file=log)
        if method == "OPTIONS":
            extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        elif user and not (authorization and good) and not (self.server.name == "late" and method == "DESCRIBE"):
            status, extra = "401 Unauthorized", f'WWW-Authenticate: Digest realm="{realm}", nonce="0badcafe"\r\n'
        elif method == "DESCRIBE":
            lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", f"s={session}", "t=0 0", *attributes, "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000",
                     "a=fmtp:96 packetization-mode=1", "a=control:1"]
            body = "".join(line + "\r\n" for line in lines).encode()
            extra = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            status = "404 Not Found"
        head = f"RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n" + (f"Server: {server}\r\n" if server else "") + extra + "\r\n"
        self.wfile.write(head.encode() + body)

    def handle(self):
        head = b""
        while line := self.rfile.readline(65536):
            head += line
            if line != b"\r\n":
                continue
            text = head.decode("latin-1")
            head = b""
            cseq = re.search(r"(?mi)^CSeq: *(\d+)", text)
            authorization = re.search(r"(?mi)^Authorization: *(.*?)\r$", text)
            self.answer(text.split(" ")[0], cseq[1] if cseq else "0", authorization and authorization[1])


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


for name, camera in CAMERAS.items():
    server = Server(("127.0.0.1", 0), Camera)
    server.name, server.camera = name, camera
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(name, server.server_address[1], flush=True)
print("ready", flush=True)
threading.Event().wait()
