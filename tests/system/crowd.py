#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A crowd at the door: thousands of viewers who say nothing, who send their request a byte at a time, who ask and do not read; each few
of them from an address of their own in 127/8. Beside them one viewer who asks for what a player asks for, and is timed with and without them.
So many in a hundred of them speak HTTP/2.

usage: crowd.py PORT CA.crt USER:PASSWORD CONNECTIONS PID[,PID…] HTTP2   (of the serves; prints `ok NAME`, `not ok NAME: what was seen`, `# note`)
"""
import base64
import re
import resource
import select
import socket
import ssl
import struct
import sys
import threading
import time

PORT, CA, USER, CROWD = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
PIDS = [int(p) for p in sys.argv[5].split(',')]
HTTP2 = int(sys.argv[6])
PER_ADDRESS = 256 * len(PIDS)    # each serve has its own count
BOUND_BYTES = 48 << 10           # of serve's memory, for a connection at rest
BOUND_ELSEWHERE_BYTES = 256 << 10  # of stacks and libraries' data
BOUND_BUSY_BYTES = 96 << 10      # for one with a request that is not whole
REFRESH_S = 25                   # who is at rest for 60 s is sent away
PATIENCE_S = 120
WORKERS = 6
SLOW, DRIP, SILENT = 100, 500, 400
SAME = PER_ADDRESS * 3 // 2      # however the kernel spreads them, each serve gets more than it takes
LOGIN = b'GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n'
AUTHORIZATION = b'Authorization: Basic ' + base64.b64encode(USER.encode()) + b'\r\n'
context = ssl.create_default_context(cafile=CA)
context2 = ssl.create_default_context(cafile=CA)
context2.set_alpn_protocols(['h2'])
say_lock = threading.Lock()


def say(line):
    with say_lock:
        print(line, flush=True)


def check(name, wrong):
    say('not ok %s: %s' % (name, wrong) if wrong else 'ok ' + name)


def get(path):
    return b'GET ' + path + b' HTTP/1.1\r\nHost: localhost\r\n' + AUTHORIZATION + b'\r\n'


def tcp(address, receive_bytes=0):
    s = socket.socket()
    if receive_bytes:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    s.settimeout(PATIENCE_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.bind((address, 0))
    s.connect(('127.0.0.1', PORT))
    return s


def secure(s):
    return context.wrap_socket(s, server_hostname='localhost')


def secure_as(i, s, wide=False):
    """The i-th of a crowd."""
    return Http2(s, wide) if i % 100 < HTTP2 else secure(s)


def frame(kind, flags=0, stream=0, body=b''):
    return struct.pack('>I', len(body))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + body


def field(name, value):
    """HPACK: never indexed, a new name, no Huffman code; both shorter than 127 bytes."""
    return b'\x10' + bytes([len(name)]) + name + bytes([len(value)]) + value


DATA, HEADERS, SETTINGS, GOAWAY, WINDOW = 0, 1, 4, 7, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4
# the largest windows that there are: who does not read is stopped by TCP alone
WIDE = frame(SETTINGS, body=struct.pack('>HI', 4, (1 << 31) - 1)) + frame(WINDOW, body=struct.pack('>I', (1 << 31) - 65536))


class Http2:
    """A connection whose end of the settings is settled; else as a socket."""

    def __init__(self, s, wide):
        self.s = context2.wrap_socket(s, server_hostname='localhost')
        self.stream = 1
        self.s.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + (WIDE if wide else frame(SETTINGS)))
        while self.frame()[:2] != (SETTINGS, ACK):
            pass

    def __getattr__(self, name):
        return getattr(self.s, name)

    def request(self, path, *fields, method=b'GET', flags=END_STREAM | END_HEADERS):
        head = b''.join(field(*f) for f in ((b':method', method), (b':scheme', b'https'), (b':path', path), (b':authority', b'localhost')) + fields)
        self.stream += 2
        return frame(HEADERS, flags, self.stream - 2, head)

    def exactly(self, n):
        out = b''
        while len(out) < n:
            got = self.s.recv(n - len(out))
            if not got:
                raise ConnectionError
            out += got
        return out

    def frame(self):
        h = self.exactly(9)
        return h[3], h[4], self.exactly(int.from_bytes(h[:3], 'big'))

    def answer(self):
        """Status of the next answer, its body thrown away; 1 for one that is neither in the static table nor written out."""
        status = 0
        while True:
            kind, flags, body = self.frame()
            if kind == GOAWAY:
                return 0
            if kind == HEADERS:
                status = 200 if body[0] == 0x88 else int(body[2:5]) if body[2:5].isdigit() else 1
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                return status


def answer(s):
    """Status of the next answer, its body thrown away; 0 when the connection ends."""
    if isinstance(s, Http2):
        return s.answer()
    data = b''
    while b'\r\n\r\n' not in data:
        got = s.recv(65536)
        if not got:
            return 0
        data += got
    head, rest = data.split(b'\r\n\r\n', 1)
    left = int(re.search(rb'\r\nContent-Length: (\d+)', head).group(1)) - len(rest)
    while left > 0:
        got = s.recv(65536)
        if not got:
            return 0
        left -= len(got)
    return int(head[9:12])


def address_of(i):
    return '127.%d.%d.%d' % (80 + i // 62500, i // 250 % 250, i % 250 + 1)


def anonymous_bytes():
    """Memory of the serves that is theirs: not the segments that they share with store."""
    n = 0
    for pid in PIDS:
        with open('/proc/%d/status' % pid) as f:
            n += sum(int(kib) << 10 for kib in re.findall(r'(?:RssAnon|VmSwap):\s*(\d+)', f.read()))
    return n


def asked_for():
    """What the serves' heaps have of the kernel, touched or not; and what memory is theirs elsewhere. In bytes."""
    heap = elsewhere = 0
    for pid in PIDS:
        with open('/proc/%d/smaps' % pid) as f:
            for line in f:
                if re.match('[0-9a-f]+-', line):
                    in_heap = line.endswith(' [heap]\n')
                elif in_heap and line.startswith('Size:'):
                    heap += int(line.split()[1]) << 10
                elif not in_heap and line.startswith('Anonymous:'):
                    elsewhere += int(line.split()[1]) << 10
    return heap, elsewhere


