/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cmaf.h"

#include <errno.h>

#include "media/record.h"

/* Sample flags (ISO/IEC 14496-12 8.8.3.1): depends on no other; depends on others and is no sync sample. */
#define FLAGS_KEY 0x02000000u
#define FLAGS_NOT_KEY 0x01010000u

/* Opens a box; box_end takes what this returns and fills the size in. */
static size_t box(struct wr *w, const char type[4])
{
	size_t at = w->len;

	wr_u32(w, 0);
	wr_bytes(w, type, 4);
	return at;
}

static size_t full_box(struct wr *w, const char type[4], uint8_t version, uint32_t flags)
{
	size_t at = box(w, type);

	wr_u8(w, version);
	wr_u24(w, flags);
	return at;
}

static void box_end(struct wr *w, size_t at)
{
	wr_patch_u32(w, at, (uint32_t)(w->len - at));
}

static void zeros(struct wr *w, size_t n)
{
	while (n--)
		wr_u8(w, 0);
}

static void matrix(struct wr *w)
{
	static const uint32_t unity[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};

	for (int i = 0; i < 9; i++)
		wr_u32(w, unity[i]);
}

static void write_ftyp(struct wr *w)
{
	size_t at = box(w, "ftyp");

	wr_str(w, "cmfc");
	wr_u32(w, 0);
	wr_str(w, "cmfciso6");
	box_end(w, at);
}

static void write_mvhd(struct wr *w, const struct track *t)
{
	size_t at = full_box(w, "mvhd", 0, 0);

	zeros(w, 8);                       /* creation and modification time: not told */
	wr_u32(w, t->timescale);
	wr_u32(w, 0);                      /* duration: none, all of it is in fragments */
	wr_u32(w, 0x10000);
	wr_u16(w, 0x100);
	zeros(w, 10);
	matrix(w);
	zeros(w, 24);
	wr_u32(w, 2);                      /* next_track_ID */
	box_end(w, at);
}

static void write_tkhd(struct wr *w, const struct track *t)
{
	size_t at = full_box(w, "tkhd", 0, 3); /* enabled, in movie */

	zeros(w, 8);
	wr_u32(w, 1);                      /* track_ID */
	zeros(w, 16);                      /* reserved, duration, reserved */
	zeros(w, 4);                       /* layer, alternate_group */
	wr_u16(w, codec_is_video(t->codec) ? 0 : 0x100);
	wr_u16(w, 0);
	matrix(w);
	wr_u32(w, (uint32_t)t->width << 16);
	wr_u32(w, (uint32_t)t->height << 16);
	box_end(w, at);
}

static void write_mdhd(struct wr *w, const struct track *t)
{
	size_t at = full_box(w, "mdhd", 0, 0);

	zeros(w, 8);
	wr_u32(w, t->timescale);
	wr_u32(w, 0);
	wr_u16(w, 0x55c4);                 /* "und" */
	wr_u16(w, 0);
	box_end(w, at);
}

static void write_hdlr(struct wr *w, const struct track *t)
{
	size_t at = full_box(w, "hdlr", 0, 0);

	wr_u32(w, 0);
	wr_str(w, codec_is_video(t->codec) ? "vide" : "soun");
	zeros(w, 13);                      /* reserved, empty name */
	box_end(w, at);
}

/* avc1, or hvc1: all parameter sets are here, none in the samples. */
static void write_video(struct wr *w, const struct track *t)
{
	bool h265 = t->codec == CODEC_H265;
	size_t at = box(w, h265 ? "hvc1" : "avc1"), config;

	zeros(w, 6);
	wr_u16(w, 1);                      /* data_reference_index */
	zeros(w, 16);
	wr_u16(w, t->width);
	wr_u16(w, t->height);
	wr_u32(w, 0x480000);               /* 72 dpi, both ways */
	wr_u32(w, 0x480000);
	wr_u32(w, 0);
	wr_u16(w, 1);                      /* frame_count */
	zeros(w, 32);                      /* compressorname */
	wr_u16(w, 0x18);
	wr_u16(w, 0xffff);
	config = box(w, h265 ? "hvcC" : "avcC");
	wr_bytes(w, t->config, t->config_len);
	box_end(w, config);
	box_end(w, at);
}

