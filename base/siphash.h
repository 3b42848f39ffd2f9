/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H
/* SipHash-2-4 (Aumasson, Bernstein, 2012): a keyed hash of 64 bits, which tells nothing to who does not have the key. */
#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint8_t key[16], const void *p, size_t n);

#endif
