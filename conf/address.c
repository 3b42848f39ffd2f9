/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

int address_split(const char *s, size_t n, struct address_parts *ret, const char **why)
{
	struct address_parts p = {.host = s, .nhost = n};
	const char *end = s + n, *colon;

	if (n && *s == '[') {
		const char *close = memchr(s, ']', n);

		if (!close || (close + 1 < end && close[1] != ':')) {
			*why = "after [ come an IPv6 address, ] and then :PORT or nothing";
			return -EINVAL;
		}
		p = (struct address_parts){.host = s + 1, .nhost = (size_t)(close - s - 1), .bracketed = 1};
		colon = close + 1 < end ? close + 1 : NULL;
	} else {
		colon = memchr(s, ':', n);
		if (colon && memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
			*why = "an IPv6 address is written in brackets";
			return -EINVAL;
		}
		if (colon)
			p.nhost = (size_t)(colon - s);
	}
	if (colon) {
		p.port = colon + 1;
		p.nport = (size_t)(end - p.port);
	}
	*ret = p;
	return 0;
}

static int parse_port(const struct address_parts *p, uint16_t port_default, uint16_t *ret, const char **why)
{
	uint64_t v = port_default;

	if (p->port && text_u64(p->port, p->nport, 65535, &v)) {
		*why = "a port is a number up to 65535";
		return -EINVAL;
	}
	*ret = (uint16_t)v;
	return 0;
}

/* A label that ends in a letter: numbers alone are a mistyped address, not a name. */
static int not_literal(const char *host, const char **why)
{
	size_t n = strlen(host);

	if (n && strspn(host, "0123456789.") < n && !strchr(host, '%')) {
		*why = "a host name";
		return -ENOENT;
	}
	*why = strchr(host, '%') ? "addresses with a zone (%) are not supported" : "not an IPv4 address: four numbers up to 255, without leading zeros";
	return -EINVAL;
}

int address_parse(const struct address_parts *p, uint16_t port_default, struct sockaddr_storage *ret, const char **why)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	char host[ADDRESS_TEXT];
	uint16_t port;

	if (p->nhost == 0) {
		*why = "the address is missing";
		return -EINVAL;
	}
	text_escape(p->host, p->nhost, host, sizeof host);
	if (parse_port(p, port_default, &port, why))
		return -EINVAL;
	if (p->bracketed) {
		if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) {
			*why = "not an IPv6 address in the brackets";
			return -EINVAL;
		}
		v6.sin6_port = htons(port);
		memset(ret, 0, sizeof *ret);
		memcpy(ret, &v6, sizeof v6);
		return 0;
	}
	if (inet_pton(AF_INET, host, &v4.sin_addr) != 1)
		return not_literal(host, why);
	v4.sin_port = htons(port);
	memset(ret, 0, sizeof *ret);
	memcpy(ret, &v4, sizeof v4);
	return 0;
}

void address_text(const struct sockaddr_storage *a, char out[ADDRESS_TEXT])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
	char host[INET6_ADDRSTRLEN] = "";

	if (a->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(out, ADDRESS_TEXT, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(out, ADDRESS_TEXT, "%s:%u", host, ntohs(v4->sin_port));
	}
}
