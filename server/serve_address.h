/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_ADDRESS_H
#define SERVER_SERVE_ADDRESS_H
/*
 * Viewers' addresses as numbers that can be counted and compared: an IPv4
 * address, or the /64 of an IPv6 address, mixed with a secret of this process.
 */
#include <stdint.h>
#include <sys/socket.h>

#define SERVE_ADDRESS_TEXT 46  /* an address as text, and a NUL */
#define SERVE_ADDRESS_COUNTERS 8192

struct serve_addresses {
	uint64_t seed;
	/* Addresses that share a counter share its cap; the seed keeps that from being chosen. */
	uint16_t count[SERVE_ADDRESS_COUNTERS];
};

/* 0 or -EIO when there is no randomness. */
int serve_address_init(struct serve_addresses *a);
uint64_t serve_address_of(const struct serve_addresses *a, const struct sockaddr_storage *from);
uint16_t *serve_address_count(struct serve_addresses *a, uint64_t address);
/* "" for what is no internet address. */
void serve_address_name(const struct sockaddr_storage *from, char out[SERVE_ADDRESS_TEXT]);

#endif
