/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/gop_signer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mem.h>
#include <libavutil/sha.h>

#include "base/buf.h"
#include "media/h264.h"
#include "media/nal.h"

#define HASH MEDIA_SIGNING_HASH

/* A group that is over, and what became of it. */
struct asked {
	uint32_t number;                 /* 0: none, or its SEI was sent */
	int64_t start_us;
	size_t len;                      /* of its SEI; 0: not there yet */
	uint8_t nal[MEDIA_SIGNING_SEI_MAX];
};

struct gop_signer {
	struct gop_signer_hooks hooks;
	struct AVSHA *list, *one;        /* over the group's hashes; over one slice, or two hashes */
	bool in_gop;
	struct media_signing_gop gop;    /* under way; hash and end_us come last */
	uint8_t anchor[HASH];
	bool certificate_owed;
	size_t certificate_len;
	uint8_t certificate[MEDIA_SIGNING_SEI_MAX];
	struct asked asked[GOP_SIGNER_ASKED];  /* by number */
	struct buf room;
	struct gop_signer_counts counts;
};

int gop_signer_new(struct gop_signer **ret, const struct gop_signer_hooks *hooks)
{
	struct gop_signer *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->hooks = *hooks;
	buf_init(&s->room, AU_MAX_BYTES);
	s->list = av_sha_alloc();
	s->one = av_sha_alloc();
	if (!s->list || !s->one) {
		gop_signer_free(&s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void gop_signer_free(struct gop_signer **sp)
{
	struct gop_signer *s = *sp;

	if (!s)
		return;
	av_free(s->list);
	av_free(s->one);
	buf_free(&s->room);
	free(s);
	*sp = NULL;
}

static void give_up(struct gop_signer *s, struct asked *a)
{
	s->counts.unsigned_gops += a->number != 0;
	a->number = 0;
	a->len = 0;
}

static void ask_for_certificate(struct gop_signer *s)
{
	static const struct media_signing_gop none;

	if (!s->certificate_len)
		s->hooks.ask(s->hooks.ctx, &none);
}

void gop_signer_begin(struct gop_signer *s)
{
	for (unsigned i = 0; i < GOP_SIGNER_ASKED; i++)
		give_up(s, &s->asked[i]);
	s->counts.unsigned_gops += s->in_gop;
	s->in_gop = false;
	s->gop = (struct media_signing_gop){0};
	memset(s->anchor, 0, sizeof s->anchor);
	s->certificate_owed = true;
	ask_for_certificate(s);
}

static void hash(struct gop_signer *s, const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t ret[HASH])
{
	av_sha_init(s->one, 256);
	av_sha_update(s->one, a, na);
	if (nb)
		av_sha_update(s->one, b, nb);
	av_sha_final(s->one, ret);
}

static void end_gop(struct gop_signer *s, int64_t end_us)
{
	struct asked *a = &s->asked[s->gop.number % GOP_SIGNER_ASKED];

	if (!s->in_gop)
		return;
	s->in_gop = false;
	s->gop.end_us = end_us;
	av_sha_final(s->list, s->gop.hash);
	give_up(s, a);
	a->number = s->gop.number;
	a->start_us = s->gop.start_us;
	ask_for_certificate(s);
	s->hooks.ask(s->hooks.ctx, &s->gop);
}

/* The slice is the anchor of a new group, which is linked to the one before by that one's. */
static void begin_gop(struct gop_signer *s, const uint8_t *nal, size_t n, int64_t start_us)
{
	end_gop(s, start_us);
	s->gop.number++;
	s->gop.start_us = start_us;
	s->gop.nals = 1;
	memcpy(s->gop.linked, s->anchor, HASH);
	hash(s, nal, n, NULL, 0, s->anchor);
	av_sha_init(s->list, 256);
	av_sha_update(s->list, s->anchor, HASH);
	s->in_gop = true;
}

static void add_slice(struct gop_signer *s, const uint8_t *nal, size_t n)
{
	uint8_t own[HASH], h[HASH];

	if (!s->in_gop)
		return;
	if (s->gop.nals == UINT16_MAX) {  /* more than can be told of */
		s->in_gop = false;
		s->counts.unsigned_gops++;
		return;
	}
	hash(s, nal, n, NULL, 0, own);
	hash(s, s->anchor, HASH, own, HASH, h);
	av_sha_update(s->list, h, HASH);
	s->gop.nals++;
}

static void see_slices(struct gop_signer *s, const struct au *au)
{
	struct rd r = rd_init(au->data, au->len);
	const uint8_t *nal;
	size_t n;

	while (nal_next(&r, &nal, &n) == 1) {
		n = nal_trim(nal, n);
		if (!h264_is_slice(nal, n))
			continue;
		if (nal_type(nal) == NAL_IDR && h264_begins_picture(nal, n))
			begin_gop(s, nal, n, au->capture_us);
		else
			add_slice(s, nal, n);
	}
}

static int put_nal(struct gop_signer *s, const uint8_t *nal, size_t n)
{
	uint8_t head[4];
	struct wr w = wr_init(head, sizeof head);

	wr_u32(&w, (uint32_t)n);
	return buf_append(&s->room, head, sizeof head) || buf_append(&s->room, nal, n) ? -ENOMEM : 0;
}

static bool is_next(const struct asked *a, uint32_t after)
{
	return a->number > after && a->len;
}

/* The one that is there and has the least number above; NULL: none. */
static struct asked *next_answered(struct gop_signer *s, uint32_t after)
{
	struct asked *next = NULL;

	for (unsigned i = 0; i < GOP_SIGNER_ASKED; i++)
		if (is_next(&s->asked[i], after) && (!next || s->asked[i].number < next->number))
			next = &s->asked[i];
	return next;
}

static int put_seis(struct gop_signer *s)
{
	bool certificate = s->certificate_owed && s->certificate_len;
	struct asked *a;
	int rc = 0;

	if (certificate)
		rc = put_nal(s, s->certificate, s->certificate_len);
	for (uint32_t after = 0; !rc && (a = next_answered(s, after)); after = a->number)
		rc = put_nal(s, a->nal, a->len);
	return rc;
}

/* They are in the access unit that is sent. */
static void count_seis(struct gop_signer *s)
{
	struct asked *a;

	if (s->certificate_len)
		s->certificate_owed = false;
	while ((a = next_answered(s, 0))) {
		a->number = 0;
		a->len = 0;
		s->counts.signed_gops++;
	}
}

int gop_signer_add(struct gop_signer *s, const struct au *in, struct au *ret)
{
	see_slices(s, in);
	*ret = *in;
	buf_clear(&s->room);
	if (put_seis(s))
		return -ENOMEM;
	if (s->room.len == 0)
		return 0;
	if (buf_append(&s->room, in->data, in->len))
		return -ENOMEM;
	count_seis(s);
	ret->data = buf_data(&s->room);
	ret->len = s->room.len;
	return 0;
}

void gop_signer_answer(struct gop_signer *s, uint32_t number, int64_t start_us, const uint8_t *nal, size_t n)
{
	struct asked *a = &s->asked[number % GOP_SIGNER_ASKED];

	if (number == 0 || a->number != number || a->start_us != start_us || a->len || n == 0 || n > sizeof a->nal)
		return;
	memcpy(a->nal, nal, n);
	a->len = n;
}

void gop_signer_certificate(struct gop_signer *s, const uint8_t *nal, size_t n)
{
	if (n == 0 || n > sizeof s->certificate)
		return;
	memcpy(s->certificate, nal, n);
	s->certificate_len = n;
}

struct gop_signer_counts gop_signer_counts(const struct gop_signer *s)
{
	return s->counts;
}
