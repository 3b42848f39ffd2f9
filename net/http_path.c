/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/http_path.h"

#include <stdbool.h>

#include "base/text.h"

#define ASSET_NAME_MAX 64

static const struct http_path none = {.kind = HTTP_PATH_NONE};

static bool is_asset_name(struct span s)
{
	if (!s.n || s.n > ASSET_NAME_MAX || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-'))
			return false;
	}
	return true;
}

static bool take_prefix(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || memcmp(s->p, prefix, n) != 0)
		return false;
	*s = span_skip(*s, n);
	return true;
}

static bool take_suffix(struct span *s, const char *suffix)
{
	size_t n = strlen(suffix);

	if (s->n < n || memcmp(s->p + s->n - n, suffix, n) != 0)
		return false;
	s->n -= n;
	return true;
}

static bool is_lower_hex(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

/* Its segment's number, its own in that, and a tag. */
static enum http_path_kind parse_part(struct span name, struct http_path *ret)
{
	struct span number = span_cut(&name, '.'), part = span_cut(&name, '.');
	uint8_t tag[4];
	uint64_t n;

	if (text_u64(number.p, number.n, INT64_MAX, &ret->number) || text_u64(part.p, part.n, HTTP_PART_MAX, &n) || !is_lower_hex(name) ||
	    hex_decode(name.p, name.n, tag, sizeof tag))
		return HTTP_PATH_NONE;
	ret->part = (unsigned)n;
	ret->tag = (uint32_t)tag[0] << 24 | (uint32_t)tag[1] << 16 | (uint32_t)tag[2] << 8 | tag[3];
	return HTTP_PATH_PART;
}

/* "FROM-TO" */
static bool parse_time(struct span time, struct http_path *ret)
{
	struct span from = span_cut(&time, '-');

	return text_u64(from.p, from.n, HTTP_TIME_MAX, &ret->from_s) == 0 && text_u64(time.p, time.n, HTTP_TIME_MAX, &ret->to_s) == 0 &&
	       ret->from_s < ret->to_s;
}

/* What stands in a rendition's folder. */
static enum http_path_kind parse_media(struct span file, struct http_path *ret)
{
	if (span_is(file, "index.m3u8"))
		return HTTP_PATH_PLAYLIST;
	if (take_suffix(&file, ".m3u8"))
		return parse_time(file, ret) ? HTTP_PATH_PAST_PLAYLIST : HTTP_PATH_NONE;
	if (take_prefix(&file, "init-"))
		return take_suffix(&file, ".mp4") && is_lower_hex(file) &&
		       hex_decode(file.p, file.n, ret->init_prefix, sizeof ret->init_prefix) == 0 ? HTTP_PATH_INIT : HTTP_PATH_NONE;
	if (take_suffix(&file, ".m4s.tlog-proof"))
		return text_u64(file.p, file.n, INT64_MAX, &ret->number) == 0 ? HTTP_PATH_PROOF : HTTP_PATH_NONE;
	if (take_suffix(&file, ".ll.m4s"))
		return text_u64(file.p, file.n, INT64_MAX, &ret->number) == 0 ? HTTP_PATH_GROWING : HTTP_PATH_NONE;
	if (take_suffix(&file, ".m4s"))
		return text_u64(file.p, file.n, INT64_MAX, &ret->number) == 0 ? HTTP_PATH_SEGMENT : parse_part(file, ret);
	return HTTP_PATH_NONE;
}

/* What stands in the folder of snapshots. */
static enum http_path_kind parse_picture(struct span file, struct http_path *ret)
{
	enum http_path_kind kind = take_suffix(&file, ".tlog-proof") ? HTTP_PATH_PROOF : HTTP_PATH_PICTURE;

	return take_suffix(&file, ".jpg") && text_u64(file.p, file.n, INT64_MAX, &ret->number) == 0 ? kind : HTTP_PATH_NONE;
}

/* What was recorded of a camera. */
static enum http_path_kind parse_past(struct span file, struct http_path *ret)
{
	bool list = take_suffix(&file, ".m3u8");

	if ((!list && !take_suffix(&file, ".json")) || !parse_time(file, ret))
		return HTTP_PATH_NONE;
	return list ? HTTP_PATH_PAST : HTTP_PATH_PAST_SPANS;
}

static struct http_path parse_live(struct span s)
{
	struct http_path ret = none;

	ret.camera = span_cut(&s, '/');
	if (!text_is_name(ret.camera.p, ret.camera.n))
		return none;
	if (span_is(s, "index.m3u8")) {
		ret.kind = HTTP_PATH_MULTIVARIANT;
		return ret;
	}
	if (span_is(s, "manifest.mpd")) {
		ret.kind = HTTP_PATH_MANIFEST;
		return ret;
	}
	if (span_is(s, "manifest-ll.mpd")) {
		ret.kind = HTTP_PATH_MANIFEST_NEAR;
		return ret;
	}
	if (span_is(s, "snapshot.jpg")) {
		ret.kind = HTTP_PATH_SNAPSHOT;
		return ret;
	}
	if (s.n && !memchr(s.p, '/', s.n)) {
		ret.kind = parse_past(s, &ret);
		return ret.kind == HTTP_PATH_NONE ? none : ret;
	}
	ret.rendition = span_cut(&s, '/');
	if (!text_is_name(ret.rendition.p, ret.rendition.n))
		return none;
	ret.kind = span_is(ret.rendition, "snapshot") ? parse_picture(s, &ret) : parse_media(s, &ret);
	return ret.kind == HTTP_PATH_NONE ? none : ret;
}

struct http_path http_path_parse(struct span path)
{
	static const struct { const char *path; enum http_path_kind kind; } fixed[] = {
		{"/", HTTP_PATH_PAGE}, {"/login", HTTP_PATH_LOGIN}, {"/logout", HTTP_PATH_LOGOUT}, {"/verify.html", HTTP_PATH_VERIFIER}, {"/export", HTTP_PATH_EXPORT},
		{"/api/site", HTTP_PATH_SITE}, {"/api/time", HTTP_PATH_TIME}, {"/log/checkpoint", HTTP_PATH_CHECKPOINT}, {"/log/keys", HTTP_PATH_KEYS},
		{"/log/cosigned", HTTP_PATH_COSIGNED}, {"/log/pending", HTTP_PATH_PENDING}, {"/log/policy", HTTP_PATH_POLICY},
		{"/log/cosignature", HTTP_PATH_COSIGNATURE}, {"/api/status", HTTP_PATH_STATUS}, {"/api/alarms", HTTP_PATH_ALARMS},
		{"/api/sessions", HTTP_PATH_SESSIONS}, {"/api/shares", HTTP_PATH_SHARES},
	};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (span_is(path, fixed[i].path))
			return (struct http_path){.kind = fixed[i].kind};
	if (take_prefix(&path, "/live/"))
		return parse_live(path);
	if (take_prefix(&path, "/api/history/"))
		return text_is_name(path.p, path.n) ? (struct http_path){.kind = HTTP_PATH_HISTORY, .camera = path} : none;
	if (take_prefix(&path, "/assets/"))
		return is_asset_name(path) ? (struct http_path){.kind = HTTP_PATH_ASSET, .rest = path} : none;
	if (take_prefix(&path, "/log/") && path.n > 5 && memcmp(path.p, "tile/", 5) == 0)
		return (struct http_path){.kind = HTTP_PATH_TILE, .rest = path};
	return none;
}
