/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/cosign.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"
#include "base/wr.h"
#include "seal/hash.h"
#include "seal/lines.h"

#define LINE_BYTES (4 + 8 + KEY_SIGNATURE_BYTES)
#define SIGNED_MAX (64 + NOTE_MAX_BYTES)

static void key_id(const char *name, const uint8_t raw[32], uint8_t ret[4])
{
	uint8_t text[KEY_NAME + 2 + 32];
	struct wr w = wr_init(text, sizeof text);
	struct hash h;

	wr_str(&w, name);
	wr_u8(&w, '\n');
	wr_u8(&w, COSIGN_KEY_TYPE);
	wr_bytes(&w, raw, 32);
	hash_bytes(text, w.len, &h);
	memcpy(ret, h.b, 4);
}

int cosign_make_public(const char *name, const uint8_t raw[32], struct cosign_public *ret)
{
	struct cosign_public c;
	int rc = key_make_public(name, raw, &c.key);

	if (rc)
		return rc;
	key_id(c.key.name, raw, c.id);
	*ret = c;
	return 0;
}

void cosign_vkey(const struct cosign_public *c, char out[KEY_VKEY])
{
	uint8_t typed[33] = {COSIGN_KEY_TYPE};
	char hex[9], base64[48];
	struct wr w = wr_init(out, KEY_VKEY);

	memcpy(typed + 1, c->key.raw, 32);
	hex_encode(c->id, sizeof c->id, hex);
	base64_encode(typed, sizeof typed, base64);
	wr_fmt(&w, "%s+%s+%s", c->key.name, hex, base64);
}

int cosign_parse_vkey(const char *s, size_t n, struct cosign_public *ret, const char **why)
{
	struct rd r = rd_init(s, n && s[n - 1] == '\n' ? n - 1 : n), name = lines_until(&r, '+'), id = lines_until(&r, '+');
	struct cosign_public c;
	const char *reason;
	char name0[KEY_NAME] = "";
	uint8_t typed[64], wanted[4];
	size_t len = 0;

	why = why ? why : &reason;
	*why = "not a witness' public key: it is written name+keyid+base64, as casemate keygen --witness prints it";
	if (id.bad || !key_is_name(lines_text(&name), rd_left(&name)) || key_parse_id(lines_text(&id), rd_left(&id), wanted) ||
	    base64_decode(lines_text(&r), rd_left(&r), typed, sizeof typed, &len) || len < 1)
		return -EINVAL;
	if (typed[0] != COSIGN_KEY_TYPE || len != 33) {
		*why = "a public key of another type than a witness' (0x04, Ed25519)";
		return -EINVAL;
	}
	memcpy(name0, name.p, rd_left(&name));
	if (cosign_make_public(name0, typed + 1, &c) || memcmp(c.id, wanted, sizeof wanted)) {
		*why = "the witness' public key and its key id do not belong together: a character was changed or lost";
		return -EINVAL;
	}
	*ret = c;
	return 0;
}

/* What is signed. */
static struct wr message(uint8_t room[SIGNED_MAX], const void *text, size_t n, uint64_t time_s)
{
	struct wr w = wr_init(room, SIGNED_MAX);

	wr_fmt(&w, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
	wr_bytes(&w, text, n);
	return w;
}

int cosign_write(struct buf *out, const void *text, size_t n, int64_t time_s, const struct key_private *k)
{
	const struct key_public *pub = key_public_of(k);
	uint8_t room[SIGNED_MAX], raw[LINE_BYTES];
	struct wr line = wr_init(raw, sizeof raw), signed_text;
	char base64[128];
	int rc;

	if (n == 0 || n > NOTE_MAX_BYTES / 2 || ((const char *)text)[n - 1] != '\n' || time_s < 0 || time_s > COSIGN_TIME_MAX_S)
		return -EINVAL;
	signed_text = message(room, text, n, (uint64_t)time_s);
	key_id(pub->name, pub->raw, wr_room(&line, 4));
	wr_u64(&line, (uint64_t)time_s);
	rc = key_sign(k, signed_text.p, signed_text.len, wr_room(&line, KEY_SIGNATURE_BYTES));
	if (rc)
		return rc;
	base64_encode(raw, sizeof raw, base64);
	return buf_append_fmt(out, "\xe2\x80\x94 %s %s\n", pub->name, base64);
}

bool cosign_is_by(const struct note_signature *s, const struct cosign_public *c)
{
	return !memcmp(s->id, c->id, sizeof s->id) && s->name_len == strlen(c->key.name) && !memcmp(s->name, c->key.name, s->name_len);
}

static bool line_holds(const struct note *note, const struct note_signature *s, const struct cosign_public *c, int64_t *ret_time_s)
{
	uint8_t room[SIGNED_MAX], raw[LINE_BYTES];
	struct wr signed_text;
	struct rd r;
	uint64_t time_s;
	size_t n;

	if (base64_decode(s->base64, s->base64_len, raw, sizeof raw, &n) || n != sizeof raw)
		return false;
	r = rd_init(raw + 4, sizeof raw - 4);
	time_s = rd_u64(&r);
	if (time_s > COSIGN_TIME_MAX_S)
		return false;
	signed_text = message(room, note->text, note->text_len, time_s);
	if (signed_text.bad || !key_verify(&c->key, signed_text.p, signed_text.len, r.p, KEY_SIGNATURE_BYTES))
		return false;
	*ret_time_s = (int64_t)time_s;
	return true;
}

int cosign_verify(const struct note *note, const struct cosign_public *c, int64_t *ret_time_s)
{
	int64_t newest_s = -1, time_s;

	for (size_t i = 0; i < note->nsigs; i++) {
		if (!cosign_is_by(&note->sig[i], c))
			continue;
		if (!line_holds(note, &note->sig[i], c, &time_s))
			return -EKEYREJECTED;
		newest_s = time_s > newest_s ? time_s : newest_s;
	}
	if (newest_s < 0)
		return -ENOKEY;
	if (ret_time_s)
		*ret_time_s = newest_s;
	return 0;
}
