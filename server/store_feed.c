/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rings in, segments out. Producers are hostile: what is not theirs to say costs them their ring and their run. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "media/packager.h"
#include "server/store.h"

#define BATCH 64   /* records of one ring before others get their turn */
#define JUMP_MAX 100000  /* segments that may be missing before one: days. Numbers end, and no lie may use them up */

#define BEGIN_US 100000  /* between segments, and between init segments, on the average: ingest lets cameras have fewer */
#define BEGINS_AHEAD 1000
#define EPOCH_AHEAD_US 10000000  /* of the clock, which may be set back a little meanwhile; of the epoch before where it was set back far */

/* --- epochs and numbers ----------------------------------------------------------------- */

static struct store_epoch *find_epoch(struct store_camera *c, uint64_t epoch)
{
	for (unsigned i = 0; i < STORE_EPOCHS; i++)
		if (c->epoch[i].epoch == epoch)
			return &c->epoch[i];
	return NULL;
}

static struct store_epoch *begin_epoch(struct store_camera *c, uint64_t epoch)
{
	memmove(&c->epoch[1], &c->epoch[0], (STORE_EPOCHS - 1) * sizeof c->epoch[0]);
	c->epoch[0] = (struct store_epoch){.epoch = epoch, .discontinuity = ++c->discontinuity};
	return &c->epoch[0];
}

/* ingest begins epochs, each larger than the one before: but for a new process, which counts by a clock that may have been set back. */
static const char *see_epoch(struct store_camera *c, uint64_t epoch, uint8_t rendition)
{
	struct store_epoch *e = &c->epoch[0];

	if (epoch < e->epoch && !c->new_ingest && !e->by_worker)
		return "an epoch that goes back";
	c->new_ingest = false;
	if (epoch != e->epoch)
		begin_epoch(c, epoch);
	else if (e->by_worker)  /* its numbers are ingest's to give */
		e->begun = e->by_worker = false;
	c->has_copy |= rendition == RENDITION_COPY;
	return NULL;
}

/* Numbers go on after the highest that the camera ever had; the first segment that is seen of an epoch gets the next. */
static bool number_of(struct store_camera *c, struct store_epoch *e, uint32_t segment, bool may_begin, uint64_t *ret)
{
	if (!e->begun) {
		if (!may_begin)
			return false;
		e->begun = true;
		e->base = c->highest + 1;
		e->first = segment;
	}
	if (segment < e->first)
		return false;
	*ret = e->base + (segment - e->first);
	return *ret < ENTRY_NUMBER_MAX;
}

/* --- records ---------------------------------------------------------------------------- */

static bool is_of_ingest(const struct store *s, unsigned camera, unsigned ingest)
{
	return camera % s->site.ingests == ingest;
}

static bool may_speak(const struct producer *p, unsigned camera, unsigned rendition)
{
	if (p->role == ROLE_TRANSCODE)
		return camera == p->index && rendition >= RENDITION_AUDIO;
	return rendition < RENDITION_ENCODED && is_of_ingest(p->store, camera, p->index);
}

/* Each costs an entry or a file that is never taken back, and every serve a message. */
static bool begins_too_fast(struct store_rendition *r)
{
	int64_t now_us = clock_mono_us();

	r->begun_us = (r->begun_us > now_us ? r->begun_us : now_us) + BEGIN_US;
	return r->begun_us - now_us > (int64_t)BEGINS_AHEAD * BEGIN_US;
}

static void set_track(struct store_rendition *r, const struct record_init *in, unsigned camera)
{
	r->track = (struct msg_track){
		.camera = (uint16_t)camera, .rendition = r->index, .codec = (uint8_t)in->track.codec,
		.width = in->track.width, .height = in->track.height, .timescale = in->track.timescale, .rate = in->track.rate,
		.channels = in->track.channels, .profile = in->track.profile, .level = in->track.level, .compat = in->track.compat, .constraints = in->track.constraints};
	memcpy(r->track.init_sha256, r->init.b, HASH_BYTES);
}

