/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/oui.h"

#include <arpa/inet.h>

#include "base/text.h"

#define ARP_COMPLETE 2          /* ATF_COM of linux/if_arp.h: the entry's address is known */
#define NOT_GIVEN "IEEE Registration Authority"  /* given on in smaller pieces, which are in other files */

/* n bytes as pairs of digits with that sign between them. */
static bool take_bytes(struct span s, char between, uint8_t *out, size_t n)
{
	if (s.n != n * 3 - 1)
		return false;
	for (size_t i = 0; i < n; i++)
		if (hex_decode(s.p + i * 3, 2, out + i, 1) < 0 || (i + 1 < n && s.p[i * 3 + 2] != between))
			return false;
	return true;
}

static struct span word(struct span *s)
{
	*s = span_trim(*s);
	return span_cut(s, ' ');
}

bool oui_line(struct span line, uint8_t ret[OUI_BYTES], char organisation[OUI_ORGANISATION])
{
	uint8_t bytes[OUI_BYTES];
	struct span name;
	size_t n = 0;

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (!take_bytes(word(&line), '-', bytes, sizeof bytes))
		return false;
	line = span_trim(line);
	if (!span_begins_nocase(line, "(hex)"))
		return false;
	name = span_trim(span_skip(line, strlen("(hex)")));
	if (!name.n || span_is_nocase(name, NOT_GIVEN))
		return false;
	for (; n < name.n && n < OUI_ORGANISATION - 1; n++)
		organisation[n] = name.p[n] >= 0x20 && name.p[n] < 0x7f ? name.p[n] : '?';
	organisation[n] = 0;
	memcpy(ret, bytes, sizeof bytes);
	return true;
}

/* "0x2" */
static bool is_complete(struct span flags)
{
	uint8_t value = 0;
	char two[2] = {'0', '0'};

	if (flags.n < 3 || flags.n > 4 || flags.p[0] != '0' || flags.p[1] != 'x')
		return false;
	memcpy(two + (4 - flags.n), flags.p + 2, flags.n - 2);
	return hex_decode(two, 2, &value, 1) == 0 && (value & ARP_COMPLETE);
}

bool oui_arp_line(struct span line, char address[16], uint8_t ret[OUI_MAC])
{
	static const uint8_t none[OUI_MAC];
	struct span ip = word(&line), flags, mac;
	uint8_t bytes[OUI_MAC];
	char text[16];
	uint8_t parsed[4];

	word(&line);  /* its hardware */
	flags = word(&line);
	mac = word(&line);
	if (!ip.n || ip.n >= sizeof text || !is_complete(flags) || !take_bytes(mac, ':', bytes, sizeof bytes))
		return false;
	memcpy(text, ip.p, ip.n);
	text[ip.n] = 0;
	if (inet_pton(AF_INET, text, parsed) != 1 || !memcmp(bytes, none, sizeof none) || (bytes[0] & 1))
		return false;
	memcpy(address, text, ip.n + 1);
	memcpy(ret, bytes, sizeof bytes);
	return true;
}

bool oui_of_ipv6(const uint8_t address[16], uint8_t ret[OUI_MAC])
{
	const uint8_t *id = address + 8;

	if (id[3] != 0xff || id[4] != 0xfe || !(id[0] & 2) || (id[0] & 1))
		return false;
	ret[0] = id[0] ^ 2;
	memcpy(ret + 1, id + 1, 2);
	memcpy(ret + 3, id + 5, 3);
	return true;
}

bool oui_is_global(const uint8_t mac[OUI_MAC])
{
	return !(mac[0] & 3);
}
