/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_quirk.h"

#include <assert.h>

static const struct {
	const char *word, *text;
} quirks[RTSP_QUIRKS] = {
	[RTSP_QUIRK_SESSION_CHANGES] = {"session-changes", "the session id changes between SETUPs"},
	[RTSP_QUIRK_SESSION_DENIED] = {"session-denied", "denies a session that still sends"},
	[RTSP_QUIRK_NO_CSEQ] = {"no-cseq", "replies without CSeq"},
	[RTSP_QUIRK_BARE_LF] = {"bare-lf", "lines end in a bare LF"},
	[RTSP_QUIRK_NO_CONTENT_TYPE] = {"no-content-type", "no Content-Type with the description"},
	[RTSP_QUIRK_LENGTH_ABSENT] = {"length-absent", "no Content-Length with the description"},
	[RTSP_QUIRK_LENGTH_SMALL] = {"length-small", "Content-Length less than the description"},
	[RTSP_QUIRK_LENGTH_LARGE] = {"length-large", "Content-Length more than the description"},
	[RTSP_QUIRK_BASE_NO_SCHEME] = {"base-no-scheme", "Content-Base without a scheme"},
	[RTSP_QUIRK_OTHER_HOST] = {"other-host", "URLs name another address than the configured one"},
	[RTSP_QUIRK_TCP_REFUSED] = {"tcp-refused", "will not send over TCP"},
	[RTSP_QUIRK_UDP_REFUSED] = {"udp-refused", "will not send by UDP"},
	[RTSP_QUIRK_OTHER_TRANSPORT] = {"other-transport", "grants another transport than was asked for"},
	[RTSP_QUIRK_OTHER_CHANNELS] = {"other-channels", "grants other interleaved channels than were asked for"},
	[RTSP_QUIRK_NO_CHANNELS] = {"no-channels", "names no interleaved channels"},
	[RTSP_QUIRK_SAME_CHANNELS] = {"same-channels", "grants two tracks the same channels"},
	[RTSP_QUIRK_UNASSIGNED_CHANNELS] = {"unassigned-channels", "sends on channels that were not agreed on"},
	[RTSP_QUIRK_TRANSPORT_BLANKS] = {"transport-blanks", "blanks inside Transport"},
	[RTSP_QUIRK_NO_RTP_INFO] = {"no-rtp-info", "no usable RTP-Info"},
	[RTSP_QUIRK_RANGE_REFUSED] = {"range-refused", "plays only without a Range"},
	[RTSP_QUIRK_EARLY_MEDIA] = {"early-media", "sends before it answers PLAY"},
	[RTSP_QUIRK_BLANKS_BEFORE_FRAME] = {"blanks-before-frame", "line ends before interleaved frames"},
	[RTSP_QUIRK_STRAY_BYTES] = {"stray-bytes", "bytes between messages that belong to none"},
	[RTSP_QUIRK_OPTIONS_REFUSED] = {"options-refused", "refuses OPTIONS"},
	[RTSP_QUIRK_KEEP_ALIVE_REFUSED] = {"keep-alive-refused", "refuses a keep-alive that it offers"},
	[RTSP_QUIRK_ASKS] = {"asks", "sends requests of its own"},
	[RTSP_QUIRK_MANY_CHALLENGES] = {"many-challenges", "offers several ways to log in"},
	[RTSP_QUIRK_SHA_ONLY] = {"sha-only", "takes no MD5 digest, only SHA-256 or better"},
	[RTSP_QUIRK_MD5_ONLY] = {"md5-only", "knows no digest but MD5"},
	[RTSP_QUIRK_BASIC_ONLY] = {"basic-only", "offers Basic alone, which shows the password to whoever listens"},
	[RTSP_QUIRK_NONCE_EACH] = {"nonce-each", "wants a new digest nonce for each request"},
};

const char *rtsp_quirk_word(enum rtsp_quirk q)
{
	assert(q < RTSP_QUIRKS);
	return quirks[q].word;
}

const char *rtsp_quirk_text(enum rtsp_quirk q)
{
	assert(q < RTSP_QUIRKS);
	return quirks[q].text;
}
