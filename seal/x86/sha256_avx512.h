/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_X86_SHA256_AVX512_H
#define SEAL_X86_SHA256_AVX512_H
/*
 * The compression function of SHA-256 (FIPS 180-4 6.2.2) for many messages at once, each in its own lane of 512-bit registers. With all
 * lanes in use sixteen are twice as fast as two messages by the SHA extensions, and thirty-two three times: a round waits
 * for the one before it, and with two registers of messages the other's are computed meanwhile.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_LANES 32

/* Whether this CPU has what the functions need. */
bool sha256_avx512_there(void);
/* n whole blocks of 64 bytes at each of p; h[i][lane] is Hi of that lane's message. */
void sha256_avx512_all(uint32_t h[8][SHA256_LANES], const uint8_t *const p[SHA256_LANES], size_t n);
/* ... of the first half of the lanes. */
void sha256_avx512_half(uint32_t h[8][SHA256_LANES], const uint8_t *const p[SHA256_LANES / 2], size_t n);

#endif
