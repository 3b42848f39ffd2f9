/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameter sets of H.265, read as far as they are of use (ITU-T H.265 7.3.2, 7.3.3, 7.3.4, 7.3.7, E.2.1). */
#include <errno.h>

#include "media/bits.h"
#include "media/h265.h"
#include "media/nal.h"
#include "media/vui.h"

#define SUB_LAYERS_MAX 7
#define SHORT_TERM_SETS_MAX 64
#define SET_PICTURES_MAX 16    /* of a short-term reference picture set */
#define LONG_TERM_MAX 32
#define LAYER_SETS_MAX 1024

/* ue(v) that may be at most max; a larger one makes b bad. */
static uint32_t ue_max(struct bits *b, uint32_t max)
{
	uint32_t v = bits_ue(b);

	if (v > max)
		b->bad = true;
	return b->bad ? 0 : v;
}

/* The payload behind the header; bad from the start for another type, or a layer above the base. */
static struct bits open_set(const uint8_t *nal, size_t n, unsigned type, uint8_t raw[H265_SET_MAX_BYTES])
{
	bool good = n > 2 && h265_nal_type(nal) == type && !(nal[0] & 0x81) && nal[1] >> 3 == 0;
	struct bits b = bits_init(raw, good ? nal_unescape(nal + 2, n - 2, raw, H265_SET_MAX_BYTES) : 0);

	b.bad = !good;
	return b;
}

/* profile_tier_level(1, sub_layers - 1), 7.3.3. */
static void parse_profile(struct bits *b, unsigned sub_layers, struct h265_sps *s)
{
	uint32_t space = bits_get(b, 2), tier = bits_get(b, 1), has[SUB_LAYERS_MAX][2];

	if (space)
		b->bad = true;             /* a meaning of its own, of which decoders know nothing */
	s->profile = (uint8_t)(tier << 7 | bits_get(b, 5));
	s->compat = bits_get(b, 32);
	s->constraints = (uint64_t)bits_get(b, 24) << 24;
	s->constraints |= bits_get(b, 24);
	s->level = (uint8_t)bits_get(b, 8);
	for (unsigned i = 0; i + 1 < sub_layers; i++) {
		has[i][0] = bits_get(b, 1);
		has[i][1] = bits_get(b, 1);
	}
	if (sub_layers > 1)
		bits_skip(b, 2 * (9 - sub_layers));
	for (unsigned i = 0; i + 1 < sub_layers; i++)
		bits_skip(b, has[i][0] * 88 + has[i][1] * 8);
}

/* Of each sub-layer how many pictures are held, reordered, late; the last one's reordering counts for all. */
static uint32_t parse_ordering(struct bits *b, unsigned sub_layers)
{
	unsigned n = bits_get(b, 1) ? sub_layers : 1;
	uint32_t reorder = 0;

	while (n-- && !b->bad) {
		bits_ue(b);
		reorder = bits_ue(b);
		bits_ue(b);
	}
	return reorder;
}

/* Pictures a second from a tick's length; nonsense is taken as not told. */
static void parse_timing(struct bits *b, uint32_t *ret_num, uint32_t *ret_den)
{
	uint32_t tick = bits_get(b, 32), scale = bits_get(b, 32);

	if (b->bad || tick == 0 || scale == 0 || scale / tick > 1000)
		return;
	*ret_num = scale;
	*ret_den = tick;
}

/* Which layers are in each layer set: one bit each, up to 63 of up to 1024 sets. */
static void skip_layer_sets(struct bits *b)
{
	uint32_t max_layer = bits_get(b, 6), sets = ue_max(b, LAYER_SETS_MAX - 1);

	if (!b->bad)
		bits_skip(b, (size_t)sets * (max_layer + 1));
}

int h265_parse_vps(const uint8_t *nal, size_t n, struct h265_vps *ret)
{
	uint8_t raw[H265_SET_MAX_BYTES];
	struct bits b = open_set(nal, n, H265_NAL_VPS, raw);
	struct h265_vps v = {.id = (uint8_t)bits_get(&b, 4)};
	struct h265_sps unused;
	unsigned sub_layers;

	bits_skip(&b, 2 + 6);              /* base layer flags, vps_max_layers_minus1 */
	sub_layers = bits_get(&b, 3) + 1;
	bits_skip(&b, 1 + 16);
	if (sub_layers > SUB_LAYERS_MAX || b.bad)
		return -EBADMSG;
	parse_profile(&b, sub_layers, &unused);
	if (b.bad)
		return -EBADMSG;
	parse_ordering(&b, sub_layers);
	skip_layer_sets(&b);
	if (bits_get(&b, 1))
		parse_timing(&b, &v.fps_num, &v.fps_den);
	*ret = v;
	return 0;
}

