/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every fixture of tests/net/dialects through the client: in one piece, in small ones, and byte by byte. */
#include <criterion/criterion.h>
#include <glob.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/digest.h"
#include "net/rtsp_client.h"
#include "net/rtsp_message.h"
#include "tests/net/dialect.h"

#define TICK_US 500000ll
#define TICKS 60                      /* longest play, in clock time */

struct play {
	const struct dialect *d;
	const char *name;                 /* of the file */
	size_t step;                      /* bytes to a feed */
	struct rtsp_client *c;
	int64_t now_us;
	unsigned section;
	bool playing, over, play_answered;
	char ends[64];
	struct buf asked;                 /* what the client sent and nobody looked at yet */
	unsigned media[RTSP_CLIENT_TRACKS];  /* packets by track, while playing */
};

static bool configured(const struct dialect *d, const char *word)
{
	struct span list = span_str(d->config);

	while (list.n)
		if (span_is(span_cut(&list, ' '), word))
			return true;
	return false;
}

static void event(struct play *p, const struct rtsp_client_event *e)
{
	switch (e->kind) {
	case RTSP_CLIENT_DESCRIBED:
		break;
	case RTSP_CLIENT_PLAYING:
		p->playing = true;
		break;
	case RTSP_CLIENT_MEDIA:
		p->media[e->track] += p->playing && !e->rtcp;
		break;
	case RTSP_CLIENT_WANT_UDP:
		rtsp_client_udp_port(p->c, e->track, (uint16_t)(5000 + 2 * e->track), p->now_us);
		break;
	case RTSP_CLIENT_UDP_SERVER:
		cr_expect(e->rtp_port == 6000 && e->rtcp_port == 6001, "%s: ports", p->name);
		rtsp_client_udp_ready(p->c, e->track, p->now_us);
		break;
	case RTSP_CLIENT_FAILED:
		snprintf(p->ends, sizeof p->ends, "failed %s", gap_why_name(e->why));
		p->over = true;
		break;
	case RTSP_CLIENT_DONE:
		p->over = true;
		break;
	}
}

/* The password goes nowhere, Basic only where it may. */
static void look_for_leaks(const struct play *p, const void *sent, size_t n)
{
	const char *password = p->d->password;
	bool basic = configured(p->d, "allow-basic") || configured(p->d, "tls");

	if (password && strlen(password) > 2)
		cr_expect(!memmem(sent, n, password, strlen(password)), "%s: the password was sent", p->name);
	cr_expect(basic || !memmem(sent, n, "Basic", 5), "%s: Basic was answered", p->name);
}

static void drain(struct play *p)
{
	struct buf *out = rtsp_client_out(p->c);
	struct rtsp_client_event e;

	while (rtsp_client_next(p->c, p->now_us, &e) == 1) {
		cr_assert(!p->over, "%s: an event after the last", p->name);
		event(p, &e);
	}
	look_for_leaks(p, buf_data(out), out->len);
	cr_assert_eq(buf_append(&p->asked, buf_data(out), out->len), 0);
	buf_clear(out);
}

static void pass_time(struct play *p, int64_t us)
{
	for (; us > 0; us -= TICK_US) {
		p->now_us += us < TICK_US ? us : TICK_US;
		rtsp_client_tick(p->c, p->now_us);
		drain(p);
	}
}

static void say(struct play *p, const unsigned char *bytes, size_t n)
{
	for (size_t at = 0; at < n; at += p->step) {
		size_t k = n - at < p->step ? n - at : p->step;
		uint8_t *exact = malloc(k);

		cr_assert(exact);
		memcpy(exact, bytes + at, k);
		rtsp_client_feed(p->c, exact, k, p->now_us);
		drain(p);
		free(exact);
	}
}

