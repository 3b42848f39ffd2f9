/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/sdp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/span.h"

/* While a description is being read; `media` is NULL in the session part. */
struct reading {
	struct sdp *sdp;
	struct sdp_media *media;
	struct fmtp {
		bool mode_named, hbr;
		uint8_t size_length, index_length, delta_length;
	} fmtp[SDP_MEDIA_MAX];
};

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

/* RFC 3551 6: what stands for a payload type without rtpmap. */
static const char *static_name(unsigned payload_type)
{
	switch (payload_type) {
	case 0: return "PCMU";
	case 8: return "PCMA";
	case 9: return "G722";
	case 14: return "MPA";
	case 26: return "JPEG";
	case 32: return "MPV";
	case 33: return "MP2T";
	default: return "unknown";
	}
}

static int begin_media(struct reading *r, struct span v, const char **why)
{
	struct sdp_media *m;
	uint64_t type = 0;
	struct span kind;

	if (r->sdp->nmedia == SDP_MEDIA_MAX) {
		*why = "more media than a camera has";
		return -EBADMSG;
	}
	m = r->media = &r->sdp->media[r->sdp->nmedia++];
	kind = span_cut(&v, ' ');
	m->kind = span_is(kind, "video") ? SDP_VIDEO : span_is(kind, "audio") ? SDP_AUDIO : SDP_OTHER;
	span_cut(&v, ' ');
	span_cut(&v, ' ');
	v = span_cut(&v, ' ');
	if (text_u64(v.p, v.n, 127, &type)) {
		m->kind = SDP_OTHER;
		keep_name(kind, m->name);
		return 0;
	}
	m->payload_type = (uint8_t)type;
	keep_name(m->kind == SDP_OTHER ? kind : span_str(static_name(m->payload_type)), m->name);
	return 0;
}

/* The payload type before the first blank is this media's own. */
static bool is_own(const struct sdp_media *m, struct span *v)
{
	struct span type = span_cut(v, ' ');
	uint64_t n;

	*v = span_trim(*v);
	return text_u64(type.p, type.n, 127, &n) == 0 && n == m->payload_type;
}

static void read_rtpmap(struct sdp_media *m, struct span v)
{
	struct span name, rate, channels;
	uint64_t n;

	if (m->kind == SDP_OTHER || !is_own(m, &v))
		return;
	name = span_cut(&v, '/');
	rate = span_trim(span_cut(&v, '/'));
	channels = span_trim(v);
	keep_name(name, m->name);
	if (!text_u64(rate.p, rate.n, 1000000, &n))
		m->clock_rate = (uint32_t)n;
	if (!text_u64(channels.p, channels.n, 8, &n))
		m->channels = (uint8_t)n;
	if (m->kind == SDP_VIDEO && span_is_nocase(name, "H264"))
		m->codec = CODEC_H264;
	if (m->kind == SDP_AUDIO && span_is_nocase(name, "MPEG4-GENERIC"))
		m->codec = CODEC_AAC;
}

/* Base64 that may lack its padding. */
static size_t decode_set(struct span s, uint8_t out[SDP_SET_MAX])
{
	char padded[(SDP_SET_MAX / 3 + 1) * 4 + 4];
	size_t n = 0;

	s = span_trim(s);
	if (s.n > sizeof padded - 4)
		return 0;
	memcpy(padded, s.p, s.n);
	while (s.n % 4)
		padded[s.n++] = '=';
	return base64_decode(padded, s.n, out, SDP_SET_MAX, &n) ? 0 : n;
}

static void read_sets(struct sdp_media *m, struct span v)
{
	uint8_t set[SDP_SET_MAX];

	while (v.n) {
		size_t n = decode_set(span_cut(&v, ','), set);
		unsigned type = n ? set[0] & 0x1f : 0;

		if (type == 7 && !m->sps_len) {
			memcpy(m->sps, set, n);
			m->sps_len = (uint16_t)n;
		}
		if (type == 8 && !m->pps_len) {
			memcpy(m->pps, set, n);
			m->pps_len = (uint16_t)n;
		}
	}
}

