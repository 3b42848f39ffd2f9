/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/config_sets.h"

#include <errno.h>

#define AVCC_FIXED 5             /* bytes before the count of SPSs */
#define HVCC_FIXED 22            /* bytes before the count of arrays */

void config_sets_begin(struct config_sets *s, const struct track *t)
{
	*s = (struct config_sets){.r = rd_init(t->config, t->config_len), .codec = t->codec, .first = true};
	rd_bytes(&s->r, t->codec == CODEC_H265 ? HVCC_FIXED : AVCC_FIXED);
	s->groups = t->codec == CODEC_H265 ? rd_u8(&s->r) : 2;
}

static unsigned begin_group(struct config_sets *s)
{
	unsigned n;

	if (s->codec == CODEC_H265) {
		rd_u8(&s->r);            /* which kind they are, they say themselves */
		return rd_u16(&s->r);
	}
	n = rd_u8(&s->r) & (s->first ? 0x1f : 0xff);
	s->first = false;
	return n;
}

int config_sets_next(struct config_sets *s, const uint8_t **ret_nal, size_t *ret_n)
{
	size_t n;

	while (!s->left && s->groups) {
		s->groups--;
		s->left = begin_group(s);
	}
	if (s->r.bad)
		return -EBADMSG;
	if (!s->left)
		return 0;
	s->left--;
	n = rd_u16(&s->r);
	*ret_nal = rd_bytes(&s->r, n);
	*ret_n = n;
	return s->r.bad || !n ? -EBADMSG : 1;
}
