/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/wr.h"
#include "net/rtsp_message.h"

#define URI_MAX 512
#define SDP_MAX (16u << 10)
#define METHOD_MAX 32

/* What a request URI asks for: the stream, and a track of it when it ends in "/trackN". */
struct target {
	char base[URI_MAX];                /* the URI without query, track and last '/' */
	char path[RTSP_SERVER_PATH_MAX];
	int track;                         /* -1: the whole */
};

struct request {
	const struct rtsp_message *m;
	uint32_t cseq;
	char method[METHOD_MAX], uri[URI_MAX];
	struct target target;
};

void rtsp_server_init(struct rtsp_server *s, const struct rtsp_server_host *host, void *ctx, const uint8_t random[16])
{
	*s = (struct rtsp_server){.host = host, .ctx = ctx};
	hex_encode(random, 16, s->session);
}

void rtsp_server_end(struct rtsp_server *s)
{
	if (s->tracks)
		s->host->teardown(s->ctx);
	s->tracks = 0;
	s->playing = false;
	s->path[0] = 0;
}

/* Copies a span as a string when it fits and is printable without blanks. */
static int copy_word(char *out, size_t cap, struct span word)
{
	if (word.n >= cap)
		return -EINVAL;
	for (size_t i = 0; i < word.n; i++)
		if (word.p[i] <= ' ' || word.p[i] > '~' || word.p[i] == '"')
			return -EINVAL;
	memcpy(out, word.p, word.n);
	out[word.n] = 0;
	return 0;
}

/* Takes "/trackN" off the end of a path; -1 when it has none. */
static int take_track(struct span *path)
{
	static const char name[] = "/track";
	size_t n = sizeof name - 1;
	const char *end = path->p + path->n;

	if (path->n < n + 1 || memcmp(end - n - 1, name, n) || end[-1] < '0' || end[-1] >= '0' + RTSP_SERVER_TRACKS)
		return -1;
	path->n -= n + 1;
	return end[-1] - '0';
}

/* "rtsp://host:port/path/trackN?query", with rtsps too, or a path alone; the host is not looked at. 0, -EINVAL, -ENOENT (path too long). */
static int parse_target(const char *uri, struct target *ret)
{
	struct span all = span_str(uri), base, path;

	base = path = span_cut(&all, '?');
	ret->track = -1;
	if (span_begins_nocase(path, "rtsp://") || span_begins_nocase(path, "rtsps://")) {
		span_cut(&path, '/');
		path = span_skip(path, 1);
		span_cut(&path, '/');
		path = span_of(path.n ? path.p - 1 : base.p + base.n, path.n ? path.n + 1 : 0);
	} else if (!path.n || path.p[0] != '/') {
		return -EINVAL;
	}
	if (path.n && path.p[path.n - 1] == '/')
		path.n--;
	ret->track = take_track(&path);
	base.n = path.n ? (size_t)(path.p + path.n - base.p) : base.n - (base.p[base.n - 1] == '/');
	if (ret->track >= 0 && !path.n)
		base.n = (size_t)(path.p - base.p);
	if (copy_word(ret->base, sizeof ret->base, base))
		return -EINVAL;
	return copy_word(ret->path, sizeof ret->path, path.n ? path : span_str("/")) ? -ENOENT : 0;
}

static int reply(struct buf *out, unsigned status, const struct request *q)
{
	rtsp_write_response(out, status, q->cseq);
	return rtsp_write_end(out, NULL, NULL, 0);
}

static int write_public(const struct rtsp_server *s, struct buf *out)
{
	return rtsp_write_header(out, "Public", "OPTIONS, DESCRIBE, SETUP, PLAY, %sGET_PARAMETER, SET_PARAMETER, TEARDOWN", s->host->pause ? "PAUSE, " : "");
}

static int refuse(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	s->refused++;
	rtsp_write_response(out, 401, q->cseq);
	s->host->challenge(s->ctx, out);
	return rtsp_write_end(out, NULL, NULL, 0);
}

