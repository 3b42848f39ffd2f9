/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/sign_media.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/secret.h"
#include "config.h"
#include "seal/media_key.h"
#include "server/wiping.h"

static_assert(MEDIA_KEY_SIGNATURE_MAX == MEDIA_SIGNING_SIGNATURE_MAX && MEDIA_KEY_CHAIN_MAX == MEDIA_SIGNING_CHAIN_MAX, "the same of both");

/* A secret buffer does not grow, so that nothing of it is left elsewhere. */
static int read_secret(int fd, struct buf *out)
{
	while (out->len < MEDIA_KEY_FILE_MAX) {
		ssize_t n = read(fd, buf_data(out) + out->len, MEDIA_KEY_FILE_MAX - out->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		buf_commit(out, (size_t)n);
	}
	return 0;
}

/* OpenSSL looks for its algorithms while it still may. */
static void warm(const struct sign_media *s)
{
	uint8_t sig[MEDIA_KEY_SIGNATURE_MAX];
	size_t n;

	(void)media_key_sign(s->key, "", 0, sig, &n);
}

int sign_media_read(struct sign_media *s, const char *origin, int key_fd, int certificates_fd, const char **why)
{
	struct buf pem, certificates;
	int rc;

	*why = "reading the files";
	buf_init(&certificates, MEDIA_KEY_CHAIN_FILE_MAX);
	wiping_begin();
	rc = secret_buf(&pem, MEDIA_KEY_FILE_MAX);
	if (!rc)
		rc = read_secret(key_fd, &pem);
	if (!rc)
		rc = io_read_all(certificates_fd, &certificates);
	if (!rc)
		rc = media_key_read(buf_data(&pem), pem.len, buf_data(&certificates), certificates.len, &s->key, why);
	wiping_end();
	secret_buf_free(&pem);
	buf_free(&certificates);
	if (rc)
		return rc;
	snprintf(s->origin, sizeof s->origin, "%s", origin);
	warm(s);
	return 0;
}

void sign_media_free(struct sign_media *s)
{
	media_key_free(&s->key);
}

static bool is_too_much(struct sign_media *s, int64_t mono_us)
{
	if (mono_us / 1000000 != s->second)
		s->signed_in_it = 0;
	s->second = mono_us / 1000000;
	return ++s->signed_in_it > SIGN_MEDIA_PER_S;
}

/* The message up to its signature. */
static int write_message(const struct sign_media *s, const struct msg_sei_ask *m, struct wr *w)
{
	struct media_signing_identity of = {.firmware = PACKAGE_NAME " " PACKAGE_VERSION, .serial = s->origin, .manufacturer = PACKAGE_NAME};
	struct media_signing_gop g = {.start_us = m->start_us, .end_us = m->end_us, .number = m->gop, .nals = m->nals};
	char text[MEDIA_SIGNING_TEXT_MAX];

	of.chain = media_key_chain(s->key, &of.chain_len);
	if (m->gop == 0)
		return media_signing_certificate(w, CODEC_H264, &of);
	memcpy(g.hash, m->hash, sizeof g.hash);
	memcpy(g.linked, m->linked, sizeof g.linked);
	snprintf(text, sizeof text, "camera %s rendition %s", m->camera_name, m->rendition_name);
	return media_signing_gop(w, CODEC_H264, &g, m->gop % SIGN_MEDIA_CERTIFIED == 0 ? &of : NULL, text);
}

int sign_media_answer(struct sign_media *s, const struct msg_sei_ask *m, int64_t mono_us, struct msg_sei *ret)
{
	uint8_t sig[MEDIA_KEY_SIGNATURE_MAX];
	struct wr w = wr_init(ret->nal, sizeof ret->nal);
	size_t n;
	int rc;

	if (!s->key)
		return -ENOENT;
	if (is_too_much(s, mono_us))
		return -EBUSY;
	rc = write_message(s, m, &w);
	if (!rc)
		rc = media_key_sign(s->key, ret->nal, w.len, sig, &n);
	if (!rc)
		rc = media_signing_finish(&w, sig, n);
	if (rc)
		return rc;
	ret->camera = m->camera;
	ret->rendition = m->rendition;
	ret->gop = m->gop;
	ret->start_us = m->start_us;
	ret->nal_len = (uint16_t)w.len;
	return 0;
}