static bool any_line_matches(const char *regex, const char *text, const char *name)
{
	char line[RTSP_LINE_MAX + 1];
	bool found = false;
	regex_t r;

	cr_assert_eq(regcomp(&r, regex, REG_EXTENDED | REG_NOSUB), 0, "%s: %s", name, regex);
	while (*text && !found) {
		size_t n = strcspn(text, "\r\n");

		snprintf(line, sizeof line, "%.*s", (int)n, text);
		found = regexec(&r, line, 0, NULL, 0) == 0;
		text += n + strspn(text + n, "\r\n");
	}
	regfree(&r);
	return found;
}

/* name="..." of a header as the client writes it, quoted pairs undone. */
static void parameter(const char *header, const char *name, char *out, size_t cap)
{
	const char *at = strstr(header, name);
	size_t n = 0;

	cr_assert(at);
	for (at += strlen(name); *at && *at != '"' && n + 1 < cap; at++) {
		if (*at == '\\')
			at++;
		out[n++] = *at;
	}
	out[n] = 0;
}

static void check_digest(const struct play *p, const struct rtsp_message *m)
{
	char header[DIGEST_HEADER_MAX], realm[DIGEST_REALM_MAX + 1], nonce[DIGEST_NONCE_MAX + 1], method[32], uri[RTSP_LINE_MAX];
	struct digest_who who = {p->d->user, p->d->password, method, uri};
	struct span v;

	if (!rtsp_message_header(m, "Authorization", &v) || !span_begins_nocase(v, "Digest"))
		return;
	snprintf(header, sizeof header, "%.*s", (int)v.n, v.p);
	snprintf(method, sizeof method, "%.*s", (int)m->method.n, m->method.p);
	snprintf(uri, sizeof uri, "%.*s", (int)m->uri.n, m->uri.p);
	parameter(header, "realm=\"", realm, sizeof realm);
	parameter(header, " nonce=\"", nonce, sizeof nonce);
	cr_expect_eq(digest_verify(v, realm, nonce, &who), 0, "%s: a wrong answer: %s", p->name, header);
}

static void check_request(const struct play *p, const struct dialect_section *s, const struct rtsp_message *m, const char *text)
{
	const char *own = configured(p->d, "tls") ? "rtsps://192.0.2.1:8554/" : "rtsp://192.0.2.1:8554/";

	cr_expect(span_begins_nocase(m->uri, own), "%s: asks elsewhere: %s", p->name, text);
	check_digest(p, m);
	for (unsigned i = 0; s && i < s->nrules; i++)
		cr_expect_eq(any_line_matches(s->rule[i].regex, text, p->name), !s->rule[i].never, "%s: %s %s\n%s", p->name,
			     s->rule[i].never ? "never" : "must", s->rule[i].regex, text);
}

static void value_of(const struct rtsp_message *m, const char *name, char *out, size_t cap)
{
	struct span v;

	out[0] = 0;
	if (!rtsp_message_header(m, "Transport", &v))
		return;
	while (v.n) {
		struct span one = span_cut(&v, ';'), key = span_cut(&one, '=');

		if (span_is(key, name))
			snprintf(out, cap, "%.*s", (int)one.n, one.p);
	}
}

static void answer(struct play *p, const struct dialect_section *s, const struct rtsp_message *m)
{
	char cseq[16], channels[16], ports[16];
	struct dialect_values v = {cseq, channels, ports};
	struct dialect_piece piece[DIALECT_PIECES];
	uint32_t number = 0;
	unsigned n;

	rtsp_message_cseq(m, &number);
	snprintf(cseq, sizeof cseq, "%u", number);
	value_of(m, "interleaved", channels, sizeof channels);
	value_of(m, "client_port", ports, sizeof ports);
	n = dialect_answer(p->d, s, &v, piece);
	for (unsigned i = 0; i < n; i++) {
		if (piece[i].kind == DIALECT_WAIT)
			pass_time(p, (int64_t)piece[i].n * 1000);
		else if (piece[i].kind == DIALECT_CLOSE)
			rtsp_client_closed(p->c);
		else
			say(p, piece[i].bytes, piece[i].n);
		drain(p);
		free(piece[i].bytes);
	}
}

