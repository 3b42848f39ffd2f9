#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What a viewer may send and what he gets: exact bytes through a TLS client of our own, rows 20 to 25 of the table of threats.
A case is a name, the bytes, the status of the one answer (0: none, the connection just ends), and whether the connection is kept.
Each is sent from an address of its own in 127/8, so that no limit on one address comes of it.

usage: http-table.py PORT CA.crt USER:PASSWORD USER:PASSWORD   (prints `ok NAME` or `not ok NAME: what was seen`)
"""
import base64
import itertools
import re
import select
import socket
import ssl
import struct
import sys
import threading

PORT, CA = int(sys.argv[1]), sys.argv[2]
USERS = [u.split(':', 1) for u in sys.argv[3:5]]
PATIENCE_S = 90          # whoever waits that long has failed; deadlines of the server are 10 and 30 s
KEPT, CLOSED = 'kept', 'closed'
CRLF = b'\r\n'
HOST = b'Host: localhost\r\n'
address = itertools.count(1)
address_lock = threading.Lock()
say_lock = threading.Lock()


def say(name, wrong):
    with say_lock:
        print('not ok %s: %s' % (name, wrong) if wrong else 'ok ' + name, flush=True)


def own_address():
    with address_lock:
        n = next(address)
    return '127.77.%d.%d' % (n // 250, n % 250 + 1)


def tcp():
    s = socket.socket()
    s.settimeout(PATIENCE_S)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.bind((own_address(), 0))
    s.connect(('127.0.0.1', PORT))
    return s


def context(**settings):
    c = ssl.create_default_context(cafile=CA)
    for name, value in settings.items():
        setattr(c, name, value)
    return c


class Answer:
    def __init__(self, status, head, body):
        self.status, self.head, self.body = status, head, body

    def header(self, name):
        found = re.search(rb'\r\n' + name.encode() + rb': ([^\r]*)', self.head, re.I)
        return found.group(1).decode() if found else None


class Viewer:
    def __init__(self, sock=None, tls=None, name='localhost'):
        self.s = (tls or context()).wrap_socket(sock or tcp(), server_hostname=name)
        self.bytes = b''

    def send(self, data):
        """What the server does not want to hear any more need not arrive: its answer is what counts."""
        try:
            self.s.sendall(data)
        except OSError:
            pass

    def more(self):
        try:
            got = self.s.recv(65536)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLError, BrokenPipeError):
            got = b''
        self.bytes += got
        return got

    def answer(self, with_body=True):
        """The next answer; status 0 when the connection ends instead."""
        while b'\r\n\r\n' not in self.bytes:
            if not self.more():
                return Answer(0, self.bytes, b'')
        head, rest = self.bytes.split(b'\r\n\r\n', 1)
        status = int(re.match(rb'HTTP/1\.1 (\d{3}) ', head).group(1))
        length = re.search(rb'\r\nContent-Length: (\d+)', head)
        n = int(length.group(1)) if length and with_body else 0
        self.bytes = rest
        while len(self.bytes) < n and self.more():
            pass
        body, self.bytes = self.bytes[:n], self.bytes[n:]
        return Answer(status, head + CRLF, body)

    def ends(self):
        """Whether the server ends the connection without another byte."""
        while not self.bytes and self.more():
            pass
        return not self.bytes

    def is_kept(self):
        self.send(get('/login'))
        return not self.bytes and self.answer().status == 200

    def close(self):
        self.s.close()


def request(method, path, *lines, body=b'', version=b'HTTP/1.1', host=HOST):
    line = b' '.join([method if isinstance(method, bytes) else method.encode(), path if isinstance(path, bytes) else path.encode(), version])
    return line + CRLF + host + b''.join((x if isinstance(x, bytes) else x.encode()) + CRLF for x in lines) + CRLF + body


def get(path, *lines, **more):
    return request('GET', path, *lines, **more)


def post(*lines, body=b'', **more):
    return request('POST', '/login', *lines, body=body, **more)


def basic(name, password):
    return 'Authorization: Basic ' + base64.b64encode(('%s:%s' % (name, password)).encode()).decode()


def form(name, password):
    body = ('name=%s&password=%s' % (name, password)).encode()
    return post('Content-Type: application/x-www-form-urlencoded', 'Content-Length: %d' % len(body), body=body)


def check(name, data, status, after, also=None):
    v = Viewer()
    v.send(data)
    a = v.answer(with_body=not data.startswith(b'HEAD'))
    wrong = None
    if a.status != status:
        wrong = 'status %d instead of %d' % (a.status, status)
    elif after == CLOSED and status and a.header('Connection') != 'close':
        wrong = 'the answer does not say that the connection is closed'
    elif after == CLOSED and not v.ends():
        wrong = 'more came after the answer: %r' % v.bytes[:60]
    elif after == KEPT and not v.is_kept():
        wrong = 'the connection is not kept'
    elif status != 303 and a.header('Location'):
        wrong = 'it redirects to %s' % a.header('Location')
    elif status in (400, 405, 408, 411, 413, 414, 417, 431, 501, 505) and a.body:
        wrong = 'it has a body: %r' % a.body[:60]
    elif also:
        wrong = also(a)
    v.close()
    say(name, wrong)


PLAIN = 'Content-Type: application/x-www-form-urlencoded'
HIDDEN = get('/api/site')

# THREATS 20: what two readers could understand differently
FRAMING = [
    ('two Content-Length that differ', post(PLAIN, 'Content-Length: 5', 'Content-Length: 6', body=b'name=a'), 400, CLOSED),
    ('two Content-Length, the same', post(PLAIN, 'Content-Length: 5', 'Content-Length: 5', body=b'name='), 400, CLOSED),
    ('a list of Content-Length', post(PLAIN, 'Content-Length: 5, 5', body=b'name='), 400, CLOSED),
    ('Content-Length: +5', post(PLAIN, 'Content-Length: +5', body=b'name='), 400, CLOSED),
    ('Content-Length: -5', post(PLAIN, 'Content-Length: -5', body=b'name='), 400, CLOSED),
    ('Content-Length: 0x5', post(PLAIN, 'Content-Length: 0x5', body=b'name='), 400, CLOSED),
    ('Content-Length: 5 5', post(PLAIN, 'Content-Length: 5 5', body=b'name='), 400, CLOSED),
    ('Content-Length: 5.0', post(PLAIN, 'Content-Length: 5.0', body=b'name='), 400, CLOSED),
    ('Content-Length without a number', post(PLAIN, 'Content-Length:', body=b'name='), 400, CLOSED),
    ('Content-Length: 2^64 + 5', post(PLAIN, 'Content-Length: 18446744073709551621', body=b'name='), 400, CLOSED),
    ('Content-Length: 2^63', post(PLAIN, 'Content-Length: 9223372036854775808', body=b'name='), 400, CLOSED),
    ('Content-Length: 2^63 - 1', post(PLAIN, 'Content-Length: 9223372036854775807', body=b'name='), 413, CLOSED),
    ('a body of 4097 bytes', post(PLAIN, 'Content-Length: 4097', body=b'x' * 4097), 413, CLOSED),
    ('a body on GET', get('/login', 'Content-Length: %d' % len(HIDDEN), body=HIDDEN), 400, CLOSED),
    ('a body on HEAD', request('HEAD', '/login', 'Content-Length: 5', body=b'hello'), 400, CLOSED),
    ('GET with Content-Length: 0', get('/login', 'Content-Length: 0'), 200, KEPT),
    ('POST without a length', post(PLAIN), 411, CLOSED),
    ('Transfer-Encoding: chunked', post(PLAIN, 'Transfer-Encoding: chunked', body=b'5\r\nname=\r\n0\r\n\r\n'), 501, CLOSED),
    ('a chunk of 0x5', post(PLAIN, 'Transfer-Encoding: chunked', body=b'0x5\r\nname=\r\n0\r\n\r\n'), 501, CLOSED),
    ('Transfer-Encoding beside Content-Length', post(PLAIN, 'Content-Length: 5', 'Transfer-Encoding: chunked', body=b'0\r\n\r\n' + HIDDEN), 400, CLOSED),
    ('Transfer-Encoding on GET', get('/login', 'Transfer-Encoding: chunked', body=b'0\r\n\r\n'), 501, CLOSED),
    ('Transfer-Encoding: identity', post(PLAIN, 'Transfer-Encoding: identity'), 501, CLOSED),
    ('Transfer-Encoding: xchunked', post(PLAIN, 'Transfer-Encoding: xchunked'), 501, CLOSED),
    ('Transfer-Encoding after a vertical tab', post(PLAIN, b'Transfer-Encoding: \x0bchunked', 'Content-Length: 0'), 400, CLOSED),
    ('Transfer-Encoding with a blank before its colon', post(PLAIN, 'Transfer-Encoding : chunked', 'Content-Length: 0'), 400, CLOSED),
    ('a blank before a colon', get('/login', 'X : 1'), 400, CLOSED),
    ('a tab before a colon', get('/login', 'X\t: 1'), 400, CLOSED),
    ('a header line without a colon', get('/login', 'X'), 400, CLOSED),
    ('a header without a name', get('/login', ': 1'), 400, CLOSED),
    ('a header name that is no token', get('/login', 'X(a): 1'), 400, CLOSED),
    ('a folded header line', get('/login', 'X: 1', ' 2'), 400, CLOSED),
    ('a line folded with a tab', get('/login', 'X: 1', '\t2'), 400, CLOSED),
    ('a first header line that is folded', b'GET /login HTTP/1.1\r\n Host: localhost\r\n\r\n', 400, CLOSED),
    ('bare LF after the request line', b'GET /login HTTP/1.1\nHost: localhost\r\n\r\n', 400, CLOSED),
    ('bare LF after a header', b'GET /login HTTP/1.1\r\nHost: localhost\n\r\n', 400, CLOSED),
    ('bare LF at the end', b'GET /login HTTP/1.1\r\nHost: localhost\r\n\n', 400, CLOSED),
    ('bare CR in a header', get('/login', b'X: 1\rY: 2'), 400, CLOSED),
    ('bare CR for an end of line', b'GET /login HTTP/1.1\rHost: localhost\r\r', 400, CLOSED),
    ('NUL in a header\'s value', get('/login', b'X: a\0b'), 400, CLOSED),
    ('NUL in a header\'s name', get('/login', b'X\0: a'), 400, CLOSED),
    ('NUL in the target', get(b'/login\0'), 400, CLOSED),
    ('a control byte in a value', get('/login', b'X: \x01'), 400, CLOSED),
    ('DEL in a value', get('/login', b'X: \x7f'), 400, CLOSED),
    ('bytes above 127 in a value', get('/login', b'X: \xc3\xa4\xff'), 200, KEPT),
    ('no Host', get('/login', host=b''), 400, CLOSED),
    ('two Hosts, the same', get('/login', 'Host: localhost'), 400, CLOSED),
    ('two Hosts that differ', get('/login', 'Host: evil'), 400, CLOSED),
    ('a Host that is empty', get('/login', host=b'Host:\r\n'), 400, CLOSED),
    ('a Host with a user', get('/login', host=b'Host: a@localhost\r\n'), 400, CLOSED),
    ('a Host with a path', get('/login', host=b'Host: localhost/x\r\n'), 400, CLOSED),
    ('a list of Hosts', get('/login', host=b'Host: localhost, evil\r\n'), 400, CLOSED),
    ('HTTP/1.0 without Host', get('/login', host=b'', version=b'HTTP/1.0'), 200, CLOSED),
    ('HTTP/0.9', b'GET /login\r\n\r\n', 400, CLOSED),
    ('HTTP/1.2', get('/login', version=b'HTTP/1.2'), 505, CLOSED),
    ('HTTP/2.0', get('/login', version=b'HTTP/2.0'), 505, CLOSED),
    ('HTTP/1.10', get('/login', version=b'HTTP/1.10'), 400, CLOSED),
    ('http/1.1 in small letters', get('/login', version=b'http/1.1'), 400, CLOSED),
    ('two blanks in the request line', b'GET  /login HTTP/1.1\r\n' + HOST + CRLF, 400, CLOSED),
    ('a tab in the request line', b'GET\t/login HTTP/1.1\r\n' + HOST + CRLF, 400, CLOSED),
    ('a blank behind the version', b'GET /login HTTP/1.1 \r\n' + HOST + CRLF, 400, CLOSED),
    ('a blank before the method', b' GET /login HTTP/1.1\r\n' + HOST + CRLF, 400, CLOSED),
    ('one empty line before a request', CRLF + get('/login'), 200, KEPT),
    ('two empty lines before a request', CRLF + CRLF + get('/login'), 400, CLOSED),
    ('64 headers', get('/login', *['X: 1'] * 63), 200, KEPT),
    ('65 headers', get('/login', *['X: 1'] * 64), 431, CLOSED),
    ('100 000 headers', get('/login', *['X: 1'] * 100000), 431, CLOSED),
    ('a header of 12 KiB', get('/login', 'X: ' + 'a' * 12288), 200, KEPT),
    ('a header of 16 KiB', get('/login', 'X: ' + 'a' * 16384), 431, CLOSED),
    ('a header of 1 MiB', get('/login', 'X: ' + 'a' * (1 << 20)), 431, CLOSED),
    ('a method of 8 KiB', request('G' * 8192, '/login'), 414, CLOSED),
    ('Expect: 100-continue', post(PLAIN, 'Content-Length: 5', 'Expect: 100-continue', body=b'name='), 417, CLOSED),
    ('Expect of what nobody knows', get('/login', 'Expect: x'), 417, CLOSED),
    ('Upgrade: websocket', get('/login', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: AAAA', 'Sec-WebSocket-Version: 13'), 200, KEPT),
    ('Upgrade: h2c', get('/login', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'), 200, KEPT),
    ('the preface of HTTP/2', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0', 505, CLOSED),
    ('Connection: close', get('/login', 'Connection: close'), 200, CLOSED),
    ('close within a list', get('/login', 'Connection: keep-alive, CLOSE'), 200, CLOSED),
    ('nothing but garbage', b'\x16\x03\x01\x00\xff' + b'\xfe' * 200 + CRLF + CRLF, 400, CLOSED),
]

METHODS = [
    ('TRACE', request('TRACE', '/login'), 405, CLOSED),
    ('CONNECT', request('CONNECT', 'localhost:443'), 405, CLOSED),
    ('OPTIONS *', request('OPTIONS', '*'), 405, CLOSED),
    ('PUT with a body', request('PUT', '/login', 'Content-Length: 5', body=b'hello'), 405, CLOSED),
    ('DELETE', request('DELETE', '/live/gate/index.m3u8'), 405, CLOSED),
    ('PATCH', request('PATCH', '/login'), 405, CLOSED),
    ('get in small letters', request('get', '/login'), 405, CLOSED),
    ('a method that is no token', request('G@T', '/login'), 400, CLOSED),
    ('HEAD', request('HEAD', '/login'), 200, KEPT),
    ('POST where nothing is posted', request('POST', '/api/site', 'Content-Length: 0'), 405, KEPT),
    ('GET of what is only posted', get('/logout'), 405, KEPT),
    ('GET of where cosignatures are brought', get('/log/cosignature'), 405, KEPT),
    ('a cosignature by nobody', request('POST', '/log/cosignature', 'Content-Length: 4', body=b'note'), 401, KEPT),
]

# THREATS 21: paths are a grammar
PATHS = [
    ('absolute-form', get('https://localhost/login'), 400, CLOSED),
    ('absolute-form of another', get('http://evil/'), 400, CLOSED),
    ('asterisk-form', get('*'), 400, CLOSED),
    ('a path without its slash', get('login'), 400, CLOSED),
    ('/../', get('/../'), 404, KEPT),
    ('/../../etc/passwd', get('/../../etc/passwd'), 404, KEPT),
    ('/live/../login', get('/live/../login'), 404, KEPT),
    ('/./login', get('/./login'), 404, KEPT),
    ('/assets/../site.key', get('/assets/../site.key'), 404, KEPT),
    ('/assets/..', get('/assets/..'), 404, KEPT),
    ('/assets/.hidden', get('/assets/.hidden'), 404, KEPT),
    ('%2e%2e', get('/assets/%2e%2e/site.key'), 404, KEPT),
    ('%2e%2e%2f', get('/assets/%2e%2e%2fsite.key'), 404, KEPT),
    ('%252e', get('/%252e%252e/'), 404, KEPT),
    ('%c0%ae', get('/%c0%ae%c0%ae/'), 404, KEPT),
    ('%00', get('/login%00'), 404, KEPT),
    ('%00 in a name', get('/live/gate%00.m3u8/index.m3u8'), 404, KEPT),
    ('%0d%0a', get('/login%0d%0aSet-Cookie:x=1'), 404, KEPT),
    ('%2f', get('/live%2fgate/index.m3u8'), 404, KEPT),
    ('letters that are escaped', get('/%6cogin'), 404, KEPT),
    ('half an escape', get('/login%2'), 400, CLOSED),
    ('an escape that is none', get('/%zz'), 400, CLOSED),
    ('//evil', get('//evil'), 404, KEPT),
    ('//evil/login', get('//evil/login'), 404, KEPT),
    ('/%5Cevil', get('/%5Cevil'), 404, KEPT),
    ('/\\evil', get('/\\evil'), 400, CLOSED),
    ('a fragment', get('/login#x'), 400, CLOSED),
    ('a slash too many', get('/login/'), 404, KEPT),
    ('parameters', get('/login;x=1'), 404, KEPT),
    ('other letters', get('/LOGIN'), 404, KEPT),
    ('a query', get('/login?next=//evil/'), 200, KEPT),
    ('bytes above 127', get(b'/\xc3\xa4'), 400, CLOSED),
    ('a path of 4096 bytes', get('/' + 'a' * 4095), 404, KEPT),
    ('a path of 4097 bytes', get('/' + 'a' * 4096), 414, CLOSED),
    ('a number of 2^64', get('/live/gate/copy/18446744073709551616.m4s'), 404, KEPT),
    ('a negative number', get('/live/gate/copy/-1.m4s'), 404, KEPT),
    ('a number with zeros before', get('/live/gate/copy/01.m4s'), 404, KEPT),
    ('a tile that is none, without a user', get('/log/tile/9/999'), 401, KEPT),
]


# THREATS 23
def range_cases(path, n, who):
    def ranged(value, *lines):
        return get(path, who, *(['Range: ' + value] if value else []), *lines)

    def part(first, last):
        def also(a):
            want = 'bytes %d-%d/%d' % (first, last, n)
            if a.header('Content-Range') != want or len(a.body) != last - first + 1:
                return '%s, %d bytes instead of %s' % (a.header('Content-Range'), len(a.body), want)
            return None
        return also

    def whole(a):
        return None if len(a.body) == n and not a.header('Content-Range') else 'not the whole'

    def none(a):
        return None if a.header('Content-Range') == 'bytes */%d' % n and not a.body else 'Content-Range: %s' % a.header('Content-Range')

    etag = []
    v = Viewer()
    v.send(get(path, who))
    etag.append(v.answer().header('ETag'))
    v.close()
    return [
        ('bytes=0-0', ranged('bytes=0-0'), 206, KEPT, part(0, 0)),
        ('bytes=0-', ranged('bytes=0-'), 206, KEPT, part(0, n - 1)),
        ('bytes=-1', ranged('bytes=-1'), 206, KEPT, part(n - 1, n - 1)),
        ('bytes=-0', ranged('bytes=-0'), 416, KEPT, none),
        ('a last part longer than all', ranged('bytes=-%d' % (n + 1)), 206, KEPT, part(0, n - 1)),
        ('the last byte', ranged('bytes=%d-' % (n - 1)), 206, KEPT, part(n - 1, n - 1)),
        ('behind the end', ranged('bytes=%d-' % n), 416, KEPT, none),
        ('far behind the end', ranged('bytes=9223372036854775806-'), 416, KEPT, none),
        ('beyond 2^63', ranged('bytes=9223372036854775808-'), 200, KEPT, whole),
        ('an end beyond the end', ranged('bytes=5-9999999999'), 206, KEPT, part(5, n - 1)),
        ('an end beyond 2^64', ranged('bytes=5-99999999999999999999'), 200, KEPT, whole),
        ('an end before the beginning', ranged('bytes=5-3'), 200, KEPT, whole),
        ('two ranges', ranged('bytes=0-5,10-15'), 200, KEPT, whole),
        ('two that overlap', ranged('bytes=0-5,3-9'), 200, KEPT, whole),
        ('a thousand ranges', ranged('bytes=' + ','.join('%d-%d' % (i, i) for i in range(1000))), 200, KEPT, whole),
        ('letters', ranged('bytes=a-b'), 200, KEPT, whole),
        ('no dash', ranged('bytes=5'), 200, KEPT, whole),
        ('signs', ranged('bytes=+1-+2'), 200, KEPT, whole),
        ('another unit', ranged('seconds=0-5'), 200, KEPT, whole),
        ('two Range headers', ranged('bytes=0-0', 'Range: bytes=1-1'), 200, KEPT, whole),
        ('If-Range of this', ranged('bytes=0-0', 'If-Range: ' + etag[0]), 206, KEPT, part(0, 0)),
        ('If-Range of something else', ranged('bytes=0-0', 'If-Range: "x"'), 200, KEPT, whole),
        ('If-Match of this', ranged('bytes=0-0', 'If-Match: "x", ' + etag[0]), 206, KEPT, part(0, 0)),
        ('If-Match of something else', ranged('bytes=0-0', 'If-Match: "x"', 'If-None-Match: ' + etag[0]), 412, KEPT, None),
        ('If-Match of this as a weak one', ranged('bytes=0-0', 'If-Match: W/' + etag[0]), 412, KEPT, None),
        ('of what one has already', ranged('bytes=0-0', 'If-None-Match: ' + etag[0]), 304, KEPT, None),
        ('on HEAD', request('HEAD', path, who, 'Range: bytes=0-0'), 200, KEPT, None),
    ]


def log_in(i):
    v = Viewer()
    v.send(form(*USERS[i]))
    a = v.answer()
    v.close()
    found = re.match(r'__Host-session=([0-9a-f]{64}); Max-Age=\d+; Path=/; Secure; HttpOnly; SameSite=Strict$', a.header('Set-Cookie') or '')
    say('a login of %s gives a session and leads to our own page' % USERS[i][0],
        None if found and a.status == 303 and a.header('Location') == '/' else '%d %s %s' % (a.status, a.header('Location'), a.header('Set-Cookie')))
    return found.group(1) if found else '0' * 64


# THREATS 25
def token_cases(mine, others, ended):
    def asked(*cookies, path='/api/site'):
        return get(path, *['Cookie: ' + c for c in cookies])

    def of(i):
        return lambda a: None if ('"user":"%s"' % USERS[i][0]).encode() in a.body else 'not told as %s: %r' % (USERS[i][0], a.body[:200])

    name, bad = '__Host-session=', '%064x' % 5
    flipped = ('0' if mine[0] != '0' else '1') + mine[1:]
    right = basic(*USERS[0])
    return [
        ('no token', asked(), 401, KEPT, None),
        ('the token', asked(name + mine), 200, KEPT, of(0)),
        ('another\'s token', asked(name + others), 200, KEPT, of(1)),
        ('a token among other cookies', asked('a=1; %s%s; b=2' % (name, mine)), 200, KEPT, of(0)),
        ('a token that is over', asked(name + ended), 401, KEPT, None),
        ('a forged token', asked(name + bad), 401, KEPT, None),
        ('one bit flipped', asked(name + flipped), 401, KEPT, None),
        ('a token cut by one digit', asked(name + mine[:-1]), 401, KEPT, None),
        ('a token cut by one byte', asked(name + mine[:-2]), 401, KEPT, None),
        ('half a token', asked(name + mine[:32]), 401, KEPT, None),
        ('a token and more', asked(name + mine + '00'), 401, KEPT, None),
        ('an empty token', asked(name), 401, KEPT, None),
        ('a quoted token', asked(name + '"' + mine + '"'), 401, KEPT, None),
        ('a token that is no hex', asked(name + 'g' * 64), 401, KEPT, None),
        ('a token of 12 KiB', asked(name + 'a' * 12000), 401, KEPT, None),
        ('the token twice', asked('%s%s; %s%s' % (name, mine, name, mine)), 401, KEPT, None),
        ('the token and a forged one', asked('%s%s; %s%s' % (name, mine, name, bad)), 401, KEPT, None),
        ('a forged one and the token', asked('%s%s; %s%s' % (name, bad, name, mine)), 401, KEPT, None),
        ('the token in two Cookie headers', asked(name + mine, name + others), 401, KEPT, None),
        ('without __Host-', asked('session=' + mine), 401, KEPT, None),
        ('with a small h', asked('__host-session=' + mine), 401, KEPT, None),
        ('as a bearer', get('/api/site', 'Authorization: Bearer ' + mine), 401, KEPT, None),
        ('in the query', asked(path='/api/site?__Host-session=' + mine), 401, KEPT, None),
        ('a forged token beside the right password', get('/api/site', 'Cookie: ' + name + bad, right), 200, KEPT, of(0)),
        ('the right password', get('/api/site', right), 200, KEPT, of(0)),
        ('basic in small letters', get('/api/site', right.replace('Basic', 'basic')), 200, KEPT, of(0)),
        ('a wrong password', get('/api/site', basic(USERS[0][0], 'wrong')), 401, KEPT, None),
        ('nobody\'s name', get('/api/site', basic('nobody', USERS[0][1])), 401, KEPT, None),
        ('another\'s password', get('/api/site', basic(USERS[0][0], USERS[1][1])), 401, KEPT, None),
        ('two Authorization headers', get('/api/site', right, right), 401, KEPT, None),
        ('a password with NUL', get('/api/site', basic(USERS[0][0], USERS[0][1] + '\0')), 401, KEPT, None),
        ('a password of 600 bytes', get('/api/site', basic(USERS[0][0], 'a' * 600)), 401, KEPT, None),
        ('no colon', get('/api/site', 'Authorization: Basic ' + base64.b64encode(b'admin').decode()), 401, KEPT, None),
        ('no base64', get('/api/site', 'Authorization: Basic ****'), 401, KEPT, None),
        ('a login from another site', post(PLAIN, 'Origin: https://evil', 'Content-Length: 5', body=b'name='), 403, KEPT, None),
        ('a login by a form of another kind', post('Content-Type: text/plain', 'Content-Length: 5', body=b'name='), 415, KEPT, None),
        ('a login with two names', post(PLAIN, 'Content-Length: 24', body=b'name=a&name=b&password=c'), 403, KEPT, None),
        ('a logout from another site', request('POST', '/logout', 'Origin: https://evil', 'Cookie: ' + name + mine, 'Content-Length: 0'), 403, KEPT, None),
        ('what a logout of somebody else left', asked(name + mine), 200, KEPT, of(0)),
    ]


def gives_up(sock):
    """What the server says before it ends the connection: bytes below TLS."""
    said = b''
    try:
        while len(said) < 65536:
            got = sock.recv(65536)
            if not got:
                break
            said += got
    except ConnectionError:
        pass
    sock.close()
    return said


def raw_tls(name, data):
    """Bytes that are no handshake: an alert at most, and the end."""
    s = tcp()
    try:
        s.sendall(data)
    except OSError:
        pass
    said = gives_up(s)
    say('tls: ' + name, None if not said or said[0] == 21 else 'it said %r' % said[:60])


def client_hello(extensions):
    body = b'\x03\x03' + b'R' * 32 + b'\0' + b'\0\2\x13\1' + b'\1\0' + struct.pack('>H', len(extensions)) + extensions
    message = b'\1' + struct.pack('>I', len(body))[1:] + body
    return b''.join(b'\x16\x03\x01' + struct.pack('>H', len(message[i:i + 16384])) + message[i:i + 16384] for i in range(0, len(message), 16384))


def refused_handshake(name, reason, **settings):
    alpn = settings.pop('alpn', None)
    c = context(**settings)
    if alpn:
        c.set_alpn_protocols(alpn)
    s = tcp()
    try:
        c.wrap_socket(s, server_hostname='localhost').close()
        wrong = 'the handshake was accepted'
    except ssl.SSLError as e:
        wrong = None if reason in str(e).replace('_', ' ').lower() else str(e)
    except ConnectionError as e:
        wrong = str(e)
    say('tls: ' + name, wrong)


# THREATS 24; testssl.sh looks for the rest
def tls_cases():
    refused_handshake('TLS 1.2', 'protocol version', maximum_version=ssl.TLSVersion.TLSv1_2)
    refused_handshake('a protocol that nobody speaks', 'no application protocol', alpn=['h3'])
    c = context()
    c.set_alpn_protocols(['http/1.1'])
    v = Viewer(tls=c)
    say('tls: http/1.1', None if v.s.selected_alpn_protocol() == 'http/1.1' and v.is_kept() else str(v.s.selected_alpn_protocol()))
    session = v.s.session
    say('tls: no ticket is given', None if not session or not session.has_ticket else 'there is one')
    v.close()
    v = Viewer(tls=context(check_hostname=False), name='evil.example')
    say('tls: another name asked for changes nothing', None if v.is_kept() else 'not served')
    v.close()
    raw_tls('HTTP in the clear', get('/login'))
    raw_tls('SSL 2', b'\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10' + b'\x07\x00\xc0' * 7 + b'R' * 16)
    raw_tls('a record of 65535 bytes', b'\x16\x03\x01\xff\xff' + b'\1' * 65535)
    raw_tls('application data before a handshake', b'\x17\x03\x03\x00\x20' + b'x' * 32)
    raw_tls('an alert and nothing else', b'\x15\x03\x03\x00\x02\x02\x28')
    long_name = b'a' * 65520
    sni = struct.pack('>HH', 0, len(long_name) + 5) + struct.pack('>HBH', len(long_name) + 3, 0, len(long_name)) + long_name
    raw_tls('a name of 64 KiB', client_hello(sni))
    raw_tls('a name whose lengths lie', client_hello(struct.pack('>HH', 0, 9) + struct.pack('>HBH', 65535, 0, 65535) + b'abcd'))
    raw_tls('a hello of 8 MiB', b'\x16\x03\x01\x40\x00\x01\x7f\xff\xff' + b'\0' * 16380 + (b'\x16\x03\x01\x40\x00' + b'\0' * 16384) * 40)


def drip(name, data, status, first=b''):
    """A byte a second, until the server has had enough."""
    v = Viewer()
    v.send(first)
    for i in range(PATIENCE_S):
        v.send(data[i % len(data):i % len(data) + 1])
        if select.select([v.s], [], [], 1)[0]:
            break
    a = v.answer()
    say(name, None if a.status == status and v.ends() else 'status %d' % a.status)
    v.close()


def slow(name, data, status):
    """Not another byte comes: the server ends it with that status."""
    v = Viewer()
    v.send(data)
    a = v.answer()
    say(name, None if a.status == status and v.ends() else 'status %d' % a.status)
    v.close()


def silent(name, data):
    s = tcp()
    s.sendall(data)
    said = gives_up(s)
    say(name, None if not said else 'it said %r' % said[:60])


def is_connected(s):
    """By the kernel's word: what was received before a reset can be read after it."""
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1


