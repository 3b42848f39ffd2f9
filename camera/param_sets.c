/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/param_sets.h"

#include <errno.h>

#include "base/rd.h"
#include "base/wr.h"
#include "media/h264.h"
#include "media/nal.h"

int param_sets_add(struct buf *out, const uint8_t *nal, size_t n)
{
	uint8_t *p = buf_reserve(out, n + 4);
	struct wr w;

	if (!p)
		return -ENOBUFS;
	w = wr_init(p, n + 4);
	wr_u32(&w, (uint32_t)n);
	wr_bytes(&w, nal, n);
	buf_commit(out, n + 4);
	return 0;
}

static int add_sets(struct rd *r, unsigned count, struct buf *out)
{
	int e = 0;

	while (!e && count--) {
		size_t n = rd_u16(r);
		const uint8_t *nal = rd_bytes(r, n);

		e = nal && n ? param_sets_add(out, nal, n) : -EBADMSG;
	}
	return e;
}

int param_sets_from_config(const uint8_t *config, size_t n, struct buf *out)
{
	struct rd r = rd_init(config, n);
	int e;

	rd_bytes(&r, 5);
	e = add_sets(&r, rd_u8(&r) & 0x1f, out);
	if (!e)
		e = add_sets(&r, rd_u8(&r), out);
	return !e && r.bad ? -EBADMSG : e;
}

int param_sets_from_annexb(const uint8_t *p, size_t n, struct buf *out)
{
	struct rd r = rd_init(p, n);
	unsigned seen = 0;
	const uint8_t *nal;
	size_t len;
	int e = 0;

	while (!e && nal_next_annexb(&r, &nal, &len) == 1) {
		if (nal_type(nal) != NAL_SPS && nal_type(nal) != NAL_PPS)
			continue;
		seen |= 1u << nal_type(nal);
		e = param_sets_add(out, nal, len);
	}
	return !e && seen != (1u << NAL_SPS | 1u << NAL_PPS) ? -EBADMSG : e;
}

int param_sets_track(const struct buf *sets, struct track *ret)
{
	const uint8_t *nal, *sps = NULL, *pps = NULL;
	size_t n, nsps = 0, npps = 0;
	struct rd r = rd_init(buf_data(sets), sets->len);

	while (nal_next(&r, &nal, &n) == 1) {
		if (!sps && nal_type(nal) == NAL_SPS) {
			sps = nal;
			nsps = n;
		} else if (!pps && nal_type(nal) == NAL_PPS) {
			pps = nal;
			npps = n;
		}
	}
	return sps && pps ? h264_track(sps, nsps, pps, npps, ret) : -EBADMSG;
}
