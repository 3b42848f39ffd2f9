/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/encoder.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#include "media/h264.h"

/*
 * x264 knows two timings. Told of each picture's time (b_vfr_input) it holds every
 * picture back until the next one comes; so it is told of a constant rate, and
 * the cap, which it keeps per picture, is moved when the true rate turns out to
 * be another.
 */
struct encoder {
	x264_t *x264;
	x264_param_t param;
	struct encoder_settings settings;
	struct track track;
	int64_t last_pts;
	double step, planned_step;  /* 90 kHz from picture to picture: smoothed, and what the cap now goes by */
};

#define STEP_MIN (TIMESCALE_VIDEO / 240)
#define STEP_MAX TIMESCALE_VIDEO  /* a longer pause is one second of it */

/* x264 would print on standard error; what can go wrong comes back as an error. */
static void silent(void *ctx, int level, const char *fmt, va_list ap)
{
}

static bool settings_are_good(const struct encoder_settings *s)
{
	return s->width >= 16 && s->width <= 4096 && s->width % 2 == 0 &&
		s->height >= 16 && s->height <= 4096 && s->height % 2 == 0 &&
		s->fps <= 240 && s->bitrate_bps >= 16000 && s->bitrate_bps <= 1000000000 && s->crf <= 51;
}

static void set_timing(x264_param_t *p, const struct encoder_settings *s)
{
	p->b_vfr_input = 0;
	p->i_timebase_num = 1;
	p->i_timebase_den = TIMESCALE_VIDEO;
	p->i_fps_num = s->fps ? s->fps : 25;
	p->i_fps_den = 1;
	p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
	p->i_scenecut_threshold = 0;
}

static void set_rate(x264_param_t *p, const struct encoder_settings *s)
{
	p->rc.i_rc_method = X264_RC_CRF;
	p->rc.f_rf_constant = s->crf ? (float)s->crf : ENCODER_CRF;
	p->rc.i_vbv_max_bitrate = (int)(s->bitrate_bps / 1000);
	p->rc.i_vbv_buffer_size = (int)(s->bitrate_bps / 1000);
}

/* 0 is reserved, or RGB for the matrix, which 4:2:0 can't be; x264 refuses what lies above max. */
static int known_colour(uint8_t code, uint8_t max)
{
	return code == 0 || code > max ? COLOUR_UNSPECIFIED : code;
}

static void set_colour(x264_param_t *p, const struct colour *c)
{
	p->vui.b_fullrange = 0;
	p->vui.i_colorprim = known_colour(c->primaries, 12);
	p->vui.i_transfer = known_colour(c->transfer, 18);
	p->vui.i_colmatrix = known_colour(c->matrix, 14);
}

static int set_all(x264_param_t *p, const struct encoder_settings *s)
{
	static const char *const preset[] = {"veryfast", "superfast", "ultrafast"};

	if (s->speed > ENCODER_ULTRAFAST || x264_param_default_preset(p, preset[s->speed], "zerolatency"))
		return -EINVAL;
	p->i_width = (int)s->width;
	p->i_height = (int)s->height;
	p->i_csp = X264_CSP_I420;
	p->i_threads = 1;
	p->i_lookahead_threads = 1;
	p->b_sliced_threads = 0;
	p->b_annexb = 0;
	p->b_repeat_headers = 0;
	p->b_aud = 0;
	p->pf_log = silent;
	p->i_log_level = X264_LOG_NONE;
	set_timing(p, s);
	set_rate(p, s);
	set_colour(p, &s->colour);
	return x264_param_apply_profile(p, "high") ? -EINVAL : 0;
}

static int track_from_headers(x264_t *x264, struct track *ret)
{
	const uint8_t *sps = NULL, *pps = NULL;
	size_t nsps = 0, npps = 0;
	x264_nal_t *nal;
	int n;

	if (x264_encoder_headers(x264, &nal, &n) < 0)
		return -EIO;
	for (int i = 0; i < n; i++) {
		if (nal[i].i_payload <= 4)
			continue;
		if (nal[i].i_type == NAL_SPS) {
			sps = nal[i].p_payload + 4;
			nsps = (size_t)nal[i].i_payload - 4;
		} else if (nal[i].i_type == NAL_PPS) {
			pps = nal[i].p_payload + 4;
			npps = (size_t)nal[i].i_payload - 4;
		}
	}
	return sps && pps && !h264_track(sps, nsps, pps, npps, ret) ? 0 : -EIO;
}