def slow_reader(name, path, who):
    """Asks for far more than fits between here and there, and reads a byte a second."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    s.settimeout(PATIENCE_S)
    s.bind((own_address(), 0))
    s.connect(('127.0.0.1', PORT))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context().wrap_bio(incoming, outgoing, server_hostname='localhost')
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            s.sendall(outgoing.read())
            incoming.write(s.recv(16384))
    tls.write(get(path, who) * 60)
    s.sendall(outgoing.read())
    pause, seconds = threading.Event(), 0
    while is_connected(s) and seconds < PATIENCE_S:
        try:
            s.recv(1)
        except ConnectionError:
            break
        pause.wait(1)
        seconds += 1
    say(name, 'it waits for ever' if seconds == PATIENCE_S else None)
    s.close()


def main():
    who = basic(*USERS[0])
    v = Viewer()
    v.send(get('/live/gate/copy/index.m3u8', who))
    path = '/live/gate/copy/%s.m4s' % re.findall(rb'\n(\d+)\.m4s', v.answer().body)[-1].decode()
    v.send(get(path, who))
    n = len(v.answer().body)
    v.close()
    # THREATS 22
    threads = [threading.Thread(target=f, args=a) for f, *a in (
        (slow, 'slow: half a header, then silence', b'GET /login HTTP/1.1\r\nHo', 408),
        (slow, 'slow: half a body, then silence', post(PLAIN, 'Content-Length: 100', body=b'name='), 408),
        (drip, 'slow: a header byte a second', b'X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n', 408, b'GET /login HTTP/1.1\r\nHost: localhost\r\n'),
        (drip, 'slow: a body byte a second', b'a', 408, post(PLAIN, 'Content-Length: 4000')),
        (silent, 'slow: a connection without a word', b''),
        (silent, 'slow: a handshake that stops', client_hello(b'')[:20]),
        (slow_reader, 'slow: an answer read a byte a second', path, who),
    )]
    for t in threads:
        t.start()
    for prefix, cases in (('framing', FRAMING), ('methods', METHODS), ('paths', PATHS)):
        for name, data, status, after in cases:
            check('%s: %s' % (prefix, name), data, status, after)
    for name, *case in range_cases(path, n, who):
        check('ranges: ' + name, *case)
    mine, others, ended = log_in(0), log_in(1), log_in(0)
    check('tokens: a logout', request('POST', '/logout', 'Cookie: __Host-session=' + ended, 'Content-Length: 0'), 303, KEPT)
    for name, *case in token_cases(mine, others, ended):
        check('tokens: ' + name, *case)
    tls_cases()
    v = Viewer()
    v.send(get('/login') * 20)
    say('framing: twenty requests at once', None if all(v.answer().status == 200 for _ in range(20)) and v.is_kept() else 'not all answered')
    v.close()
    for t in threads:
        t.join()


main()
