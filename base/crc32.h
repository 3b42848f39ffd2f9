/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BASE_CRC32_H
#define BASE_CRC32_H
/* The checksum of ZIP, PNG and Ethernet (ISO 3309, polynomial 0x04c11db7 reflected): it finds accidents, and proves nothing. */
#include <stddef.h>
#include <stdint.h>

/* The sum of what before is the sum of (0: nothing yet) and of these bytes behind it. */
uint32_t crc32_add(uint32_t before, const void *p, size_t n);

#endif
