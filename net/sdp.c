/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/sdp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/sdp_inner.h"

#define TYPES_MAX 16                  /* payload types of one media that are looked at */

/* A description is read twice: first to see which payload type of each media is carried, then that one's attributes. */
struct reading {
	struct sdp *sdp;
	struct sdp_media *media;          /* NULL in the session part */
	bool choosing;
	unsigned nmedia;                  /* begun in this pass */
	struct choice {
		enum sdp_kind kind;
		uint8_t type[TYPES_MAX];
		bool carried[TYPES_MAX];
		unsigned ntypes;
	} choice[SDP_MEDIA_MAX];
	struct sdp_fmtp fmtp[SDP_MEDIA_MAX];
};

static struct span next_word(struct span *s)
{
	struct span word;

	*s = span_trim(*s);
	word = *s;
	for (word.n = 0; word.n < s->n && word.p[word.n] != ' ' && word.p[word.n] != '\t'; word.n++)
		;
	*s = span_skip(*s, word.n);
	return word;
}

static void keep_name(struct span s, char out[SDP_NAME_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < SDP_NAME_MAX - 1; i++) {
		char c = s.p[i];
		bool harmless = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';

		out[n++] = harmless ? c : '_';
	}
	out[n] = 0;
}

static void keep_control(struct span s, char out[SDP_CONTROL_MAX + 1])
{
	s = span_trim(s);
	if (s.n > SDP_CONTROL_MAX)
		return;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return;
	memcpy(out, s.p, s.n);
	out[s.n] = 0;
}

static enum sdp_kind kind_of(struct span word)
{
	return span_is_nocase(word, "video") ? SDP_VIDEO : span_is_nocase(word, "audio") ? SDP_AUDIO : SDP_OTHER;
}

static void list_types(struct choice *c, struct span types)
{
	struct sdp_media fixed;
	uint64_t type;

	while (c->ntypes < TYPES_MAX) {
		struct span word = next_word(&types);

		if (!word.n)
			return;
		if (text_u64(word.p, word.n, 127, &type))
			continue;
		c->type[c->ntypes] = (uint8_t)type;
		c->carried[c->ntypes++] = sdp_static((unsigned)type, &fixed) && sdp_is_carried(c->kind, span_str(fixed.name));
	}
}

/* The first payload type that is carried, else the first. */
static uint8_t chosen_type(const struct choice *c)
{
	for (unsigned i = 0; i < c->ntypes; i++)
		if (c->carried[i])
			return c->type[i];
	return c->type[0];
}

static void open_media(struct sdp_media *m, const struct choice *c, struct span kind)
{
	m->kind = c->ntypes ? c->kind : SDP_OTHER;
	if (c->ntypes)
		m->payload_type = chosen_type(c);
	if (m->kind == SDP_OTHER)
		keep_name(kind, m->name);
	else if (sdp_static(m->payload_type, m))
		sdp_set_codec(m, span_str(m->name));
	else
		keep_name(span_str("unknown"), m->name);
}

/* m=KIND PORT PROTOCOL TYPE … */
static int begin_media(struct reading *r, struct span v, const char **why)
{
	struct span kind = next_word(&v);
	struct choice *c;

	if (r->nmedia == SDP_MEDIA_MAX) {
		*why = "more media than a camera has";
		return -EBADMSG;
	}
	c = &r->choice[r->nmedia];
	r->media = &r->sdp->media[r->nmedia++];
	if (r->choosing) {
		next_word(&v);
		next_word(&v);
		c->kind = kind_of(kind);
		list_types(c, v);
	} else
		open_media(r->media, c, kind);
	return 0;
}

/* The payload type that an attribute begins with; -1 for none. */
static int leading_type(struct span *v)
{
	struct span type = next_word(v);
	uint64_t n;

	*v = span_trim(*v);
	return text_u64(type.p, type.n, 127, &n) ? -1 : (int)n;
}

static void read_rtpmap(struct sdp_media *m, struct span v)
{
	struct span name = span_trim(span_cut(&v, '/')), rate = span_trim(span_cut(&v, '/')), channels = span_trim(v);
	uint64_t n;

	keep_name(name, m->name);
	m->clock_rate = text_u64(rate.p, rate.n, 1000000, &n) ? 0 : (uint32_t)n;
	m->channels = text_u64(channels.p, channels.n, 8, &n) ? 0 : (uint8_t)n;
	sdp_set_codec(m, name);
}

static void read_fmtp(struct sdp_media *m, struct sdp_fmtp *f, struct span v)
{
	while (v.n) {
		struct span one = span_cut(&v, ';'), name = span_trim(span_cut(&one, '='));

		one = span_trim(one);
		if (one.n > 1 && one.p[0] == '"' && one.p[one.n - 1] == '"')
			one = span_of(one.p + 1, one.n - 2);
		sdp_parameter(m, f, name, one);
	}
}