static void request(struct play *p, const struct rtsp_message *m, const char *text)
{
	const struct dialect_section *s = p->section < p->d->nsections ? &p->d->section[p->section] : NULL;
	static const char *const nothing[] = {"RTSP/1.0 200 OK", "CSeq: {CSEQ}", ""};
	struct dialect_section fine = {.line = (const char **)nothing, .nlines = 3};

	if (s && !span_is(m->method, s->method)) {
		cr_expect(p->play_answered, "%s: section %u wants %s, not\n%s", p->name, p->section, s->method, text);
		s = NULL;
	}
	check_request(p, s, m, text);
	p->section += s != NULL;
	p->play_answered |= span_is(m->method, "PLAY");
	answer(p, s ? s : &fine, m);
}

/* The client's next message; false when there is none. */
static bool serve(struct play *p)
{
	struct rtsp_message m;
	const char *why;
	char *text;
	size_t size;

	if (p->asked.len == 0)
		return false;
	text = strndup((char *)buf_data(&p->asked), p->asked.len);
	cr_assert(text);
	cr_assert_eq(rtsp_message_parse((uint8_t *)text, p->asked.len, &m, &why), 1, "%s: what is sent is no message: %s", p->name, text);
	size = m.size;
	buf_consume(&p->asked, size);
	text[size] = 0;
	if (m.kind == RTSP_REQUEST)
		request(p, &m, text);
	free(text);
	return true;
}

/* One packet of each track that plays, as @ channels says. */
static void send_media(struct play *p)
{
	unsigned channel[RTSP_CLIENT_TRACKS] = {0, 2};
	bool udp = rtsp_client_transport(p->c) == RTSP_CLIENT_UDP;

	if (p->d->channels && !udp)
		sscanf(p->d->channels, "%u-%*u %u", &channel[0], &channel[1]);
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS && !p->over; i++) {
		unsigned char frame[16] = {'$', (unsigned char)channel[i], 0, 12, 0x80, 96};

		if (!rtsp_client_media(p->c, i))
			continue;
		if (udp) {
			rtsp_client_media_seen(p->c, i, p->now_us);
			p->media[i]++;
		} else
			say(p, frame, sizeof frame);
	}
}

static const char *codec(const struct play *p, unsigned track)
{
	static const char *const names[CODEC_COUNT] = {[CODEC_H264] = "H264", [CODEC_H265] = "H265", [CODEC_AAC] = "AAC", [CODEC_OPUS] = "OPUS",
		[CODEC_PCMA] = "PCMA", [CODEC_PCMU] = "PCMU", [CODEC_G726] = "G726", [CODEC_L16] = "L16"};
	const struct sdp_media *m = rtsp_client_media(p->c, track);

	return m ? names[m->codec] : "-";
}

static void check_playing(const struct play *p)
{
	bool udp = rtsp_client_transport(p->c) == RTSP_CLIENT_UDP;
	char tracks[32];

	snprintf(tracks, sizeof tracks, "%s %s", codec(p, RTSP_CLIENT_VIDEO), codec(p, RTSP_CLIENT_AUDIO));
	cr_expect_str_eq(tracks, p->d->tracks, "%s: plays %s", p->name, tracks);
	for (unsigned i = 0; i < RTSP_CLIENT_TRACKS; i++)
		cr_expect(!rtsp_client_media(p->c, i) || p->media[i], "%s: nothing of track %u came", p->name, i);
	if (p->d->channels)
		cr_expect_eq(udp, !strncmp(p->d->channels, "udp", 3), "%s: transport", p->name);
}

