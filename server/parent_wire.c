/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is joined with whom. A ring belongs to two living processes: when either
 * is new, so is the ring. transcode can take no new ring after it is sealed, so
 * it is started anew when ingest or store was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/ring.h"
#include "server/parent.h"

static bool ready(const struct child *c)
{
	return c && c->phase == CHILD_READY;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Deaf to its neighbour it would go on as if all were well: it is ended, and joined when it is there again. */
static void not_joined(struct child *c, const char *with, int rc)
{
	char why[96];

	snprintf(why, sizeof why, "cannot be joined with %s: %s", with, strerror(-rc));
	child_kill(c, why);
}

static bool tell(struct child *c, enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	int rc = child_say(c, type, body, fds, nfds);

	if (rc == -EPIPE || rc == -ECONNRESET)
		parent_hung_up(c);
	else if (rc < 0)
		not_joined(c, "its neighbours", rc);
	return rc == 0;
}

/* A new channel between two roles, an end to each. */
static void join(struct child *a, struct child *b)
{
	struct msg_peer to_a = {(uint8_t)b->kind, (uint16_t)b->index}, to_b = {(uint8_t)a->kind, (uint16_t)a->index};
	int fd[2], rc;

	if (!ready(a) || !ready(b))
		return;
	rc = channel_pair(fd);
	if (rc < 0) {
		not_joined(a, role_kind_name(b->kind), rc);
		return;
	}
	if (tell(a, MSG_PEER, &to_a, &fd[0], 1))
		tell(b, MSG_PEER, &to_b, &fd[1], 1);
	close(fd[0]);
	close(fd[1]);
}

size_t ring_store_bytes(unsigned cameras)
{
	size_t size = RING_STORE_BYTES;

	while (size < (size_t)cameras * RING_STORE_CAMERA && size < RING_MAX)
		size *= 2;
	return size;
}

/* For as many cameras as it can have now. */
static size_t bytes_to_store(const struct site *site)
{
	return ring_store_bytes((site->ncameras + site->ingest_processes - 1) / site->ingest_processes);
}

/* Ring and doorbell for its cameras as they are now; without them it is ended. */
static bool new_ring(struct child *ingest, int fd[2])
{
	int rc;

	ingest->ring_store_bytes = bytes_to_store(ingest->parent->site);
	rc = ring_create(ingest->ring_store_bytes, &fd[0]);
	if (!rc && (fd[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		rc = -errno;
		close_fd(&fd[0]);
	}
	if (rc)
		not_joined(ingest, "store", rc);
	return rc == 0;
}

static bool tell_store(struct child *ingest, struct child *store, const int fd[2])
{
	struct msg_ring_from from = {ROLE_INGEST, (uint16_t)ingest->index};

	return tell(store, MSG_RING_FROM, &from, fd, 2);
}

static void close_larger(struct child *ingest)
{
	close_fd(&ingest->ring_out);
	close_fd(&ingest->ring_out_bell);
}

static void ring_to_store(struct child *ingest, struct child *store)
{
	int fd[2] = {-1, -1};

	if (!ready(ingest) || !ready(store))
		return;
	close_larger(ingest);
	if (!new_ring(ingest, fd))
		return;
	if (tell_store(ingest, store, fd))
		tell(ingest, MSG_RING_STORE, &(struct msg_ring_store){.goes_on = false}, fd, 2);
	close_fd(&fd[0]);
	close_fd(&fd[1]);
}

void parent_ring_lost(struct child *ingest)
{
	size_t before = ingest->ring_store_bytes, bytes = bytes_to_store(ingest->parent->site);
	int fd[2] = {-1, -1};

	if (before >= bytes || ingest->ring_out >= 0 || !ready(ingest) || !ready(parent_child(ingest->parent, ROLE_STORE, 0)))
		return;
	parent_log("warn", "ring-grows", "role=ingest[%u] from_mib=%zu to_mib=%zu why=\"cameras came with a reload, and what they sent did not fit\"", ingest->index,
		   before >> 20, bytes >> 20);
	if (!new_ring(ingest, fd))
		return;
	ingest->ring_out = fd[0];
	ingest->ring_out_bell = fd[1];
	if (!tell(ingest, MSG_RING_STORE, &(struct msg_ring_store){.goes_on = true}, fd, 2))
		close_larger(ingest);
}

/* A store that is new meanwhile was given another ring, and so was ingest. */
void parent_ring_taken(struct child *ingest)
{
	struct child *store = parent_child(ingest->parent, ROLE_STORE, 0);

	if (ingest->ring_out >= 0 && ready(store))
		tell_store(ingest, store, (const int[]){ingest->ring_out, ingest->ring_out_bell});
	close_larger(ingest);
}

static bool begun(const struct child *c)
{
	return c->phase == CHILD_STARTING || c->phase == CHILD_READY;
}

/*
 * The camera's worker is joined as soon as ingest and store are ready; its two rings are then the others' business. It
 * need not be ready itself: what comes waits in its ring until it is sealed. If ingest had to wait for it, a camera that
 * was quicker would have its encoded renditions begin a segment later.
 */
static void join_worker(struct child *worker)
{
	struct parent *p = worker->parent;
	struct child *ingest = parent_child(p, ROLE_INGEST, ingest_of(p, worker->index)), *store = parent_child(p, ROLE_STORE, 0);
	struct msg_ring_transcode to_ingest = {(uint16_t)worker->index, worker->pictures};
	struct msg_ring_from from = {ROLE_TRANSCODE, (uint16_t)worker->index};

	if (!begun(worker) || !ready(ingest) || !ready(store) || worker->ring_in < 0)
		return;
	if (tell(store, MSG_RING_FROM, &from, (int[]){worker->ring_out, worker->ring_out_bell}, 2)) {
		/* Behind all that its forerunner made, and before it has anything to make. */
		parent_tell_encoders(store, worker->index);
		tell(ingest, MSG_RING_TRANSCODE, &to_ingest, (int[]){worker->ring_in, worker->ring_in_bell}, 2);
	}
	close_fd(&worker->ring_in);
	close_fd(&worker->ring_out);
	close_fd(&worker->ring_out_bell);
}

/* ingest or store is new: workers joined with the one before start anew, the others are joined now. */
static void renew_worker(struct child *worker)
{
	if (!begun(worker))
		return;
	if (worker->ring_in >= 0) {
		join_worker(worker);
		return;
	}
	worker->backoff_ms = 0;
	child_kill(worker, "started anew with its neighbour");
}

static void tell_serve(struct child *serve)
{
	struct parent *p = serve->parent;
	struct msg_serve_vkey vkey;

	if (*p->sign.vkey) {
		memcpy(vkey.vkey, parent_vkey(p), sizeof vkey.vkey);
		child_say(serve, MSG_SERVE_VKEY, &vkey, NULL, 0);
	}
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (p->camera[i].known)
			child_say(serve, MSG_CAMERA_STATE, &p->camera[i].state, NULL, 0);
	parent_tell_demand(serve);
	parent_tell_alarms(serve);
	parent_tell_metrics(serve);
}

void child_wire(struct child *c)
{
	struct parent *p = c->parent;
	struct child *store = parent_child(p, ROLE_STORE, 0);

	switch (c->kind) {
	case ROLE_SIGN:
		join(c, store);
		break;
	case ROLE_SERVE:
		tell_serve(c);
		join(c, store);
		break;
	case ROLE_TRANSCODE:
		join_worker(c);
		if (ready(c)) {
			parent_tell_demand(c);
			parent_tell_look(c);
		}
		break;
	case ROLE_INGEST:
		ring_to_store(c, store);
		for (unsigned i = 0; i < p->nchildren; i++)
			if (p->child[i].kind == ROLE_TRANSCODE && ingest_of(p, p->child[i].index) == c->index)
				renew_worker(&p->child[i]);
		break;
	case ROLE_STORE:
		for (unsigned i = 0; i < p->nchildren; i++) {
			struct child *other = &p->child[i];

			if (other->kind == ROLE_SIGN || other->kind == ROLE_SERVE)
				join(other, c);
			else if (other->kind == ROLE_INGEST)
				ring_to_store(other, c);
			else if (other->kind == ROLE_TRANSCODE)
				renew_worker(other);
		}
		break;
	default:
		break;
	}
}
