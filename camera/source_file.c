/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/mathematics.h>

#include "base/buf.h"
#include "base/rd.h"
#include "camera/param_sets.h"
#include "media/aac.h"
#include "media/h264.h"
#include "media/nal.h"

#define PATH_MAX_BYTES 4096
#define DURATION_90K 3600   /* of a packet when nothing tells: a picture of 25 a second */
#define ORIGIN_PACKETS 256  /* within which both tracks should have begun */

static const AVRational base_90k = {1, TIMESCALE_VIDEO}, base_us = {1, 1000000};

struct file_source {
	struct source base;
	AVFormatContext *file;
	AVPacket *packet;          /* the next one, read ahead */
	int stream[SOURCE_TRACKS];
	unsigned length_size;      /* of NAL lengths in the file; 0: start codes */
	bool adts;                 /* each AAC frame stands behind an ADTS header */
	int64_t first_dts;         /* of the video, in its stream's time base: where a loop is sought */
	int64_t origin_90k;        /* earliest decode time of a loop, in the file's time */
	int64_t shown_90k[SOURCE_TRACKS];  /* each track's earliest presentation time, likewise */
	int64_t offset_90k;        /* media time at which the origin lies in this loop */
	int64_t end_90k;           /* the same of the next loop: later by what the longer track shows */
	struct buf sets, unit;
};

static int track_of(const struct file_source *s, const AVPacket *p)
{
	for (unsigned i = 0; i < s->base.ntracks; i++)
		if (p->stream_index == s->stream[i])
			return (int)i;
	return -1;
}

static AVRational time_base(const struct file_source *s, int track)
{
	return s->file->streams[s->stream[track]]->time_base;
}

static int64_t to_90k(const struct file_source *s, const AVPacket *p, int64_t t)
{
	return av_rescale_q(t, time_base(s, track_of(s, p)), base_90k);
}

static int64_t decode_time(const AVPacket *p)
{
	return p->dts != AV_NOPTS_VALUE ? p->dts : p->pts;
}

/* How long a packet is shown; mp4 with B-frames does not tell. */
static int64_t duration_90k(const struct file_source *s, const AVPacket *p)
{
	AVRational rate = s->file->streams[p->stream_index]->avg_frame_rate;

	if (p->duration > 0)
		return to_90k(s, p, p->duration);
	return rate.num > 0 && rate.den > 0 ? av_rescale(TIMESCALE_VIDEO, rate.den, rate.num) : DURATION_90K;
}

/* The next packet of ours that is to be shown; 0, -ENODATA at the end, -EIO. */
static int read_packet(struct file_source *s)
{
	int e;

	do {
		av_packet_unref(s->packet);
		e = av_read_frame(s->file, s->packet);
		if (e < 0)
			return e == AVERROR_EOF ? -ENODATA : -EIO;
	} while (track_of(s, s->packet) < 0 || s->packet->flags & AV_PKT_FLAG_DISCARD ||
		 s->packet->pts == AV_NOPTS_VALUE || s->packet->size <= 0);
	return 0;
}

static int rewind_to(struct file_source *s, int64_t offset_90k)
{
	if (av_seek_frame(s->file, s->stream[0], s->first_dts, AVSEEK_FLAG_BACKWARD) < 0)
		return -EIO;
	s->offset_90k = s->end_90k = offset_90k;
	return read_packet(s);
}

static int start(struct source *base, int64_t media_us)
{
	/* One more, since what was rounded down would be due before its time. */
	return rewind_to((struct file_source *)base, av_rescale_q(media_us, base_us, base_90k) + 1);
}

static int64_t due_us(const struct source *base)
{
	const struct file_source *s = (const struct file_source *)base;

	return av_rescale_q(to_90k(s, s->packet, decode_time(s->packet)) - s->origin_90k + s->offset_90k, base_90k, base_us);
}

static void ask_key(struct source *base)
{
	/* A file's key frames are where they are. */
}

/* The next NAL unit of a packet: 1, 0 at the end, -EBADMSG. */
static int next_nal(const struct file_source *s, struct rd *r, const uint8_t **ret, size_t *ret_n)
{
	if (!s->length_size)
		return nal_next_annexb(r, ret, ret_n);
	if (!rd_left(r))
		return 0;
	*ret_n = (size_t)rd_be(r, s->length_size);
	*ret = rd_bytes(r, *ret_n);
	return *ret && *ret_n ? 1 : -EBADMSG;
}

