/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_QUIRK_H
#define NET_RTSP_QUIRK_H
/*
 * What a camera does otherwise than RFC 2326 says, or than most do: noticed on
 * the way by rtsp_client, to be shown to whoever asks what kind of camera it is.
 * Nothing depends on it.
 */

enum rtsp_quirk {
	RTSP_QUIRK_SESSION_CHANGES, RTSP_QUIRK_SESSION_DENIED,
	RTSP_QUIRK_NO_CSEQ, RTSP_QUIRK_BARE_LF,
	RTSP_QUIRK_NO_CONTENT_TYPE, RTSP_QUIRK_LENGTH_ABSENT, RTSP_QUIRK_LENGTH_SMALL, RTSP_QUIRK_LENGTH_LARGE,
	RTSP_QUIRK_BASE_NO_SCHEME, RTSP_QUIRK_OTHER_HOST,
	RTSP_QUIRK_TCP_REFUSED, RTSP_QUIRK_UDP_REFUSED, RTSP_QUIRK_OTHER_TRANSPORT,
	RTSP_QUIRK_OTHER_CHANNELS, RTSP_QUIRK_NO_CHANNELS, RTSP_QUIRK_SAME_CHANNELS, RTSP_QUIRK_UNASSIGNED_CHANNELS,
	RTSP_QUIRK_TRANSPORT_BLANKS, RTSP_QUIRK_NO_RTP_INFO, RTSP_QUIRK_RANGE_REFUSED,
	RTSP_QUIRK_EARLY_MEDIA, RTSP_QUIRK_BLANKS_BEFORE_FRAME, RTSP_QUIRK_STRAY_BYTES,
	RTSP_QUIRK_OPTIONS_REFUSED, RTSP_QUIRK_KEEP_ALIVE_REFUSED, RTSP_QUIRK_ASKS,
	RTSP_QUIRK_MANY_CHALLENGES, RTSP_QUIRK_SHA_ONLY, RTSP_QUIRK_MD5_ONLY, RTSP_QUIRK_BASIC_ONLY, RTSP_QUIRK_NONCE_EACH,
	RTSP_QUIRKS                       /* at most 32 */
};

/* A short word ("session-changes"), and what to tell people ("session id changes between SETUPs"); both static, never NULL. */
const char *rtsp_quirk_word(enum rtsp_quirk q);
const char *rtsp_quirk_text(enum rtsp_quirk q);

#endif
