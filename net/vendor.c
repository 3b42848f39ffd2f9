/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/vendor.h"

#include <assert.h>

#include "base/text.h"

/*
 * The surest first. words: what the value begins with, case aside; with a leading '*' what it holds anywhere. Not in it, since others
 * say the same: "profile-level-id=420029", whatever the stream is, of Hikvision's and of Xiongmai's.
 */
static const struct {
	enum vendor_sign sign;
	const char *words, *name, *maker, *chip;
	enum vendor_certainty certainty;
} table[] = {
	{VENDOR_TOOL, "*anjvision", "Anjvision (often on a HiSilicon chip)", "anjvision", "hisilicon", VENDOR_SURE},
	{VENDOR_SESSION_NAME, "*anjvision", "Anjvision (often on a HiSilicon chip)", "anjvision", "hisilicon", VENDOR_SURE},
	{VENDOR_SERVER, "H264DVR", "Xiongmai (often on a HiSilicon chip, sold under many names)", "xiongmai", "hisilicon", VENDOR_SURE},
	{VENDOR_SERVER, "Hipcam RealServer", "Hipcam firmware (often on a HiSilicon chip, sold under many names)", "hipcam", "hisilicon", VENDOR_SURE},
	{VENDOR_SERVER, "*Hikvision", "Hikvision", "hikvision", NULL, VENDOR_SURE},
	{VENDOR_REALM, "*Hikvision", "Hikvision", "hikvision", NULL, VENDOR_SURE},
	{VENDOR_SERVER, "*Dahua", "Dahua", "dahua", NULL, VENDOR_SURE},
	{VENDOR_SERVER, "*Hanwha", "Hanwha", "hanwha", NULL, VENDOR_SURE},
	{VENDOR_REALM, "iPolis", "Hanwha", "hanwha", NULL, VENDOR_SURE},
	{VENDOR_SERVER, "*Bosch", "Bosch", "bosch", NULL, VENDOR_SURE},
	{VENDOR_REALM, "*Bosch", "Bosch", "bosch", NULL, VENDOR_SURE},
	{VENDOR_SERVER, "*VIVOTEK", "Vivotek", "vivotek", NULL, VENDOR_SURE},
	{VENDOR_REALM, "*Uniview", "Uniview", "uniview", NULL, VENDOR_SURE},
	{VENDOR_REALM, "TP-LINK", "TP-Link", "tp-link", NULL, VENDOR_SURE},
	{VENDOR_SERVER, "*Tiandy", "Tiandy", "tiandy", NULL, VENDOR_SURE},
	{VENDOR_SESSION_NAME, "HIK Media Server", "Hikvision, or one of its rebrands", "hikvision", NULL, VENDOR_LIKELY},
	{VENDOR_REALM, "IP Camera(", "Hikvision, or one of its rebrands", "hikvision", NULL, VENDOR_LIKELY},
	{VENDOR_REALM, "DS-", "Hikvision, or one of its rebrands", "hikvision", NULL, VENDOR_LIKELY},
	{VENDOR_REALM, "Login to ", "Dahua, or one of its rebrands", "dahua", NULL, VENDOR_LIKELY},
	{VENDOR_SERVER, "Rtsp Server/3.0", "Dahua, or one of its rebrands", "dahua", NULL, VENDOR_LIKELY},
	{VENDOR_ATTRIBUTE, "Media_header:MEDIAINFO=494D4B48", "Hikvision, or one of its rebrands", "hikvision", NULL, VENDOR_LIKELY},
	{VENDOR_ATTRIBUTE, "packetization-supported:DH", "Dahua, or one of its rebrands", "dahua", NULL, VENDOR_LIKELY},
	{VENDOR_ATTRIBUTE, "rtppayload-supported:DH", "Dahua, or one of its rebrands", "dahua", NULL, VENDOR_LIKELY},
	{VENDOR_REALM, "AXIS_", "Axis", "axis", NULL, VENDOR_LIKELY},
	{VENDOR_REALM, "streaming_server", "Vivotek", "vivotek", NULL, VENDOR_LIKELY},
	{VENDOR_REALM, "*Foscam", "Foscam", "foscam", NULL, VENDOR_LIKELY},
	{VENDOR_REALM, "BC Streaming Media", "Reolink", "reolink", NULL, VENDOR_LIKELY},
	{VENDOR_SESSION_INFORMATION, "h264Preview_", "Reolink", "reolink", NULL, VENDOR_LIKELY},
	{VENDOR_SESSION_INFORMATION, "h265Preview_", "Reolink", "reolink", NULL, VENDOR_LIKELY},
	{VENDOR_SERVER, "Wowza", "Wowza, a streaming server", NULL, NULL, VENDOR_LIKELY},
	{VENDOR_SERVER, "*mediamtx", "MediaMTX, a streaming server", NULL, NULL, VENDOR_LIKELY},
	{VENDOR_SERVER, "gortsplib", "MediaMTX, a streaming server", NULL, NULL, VENDOR_LIKELY},
	{VENDOR_SERVER, "VLC/", "VLC", NULL, NULL, VENDOR_LIKELY},
	{VENDOR_SERVER, "casemate", "the test camera of casemate", NULL, NULL, VENDOR_LIKELY},
	{VENDOR_SERVER, "*GStreamer RTSP", "a GStreamer server (Axis among others)", NULL, NULL, VENDOR_WEAK},
	{VENDOR_SESSION_NAME, "IP Camera Video", "Foscam", "foscam", NULL, VENDOR_WEAK},
	{VENDOR_REALM, "Surveillance Server", "Longse (often on a HiSilicon chip, sold under many names)", "longse", "hisilicon", VENDOR_WEAK},
	{VENDOR_SESSION_NAME, "Media Presentation", "Hikvision, or one of its rebrands", "hikvision", NULL, VENDOR_WEAK},
	{VENDOR_SESSION_NAME, "Media Server", "Dahua, or one of its rebrands", "dahua", NULL, VENDOR_WEAK},
	{VENDOR_SERVER, "Rtsp Server/2.0", "Reolink", "reolink", NULL, VENDOR_WEAK},
	{VENDOR_SESSION_NAME, "Session streamed by", "one built on LIVE555", NULL, NULL, VENDOR_WEAK},
	{VENDOR_TOOL, "LIVE555", "one built on LIVE555", NULL, NULL, VENDOR_WEAK},
	{VENDOR_PATH, "/Streaming/Channels/", "Hikvision, or one of its rebrands", "hikvision", NULL, VENDOR_WEAK},
	{VENDOR_PATH, "/cam/realmonitor", "Dahua, or one of its rebrands", "dahua", NULL, VENDOR_WEAK},
	{VENDOR_PATH, "/axis-media/", "Axis", "axis", NULL, VENDOR_WEAK},
	{VENDOR_PATH, "/h264Preview_", "Reolink", "reolink", NULL, VENDOR_WEAK},
	{VENDOR_PATH, "/unicast/c", "Uniview", "uniview", NULL, VENDOR_WEAK},
	{VENDOR_PATH, "/videoMain", "Foscam", "foscam", NULL, VENDOR_WEAK},
	{VENDOR_PARAMETER_SETS, "zeros", "a HiSilicon chip perhaps", NULL, "hisilicon", VENDOR_WEAK},
};
#define ROWS (sizeof table / sizeof *table)
static_assert(ROWS <= VENDOR_ROWS_MAX, "a bit each");