def kernel_bytes():
    with open('/proc/net/sockstat') as f:
        return int(re.search(r'TCP: .* mem (\d+)', f.read()).group(1)) * resource.getpagesize()


def at_the_door():
    """Connections that the server has: established, or with an end that it has not seen yet."""
    with open('/proc/net/tcp') as f:
        rows = [line.split() for line in f][1:]
    return sum(r[1].endswith(':%04X' % PORT) and r[3] in ('01', '08') for r in rows)


def in_threads(work, n):
    """work(i) for each i below n."""
    todo, lock = iter(range(n)), threading.Lock()

    def run():
        while True:
            with lock:
                i = next(todo, None)
            if i is None:
                return
            work(i)

    threads = [threading.Thread(target=run) for _ in range(WORKERS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


class Resting:
    """Viewers who have shaken hands, and asked once or not at all, and stay."""

    def __init__(self, n):
        self.s, self.since, self.lost = [None] * n, [0.0] * n, 0
        in_threads(self.begin, n)

    def begin(self, i):
        try:
            self.s[i] = secure_as(i, tcp(address_of(i // 5)))
            self.since[i] = time.monotonic()
            if i % 4 == 0:
                self.ask(i)
        except OSError:
            self.lost += 1
        if i % 250 == 0:
            self.refresh()

    def ask(self, i):
        self.s[i].sendall(self.s[i].request(b'/login') if isinstance(self.s[i], Http2) else LOGIN)
        self.since[i] = time.monotonic()
        if answer(self.s[i]) != 200:
            raise ConnectionError

    def fault(self):
        """All are connected, and one in eight is asked to prove it; None when that is so."""
        gone = sum(not s or not is_connected(s) for s in self.s)
        if gone:
            return '%d are not' % gone
        try:
            for i in range(0, len(self.s), 8):
                self.ask(i)
        except OSError as e:
            return str(e)
        return None

    def refresh(self):
        """Those who would be sent away soon ask for something."""
        late = time.monotonic() - REFRESH_S
        for i, s in enumerate(self.s):
            if s and self.since[i] < late:
                self.since[i] = time.monotonic()
                try:
                    self.ask(i)
                except OSError:
                    self.lost += 1
                    self.s[i] = None
                    s.close()

    def close(self):
        for s in self.s:
            if s:
                s.close()


class Player:
    """Asks for the playlist and the newest segment, again and again, and notes how long that took, in ms."""

    def __init__(self):
        self.s = secure(tcp('127.70.0.1'))
        self.failed = 0
        self.one()  # the password is known from now on

    def one(self):
        began = time.monotonic()
        self.s.sendall(get(b'/live/gate/copy/index.m3u8'))
        data = b''
        while b'\r\n\r\n' not in data or len(data.split(b'\r\n\r\n', 1)[1]) < int(re.search(rb'Content-Length: (\d+)', data).group(1)):
            got = self.s.recv(65536)
            if not got:
                raise ConnectionError
            data += got
        newest = re.findall(rb'\n(\d+\.m4s)', data)[-1]
        self.s.sendall(get(b'/live/gate/copy/' + newest))
        self.failed += answer(self.s) != 200
        return (time.monotonic() - began) * 1000

    def times(self, n):
        took = []
        for _ in range(n):
            took.append(self.one())
            time.sleep(0.02)
        return sorted(took)


def text(times):
    return 'p50 %.1f ms, p99 %.1f ms, longest %.1f ms of %d' % (times[len(times) // 2], times[len(times) * 99 // 100], times[-1], len(times))


def newest_path():
    s = secure(tcp('127.70.0.2'))
    s.sendall(get(b'/live/gate/copy/index.m3u8'))
    data = b''
    while b'\r\n\r\n' not in data or len(data.split(b'\r\n\r\n', 1)[1]) < int(re.search(rb'Content-Length: (\d+)', data).group(1)):
        data += s.recv(65536)
    s.close()
    return b'/live/gate/copy/' + re.findall(rb'\n(\d+\.m4s)', data)[-1]


def known(i):
    """Each serve checks the password once, in 64 MiB of memory: before anything is measured."""
    s = secure(tcp('127.70.0.3'))
    s.sendall(get(b'/api/site'))
    if answer(s) != 200:
        raise ConnectionError
    s.close()


def is_connected(s):
    """By the kernel's word: what was received before a reset can be read after it."""
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1


class Slow:
    """Who asks for sixty segments and reads nothing."""

    def __init__(self, n, path):
        self.s = [None] * n
        self.path = path
        in_threads(self.begin, n)

    def begin(self, i):
        s = self.s[i] = secure_as(i, tcp('127.71.%d.1' % (i // 5), 1), wide=True)
        login = (b'authorization', AUTHORIZATION[15:-2])
        s.sendall(b''.join(s.request(self.path, login) for _ in range(60)) if isinstance(s, Http2) else get(self.path) * 60)

    def left(self):
        return sum(is_connected(s) for s in self.s)


def readable(s):
    p = select.poll()
    p.register(s, select.POLLIN)
    return p.poll(0)


class Drip:
    """Who begins a request and goes on by a byte a second; each is told that this took too long."""

    def __init__(self, n):
        self.s, self.told, self.ended = [None] * n, 0, 0
        in_threads(self.begin, n)

    def begin(self, i):
        s = self.s[i] = secure_as(i, tcp('127.72.%d.1' % (i // 5)))
        if isinstance(s, Http2):
            s.sendall(s.request(b'/login', (b'content-length', b'3500'), method=b'POST', flags=END_HEADERS) + frame(DATA, 0, 1, b'a' * 3000))
        else:
            s.sendall(b'GET /login HTTP/1.1\r\nHost: localhost\r\nX: ' + b'a' * 3000)

    def step(self):
        for i, s in enumerate(self.s):
            if not s:
                continue
            try:
                if readable(s):
                    self.told += answer(s) == 408
                    raise ConnectionError
                s.sendall(frame(DATA, 0, 1, b'a') if isinstance(s, Http2) else b'a')
            except OSError:
                self.ended += 1
                self.s[i] = None
                s.close()


def silent(n):
    return [tcp('127.73.%d.1' % (i // 5)) for i in range(n)]


def same_address():
    """
    One address more than it may: those beyond are closed before a word, and come in again when others have gone. Nobody else
    is there: a few addresses share a counter, and its limit.
    """
    alive = []
    for _ in range(SAME):
        try:
            alive.append(secure(tcp('127.74.0.1')))
        except OSError:
            continue
    check('of %d connections of one address %d live' % (SAME, PER_ADDRESS), None if len(alive) == PER_ADDRESS else '%d do' % len(alive))
    alive.pop().close()
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            alive.append(secure(tcp('127.74.0.1')))
            break
        except OSError:
            time.sleep(0.1)
    check('when one has gone another is let in', None if len(alive) == PER_ADDRESS else 'none is')
    for c in alive:
        c.close()


def until(condition, step=lambda: None):
    deadline = time.monotonic() + PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        step()
        time.sleep(1)
    return condition()


def main():
    began = time.monotonic()
    player = Player()
    alone = player.times(200)
    path = newest_path()
    in_threads(known, 10 * len(PIDS))
    memory, kernel = anonymous_bytes(), kernel_bytes()

    slow = Slow(SLOW, path)
    say('# %d who do not read: %d KiB each in the kernel' % (SLOW, (kernel_bytes() - kernel) / SLOW / 1024))
    before_rest = anonymous_bytes()
    resting = Resting(CROWD - SLOW - DRIP - SILENT)
    resting.refresh()
    n = len(resting.s) - resting.lost
    each = (anonymous_bytes() - before_rest) / n
    check('%d connections at rest' % len(resting.s), None if not resting.lost else '%d were refused' % resting.lost)
    say('# a connection at rest: %.1f KiB; %d of them within %.0f s' % (each / 1024, n, time.monotonic() - began))
    check('a connection at rest takes less than %d KiB' % (BOUND_BYTES >> 10), None if each < BOUND_BYTES else '%d bytes' % each)

    before_busy = anonymous_bytes()
    drip, quiet = Drip(DRIP), silent(SILENT)
    each = (anonymous_bytes() - before_busy) / (DRIP + SILENT)
    say('# a connection with 3 KiB of a request, or none: %.1f KiB' % (each / 1024))
    check('one with a request that is not whole takes less than %d KiB' % (BOUND_BUSY_BYTES >> 10), None if each < BOUND_BUSY_BYTES else '%d bytes' % each)

    stop = threading.Event()

    def go_on():
        while not stop.wait(1):
            drip.step()

    dripping = threading.Thread(target=go_on, daemon=True)
    dripping.start()
    newcomer = Player()
    crowded = newcomer.times(200)
    say('# a playlist and a segment, alone: ' + text(alone))
    say('# and in the crowd: ' + text(crowded))
    check('the player was served every time', None if not player.failed + newcomer.failed else '%d failed' % (player.failed + newcomer.failed))
    check('nothing took him 5 s', None if crowded[-1] < 5000 else text(crowded))
    until(lambda: drip.ended == DRIP, resting.refresh)
    stop.set()
    dripping.join()
    check('%d who drip are told so and closed' % DRIP, None if drip.told == DRIP else '%d were told, %d closed' % (drip.told, drip.ended))
    check('%d who say nothing are closed' % SILENT, None if until(lambda: not any(map(is_connected, quiet)), resting.refresh) else '%d live' % sum(map(is_connected, quiet)))
    resting.refresh()
    check('%d who do not read are closed' % SLOW, None if until(lambda: not slow.left(), resting.refresh) else '%d live' % slow.left())
    check('whoever was at rest is still there, and served', resting.fault())
    peak = anonymous_bytes()
    heap, elsewhere = asked_for()

    # Who leaves has pages touched that nobody had touched before, 1.2 to 1.7 MB of all; but they are the heap's already, and it asks for no more.
    def more():
        now = asked_for()
        return None if now[0] == heap and now[1] <= elsewhere + BOUND_ELSEWHERE_BYTES else '%d bytes of heap more, %d elsewhere' % (now[0] - heap, now[1] - elsewhere)

    resting.close()
    player.s.close()
    newcomer.s.close()
    check('who has gone costs no descriptor', None if until(lambda: not at_the_door()) else '%d connections' % at_the_door())
    same_address()
    check('who comes then asks for no more memory', more())
    until(lambda: not at_the_door())
    again = Resting(len(resting.s))
    check('a second crowd comes', None if not again.lost else '%d were refused' % again.lost)
    check('and takes nothing but the memory of the first', more())
    again.close()
    say('# %.1f MiB at first, %.1f MiB at most, %.0f s' % (memory / (1 << 20), peak / (1 << 20), time.monotonic() - began))


main()