/* Descriptors of ISO/IEC 14496-1 7.2.6, each with a length of one byte: ours are all under 128. */
static void write_esds(struct wr *w, const struct track *t)
{
	size_t at = full_box(w, "esds", 0, 0);
	uint8_t n = (uint8_t)t->config_len;

	wr_u8(w, 3);                       /* ES_Descriptor */
	wr_u8(w, (uint8_t)(3 + 2 + 13 + 2 + n + 3));
	wr_u16(w, 0);                      /* ES_ID: 0 in files (14496-14 3.1.2) */
	wr_u8(w, 0);
	wr_u8(w, 4);                       /* DecoderConfigDescriptor */
	wr_u8(w, (uint8_t)(13 + 2 + n));
	wr_u8(w, 0x40);                    /* MPEG-4 audio */
	wr_u8(w, 5 << 2 | 1);              /* audio stream */
	wr_u24(w, 6144 * t->channels / 8); /* bufferSizeDB: the decoder's input buffer, 6144 bits a channel */
	wr_u32(w, 0);                      /* maxBitrate, avgBitrate: not known */
	wr_u32(w, 0);
	wr_u8(w, 5);                       /* DecoderSpecificInfo */
	wr_u8(w, n);
	wr_bytes(w, t->config, n);
	wr_u8(w, 6);                       /* SLConfigDescriptor */
	wr_u8(w, 1);
	wr_u8(w, 2);                       /* predefined: MP4 */
	box_end(w, at);
}

static void write_dops(struct wr *w, const struct track *t)
{
	size_t at = box(w, "dOps");

	wr_bytes(w, t->config, t->config_len);
	box_end(w, at);
}

static void write_audio(struct wr *w, const struct track *t)
{
	size_t at = box(w, t->codec == CODEC_OPUS ? "Opus" : "mp4a");

	zeros(w, 6);
	wr_u16(w, 1);
	zeros(w, 8);
	wr_u16(w, t->channels);
	wr_u16(w, 16);
	wr_u32(w, 0);
	wr_u32(w, t->rate <= UINT16_MAX ? t->rate << 16 : 0);
	if (t->codec == CODEC_OPUS)
		write_dops(w, t);
	else
		write_esds(w, t);
	box_end(w, at);
}

static void write_dinf(struct wr *w)
{
	size_t dinf = box(w, "dinf"), dref = full_box(w, "dref", 0, 0), url;

	wr_u32(w, 1);
	url = full_box(w, "url ", 0, 1);   /* in this file */
	box_end(w, url);
	box_end(w, dref);
	box_end(w, dinf);
}

static void write_stbl(struct wr *w, const struct track *t)
{
	static const char empty[3][4] = {"stts", "stsc", "stco"};
	size_t stbl = box(w, "stbl"), at = full_box(w, "stsd", 0, 0);

	wr_u32(w, 1);
	if (codec_is_video(t->codec))
		write_video(w, t);
	else
		write_audio(w, t);
	box_end(w, at);
	for (int i = 0; i < 3; i++) {
		at = full_box(w, empty[i], 0, 0);
		wr_u32(w, 0);
		box_end(w, at);
	}
	at = full_box(w, "stsz", 0, 0);
	zeros(w, 8);
	box_end(w, at);
	box_end(w, stbl);
}

static void write_minf(struct wr *w, const struct track *t)
{
	size_t minf = box(w, "minf"), at;

	if (codec_is_video(t->codec)) {
		at = full_box(w, "vmhd", 0, 1);
		zeros(w, 8);
	} else {
		at = full_box(w, "smhd", 0, 0);
		zeros(w, 4);
	}
	box_end(w, at);
	write_dinf(w);
	write_stbl(w, t);
	box_end(w, minf);
}

static void write_trak(struct wr *w, const struct track *t)
{
	size_t trak = box(w, "trak"), mdia;

	write_tkhd(w, t);
	mdia = box(w, "mdia");
	write_mdhd(w, t);
	write_hdlr(w, t);
	write_minf(w, t);
	box_end(w, mdia);
	box_end(w, trak);
}

static void write_mvex(struct wr *w)
{
	size_t mvex = box(w, "mvex"), trex = full_box(w, "trex", 0, 0);

	wr_u32(w, 1);                      /* track_ID */
	wr_u32(w, 1);                      /* sample description */
	zeros(w, 12);                      /* default duration, size, flags: each chunk tells its own */
	box_end(w, trex);
	box_end(w, mvex);
}

/* How long a track's config may be. */
static const struct { uint16_t min, max; } config_bounds[CODEC_COUNT] = {
	[CODEC_H264] = {7, TRACK_CONFIG_MAX}, [CODEC_H265] = {23, TRACK_CONFIG_MAX}, [CODEC_AAC] = {2, 64}, [CODEC_OPUS] = {11, 11},
};

