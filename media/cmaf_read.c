/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/cmaf_read.h"

#include <errno.h>

#include "media/cmaf.h"

#define MOOF CMAF_TYPE('m', 'o', 'o', 'f')
#define MDAT CMAF_TYPE('m', 'd', 'a', 't')
#define STYP CMAF_TYPE('s', 't', 'y', 'p')
#define TRAF CMAF_TYPE('t', 'r', 'a', 'f')
#define TFHD CMAF_TYPE('t', 'f', 'h', 'd')
#define TFDT CMAF_TYPE('t', 'f', 'd', 't')
#define TRUN CMAF_TYPE('t', 'r', 'u', 'n')

int cmaf_next_box(struct rd *r, struct cmaf_box *ret)
{
	struct rd try = *r;
	uint32_t size, type;
	struct rd body;

	if (rd_left(r) == 0)
		return r->bad ? -EBADMSG : 0;
	size = rd_u32(&try);
	type = rd_u32(&try);
	if (try.bad || size < 8)
		return -EBADMSG;
	body = rd_sub(&try, size - 8);
	if (body.bad)
		return -EBADMSG;
	*r = try;
	*ret = (struct cmaf_box){.type = type, .body = body};
	return 1;
}

/* What one moof says of its samples. */
struct fragment {
	bool has_tfhd, has_tfdt, has_trun, default_duration, default_size, default_key, independent;
	uint32_t duration, size;           /* defaults of tfhd */
	uint64_t decode_time, total_duration, total_bytes;
	uint32_t samples;
	uint32_t flags, first;             /* of trun */
	struct rd entries;                 /* of trun: a line a sample */
};

/* ISO/IEC 14496-12 8.8.7. Only a base at moof is taken. */
static int read_tfhd(struct rd r, struct fragment *f)
{
	uint32_t flags = rd_u32(&r);

	if (f->has_tfhd || (flags & 0x020001) != 0x020000 || rd_u32(&r) != 1)
		return -EBADMSG;
	if (flags & 0x2)
		rd_u32(&r);                /* sample description */
	if ((f->default_duration = flags & 0x8))
		f->duration = rd_u32(&r);
	if ((f->default_size = flags & 0x10))
		f->size = rd_u32(&r);
	if (flags & 0x20)
		f->default_key = !(rd_u32(&r) & 0x10000);
	f->has_tfhd = true;
	return r.bad ? -EBADMSG : 0;
}

static int read_tfdt(struct rd r, struct fragment *f)
{
	uint32_t version = rd_u32(&r) >> 24;

	if (f->has_tfdt)
		return -EBADMSG;
	f->decode_time = version ? rd_u64(&r) : rd_u32(&r);
	f->has_tfdt = true;
	return r.bad || f->decode_time > (uint64_t)AU_TIME_MAX ? -EBADMSG : 0;
}

/* 8.8.8; offset is the data offset it must name. */
static int read_trun(struct rd r, struct fragment *f, size_t offset)
{
	uint32_t flags = rd_u32(&r) & 0xffffff;
	uint32_t first = 0;

	f->samples = rd_u32(&r);
	if (!f->has_tfhd || f->has_trun || f->samples == 0 || f->samples > CMAF_SAMPLES_MAX || !(flags & 1) || rd_u32(&r) != offset)
		return -EBADMSG;
	if (!(flags & 0x100) && !f->default_duration)
		return -EBADMSG;
	if (!(flags & 0x200) && !f->default_size)
		return -EBADMSG;
	if (flags & 0x4)
		first = rd_u32(&r);
	f->flags = flags;
	f->first = first;
	f->entries = r;
	f->independent = flags & 0x4 ? !(first & 0x10000) : f->default_key;
	for (uint32_t i = 0; i < f->samples && !r.bad; i++) {
		f->total_duration += flags & 0x100 ? rd_u32(&r) : f->duration;
		f->total_bytes += flags & 0x200 ? rd_u32(&r) : f->size;
		first = flags & 0x400 ? rd_u32(&r) : 0;
		if (i == 0 && flags & 0x400)
			f->independent = !(first & 0x10000);
		if (flags & 0x800)
			rd_u32(&r);
	}
	f->has_trun = true;
	return r.bad || rd_left(&r) ? -EBADMSG : 0;
}

