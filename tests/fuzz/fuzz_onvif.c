/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies of a camera's ONVIF service, one after the other: each begins with 0xff. Whatever it says, requests stay whole lines. */
#include <stdlib.h>
#include <string.h>

#include "net/onvif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request(struct onvif *o)
{
	static const uint8_t some[16];
	struct buf out;

	buf_init(&out, ONVIF_REQUEST_MAX);
	if (onvif_request(o, 1795000000000000, some, &out) == 0) {
		if (memmem(buf_data(&out), out.len, "POST /", 6) != buf_data(&out) || !memmem(buf_data(&out), out.len, "\r\nHost: 192.0.2.1\r\n", 19))
			abort();
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct onvif_config config = {.host = "192.0.2.1", .path = "/d", .user = "u", .password = "p", .allow_md5 = true};
	const char *why;
	struct onvif o;

	onvif_init(&o, &config);
	while (size) {
		const uint8_t *end = memchr(data + 1, 0xff, size - 1);
		size_t n = end ? (size_t)(end - data) : size;

		request(&o);
		onvif_reply(&o, data + 1, n - 1, data[0] & 1, 1795000000000000, &why);
		data += n;
		size -= n;
	}
	request(&o);
	return 0;
}
