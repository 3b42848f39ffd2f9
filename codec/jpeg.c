/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/jpeg.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <stdlib.h>

#define SIDE_MIN 16
#define SIDE_MAX 4096
#define QUALITY 3              /* MPEG's scale, from 2; about what others call 85 of 100 */
#define SD_WIDTH 1024          /* up to here, and SD_HEIGHT, pictures that do not say so are taken for BT.601, as players do */
#define SD_HEIGHT 576

/*
 * JFIF's numbers are those of BT.601 in full range; pictures have limited range and often BT.709. In fixed point of ONE:
 * luma is luma[y] plus by_cb and by_cr of its chroma, and each chroma is made of both.
 */
#define ONE 65536
struct turn {
	int luma[256];
	int by_cb, by_cr, cb_cb, cb_cr, cr_cb, cr_cr;
};

struct jpeg {
	AVCodecContext *ctx;
	AVFrame *frame;
	AVPacket *packet;
	struct turn turn;
	int matrix;                /* that it is for; -1: none yet */
};

static int open_context(struct jpeg *j, unsigned width, unsigned height)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!c)
		return -ENOMEM;
	j->ctx = c;
	c->width = (int)width;
	c->height = (int)height;
	c->pix_fmt = AV_PIX_FMT_YUVJ420P;
	c->color_range = AVCOL_RANGE_JPEG;
	c->time_base = (AVRational){1, 25};
	c->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;  /* the latter: without a comment that names the library */
	c->global_quality = QUALITY * FF_QP2LAMBDA;
	c->thread_count = 1;
	return avcodec_open2(c, codec, NULL) < 0 ? -ENOMEM : 0;
}

static int make_frame(struct jpeg *j)
{
	j->frame->format = AV_PIX_FMT_YUVJ420P;
	j->frame->width = j->ctx->width;
	j->frame->height = j->ctx->height;
	j->frame->quality = j->ctx->global_quality;
	j->frame->color_range = AVCOL_RANGE_JPEG;
	return av_frame_get_buffer(j->frame, 0) < 0 ? -ENOMEM : 0;
}

int jpeg_new(struct jpeg **ret, unsigned width, unsigned height)
{
	struct jpeg *j;
	int rc;

	if (width < SIDE_MIN || width > SIDE_MAX || height < SIDE_MIN || height > SIDE_MAX || (width | height) & 1)
		return -EINVAL;
	j = calloc(1, sizeof *j);
	if (!j)
		return -ENOMEM;
	av_log_set_level(AV_LOG_QUIET);
	j->matrix = -1;
	j->frame = av_frame_alloc();
	j->packet = av_packet_alloc();
	rc = j->frame && j->packet ? open_context(j, width, height) : -ENOMEM;
	if (!rc)
		rc = make_frame(j);
	if (rc)
		jpeg_free(&j);
	else
		*ret = j;
	return rc;
}

void jpeg_free(struct jpeg **jp)
{
	struct jpeg *j = *jp;

	if (!j)
		return;
	avcodec_free_context(&j->ctx);
	av_frame_free(&j->frame);
	av_packet_free(&j->packet);
	free(j);
	*jp = NULL;
}

/* --- colours ------------------------------------------------------------------------------ */

/* What red and blue give to luma (H.273 table 4). */
struct weights {
	double r, b;
};

static const struct weights bt601 = {0.299, 0.114};

static struct weights weights_of(int matrix)
{
	return matrix == 1 ? (struct weights){0.2126, 0.0722} : matrix == 7 ? (struct weights){0.212, 0.087} :
	       matrix == 9 ? (struct weights){0.2627, 0.0593} : bt601;
}

static int matrix_of(const struct picture *p)
{
	bool told = p->colour.matrix != COLOUR_UNSPECIFIED && p->colour.matrix != 0;

	return told ? p->colour.matrix : p->width > SD_WIDTH || p->height > SD_HEIGHT ? 1 : 6;
}

static int fixed(double v)
{
	return (int)(v < 0 ? v * ONE - 0.5 : v * ONE + 0.5);
}

