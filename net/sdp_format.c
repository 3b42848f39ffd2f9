/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/rd.h"
#include "base/text.h"
#include "media/h265.h"
#include "media/nal.h"
#include "net/sdp_inner.h"

#define RATE_MAX 192000               /* Hz, of sound */
#define CHANNELS_MAX 2                /* of sound in samples, and of Opus */

/* The list of what is carried. */
static const struct format {
	const char *name;                 /* in rtpmap, any case */
	enum sdp_kind kind;
	enum codec codec;
	uint8_t g726_bits;
	bool g726_aal2;
} formats[] = {
	{"H264", SDP_VIDEO, CODEC_H264, 0, false},
	{"H265", SDP_VIDEO, CODEC_H265, 0, false},
	{"HEVC", SDP_VIDEO, CODEC_H265, 0, false},
	{"MPEG4-GENERIC", SDP_AUDIO, CODEC_AAC, 0, false},
	{"OPUS", SDP_AUDIO, CODEC_OPUS, 0, false},
	{"PCMA", SDP_AUDIO, CODEC_PCMA, 0, false},
	{"PCMU", SDP_AUDIO, CODEC_PCMU, 0, false},
	{"L16", SDP_AUDIO, CODEC_L16, 0, false},
	{"G726-16", SDP_AUDIO, CODEC_G726, 2, false},
	{"G726-24", SDP_AUDIO, CODEC_G726, 3, false},
	{"G726-32", SDP_AUDIO, CODEC_G726, 4, false},
	{"G726-40", SDP_AUDIO, CODEC_G726, 5, false},
	{"AAL2-G726-16", SDP_AUDIO, CODEC_G726, 2, true},
	{"AAL2-G726-24", SDP_AUDIO, CODEC_G726, 3, true},
	{"AAL2-G726-32", SDP_AUDIO, CODEC_G726, 4, true},
	{"AAL2-G726-40", SDP_AUDIO, CODEC_G726, 5, true},
};

static const struct format *find(enum sdp_kind kind, struct span name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (formats[i].kind == kind && span_is_nocase(name, formats[i].name))
			return &formats[i];
	return NULL;
}

bool sdp_is_carried(enum sdp_kind kind, struct span name)
{
	return find(kind, name) != NULL;
}

bool sdp_static(unsigned payload_type, struct sdp_media *m)
{
	static const struct {
		uint8_t type;
		const char *name;
		uint32_t rate;
		uint8_t channels;
	} fixed[] = {
		{0, "PCMU", 8000, 1}, {2, "G726-32", 8000, 1}, {3, "GSM", 8000, 1}, {8, "PCMA", 8000, 1}, {9, "G722", 8000, 1},
		{10, "L16", 44100, 2}, {11, "L16", 44100, 1}, {14, "MPA", 90000, 0}, {26, "JPEG", 90000, 0}, {32, "MPV", 90000, 0},
		{33, "MP2T", 90000, 0}, {34, "H263", 90000, 0},
	};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (fixed[i].type == payload_type) {
			memcpy(m->name, fixed[i].name, strlen(fixed[i].name) + 1);
			m->clock_rate = fixed[i].rate;
			m->channels = fixed[i].channels;
			return true;
		}
	return false;
}

void sdp_set_codec(struct sdp_media *m, struct span name)
{
	const struct format *f = find(m->kind, name);

	m->codec = f ? f->codec : CODEC_NONE;
	m->g726_bits = f ? f->g726_bits : 0;
	m->g726_aal2 = f && f->g726_aal2;
	m->why = m->kind == SDP_AUDIO && span_is_nocase(name, "MP4A-LATM") ? "AAC in the form of LATM" : NULL;
}

/* Parameter sets */

/* Base64 that may lack its padding. */
static size_t decode_set(struct span s, uint8_t out[SDP_SET_MAX])
{
	char padded[(SDP_SET_MAX / 3 + 1) * 4 + 4];
	size_t n = 0;

	s = span_trim(s);
	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	if (s.n > sizeof padded - 4)
		return 0;
	if (s.n)
		memcpy(padded, s.p, s.n);
	while (s.n % 4)
		padded[s.n++] = '=';
	return base64_decode(padded, s.n, out, SDP_SET_MAX, &n) ? 0 : n;
}

static void keep_first(uint8_t set[SDP_SET_MAX], uint16_t *len, const uint8_t *nal, size_t n)
{
	if (*len)
		return;
	memcpy(set, nal, n);
	*len = (uint16_t)n;
}

static void keep_h264(struct sdp_media *m, const uint8_t *nal, size_t n)
{
	if (nal_type(nal) == NAL_SPS)
		keep_first(m->sps, &m->sps_len, nal, n);
	if (nal_type(nal) == NAL_PPS)
		keep_first(m->pps, &m->pps_len, nal, n);
}

