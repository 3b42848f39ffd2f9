/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#include "codec/encoder_budget.h"
#include "codec/encoder_ops.h"
#include "media/h264.h"

/*
 * x264 knows two timings. Told of each picture's time (b_vfr_input) it holds every
 * picture back until the next one comes; so it is told of a constant rate, and
 * its decoder buffer (VBV), which it fills by the same amount behind each picture,
 * is steered from picture to picture to what the budget says by the true times.
 */
#define LOOKAHEAD 10               /* pictures, with ENCODER_NORMAL; at most ENCODER_DELAY_MAX */
#define WAITING_MAX (LOOKAHEAD + 1)
#define MEND_QP 3                  /* finer by so much */
#define MEND_SMALL_QP 6            /* with fewer blocks than MEND_SMALL: there each pixel shows more, and costs little */
#define MEND_SMALL 1200            /* 640x480 */
#define STEP_MIN (TIMESCALE_VIDEO / 240)
#define STEP_MAX TIMESCALE_VIDEO   /* a longer pause is one second of it */
#define RATE_MAX_KBPS 2000000      /* x264 counts bits in an int */
#define LEVEL_FPS 60               /* at less the parameter sets are the same */

struct state {
	x264_t *x264;
	x264_param_t param;
	unsigned delay;                /* pictures */
	struct {
		int64_t pts, capture_us;
	} waiting[WAITING_MAX];        /* given, and not come out: in order */
	unsigned nwaiting;
	unsigned across, blocks;       /* macroblocks of a line, and of a picture */
	uint8_t *still;                /* WAITING_MAX maps of them: x264 reads one when its picture is coded */
	unsigned next_still;
	float *finer;                  /* by how much QP is lower for a picture that mends: a number a macroblock */
	bool mend;                     /* the next one does */
	int64_t last_pts;              /* of the picture that came out last */
	double step;                   /* 90 kHz from picture to picture, smoothed */
	struct encoder_budget budget;
	double fill;                   /* bits that x264 believes to be in its buffer */
};