/* A twin that knows of varying times writes the parameter sets: they must not promise a fixed rate (H.264 E.2.1). */
static int make_track(struct encoder *e)
{
	x264_param_t param = e->param;
	x264_t *twin;
	int rc;

	param.b_vfr_input = 1;
	twin = x264_encoder_open(&param);
	if (!twin)
		return -ENOMEM;
	rc = track_from_headers(twin, &e->track);
	x264_encoder_close(twin);
	return rc;
}

int encoder_open(struct encoder **ret, const struct encoder_settings *s)
{
	struct encoder *e;
	int rc;

	if (!settings_are_good(s))
		return -EINVAL;
	if (s->codec != CODEC_H264 || s->latency != ENCODER_LOW || s->profile != ENCODER_HIGH)
		return -ENOTSUP;
	e = calloc(1, sizeof *e);
	if (!e)
		return -ENOMEM;
	e->settings = *s;
	e->last_pts = INT64_MIN;
	rc = set_all(&e->param, s);
	e->step = e->planned_step = (double)TIMESCALE_VIDEO / (s->fps ? s->fps : 25);
	if (!rc)
		rc = make_track(e);
	if (!rc) {
		e->x264 = x264_encoder_open(&e->param);
		rc = e->x264 ? 0 : -ENOMEM;
	}
	if (rc)
		encoder_free(&e);
	else
		*ret = e;
	return rc;
}

void encoder_free(struct encoder **ep)
{
	struct encoder *e = *ep;

	if (!e)
		return;
	if (e->x264)
		x264_encoder_close(e->x264);
	x264_param_cleanup(&e->param);
	free(e);
	*ep = NULL;
}

const struct track *encoder_track(const struct encoder *e)
{
	return &e->track;
}

static bool picture_fits(const struct encoder *e, const struct picture *p)
{
	return p->format == PICTURE_420 && p->bits == 8 && p->width == e->settings.width &&
		p->height == e->settings.height && p->pts > e->last_pts;
}

static void borrow_planes(x264_picture_t *in, const struct picture *p)
{
	in->img.i_csp = X264_CSP_I420;
	in->img.i_plane = 3;
	for (int i = 0; i < 3; i++) {
		in->img.plane[i] = (uint8_t *)(uintptr_t)p->plane[i];  /* x264 only reads */
		in->img.i_stride[i] = (int)p->stride[i];
	}
}

/* The cap is spent in equal shares by x264's constant rate; pictures that come twice as often get half as much each. */
static int follow_rate(struct encoder *e, int64_t pts)
{
	double now = (double)pts - (double)e->last_pts, ratio;

	if (e->last_pts == INT64_MIN)
		return 0;
	now = now < STEP_MIN ? STEP_MIN : now > STEP_MAX ? STEP_MAX : now;
	e->step += (now - e->step) / 8;
	ratio = e->step / e->planned_step;
	if (ratio > 0.9 && ratio < 1.1)
		return 0;
	e->planned_step = e->step;
	e->param.rc.i_vbv_max_bitrate = (int)(e->settings.bitrate_bps / 1000 * e->step * e->param.i_fps_num / TIMESCALE_VIDEO);
	if (e->param.rc.i_vbv_max_bitrate < 1)
		e->param.rc.i_vbv_max_bitrate = 1;
	return x264_encoder_reconfig(e->x264, &e->param) < 0 ? -EIO : 0;
}

int encoder_encode(struct encoder *e, const struct picture *p, bool key, const uint8_t *still, struct au *ret)
{
	x264_picture_t in, out;
	x264_nal_t *nal;
	int n, bytes;

	if (!picture_fits(e, p))
		return -EINVAL;
	if (follow_rate(e, p->pts))
		return -EIO;
	x264_picture_init(&in);
	borrow_planes(&in, p);
	in.i_pts = p->pts;
	in.i_type = key || e->last_pts == INT64_MIN ? X264_TYPE_IDR : X264_TYPE_P;
	bytes = x264_encoder_encode(e->x264, &nal, &n, &in, &out);
	if (bytes <= 0 || n <= 0)
		return -EIO;
	e->last_pts = p->pts;
	/* The payloads of one call lie one behind the other (x264.h). */
	*ret = (struct au){.dts = p->pts, .pts = p->pts, .capture_us = p->capture_us,
		.key = out.b_keyframe, .data = nal[0].p_payload, .len = (size_t)bytes};
	return 0;
}

int encoder_drain(struct encoder *e, struct au *ret)
{
	return -EAGAIN;
}
