/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From store's sealed pieces to interleaved RTP. Store's bytes are taken as hostile: what cannot be is the end of the session. */
#include "server/serve_rtsp_inner.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/wr.h"
#include "media/config_sets.h"
#include "server/serve_viewing.h"

#define CNAME "casemate"
#define BEHIND_SEGMENTS 2            /* so far behind the newest is too slow */
#define SLEW_US INT64_C(8000)        /* with each report, of a wall clock that was corrected: less than a picture lasts */
#define SLEW_MOST_US INT64_C(1000000)   /* one that was set further back is told at once: nobody is told a wrong time for minutes */
#define REPORT_ROOM (RTSP_FRAME_HEADER_BYTES + RTP_SEND_REPORT_MAX)

static const struct serve_rendition *rendition_of(const struct serve_rtsp *c, const struct rtsp_track *t)
{
	return c->camera < 0 ? NULL : c->serve->media->camera[c->camera].rendition[t->rendition];
}

int serve_rtsp_track_load(const struct serve_rendition *r, struct track *ret)
{
	const struct serve_track *t;

	if (!r->n || !r->ntracks)
		return -EAGAIN;
	t = &r->track[r->ntracks - 1];
	*ret = serve_media_track_of(t);
	return cmaf_read_init(t->init->p, t->init->n, ret);
}

/* What goes before a key frame, since nobody may have kept the SDP. */
static int load_sets(struct rtsp_track *t)
{
	struct wr w = wr_init(t->sets, sizeof t->sets);
	struct config_sets sets;
	const uint8_t *nal;
	size_t n;
	int rc = 0;

	t->sets_len = 0;
	if (!codec_is_video(t->track.codec))
		return 0;
	config_sets_begin(&sets, &t->track);
	while ((rc = config_sets_next(&sets, &nal, &n)) == 1) {
		wr_u32(&w, (uint32_t)n);
		wr_bytes(&w, nal, n);
	}
	t->sets_len = w.len;
	return rc < 0 || w.bad ? -EBADMSG : 0;
}

/* The stream goes on in the session that was set up: only with what its SDP can mean. */
static int use_init(struct rtsp_track *t, const struct serve_rendition *r, const uint8_t sha256[32], const char **why)
{
	struct track new;

	for (unsigned i = 0; i < r->ntracks; i++) {
		if (memcmp(r->track[i].m.init_sha256, sha256, 32) != 0)
			continue;
		new = serve_media_track_of(&r->track[i]);
		*why = "store's init segment cannot be read";
		if (cmaf_read_init(r->track[i].init->p, r->track[i].init->n, &new))
			return -EBADMSG;
		*why = "the stream changed to what was not described";
		if (t->sent && (new.codec != t->track.codec || new.timescale != t->track.timescale || new.channels != t->track.channels))
			return -EBADMSG;
		t->track = new;
		memcpy(t->init_sha256, sha256, 32);
		*why = "store's init segment cannot be read";
		return load_sets(t);
	}
	*why = "store's init segment is not here";
	return -EBADMSG;
}

/* The first moment of a chunk, in presentation order. */
static int64_t first_pts(struct cmaf_reader chunk)
{
	struct cmaf_read_sample s;
	int64_t first = INT64_MAX;

	while (cmaf_next_sample(&chunk, &s))
		first = s.pts < first ? s.pts : first;
	return first;
}

/* Microseconds in the track's timescale. */
static int64_t media_of(const struct rtsp_track *t, int64_t us)
{
	return us / 1000000 * t->track.timescale + us % 1000000 * t->track.timescale / 1000000;
}

/* Behind a break the media clock began anew; RTP's goes on by the time that passed (RFC 3550 5.1). */
static void carry_on(struct rtsp_track *t, int64_t capture_us, int64_t media)
{
	int64_t passed_us = capture_us - t->clock_us;
	uint32_t wanted;

	if (passed_us < 0 || passed_us > INT64_C(86400000000))
		passed_us = 0;
	wanted = rtp_send_timestamp(&t->rtp, t->clock_media) + (uint32_t)media_of(t, passed_us);
	if ((int32_t)(wanted - t->last_timestamp) <= 0)
		wanted = t->last_timestamp + t->track.timescale / 25;
	t->rtp.first_timestamp = wanted - (uint32_t)(uint64_t)media;
}