/* x264 would print on standard error; what can go wrong comes back as an error. */
static void silent(void *ctx, int level, const char *fmt, va_list ap)
{
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

/*
 * No HRD parameters are written: they ask for a message with every picture of when it leaves the
 * decoder's buffer (H.264 D.2.2, D.2.3), which x264 counts at the constant rate that it believes in.
 */
static void set_rate(x264_param_t *p, const struct encoder_settings *s)
{
	p->rc.i_rc_method = X264_RC_CRF;
	p->rc.f_rf_constant = s->crf ? (float)s->crf : ENCODER_CRF;
	p->rc.i_vbv_max_bitrate = (int)(s->bitrate_bps / 1000);
	p->rc.i_vbv_buffer_size = (int)(s->bitrate_bps / 1000);
	p->rc.f_vbv_buffer_init = 1;
}

/* Both without B-frames, and without frames in flight on other threads. */
static void set_latency(x264_param_t *p, const struct encoder_settings *s)
{
	p->i_threads = 1;
	p->i_lookahead_threads = 1;
	p->b_sliced_threads = 0;
	p->i_sync_lookahead = 0;
	p->i_bframe = 0;
	p->rc.i_lookahead = s->latency == ENCODER_NORMAL ? LOOKAHEAD : 0;
	p->rc.b_mb_tree = s->latency == ENCODER_NORMAL;
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

static void set_shape(x264_param_t *p, const struct encoder_settings *s)
{
	p->i_width = (int)s->width;
	p->i_height = (int)s->height;
	p->i_csp = X264_CSP_I420;
	p->b_annexb = 0;
	p->b_repeat_headers = 0;
	p->b_aud = 0;
	p->pf_log = silent;
	p->i_log_level = X264_LOG_NONE;
}

/*
 * What "veryfast" costs beyond its worth here, measured on cameras' pictures: P-blocks smaller than 16x16 took a tenth of
 * the time and gave no bits back, search beyond the nearest neighbours a twentieth. Weighted prediction saves as little,
 * and stands in the way of blocks that are known to be still.
 */
static void set_effort(x264_param_t *p)
{
	p->analyse.inter &= ~(unsigned)X264_ANALYSE_PSUB16x16;
	p->analyse.i_me_method = X264_ME_DIA;
	p->analyse.i_weighted_pred = X264_WEIGHTP_NONE;
	p->analyse.b_mb_info = 1;
}

static int set_all(x264_param_t *p, const struct encoder_settings *s)
{
	static const char *const preset[ENCODER_SPEEDS] = {"veryfast", "superfast", "ultrafast"};
	static const char *const profile[ENCODER_PROFILES] = {"high", "main", "baseline"};

	if (x264_param_default_preset(p, preset[s->speed], NULL))
		return -EINVAL;
	set_shape(p, s);
	set_effort(p);
	set_timing(p, s);
	set_latency(p, s);
	set_rate(p, s);
	set_colour(p, &s->colour);
	return x264_param_apply_profile(p, profile[s->profile]) ? -EINVAL : 0;
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

/*
 * A twin that knows of varying times writes the parameter sets: they must not promise a fixed rate (H.264 E.2.1). Their level allows for any
 * usual rate: what is measured changes, and is not known at first, but a worker that is started anew has to go on under the same ones.
 */
static int make_track(const struct state *e, struct track *ret)
{
	x264_param_t param = e->param;
	x264_t *twin;
	int rc;

	param.b_vfr_input = 1;
	if (param.i_fps_num < LEVEL_FPS)
		param.i_fps_num = LEVEL_FPS;
	twin = x264_encoder_open(&param);
	if (!twin)
		return -ENOMEM;
	rc = track_from_headers(twin, ret);
	x264_encoder_close(twin);
	return rc;
}

static void free_state(void *state)
{
	struct state *e = state;

	if (e->x264)
		x264_encoder_close(e->x264);
	x264_param_cleanup(&e->param);
	free(e->still);
	free(e->finer);
	free(e);
}

static int open_state(void **ret, struct track *ret_track, const struct encoder_settings *s)
{
	struct state *e = calloc(1, sizeof *e);
	int rc;

	if (!e)
		return -ENOMEM;
	e->across = (s->width + 15) / 16;
	e->blocks = e->across * ((s->height + 15) / 16);
	e->still = malloc((size_t)WAITING_MAX * e->blocks);
	e->finer = malloc(e->blocks * sizeof *e->finer);
	if (!e->still || !e->finer) {
		free_state(e);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < e->blocks; i++)
		e->finer[i] = e->blocks < MEND_SMALL ? -MEND_SMALL_QP : -MEND_QP;
	e->last_pts = INT64_MIN;
	e->step = (double)TIMESCALE_VIDEO / (s->fps ? s->fps : 25);
	encoder_budget_init(&e->budget, s->bitrate_bps);
	rc = set_all(&e->param, s);
	if (!rc)
		rc = make_track(e, ret_track);
	if (!rc) {
		e->x264 = x264_encoder_open(&e->param);
		rc = e->x264 ? 0 : -ENOMEM;
	}
	if (rc) {
		free_state(e);
		return rc;
	}
	e->fill = e->param.rc.i_vbv_buffer_size * 1000.0;
	e->delay = (unsigned)x264_encoder_maximum_delayed_frames(e->x264);
	*ret = e;
	return 0;
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

/*
 * x264 looks no further at a block that is known to be still, if the one it is like was coded with no higher QP. Often it
 * then codes nothing, and the older block stays: a small difference is not lost, but not seen yet. A higher QP for these
 * blocks (quant_offsets) made more of them so, and only moved along the curve of rate against quality.
 *
 * Not beside blocks that have changed: where these move, "nothing" means to move with them (H.264 8.4.1.1), and to stay
 * costs bits.
 */
static void hint(struct state *e, x264_picture_t *in, const uint8_t *still)
{
	uint8_t *map = e->still + (size_t)e->next_still * e->blocks;

	for (unsigned i = 0; i < e->blocks; i++) {
		bool left = i % e->across == 0 || still[i - 1];
		bool above = i < e->across || (still[i - e->across] && ((i + 1) % e->across == 0 || still[i + 1 - e->across]));

		map[i] = still[i] && left && above ? X264_MBINFO_CONSTANT : 0;
	}
	e->next_still = (e->next_still + 1) % WAITING_MAX;
	in->prop.mb_info = map;
}

static double clip(double v, double min, double max)
{
	return v < min ? min : v > max ? max : v;
}

static double step_behind(struct state *e, int64_t pts)
{
	double step;

	if (e->last_pts == INT64_MIN)
		return e->step;
	step = clip((double)pts - (double)e->last_pts, STEP_MIN, STEP_MAX);
	e->step += (step - e->step) / 8;
	return e->step;
}

/*
 * Before the picture at pts is coded: x264's buffer is cut down to what the budget
 * has for it, and behind it filled up to what there will be for the next, which it
 * is told of as a rate. What does not fit into one step is made up for with the next.
 */
static int steer(struct state *e, int64_t pts)
{
	double bits = clip(encoder_budget_bits(&e->budget, pts), 1000, e->budget.size), credit;
	double step = step_behind(e, pts) / TIMESCALE_VIDEO;
	int size_kbit = e->param.rc.i_vbv_buffer_size, rate_kbps = e->param.rc.i_vbv_max_bitrate;

	e->param.rc.i_vbv_buffer_size = (int)((e->fill > bits ? bits : e->budget.size) / 1000);
	credit = clip(bits - e->fill, 0, e->budget.size / 2) + e->budget.rate_bps * step;
	credit = clip(credit * e->param.i_fps_num / 1000, 1, RATE_MAX_KBPS);
	credit = clip(credit, 1, (double)e->param.rc.i_vbv_buffer_size * e->param.i_fps_num);
	e->param.rc.i_vbv_max_bitrate = (int)credit;
	if (size_kbit == e->param.rc.i_vbv_buffer_size && rate_kbps == e->param.rc.i_vbv_max_bitrate)
		return 0;
	return x264_encoder_reconfig(e->x264, &e->param) < 0 ? -EIO : 0;
}

/* As x264's update_vbv does it. */
static void spend(struct state *e, int64_t pts, double bits)
{
	double size = e->param.rc.i_vbv_buffer_size * 1000.0;

	e->fill = clip(e->fill - bits, 0, size) + e->param.rc.i_vbv_max_bitrate * 1000.0 / e->param.i_fps_num;
	e->fill = clip(e->fill, 0, size);
	encoder_budget_spend(&e->budget, pts, bits);
}

/* in: NULL when none will come any more. */
static int run(struct state *e, x264_picture_t *in, struct au *ret)
{
	int64_t pts = e->waiting[0].pts;
	x264_picture_t out;
	x264_nal_t *nal;
	int n, bytes;

	if (e->nwaiting > e->delay || !in)
		if (steer(e, pts))
			return -EIO;
	bytes = x264_encoder_encode(e->x264, &nal, &n, in, &out);
	if (bytes < 0)
		return -EIO;
	if (bytes == 0)
		return -EAGAIN;
	/* The payloads of one call lie one behind the other (x264.h). */
	*ret = (struct au){.dts = pts, .pts = pts, .capture_us = e->waiting[0].capture_us,
		.key = out.b_keyframe, .data = nal[0].p_payload, .len = (size_t)bytes};
	spend(e, pts, bytes * 8.0);
	e->last_pts = pts;
	memmove(e->waiting, e->waiting + 1, --e->nwaiting * sizeof e->waiting[0]);
	return 0;
}

static int encode(void *state, const struct picture *p, bool key, const uint8_t *still, struct au *ret)
{
	struct state *e = state;
	x264_picture_t in;

	if (e->nwaiting == WAITING_MAX)
		return -EIO;
	e->waiting[e->nwaiting].pts = p->pts;
	e->waiting[e->nwaiting++].capture_us = p->capture_us;
	x264_picture_init(&in);
	borrow_planes(&in, p);
	in.i_pts = p->pts;
	in.i_type = key ? X264_TYPE_IDR : X264_TYPE_P;
	if (still && !key)
		hint(e, &in, still);
	if (e->mend && !key)
		in.prop.quant_offsets = e->finer;
	e->mend = false;
	return run(e, &in, ret);
}

static void mend(void *state)
{
	struct state *e = state;

	e->mend = true;
}

static int drain(void *state, struct au *ret)
{
	struct state *e = state;

	return e->nwaiting ? run(e, NULL, ret) : -EAGAIN;
}

const struct encoder_ops encoder_x264 = {
	.codec = CODEC_H264,
	.open = open_state,
	.free = free_state,
	.encode = encode,
	.mend = mend,
	.drain = drain,
};
