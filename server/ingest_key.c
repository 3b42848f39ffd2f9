/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key frames: how far apart they come, and when to ask the camera for one. It is asked when the stream waits
 * for one to begin with, when a lost packet has damaged a picture and the next key frame is not near, when store or transcode
 * begin anew, and when none has come for long: cameras with a "smart codec" send one in minutes.
 * First by PLI, then in turn by FIR (some know only one of them), after 2, 4, 8 … 30 s. A key frame that came unasked
 * makes it 2 s again; one that was asked for does not: such a camera is asked seldom, since its owner chose few.
 */
#include "server/ingest_inner.h"

void ingest_key_begin(struct ingest_stream *s)
{
	s->keys = (struct ingest_keys){.wait_ms = INGEST_KEY_WAIT_MIN_MS};
}

void ingest_key_seen(struct ingest_stream *s)
{
	struct ingest_keys *k = &s->keys;
	int64_t us = s->now.mono_us - k->last_us;

	if (k->last_us && us <= UINT32_MAX * 1000ll)
		k->interval_ms = (uint32_t)(us / 1000);
	if (!k->asked) {
		k->natural_ms = k->interval_ms;
		k->wait_ms = INGEST_KEY_WAIT_MIN_MS;
	}
	k->last_us = s->now.mono_us;
	k->last_wall_us = s->now.wall_us;
	k->wanted = false;
	k->asked = 0;
}

/* Longer than this without one is too long. */
static int64_t patience_us(const struct ingest_stream *s)
{
	uint64_t segments = s->segment_ms * 2ull, natural = s->keys.natural_ms * 2ull;

	return (int64_t)(segments > natural ? segments : natural) * 1000;
}

/* Not when one comes by itself soon: each costs the camera's rate, and with it more packets on a bad network. */
void ingest_key_want(struct ingest_stream *s)
{
	const struct ingest_keys *k = &s->keys;
	bool near = s->running && k->natural_ms && k->natural_ms <= s->segment_ms * 2 &&
		s->now.mono_us - k->last_us < k->natural_ms * 1000ll;

	s->keys.wanted |= !near;
}

static bool is_time(const struct ingest_stream *s)
{
	const struct ingest_keys *k = &s->keys;
	int64_t last = k->last_us ? k->last_us : s->begun.mono_us;

	if (!k->wanted && s->now.mono_us - last < patience_us(s))
		return false;
	return !k->asked_us || s->now.mono_us - k->asked_us >= k->wait_ms * 1000ll;
}

bool ingest_stream_feedback(struct ingest_stream *s, struct ingest_now now, struct wr *w)
{
	struct ingest_input *in = &s->input[INGEST_VIDEO];
	struct ingest_keys *k = &s->keys;

	s->now = now;
	if (!s->connected || !in->there || !in->source.begun || s->over || !is_time(s))
		return false;
	ingest_stream_report(s, INGEST_VIDEO, now, w);
	if (k->asked % 2)
		rtcp_write_fir(w, (uint32_t)s->begun.mono_us, in->source.ssrc, k->fir_sequence++);
	else
		rtcp_write_pli(w, (uint32_t)s->begun.mono_us, in->source.ssrc);
	if (k->asked_us)
		k->wait_ms = k->wait_ms * 2 > INGEST_KEY_WAIT_MAX_MS ? INGEST_KEY_WAIT_MAX_MS : k->wait_ms * 2;
	k->asked_us = now.mono_us;
	s->total.key_requests++;
	return k->asked++ > 0;
}