static void check_quirks(const struct play *p)
{
	struct span want = span_str(p->d->quirks);
	uint32_t wanted = 0, seen = rtsp_client_quirks(p->c);

	while (want.n) {
		struct span one = span_cut(&want, ' ');
		int q = 0;

		while (q < RTSP_QUIRKS && !span_is(one, rtsp_quirk_word((enum rtsp_quirk)q)))
			q++;
		cr_assert(q < RTSP_QUIRKS, "%s: no such quirk: %.*s", p->name, (int)one.n, one.p);
		wanted |= 1u << q;
	}
	for (int q = 0; q < RTSP_QUIRKS; q++)
		cr_expect_eq(wanted >> q & 1, seen >> q & 1, "%s: %s quirk %s", p->name, seen >> q & 1 ? "unexpected" : "missing", rtsp_quirk_word((enum rtsp_quirk)q));
}

static void check(const struct play *p)
{
	cr_expect_str_eq(p->ends, p->d->ends, "%s in steps of %zu ends with %s", p->name, p->step, p->ends);
	cr_expect_eq(p->section, p->d->nsections, "%s: section %u was never asked for", p->name, p->section);
	if (!strcmp(p->d->ends, "playing"))
		check_playing(p);
	if (p->d->left_out)
		cr_expect_str_eq(rtsp_client_left_out(p->c), p->d->left_out, "%s leaves out: %s", p->name, rtsp_client_left_out(p->c));
	if (p->d->server)
		cr_expect_str_eq(rtsp_client_server(p->c), p->d->server, "%s: %s", p->name, rtsp_client_server(p->c));
	if (p->d->quirks)
		check_quirks(p);
}

static struct rtsp_client *client(const struct dialect *d)
{
	char url[512];
	struct rtsp_client_config config = {.url = url, .user = d->user, .password = d->password, .allow_md5 = !configured(d, "no-md5"),
		.allow_basic = configured(d, "allow-basic"), .tls = configured(d, "tls"), .no_audio = configured(d, "no-audio"),
		.transport = !strcmp(d->transport, "udp") ? RTSP_CLIENT_UDP : !strcmp(d->transport, "auto") ? RTSP_CLIENT_AUTO : RTSP_CLIENT_TCP};
	struct rtsp_client *c = NULL;

	snprintf(url, sizeof url, "%s://192.0.2.1:8554%s", config.tls ? "rtsps" : "rtsp", d->url);
	cr_assert_eq(rtsp_client_new(&config, &c), 0);
	return c;
}

/* Until all sections were played and media has come, or it failed. */
static void play(const struct dialect *d, const char *name, size_t step)
{
	struct play p = {.d = d, .name = name, .step = step, .c = client(d), .now_us = 1000000};

	buf_init(&p.asked, RTSP_CLIENT_OUT_MAX);
	rtsp_client_start(p.c, p.now_us);
	drain(&p);
	for (unsigned i = 0; i < TICKS && !p.over && !(p.playing && p.section == d->nsections && p.media[0] + p.media[1] > 0);) {
		if (serve(&p))
			continue;
		if (p.playing)
			send_media(&p);
		pass_time(&p, TICK_US);
		i++;
	}
	if (p.playing && !p.over)
		snprintf(p.ends, sizeof p.ends, "playing");
	check(&p);
	rtsp_client_stop(p.c, p.now_us);
	drain(&p);
	while (serve(&p))
		;
	cr_expect(p.over, "%s: does not end", name);
	buf_free(&p.asked);
	rtsp_client_free(&p.c);
}

Test(rtsp_dialects, are_all_understood)
{
	static const size_t steps[] = {RTSP_CLIENT_FEED_MAX, 1, 7};
	const char *top = getenv("abs_top_srcdir");
	char pattern[512];
	glob_t found;

	if (!top)
		cr_skip_test("abs_top_srcdir is not set: run by make check");
	snprintf(pattern, sizeof pattern, "%s/tests/net/dialects/*.rtsp", top);
	cr_assert_eq(glob(pattern, 0, NULL, &found), 0, "no fixtures");
	cr_expect_geq(found.gl_pathc, 40);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct dialect *d = dialect_read(found.gl_pathv[i]);

		for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
			play(d, strrchr(found.gl_pathv[i], '/') + 1, steps[s]);
		dialect_free(&d);
	}
	globfree(&found);
}
