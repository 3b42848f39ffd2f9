/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_X86_SHA256_NI_H
#define SEAL_X86_SHA256_NI_H
/*
 * The compression function of SHA-256 (FIPS 180-4 6.2.2) by the SHA extensions,
 * for two messages at once: its rounds wait for each other, so that a second
 * message fits into the time in which the first one waits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this CPU has what the function needs. */
bool sha256_ni_there(void);
/* n whole blocks of 64 bytes of each message; a state is H0..H7. */
void sha256_ni_two(uint32_t a[8], const uint8_t *pa, uint32_t b[8], const uint8_t *pb, size_t n);

#endif
