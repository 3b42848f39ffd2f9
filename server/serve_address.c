/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <openssl/rand.h>

static uint64_t mix(uint64_t h)
{
	h = (h ^ h >> 31) * 0x7fb5d329728ea185u;
	h = (h ^ h >> 27) * 0x81dadef4bc2dd44du;
	return h ^ h >> 33;
}

int serve_address_init(struct serve_addresses *a)
{
	memset(a, 0, sizeof *a);
	return RAND_bytes((uint8_t *)&a->seed, sizeof a->seed) == 1 ? 0 : -EIO;
}

uint64_t serve_address_of(const struct serve_addresses *a, const struct sockaddr_storage *from)
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;
	uint64_t net = 0;

	if (from->ss_family == AF_INET)
		memcpy(&net, &v4->sin_addr, 4);
	else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(&net, &v6->sin6_addr.s6_addr[12], 4);
	else if (from->ss_family == AF_INET6)
		memcpy(&net, v6->sin6_addr.s6_addr, 8);
	return mix(a->seed ^ net);
}

uint16_t *serve_address_count(struct serve_addresses *a, uint64_t address)
{
	return &a->count[address % SERVE_ADDRESS_COUNTERS];
}

void serve_address_name(const struct sockaddr_storage *from, char out[SERVE_ADDRESS_TEXT])
{
	const struct sockaddr_in *v4 = (const void *)from;
	const struct sockaddr_in6 *v6 = (const void *)from;
	const void *ip = from->ss_family == AF_INET ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr;

	if (!inet_ntop(from->ss_family, ip, out, SERVE_ADDRESS_TEXT))
		out[0] = 0;
}
