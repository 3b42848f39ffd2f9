#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Checks ONVIF Media Signing in a stream, from the specification and with the openssl command: no line of ours is used.

    media-signing.py check ROOT.crt FILE.mp4     init segment and segments one behind the other, H.264
    media-signing.py sign FILE.h264|h265 OUT     puts such messages (unsigned, of random bytes) before each key picture, as a camera would
    media-signing.py kept FILE.h264|h265 SEGMENT…  whether the messages in these segments are the file's, byte for byte

The first prints one line: groups signed, groups of which the signature is not here, certificates seen, text that was signed; exit 1 with
a line for each thing that is wrong.
"""
import hashlib
import os
import subprocess
import sys
import tempfile

UUID = bytes.fromhex('005bc93f2d715e95ada4796f90877a6f')
AXIS = b'Signed Video...0'


def boxes(data):
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at:at + 4], 'big')
        if size < 8:
            sys.exit(f'a box of {size} bytes')
        yield data[at + 4:at + 8], data[at + 8:at + size]
        at += size


def units_of_mp4(data):
    for kind, body in boxes(data):
        while kind == b'mdat' and len(body) >= 4:
            n = int.from_bytes(body[:4], 'big')
            yield body[4:4 + n]
            body = body[4 + n:]


def units_of_annexb(data):
    for part in data.split(b'\0\0\1')[1:]:
        yield part.rstrip(b'\0')


def unescape(nal):
    return nal.replace(b'\0\0\3', b'\0\0')


def escape(raw):
    out = bytearray()
    for b in raw:
        if b <= 3 and out[-2:] == b'\0\0':
            out.append(3)
        out.append(b)
    return bytes(out)


def sei_payload(nal, header=1):
    """The payload of a NAL unit with one message of user data, and where it begins; None for another one."""
    raw = unescape(nal)
    if raw[header] != 5:
        return None
    at, size = header + 1, 0
    while raw[at] == 255:
        size, at = size + 255, at + 1
    size, at = size + raw[at], at + 1
    return raw[at:at + size], at, raw


def tags(payload):
    at, found = len(UUID) + 1, {}
    while at < len(payload):
        tag, n = payload[at], int.from_bytes(payload[at + 1:at + 3], 'big')
        found[tag] = (at, payload[at + 3:at + 3 + n])
        at += 3 + n
    return found, at


class Checker:
    def __init__(self, root):
        self.root, self.work = root, tempfile.TemporaryDirectory()
        self.bad, self.groups, self.open, self.public, self.texts = [], [], None, None, set()
        self.certificates = self.signed = self.before = 0
        self.last = None

    def wrong(self, what):
        self.bad.append(what)

    def file(self, name, data):
        path = os.path.join(self.work.name, name)
        with open(path, 'wb') as f:
            f.write(data)
        return path

    def openssl(self, *args):
        return subprocess.run(('openssl',) + args, capture_output=True, check=False)

    def certificate(self, value):
        chain = self.file('chain.pem', value[2:])
        if value[0] != 1 or value[1] != 0 or self.openssl('verify', '-CAfile', self.root, '-untrusted', chain, chain).returncode:
            self.wrong('a certificate that does not lead to the root')
        said = self.openssl('x509', '-in', chain, '-noout', '-pubkey')
        self.public = self.file('public.pem', said.stdout)
        self.certificates += 1

    def signature_holds(self, document, value):
        n = int.from_bytes(value[1:3], 'big')
        if value[0] != 1 or n > len(value) - 3 or set(value[3 + n:]) - {1}:
            return False
        return self.openssl('dgst', '-sha256', '-verify', self.public, '-signature', self.file('sig', value[3:3 + n]),
                            self.file('document', document)).returncode == 0

    def message(self, nal):
        payload, begins, raw = sei_payload(nal)
        found, end = tags(payload)
        if end != len(payload) or raw[begins + end:] != b'\x80' or list(found)[-1] != 3 or payload[16] & 0x3f:
            return self.wrong('a message that is not well formed')
        if not payload[16] & 0x40:
            return self.wrong('a message that is hashed without emulation prevention')
        if 6 in found:
            self.certificate(found[6][1])
            if found[4][1] != bytes.fromhex('010b0609608648016503040201000000'):
                self.wrong('hashing other than SHA-256')
        if not self.public:
            return None if 1 in found else self.wrong('nothing to check a signature with')
        # All of the document's bytes are escaped, and it is the beginning of the unit.
        document = escape(raw[:begins + found[3][0]])
        if not nal.startswith(document) or not self.signature_holds(document, found[3][1]):
            self.wrong(f'a signature that does not hold, of {"a group" if 1 in found else "a certificate"}')
        if payload[16] & 0x80:
            if 1 in found:
                self.wrong('a certificate with a group')
            return None
        self.texts.add(found[7][1][1:].decode())
        return self.group(found[1][1])

    def group(self, v):
        if len(v) != 91 or v[0] != 2 or v[4] != 0:
            return self.wrong('a general tag of another form')
        start, end = int.from_bytes(v[5:13], 'big'), int.from_bytes(v[13:21], 'big')
        number, nals = int.from_bytes(v[21:25], 'big'), int.from_bytes(v[25:27], 'big')
        unix = start / 1e7 - 11644473600
        if not start < end <= start + 60 * 10 ** 7 or not 1.7e9 < unix < 4e9:
            self.wrong(f'group {number} lasts from {start} to {end}')
        if self.last is not None and number != self.last + 1:
            self.wrong(f'group {number} follows on {self.last}')
        self.last = number
        mine = [g for g in self.groups if self.hash(g) == v[27:59]]
        if not mine and not self.signed and len(self.groups) < 2:
            self.before += 1      # of what was sent before this file begins
            return None
        if len(mine) != 1 or len(mine[0]) != nals or mine[0] is self.groups[-1]:
            return self.wrong(f'group {number} is not what it was')
        at = self.groups.index(mine[0])
        if at and v[59:91] != self.groups[at - 1][0]:
            self.wrong(f'group {number} is not linked to the one before')
        if number == 1 and v[59:91] != bytes(32):
            self.wrong('the first group is linked to another')
        self.signed += 1
        return None

    @staticmethod
    def hash(group):
        return hashlib.sha256(b''.join(group)).digest()

    def slice(self, nal):
        h = hashlib.sha256(nal).digest()
        if nal[0] & 31 == 5 and nal[1] & 0x80:
            self.groups.append([h])
        elif self.groups:
            self.groups[-1].append(hashlib.sha256(self.groups[-1][0] + h).digest())

    def run(self, data):
        for nal in units_of_mp4(data):
            if nal[0] & 31 in (1, 5):
                self.slice(nal)
            elif nal[0] & 31 == 6 and (sei_payload(nal) or [b''])[0][:16] == UUID:
                self.message(nal)
        print(f'{self.signed} signed, {len(self.groups) - self.signed} not yet, {self.certificates} certificates, {" and ".join(self.texts) or "no text"}')
        for line in self.bad:
            print(line)
        return 1 if self.bad or not self.signed else 0


def is_h265(path):
    return path.endswith('h265')


def is_key(nal, h265):
    return 16 <= nal[0] >> 1 & 63 <= 21 if h265 else nal[0] & 31 == 5


def is_message(nal, h265):
    return nal[0] >> 1 & 63 == 39 if h265 else nal[0] & 31 == 6


def sign(path, out):
    h265 = is_h265(path)
    with open(path, 'rb') as f, open(out, 'wb') as to:
        for nal in units_of_annexb(f.read()):
            if is_key(nal, h265) and nal[2 if h265 else 1] & 0x80:
                payload = (AXIS if h265 else UUID) + b'\0\0\1\0\0\3' + os.urandom(150)
                raw = (b'\x4e\x01' if h265 else b'\x06') + bytes((5, len(payload))) + payload + b'\x80'
                to.write(b'\0\0\0\1' + escape(raw))
            to.write(b'\0\0\0\1' + nal)


def own(units, h265):
    header = 2 if h265 else 1
    return [n for n in units if is_message(n, h265) and (sei_payload(n, header) or [b''])[0][:16] in (UUID, AXIS)]


def kept(path, segments):
    h265 = is_h265(path)
    with open(path, 'rb') as f:
        sent = own(units_of_annexb(f.read()), h265)
    got = []
    for s in segments:
        with open(s, 'rb') as f:
            got += own(units_of_mp4(f.read()), h265)
    # The camera shows the file again and again.
    if not got or not any(all(g == sent[(i + k) % len(sent)] for k, g in enumerate(got)) for i in range(len(sent))):
        print(f'{len(got)} of {len(sent)} messages, not as they were sent')
        return 1
    print(f'{len(got)} messages, each as it was sent')
    return 0


def main(argv):
    if argv[1] == 'check':
        with open(argv[3], 'rb') as f:
            return Checker(argv[2]).run(f.read())
    if argv[1] == 'sign':
        return sign(argv[2], argv[3])
    return kept(argv[2], argv[3:])


if __name__ == '__main__':
    sys.exit(main(sys.argv))