static const char *on_init(struct store *s, struct producer *p, const struct record_init *in)
{
	struct store_rendition *r = store_rendition_at(s, in->camera, in->rendition);
	struct store_camera *c = r->camera;
	const char *why = p->role == ROLE_INGEST ? see_epoch(c, in->epoch, in->rendition) : NULL;
	struct store_epoch *e = find_epoch(c, in->epoch);
	struct hash h;
	int fd;

	if (!why && in->track.timescale == 0)
		why = "a track without a timescale";
	if (why)
		return why;
	if (e && r->index == RENDITION_AUDIO)
		e->sound = p->role;
	store_end_segment(s, r);
	hash_bytes(in->init, in->len, &h);
	if (r->has_init && hash_same(&h, &r->init)) {
		r->epoch = in->epoch;
		return NULL;
	}
	if (begins_too_fast(r))
		return "init segments that come too fast";
	/* Whoever hears of the track next has heard of all segments of the one before. */
	if (r->camera->unhashed)
		store_hash(s);
	/* It comes once an epoch: without it nothing of the rendition could be taken until the camera is dialled anew. */
	if (io_seal_bytes("init", in->init, in->len, &fd) < 0)
		store_give_up("no-memory", "an init segment", "give the machine more memory");
	/* Other parameters in the middle of an epoch: the players must be told as well. */
	if (r->has_init && r->epoch == in->epoch && e)
		e->discontinuity = ++c->discontinuity;
	if (r->init_fd >= 0)
		close(r->init_fd);
	r->init_fd = fd;
	r->init = h;
	r->epoch = in->epoch;
	r->has_init = true;
	set_track(r, in, in->camera);
	store_disk_init(s, r, in->init, in->len);
	store_serve_track(s, r);
	return NULL;
}

/* Snapshots have an init of no bytes, which nobody is told of. */
static const char *on_snapshot_init(struct store *s, struct store_rendition *r, const struct record_init *in)
{
	store_end_segment(s, r);
	hash_empty(&r->init);
	r->epoch = in->epoch;
	r->has_init = true;
	set_track(r, in, in->camera);
	return NULL;
}

static const char *not_a_snapshot(const struct record_part *part)
{
	if (part->part || part->head_bytes)
		return "a snapshot of parts";
	return part->len > STORE_SNAPSHOT_BYTES ? "a snapshot that is too large" : NULL;
}

/* Snapshots are on no timeline. */
static void place(const struct store_rendition *r, struct store_epoch *e, struct segment *seg)
{
	uint64_t origin = (uint64_t)PACKAGER_ORIGIN_S * seg->timescale, since = seg->decode_time > origin ? seg->decode_time - origin : 0;

	if (r->index != RENDITION_SNAPSHOT)
		seg->period = store_period_of(&e->periods, seg->number, seg->start_us, since / seg->timescale * 1000000 + since % seg->timescale * 1000000 / seg->timescale);
}

static struct segment *begin_segment(struct store_rendition *r, struct store_epoch *e, const struct record_part *part, uint64_t number)
{
	struct segment *seg = store_alloc(sizeof *seg);
	int fd = memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		free(seg);
		return NULL;
	}
	atomic_init(&seg->refs, 1);
	atomic_init(&seg->fd, fd);
	seg->first_fd = seg->file = -1;
	seg->of = r;
	seg->number = number;
	seg->epoch = e->epoch;
	seg->discontinuity = e->discontinuity;
	seg->independent = part->independent;
	seg->timescale = r->track.timescale;
	seg->start_us = part->capture_us / 1000 * 1000;
	seg->decode_time = part->start > 0 ? (uint64_t)part->start : 0;
	seg->init = r->init;
	place(r, e, seg);
	/* As verify counts it: the sound covers a camera's time only until pictures came once. */
	seg->primary = r->index == (r->camera->has_copy ? RENDITION_COPY : RENDITION_AUDIO);
	seg->unkept = r->kept ? NULL : "not-kept";
	if (r->kept)
		store_map_begin(seg, r->newest_bytes + r->newest_bytes / 4);
	return seg;
}

