/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/codec/stream.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#include "media/h264.h"

unsigned stream_luma(unsigned n)
{
	return 40 + n * 7 % 160;
}

struct au stream_with_sets(const struct stream *s, unsigned n, unsigned number)
{
	struct au au = s->au[n];
	uint8_t *p = malloc(s->sets_len + au.len);

	cr_assert_not_null(p);
	memcpy(p, s->sets, s->sets_len);
	memcpy(p + s->sets_len, au.data, au.len);
	au.data = p;
	au.len += s->sets_len;
	au.pts = au.dts = (int64_t)number * STREAM_STEP;
	return au;
}

uint32_t stream_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static int csp_of(const struct stream_kind *k)
{
	static const int csp[] = {X264_CSP_I420, X264_CSP_I400, X264_CSP_I422, X264_CSP_I444};

	return csp[k->chroma];
}

static void set_param(x264_param_t *p, const struct stream_kind *k)
{
	int csp = csp_of(k);
	unsigned bits = k->bits ? k->bits : 8;

	cr_assert_eq(x264_param_default_preset(p, "ultrafast", k->bframes ? NULL : "zerolatency"), 0);
	p->i_width = (int)k->width;
	p->i_height = (int)k->height;
	p->i_csp = csp | (bits > 8 ? X264_CSP_HIGH_DEPTH : 0);
	p->i_bitdepth = (int)bits;
	p->i_threads = 1;
	p->i_bframe = (int)k->bframes;
	p->i_bframe_adaptive = X264_B_ADAPT_NONE;
	p->i_bframe_pyramid = k->bframes > 1 ? X264_B_PYRAMID_NORMAL : X264_B_PYRAMID_NONE;
	p->i_keyint_max = k->keyint ? (int)k->keyint : X264_KEYINT_MAX_INFINITE;
	p->i_keyint_min = 1;
	p->i_scenecut_threshold = 0;
	p->b_interlaced = k->interlaced;
	p->vui.b_fullrange = k->full_range;
	p->vui.i_sar_width = (int)k->sar_num;
	p->vui.i_sar_height = (int)k->sar_den;
	p->rc.i_rc_method = X264_RC_CQP;
	p->rc.i_qp_constant = k->qp ? (int)k->qp : 18;
	p->b_annexb = 0;
	p->b_repeat_headers = 0;
	p->i_log_level = X264_LOG_NONE;
}

static void fill_plane(const x264_image_t *img, int plane, unsigned lines, unsigned samples, unsigned value, bool wide, uint32_t *noise)
{
	for (unsigned y = 0; y < lines; y++)
		for (unsigned x = 0; x < samples; x++) {
			uint8_t *at = img->plane[plane] + (ptrdiff_t)y * img->i_stride[plane];
			unsigned v = noise ? value / 2 + stream_random(noise) % value : value;

			if (wide)
				((uint16_t *)(void *)at)[x] = (uint16_t)v;
			else
				at[x] = (uint8_t)v;
		}
}

static void draw(x264_picture_t *pic, const struct stream_kind *k, unsigned n)
{
	unsigned shift = (k->bits ? k->bits : 8) - 8;
	uint32_t seed = n + 1;

	if (k->draw) {
		k->draw(pic->img.plane, pic->img.i_stride, k, n);
		return;
	}
	fill_plane(&pic->img, 0, k->height, k->width, stream_luma(n) << shift, shift, k->noise ? &seed : NULL);
	for (int i = 1; i < 3 && k->chroma != STREAM_400; i++)
		fill_plane(&pic->img, i, k->chroma == STREAM_420 ? k->height / 2 : k->height, k->chroma == STREAM_444 ? k->width : k->width / 2,
			128u << shift, shift, NULL);
}

static void add_au(struct stream *s, const x264_nal_t *nal, int bytes, const x264_picture_t *out)
{
	uint8_t *copy = malloc((size_t)bytes);

	cr_assert_lt(s->n, STREAM_MAX);
	cr_assert_not_null(copy);
	memcpy(copy, nal[0].p_payload, (size_t)bytes);
	s->au[s->n++] = (struct au){.dts = out->i_dts * STREAM_STEP, .pts = out->i_pts * STREAM_STEP,
		.capture_us = 1000000 + out->i_pts * 40000, .key = out->b_keyframe, .data = copy, .len = (size_t)bytes};
}

static void take_headers(struct stream *s, x264_t *x)
{
	const uint8_t *sps = NULL, *pps = NULL;
	size_t nsps = 0, npps = 0;
	x264_nal_t *nal;
	int n;

	cr_assert_gt(x264_encoder_headers(x, &nal, &n), 0);
	for (int i = 0; i < n; i++) {
		size_t len = (size_t)nal[i].i_payload;

		if (nal[i].i_type != NAL_SPS && nal[i].i_type != NAL_PPS)
			continue;
		*(nal[i].i_type == NAL_SPS ? &sps : &pps) = nal[i].p_payload + 4;
		*(nal[i].i_type == NAL_SPS ? &nsps : &npps) = len - 4;
		memcpy(s->sets + s->sets_len, nal[i].p_payload, len);
		s->sets_len += len;
	}
	cr_assert_eq(h264_track(sps, nsps, pps, npps, &s->track), 0);
}

void stream_make(struct stream *s, const struct stream_kind *k)
{
	x264_picture_t in, out;
	x264_param_t param;
	x264_nal_t *nal;
	unsigned shown = 0;
	x264_t *x;
	int n, bytes;

	*s = (struct stream){0};
	set_param(&param, k);
	cr_assert_eq(x264_picture_alloc(&in, param.i_csp, param.i_width, param.i_height), 0);
	x = x264_encoder_open(&param);
	cr_assert_not_null(x);
	take_headers(s, x);
	while (shown < k->pictures || x264_encoder_delayed_frames(x)) {
		in.i_pts = shown;
		in.i_type = X264_TYPE_AUTO;
		if (shown < k->pictures)
			draw(&in, k, shown);
		bytes = x264_encoder_encode(x, &nal, &n, shown < k->pictures ? &in : NULL, &out);
		shown += shown < k->pictures;
		cr_assert_geq(bytes, 0);
		if (bytes)
			add_au(s, nal, bytes, &out);
	}
	x264_encoder_close(x);
	x264_picture_clean(&in);
	x264_param_cleanup(&param);
	cr_assert_eq(s->n, k->pictures);
}

void stream_free(struct stream *s)
{
	for (unsigned i = 0; i < s->n; i++)
		free((void *)(uintptr_t)s->au[i].data);
	*s = (struct stream){0};
}
