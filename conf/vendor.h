/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_VENDOR_H
#define CONF_VENDOR_H
/*
 * Addresses of cameras by vendor: "hikvision 192.0.2.11 main" is rtsp://192.0.2.11/Streaming/Channels/101. The grammar is
 *     VENDOR [rtsps://]ADDRESS[:PORT] [CHANNEL] [main|sub]
 * with channel 1, of a recorder's or a camera with several heads, and main where they are left out. The paths are those that the
 * vendors publish; what a camera was set to otherwise is written as an address.
 */
#include <stdbool.h>
#include <stddef.h>

#define VENDOR_URL 400
#define VENDOR_WHY 300
#define VENDOR_CHANNEL_MAX 256

/* Whether s is meant as such: words, the first of which is no scheme. */
bool vendor_is(const char *s, size_t n);
/* The address that s stands for; its own address is not looked at. 0, or -EINVAL with why. */
int vendor_url(const char *s, size_t n, char ret[VENDOR_URL], char why[VENDOR_WHY]);
/* The i-th vendor's name and its addresses of channel 1 at ADDRESS, false when there are no more. */
bool vendor_row(unsigned i, const char **name, char main[VENDOR_URL], char sub[VENDOR_URL]);

#endif
