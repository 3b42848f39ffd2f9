/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SITE_SHA256_H
#define SERVER_SITE_SHA256_H
/*
 * What names a site file in the log (start/v1, config/v1) and in an admin's signature: its SHA-256. Where it includes files, the
 * SHA-256 of what sha256sum(1) prints for all of them, the site file by the name "-":
 *     sha256sum - cameras.d/gate.yaml cameras.d/yard.yaml < site.yaml | sha256sum
 */
#include <stdbool.h>
#include <stdint.h>

#include "conf/site.h"

/* 0 or -ENOMEM. */
int site_sha256(const struct site *site, uint8_t ret[32]);
/* Of two sites; true also without memory. */
bool site_sha256_differs(const struct site *a, const struct site *b);

#endif
