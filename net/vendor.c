/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/vendor.h"

#include <stdbool.h>

/* The surest first. words: what the value begins with, case aside; with a leading '*' what it holds anywhere. */
static const struct {
	enum vendor_sign sign;
	const char *words, *name;
} table[] = {
	{VENDOR_TOOL, "*anjvision", "Anjvision (a HiSilicon board)"},
	{VENDOR_SESSION_NAME, "*anjvision", "Anjvision (a HiSilicon board)"},
	{VENDOR_SERVER, "H264DVR", "Xiongmai (a HiSilicon board, sold under many names)"},
	{VENDOR_SERVER, "Hipcam RealServer", "a HiSilicon board with Hipcam firmware, sold under many names"},
	{VENDOR_SERVER, "*Hikvision", "Hikvision"},
	{VENDOR_REALM, "*Hikvision", "Hikvision"},
	{VENDOR_SESSION_NAME, "HIK Media Server", "Hikvision, or one of its rebrands"},
	{VENDOR_REALM, "IP Camera(", "Hikvision, or one of its rebrands"},
	{VENDOR_REALM, "DS-", "Hikvision, or one of its rebrands"},
	{VENDOR_SERVER, "*Dahua", "Dahua"},
	{VENDOR_REALM, "Login to ", "Dahua, or one of its rebrands"},
	{VENDOR_SERVER, "Rtsp Server/3.0", "Dahua, or one of its rebrands"},
	{VENDOR_REALM, "AXIS_", "Axis"},
	{VENDOR_SERVER, "*GStreamer RTSP", "a GStreamer server (Axis among others)"},
	{VENDOR_SERVER, "*Hanwha", "Hanwha"},
	{VENDOR_REALM, "iPolis", "Hanwha"},
	{VENDOR_SERVER, "*Bosch", "Bosch"},
	{VENDOR_REALM, "*Bosch", "Bosch"},
	{VENDOR_SERVER, "*VIVOTEK", "Vivotek"},
	{VENDOR_REALM, "streaming_server", "Vivotek"},
	{VENDOR_REALM, "*Uniview", "Uniview"},
	{VENDOR_REALM, "TP-LINK", "TP-Link"},
	{VENDOR_SERVER, "*Tiandy", "Tiandy"},
	{VENDOR_REALM, "*Foscam", "Foscam"},
	{VENDOR_SESSION_NAME, "IP Camera Video", "Foscam"},
	{VENDOR_REALM, "BC Streaming Media", "Reolink"},
	{VENDOR_SESSION_INFORMATION, "h264Preview_", "Reolink"},
	{VENDOR_SESSION_INFORMATION, "h265Preview_", "Reolink"},
	{VENDOR_REALM, "Surveillance Server", "Longse (a HiSilicon board, sold under many names)"},
	{VENDOR_SERVER, "Wowza", "Wowza, a streaming server"},
	{VENDOR_SERVER, "*mediamtx", "MediaMTX, a streaming server"},
	{VENDOR_SERVER, "gortsplib", "MediaMTX, a streaming server"},
	{VENDOR_SERVER, "VLC/", "VLC"},
	{VENDOR_SERVER, "casemate", "the test camera of casemate"},
	{VENDOR_SESSION_NAME, "Media Presentation", "Hikvision, or one of its rebrands"},
	{VENDOR_SESSION_NAME, "Media Server", "Dahua, or one of its rebrands"},
	{VENDOR_SERVER, "Rtsp Server/2.0", "Reolink"},
	{VENDOR_SESSION_NAME, "Session streamed by", "one built on LIVE555"},
	{VENDOR_TOOL, "LIVE555", "one built on LIVE555"},
};
#define ROWS (sizeof table / sizeof *table)

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
	size_t end = g->row ? g->row - 1u : ROWS;

	if (value.n > 256)
		value.n = 256;
	for (size_t i = 0; i < end; i++)
		if (table[i].sign == sign && has(value, table[i].words)) {
			g->row = (uint8_t)(i + 1);
			return;
		}
}

void vendor_see_sdp(struct vendor_guess *g, struct span sdp)
{
	static const struct {
		const char *prefix;
		enum vendor_sign sign;
	} lines[] = {{"s=", VENDOR_SESSION_NAME}, {"i=", VENDOR_SESSION_INFORMATION}, {"a=tool:", VENDOR_TOOL}};

	if (sdp.n > 4096)
		sdp.n = 4096;
	while (sdp.n) {
		struct span line = span_cut(&sdp, '\n');

		for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
			if (span_begins_nocase(line, lines[i].prefix))
				vendor_see(g, lines[i].sign, span_trim(span_skip(line, strlen(lines[i].prefix))));
	}
}

const char *vendor_name(const struct vendor_guess *g, const char **ret_by)
{
	static const char *const by[VENDOR_SIGNS] = {
		[VENDOR_SERVER] = "the name of its server", [VENDOR_REALM] = "the realm it asks a password for",
		[VENDOR_SESSION_NAME] = "its session's name", [VENDOR_SESSION_INFORMATION] = "its session's description",
		[VENDOR_TOOL] = "the tool it names",
	};

	if (!g->row || g->row > ROWS)
		return NULL;
	*ret_by = by[table[g->row - 1].sign];
	return table[g->row - 1].name;
}