int h265_parse_pps(const uint8_t *nal, size_t n, struct h265_pps *ret)
{
	uint8_t raw[H265_SET_MAX_BYTES];
	struct bits b = open_set(nal, n, H265_NAL_PPS, raw);
	uint32_t id = ue_max(&b, 63), sps = ue_max(&b, 15);

	if (b.bad)
		return -EBADMSG;
	*ret = (struct h265_pps){.id = (uint8_t)id, .sps_id = (uint8_t)sps};
	return 0;
}

/* conformance_window offsets in units of chroma samples (7.4.3.2.1). */
static void parse_size(struct bits *b, struct h265_sps *s)
{
	uint32_t width, height;
	uint64_t x = 0, y = 0;

	s->chroma_format = (uint8_t)ue_max(b, 3);
	if (s->chroma_format == 3)
		bits_skip(b, 1);           /* separate_colour_plane_flag */
	width = ue_max(b, H265_SIDE_MAX);
	height = ue_max(b, H265_SIDE_MAX);
	if (bits_get(b, 1)) {
		bool half_x = s->chroma_format == 1 || s->chroma_format == 2, half_y = s->chroma_format == 1;

		x = bits_ue(b);
		x = (x + bits_ue(b)) << half_x;
		y = bits_ue(b);
		y = (y + bits_ue(b)) << half_y;
	}
	if (x >= width || y >= height) {
		b->bad = true;
		return;
	}
	s->coded_width = (uint16_t)width;
	s->coded_height = (uint16_t)height;
	s->width = (uint16_t)(width - x);
	s->height = (uint16_t)(height - y);
}

/* 7.3.4; the values themselves are of no interest. */
static void skip_scaling_lists(struct bits *b)
{
	for (unsigned size = 0; size < 4; size++)
		for (unsigned matrix = 0; matrix < 6 && !b->bad; matrix += size == 3 ? 3 : 1) {
			unsigned coefficients = size == 0 ? 16 : 64;

			if (!bits_get(b, 1)) {
				bits_ue(b);        /* as an earlier one */
				continue;
			}
			if (size > 1)
				bits_se(b);
			while (coefficients-- && !b->bad)
				bits_se(b);
		}
}

/* A short-term reference picture set: distances in output order, the negative ones first (7.4.8). */
struct rps {
	unsigned negative, n;
	int32_t delta[SET_PICTURES_MAX];
};

static void rps_add(struct bits *b, struct rps *to, int32_t delta)
{
	if (to->n == SET_PICTURES_MAX || delta < -32768 || delta > 32767) {
		b->bad = true;
		return;
	}
	to->delta[to->n++] = delta;
	to->negative += delta < 0;
}

/* What of index i (n: the reference itself) of from, moved, lands on that side of zero. */
static void rps_move(struct bits *b, struct rps *to, const struct rps *from, unsigned i, int32_t by, bool used, bool negative)
{
	int32_t delta = by + (i < from->n ? from->delta[i] : 0);

	if (used && delta != 0 && (delta < 0) == negative)
		rps_add(b, to, delta);
}

/* Predicted from the set before it: (7-61) and (7-62), whose order is what the next set's flags count by. */
static struct rps parse_predicted(struct bits *b, const struct rps *from)
{
	struct rps to = {0};
	bool sign = bits_get(b, 1), used[SET_PICTURES_MAX + 1];
	int32_t by = (int32_t)ue_max(b, 32767) + 1;

	by = sign ? -by : by;
	for (unsigned i = 0; i <= from->n; i++)
		used[i] = bits_get(b, 1) || bits_get(b, 1);
	for (unsigned i = from->n; i-- > from->negative;)
		rps_move(b, &to, from, i, by, used[i], true);
	rps_move(b, &to, from, from->n, by, used[from->n], true);
	for (unsigned i = 0; i < from->negative; i++)
		rps_move(b, &to, from, i, by, used[i], true);
	for (unsigned i = from->negative; i-- > 0;)
		rps_move(b, &to, from, i, by, used[i], false);
	rps_move(b, &to, from, from->n, by, used[from->n], false);
	for (unsigned i = from->negative; i < from->n; i++)
		rps_move(b, &to, from, i, by, used[i], false);
	return to;
}

