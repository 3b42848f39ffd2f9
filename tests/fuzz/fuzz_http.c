/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests one behind the other, and every reader of what stands in them. Whole and byte by byte must agree. */
#include <stdint.h>
#include <stdlib.h>

#include "net/http.h"
#include "net/http_fields.h"
#include "net/http_path.h"
#include "net/http_reload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const struct http_request *r)
{
	char name[33], password[257];
	uint64_t first = 0, last = 0;
	struct http_reload reload;
	struct span v;

	http_path_parse(r->path);
	http_reload_parse(r->query, &reload);
	http_cookie(r, "__Host-session", &v);
	http_form_field(span_of(r->body, r->body_len), "password", password, sizeof password);
	for (unsigned i = 0; i < r->nheaders; i++) {
		http_basic(r->header[i].value, name, sizeof name, password, sizeof password);
		http_etag_listed(r->header[i].value, "\"x\"");
		http_etag_matches(r->header[i].value, "\"x\"");
		if (http_accepts(r->header[i].value, "text/plain") > 1000)
			abort();
		if (http_range(r->header[i].value, 1000, &first, &last) == HTTP_RANGE_PART && (first > last || last > 999))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t off = 0;

	for (int requests = 0; requests < 8; requests++) {
		struct http_progress at = {0}, slow = {0};
		struct http_request r, s;
		struct http_refusal bad = {0, NULL}, slow_bad = {0, NULL};
		int rc = http_parse(data + off, size - off, &at, &r, &bad), slow_rc = 0;

		for (size_t n = 0; n <= size - off && n < 2048 && !slow_rc; n++)
			slow_rc = http_parse(data + off, n, &slow, &s, &slow_bad);
		if (slow_rc && (slow_rc != rc || (rc > 0 && s.size != r.size)))
			abort();
		if (rc <= 0)
			return 0;
		if (r.size > size - off || r.size > HTTP_INPUT_MAX + 2)
			abort();
		read_all(&r);
		off += r.size;
	}
	return 0;
}
