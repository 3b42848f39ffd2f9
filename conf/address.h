/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_ADDRESS_H
#define CONF_ADDRESS_H
/* Literal addresses with ports: "192.0.2.11:554", "[2001:db8::11]:554". Nothing here asks DNS. */
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT 64

struct address_parts {
	const char *host, *port;  /* borrowed; host without brackets, port NULL if there is none */
	size_t nhost, nport;
	int bracketed;
};

/* Takes HOST, HOST:PORT, [HOST], [HOST]:PORT apart; 0 or -EINVAL with a static *why. Neither part is checked. */
int address_split(const char *s, size_t n, struct address_parts *ret, const char **why);
/*
 * 0 with *ret: a literal and a port (port_default if there is none). -EINVAL with a static *why;
 * -ENOENT when the host looks like a name, which the caller refuses with its own reason.
 */
int address_parse(const struct address_parts *p, uint16_t port_default, struct sockaddr_storage *ret, const char **why);
/* As in a Host header, the port always there. */
void address_text(const struct sockaddr_storage *a, char out[ADDRESS_TEXT]);

#endif
