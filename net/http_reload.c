/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/http_reload.h"

#include <errno.h>

#include "base/text.h"

enum directive { NUMBER, PART, SKIP, DIRECTIVES };

static enum directive directive_of(struct span name)
{
	static const char *const names[] = {[NUMBER] = "_HLS_msn", [PART] = "_HLS_part", [SKIP] = "_HLS_skip"};
	enum directive d = NUMBER;

	while (d < DIRECTIVES && !span_is(name, names[d]))
		d++;
	return d;
}

static int take(struct http_reload *r, enum directive d, struct span value)
{
	uint64_t part = 0;

	switch (d) {
	case NUMBER:
		r->has_number = true;
		return text_u64(value.p, value.n, INT64_MAX, &r->number) ? -EINVAL : 0;
	case PART:
		r->has_part = true;
		if (text_u64(value.p, value.n, UINT32_MAX, &part))
			return -EINVAL;
		r->part = (uint32_t)part;
		return 0;
	case SKIP:
		r->skip = true;
		return span_is(value, "YES") || span_is(value, "v2") ? 0 : -EINVAL;  /* v2: date ranges too, of which we have none */
	case DIRECTIVES:
		break;
	}
	return 0;
}

int http_reload_parse(struct span query, struct http_reload *ret)
{
	struct http_reload r = {0};
	bool seen[DIRECTIVES + 1] = {false};

	while (query.n) {
		struct span value = span_cut(&query, '&'), name = span_cut(&value, '=');
		enum directive d = directive_of(name);

		if ((seen[d] && d != DIRECTIVES) || take(&r, d, value))
			return -EINVAL;
		seen[d] = true;
	}
	if (r.has_part && !r.has_number)
		return -EINVAL;
	*ret = r;
	return 0;
}
