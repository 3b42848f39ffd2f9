# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: rtsps-watch.py PORT CA CERTIFICATE KEY PATH: watches by RTSP inside TLS, known by a certificate. Says "playing" with the first
packet, and "ended" when the server has ended it; else "refused STATUS". ffmpeg 5.1 cannot show a certificate by RTSP."""
import re
import socket
import ssl
import sys

port, ca, certificate, key, path = sys.argv[1:]
url = f"rtsps://localhost:{port}{path}"


def connect():
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), timeout=120), server_hostname="localhost")


def ask(link, seq, method, where, *more):
    """The head of the answer."""
    link.sendall("".join(f"{line}\r\n" for line in (f"{method} {where} RTSP/1.0", f"CSeq: {seq}", *more, "")).encode())
    got = b""
    while b"\r\n\r\n" not in got:
        some = link.recv(4096)
        if not some:
            raise ConnectionError("ended")
        got += some
    head, rest = got.split(b"\r\n\r\n", 1)
    status = int(head.split()[1])
    if status != 200:
        print("refused", status, flush=True)
        sys.exit(0)
    length = re.search(rb"Content-Length: *(\d+)", head, re.I)
    while length and len(rest) < int(length[1]):
        rest += link.recv(4096)
    return head.decode(), rest


def main():
    link = connect()
    ask(link, 1, "DESCRIBE", url)
    head, _ = ask(link, 2, "SETUP", f"{url}/track1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
    session = re.search(r"Session: *([^;\r]+)", head, re.I)[1]
    _, rest = ask(link, 3, "PLAY", url, f"Session: {session}")
    if not rest:
        rest = link.recv(65536)
    if rest:
        print("playing", flush=True)
    while rest:
        rest = link.recv(65536)


try:
    main()
except (ConnectionError, ssl.SSLError):
    pass
print("ended", flush=True)