static struct rps parse_explicit(struct bits *b)
{
	struct rps to = {0};
	uint32_t count[2];

	count[0] = ue_max(b, SET_PICTURES_MAX);
	count[1] = ue_max(b, SET_PICTURES_MAX);
	for (int side = 0; side < 2; side++)
		for (int32_t delta = 0; count[side] && !b->bad; count[side]--) {
			int32_t step = (int32_t)ue_max(b, 32767) + 1;

			delta += side ? step : -step;
			bits_skip(b, 1);   /* used_by_curr_pic */
			rps_add(b, &to, delta);
		}
	return to;
}

/* 7.3.7 for all sets of the SPS. */
static void skip_short_term_sets(struct bits *b)
{
	uint32_t sets = ue_max(b, SHORT_TERM_SETS_MAX);
	struct rps set = {0};

	for (uint32_t i = 0; i < sets && !b->bad; i++)
		set = i && bits_get(b, 1) ? parse_predicted(b, &set) : parse_explicit(b);
}

/* The tools in use, which stand between the size and the VUI. */
static void skip_tools(struct bits *b, unsigned poc_bits)
{
	uint32_t long_terms;

	for (int i = 0; i < 6; i++)
		bits_ue(b);                /* block sizes and hierarchy depths */
	if (bits_get(b, 1) && bits_get(b, 1))
		skip_scaling_lists(b);
	bits_skip(b, 2);                   /* amp, sample adaptive offset */
	if (bits_get(b, 1)) {              /* pcm */
		bits_skip(b, 8);
		bits_ue(b);
		bits_ue(b);
		bits_skip(b, 1);
	}
	skip_short_term_sets(b);
	if (bits_get(b, 1)) {
		long_terms = ue_max(b, LONG_TERM_MAX);
		bits_skip(b, (size_t)long_terms * (poc_bits + 1));
	}
	bits_skip(b, 2);                   /* temporal_mvp, strong_intra_smoothing */
}

/* E.2.1, up to the timing. What stands before a break is kept: each field is complete when it is set. */
static void parse_vui(struct bits *b, struct h265_sps *s)
{
	struct vui v;

	vui_parse(b, &v);
	s->sar_width = v.sar_width;
	s->sar_height = v.sar_height;
	s->full_range = v.full_range;
	bits_skip(b, 1);                   /* neutral_chroma_indication */
	s->fields = bits_get(b, 1);
	bits_skip(b, 1);                   /* frame_field_info_present */
	if (bits_get(b, 1))
		for (int i = 0; i < 4; i++)
			bits_ue(b);        /* default display window: a wish, not a crop */
	if (bits_get(b, 1))
		parse_timing(b, &s->fps_num, &s->fps_den);
}

int h265_parse_sps(const uint8_t *nal, size_t n, struct h265_sps *ret)
{
	uint8_t raw[H265_SET_MAX_BYTES];
	struct bits b = open_set(nal, n, H265_NAL_SPS, raw);
	struct h265_sps s = {.vps_id = (uint8_t)bits_get(&b, 4)};
	uint32_t poc_bits, reorder;

	s.sub_layers = (uint8_t)(bits_get(&b, 3) + 1);
	s.nested = bits_get(&b, 1);
	if (s.sub_layers > SUB_LAYERS_MAX || b.bad)
		return -EBADMSG;
	parse_profile(&b, s.sub_layers, &s);
	s.id = (uint8_t)ue_max(&b, 15);
	parse_size(&b, &s);
	s.bit_depth_luma = (uint8_t)(8 + ue_max(&b, 8));
	s.bit_depth_chroma = (uint8_t)(8 + ue_max(&b, 8));
	poc_bits = 4 + ue_max(&b, 12);
	reorder = parse_ordering(&b, s.sub_layers);
	s.reorder = reorder <= H265_REORDER_MAX ? (int)reorder : -1;
	skip_tools(&b, poc_bits);
	if (b.bad)
		return -EBADMSG;
	if (bits_get(&b, 1))
		parse_vui(&b, &s);
	*ret = s;
	return 0;
}
