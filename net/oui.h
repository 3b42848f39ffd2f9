/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_OUI_H
#define NET_OUI_H
/*
 * Ethernet addresses: what the kernel's table of neighbours and an IPv6 address tell of them, and to whom the IEEE gave their
 * first three bytes (oui.txt of Debian's ieee-data). A line at a time, since that file has megabytes. Pure.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/span.h"

#define OUI_BYTES 3
#define OUI_ORGANISATION 96
#define OUI_MAC 6

/* "28-57-BE   (hex)\t\tHangzhou Hikvision…": false for every other line. The name is printable ASCII, cut where it is too long. */
bool oui_line(struct span line, uint8_t ret[OUI_BYTES], char organisation[OUI_ORGANISATION]);
/* A line of /proc/net/arp whose entry is complete, and neither empty nor of many: its IPv4 address as text, and its MAC. */
bool oui_arp_line(struct span line, char address[16], uint8_t ret[OUI_MAC]);
/* The MAC that an IPv6 address was made of (RFC 4291, appendix A); false for one that was not. */
bool oui_of_ipv6(const uint8_t address[16], uint8_t ret[OUI_MAC]);
/* Whether the IEEE gave it to somebody: not one that a program made up. */
bool oui_is_global(const uint8_t mac[OUI_MAC]);

#endif