/* The next piece of the rendition. 1, 0 while there is none, -EBADMSG with *why. */
static int next_piece(struct serve_rtsp *c, struct rtsp_track *t, const char **why)
{
	const struct serve_rendition *r = rendition_of(c, t);
	struct serve_piece piece;
	bool again;
	int64_t media;

	*why = "the rendition is no more";
	if (!r)
		return -EBADMSG;
	if (!serve_parts_next(r, &t->at, &piece))
		return 0;
	again = t->placed && piece.discontinuity != t->discontinuity;
	if (memcmp(piece.init_sha256, t->init_sha256, 32) != 0 && use_init(t, r, piece.init_sha256, why))
		return -EBADMSG;
	serve_viewing_note(c->serve, &c->conn->peer, (unsigned)c->viewer.user, VIEWING_RTSP, &c->serve->media->camera[c->camera], t->rendition, piece.number, piece.n);
	t->chunks = rd_init(piece.p, piece.n);
	*why = "store's chunk cannot be read";
	if (cmaf_next_chunk(&t->chunks, &t->chunk) != 1)
		return -EBADMSG;
	serve_bytes_unref(&t->owner);
	t->owner = serve_bytes_ref(piece.owner);
	media = first_pts(t->chunk);
	if (again && t->sent)
		carry_on(t, piece.capture_us == SERVE_NO_CAPTURE ? t->clock_us : piece.capture_us, media);
	t->placed = true;
	if (piece.capture_us != SERVE_NO_CAPTURE) {
		t->report_due |= !t->has_clock || again;
		t->clock_us = piece.capture_us;
		t->clock_media = media;
		t->has_clock = true;
	}
	t->discontinuity = piece.discontinuity;
	return 1;
}

/* Finds the next sample of a track, if it is there. 1, 0, -EBADMSG. */
static int next_sample(struct serve_rtsp *c, struct rtsp_track *t, const char **why)
{
	int rc;

	while (!t->has_sample) {
		if (cmaf_next_sample(&t->chunk, &t->sample)) {
			t->has_sample = true;
			break;
		}
		*why = "store's chunk cannot be read";
		rc = cmaf_next_chunk(&t->chunks, &t->chunk);
		if (rc == 0)
			rc = next_piece(c, t, why);
		if (rc != 1)
			return rc;
	}
	return 1;
}

/* No product is larger than 64 bits hold: serve_media takes no track whose timescale is out of bounds. */
static int64_t sample_us(const struct rtsp_track *t)
{
	int64_t scale = t->track.timescale;

	return t->sample.dts / scale * 1000000 + t->sample.dts % scale * 1000000 / scale;
}

static void place(struct rtsp_track *t, const struct serve_place *at)
{
	serve_bytes_unref(&t->owner);
	t->at = *at;
	t->chunks = rd_init(t->sets, 0);
	t->chunk = (struct cmaf_reader){0};
	t->has_sample = t->has_unit = false;
	t->sets_due = false;
}

void serve_rtsp_track_end(struct rtsp_track *t)
{
	serve_bytes_unref(&t->owner);
	*t = (struct rtsp_track){0};
}

/* The track that says where a session begins: pictures if there are any. */
static struct rtsp_track *leader(struct serve_rtsp *c)
{
	return c->track[0].set_up ? &c->track[0] : &c->track[1];
}

/* Sound goes by the same numbers, from the segment's beginning. */
static int place_all(struct serve_rtsp *c)
{
	const struct serve_rendition *r = rendition_of(c, leader(c));
	struct serve_place at;

	if (!r || !serve_parts_newest_key(r, &at))
		return -EBUSY;
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		struct serve_place sound = {.number = at.number};

		if (c->track[i].set_up)
			place(&c->track[i], &c->track[i] == leader(c) ? &at : &sound);
	}
	return 0;
}

int serve_rtsp_track_start(struct serve_rtsp *c, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	int rc = place_all(c);
	int64_t us = 0;
	const char *why;

	if (!rc && next_sample(c, leader(c), &why) != 1)
		rc = -EBUSY;
	if (rc)
		return rc;
	us = sample_us(leader(c));
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		struct rtsp_track *t = &c->track[i];

		if (!t->set_up)
			continue;
		start[i].sequence = t->rtp.sequence;
		start[i].timestamp = rtp_send_timestamp(&t->rtp, next_sample(c, t, &why) == 1 ? t->sample.pts : media_of(t, us));
		t->report_due = true;
	}
	return 0;
}

/* Whether the viewer takes so little that he gets the newest instead. */
static bool is_behind(const struct serve_rtsp *c, const struct rtsp_track *t)
{
	const struct serve_rendition *r = rendition_of(c, t);

	return r && r->n && r->window[r->n - 1].m.number > t->at.number + BEHIND_SEGMENTS;
}

static int catch_up(struct serve_rtsp *c, const char **why)
{
	int64_t now_us = clock_mono_us();

	if (now_us - c->dropped_us > SERVE_RTSP_DROPS_US)
		c->drops = 0;
	c->dropped_us = now_us;
	*why = "too slow for the stream";
	if (++c->drops > SERVE_RTSP_DROPS_MAX) {
		serve_closed(c->serve, SERVE_CLOSED_SLOW, c->conn->peer.name);
		return -EBADMSG;
	}
	c->serve->state.rtsp_dropped++;
	return place_all(c) ? -EBADMSG : 0;
}

