/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is parameter sets and slices, each behind a length of two bytes; the last VPS, SPS and PPS make a track. What
 * is let pass must keep what the header promises, also as a track, an init segment and back.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "media/cmaf.h"
#include "media/codec_string.h"
#include "media/h265.h"
#include "media/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct set {
	const uint8_t *nal;
	size_t n;
};

static void check_rate(uint32_t num, uint32_t den)
{
	if (!num != !den || (den && num / den > 1000))
		abort();
}

static void check_sps(const struct h265_sps *s)
{
	if (!s->width || !s->height || s->coded_width > H265_SIDE_MAX || s->coded_height > H265_SIDE_MAX)
		abort();
	if (s->width > s->coded_width || s->height > s->coded_height || s->id > 15 || s->vps_id > 15)
		abort();
	if (s->reorder < -1 || s->reorder > H265_REORDER_MAX || s->chroma_format > 3 || s->bit_depth_luma > 16 || s->bit_depth_chroma > 16)
		abort();
	if (s->sub_layers < 1 || s->sub_layers > 7 || s->constraints >> 48 || (s->profile & 0x60) || !s->sar_width != !s->sar_height)
		abort();
	check_rate(s->fps_num, s->fps_den);
}

/* One NAL unit through every question; those that a track can be made of are kept. */
static void ask(struct set nal, struct set kept[3])
{
	struct h265_vps v;
	struct h265_sps s;
	struct h265_pps p;

	if (h265_is_irap(nal.nal, nal.n) && !h265_is_slice(nal.nal, nal.n))
		abort();
	if (h265_begins_picture(nal.nal, nal.n) && h265_is_parameter_set(nal.nal, nal.n))
		abort();
	if (h265_parse_vps(nal.nal, nal.n, &v) == 0) {
		check_rate(v.fps_num, v.fps_den);
		kept[0] = nal;
	}
	if (h265_parse_sps(nal.nal, nal.n, &s) == 0) {
		check_sps(&s);
		kept[1] = nal;
	}
	if (h265_parse_pps(nal.nal, nal.n, &p) == 0) {
		if (p.id > 63 || p.sps_id > 15)
			abort();
		kept[2] = nal;
	}
}

static void check_track(const struct track *t)
{
	uint8_t init[INIT_MAX_BYTES];
	struct wr w = wr_init(init, sizeof init);
	char name[CODEC_STRING_MAX];
	struct h265_sps s;

	if (h265_track_sps(t, &s) || s.width != t->width || s.height != t->height || cmaf_write_init(&w, t))
		abort();
	codec_string(t, name);
	if (strncmp(name, "hvc1.", 5) || name[strspn(name, "hvc1.0123456789ABCDEFHL")])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct set kept[3] = {{0}};
	struct track t;

	h265_au_has_irap(data, size);
	while (rd_left(&r) >= 2 && !r.bad) {
		struct set nal = {.n = rd_u16(&r)};

		nal.n = nal.n < rd_left(&r) ? nal.n : rd_left(&r);
		nal.nal = rd_bytes(&r, nal.n);
		if (nal.n)
			ask(nal, kept);
	}
	if (kept[0].n && kept[1].n && kept[2].n &&
	    h265_track(kept[0].nal, kept[0].n, kept[1].nal, kept[1].n, kept[2].nal, kept[2].n, &t) == 0)
		check_track(&t);
	return 0;
}
