/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/starts.h"

void starts_init(struct starts *s)
{
	*s = (struct starts){.n = 0};
	for (unsigned i = 0; i < STARTS_MAX; i++)
		buf_init(&s->bytes[i], START_BYTES_MAX);
}

void starts_free(struct starts *s)
{
	for (unsigned i = 0; i < STARTS_MAX; i++)
		buf_free(&s->bytes[i]);
	s->n = 0;
}

void starts_clear(struct starts *s)
{
	s->n = 0;
}

/* The oldest one's place becomes the newest one's; its memory is used again. */
static void drop_oldest(struct starts *s)
{
	struct buf first = s->bytes[0];

	for (unsigned i = 1; i < s->n; i++) {
		s->bytes[i - 1] = s->bytes[i];
		s->au[i - 1] = s->au[i];
	}
	s->bytes[--s->n] = first;
}

void starts_add(struct starts *s, const struct record_au *au)
{
	struct buf *to;

	if (s->n == STARTS_MAX)
		drop_oldest(s);
	to = &s->bytes[s->n];
	buf_clear(to);
	if (!au->au.key || buf_append(to, au->au.data, au->au.len)) {
		s->n = 0;
		return;
	}
	s->au[s->n] = *au;
	s->au[s->n++].au.data = buf_data(to);
}