static void read_small(struct span v, uint8_t *ret)
{
	uint64_t n;

	if (!text_u64(v.p, v.n, 32, &n))
		*ret = (uint8_t)n;
}

static void read_parameter(struct sdp_media *m, struct fmtp *f, struct span name, struct span v)
{
	if (span_is_nocase(name, "packetization-mode"))
		read_small(v, &m->packetization_mode);
	else if (span_is_nocase(name, "sprop-parameter-sets"))
		read_sets(m, v);
	else if (span_is_nocase(name, "sizelength"))
		read_small(v, &f->size_length);
	else if (span_is_nocase(name, "indexlength"))
		read_small(v, &f->index_length);
	else if (span_is_nocase(name, "indexdeltalength"))
		read_small(v, &f->delta_length);
	else if (span_is_nocase(name, "mode")) {
		f->mode_named = true;
		f->hbr = span_is_nocase(v, "AAC-hbr");
	} else if (span_is_nocase(name, "config") && v.n % 2 == 0 && v.n / 2 <= SDP_CONFIG_MAX &&
		   !hex_decode(v.p, v.n, m->config, v.n / 2))
		m->config_len = (uint8_t)(v.n / 2);
}

static void read_fmtp(struct sdp_media *m, struct fmtp *f, struct span v)
{
	if (m->kind == SDP_OTHER || !is_own(m, &v))
		return;
	while (v.n) {
		struct span one = span_cut(&v, ';'), name = span_trim(span_cut(&one, '='));

		read_parameter(m, f, name, span_trim(one));
	}
}

static void read_attribute(struct reading *r, struct span v)
{
	struct span name = span_trim(span_cut(&v, ':'));

	v = span_trim(v);
	if (span_is_nocase(name, "control"))
		keep_control(v, r->media ? r->media->control : r->sdp->control);
	else if (r->media && span_is_nocase(name, "rtpmap"))
		read_rtpmap(r->media, v);
	else if (r->media && span_is_nocase(name, "fmtp"))
		read_fmtp(r->media, &r->fmtp[r->sdp->nmedia - 1], v);
}

/* What was announced, but in a form that is not carried here. */
static void settle(struct sdp_media *m, const struct fmtp *f)
{
	bool hbr = f->mode_named ? f->hbr : true;

	if (m->codec == CODEC_H264 && m->packetization_mode > 1)
		m->why = "H.264 in interleaved mode (packetization-mode 2)";
	if (m->codec == CODEC_H264 && m->clock_rate != TIMESCALE_VIDEO)
		m->why = "H.264 with a clock other than 90000 Hz";
	if (m->codec == CODEC_AAC && (!hbr || f->size_length != 13 || f->index_length != 3 || f->delta_length != 3))
		m->why = "AAC in a mode other than AAC-hbr";
	if (m->codec == CODEC_AAC && m->clock_rate == 0)
		m->why = "AAC without a clock rate";
	if (m->why)
		m->codec = CODEC_NONE;
}

static int read_line(struct reading *r, struct span line, const char **why)
{
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

int sdp_parse(const void *p, size_t n, struct sdp *ret, const char **why)
{
	struct reading r = {0};
	int rc = check(span_of(p, n), why);

	if (rc)
		return rc;
	r.sdp = calloc(1, sizeof *r.sdp);
	if (!r.sdp) {
		*why = "out of memory";
		return -ENOMEM;
	}
	rc = read_all(&r, span_of(p, n), why);
	if (!rc) {
		for (unsigned i = 0; i < r.sdp->nmedia; i++)
			settle(&r.sdp->media[i], &r.fmtp[i]);
		*ret = *r.sdp;
	}
	free(r.sdp);
	return rc;
}
