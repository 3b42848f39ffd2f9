/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet addresses of cameras on the same link. They are the kernel's word, of whoever answers for that address: a camera behind
 * a router has none here.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "server/inventory.h"

#define LINE_MAX_BYTES 512
#define ARP_LINES_MAX 65536
#define OUI_LINES_MAX 2000000   /* the register has some 250,000 */

/* Each line without its end, longer ones cut. */
static void each_line(const char *path, unsigned most, struct inventory *v, void (*take)(struct inventory *v, struct span line))
{
	FILE *f = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	bool whole = true;

	for (unsigned n = 0; f && n < most && fgets(line, sizeof line, f); n++) {
		size_t len = strcspn(line, "\n");

		if (whole)
			take(v, span_of(line, len));
		whole = line[len] == '\n';
	}
	if (f)
		fclose(f);
}

static bool is_at(const struct sockaddr_storage *at, const char *ipv4)
{
	char text[INET_ADDRSTRLEN];

	return at->ss_family == AF_INET && inet_ntop(AF_INET, &((const struct sockaddr_in *)at)->sin_addr, text, sizeof text) && !strcmp(text, ipv4);
}

static void take_neighbour(struct inventory *v, struct span line)
{
	uint8_t mac[OUI_MAC];
	char address[16];

	if (!oui_arp_line(line, address, mac))
		return;
	for (unsigned i = 0; i < v->n; i++)
		if (is_at(&v->camera[i].conf->address, address)) {
			memcpy(v->camera[i].mac, mac, sizeof mac);
			v->camera[i].has_mac = true;
		}
}

static void take_organisation(struct inventory *v, struct span line)
{
	char name[OUI_ORGANISATION];
	uint8_t oui[OUI_BYTES];

	if (!oui_line(line, oui, name))
		return;
	for (unsigned i = 0; i < v->n; i++)
		if (v->camera[i].has_mac && oui_is_global(v->camera[i].mac) && !memcmp(v->camera[i].mac, oui, sizeof oui))
			memcpy(v->camera[i].organisation, name, sizeof name);
}

void inventory_look(struct inventory *v, const char *arp, const char *oui)
{
	for (unsigned i = 0; i < v->n; i++) {
		const struct sockaddr_storage *at = &v->camera[i].conf->address;

		if (at->ss_family == AF_INET6)
			v->camera[i].has_mac = oui_of_ipv6(((const struct sockaddr_in6 *)at)->sin6_addr.s6_addr, v->camera[i].mac);
	}
	each_line(arp, ARP_LINES_MAX, v, take_neighbour);
	each_line(oui, OUI_LINES_MAX, v, take_organisation);
}