static void open_segment(struct store *s, struct store_rendition *r, struct store_epoch *e, const struct record_part *part, uint64_t number)
{
	struct segment *seg = begin_segment(r, e, part, number);
	struct store_camera *c = r->camera;

	if (!seg) {
		s->dropped++;
		return;
	}
	if (number > c->highest)
		c->highest = number;
	/* Sound may be the camera's own, and then nobody makes it. */
	if (r->index >= RENDITION_ENCODED || (r->index == RENDITION_AUDIO && e->sound == ROLE_TRANSCODE))
		seg->has_encoder = store_encoder_of(s, r, &seg->encoder);
	if (seg->primary)
		store_account(s, c, e->epoch, seg->start_us, number > r->newest + 1);
	r->open = seg;
	r->open_segment = part->segment;
	r->next_part = 0;
	r->over = false;
	store_parts_begin(r);
}

/* From the ring straight into the segment: nobody looks at a part's bytes before they are sealed, so its producer may change them until then. */
static int copy_part(const struct segment *seg, const struct ring *from)
{
	struct iovec piece[2];
	int n = ring_pieces(from, RECORD_PART_HEADER, piece), rc = 0;

	for (int i = 0; i < n && !rc; i++)
		rc = io_write_all(seg->fd, piece[i].iov_base, piece[i].iov_len);
	return rc;
}

static int put_part(struct store *s, struct store_rendition *r, const struct ring *from, const struct record_part *part)
{
	int rc = store_parts_wanted(r) ? store_parts_add(s, r, from, part) : -EAGAIN;

	return rc == -EAGAIN ? copy_part(r->open, from) : rc;
}

static void add_samples(struct segment *seg, const struct record_part *part)
{
	if (seg->nsamples == seg->samples_cap) {
		seg->samples_cap = seg->samples_cap ? seg->samples_cap * 2 : 8;
		seg->samples = realloc(seg->samples, seg->samples_cap * sizeof *seg->samples);
		if (!seg->samples)
			store_give_up("no-memory", "a small piece", "give the machine more memory");
	}
	seg->samples[seg->nsamples++] = (struct hash_range){(uint32_t)seg->bytes + part->head_bytes, (uint32_t)part->len - part->head_bytes};
}

static void add_part(struct store *s, struct store_rendition *r, const struct ring *from, const struct record_part *part)
{
	struct segment *seg = r->open;
	int rc = seg->bytes + part->len > ARCHIVE_SEGMENT_MAX ? -EFBIG : put_part(s, r, from, part);

	if (rc) {
		/* It ends with what it has; the rest of it is left out. */
		if (rc != -EFBIG && ftruncate(seg->fd, (off_t)seg->bytes) == 0)
			log_error("no-memory", "at=segment error=\"%s\"", strerror(-rc));
		store_end_segment(s, r);
		s->dropped++;
		return;
	}
	if (r->index == RENDITION_COPY)
		add_samples(seg, part);
	store_disk_part(s, seg, seg->bytes, part->len);
	seg->bytes += part->len;
	seg->duration += part->duration;
	r->next_part++;
	r->over = part->last;
	r->fed_us = clock_mono_us();
}

/* serve refuses it, and would take store for the liar. */
static bool lasts_too_long(const struct store_rendition *r, const struct record_part *part)
{
	uint64_t before = r->open && part->segment == r->open_segment ? r->open->duration : 0;

	return (before + part->duration) / r->track.timescale >= MSG_SEGMENT_MAX_S;
}

