/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/note.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "seal/lines.h"

#define DASH "\xe2\x80\x94 "  /* U+2014 and a blank */

static int bad(const char **why, const char *reason)
{
	if (why)
		*why = reason;
	return -EBADMSG;
}

/* Offset of the last empty line's '\n'; 0 if there is none (it cannot be first: text stands before it). */
static size_t last_empty_line(const char *p, size_t n)
{
	for (size_t i = n; i-- > 1;)
		if (p[i] == '\n' && p[i - 1] == '\n')
			return i;
	return 0;
}

/* At least a key id and one byte of signature, canonical base64. */
static bool is_signature(const struct rd *base64, uint8_t ret_id[4])
{
	uint8_t raw[NOTE_MAX_BYTES / 4 * 3];
	size_t n;

	if (base64_decode(lines_text(base64), rd_left(base64), raw, sizeof raw, &n) || n < 5)
		return false;
	memcpy(ret_id, raw, 4);
	return true;
}

static bool read_signature(struct rd *r, struct note_signature *ret)
{
	struct rd base64 = lines_value(r, DASH), name = lines_until(&base64, ' ');

	if (r->bad || name.bad || rd_left(&name) == 0 || memchr(name.p, '+', rd_left(&name)) || !is_signature(&base64, ret->id))
		return false;
	ret->name = lines_text(&name);
	ret->name_len = rd_left(&name);
	ret->base64 = lines_text(&base64);
	ret->base64_len = rd_left(&base64);
	return true;
}

int note_parse(const void *p, size_t n, struct note *ret, const char **why)
{
	size_t split = n <= NOTE_MAX_BYTES ? last_empty_line(p, n) : 0;
	struct note note = {.text = p, .text_len = split};
	struct rd r;

	if (n > NOTE_MAX_BYTES)
		return bad(why, "the note is longer than 16384 bytes");
	if (!lines_are_utf8(p, n))
		return bad(why, "the note is not UTF-8 text");
	if (!split)
		return bad(why, "the note has no empty line before its signatures");
	r = rd_init(note.text + split + 1, n - split - 1);
	while (rd_left(&r)) {
		if (note.nsigs == NOTE_SIGNATURES_MAX)
			return bad(why, "the note has more than 32 signatures");
		if (!read_signature(&r, &note.sig[note.nsigs++]))
			return bad(why, "a signature line of the note is malformed");
	}
	if (note.nsigs == 0)
		return bad(why, "the note has no signature");
	*ret = note;
	return 0;
}

int note_verify(const struct note *note, const struct key_public *k)
{
	int rc = -ENOKEY;

	for (size_t i = 0; i < note->nsigs; i++) {
		const struct note_signature *s = &note->sig[i];
		uint8_t raw[4 + KEY_SIGNATURE_MAX];
		size_t n;

		if (memcmp(s->id, k->id, sizeof s->id) || s->name_len != strlen(k->name) || memcmp(s->name, k->name, s->name_len))
			continue;
		if (base64_decode(s->base64, s->base64_len, raw, sizeof raw, &n) || n <= 4 ||
		    !key_verify(k, note->text, note->text_len, raw + 4, n - 4))
			return -EKEYREJECTED;
		rc = 0;
	}
	return rc;
}

static bool is_text(const void *text, size_t n)
{
	return n > 0 && n <= NOTE_MAX_BYTES / 2 && ((const char *)text)[n - 1] == '\n' && lines_are_utf8(text, n);
}

int note_put(struct buf *out, const void *text, size_t n, const struct key_public *by, const uint8_t *sig, size_t nsig)
{
	uint8_t raw[4 + KEY_SIGNATURE_MAX];
	char base64[(sizeof raw + 2) / 3 * 4 + 1];
	size_t before = out->len;
	int rc;

	if (!is_text(text, n) || nsig < 1 || nsig > KEY_SIGNATURE_MAX)
		return -EINVAL;
	memcpy(raw, by->id, 4);
	memcpy(raw + 4, sig, nsig);
	base64_encode(raw, 4 + nsig, base64);
	rc = buf_append(out, text, n);
	if (!rc)
		rc = buf_append_fmt(out, "\n" DASH "%s %s\n", by->name, base64);
	if (rc)
		out->len = before;
	return rc;
}

int note_write(struct buf *out, const void *text, size_t n, const struct key_private *k)
{
	uint8_t sig[KEY_SIGNATURE_BYTES];
	int rc = is_text(text, n) ? key_sign(k, text, n, sig) : -EINVAL;

	return rc ? rc : note_put(out, text, n, key_public_of(k), sig, sizeof sig);
}
