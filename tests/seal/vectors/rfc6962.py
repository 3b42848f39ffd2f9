#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints rfc6962.txt: 196 proofs to accept and to refuse.

The tree is written down as RFC 6962 section 2.1 defines it, by recursion over
the leaves, and shares nothing with seal/tree.c. The cases are those that
transparency-dev/merkle publishes as its test data: the eight leaves that all
logs are tried with, five inclusion and five consistency proofs, and each way
to spoil one. A wrong hash has 32 bytes here, also where that data has fewer,
so that it is refused for what it says and not for its length.
"""
import hashlib

LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
NONE = "-"  # a hash of no bytes


def sha256(data):
    return hashlib.sha256(data).digest()


D = [bytes.fromhex(leaf) for leaf in LEAVES]


def split(n):
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(first, last):
    """MTH(D[first:last])"""
    n = last - first
    if n == 0:
        return sha256(b"")
    if n == 1:
        return sha256(b"\0" + D[first])
    k = split(n)
    return sha256(b"\1" + mth(first, first + k) + mth(first + k, last))


def path(m, first, last):
    """PATH(m, D[first:last]), as names of subtrees"""
    n = last - first
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return path(m, first, first + k) + [name(first + k, last)]
    return path(m - k, first + k, last) + [name(first, first + k)]


def subproof(m, first, last, whole):
    """SUBPROOF(m, D[first:last], whole)"""
    n = last - first
    if m == n:
        return [] if whole else [name(first, last)]
    k = split(n)
    if m <= k:
        return subproof(m, first, first + k, whole) + [name(first + k, last)]
    return subproof(m - k, first + k, last, False) + [name(first, first + k)]


HASHES = {"empty": sha256(b""), "wrong": sha256(b"wrong"), "other": sha256(b"other")}


def name(first, last):
    """The subtree over these leaves is called first..last."""
    called = f"{first}..{last}"
    HASHES[called] = mth(first, last)
    return called


def flipped(called, bit):
    """That hash with one bit the other way."""
    value = bytearray(HASHES[called])
    value[bit // 8] ^= 1 << bit % 8
    changed = f"{called}^{bit}"
    HASHES[changed] = bytes(value)
    return changed


CASES = []


def case(kind, what, a, b, x, y, proof, good=False):
    CASES.append((kind, what, a % 2**64, b, x, y, list(proof), good))


def each_flipped(kind, a, b, x, y, proof, bit):
    for i, h in enumerate(proof):
        case(kind, f"bit-of-hash-{i}", a, b, x, y, proof[:i] + [flipped(h, bit)] + proof[i + 1:])


def inclusion(index, size):
    leaf, root, p = name(index, index + 1), name(0, size), path(index, 0, size)

    def spoiled(what, index=index, size=size, leaf=leaf, root=root, proof=p):
        case("inclusion", what, index, size, leaf, root, proof)

    case("inclusion", "right", index, size, leaf, root, p, True)
    spoiled("index-less-1", index=index - 1)
    spoiled("index-plus-1", index=index + 1)
    spoiled("index-xor-2", index=index ^ 2)
    spoiled("size-double", size=size * 2)
    spoiled("size-half", size=size // 2)
    spoiled("wrong-leaf", leaf="wrong")
    spoiled("empty-root", root="empty")
    spoiled("other-root", root="other")
    spoiled("nothing-behind", proof=p + [NONE])
    spoiled("nothing-before", proof=[NONE] + p)
    spoiled("root-behind", proof=p + [root])
    spoiled("root-before", proof=[root] + p)
    if p:
        spoiled("last-removed", proof=p[:-1])
        each_flipped("inclusion", index, size, leaf, root, p, 3)
    if len(p) > 1:
        spoiled("one-put-in", proof=p[:1] + ["other"] + p[1:])


def consistency(size1, size2):
    root1, root2, p = name(0, size1), name(0, size2), subproof(size1, 0, size2, True)

    def spoiled(what, size1=size1, size2=size2, root1=root1, root2=root2, proof=p):
        case("consistency", what, size1, size2, root1, root2, proof)

    case("consistency", "right", size1, size2, root1, root2, p, True)
    if size1 == size2:
        return
    spoiled("size1-less-1", size1=size1 - 1)
    spoiled("size1-plus-1", size1=size1 + 1)
    spoiled("size1-xor-2", size1=size1 ^ 2)
    spoiled("size2-double", size2=size2 * 2)
    spoiled("size2-half", size2=size2 // 2)
    spoiled("wrong-root1", root1="wrong")
    spoiled("wrong-root2", root2="wrong")
    spoiled("roots-swapped", root1=root2, root2=root1)
    spoiled("no-proof", proof=[])
    spoiled("nothing-behind", proof=p + [NONE])
    spoiled("nothing-before", proof=[NONE] + p)
    spoiled("root1-behind", proof=p + [root1])
    spoiled("root2-behind", proof=p + [root2])
    spoiled("root1-before", proof=[root1] + p)
    spoiled("root2-before", proof=[root2] + p)
    spoiled("first-twice", proof=p[:1] + p)
    spoiled("last-removed", proof=p[:-1])
    each_flipped("consistency", size1, size2, root1, root2, p, 4)


for index, size in (0, 1), (0, 8), (5, 8), (2, 3), (1, 5):
    inclusion(index, size)
for size1, size2 in (1, 1), (1, 8), (6, 8), (2, 5), (6, 7):
    consistency(size1, size2)
for index, size in (0, 0), (0, 1), (1, 0), (2, 1):
    case("inclusion", "no-leaf", index, size, NONE, "empty", [])
    case("inclusion", "no-root", index, size, "other", NONE, [])
    case("inclusion", "a-leaf-of-nothing", index, size, "other", "empty", [])
case("inclusion", "one-leaf", 0, 1, "other", "other", [], True)
case("inclusion", "one-leaf-no-root", 0, 1, "other", NONE, [])
case("inclusion", "one-root-no-leaf", 0, 1, NONE, "other", [])
case("inclusion", "neither", 0, 1, NONE, NONE, [])
for size1, size2, root1, root2, proof, good in (
        (0, 0, "other", "wrong", [], False), (0, 0, "empty", "wrong", [], False), (0, 0, "other", "other", [], False),
        (0, 0, "empty", "empty", ["empty"], False), (0, 1, "empty", "empty", ["empty"], False), (0, 1, "empty", "wrong", [], False),
        (0, 1, "other", "wrong", [], False), (1, 0, "other", "wrong", [], False), (1, 1, "other", "other", [], True),
        (1, 1, "other", "wrong", [], False), (1, 1, "empty", "wrong", [], False), (1, 1, "empty", "empty", ["empty"], False),
        (1, 2, "other", "wrong", [], False), (2, 1, "other", "wrong", [], False)):
    case("consistency", "small", size1, size2, root1, root2, proof, good)

print("# SPDX-License-Identifier: GPL-2.0-or-later")
print("# Made by rfc6962.py, which says what it is:")
print("#     hash NAME HEX")
print("#     inclusion WHAT INDEX SIZE LEAF ROOT good|bad HASH...")
print("#     consistency WHAT SIZE1 SIZE2 ROOT1 ROOT2 good|bad HASH...")
for called, value in HASHES.items():
    print("hash", called, value.hex())
for kind, what, a, b, x, y, proof, good in CASES:
    print(kind, what, a, b, x, y, "good" if good else "bad", *proof)
