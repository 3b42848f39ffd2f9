/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "camera NAME DESCRIBED LOGIN SIGNS QUIRKS", a line each, numbers in decimal. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "net/span.h"
#include "server/inventory.h"
#include "server/msg.h"

void inventory_of_site(struct inventory *v, const struct site *site)
{
	v->site = site;
	v->n = 0;
	for (unsigned order = 0; order < site->ncameras; order++)
		for (unsigned i = 0; i < site->ncameras; i++)
			if (site->camera[i].order == order && !site->camera[i].gone)
				v->camera[v->n++] = (struct inventory_camera){.conf = &site->camera[i]};
}

struct inventory_camera *inventory_find(struct inventory *v, const char *name)
{
	for (unsigned i = 0; i < v->n; i++)
		if (!strcmp(v->camera[i].conf->name, name))
			return &v->camera[i];
	return NULL;
}

static bool take_number(struct span *line, uint64_t max, uint64_t *ret)
{
	struct span word = span_cut(line, ' ');

	return text_u64(word.p, word.n, max, ret) == 0;
}

/* Of a camera that the site file does not have any more nothing is kept. */
static int take_line(struct inventory *v, struct span line)
{
	uint64_t described, login, signs, quirks;
	struct inventory_camera *c;
	char name[SITE_NAME];
	struct span word;

	if (!span_is(span_cut(&line, ' '), "camera"))
		return -EBADMSG;
	word = span_cut(&line, ' ');
	if (!text_is_name(word.p, word.n) || !take_number(&line, 1, &described) || !take_number(&line, MSG_LOGINS - 1, &login) || !take_number(&line, UINT64_MAX, &signs) ||
	    !take_number(&line, UINT32_MAX, &quirks) || line.n)
		return -EBADMSG;
	memcpy(name, word.p, word.n);
	name[word.n] = 0;
	c = inventory_find(v, name);
	if (!c)
		return 0;
	c->heard = described || login || signs || quirks;
	c->described = described;
	c->login = (uint8_t)login;
	c->guess.rows = signs;
	c->quirks = (uint32_t)quirks;
	return 0;
}

int inventory_take(struct inventory *v, const void *answer, size_t n)
{
	struct span left = span_of(answer, n);

	if (!span_is(span_cut(&left, '\n'), "inventory"))
		return -EBADMSG;
	while (left.n) {
		int rc = take_line(v, span_cut(&left, '\n'));

		if (rc)
			return rc;
	}
	return 0;
}
