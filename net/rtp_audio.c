/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp_audio.h"

#include <errno.h>

#include "media/aac.h"
#include "media/opus.h"

static int refuse(const char **why, const char *text, int error)
{
	*why = text;
	return error;
}

/*
 * AAC as the config says, or as rate and channels say when there is none. The track's clock is the RTP clock; where it is twice
 * the config's rate the sound is HE-AAC, whose core runs at half the rate.
 */
static int aac(const struct sdp_media *m, struct track *ret, const char **why)
{
	uint8_t built[5];
	const uint8_t *asc = m->config;
	int n = m->config_len;

	if (n == 0) {
		n = aac_build(m->clock_rate, m->channels ? m->channels : 1, built);
		asc = built;
	}
	if (n < 0 || aac_track(asc, (size_t)n, ret))
		return refuse(why, "AAC in a form that is not carried", -ENOTSUP);
	if (m->clock_rate != ret->rate && m->clock_rate != 2 * ret->rate)
		return refuse(why, "AAC whose config names another rate than its rtpmap", -EBADMSG);
	ret->timescale = m->clock_rate;
	return 0;
}

static struct track samples(const struct sdp_media *m)
{
	return (struct track){
		.codec = m->codec, .timescale = m->clock_rate, .rate = m->clock_rate, .channels = m->channels,
		.profile = m->g726_bits, .compat = m->g726_aal2,
	};
}

int rtp_audio_track(const struct sdp_media *m, struct track *ret, const char **why)
{
	struct track t = {0};
	int rc = 0;

	switch (m->codec) {
	case CODEC_AAC:
		rc = aac(m, &t, why);
		break;
	case CODEC_OPUS:
		if (opus_track(m->channels, &t))
			rc = refuse(why, "Opus with more channels than are carried", -ENOTSUP);
		break;
	case CODEC_PCMA:
	case CODEC_PCMU:
	case CODEC_G726:
	case CODEC_L16:
		t = samples(m);
		if (!m->channels || !m->clock_rate || (m->codec == CODEC_G726 && (m->g726_bits < 2 || m->g726_bits > 5)))
			rc = refuse(why, "sound without a rate or channels", -EBADMSG);
		break;
	default:
		rc = refuse(why, "sound in a form that is not carried", -ENOTSUP);
	}
	if (!rc)
		*ret = t;
	return rc;
}

/* Ticks of the RTP clock that an AAC frame takes. */
static uint16_t aac_ticks(const struct track *t)
{
	struct aac_config config;
	uint32_t ticks = 1024;

	if (!aac_parse(t->config, t->config_len, &config))
		ticks = config.frame_samples * (t->timescale / config.rate);
	return (uint16_t)ticks;
}

void rtp_audio_init(struct rtp_audio *d, const struct track *track, rtp_audio_emit *emit, void *ctx)
{
	*d = (struct rtp_audio){.emit = emit, .ctx = ctx, .track = *track};
	if (track->codec == CODEC_AAC)
		rtp_aac_init(&d->aac, aac_ticks(track), emit, ctx);
}

void rtp_audio_free(struct rtp_audio *d)
{
	if (d->track.codec == CODEC_AAC)
		rtp_aac_free(&d->aac);
}

uint64_t rtp_audio_dropped(const struct rtp_audio *d)
{
	return d->dropped + d->aac.dropped;
}

/* Whole samples of all channels in n bytes, and the bytes that they take. */
static uint64_t count_samples(const struct track *t, size_t n, size_t *ret_bytes)
{
	size_t each = t->channels;

	*ret_bytes = n;
	if (t->codec == CODEC_G726)
		return (uint64_t)n * 8 / t->profile;
	if (t->codec == CODEC_L16)
		each *= 2;
	*ret_bytes = n - n % each;
	return n / each;
}

/* RFC 3551 4.5, RFC 7587 4.2: a packet is a frame. */
void rtp_audio_feed(struct rtp_audio *d, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	struct rtp_audio_frame f = {.timestamp = p->timestamp, .arrival_us = arrival_us, .data = p->payload, .len = p->len};
	uint64_t ticks;

	if (d->track.codec == CODEC_AAC) {
		rtp_aac_feed(&d->aac, p, lost, arrival_us);
		return;
	}
	if (d->track.codec == CODEC_OPUS) {
		int n = opus_packet_samples(p->payload, p->len);

		ticks = n < 0 ? 0 : (uint64_t)n;
	} else
		ticks = count_samples(&d->track, p->len, &f.len);
	if (ticks == 0 || ticks > (uint64_t)d->track.timescale * RTP_AUDIO_FRAME_MS / 1000) {
		d->dropped++;
		return;
	}
	f.duration = (uint32_t)ticks;
	d->frames++;
	d->emit(d->ctx, &f);
}