/* What a host's error means to the client. RTSP_SERVER_WAITS, or what comes of answering. */
static int reply_error(struct rtsp_server *s, const struct request *q, int e, struct buf *out)
{
	switch (e) {
	case -EAGAIN:
		return RTSP_SERVER_WAITS;
	case -EACCES:
		return refuse(s, q, out);
	case -ENOENT:
		return reply(out, 404, q);
	case -EBUSY:
		return reply(out, 503, q);
	default:
		return reply(out, 500, q);
	}
}

/* Of several Authorization headers the last: GStreamer 1.22 puts a new answer behind the one that was refused. */
static int ask_login(struct rtsp_server *s, const struct request *q)
{
	struct rtsp_server_ask ask = {.method = q->method, .uri = q->uri};
	unsigned at = 0;

	while (rtsp_message_next(q->m, "Authorization", &at, &ask.authorization))
		;
	return s->host->login ? s->host->login(s->ctx, &ask) : 0;
}

/* Is the request's Session ours? A request without the header passes only if it may. */
static bool same_session(const struct rtsp_server *s, const struct request *q, bool may_lack)
{
	struct span value;

	if (!rtsp_message_header(q->m, "Session", &value))
		return may_lack;
	return s->tracks && span_is(span_trim(span_cut(&value, ';')), s->session);
}

static int write_session(const struct rtsp_server *s, struct buf *out)
{
	return rtsp_write_header(out, "Session", "%s;timeout=%d", s->session, RTSP_SERVER_TIMEOUT_S);
}

static int do_options(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	rtsp_write_response(out, 200, q->cseq);
	write_public(s, out);
	return rtsp_write_end(out, NULL, NULL, 0);
}

static int do_describe(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	struct buf sdp;
	int e;

	buf_init(&sdp, SDP_MAX);
	e = s->host->describe(s->ctx, q->target.path, &sdp);
	if (e) {
		e = reply_error(s, q, e, out);
	} else {
		rtsp_write_response(out, 200, q->cseq);
		rtsp_write_header(out, "Content-Base", "%s/", q->target.base);
		e = rtsp_write_end(out, "application/sdp", buf_data(&sdp), sdp.len);
	}
	buf_free(&sdp);
	return e;
}

/* Are these channels free, or this track's own? */
static bool channels_free(const struct rtsp_server *s, int track, const uint8_t channel[2])
{
	if (channel[0] == channel[1])
		return false;
	for (int i = 0; i < RTSP_SERVER_TRACKS; i++) {
		const struct rtsp_server_transport *t = &s->transport[i];

		if (i == track || !(s->tracks >> i & 1) || t->udp)
			continue;
		for (int c = 0; c < 4; c++)
			if (t->channel[c / 2] == channel[c % 2])
				return false;
	}
	return true;
}

/* One offered transport as we would do it; false when we can't. */
static bool take_transport(const struct rtsp_server *s, int track, const struct rtsp_transport *offer, struct rtsp_server_transport *ret)
{
	*ret = (struct rtsp_server_transport){.udp = !offer->tcp};
	if (offer->multicast || (ret->udp && s->host->tcp_only))
		return false;
	for (int i = 0; i < 2; i++) {
		int channel = offer->channel[0] < 0 ? 2 * track + i : offer->channel[i];

		if (offer->tcp ? channel < 0 || channel > 255 : offer->client_port[i] <= 0 || offer->client_port[i] > 65535)
			return false;
		ret->channel[i] = (uint8_t)(offer->tcp ? channel : 0);
		ret->client_port[i] = (uint16_t)(offer->tcp ? 0 : offer->client_port[i]);
	}
	return ret->udp || channels_free(s, track, ret->channel);
}