static const char *on_part(struct store *s, struct producer *p, const struct record_part *part)
{
	struct store_rendition *r = store_rendition_at(s, part->camera, part->rendition);
	struct store_epoch *e = find_epoch(r->camera, part->epoch);
	uint64_t number;

	if (part->capture_us < 0 || part->len == 0)
		return "a part without bytes or time";
	if (r->index == RENDITION_SNAPSHOT && not_a_snapshot(part))
		return not_a_snapshot(part);
	/* Not wrong, only of no use: it came before its init segment, or is of an epoch that store has not seen or forgot. */
	if (!r->has_init || part->epoch != r->epoch || !e || !number_of(r->camera, e, part->segment, (p->role == ROLE_INGEST || e->by_worker) && part->part == 0, &number))
		return NULL;
	if (number > r->camera->highest + JUMP_MAX)
		return "a segment number that jumps";
	if (lasts_too_long(r, part))
		return "a segment that lasts too long";
	if (part->part >= RECORD_PARTS_MAX)
		return "a segment of too many parts";
	if (r->open && part->segment == r->open_segment) {
		if (part->part != r->next_part || r->over)
			return "a part out of order";
	} else {
		if (r->open && part->segment < r->open_segment)
			return "a segment that goes back";
		store_end_segment(s, r);
		if (part->part != 0 || number <= r->newest)
			return NULL;
		if (begins_too_fast(r))
			return "segments that come too fast";
		open_segment(s, r, e, part, number);
	}
	if (r->open)
		add_part(s, r, &p->ring, part);
	return NULL;
}

static const char *on_end(struct store *s, const struct producer *p, const struct record_segment_end *end)
{
	struct store_rendition *r = store_rendition_at(s, end->camera, end->rendition);
	struct store_camera *c = r->camera;
	struct segment *seg = r->open;

	if (!seg || seg->epoch != end->epoch || r->open_segment != end->segment)
		return NULL;
	if (p->role == ROLE_INGEST) {
		c->clock_rtcp = end->clock == CLOCK_RTCP;
		c->clock_error_ms = end->clock_error_ms;
	}
	seg->clock_rtcp = c->clock_rtcp;
	seg->clock_error_ms = c->clock_error_ms;
	seg->signature = end->signature;
	if (r->index == RENDITION_AUDIO)
		memcpy(seg->source.b, end->source, HASH_BYTES);
	store_end_segment(s, r);
	return NULL;
}

static const char *on_gap(struct store *s, const struct producer *p, const struct record_gap *gap)
{
	struct store_camera *c;

	if (!may_speak(p, gap->camera, RENDITION_COPY) || gap->camera >= s->ncameras)
		return "a gap of a camera that is not its own";
	c = &s->camera[gap->camera];
	if (!c->taken)
		return "a gap of a camera that was not given to it";
	if (c->gone)
		return NULL;
	for (unsigned i = 0; i < RENDITION_ENCODED; i++)
		if (i != RENDITION_AUDIO || c->epoch[0].sound != ROLE_TRANSCODE)  /* a worker ends its own when it has all of them */
			store_end_segment(s, &c->rendition[i]);
	store_account_gap(c, gap->why);
	return NULL;
}

/*
 * With a camera that has nothing but sound which its worker makes, nobody else tells of its epochs. Ingest is believed
 * whatever the worker said before (see_epoch), so who took one over cannot harm what ingest says.
 */
static struct store_epoch *see_worker_epoch(struct store_camera *c, uint64_t epoch)
{
	uint64_t now_us = (uint64_t)clock_wall_us(), newest = c->epoch[0].epoch > now_us ? c->epoch[0].epoch : now_us;
	bool onward = (epoch > c->epoch[0].epoch || c->new_ingest) && epoch < newest + EPOCH_AHEAD_US;
	struct store_epoch *e;

	if (c->has_copy || !onward)
		return NULL;
	c->new_ingest = false;
	e = begin_epoch(c, epoch);
	e->by_worker = true;
	return e;
}

