/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_left_out(struct rtsp_client *c, const char *name)
{
	size_t n = strlen(c->left_out);

	snprintf(c->left_out + n, sizeof c->left_out - n, "%s%s", n ? ", " : "", name);
}

void rtsp_client_leave_out(struct rtsp_client *c, struct rtsp_client_track *t)
{
	t->wanted = t->set_up = false;
	add_left_out(c, t->media.name);
}

/* HOST:PORT of a URL, the default port taken off; empty for one without scheme. */
static struct span authority(const char *url)
{
	const char *host = strstr(url, "://");
	struct span s = span_of(host ? host + 3 : "", host ? strcspn(host + 3, "/?") : 0);

	if (s.n > 4 && !memcmp(s.p + s.n - 4, ":554", 4))
		s.n -= 4;
	return s;
}

/* For the quirk alone: what other address a URL names is of no consequence (rtsp_url.h). */
static void note_host(struct rtsp_client *c, const char *url)
{
	struct span named = authority(url), own = authority(c->url);

	if (named.n && (named.n != own.n || strncasecmp(named.p, own.p, own.n)))
		rtsp_client_quirk(c, RTSP_QUIRK_OTHER_HOST);
}

static void note_offered(struct rtsp_client *c, const struct sdp_media *m)
{
	static const char *const kind[] = {[SDP_VIDEO] = "video ", [SDP_AUDIO] = "audio ", [SDP_OTHER] = ""};
	size_t n = strlen(c->offered);

	n += (size_t)snprintf(c->offered + n, sizeof c->offered - n, "%s%s%s", n ? ", " : "", kind[m->kind], m->name);
	if (m->kind == SDP_AUDIO && m->clock_rate && n < sizeof c->offered)
		snprintf(c->offered + n, sizeof c->offered - n, " %u Hz", (unsigned)m->clock_rate);
}

static bool take_track(struct rtsp_client *c, const struct sdp_media *m, const char *base)
{
	unsigned i = codec_is_video(m->codec) ? RTSP_CLIENT_VIDEO : RTSP_CLIENT_AUDIO;
	struct rtsp_client_track *t = &c->track[i];

	if (m->codec == CODEC_NONE || t->wanted)
		return false;
	if (rtsp_url_resolve(c->url, base, m->control, t->url))
		return false;
	note_host(c, m->control);
	t->wanted = true;
	t->media = *m;
	t->channel[0] = (uint8_t)(2 * i);
	t->channel[1] = (uint8_t)(2 * i + 1);
	return true;
}

static void choose_tracks(struct rtsp_client *c, const struct sdp *sdp, const char *base)
{
	for (unsigned i = 0; i < sdp->nmedia; i++) {
		const struct sdp_media *m = &sdp->media[i];

		note_offered(c, m);
		if (c->no_audio && m->kind == SDP_AUDIO)
			continue;
		if (!take_track(c, m, base))
			add_left_out(c, m->name);
	}
}

/* Not one track can be taken: the most telling reason. */
static void fail_without_track(struct rtsp_client *c, const struct sdp *sdp)
{
	if (sdp->nmedia == 0) {
		rtsp_client_fail(c, GAP_BAD_DESCRIPTION, "the camera describes no stream: check the URL");
		return;
	}
	for (unsigned i = 0; i < sdp->nmedia; i++)
		if (sdp->media[i].why) {
			rtsp_client_fail(c, GAP_UNSUPPORTED, sdp->media[i].why);
			return;
		}
	rtsp_client_fail(c, GAP_UNSUPPORTED, "the camera sends no video that can be carried: set its stream to H.264 or H.265");
}

static void use(struct rtsp_client *c, const struct sdp *sdp, const char *base)
{
	choose_tracks(c, sdp, base);
	note_host(c, sdp->control);
	if (!c->track[RTSP_CLIENT_VIDEO].wanted && !c->track[RTSP_CLIENT_AUDIO].wanted) {
		fail_without_track(c, sdp);
	} else if (rtsp_url_resolve(c->url, base, sdp->control, c->base)) {
		rtsp_client_fail(c, GAP_BAD_DESCRIPTION, "the camera's control URL cannot be used");
	} else {
		rtsp_client_tell(c, RTSP_CLIENT_DESCRIBED);
		rtsp_client_set_up_next(c);
	}
}

