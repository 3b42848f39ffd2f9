#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a viewer may send by RTSP and what he gets, exact bytes through a client of our own: logins by Basic and Digest (reckoned by
hashlib), and what no player would send. Each connection is from an address of its own in 127/8, so that no limit on one address comes of it.

usage: rtsp-table.py RTSPS_PORT RTSP_PORT CA.crt CAMERA HIDDEN_CAMERA USER:PASSWORD...   (prints `ok NAME` or `not ok NAME: what was seen`)
The users: of no Digest, of SHA-256 alone, of MD5 too, and one who may not see HIDDEN_CAMERA and has SHA-256.
"""
import base64
import hashlib
import itertools
import re
import socket
import ssl
import sys
import threading
import traceback

TLS, PLAIN = int(sys.argv[1]), int(sys.argv[2])
CA, CAMERA, HIDDEN = sys.argv[3:6]
NONE, SHA, MD5, FEW = [u.split(':', 1) for u in sys.argv[6:10]]
PATIENCE_S = 90
HASH = {'SHA-256': hashlib.sha256, 'MD5': hashlib.md5}
address = itertools.count(1)
lock = threading.Lock()


class Client:
    def __init__(self, port, own=None):
        with lock:
            n = next(address)
        self.own = own or '127.78.%d.%d' % (n // 250, n % 250 + 1)
        s = socket.socket()
        s.settimeout(PATIENCE_S)
        s.bind((self.own, 0))
        s.connect(('127.0.0.1', port))
        self.s = ssl.create_default_context(cafile=CA).wrap_socket(s, server_hostname='localhost') if port == TLS else s
        self.base = '%s://127.0.0.1:%d/' % ('rtsps' if port == TLS else 'rtsp', port)
        self.buf, self.cseq, self.frames, self.nonce, self.count, self.session = b'', 0, [], None, 0, None

    def send(self, data):
        self.s.sendall(data)

    def more(self):
        data = self.s.recv(65536)
        self.buf += data
        return bool(data)

    def take_frame(self):
        while len(self.buf) < 4 or len(self.buf) < 4 + int.from_bytes(self.buf[2:4], 'big'):
            if not self.more():
                return False
        n = 4 + int.from_bytes(self.buf[2:4], 'big')
        self.frames.append((self.buf[1], self.buf[4:n]))
        self.buf = self.buf[n:]
        return True

    def answer(self):
        """(status, head, body), or (0, '', b'') at the end; frames before it are put aside."""
        while True:
            while not self.buf:
                try:
                    if not self.more():
                        return 0, '', b''
                except (ConnectionResetError, ssl.SSLError):
                    return 0, '', b''
            if self.buf[:1] == b'$':
                if not self.take_frame():
                    return 0, '', b''
                continue
            if b'\r\n\r\n' in self.buf:
                break
            if not self.more():
                return 0, '', b''
        head, self.buf = self.buf.split(b'\r\n\r\n', 1)
        head = head.decode()
        length = re.search(r'(?im)^content-length: (\d+)', head)
        n = int(length.group(1)) if length else 0
        while len(self.buf) < n and self.more():
            pass
        body, self.buf = self.buf[:n], self.buf[n:]
        nonce = re.search(r'nonce="([^"]*)"', head)
        if nonce and nonce.group(1) != self.nonce:
            self.nonce, self.count = nonce.group(1), 0
        session = re.search(r'(?im)^session: ([0-9a-f]+)', head)
        if session:
            self.session = session.group(1)
        return int(head.split(' ')[1]), head, body

    def head(self, method, path, *headers):
        self.cseq += 1
        return ''.join(x + '\r\n' for x in ('%s %s%s RTSP/1.0' % (method, self.base, path), 'CSeq: %d' % self.cseq) + headers).encode() + b'\r\n'

    def ask(self, method, path, *headers):
        self.send(self.head(method, path, *headers))
        return self.answer()

    def digest(self, user, method, path, algorithm='SHA-256', qop=True, count=None, nonce=None, uri=None, realm='test.example/casemate'):
        h = lambda *part: HASH[algorithm](':'.join(part).encode()).hexdigest()
        self.count += 1
        nc, nonce, uri = '%08x' % (count or self.count), nonce or self.nonce, uri or self.base + path
        middle = (nonce, nc, 'c0ffee', 'auth') if qop else (nonce,)
        response = h(h(user[0], realm, user[1]), *middle, h(method, uri))
        value = 'Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s"' % (user[0], realm, nonce, uri, response)
        return value + (', algorithm=' + algorithm if algorithm != 'MD5' or qop else '') + (', qop=auth, nc=%s, cnonce="c0ffee"' % nc if qop else '')

    def ask_as(self, user, method, path, *headers, **how):
        if not self.nonce:
            self.ask('DESCRIBE', CAMERA)
        return self.ask(method, path, self.digest(user, method, path, **how), *headers)

    def set_up(self, user=SHA, track=0, transport='RTP/AVP/TCP;unicast;interleaved=0-1', camera=CAMERA, *headers):
        return self.ask_as(user, 'SETUP', '%s/copy/track%d' % (camera, track), 'Transport: ' + transport, *headers)


def basic(user):
    return 'Authorization: Basic ' + base64.b64encode(':'.join(user).encode()).decode()


def expect(got, want):
    if got != want:
        raise AssertionError('%r in place of %r' % (got, want))


def wants(head, *texts):
    for text in texts:
        if text not in head:
            raise AssertionError('no %r in %r' % (text, head))


# --- who may ---------------------------------------------------------------------------------

def inside_tls_basic_stands_first_and_sha_256_beside_it():
    status, head, _ = Client(TLS).ask('DESCRIBE', CAMERA)
    expect(status, 401)
    expect(head.count('WWW-Authenticate'), 1)
    wants(head, 'WWW-Authenticate: Basic realm=', ', Digest realm="test.example/casemate"', 'algorithm=SHA-256', 'qop="auth"')
    expect('MD5' in head, False)


def inside_tls_a_password_is_taken():
    expect(Client(TLS).ask('DESCRIBE', CAMERA, basic(NONE))[0], 200)


def inside_tls_sha_256_is_taken_and_the_connection_is_his():
    c = Client(TLS)
    status, _, sdp = c.ask_as(SHA, 'DESCRIBE', CAMERA)
    expect(status, 200)
    wants(sdp.decode(), 'm=video', 'a=control:track0')
    expect(c.ask('DESCRIBE', CAMERA)[0], 200)


def inside_tls_md5_is_not_taken_and_basic_is_what_is_left():
    c = Client(TLS)
    status, head, _ = c.ask_as(MD5, 'DESCRIBE', CAMERA, algorithm='MD5', qop=False)
    expect(status, 401)
    expect('Digest' in head, False)
    expect(c.ask('DESCRIBE', CAMERA, basic(MD5))[0], 200)


def in_clear_text_there_is_digest_alone():
    c = Client(PLAIN)
    status, head, _ = c.ask('DESCRIBE', CAMERA)
    expect(status, 401)
    expect(re.findall(r'(?m)^WWW-Authenticate: (\w+) .*algorithm=([A-Z0-9-]+)', head), [('Digest', 'SHA-256'), ('Digest', 'MD5')])
    expect('Basic' in head, False)
    for user in NONE, SHA, MD5:
        expect(c.ask('DESCRIBE', CAMERA, basic(user))[0], 401)


def in_clear_text_sha_256_is_taken_at_every_request():
    c = Client(PLAIN)
    for _ in range(3):
        expect(c.ask_as(SHA, 'DESCRIBE', CAMERA)[0], 200)
        expect(c.ask('DESCRIBE', CAMERA)[0], 401)


def md5_is_taken_of_who_is_allowed_it():
    expect(Client(PLAIN).ask_as(MD5, 'DESCRIBE', CAMERA, algorithm='MD5')[0], 200)
    expect(Client(PLAIN).ask_as(MD5, 'DESCRIBE', CAMERA, algorithm='MD5', qop=False)[0], 200)
    expect(Client(PLAIN).ask_as(MD5, 'DESCRIBE', CAMERA)[0], 200)
    expect(Client(PLAIN).ask_as(SHA, 'DESCRIBE', CAMERA, algorithm='MD5')[0], 401)
    expect(Client(PLAIN).ask_as(NONE, 'DESCRIBE', CAMERA, algorithm='MD5')[0], 401)


def wrong_answers_are_not_taken():
    for how in {'qop': False}, {'uri': 'rtsp://127.0.0.1/other'}, {'realm': 'casemate'}:
        expect(Client(PLAIN).ask_as(SHA, 'DESCRIBE', CAMERA, **how)[0], 401)
    for user in (SHA[0], SHA[1] + 'x'), (NONE[0], NONE[1]), ('nobody', 'x'), ('A b"c', 'x'):
        expect(Client(PLAIN).ask_as(user, 'DESCRIBE', CAMERA)[0], 401)
    for value in 'Digest', 'Digest username="x', 'Digest a=b, Basic c', 'Bearer x', 'Basic !', 'Digest ' + 'x' * 3000, 'Digest username=' + '"\\' * 600 + '"':
        for port in TLS, PLAIN:
            expect(Client(port).ask('DESCRIBE', CAMERA, 'Authorization: ' + value)[0], 401)


def an_answer_is_good_once():
    c = Client(PLAIN)
    expect(c.ask_as(SHA, 'DESCRIBE', CAMERA, count=7)[0], 200)
    for count in 7, 6:
        status, head, _ = c.ask_as(SHA, 'DESCRIBE', CAMERA, count=count)
        expect(status, 401)
        wants(head, 'stale=true')
        expect(c.ask_as(SHA, 'DESCRIBE', CAMERA, count=7)[0], 200)


def a_nonce_is_good_on_its_connection_alone():
    other = Client(PLAIN)
    other.ask('DESCRIBE', CAMERA)
    for nonce in other.nonce, 'x', '0' * 32:
        c = Client(PLAIN)
        status, head, _ = c.ask_as(SHA, 'DESCRIBE', CAMERA, nonce=nonce)
        expect(status, 401)
        wants(head, 'stale=true')
        expect(c.ask_as(SHA, 'DESCRIBE', CAMERA)[0], 200)


def who_guesses_has_to_wait_and_nobody_else():
    first = Client(PLAIN)
    seen = [first.ask_as((FEW[0], 'guess'), 'DESCRIBE', CAMERA)[0] for _ in range(6)]   # each process counts for itself: one connection
    expect(seen[:3], [401] * 3)
    expect(503 in seen, True)
    expect(Client(PLAIN, first.own).ask_as(SHA, 'DESCRIBE', CAMERA)[0], 200)
    expect(Client(PLAIN).ask_as(FEW, 'DESCRIBE', CAMERA)[0], 200)


def a_connection_has_so_many_refusals():
    c = Client(PLAIN)
    for _ in range(16):
        expect(c.ask('DESCRIBE', CAMERA)[0], 401)
    expect(c.answer()[0], 0)


def a_connection_is_of_one_user():
    c = Client(PLAIN)
    expect(c.ask_as(SHA, 'DESCRIBE', CAMERA)[0], 200)
    expect(c.ask_as(MD5, 'DESCRIBE', CAMERA)[0], 401)
    expect(c.ask_as(SHA, 'DESCRIBE', CAMERA)[0], 200)


def a_camera_that_one_may_not_see_is_not_there():
    c, seen = Client(PLAIN), []
    c.ask('DESCRIBE', CAMERA)
    for path in HIDDEN, 'no-such', HIDDEN + '/copy', 'no-such/copy':
        c.cseq = 10
        seen.append(c.ask_as(FEW, 'DESCRIBE', path))
    expect(seen, [seen[0]] * 4)
    expect(seen[0][0], 404)
    expect(c.set_up(FEW, camera=HIDDEN)[0], 404)
    expect(Client(PLAIN).ask_as(SHA, 'DESCRIBE', HIDDEN)[0], 200)


# --- what is asked ---------------------------------------------------------------------------

def it_plays_from_a_key_frame_with_a_report_first():
    c = Client(PLAIN)
    expect(c.set_up()[0], 200)
    expect(c.set_up(track=1, transport='RTP/AVP/TCP;unicast;interleaved=6-7')[0], 200)
    status, head, _ = c.ask_as(SHA, 'PLAY', CAMERA + '/copy', 'Session: ' + c.session, 'Range: npt=0-')
    expect(status, 200)
    start = dict(re.findall(r'track(\d);seq=(\d+)', head))
    while {0, 1, 6, 7} - {channel for channel, _ in c.frames}:
        if not c.take_frame():
            raise AssertionError('it ended')
    first = {}
    for channel, packet in c.frames:
        first.setdefault(channel, packet)
    expect([first[n][1] for n in (1, 7)], [200, 200])
    expect({'0': str(int.from_bytes(first[0][2:4], 'big')), '1': str(int.from_bytes(first[6][2:4], 'big'))}, start)
    expect(first[0][12] & 0x1f in (7, 24), True)   # a parameter set goes ahead of the picture
    expect([channel for channel, _ in c.frames].index(1) < [channel for channel, _ in c.frames].index(0), True)


def it_pauses_and_goes_on_and_ends():
    c = Client(PLAIN)
    expect(c.set_up()[0], 200)
    session = 'Session: ' + c.session
    for _ in range(2):
        expect(c.ask_as(SHA, 'PLAY', CAMERA + '/copy', session)[0], 200)
        expect(c.take_frame(), True)
        expect(c.ask_as(SHA, 'GET_PARAMETER', CAMERA + '/copy', session)[0], 200)
        expect(c.ask_as(SHA, 'PAUSE', CAMERA + '/copy', session)[0], 200)
    expect(c.ask_as(SHA, 'TEARDOWN', CAMERA + '/copy', session)[0], 200)
    expect(c.ask_as(SHA, 'PLAY', CAMERA + '/copy', session)[0], 455)
    expect(c.ask_as(SHA, 'TEARDOWN', CAMERA + '/copy', session)[0], 454)


def a_session_is_of_its_connection():
    other, c = Client(PLAIN), Client(PLAIN)
    expect(other.set_up()[0], 200)
    for method in 'GET_PARAMETER', 'TEARDOWN', 'SET_PARAMETER':
        expect(c.ask_as(SHA, method, CAMERA + '/copy', 'Session: ' + other.session)[0], 454)
    expect(c.set_up()[0], 200)
    for session in other.session, c.session[:-1], c.session + '0', '', 'x':
        for method in 'PLAY', 'PAUSE', 'TEARDOWN':
            expect(c.ask_as(SHA, method, CAMERA + '/copy', 'Session: ' + session)[0], 454)
    expect(other.ask_as(SHA, 'PLAY', CAMERA + '/copy', 'Session: ' + other.session)[0], 200)
    expect(c.ask_as(SHA, 'PLAY', CAMERA + '/copy', 'Session: ' + c.session)[0], 200)


def what_is_asked_at_the_wrong_time_is_refused():
    c = Client(PLAIN)
    expect(c.ask_as(SHA, 'PLAY', CAMERA + '/copy')[0], 455)
    expect(c.ask_as(SHA, 'PAUSE', CAMERA + '/copy')[0], 455)
    expect(c.set_up()[0], 200)
    expect(c.set_up()[0], 200)                            # again, in its own place
    expect(c.set_up(camera=HIDDEN)[0], 459)               # one session has one stream
    expect(c.ask_as(SHA, 'PLAY', HIDDEN + '/copy', 'Session: ' + c.session)[0], 404)
    expect(c.ask_as(SHA, 'PLAY', CAMERA + '/copy', 'Session: ' + c.session)[0], 200)
    expect(c.set_up(track=1, transport='RTP/AVP/TCP;unicast;interleaved=2-3')[0], 455)


def transports_that_cannot_be_are_461():
    c = Client(PLAIN)
    for transport in ('RTP/AVP;unicast;client_port=5000-5001', 'RTP/AVP/TCP;multicast;interleaved=0-1', 'RTP/AVP/TCP;unicast;interleaved=0-0',
                      'RTP/AVP/TCP;unicast;interleaved=256-257', 'RTP/AVP/TCP;unicast;interleaved=255-256', 'RTP/AVP/TCP;unicast;interleaved=-1-0',
                      'RTP/AVP/TCP;unicast;interleaved=99999999999999999999-1', 'RAW/RAW/UDP', '', ','):
        expect((transport, c.set_up(transport=transport)[0]), (transport, 461))
    expect(c.set_up(transport='RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=254-255')[0], 200)
    for channels in '254-255', '253-254', '255-0':
        expect(c.set_up(track=1, transport='RTP/AVP/TCP;unicast;interleaved=' + channels)[0], 461)


def what_is_not_there_is_404_and_what_is_not_known_501():
    c = Client(PLAIN)
    for path in 'nothing', CAMERA + '/nothing', CAMERA + '/copy/x', '', '..', CAMERA + '/snapshot', 'x' * 200, '%2e%2e/' + CAMERA:
        expect((path, c.ask_as(SHA, 'DESCRIBE', path)[0]), (path, 404))
    expect(c.set_up(track=7)[0], 404)
    expect(c.ask('ANNOUNCE', CAMERA)[0], 501)
    expect(c.ask('RECORD', CAMERA)[0], 501)
    expect(c.ask_as(SHA, 'DESCRIBE', CAMERA, 'Require: x.y')[0], 551)
    expect(c.ask('OPTIONS', CAMERA)[0], 200)


# --- what no player sends --------------------------------------------------------------------

def what_is_no_rtsp_ends_the_connection():
    options = b'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n'
    for data in (b'\0' * 64, b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', b'OPTIONS * RTSP/1.0\r\n\r\n', options + b'Content-Length: -1\r\n\r\n',
                 options + b'Content-Length: 99999999999999999999\r\n\r\n', options + b'Content-Length: 4294967297\r\n\r\n', 
                 options + b'Content-Length: 1\r\nContent-Length: 2\r\n\r\n', options + b'X\0: y\r\n\r\n', b'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n',
                 b'OPTIONS * RTSP/1.0\r\nCSeq: -1\r\n\r\n', b'OPTIONS * RTSP/1.0\r\nCSeq: 99999999999999999999\r\n\r\n', b'$\0\0\4abcd', b'\x16\x03\1\0\1'):
        for port in TLS, PLAIN:
            c = Client(port)
            c.send(data + b'\r\n' * 2)
            expect((data, c.answer()[0]), (data, 400))
            expect((data, c.answer()[0]), (data, 0))


def what_is_too_long_ends_the_connection():
    options = b'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n'
    for data in (b'OPTIONS ' + b'x' * 40000, options + b'X: ' + b'y' * 40000, options + b'X: y\r\n' * 8000, options + b'Content-Length: 4000000\r\n\r\n' + b'z' * 40000):
        c = Client(PLAIN)
        try:
            c.send(data)
        except (BrokenPipeError, ConnectionResetError):
            continue
        expect((data[:40], c.answer()[0] in (0, 400)), (data[:40], True))
        expect((data[:40], c.answer()[0]), (data[:40], 0))


def reports_are_let_pass_and_what_is_not_one_too():
    c = Client(PLAIN)
    expect(c.set_up()[0], 200)
    for channel in 0, 1, 2, 255:
        for body in b'', b'x', b'\x81\xc9\0\7' + b'\0' * 28, b'\xff' * 1500:
            c.send(b'$' + bytes([channel]) + len(body).to_bytes(2, 'big') + body)
    expect(c.ask_as(SHA, 'GET_PARAMETER', CAMERA + '/copy', 'Session: ' + c.session)[0], 200)


def requests_that_come_at_once_are_answered_one_by_one():
    c = Client(PLAIN)
    c.send(b''.join(c.head('OPTIONS', CAMERA) for _ in range(100)))
    for n in range(100):
        status, head, _ = c.answer()
        expect(status, 200)
        wants(head, 'CSeq: %d\r' % (n + 1))
    c = Client(TLS)
    c.send(c.head('DESCRIBE', CAMERA, basic(NONE)) + c.head('DESCRIBE', 'nothing') + c.head('OPTIONS', CAMERA))
    expect([c.answer()[0] for _ in range(3)], [200, 404, 200])


def byte_by_byte_is_as_good():
    c = Client(PLAIN)
    for byte in c.head('OPTIONS', CAMERA):
        c.send(bytes([byte]))
    expect(c.answer()[0], 200)


def run(test):
    try:
        test()
        wrong = ''
    except Exception as e:
        wrong = ': %s: %s at line %d' % (type(e).__name__, e, traceback.extract_tb(e.__traceback__)[1].lineno)
    with lock:
        print('%s %s%s' % ('not ok' if wrong else 'ok', test.__name__.replace('_', ' '), wrong.replace('\n', ' ')), flush=True)


own = sys.modules[__name__]
tests = [f for f in vars(own).values() if callable(f) and getattr(f, '__module__', '') == '__main__' and f.__name__ not in ('Client', 'basic', 'expect', 'wants', 'run')]
for test in tests:
    run(test)
print('# %d groups' % len(tests))
