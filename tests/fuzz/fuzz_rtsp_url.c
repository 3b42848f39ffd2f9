/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a base and a control attribute, a line each: what comes of them is on the configured host, and fit for a request line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtsp_url.h"
#include "net/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy(struct span from, char *to, size_t cap)
{
	size_t n = from.n < cap ? from.n : cap - 1;

	memcpy(to, from.p, n);
	to[n] = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char own[] = "rtsp://user.example:8554";
	struct span text = span_of(size ? (const char *)data : "", size);
	char base[2 * RTSP_URL_MAX], control[2 * RTSP_URL_MAX], out[RTSP_URL_MAX + 1] = "untouched";

	copy(span_cut(&text, '\n'), base, sizeof base);
	copy(text, control, sizeof control);
	if (rtsp_url_resolve("rtsp://user.example:8554/cam?a=b", base, control, out)) {
		if (strcmp(out, "untouched"))
			abort();
		return 0;
	}
	if (strlen(out) > RTSP_URL_MAX || strncmp(out, own, sizeof own - 1) || out[sizeof own - 1] != '/')
		abort();
	for (size_t i = 0; out[i]; i++)
		if ((unsigned char)out[i] <= 0x20 || (unsigned char)out[i] >= 0x7f)
			abort();
	return 0;
}
