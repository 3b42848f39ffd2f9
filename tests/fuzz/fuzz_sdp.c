/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A description; what is kept must be harmless text within its bounds, and give URLs of the configured host. */
#include <stdlib.h>
#include <string.h>

#include "net/rtsp_url.h"
#include "net/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s, size_t max, const char *also)
{
	if (strlen(s) > max)
		abort();
	for (; *s; s++)
		if (*s <= 0x20 || *s >= 0x7f || (also && !strchr(also, *s)))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	static struct sdp sdp;
	char url[RTSP_URL_MAX + 1];
	const char *why;

	if (sdp_parse(data, size, &sdp, &why))
		return 0;
	if (sdp.nmedia > SDP_MEDIA_MAX)
		abort();
	for (unsigned i = 0; i < sdp.nmedia; i++) {
		const struct sdp_media *m = &sdp.media[i];

		check_text(m->name, SDP_NAME_MAX - 1, letters);
		check_text(m->control, SDP_CONTROL_MAX, NULL);
		if (m->sps_len > SDP_SET_MAX || m->pps_len > SDP_SET_MAX || m->config_len > SDP_CONFIG_MAX)
			abort();
		if (m->codec != CODEC_NONE && (m->clock_rate == 0 || m->why))
			abort();
		if (!rtsp_url_resolve("rtsp://192.0.2.1/cam", sdp.control, m->control, url) && strncmp(url, "rtsp://192.0.2.1/", 17))
			abort();
	}
	return 0;
}
