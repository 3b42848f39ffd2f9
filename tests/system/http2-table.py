#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""http2-table.py PORT CA USER:PASSWORD: frames that no client should send, and what each gets: a line "ok NAME" or "not ok NAME: WHY"."""
import base64
import socket
import ssl
import struct
import sys

port, ca, login = int(sys.argv[1]), sys.argv[2], sys.argv[3]
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PROTOCOL, FLOW, STREAM_CLOSED, FRAME_SIZE, REFUSED, CALM, COMPRESSION = 1, 3, 5, 6, 7, 11, 9


def frame(kind, flags=0, stream=0, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def literal(name, value):
    """HPACK: never indexed, a new name, no Huffman code."""
    def text(s):
        n = len(s)
        if n < 127:
            return bytes([n]) + s
        out, n = bytes([127]), n - 127
        while n >= 128:
            out, n = out + bytes([n % 128 + 128]), n // 128
        return out + bytes([n]) + s
    return b"\x10" + text(name) + text(value)


def head(*fields, method=b"GET", path=b"/login", authority=b"localhost", scheme=b"https"):
    first = [(b":method", method), (b":scheme", scheme), (b":path", path), (b":authority", authority)]
    return b"".join(literal(n, v) for n, v in first + list(fields) if v is not None)


class Closed(Exception):
    pass


class Client:
    def __init__(self, settings=b""):
        context = ssl.create_default_context(cafile=ca)
        context.set_alpn_protocols(["h2"])
        self.s = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60), server_hostname="localhost")
        assert self.s.selected_alpn_protocol() == "h2"
        self.send(PREFACE + frame(SETTINGS, body=settings))

    def send(self, data):
        try:
            self.s.sendall(data)
        except (OSError, ssl.SSLError):
            pass  # what the server said before it closed is still read

    def exactly(self, n):
        out = b""
        while len(out) < n:
            try:
                more = self.s.recv(n - len(out))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed
            out += more
        return out

    def next(self):
        h = self.exactly(9)
        return h[3], h[4], struct.unpack(">I", h[5:])[0] & 0x7FFFFFFF, self.exactly(int.from_bytes(h[:3], "big"))

    def end(self):
        """What becomes of the connection: ("goaway", code), ("reset", stream, code), ("answer", stream) or ("closed",)."""
        try:
            while True:
                kind, flags, stream, body = self.next()
                if kind == GOAWAY:
                    return "goaway", struct.unpack(">I", body[4:8])[0]
                if kind == RST:
                    return "reset", stream, struct.unpack(">I", body)[0]
                if kind == HEADERS:
                    return "answer", stream
        except TimeoutError:
            return ("nothing, for two minutes",)
        except (Closed, OSError):
            return ("closed",)


