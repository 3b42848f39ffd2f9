/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection's bytes as messages and frames, one behind the other; every header is looked at. */
#include <stdlib.h>

#include "net/digest.h"
#include "net/rtsp_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct rtsp_message *m)
{
	struct digest_offer offer = {0};
	struct digest_who who = {"user", "secret", "PLAY", "rtsp://192.0.2.1/"};
	struct rtsp_transport t;
	char out[DIGEST_HEADER_MAX];
	struct wr w = wr_init(out, sizeof out);

	for (unsigned i = 0; i < m->nheaders; i++) {
		struct span list = m->header[i].value;

		for (int n = 0; n < 20 && rtsp_transport_next(&list, &t) != -2; n++)
			if (list.n > m->header[i].value.n)
				abort();
		digest_offer_add(&offer, m->header[i].value, true);
		digest_verify(m->header[i].value, "r", "n", &who);
	}
	if (offer.usable && digest_answer(&w, &offer.best, &who, 1, "c") == 0)
		for (size_t i = 0; i < w.len; i++)
			if ((uint8_t)out[i] < 0x20)
				abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rtsp_message m = {0};
	const char *why;

	while (rtsp_message_parse(data, size, &m, &why) == 1) {
		if (m.size == 0 || m.size > size || m.nheaders > RTSP_HEADERS_MAX || m.body_len > RTSP_BODY_MAX)
			abort();
		if (m.kind != RTSP_FRAME)
			look(&m);
		data += m.size;
		size -= m.size;
	}
	return 0;
}