/* Sound is ingest's, or the worker's in epochs where ingest has none. False: not to be taken; *why is set if it is a lie. */
static bool worker_may_sound(struct store_camera *c, uint64_t epoch, bool begins, const char **why)
{
	struct store_epoch *e = find_epoch(c, epoch);

	if (e && e->sound == ROLE_INGEST) {
		*why = "sound that ingest packages itself";
		return false;
	}
	if (c->epoch[0].sound == ROLE_INGEST)  /* it is late, of an epoch before that */
		return false;
	if (!e && begins)
		e = see_worker_epoch(c, epoch);
	if (e)
		e->sound = ROLE_TRANSCODE;
	return true;
}

static const char *on_record(struct store *s, struct producer *p, const struct record *rec)
{
	unsigned camera, rendition;
	const char *why = NULL;
	uint64_t epoch;

	switch (rec->kind) {
	case RECORD_INIT:
		camera = rec->init.camera, rendition = rec->init.rendition, epoch = rec->init.epoch;
		break;
	case RECORD_PART:
		camera = rec->part.camera, rendition = rec->part.rendition, epoch = rec->part.epoch;
		break;
	case RECORD_SEGMENT_END:
		camera = rec->end.camera, rendition = rec->end.rendition, epoch = rec->end.epoch;
		break;
	case RECORD_GAP:
		return on_gap(s, p, &rec->gap);
	default:
		return "a record that is not for store";
	}
	if (!may_speak(p, camera, rendition) || !store_rendition_at(s, camera, rendition))
		return "a record of a rendition that is not its own";
	if (!s->camera[camera].taken)
		return "a record of a camera that was not given to it";
	if (s->camera[camera].gone || s->camera[camera].rendition[rendition].gone)
		return NULL;
	if (rendition == RENDITION_AUDIO && p->role == ROLE_TRANSCODE &&
	    !worker_may_sound(&s->camera[camera], epoch, rec->kind == RECORD_INIT, &why))
		return why;
	if (rec->kind == RECORD_INIT && rendition == RENDITION_SNAPSHOT)
		return on_snapshot_init(s, store_rendition_at(s, camera, rendition), &rec->init);
	if (rec->kind == RECORD_INIT)
		return on_init(s, p, &rec->init);
	return rec->kind == RECORD_PART ? on_part(s, p, &rec->part) : on_end(s, p, &rec->end);
}

/* --- rings ------------------------------------------------------------------------------ */

static void drop_producer(struct store *s, struct producer *p)
{
	for (unsigned i = 0; i < STORE_PRODUCERS_MAX; i++)
		if (s->producer[i] == p)
			s->producer[i] = NULL;
	if (p->rung)
		event_free(p->rung);
	ring_close(&p->ring);
	close(p->bell);
	free(p);
}

/* The next record: of a part only its header leaves the ring. 1, 0 when there is none, or negative with *why. */
static int take_one(struct store *s, struct producer *p, const char **why)
{
	uint8_t head[RECORD_PART_HEADER];
	struct record rec;
	size_t len;
	int rc = ring_look(&p->ring, &len);

	if (rc != 1)
		return rc;
	rc = -ENOMSG;
	if (len > sizeof head) {
		ring_copy(&p->ring, 0, head, sizeof head);
		rc = record_decode_part(head, len, &rec);
	}
	if (rc == 0) {
		*why = on_record(s, p, &rec);
		ring_done(&p->ring);
		return 1;
	}
	if (rc == -ENOMSG && ring_get(&p->ring, &s->record) == 1 && record_decode(buf_data(&s->record), s->record.len, &rec) == 0) {
		*why = on_record(s, p, &rec);
		return 1;
	}
	*why = "a malformed record";
	return -EBADMSG;
}