static void keep_h265(struct sdp_media *m, const uint8_t *nal, size_t n)
{
	unsigned type = h265_nal_type(nal);

	if (type == H265_NAL_VPS)
		keep_first(m->vps, &m->vps_len, nal, n);
	if (type == H265_NAL_SPS)
		keep_first(m->sps, &m->sps_len, nal, n);
	if (type == H265_NAL_PPS)
		keep_first(m->pps, &m->pps_len, nal, n);
}

/* Several, by commas; some cameras leave the start codes of Annex B in. */
static void read_sets(struct sdp_media *m, struct span v, void (*keep)(struct sdp_media *, const uint8_t *, size_t))
{
	uint8_t set[SDP_SET_MAX];

	while (v.n) {
		struct rd r = rd_init(set, decode_set(span_cut(&v, ','), set));
		bool annexb = rd_left(&r) > 4 && set[0] == 0 && set[1] == 0;
		const uint8_t *nal = set;
		size_t n = rd_left(&r);

		if (!annexb && n)
			keep(m, nal, n);
		while (annexb && nal_next_annexb(&r, &nal, &n) == 1)
			keep(m, nal, n);
	}
}

/* Parameters */

static void read_small(struct span v, uint8_t *ret)
{
	uint64_t n;

	if (!text_u64(v.p, v.n, 32, &n))
		*ret = (uint8_t)n;
}

static void video_parameter(struct sdp_media *m, struct sdp_fmtp *f, struct span name, struct span v)
{
	if (span_is_nocase(name, "packetization-mode"))
		read_small(v, &m->packetization_mode);
	else if (span_is_nocase(name, "sprop-parameter-sets"))
		read_sets(m, v, keep_h264);
	else if (span_is_nocase(name, "sprop-vps") || span_is_nocase(name, "sprop-sps") || span_is_nocase(name, "sprop-pps"))
		read_sets(m, v, keep_h265);
	else if (span_is_nocase(name, "sprop-max-don-diff"))
		f->don = !span_is(v, "0");
	else if (span_is_nocase(name, "tx-mode"))
		f->streams = !span_is_nocase(v, "SRST");
}

static void audio_parameter(struct sdp_media *m, struct sdp_fmtp *f, struct span name, struct span v)
{
	if (span_is_nocase(name, "sizelength"))
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

void sdp_parameter(struct sdp_media *m, struct sdp_fmtp *f, struct span name, struct span value)
{
	if (m->kind == SDP_VIDEO)
		video_parameter(m, f, name, value);
	else
		audio_parameter(m, f, name, value);
}

/* What was announced, but in a form that is not carried here */

static const char *settle_video(struct sdp_media *m, const struct sdp_fmtp *f)
{
	if (!m->clock_rate)
		m->clock_rate = TIMESCALE_VIDEO;
	if (m->clock_rate != TIMESCALE_VIDEO)
		return "video with a clock other than 90000 Hz";
	if (m->codec == CODEC_H264 && m->packetization_mode > 1)
		return "H.264 in interleaved mode (packetization-mode 2)";
	if (m->codec == CODEC_H265 && f->don)
		return "H.265 in interleaved mode (sprop-max-don-diff)";
	if (m->codec == CODEC_H265 && f->streams)
		return "H.265 in several streams (tx-mode)";
	return NULL;
}

static bool is_or_none(uint8_t told, uint8_t wanted)
{
	return told == 0 || told == wanted;
}

static const char *settle_aac(const struct sdp_fmtp *f)
{
	if ((f->mode_named && !f->hbr) || !is_or_none(f->size_length, 13) || !is_or_none(f->index_length, 3) || !is_or_none(f->delta_length, 3))
		return "AAC in a mode other than AAC-hbr";
	return NULL;
}

static const char *settle_audio(struct sdp_media *m, const struct sdp_fmtp *f)
{
	if (m->codec == CODEC_OPUS)
		m->clock_rate = 48000;     /* RFC 7587 4.1, whatever is written */
	else if (!m->clock_rate && m->codec != CODEC_AAC && m->codec != CODEC_L16)
		m->clock_rate = 8000;
	if (!m->clock_rate || m->clock_rate > RATE_MAX)
		return "sound without a clock rate";
	if (m->codec == CODEC_AAC)
		return settle_aac(f);
	if (!m->channels)
		m->channels = m->codec == CODEC_OPUS ? 2 : 1;
	if (m->channels > CHANNELS_MAX || (m->codec == CODEC_G726 && m->channels != 1))
		return "sound with more channels than are carried";
	return NULL;
}

void sdp_settle(struct sdp_media *m, const struct sdp_fmtp *f)
{
	if (m->codec == CODEC_NONE)
		return;
	m->why = m->kind == SDP_VIDEO ? settle_video(m, f) : settle_audio(m, f);
	if (m->why)
		m->codec = CODEC_NONE;
}