static bool is_track(const struct track *t)
{
	if (!codec_is_packaged(t->codec) || t->timescale == 0)
		return false;
	if (t->config_len < config_bounds[t->codec].min || t->config_len > config_bounds[t->codec].max)
		return false;
	if (codec_is_video(t->codec))
		return t->width && t->height;
	return t->rate && t->channels && t->channels <= (t->codec == CODEC_OPUS ? 2 : 8);
}

int cmaf_write_init(struct wr *w, const struct track *t)
{
	size_t moov;

	if (!is_track(t))
		return -EINVAL;
	write_ftyp(w);
	moov = box(w, "moov");
	write_mvhd(w, t);
	write_trak(w, t);
	write_mvex(w);
	box_end(w, moov);
	return w->bad ? -ENOBUFS : 0;
}

enum { TRUN_DATA_OFFSET = 0x1, TRUN_DURATION = 0x100, TRUN_SIZE = 0x200, TRUN_FLAGS = 0x400, TRUN_OFFSET = 0x800 };
enum { TFHD_DURATION = 0x8, TFHD_FLAGS = 0x20, TFHD_BASE_IS_MOOF = 0x20000 };

/* What all samples have in common is said once, in tfhd; the rest per sample. */
struct shape {
	bool same_duration, all_key, no_offset;
	uint64_t bytes;
};

static struct shape shape_of(const struct cmaf_chunk *c)
{
	struct shape s = {true, true, true, 0};

	for (size_t i = 0; i < c->nsamples; i++) {
		s.same_duration &= c->samples[i].duration == c->samples[0].duration;
		s.all_key &= c->samples[i].key;
		s.no_offset &= c->samples[i].composition_offset == 0;
		s.bytes += c->samples[i].size_bytes;
	}
	return s;
}

static void write_tfhd(struct wr *w, const struct cmaf_chunk *c, const struct shape *s)
{
	size_t at = full_box(w, "tfhd", 0, TFHD_BASE_IS_MOOF | (s->same_duration ? TFHD_DURATION : 0) | (s->all_key ? TFHD_FLAGS : 0));

	wr_u32(w, 1);                      /* track_ID */
	if (s->same_duration)
		wr_u32(w, c->samples[0].duration);
	if (s->all_key)
		wr_u32(w, FLAGS_KEY);
	box_end(w, at);
}

/* Returns where the data offset stands, to be filled in when moof is whole. */
static size_t write_trun(struct wr *w, const struct cmaf_chunk *c, const struct shape *s)
{
	uint32_t flags = TRUN_DATA_OFFSET | TRUN_SIZE | (s->same_duration ? 0 : TRUN_DURATION) |
		(s->all_key ? 0 : TRUN_FLAGS) | (s->no_offset ? 0 : TRUN_OFFSET);
	size_t at = full_box(w, "trun", 1, flags), offset;

	wr_u32(w, (uint32_t)c->nsamples);
	offset = w->len;
	wr_u32(w, 0);
	for (size_t i = 0; i < c->nsamples; i++) {
		if (!s->same_duration)
			wr_u32(w, c->samples[i].duration);
		wr_u32(w, c->samples[i].size_bytes);
		if (!s->all_key)
			wr_u32(w, c->samples[i].key ? FLAGS_KEY : FLAGS_NOT_KEY);
		if (!s->no_offset)
			wr_u32(w, (uint32_t)c->samples[i].composition_offset);
	}
	box_end(w, at);
	return offset;
}

static void write_styp(struct wr *w)
{
	size_t at = box(w, "styp");

	wr_str(w, "cmfs");
	wr_u32(w, 0);
	wr_str(w, "cmfsmsdh");
	box_end(w, at);
}

int cmaf_write_chunk_header(struct wr *w, const struct cmaf_chunk *c)
{
	size_t moof, traf, at, offset;
	struct shape s;

	if (c->nsamples == 0 || c->nsamples > CMAF_SAMPLES_MAX)
		return -EINVAL;
	s = shape_of(c);
	if (s.bytes > INT32_MAX)
		return -EMSGSIZE;
	if (c->begins_segment)
		write_styp(w);
	moof = box(w, "moof");
	at = full_box(w, "mfhd", 0, 0);
	wr_u32(w, c->sequence);
	box_end(w, at);
	traf = box(w, "traf");
	write_tfhd(w, c, &s);
	at = full_box(w, "tfdt", 1, 0);
	wr_u64(w, c->decode_time);
	box_end(w, at);
	offset = write_trun(w, c, &s);
	box_end(w, traf);
	box_end(w, moof);
	wr_patch_u32(w, offset, (uint32_t)(w->len - moof + 8));
	wr_u32(w, (uint32_t)(8 + s.bytes));
	wr_str(w, "mdat");
	return w->bad ? -ENOBUFS : 0;
}