/* The packet with 4-byte lengths, and the parameter sets before a key frame that brings none; what is damaged ends it early. */
static void convert_video(struct file_source *s, struct au *au)
{
	struct rd r = rd_init(s->packet->data, (size_t)s->packet->size), look = r;
	const uint8_t *nal;
	bool has_sets = false;
	size_t n;
	int e = 0;

	au->key = s->packet->flags & AV_PKT_FLAG_KEY;
	while (next_nal(s, &look, &nal, &n) == 1)
		has_sets = has_sets || nal_type(nal) == NAL_SPS;
	buf_clear(&s->unit);
	if (au->key && !has_sets)
		e = buf_append(&s->unit, buf_data(&s->sets), s->sets.len);
	while (!e && next_nal(s, &r, &nal, &n) == 1)
		e = param_sets_add(&s->unit, nal, n);
}

/* The raw frame: an ADTS header has 7 bytes, and 2 of checksum unless protection_absent (ISO/IEC 14496-3 1.A.2.2). */
static void convert_audio(struct file_source *s, struct au *au)
{
	struct rd r = rd_init(s->packet->data, (size_t)s->packet->size);

	au->key = true;
	buf_clear(&s->unit);
	if (s->adts && (rd_u16(&r) & 0xfff0) == 0xfff0)
		rd_bytes(&r, s->packet->data[1] & 1 ? 5 : 7);
	if (!r.bad)
		buf_append(&s->unit, r.p, rd_left(&r));
}

static int64_t shift_to(const struct file_source *s, int64_t t, int track)
{
	AVRational to = {1, (int)s->base.track[track].timescale};

	return av_rescale_q(t, time_base(s, track), to) + av_rescale_q(s->offset_90k - s->origin_90k, base_90k, to);
}

/* Reads ahead; at the end of the file, from its beginning. */
static int advance(struct file_source *s)
{
	int e = read_packet(s);

	return e == -ENODATA ? rewind_to(s, s->end_90k) : e;
}

static struct source_unit take_packet(struct file_source *s, int64_t wall_minus_media_us)
{
	int track = track_of(s, s->packet);
	struct source_unit u = {.track = (unsigned)track, .due_us = due_us(&s->base)};
	int64_t end = to_90k(s, s->packet, s->packet->pts) + duration_90k(s, s->packet) - s->shown_90k[track] + s->offset_90k;

	u.au.pts = shift_to(s, s->packet->pts, track);
	u.au.dts = shift_to(s, decode_time(s->packet), track);
	u.au.capture_us = wall_minus_media_us + u.due_us;
	if (s->end_90k < end)
		s->end_90k = end;
	if (track == 0)
		convert_video(s, &u.au);
	else
		convert_audio(s, &u.au);
	u.au.data = buf_data(&s->unit);
	u.au.len = s->unit.len;
	return u;
}

static int next(struct source *base, int64_t media_us, int64_t wall_us, struct source_unit *ret)
{
	struct file_source *s = (struct file_source *)base;

	*ret = take_packet(s, wall_us - media_us);
	return advance(s);
}

static void file_source_free(struct source *base)
{
	struct file_source *s = (struct file_source *)base;

	av_packet_free(&s->packet);
	avformat_close_input(&s->file);
	buf_free(&s->sets);
	buf_free(&s->unit);
	free(s);
}

static const struct source_ops file_ops = {start, due_us, ask_key, next, file_source_free};

/* Only a plain file: a name is never taken as a URL, nor may a file refer to one. */
static int open_input(struct file_source *s, const char *path, const char **why)
{
	char name[PATH_MAX_BYTES];
	AVDictionary *options = NULL;
	int e;

	*why = "cannot be opened as video: is it a media file (mp4, mkv, ts)?";
	if ((size_t)snprintf(name, sizeof name, "file:%s", path) >= sizeof name)
		return -ENAMETOOLONG;
	av_dict_set(&options, "protocol_whitelist", "file", 0);
	e = avformat_open_input(&s->file, name, NULL, &options);
	av_dict_free(&options);
	if (e == AVERROR(ENOENT) || e == AVERROR(EACCES)) {
		*why = e == AVERROR(ENOENT) ? "no such file" : "may not be read: see its owner and mode with ls -l";
		return e;
	}
	return e < 0 || avformat_find_stream_info(s->file, NULL) < 0 ? -EIO : 0;
}