/* The first transport of the client's list that can be done: its own order is its wish (RFC 2326 12.39). */
static int choose_transport(const struct rtsp_server *s, const struct request *q, struct rtsp_server_transport *ret)
{
	struct rtsp_transport offer;
	struct span list;
	int e;

	if (!rtsp_message_header(q->m, "Transport", &list))
		return -ENOENT;
	while ((e = rtsp_transport_next(&list, &offer)) != -ENOENT)
		if (!e && take_transport(s, q->target.track, &offer, ret))
			return 0;
	return -ENOENT;
}

static int reply_setup(struct rtsp_server *s, const struct request *q, const struct rtsp_server_transport *t,
		       const uint16_t port[2], uint32_t ssrc, struct buf *out)
{
	rtsp_write_response(out, 200, q->cseq);
	write_session(s, out);
	if (t->udp)
		rtsp_write_header(out, "Transport", "RTP/AVP;unicast;client_port=%u-%u;server_port=%u-%u;ssrc=%08X",
				  t->client_port[0], t->client_port[1], port[0], port[1], ssrc);
	else
		rtsp_write_header(out, "Transport", "RTP/AVP/TCP;unicast;interleaved=%u-%u;ssrc=%08X",
				  t->channel[0], t->channel[1], ssrc);
	return rtsp_write_end(out, NULL, NULL, 0);
}

static int do_setup(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	int track = q->target.track, e;
	struct rtsp_server_transport t;
	uint16_t port[2] = {0};
	uint32_t ssrc = 0;

	if (!same_session(s, q, true))
		return reply(out, 454, q);
	if (s->playing)
		return reply(out, 455, q);
	if (track < 0 || (s->tracks && strcmp(s->path, q->target.path)))
		return reply(out, track < 0 ? 404 : 459, q);
	if (choose_transport(s, q, &t))
		return reply(out, 461, q);
	e = s->host->setup(s->ctx, q->target.path, (unsigned)track, &t, port, &ssrc);
	if (e)
		return reply_error(s, q, e, out);
	s->tracks |= 1u << track;
	s->transport[track] = t;
	memcpy(s->path, q->target.path, sizeof s->path);
	return reply_setup(s, q, &t, port, ssrc, out);
}

static int write_rtp_info(const struct rtsp_server *s, const struct request *q, const struct rtsp_server_start *start, struct buf *out)
{
	char text[RTSP_SERVER_TRACKS * (URI_MAX + 64)];
	struct wr w = wr_init(text, sizeof text);

	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		if (s->tracks >> i & 1)
			wr_fmt(&w, "%surl=%s/track%u;seq=%u;rtptime=%u", w.len ? "," : "", q->target.base, i,
			       start[i].sequence, start[i].timestamp);
	return rtsp_write_header(out, "RTP-Info", "%.*s", (int)w.len, text);
}

static int do_play(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	struct rtsp_server_start start[RTSP_SERVER_TRACKS] = {{0}};
	bool already = s->playing;
	int e;

	if (!s->tracks)
		return reply(out, 455, q);
	if (!same_session(s, q, false))
		return reply(out, 454, q);
	if (strcmp(s->path, q->target.path))
		return reply(out, 404, q);
	e = already ? 0 : s->host->play(s->ctx, start);
	if (e)
		return reply_error(s, q, e, out);
	s->playing = true;
	rtsp_write_response(out, 200, q->cseq);
	write_session(s, out);
	rtsp_write_header(out, "Range", "npt=now-");
	if (!already)
		write_rtp_info(s, q, start, out);
	return rtsp_write_end(out, NULL, NULL, 0);
}

static int do_pause(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	if (!s->tracks)
		return reply(out, 455, q);
	if (!same_session(s, q, false))
		return reply(out, 454, q);
	if (s->playing)
		s->host->pause(s->ctx);
	s->playing = false;
	rtsp_write_response(out, 200, q->cseq);
	write_session(s, out);
	return rtsp_write_end(out, NULL, NULL, 0);
}

static int do_get_parameter(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	if (!same_session(s, q, true))
		return reply(out, 454, q);
	rtsp_write_response(out, 200, q->cseq);
	if (s->tracks)
		write_session(s, out);
	return rtsp_write_end(out, NULL, NULL, 0);
}