static int read_traf(struct rd r, struct fragment *f, size_t offset)
{
	struct cmaf_box b;
	int rc = 0, more;

	while (rc == 0 && (more = cmaf_next_box(&r, &b)) == 1) {
		if (b.type == TFHD)
			rc = read_tfhd(b.body, f);
		else if (b.type == TFDT)
			rc = read_tfdt(b.body, f);
		else if (b.type == TRUN)
			rc = read_trun(b.body, f, offset);
	}
	if (rc || more)
		return -EBADMSG;
	return f->has_tfhd && f->has_tfdt && f->has_trun ? 0 : -EBADMSG;
}

static int read_moof(struct rd r, struct fragment *f)
{
	size_t offset = rd_left(&r) + 16;  /* from the start of moof to behind the header of mdat */
	bool has_traf = false;
	struct cmaf_box b;
	int more;

	while ((more = cmaf_next_box(&r, &b)) == 1)
		if (b.type == TRAF && (has_traf || read_traf(b.body, f, offset)))
			return -EBADMSG;
		else
			has_traf |= b.type == TRAF;
	return more || !has_traf ? -EBADMSG : 0;
}

/* ret_data: the samples' bytes. */
static int read_chunk(struct rd *r, struct fragment *f, struct rd *ret_data)
{
	struct cmaf_box b;

	if (cmaf_next_box(r, &b) != 1)
		return -EBADMSG;
	if (b.type == STYP && cmaf_next_box(r, &b) != 1)
		return -EBADMSG;
	if (b.type != MOOF || read_moof(b.body, f))
		return -EBADMSG;
	if (cmaf_next_box(r, &b) != 1 || b.type != MDAT)
		return -EBADMSG;
	*ret_data = b.body;
	return rd_left(&b.body) == f->total_bytes ? 0 : -EBADMSG;
}

int cmaf_next_chunk(struct rd *r, struct cmaf_reader *ret)
{
	struct fragment f = {0};
	struct rd try = *r, data;

	if (!rd_left(r))
		return 0;
	if (read_chunk(&try, &f, &data))
		return -EBADMSG;
	*r = try;
	*ret = (struct cmaf_reader){.decode_time = f.decode_time, .left = f.samples, .entries = f.entries, .data = data, .flags = f.flags,
		.first = f.first, .duration = f.duration, .size = f.size, .default_key = f.default_key};
	return 1;
}

/* The chunk was found whole, so nothing here is read past its end. */
bool cmaf_next_sample(struct cmaf_reader *c, struct cmaf_read_sample *ret)
{
	uint32_t duration, size, offset;
	bool key = c->flags & 0x4 ? !(c->first & 0x10000) : c->default_key;

	if (!c->left)
		return false;
	c->left--;
	duration = c->flags & 0x100 ? rd_u32(&c->entries) : c->duration;
	size = c->flags & 0x200 ? rd_u32(&c->entries) : c->size;
	if (c->flags & 0x400)
		key = !(rd_u32(&c->entries) & 0x10000);
	offset = c->flags & 0x800 ? rd_u32(&c->entries) : 0;
	*ret = (struct cmaf_read_sample){.dts = (int64_t)c->decode_time, .pts = (int64_t)c->decode_time + (int32_t)offset, .key = key,
		.data = rd_bytes(&c->data, size), .n = size};
	c->decode_time += duration;
	c->flags &= ~0x4u;                 /* what it says is of the first one alone */
	return true;
}

void cmaf_check_chunks(const uint8_t *p, size_t n, struct cmaf_extent *ret)
{
	struct cmaf_extent e = {0};
	struct rd r = rd_init(p, n);

	while (rd_left(&r)) {
		struct fragment f = {0};
		struct rd data;

		if (read_chunk(&r, &f, &data))
			break;
		if (e.chunks && f.decode_time != e.decode_time + e.duration)
			break;
		if (e.chunks++ == 0) {
			e.decode_time = f.decode_time;
			e.independent = f.independent;
		}
		e.duration += f.total_duration;
		e.samples += f.samples;
		e.end = n - rd_left(&r);
	}
	*ret = e;
}