/* Content-Base, or else Content-Location; "" for one that is not fit for a request line. */
static void read_base(struct rtsp_client *c, const struct rtsp_message *m, char out[RTSP_URL_MAX + 1])
{
	struct span v;

	out[0] = 0;
	if (!rtsp_message_header(m, "Content-Base", &v) && !rtsp_message_header(m, "Content-Location", &v))
		return;
	if (v.n > RTSP_URL_MAX || !rtsp_is_word(v))
		return;
	memcpy(out, v.p, v.n);
	out[v.n] = 0;
	if (!strstr(out, "://") && out[0] != '/')
		rtsp_client_quirk(c, RTSP_QUIRK_BASE_NO_SCHEME);
	note_host(c, out);
}

void rtsp_client_described(struct rtsp_client *c, const struct rtsp_message *m)
{
	struct sdp *sdp = malloc(sizeof *sdp);
	char base[RTSP_URL_MAX + 1];
	const char *why;
	struct span v;

	if (!sdp) {
		rtsp_client_fail(c, GAP_OVERLOAD, "out of memory");
		return;
	}
	if (!rtsp_message_header(m, "Content-Type", &v))
		rtsp_client_quirk(c, RTSP_QUIRK_NO_CONTENT_TYPE);
	vendor_see_sdp(&c->vendor, span_of(m->body, m->body_len));
	read_base(c, m, base);
	if (sdp_parse(m->body, m->body_len, sdp, &why))
		rtsp_client_fail(c, GAP_BAD_DESCRIPTION, why);
	else
		use(c, sdp, base);
	free(sdp);
}

static bool ends_with(struct span s, struct span tail)
{
	return tail.n && s.n >= tail.n && !memcmp(s.p + s.n - tail.n, tail.p, tail.n);
}

/*
 * Whose RTP-Info is it? Cameras give the whole URL, another host's, or the bare control attribute: the tail decides, of
 * theirs the path.
 */
static bool is_url_of(const struct rtsp_client_track *t, struct span url)
{
	struct span own = span_str(t->url), control = span_str(t->media.control);
	const char *scheme;

	if (url.n >= 2 && url.p[0] == '"' && url.p[url.n - 1] == '"')
		url = span_of(url.p + 1, url.n - 2);
	if (control.n && !memmem(control.p, control.n, "://", 3) && ends_with(url, control))
		return true;
	scheme = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
	if (scheme) {
		url = span_skip(url, (size_t)(scheme - url.p) + 3);
		while (url.n && url.p[0] != '/')
			url = span_skip(url, 1);
	}
	return ends_with(own, url);
}

static void read_info(struct rtsp_client *c, struct span one)
{
	struct rtsp_client_track *of = NULL;

	while (one.n) {
		struct span v = span_cut(&one, ';'), name = span_trim(span_cut(&v, '='));
		uint64_t time;

		v = span_trim(v);
		for (unsigned i = 0; i < RTSP_CLIENT_TRACKS && span_is_nocase(name, "url"); i++)
			if (c->track[i].set_up && is_url_of(&c->track[i], v))
				of = &c->track[i];
		if (of && span_is_nocase(name, "rtptime") && !rtsp_number(v, UINT32_MAX, &time)) {
			of->rtptime = (uint32_t)time;
			of->has_rtptime = true;
		}
	}
}

void rtsp_client_info(struct rtsp_client *c, const struct rtsp_message *m)
{
	struct span v;

	if (rtsp_message_header(m, "RTP-Info", &v))
		while (v.n)
			read_info(c, span_cut(&v, ','));
	if (!c->track[RTSP_CLIENT_VIDEO].has_rtptime && !c->track[RTSP_CLIENT_AUDIO].has_rtptime)
		rtsp_client_quirk(c, RTSP_QUIRK_NO_RTP_INFO);
}
