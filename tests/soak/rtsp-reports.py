#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A viewer inside TLS who looks at the clock alone: each sender report of the first track against the moment it came, and against the
packets' timestamps.

usage: rtsp-reports.py PORT CA.crt USER:PASSWORD CAMERA SECONDS
Prints a line a report: seconds since the first; milliseconds from its wall clock to its arrival; the same from the wall clock that its
mapping gives to the newest packet before it (how old pictures are); milliseconds by which wall clock and timestamps have drifted apart.
"""
import base64
import re
import socket
import ssl
import sys
import time

EPOCH_1900 = 2208988800


class Reader:
    def __init__(self, port, ca):
        s = socket.create_connection(('127.0.0.1', port), 60)
        self.s = ssl.create_default_context(cafile=ca).wrap_socket(s, server_hostname='localhost')
        self.buf = b''

    def take(self, n):
        while len(self.buf) < n:
            data = self.s.recv(65536)
            if not data:
                raise EOFError('the server ended it')
            self.buf += data
        part, self.buf = self.buf[:n], self.buf[n:]
        return part

    def answer(self):
        while b'\r\n\r\n' not in self.buf:
            self.buf += self.s.recv(65536)
        head, self.buf = self.buf.split(b'\r\n\r\n', 1)
        head = head.decode()
        length = re.search(r'(?im)^content-length: (\d+)', head)
        self.take(int(length.group(1)) if length else 0)
        if ' 200 ' not in head:
            raise EOFError(head)
        return head


def main():
    port, ca, user, camera, seconds = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5])
    base, r, session = 'rtsps://127.0.0.1:%d/%s/copy' % (port, camera), Reader(port, ca), ''
    login = 'Authorization: Basic %s\r\n' % base64.b64encode(user.encode()).decode()
    for n, (method, uri, more) in enumerate((('DESCRIBE', base, ''), ('SETUP', base + '/track0', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n'), ('PLAY', base, ''))):
        r.s.sendall(('%s %s RTSP/1.0\r\nCSeq: %d\r\n%s%s%s\r\n' % (method, uri, n + 1, login, more, session)).encode())
        got = re.search(r'(?im)^session: ([0-9a-f]+)', r.answer())
        session = 'Session: %s\r\n' % got.group(1) if got else session
    begun, first, newest = time.monotonic(), None, None
    while time.monotonic() - begun < seconds:
        head = r.take(4)
        body, now = r.take(int.from_bytes(head[2:4], 'big')), time.time()
        if head[1] == 0:
            newest = int.from_bytes(body[4:8], 'big')
        elif head[1] == 1 and body[1] == 200:
            wall = int.from_bytes(body[8:12], 'big') - EPOCH_1900 + int.from_bytes(body[12:16], 'big') / 2**32
            stamp = int.from_bytes(body[16:20], 'big')
            first = first or (wall, stamp)
            passed = ((stamp - first[1]) % 2**32) / 90000
            picture = wall + ((newest - stamp + 2**31) % 2**32 - 2**31) / 90000 if newest is not None else now
            print('%.1f %.1f %.1f %.1f' % (wall - first[0], (now - wall) * 1000, (now - picture) * 1000, (wall - first[0] - passed) * 1000), flush=True)


main()