static int open_video(struct file_source *s, const char **why)
{
	const AVCodecParameters *c;

	*why = "holds no H.264 video; make a copy that does: ffmpeg -i FILE -c:v libx264 -c:a aac copy.mp4";
	s->stream[0] = av_find_best_stream(s->file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (s->stream[0] < 0)
		return -EINVAL;
	c = s->file->streams[s->stream[0]]->codecpar;
	if (c->codec_id != AV_CODEC_ID_H264)
		return -EINVAL;
	*why = "has H.264 without readable parameter sets";
	if (c->extradata_size > 6 && c->extradata[0] == 1) {
		s->length_size = 1 + (c->extradata[4] & 3u);
		if (param_sets_from_config(c->extradata, (size_t)c->extradata_size, &s->sets))
			return -EINVAL;
	} else if (param_sets_from_annexb(c->extradata, (size_t)c->extradata_size, &s->sets)) {
		return -EINVAL;
	}
	s->base.ntracks = 1;
	return param_sets_track(&s->sets, &s->base.track[0]) ? -EINVAL : 0;
}

/* From the file's configuration, or, where each frame brings its own header (ts), from what it was found to be. */
static int audio_track(struct file_source *s, const AVCodecParameters *c)
{
	uint8_t config[5];
	int n;

	s->adts = !c->extradata_size;
	if (!s->adts)
		return aac_track(c->extradata, (size_t)c->extradata_size, &s->base.track[1]);
	if (c->profile != FF_PROFILE_AAC_LOW || c->sample_rate <= 0 || c->ch_layout.nb_channels < 1 || c->ch_layout.nb_channels > 8)
		return -ENOTSUP;
	n = aac_build((uint32_t)c->sample_rate, (uint8_t)c->ch_layout.nb_channels, config);
	return n < 0 ? n : aac_track(config, (size_t)n, &s->base.track[1]);
}

static void open_audio(struct file_source *s, const char **note)
{
	int i = av_find_best_stream(s->file, AVMEDIA_TYPE_AUDIO, -1, s->stream[0], NULL, 0);

	if (i < 0)
		return;
	if (s->file->streams[i]->codecpar->codec_id != AV_CODEC_ID_AAC || audio_track(s, s->file->streams[i]->codecpar)) {
		*note = "its sound is left out: only AAC is sent; make a copy with it: ffmpeg -i FILE -c:v copy -c:a aac copy.mp4";
		return;
	}
	s->stream[1] = i;
	s->base.ntracks = 2;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Where a loop begins: at the first video packet, and at the earliest times of both tracks. */
static int find_origin(struct file_source *s, const char **why)
{
	unsigned seen = 0;

	*why = "has no timestamps on its video (a bare .h264 file?); make a copy that has: ffmpeg -i FILE -c:v libx264 copy.mp4";
	s->origin_90k = s->shown_90k[0] = s->shown_90k[1] = INT64_MAX;
	for (int i = 0; i < ORIGIN_PACKETS && seen != (1u << s->base.ntracks) - 1 && !read_packet(s); i++) {
		int track = track_of(s, s->packet);

		if (track == 0 && !(seen & 1))
			s->first_dts = decode_time(s->packet);
		seen |= 1u << track;
		s->origin_90k = least(s->origin_90k, to_90k(s, s->packet, decode_time(s->packet)));
		s->shown_90k[track] = least(s->shown_90k[track], to_90k(s, s->packet, s->packet->pts));
	}
	if (s->shown_90k[1] == INT64_MAX)
		s->shown_90k[1] = s->shown_90k[0];
	return seen & 1 ? 0 : -EINVAL;
}

int source_open_file(struct source **ret, const char *path, const char **why, const char **note)
{
	struct file_source *s = calloc(1, sizeof *s);
	int e;

	*note = NULL;
	*why = "not enough memory";
	if (!s)
		return -ENOMEM;
	s->base.ops = &file_ops;
	buf_init(&s->sets, PARAM_SETS_MAX);
	buf_init(&s->unit, AU_MAX_BYTES);
	s->packet = av_packet_alloc();
	e = s->packet ? open_input(s, path, why) : -ENOMEM;
	if (!e)
		e = open_video(s, why);
	if (!e)
		open_audio(s, note);
	if (!e)
		e = find_origin(s, why);
	if (e)
		file_source_free(&s->base);
	else
		*ret = &s->base;
	return e;
}
