/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/fit.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define JOIN_MS 5
#define MEAN 16              /* access units over which a distance is smoothed */
#define STRETCH_LEAST 16     /* samples in which one more or less is not heard */

void fit_init(struct fit *f, uint32_t rate, unsigned channels, int (*block)(void *ctx, int64_t pts, const int16_t *samples), void *ctx)
{
	assert(rate >= 1000 && rate <= 192000 && channels >= 1 && channels <= FIT_CHANNELS_MAX);
	*f = (struct fit){.rate = rate, .channels = channels, .block = block, .ctx = ctx};
}

static int64_t ticks(const struct fit *f, unsigned ms)
{
	return (int64_t)f->rate * ms / 1000;
}

/* The next samples do not follow the last ones: their step there is taken back bit by bit. */
static void begin_join(struct fit *f, const int16_t *first)
{
	for (unsigned c = 0; c < f->channels; c++)
		f->join[c] = f->last[c] - (first ? first[c] : 0);
	f->join_left = (uint32_t)ticks(f, JOIN_MS);
}

static int16_t smoothed(const struct fit *f, unsigned channel, int16_t sample)
{
	int64_t v = sample + (int64_t)f->join[channel] * f->join_left / ticks(f, JOIN_MS);

	return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

/* One sample of each channel; NULL is silence. */
static int put(struct fit *f, const int16_t *sample)
{
	int rc;

	for (unsigned c = 0; c < f->channels; c++) {
		f->last[c] = smoothed(f, c, sample ? sample[c] : 0);
		f->held[f->nheld * f->channels + c] = f->last[c];
	}
	f->join_left -= f->join_left > 0;
	f->next++;
	if (++f->nheld < FIT_BLOCK)
		return 0;
	rc = f->block(f->ctx, f->next - FIT_BLOCK, f->held);
	f->nheld = 0;
	return rc;
}

static int put_silence(struct fit *f, int64_t n)
{
	int rc = 0;

	begin_join(f, NULL);
	f->silence += (uint64_t)n;
	while (n-- && !rc)
		rc = put(f, NULL);
	return rc;
}

/* n samples as m, straight lines between them; both ends stay what they are. */
static int put_stretched(struct fit *f, const int16_t *samples, size_t n, size_t m)
{
	int rc = 0;

	for (size_t i = 0; i < m && !rc; i++) {
		size_t at = i * (n - 1), k = at / (m - 1);
		int64_t rest = (int64_t)(at % (m - 1));
		int16_t v[FIT_CHANNELS_MAX];

		for (unsigned c = 0; c < f->channels; c++) {
			const int16_t *s = samples + k * f->channels + c;

			v[c] = (int16_t)(rest ? s[0] + (s[f->channels] - s[0]) * rest / (int64_t)(m - 1) : s[0]);
		}
		rc = put(f, v);
	}
	return rc;
}

/* By how many samples these n are to be more (or less), to come nearer to their time. */
static int64_t correction(struct fit *f, int64_t distance, size_t n)
{
	int64_t most = (int64_t)(n / FIT_STRETCH), off, least = ticks(f, FIT_DRIFT_MS) * MEAN;

	f->off += distance - f->off / MEAN;
	f->drifting = f->off > least || f->off < -least || (f->drifting && (f->off > least / 8 || f->off < -least / 8));
	if (!f->drifting || n < STRETCH_LEAST)
		return 0;
	off = f->off / MEAN;
	most = most ? most : 1;
	return off > most ? most : off < -most ? -most : off;
}

static int put_near(struct fit *f, int64_t distance, const int16_t *samples, size_t n)
{
	int64_t more = correction(f, distance, n);
	int rc = 0;

	f->stretched += (uint64_t)(more < 0 ? -more : more);
	if (more) {
		f->off -= more * MEAN;
		return put_stretched(f, samples, n, (size_t)((int64_t)n + more));
	}
	for (size_t i = 0; i < n && !rc; i++)
		rc = put(f, samples + i * f->channels);
	return rc;
}

/* What came before its time is left out, and once that has begun all of it. Returns how many samples. */
static size_t leave_out(struct fit *f, int64_t distance, size_t n)
{
	f->ahead = distance <= -ticks(f, FIT_AHEAD_MS) || (f->ahead && distance < 0);
	if (!f->ahead)
		return 0;
	if (-distance < (int64_t)n)
		n = (size_t)-distance;
	f->left_out += n;
	return n;
}

int fit_add(struct fit *f, int64_t pts, const int16_t *samples, size_t n)
{
	int64_t distance;
	size_t skip;
	int rc = 0;

	if (!f->begun)
		f->next = pts;
	f->begun = true;
	distance = pts - f->next;
	if (distance > (int64_t)f->rate * FIT_SILENCE_MAX_S)
		return -ERANGE;
	skip = leave_out(f, distance, n);
	if (skip == n)
		return 0;
	samples += skip * f->channels;
	if (distance >= ticks(f, FIT_GAP_MS))
		rc = put_silence(f, distance);
	if (skip || distance >= ticks(f, FIT_GAP_MS)) {
		begin_join(f, samples);
		f->off = distance = 0;
	}
	return rc ? rc : put_near(f, distance, samples, n - skip);
}

int fit_end(struct fit *f)
{
	int rc = 0;

	if (f->nheld)
		rc = put_silence(f, FIT_BLOCK - f->nheld);
	f->begun = false;
	return rc;
}
