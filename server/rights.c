/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/rights.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/rd.h"
#include "base/wr.h"

size_t rights_write(const struct rights_rule *rule, unsigned n, uint8_t out[RIGHTS_BYTES])
{
	struct wr w = wr_init(out, RIGHTS_BYTES);

	assert(n <= RIGHTS_RULES_MAX);
	for (unsigned i = 0; i < n; i++) {
		wr_u8(&w, rule[i].rights);
		wr_u8(&w, rule[i].hours.days);
		wr_u16(&w, rule[i].hours.from_min);
		wr_u16(&w, rule[i].hours.to_min);
		wr_bytes(&w, rule[i].cameras, sizeof rule[i].cameras);
	}
	return w.len;
}

static bool read_rule(struct rd *r, struct rights_rule *ret)
{
	const uint8_t *cameras;

	ret->rights = rd_u8(r);
	ret->hours.days = rd_u8(r);
	ret->hours.from_min = rd_u16(r);
	ret->hours.to_min = rd_u16(r);
	cameras = rd_bytes(r, sizeof ret->cameras);
	if (!cameras || ret->rights >> SITE_RIGHTS || ret->hours.days >> 7 || ret->hours.from_min >= SITE_DAY_MIN || ret->hours.to_min > SITE_DAY_MIN)
		return false;
	memcpy(ret->cameras, cameras, sizeof ret->cameras);
	return true;
}

int rights_read(const uint8_t *p, size_t n, struct rights_rule ret[RIGHTS_RULES_MAX], unsigned *ret_n)
{
	struct rights_rule rule[RIGHTS_RULES_MAX];
	struct rd r = rd_init(p, n);
	unsigned rules = 0;

	while (rd_left(&r))
		if (rules == RIGHTS_RULES_MAX || !read_rule(&r, &rule[rules++]))
			return -EBADMSG;
	memcpy(ret, rule, rules * sizeof *rule);
	*ret_n = rules;
	return 0;
}

static bool has_day(const struct site_hours *h, int day)
{
	return h->days >> day & 1;
}

bool rights_hour(const struct site_hours *h, const struct tm *local)
{
	int now = local->tm_hour * 60 + local->tm_min, yesterday = (local->tm_wday + 6) % 7;

	if (h->from_min < h->to_min)
		return has_day(h, local->tm_wday) && now >= h->from_min && now < h->to_min;
	return (has_day(h, local->tm_wday) && now >= h->from_min) || (has_day(h, yesterday) && now < h->to_min);
}