/* There is no parameter to set. */
static int do_set_parameter(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	return q->m->body_len ? reply(out, 451, q) : do_get_parameter(s, q, out);
}

static int do_teardown(struct rtsp_server *s, const struct request *q, struct buf *out)
{
	if (!s->tracks || !same_session(s, q, false))
		return reply(out, 454, q);
	rtsp_server_end(s);
	return reply(out, 200, q);
}

static const struct method {
	const char *name;
	bool open;        /* needs no login */
	bool any_target;  /* "*" or any URI will do */
	int (*run)(struct rtsp_server *s, const struct request *q, struct buf *out);
} methods[] = {
	{"OPTIONS", true, true, do_options},
	{"DESCRIBE", false, false, do_describe},
	{"SETUP", false, false, do_setup},
	{"PLAY", false, false, do_play},
	{"PAUSE", false, true, do_pause},
	{"GET_PARAMETER", false, true, do_get_parameter},
	{"SET_PARAMETER", false, true, do_set_parameter},
	{"TEARDOWN", false, true, do_teardown},
};

static const struct method *find_method(const struct rtsp_server *s, const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (!strcmp(methods[i].name, name) && (methods[i].run != do_pause || s->host->pause))
			return &methods[i];
	return NULL;
}

static int reply_unsupported(const struct request *q, struct span feature, struct buf *out)
{
	char word[METHOD_MAX];

	rtsp_write_response(out, 551, q->cseq);
	if (!copy_word(word, sizeof word, feature))
		rtsp_write_header(out, "Unsupported", "%s", word);
	return rtsp_write_end(out, NULL, NULL, 0);
}

static int answer(struct rtsp_server *s, struct request *q, struct buf *out)
{
	const struct method *method;
	struct span feature;
	int e;

	if (copy_word(q->method, sizeof q->method, q->m->method) || copy_word(q->uri, sizeof q->uri, q->m->uri))
		return reply(out, 400, q);
	method = find_method(s, q->method);
	if (!method) {
		rtsp_write_response(out, 501, q->cseq);
		write_public(s, out);
		return rtsp_write_end(out, NULL, NULL, 0);
	}
	e = method->open ? 0 : ask_login(s, q);
	if (e)
		return reply_error(s, q, e, out);
	if (!method->open)
		s->refused = 0;
	if (rtsp_message_header(q->m, "Require", &feature))
		return reply_unsupported(q, feature, out);
	e = method->any_target ? 0 : parse_target(q->uri, &q->target);
	if (e)
		return reply(out, e == -ENOENT ? 404 : 400, q);
	return method->run(s, q, out);
}

static int bad_request(struct buf *out)
{
	rtsp_write_response(out, 400, 0);
	rtsp_write_end(out, NULL, NULL, 0);
	return -EBADMSG;
}

int rtsp_server_feed(struct rtsp_server *s, struct buf *in, struct buf *out)
{
	size_t before = out->len;
	struct rtsp_message m;
	const char *why;
	int e;

	while ((e = rtsp_message_parse(buf_data(in), in->len, &m, &why)) == 1) {
		struct request q = {.m = &m};

		if (m.kind == RTSP_RESPONSE || (m.kind == RTSP_REQUEST && rtsp_message_cseq(&m, &q.cseq)))
			return bad_request(out);
		/* Receiver reports are let pass; who has set nothing up has nothing to report. */
		if (m.kind == RTSP_FRAME && !s->tracks)
			return bad_request(out);
		e = m.kind == RTSP_REQUEST ? answer(s, &q, out) : 0;
		if (e == RTSP_SERVER_WAITS)
			return e;
		buf_consume(in, m.size);
		if (e)
			return e;
		if (s->refused >= RTSP_SERVER_REFUSALS)
			return -EACCES;
		if (out->len - before > RTSP_SERVER_OUT_MAX - SDP_MAX)
			return -ENOBUFS;
	}
	return e ? bad_request(out) : 0;
}