/* The track whose turn it is; NULL while nothing is there. A unit that was begun goes on, so that pictures stay whole. */
static struct rtsp_track *choose(struct serve_rtsp *c, int *ret_rc, const char **why)
{
	struct rtsp_track *best = NULL;

	*ret_rc = 0;
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		if (c->track[i].has_unit)
			return &c->track[i];
	if (is_behind(c, leader(c)) && (*ret_rc = catch_up(c, why)))
		return NULL;
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		struct rtsp_track *t = &c->track[i];

		if (!t->set_up)
			continue;
		*ret_rc = next_sample(c, t, why);
		if (*ret_rc < 0)
			return NULL;
		if (*ret_rc && (!best || sample_us(t) < sample_us(best)))
			best = t;
	}
	*ret_rc = 0;
	return best;
}

/* A frame's four bytes before what is put behind them (RFC 2326 10.12). */
static void frame_end(uint8_t *head, uint8_t channel, size_t n)
{
	struct wr w = wr_init(head, RTSP_FRAME_HEADER_BYTES);

	wr_u8(&w, '$');
	wr_u8(&w, channel);
	wr_u16(&w, (uint16_t)n);
}

/* The unit of the sample at hand, or of the parameter sets before it. -EMSGSIZE: it has no place in a packet, and is passed over. */
static int begin_unit(struct rtsp_track *t)
{
	const struct cmaf_read_sample *s = &t->sample;
	bool sets = s->key && t->sets_len && !t->sets_due;
	int rc = sets ? rtp_unit_begin(&t->unit, &t->rtp, s->pts, t->sets, t->sets_len, false) : rtp_unit_begin(&t->unit, &t->rtp, s->pts, s->data, s->n, true);

	t->sets_due = sets;           /* they go now; what is next is the picture */
	t->has_sample = sets;
	t->has_unit = rc == 0;
	return rc;
}

/*
 * The wall clock of that moment, as it is told. Players put packets in order by what reports say (ffmpeg): where the camera's clock is corrected
 * backwards, a few steps that no two packets are so close as to change places at take the place of a large one.
 */
static int64_t slewed(struct rtsp_track *t, int64_t wall_us, uint32_t timestamp)
{
	int64_t passed = (int32_t)(timestamp - t->told_timestamp), expected_us, back_us;

	expected_us = t->told_us + passed * 1000000 / t->track.timescale;
	back_us = expected_us - wall_us;
	t->slews = t->told && back_us > SLEW_US && back_us <= SLEW_MOST_US;
	if (t->slews)
		wall_us = expected_us - SLEW_US;
	t->told = true;
	t->told_us = wall_us;
	t->told_timestamp = timestamp;
	return wall_us;
}

static void put_report(struct rtsp_track *t, struct wr *w)
{
	int64_t wall_us = clock_wall_us(), since_us = wall_us - t->clock_us, media;
	uint8_t *head = w->p + w->len;
	size_t at;

	/* A clock that was set is no time that passed. */
	if (since_us < 0 || since_us > INT64_C(3600000000)) {
		since_us = 0;
		wall_us = t->clock_us;
	}
	media = t->clock_media + media_of(t, since_us);
	wr_u32(w, 0);
	at = w->len;
	rtp_send_report(&t->rtp, slewed(t, wall_us, rtp_send_timestamp(&t->rtp, media)), media, CNAME, w);
	frame_end(head, t->channel[1], w->len - at);
	t->report_due = false;
}

static void put_reports(struct serve_rtsp *c, struct wr *w)
{
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++)
		if (c->track[i].set_up && c->track[i].report_due && c->track[i].has_clock)
			put_report(&c->track[i], w);
}

/* 1: a packet; 0: of this unit there is no more; -EBADMSG. */
static int put_packet(struct rtsp_track *t, struct wr *w)
{
	uint8_t *head = w->p + w->len;
	size_t before = w->len;
	int rc;

	wr_u32(w, 0);
	rc = rtp_send_next(&t->rtp, &t->unit, w);
	if (rc != 1) {
		w->len = before;
		t->has_unit = false;
		return rc;
	}
	t->last_timestamp = t->unit.timestamp;
	t->sent = true;
	frame_end(head, t->channel[0], w->len - before - RTSP_FRAME_HEADER_BYTES);
	return 1;
}

ssize_t serve_rtsp_track_fill(struct serve_rtsp *c, uint8_t *p, size_t n, const char **why)
{
	struct wr w = wr_init(p, n);

	while (n - w.len >= RTSP_FRAME_ROOM + RTSP_SERVER_TRACKS * REPORT_ROOM) {
		int rc;
		struct rtsp_track *t = choose(c, &rc, why);

		if (rc < 0)
			return rc;
		put_reports(c, &w);
		if (!t)
			break;
		if (!t->has_unit && begin_unit(t))
			continue;
		*why = "store's picture cannot be read";
		if (put_packet(t, &w) < 0)
			return -EBADMSG;
	}
	assert(!w.bad);
	return (ssize_t)w.len;
}
