/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_range.h"

#include <inttypes.h>

#include "base/clock.h"
#include "server/serve_offer.h"

#define LIST_MAX_BYTES 4096
#define NOTHING_KNOWN "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=8000000\n"
#define RECENT_US 60000000              /* what ended less long ago may still come into the archive: */
#define AGAIN_US 5000000                /* such a list is made anew that often */

static struct msg_want want_of(const struct serve_ask *a, enum msg_want_kind kind)
{
	return (struct msg_want){.kind = (uint8_t)kind, .camera = a->camera->set.camera, .rendition = a->rendition->set.rendition,
		.number = a->path.number, .from_us = a->range_from_us, .to_us = a->range_to_us};
}

/* Only these are archived. A camera that has not come since the server began is offered all the same. */
static int write_multivariant(const struct serve_ask *a, struct buf *b)
{
	const struct http_path *p = &a->path;
	struct serve_offer o;

	serve_offer_of(a->camera, &o);
	o.audio.from_s = p->from_s;
	o.audio.to_s = p->to_s;
	for (size_t i = 0; i < o.nvideo; i++) {
		if (o.picture[i]->set.rendition != RENDITION_COPY)
			continue;
		o.video[i].from_s = p->from_s;
		o.video[i].to_s = p->to_s;
		return playlist_multivariant(b, &o.video[i], 1, o.sound ? &o.audio : NULL, false);
	}
	if (!p->to_s)
		return buf_append_str(b, NOTHING_KNOWN "copy/index.m3u8\n");
	return buf_append_fmt(b, NOTHING_KNOWN "copy/%" PRIu64 "-%" PRIu64 ".m3u8\n", p->from_s, p->to_s);
}

void serve_range_multivariant(struct serve_ask *a)
{
	struct serve_bytes *bytes = NULL;
	struct buf b;

	if (!a->camera->rendition[RENDITION_COPY]) {
		serve_answer_status(a, 404);
		return;
	}
	buf_init(&b, LIST_MAX_BYTES);
	if (write_multivariant(a, &b) < 0 || serve_bytes_copy(buf_data(&b), b.len, &bytes) < 0)
		serve_answer_status(a, 503);
	else
		serve_answer_bytes(a, bytes, SERVE_TYPE_PLAYLIST);
	serve_bytes_unref(&bytes);
	buf_free(&b);
}

void serve_range_told(struct serve_ask *a, enum msg_want_kind kind, const char *type)
{
	struct msg_want key = want_of(a, kind);
	int64_t now_us = clock_wall_us();

	key.number = a->range_to_us > now_us - RECENT_US ? (uint64_t)(now_us / AGAIN_US) : 0;
	serve_answer_from_store(a, &key, type);
}

static bool touches(const struct serve_ask *a, const struct serve_segment *s)
{
	return s->m.start_us < a->range_to_us && s->m.start_us + (int64_t)serve_media_duration_us(&s->m) > a->range_from_us;
}

static void answer_segment(struct serve_ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_SEGMENT);

	a->footage = a->path.number;
	if (s && touches(a, s))
		serve_answer_bytes(a, s->bytes, serve_answer_media_type(a));
	else if (s)
		serve_answer_status(a, 404);
	else
		serve_answer_from_store(a, &key, serve_answer_media_type(a));
}

static void answer_proof(struct serve_ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_PROOF);

	if (s && !touches(a, s))
		serve_answer_status(a, 404);
	else
		serve_answer_from_store(a, &key, SERVE_TYPE_TEXT);
}

static void answer_of_rendition(struct serve_ask *a)
{
	switch (a->path.kind) {
	case HTTP_PATH_PLAYLIST: serve_range_told(a, MSG_WANT_LIST, SERVE_TYPE_PLAYLIST); break;
	case HTTP_PATH_INIT: serve_answer_init(a); break;
	case HTTP_PATH_SEGMENT: answer_segment(a); break;
	case HTTP_PATH_PROOF: answer_proof(a); break;
	default: serve_answer_status(a, 403); break;
	}
}

void serve_range_answer(struct serve_ask *a)
{
	if (a->path.kind == HTTP_PATH_MULTIVARIANT)
		serve_range_multivariant(a);
	else if (!a->rendition)
		serve_answer_status(a, 403);
	else if (a->rendition->set.rendition == RENDITION_SNAPSHOT)
		serve_answer_status(a, 404);  /* they have names of their own, and are not kept */
	else
		answer_of_rendition(a);
}