/* RFC 4585 4.2, RFC 5104 7.1 */
static void read_feedback(struct sdp_media *m, struct span v)
{
	struct span kind, what;

	kind = next_word(&v);
	what = next_word(&v);
	m->pli |= span_is_nocase(kind, "nack") && span_is_nocase(what, "pli");
	m->fir |= span_is_nocase(kind, "ccm") && span_is_nocase(what, "fir");
}

/* Which types of this media are carried. */
static void choose(struct choice *c, struct span v)
{
	int type = leading_type(&v);

	for (unsigned i = 0; i < c->ntypes; i++)
		if (c->type[i] == type)
			c->carried[i] = sdp_is_carried(c->kind, span_trim(span_cut(&v, '/')));
}

/* An attribute of a media: those of payload types other than the chosen one are passed over. */
static void read_media_attribute(struct reading *r, struct span name, struct span v)
{
	struct sdp_media *m = r->media;
	struct span rest = v;
	bool own = leading_type(&rest) == m->payload_type;

	if (m->kind == SDP_OTHER)
		return;
	if (own && span_is_nocase(name, "rtpmap"))
		read_rtpmap(m, rest);
	else if (own && span_is_nocase(name, "fmtp"))
		read_fmtp(m, &r->fmtp[r->nmedia - 1], rest);
	else if (span_is_nocase(name, "sendonly"))
		m->send_only = true;
	else if (span_is_nocase(name, "rtcp-fb") && (own || (v.n && v.p[0] == '*')))
		read_feedback(m, rest);
}

static void read_attribute(struct reading *r, struct span v)
{
	struct span name = span_trim(span_cut(&v, ':'));

	v = span_trim(v);
	if (r->choosing) {
		if (r->media && span_is_nocase(name, "rtpmap"))
			choose(&r->choice[r->nmedia - 1], v);
	} else if (span_is_nocase(name, "control"))
		keep_control(v, r->media ? r->media->control : r->sdp->control);
	else if (r->media)
		read_media_attribute(r, name, v);
}

static int read_line(struct reading *r, struct span line, const char **why)
{
	line = span_trim(line);
	if (line.n < 2 || line.p[1] != '=')
		return 0;
	if (line.p[0] == 'm')
		return begin_media(r, span_skip(line, 2), why);
	if (line.p[0] == 'a')
		read_attribute(r, span_skip(line, 2));
	return 0;
}

static int check(struct span text, const char **why)
{
	if (text.n == 0)
		*why = "empty description";
	else if (text.n > SDP_MAX_BYTES)
		*why = "description too long";
	else if (memchr(text.p, 0, text.n))
		*why = "NUL in the description";
	else
		return 0;
	return -EBADMSG;
}

static int read_all(struct reading *r, struct span text, const char **why)
{
	int rc = 0;

	r->media = NULL;
	r->nmedia = 0;
	while (text.n && !rc) {
		struct span line = span_cut(&text, '\n');

		if (line.n > SDP_LINE_MAX) {
			*why = "line too long in the description";
			return -EBADMSG;
		}
		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		rc = read_line(r, line, why);
	}
	return rc;
}

/* Whether there is sound that is meant to be heard here. */
static bool has_microphone(const struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->nmedia; i++)
		if (sdp->media[i].kind == SDP_AUDIO && sdp->media[i].codec != CODEC_NONE && !sdp->media[i].send_only)
			return true;
	return false;
}

/* ONVIF Streaming 5.3: a back channel is sound that is sent only. Of a camera with one sound that says so it is its microphone. */
static void leave_out_loudspeaker(struct sdp *sdp)
{
	for (unsigned i = 0; i < sdp->nmedia && has_microphone(sdp); i++)
		if (sdp->media[i].kind == SDP_AUDIO && sdp->media[i].send_only) {
			sdp->media[i].codec = CODEC_NONE;
			sdp->media[i].why = "the camera's loudspeaker";
		}
}

static int read_twice(struct reading *r, struct span text, const char **why)
{
	int rc;

	r->choosing = true;
	rc = read_all(r, text, why);
	r->choosing = false;
	if (!rc)
		rc = read_all(r, text, why);
	r->sdp->nmedia = r->nmedia;
	for (unsigned i = 0; !rc && i < r->nmedia; i++)
		sdp_settle(&r->sdp->media[i], &r->fmtp[i]);
	leave_out_loudspeaker(r->sdp);
	return rc;
}

int sdp_parse(const void *p, size_t n, struct sdp *ret, const char **why)
{
	struct span text = span_of(p, n);
	struct reading r = {0};
	int rc;

	/* Some cameras count the end of their string. */
	while (text.n && text.p[text.n - 1] == 0)
		text.n--;
	rc = check(text, why);
	if (rc)
		return rc;
	r.sdp = calloc(1, sizeof *r.sdp);
	if (!r.sdp) {
		*why = "out of memory";
		return -ENOMEM;
	}
	rc = read_twice(&r, text, why);
	if (!rc)
		*ret = *r.sdp;
	free(r.sdp);
	return rc;
}