/* Through red and blue, green being what is left: as H.273 8.3 has it, one way with these weights and the other with BT.601's. */
static void set_turn(struct jpeg *j, int matrix)
{
	struct weights w = weights_of(matrix);
	double g = 1 - w.r - w.b, to_g = 1 - bt601.r - bt601.b, range = 255.0 / 224;
	double red_cr = 2 * (1 - w.r), blue_cb = 2 * (1 - w.b), green_cr = -red_cr * w.r / g, green_cb = -blue_cb * w.b / g;
	double y_cb = to_g * green_cb + bt601.b * blue_cb, y_cr = bt601.r * red_cr + to_g * green_cr;

	for (int i = 0; i < 256; i++)
		j->turn.luma[i] = fixed((i - 16) * 255.0 / 219);
	j->turn.by_cb = fixed(y_cb * range);
	j->turn.by_cr = fixed(y_cr * range);
	j->turn.cb_cb = fixed((blue_cb - y_cb) / (2 * (1 - bt601.b)) * range);
	j->turn.cb_cr = fixed(-y_cr / (2 * (1 - bt601.b)) * range);
	j->turn.cr_cb = fixed(-y_cb / (2 * (1 - bt601.r)) * range);
	j->turn.cr_cr = fixed((red_cr - y_cr) / (2 * (1 - bt601.r)) * range);
	j->matrix = matrix;
}

static uint8_t to_byte(int v)
{
	v = (v + ONE / 2) >> 16;
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

/* Two lines of luma and one of each chroma. */
static void turn_lines(const struct turn *t, const struct picture *p, AVFrame *to, unsigned line)
{
	const uint8_t *y0 = p->plane[0] + 2 * (ptrdiff_t)line * p->stride[0], *y1 = y0 + p->stride[0];
	const uint8_t *cb = p->plane[1] + (ptrdiff_t)line * p->stride[1], *cr = p->plane[2] + (ptrdiff_t)line * p->stride[2];
	uint8_t *to0 = to->data[0] + 2 * (ptrdiff_t)line * to->linesize[0], *to1 = to0 + to->linesize[0];
	uint8_t *to_cb = to->data[1] + (ptrdiff_t)line * to->linesize[1], *to_cr = to->data[2] + (ptrdiff_t)line * to->linesize[2];

	for (unsigned x = 0; x < p->width / 2; x++) {
		int b = cb[x] - 128, r = cr[x] - 128, more = t->by_cb * b + t->by_cr * r;

		to0[2 * x] = to_byte(t->luma[y0[2 * x]] + more);
		to0[2 * x + 1] = to_byte(t->luma[y0[2 * x + 1]] + more);
		to1[2 * x] = to_byte(t->luma[y1[2 * x]] + more);
		to1[2 * x + 1] = to_byte(t->luma[y1[2 * x + 1]] + more);
		to_cb[x] = to_byte(128 * ONE + t->cb_cb * b + t->cb_cr * r);
		to_cr[x] = to_byte(128 * ONE + t->cr_cb * b + t->cr_cr * r);
	}
}

/* --- encoding ----------------------------------------------------------------------------- */

static bool fits(const struct jpeg *j, const struct picture *p)
{
	return p->format == PICTURE_420 && p->bits == 8 && !p->full_range && p->width == (unsigned)j->ctx->width && p->height == (unsigned)j->ctx->height;
}

static int take(struct jpeg *j, struct buf *out)
{
	int rc = avcodec_receive_packet(j->ctx, j->packet);

	if (rc < 0)
		return rc == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
	buf_clear(out);
	rc = buf_append(out, j->packet->data, (size_t)j->packet->size);
	av_packet_unref(j->packet);
	return rc ? -ENOMEM : 0;
}

int jpeg_encode(struct jpeg *j, const struct picture *p, struct buf *out)
{
	int matrix = matrix_of(p), rc;

	if (!fits(j, p))
		return -EINVAL;
	if (matrix != j->matrix)
		set_turn(j, matrix);
	if (av_frame_make_writable(j->frame) < 0)
		return -ENOMEM;
	for (unsigned line = 0; line < p->height / 2; line++)
		turn_lines(&j->turn, p, j->frame, line);
	j->ctx->sample_aspect_ratio = j->frame->sample_aspect_ratio = (AVRational){(int)p->sar_num, (int)p->sar_den};
	rc = avcodec_send_frame(j->ctx, j->frame);
	if (rc < 0)
		return rc == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
	return take(j, out);
}
