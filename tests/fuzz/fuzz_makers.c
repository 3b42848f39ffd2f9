/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of makers, and the lines of the kernel's and the IEEE's files that MAC addresses come from. */
#include <assert.h>
#include <stdlib.h>

#include "net/makers.h"
#include "net/oui.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct makers *m = calloc(1, sizeof *m);
	struct span left = span_of(data, n);
	char organisation[OUI_ORGANISATION], address[16];
	uint8_t mac[OUI_MAC];
	const char *why;
	unsigned line;

	if (!m)
		return 0;
	if (makers_parse(data, n, m, &line, &why) == 0)
		for (unsigned i = 0; i < m->n; i++)
			assert(makers_find(m, m->row[i].key) == &m->row[i]);
	else
		assert(why && m->n == 0);
	while (left.n) {
		struct span one = span_cut(&left, '\n');

		if (oui_line(one, mac, organisation)) {
			assert(*organisation && strlen(organisation) < sizeof organisation);
			makers_of_organisation(m, organisation);
		}
		if (oui_arp_line(one, address, mac))
			assert(strlen(address) >= 7 && oui_is_global(mac) == !(mac[0] & 3));
	}
	free(m);
	return 0;
}