static bool has(struct span value, const char *words)
{
	if (words[0] != '*')
		return span_begins_nocase(value, words);
	for (words++; value.n >= strlen(words); value = span_skip(value, 1))
		if (span_begins_nocase(value, words))
			return true;
	return false;
}

void vendor_see(struct vendor_guess *g, enum vendor_sign sign, struct span value)
{
	if (value.n > 256)
		value.n = 256;
	for (size_t i = 0; i < ROWS; i++)
		if (table[i].sign == sign && has(value, table[i].words)) {
			g->rows |= UINT64_C(1) << i;
			return;
		}
}

/* An SPS or PPS ends in a 1 bit and zeros up to the byte (H.264 7.3.2.11): a zero byte behind it belongs to nothing. */
static void see_parameter_sets(struct vendor_guess *g, struct span format)
{
	static const char key[] = "sprop-parameter-sets=";
	struct span sets;
	uint8_t bytes[192];
	size_t n;

	while (format.n && !span_begins_nocase(format, key))
		format = span_skip(format, 1);
	format = span_skip(format, strlen(key));
	sets = span_cut(&format, ';');
	while (sets.n) {
		struct span set = span_trim(span_cut(&sets, ','));

		if (base64_decode(set.p, set.n, bytes, sizeof bytes, &n) == 0 && n && bytes[n - 1] == 0)
			vendor_see(g, VENDOR_PARAMETER_SETS, span_str("zeros"));
	}
}

void vendor_see_sdp(struct vendor_guess *g, struct span sdp)
{
	static const struct {
		const char *prefix;
		enum vendor_sign sign;
	} lines[] = {{"s=", VENDOR_SESSION_NAME}, {"i=", VENDOR_SESSION_INFORMATION}, {"a=tool:", VENDOR_TOOL}, {"a=", VENDOR_ATTRIBUTE}};

	if (sdp.n > 4096)
		sdp.n = 4096;
	while (sdp.n) {
		struct span line = span_cut(&sdp, '\n');

		for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
			if (span_begins_nocase(line, lines[i].prefix))
				vendor_see(g, lines[i].sign, span_trim(span_skip(line, strlen(lines[i].prefix))));
		if (span_begins_nocase(line, "a=fmtp:"))
			see_parameter_sets(g, span_trim(span_skip(line, 7)));
	}
}

bool vendor_reason(const struct vendor_guess *g, unsigned i, struct vendor_reason *ret)
{
	static const char *const by[VENDOR_SIGNS] = {
		[VENDOR_SERVER] = "the name of its server", [VENDOR_REALM] = "the realm it asks a password for",
		[VENDOR_SESSION_NAME] = "its session's name", [VENDOR_SESSION_INFORMATION] = "its session's description",
		[VENDOR_TOOL] = "the tool it names", [VENDOR_ATTRIBUTE] = "an attribute of its description",
		[VENDOR_PARAMETER_SETS] = "bytes behind its parameter sets", [VENDOR_PATH] = "the path that it answers to",
	};
	unsigned seen = 0;

	for (size_t row = 0; row < ROWS; row++) {
		if (!(g->rows >> row & 1) || (seen & 1u << table[row].sign) != 0)
			continue;
		seen |= 1u << table[row].sign;
		if (i--)
			continue;
		*ret = (struct vendor_reason){table[row].maker, table[row].chip, table[row].name, by[table[row].sign], table[row].certainty};
		return true;
	}
	return false;
}

const char *vendor_name(const struct vendor_guess *g, const char **ret_by)
{
	struct vendor_reason r;

	if (!vendor_reason(g, 0, &r))
		return NULL;
	*ret_by = r.by;
	return r.name;
}