def table():
    ask = frame(HEADERS, 5, 1, head())
    goaway = lambda code: ("goaway", code)
    settings = lambda k, v: struct.pack(">HI", k, v)
    yield "a request", ask, ("answer", 1)
    yield "an unknown frame is no harm", frame(0x42, 0, 0, b"x" * 50) + ask, ("answer", 1)
    yield "DATA on no stream", frame(DATA, 0, 0, b"x"), goaway(PROTOCOL)
    yield "DATA on a stream that is idle", frame(DATA, 0, 1, b"x"), goaway(PROTOCOL)
    yield "HEADERS on no stream", frame(HEADERS, 5, 0, head()), goaway(PROTOCOL)
    yield "HEADERS on an even stream", frame(HEADERS, 5, 2, head()), goaway(PROTOCOL)
    yield "RST_STREAM of a wrong size", frame(RST, 0, 1, b"xx"), goaway(FRAME_SIZE)
    yield "RST_STREAM on an idle stream", frame(RST, 0, 1, b"\0\0\0\0"), goaway(PROTOCOL)
    yield "SETTINGS of a wrong size", frame(SETTINGS, 0, 0, b"xxxxx"), goaway(FRAME_SIZE)
    yield "SETTINGS on a stream", frame(SETTINGS, 0, 1), goaway(PROTOCOL)
    yield "SETTINGS: a window too large", frame(SETTINGS, 0, 0, settings(4, 1 << 31)), goaway(FLOW)
    yield "SETTINGS: a frame size too small", frame(SETTINGS, 0, 0, settings(5, 1)), goaway(PROTOCOL)
    yield "PUSH_PROMISE from a client", frame(PUSH, 4, 1, b"\0\0\0\2"), goaway(PROTOCOL)
    yield "PING of a wrong size", frame(PING, 0, 0, b"x"), goaway(FRAME_SIZE)
    yield "PING on a stream", frame(PING, 0, 1, b"12345678"), goaway(PROTOCOL)
    yield "GOAWAY of a wrong size", frame(GOAWAY, 0, 0, b"x"), goaway(FRAME_SIZE)
    yield "WINDOW_UPDATE by nothing", frame(WINDOW, 0, 0, b"\0\0\0\0"), goaway(PROTOCOL)
    yield "WINDOW_UPDATE by too much", frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff"), goaway(FLOW)
    yield "CONTINUATION of nothing", frame(CONTINUATION, 4, 1, head()), goaway(PROTOCOL)
    yield "HEADERS and then something else than CONTINUATION", frame(HEADERS, 1, 1, head()) + frame(PING, 0, 0, b"12345678"), goaway(PROTOCOL)
    yield "a frame that is too large", frame(DATA, 0, 0, b"x" * 16385), goaway(FRAME_SIZE)
    yield "HPACK: an index that there is not", frame(HEADERS, 5, 1, b"\xff\xff\x03"), goaway(COMPRESSION)
    yield "padding longer than its frame", frame(HEADERS, 13, 1, b"\xff" + head()), goaway(PROTOCOL)
    for name, bad in (
            ("a field in capitals", head((b"X-Name", b"x"))), ("Connection", head((b"connection", b"close"))),
            ("Transfer-Encoding", head((b"transfer-encoding", b"chunked"))), ("no path", head(path=None)), ("an empty path", head(path=b"")),
            ("no method", head(method=None)), ("a method twice", head((b":method", b"GET"))),
            ("a pseudo-header field behind another", head((b"x", b"y"), (b":path", b"/"))), ("an unknown pseudo-header field", head((b":x", b"y"))),
            ("a line end in a value", head((b"x", b"y\r\nz: w"))), ("a NUL in a value", head((b"x", b"y\0z"))),
            ("Content-Length twice", head((b"content-length", b"0"), (b"content-length", b"1"))), ("an authority that is none", head(authority=b"a b"))):
        yield name, frame(HEADERS, 5, 1, bad), ("reset", 1, PROTOCOL)
    yield "a body that is not what Content-Length said", frame(HEADERS, 4, 1, head((b"content-length", b"9"), method=b"POST")) + frame(DATA, 1, 1, b"x"), \
        ("reset", 1, PROTOCOL)
    flood = 20000
    yield "rapid reset", b"".join(frame(HEADERS, 5, 2 * i + 1, head()) + frame(RST, 0, 2 * i + 1, b"\0\0\0\x08") for i in range(5000)), goaway(CALM)
    yield "a flood of PING", frame(PING, 0, 0, b"12345678") * flood, goaway(CALM)
    yield "a flood of SETTINGS", frame(SETTINGS) * flood, goaway(CALM)
    yield "a flood of PRIORITY", frame(PRIORITY, 0, 3, b"\0\0\0\0\x10") * flood, goaway(CALM)
    yield "a flood of WINDOW_UPDATE", frame(WINDOW, 0, 0, b"\0\0\0\1") * flood, goaway(CALM)
    yield "a flood of empty DATA", frame(HEADERS, 4, 1, head((b"content-length", b"9"), method=b"POST")) + frame(DATA, 0, 1) * flood, goaway(CALM)
    yield "a flood of CONTINUATION", frame(HEADERS, 1, 1, head()) + frame(CONTINUATION, 0, 1, literal(b"x", b"y")) * flood, ("closed",)
    yield "a head that is too large, and no attack", frame(HEADERS, 5, 1, head(*[(b"x%d" % i, b"y" * 2000) for i in range(8)])), ("answer", 1)
    # One entry of 4000 bytes in the table, and then named again and again: each byte more is 4000.
    bomb = head() + b"\x40\x01x\x7f\xa1\x1e" + b"y" * 4000
    yield "an HPACK bomb", frame(HEADERS, 5, 1, bomb + b"\xbe" * 12000), goaway(CALM)


def check(name, sent, want):
    c = Client()
    c.send(sent)
    got = c.end()
    while want and want[0] == "goaway" and got[0] in ("reset", "answer"):
        got = c.end()
    return got == want, got


def too_many():
    """A stream more than may be at once is refused, and the others go on."""
    c = Client()
    c.send(b"".join(frame(HEADERS, 4, 2 * i + 1, head((b"content-length", b"1"), method=b"POST")) for i in range(65)))
    got = c.end()
    return got == ("reset", 129, REFUSED), got


def known():
    """Frames on the way, a user's: a PING in the middle of bodies is answered, too."""
    c = Client()
    basic = b"Basic " + base64.b64encode(login.encode())
    c.send(frame(HEADERS, 5, 1, head((b"authorization", basic), path=b"/api/site")) + frame(PING, 0, 0, b"12345678"))
    seen = set()
    while seen != {"answer", "ping"}:
        kind, flags, stream, body = c.next()
        seen |= {"answer"} if kind == DATA and flags & 1 else {"ping"} if kind == PING and flags & 1 and body == b"12345678" else set()
    return True, seen


def main():
    for name, sent, want in table():
        good, got = check(name, sent, want)
        print(f"ok {name}" if good else f"not ok {name}: {got} and not {want}", flush=True)
    for test in (too_many, known):
        good, got = test()
        print(f"ok {test.__doc__}" if good else f"not ok {test.__doc__} {got}", flush=True)


if __name__ == "__main__":
    main()
