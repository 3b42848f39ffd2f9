/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_MESSAGE_H
#define NET_RTSP_MESSAGE_H
/*
 * RTSP 1.0 messages (RFC 2326 4, 6, 7) and interleaved frames (10.12) out of
 * bytes as they came. Pure: the caller keeps the bytes, asks again when more
 * have come, and steps over ret->size when one message is done. A message
 * borrows from those bytes.
 *
 * Taken as cameras send it: any reason phrase or none, lines ended by a bare LF,
 * blank lines before a message or frame, blanks before a header's colon, header
 * lines without a colon (skipped). Refused: anything past the bounds below, a
 * NUL in the header block, two Content-Length that differ, a start line that is
 * neither.
 *
 * How long a half message may stay half is the edge's affair.
 */
#include <stdint.h>

#include "base/buf.h"
#include "net/span.h"

#define RTSP_BLOCK_MAX (16u << 10)    /* start line and headers, bytes */
#define RTSP_LINE_MAX 4096            /* one line, bytes */
#define RTSP_HEADERS_MAX 64
#define RTSP_BODY_MAX (64u << 10)
#define RTSP_FRAME_HEADER 4           /* bytes before the payload of an interleaved frame */
#define RTSP_FRAME_MAX 65535          /* payload of one interleaved frame, bytes */
/* What a caller's buffer must be able to hold so that any message fits. */
#define RTSP_INPUT_MAX (RTSP_BLOCK_MAX + RTSP_BODY_MAX)

enum rtsp_kind { RTSP_RESPONSE, RTSP_REQUEST, RTSP_FRAME };

struct rtsp_header {
	struct span name, value;          /* trimmed */
};

struct rtsp_message {
	enum rtsp_kind kind;
	unsigned status;                  /* response: 100..999 */
	struct span method, uri;          /* request: never empty */
	struct rtsp_header header[RTSP_HEADERS_MAX];
	unsigned nheaders;
	bool bare_lf;                     /* text: the first line ends without CR */
	uint8_t channel;                  /* frame */
	const uint8_t *body;              /* frame: its payload */
	size_t body_len;
	size_t size;                      /* bytes of the input that this message takes, blank lines before it included */
};

/*
 * 1 with *ret; 0 when more bytes are needed; with *why: -EBADMSG when what comes is no message (a reader may look for
 * one behind the next line end), -EPROTO for one that passes a bound or contradicts itself: there is no going on.
 */
int rtsp_message_parse(const uint8_t *p, size_t n, struct rtsp_message *ret, const char **why);

/*
 * As rtsp_message_parse, but a body that stops before its Content-Length, or has none, is what is there, at most
 * RTSP_BODY_MAX: for a camera that counts wrong, or not at all, and then waits.
 */
int rtsp_message_parse_short(const uint8_t *p, size_t n, struct rtsp_message *ret, const char **why);

/* The next header of that name at or after index *at, which is moved behind it; false when there is none. Start with *at = 0. */
bool rtsp_message_next(const struct rtsp_message *m, const char *name, unsigned *at, struct span *ret);
/* The first header of that name; false when there is none. */
bool rtsp_message_header(const struct rtsp_message *m, const char *name, struct span *ret);
/* A number as cameras write it, blanks, quotes and leading zeros allowed: 0, -EINVAL, or -ERANGE above max. */
int rtsp_number(struct span v, uint64_t max, uint64_t *ret);
/* Printable ASCII without blanks, at least one letter. */
bool rtsp_is_word(struct span v);
/* CSeq; 0, or -ENOENT (none), -EBADMSG (not a number). */
int rtsp_message_cseq(const struct rtsp_message *m, uint32_t *ret);

/*
 * One transport of a Transport header (RFC 2326 12.39); an offer may list several, apart by commas.
 * Only what is used here: source, destination and ssrc are never believed.
 */
struct rtsp_transport {
	bool tcp;                         /* RTP/AVP/TCP; else RTP/AVP or RTP/AVP/UDP */
	bool multicast;
	int channel[2];                   /* interleaved=a-b; -1 if absent. b is a+1 when only a is given */
	int client_port[2], server_port[2];  /* -1 if absent */
};
/* Takes the next transport off *list; 0, -ENOENT at the end, -EBADMSG for one that cannot be read (the rest of *list can be tried). */
int rtsp_transport_next(struct span *list, struct rtsp_transport *ret);

/*
 * A request or response is begun, given headers and ended, appended to b. Each call: 0, -ENOBUFS, or -EINVAL
 * for CR or LF in a text or one longer than RTSP_LINE_MAX (b is then left in the middle of a message).
 */
int rtsp_write_request(struct buf *b, const char *method, const char *uri, uint32_t cseq);
int rtsp_write_response(struct buf *b, unsigned status, uint32_t cseq);
int rtsp_write_header(struct buf *b, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Ends the headers; body may be NULL. */
int rtsp_write_end(struct buf *b, const char *content_type, const void *body, size_t n);
/* The reason phrase of a status; "Unknown" for those not in the table. */
const char *rtsp_reason(unsigned status);

#endif