/* At most max records, and only what is there now, however its producer goes on. Returns false when the producer is gone: it lied. */
static bool take(struct store *s, struct producer *p, unsigned max)
{
	uint64_t end = p->ring.mine + ring_waiting(&p->ring);
	const char *why = NULL;
	int rc = 0;

	for (unsigned i = 0; i < max && p->ring.mine < end && !why; i++)
		if ((rc = take_one(s, p, &why)) != 1)
			break;
	if (rc < 0 && !why)
		why = "a ring that cannot be";
	if (why) {
		role_bad_peer(&s->role, p->role, p->index, why);
		drop_producer(s, p);
		return false;
	}
	if (rc == 1)
		event_active(p->rung, EV_READ, 0);
	return true;
}

/* What an encoded part was made of came into a ring before it: that first, for it gives epochs and numbers. */
static void take_ingest_first(struct store *s)
{
	for (unsigned i = 0; i < STORE_PRODUCERS_MAX && i <= s->last_producer; i++)
		if (s->producer[i] && s->producer[i]->role == ROLE_INGEST)
			take(s, s->producer[i], BATCH);
}

static void on_rung(int fd, short what, void *arg)
{
	struct producer *p = arg;
	uint64_t count;

	(void)!read(fd, &count, sizeof count);
	/* Entries follow start/v1, which names the key: until sign has told it, rings fill and ingest drops. */
	if (!p->store->running)
		return;
	if (p->role == ROLE_TRANSCODE)
		take_ingest_first(p->store);
	take(p->store, p, BATCH);
}

void store_drain_rings(struct store *s)
{
	for (unsigned i = 0; i < STORE_PRODUCERS_MAX; i++)
		if (s->producer[i])
			take(s, s->producer[i], UINT_MAX);
}

void store_wake_rings(struct store *s)
{
	for (unsigned i = 0; i < STORE_PRODUCERS_MAX; i++)
		if (s->producer[i])
			event_active(s->producer[i]->rung, EV_READ, 0);
}

void store_drop_rings(struct store *s)
{
	for (unsigned i = 0; i < STORE_PRODUCERS_MAX; i++)
		if (s->producer[i])
			drop_producer(s, s->producer[i]);
}

void store_ring_from(struct store *s, enum role_kind role, unsigned index, int ring_fd, int bell_fd)
{
	struct producer *p = NULL;
	unsigned place = STORE_PRODUCERS_MAX;

	for (unsigned i = STORE_PRODUCERS_MAX; i-- > 0;) {
		p = s->producer[i];
		if (!p)
			place = i;
		else if (p->role == role && p->index == index)
			break;
		p = NULL;
	}
	/* The earlier run's last whole records. */
	if (p && (!s->running || take(s, p, UINT_MAX)))
		drop_producer(s, p);
	for (unsigned i = 0; i < STORE_PRODUCERS_MAX && place == STORE_PRODUCERS_MAX; i++)
		if (!s->producer[i])
			place = i;
	if (place == STORE_PRODUCERS_MAX) {
		close(bell_fd);
		return;
	}
	for (unsigned i = 0; role == ROLE_INGEST && i < s->ncameras; i++)
		if (is_of_ingest(s, i, index))
			s->camera[i].new_ingest = true;
	if (role == ROLE_TRANSCODE && index < s->ncameras && s->camera[index].epoch[0].by_worker)
		s->camera[index].new_ingest = true;
	p = store_alloc(sizeof *p);
	*p = (struct producer){.store = s, .role = role, .index = index, .bell = bell_fd};
	if (ring_open(&p->ring, ring_fd, bell_fd) < 0 || !(p->rung = event_new(s->role.base, bell_fd, EV_READ | EV_PERSIST, on_rung, p)) ||
	    event_add(p->rung, NULL) < 0)
		store_give_up("no-memory", "a ring", "give the machine more memory, or fewer cameras");
	s->producer[place] = p;
	s->last_producer = place > s->last_producer ? place : s->last_producer;
	event_active(p->rung, EV_READ, 0);
}
