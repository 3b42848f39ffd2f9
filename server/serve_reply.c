/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_reply.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "net/http_response.h"

#define EVERY \
	"Strict-Transport-Security: max-age=31536000\r\n" \
	"X-Content-Type-Options: nosniff\r\n" \
	"Referrer-Policy: no-referrer\r\n" \
	"Cross-Origin-Resource-Policy: same-origin\r\n"
#define POLICY \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " \
	"media-src 'self' blob:; form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
/* What no page can say of itself in a <meta>. */
#define FRAMES "; frame-ancestors 'none'"
#define PAGE \
	"Cross-Origin-Opener-Policy: same-origin\r\n" \
	"Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"

const uint8_t *serve_reply_body(const struct serve_reply *r, size_t *ret_len)
{
	*ret_len = 0;
	if (r->status == 304 || r->unsatisfiable)
		return NULL;
	if (!r->bytes) {
		*ret_len = r->text_len;
		return (const uint8_t *)r->text;
	}
	*ret_len = r->part ? r->last - r->first + 1 : r->bytes->n;
	return r->bytes->p + (r->part ? r->first : 0);
}

static int content_range(struct buf *out, const struct serve_reply *r)
{
	char text[80];

	assert(r->bytes);
	if (r->unsatisfiable)
		snprintf(text, sizeof text, "bytes */%zu", r->bytes->n);
	else
		snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%zu", r->first, r->last, r->bytes->n);
	return http_response_field(out, "Content-Range", text);
}

static int optional(struct buf *out, const char *name, const char *value)
{
	return value ? http_response_field(out, name, value) : 0;
}

/* RFC 6266 */
static int disposition(struct buf *out, const char *file)
{
	char text[200];

	snprintf(text, sizeof text, "attachment; filename=\"%s.zip\"", file);
	return http_response_field(out, "Content-Disposition", text);
}

static int body_fields(struct buf *out, const struct serve_reply *r)
{
	const char *etag = r->etag ? r->etag : r->bytes ? r->bytes->etag : NULL;
	size_t len;
	int rc = 0;

	serve_reply_body(r, &len);
	if (r->status != 304 && !r->open)
		rc = http_response_number(out, "Content-Length", r->stream_bytes ? r->stream_bytes : len);
	if (!rc && (len || r->stream_bytes || r->open))
		rc = optional(out, "Content-Type", r->type);
	if (!rc && !r->unsatisfiable)
		rc = optional(out, "ETag", etag);
	if (!rc && r->file)
		rc = disposition(out, r->file);
	if (!rc)
		rc = optional(out, "Last-Modified", r->modified);
	if (!rc)
		rc = optional(out, "Content-Location", r->content_location);
	if (!rc && r->bytes && r->digest && !r->unsatisfiable)
		rc = http_response_field(out, r->part || r->status == 304 ? "Repr-Digest" : "Content-Digest", r->bytes->digest);
	if (!rc && r->bytes && r->bytes->mapped && !r->unsatisfiable)
		rc = http_response_field(out, "Accept-Ranges", "bytes");
	if (!rc && (r->part || r->unsatisfiable))
		rc = content_range(out, r);
	return rc;
}

static int page_fields(struct buf *out, const struct serve_reply *r)
{
	int rc = buf_append_fmt(out, "Content-Security-Policy: %s" FRAMES "\r\n", r->policy ? r->policy : POLICY);

	return rc ? rc : buf_append(out, PAGE, sizeof PAGE - 1);
}

int serve_reply_head(struct buf *out, const struct serve_reply *r, const char *date, bool keep_alive)
{
	int rc = http_response_begin(out, r->status);

	if (!rc)
		rc = http_response_field(out, "Date", date);
	if (!rc)
		rc = body_fields(out, r);
	if (!rc)
		rc = http_response_field(out, "Cache-Control", r->cache ? r->cache : "no-store");
	if (!rc)
		rc = buf_append(out, EVERY, sizeof EVERY - 1);
	if (!rc && r->page)
		rc = page_fields(out, r);
	if (!rc)
		rc = optional(out, "Location", r->location);
	if (!rc)
		rc = optional(out, "WWW-Authenticate", r->challenge);
	if (!rc)
		rc = optional(out, "Set-Cookie", r->cookie);
	if (!rc)
		rc = optional(out, "Allow", r->allow);
	if (!rc && r->retry_s)
		rc = http_response_number(out, "Retry-After", r->retry_s);
	if (!rc && r->chunked)
		rc = http_response_field(out, "Transfer-Encoding", "chunked");
	if (!rc && !keep_alive)
		rc = http_response_field(out, "Connection", "close");
	return rc ? rc : http_response_end(out);
}
