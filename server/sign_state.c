/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/sign_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/rd.h"
#include "base/wr.h"

#define SLOT_BYTES 4096   /* a block: writing one never touches the other */
#define MAGIC "casemate-sign/1\n"
#define MAGIC_LEN (sizeof MAGIC - 1)

/* Zeros behind the last field and up to the hash: what an older file lacks reads as zeros. */
static void write_slot(const struct sign_state *s, uint8_t out[SLOT_BYTES])
{
	struct wr w = wr_init(out, SLOT_BYTES - HASH_BYTES);
	struct hash sum;

	memset(out, 0, SLOT_BYTES);
	wr_str(&w, MAGIC);
	wr_bytes(&w, s->key.b, HASH_BYTES);
	wr_u64(&w, s->counter);
	tree_write(&s->tree, &w);
	wr_bytes(&w, s->turn.next.b, HASH_BYTES);
	wr_u64(&w, (uint64_t)s->turn.time_us);
	wr_u64(&w, s->turn.size);
	hash_bytes(out, SLOT_BYTES - HASH_BYTES, &sum);
	memcpy(out + SLOT_BYTES - HASH_BYTES, sum.b, HASH_BYTES);
}

static void read_hash(struct rd *r, struct hash *ret)
{
	const uint8_t *p = rd_bytes(r, HASH_BYTES);

	if (p)
		memcpy(ret->b, p, HASH_BYTES);
}

/* 0, or -EBADMSG for no slot. */
static int read_slot(const uint8_t *p, struct sign_state *ret)
{
	struct rd r = rd_init(p, SLOT_BYTES - HASH_BYTES);
	const uint8_t *magic = rd_bytes(&r, MAGIC_LEN);
	struct hash sum;

	hash_bytes(p, SLOT_BYTES - HASH_BYTES, &sum);
	if (memcmp(sum.b, p + SLOT_BYTES - HASH_BYTES, HASH_BYTES) || memcmp(magic, MAGIC, MAGIC_LEN))
		return -EBADMSG;
	read_hash(&r, &ret->key);
	ret->counter = rd_u64(&r);
	if (tree_read(&r, &ret->tree))
		return -EBADMSG;
	read_hash(&r, &ret->turn.next);
	ret->turn.time_us = (int64_t)rd_u64(&r);
	ret->turn.size = rd_u64(&r);
	return r.bad ? -EBADMSG : 0;
}

void sign_state_hash(const char *vkey, struct hash *ret)
{
	hash_bytes(vkey, strlen(vkey), ret);
}

static bool is_zero(const struct hash *h)
{
	static const struct hash none;

	return hash_same(h, &none);
}

bool sign_state_is_new(const struct sign_state *s)
{
	return is_zero(&s->key);
}

int sign_state_open(struct sign_state *s, int fd)
{
	struct sign_state newest = {.fd = fd};
	uint8_t bytes[2 * SLOT_BYTES];
	ssize_t n = pread(fd, bytes, sizeof bytes, 0);
	bool found = false;

	if (n < 0)
		return -errno;
	memset(bytes + n, 0, sizeof bytes - (size_t)n);
	for (int i = 0; i < 2; i++) {
		struct sign_state slot = {.fd = fd};

		if (read_slot(bytes + i * SLOT_BYTES, &slot) || (found && slot.counter < newest.counter))
			continue;
		found = true;
		newest = slot;
	}
	/* Both slots unreadable: only a file that was never finished once may begin anew. */
	if (!found && n >= 2 * SLOT_BYTES)
		return -EBADMSG;
	*s = newest;
	return 0;
}

/* In the slot that is not *s; *s becomes `to` when it is on disk. */
static int save(struct sign_state *s, struct sign_state to)
{
	uint8_t slot[SLOT_BYTES];
	ssize_t n;

	to.counter = s->counter + 1;
	write_slot(&to, slot);
	n = pwrite(s->fd, slot, sizeof slot, (off_t)(to.counter % 2 * SLOT_BYTES));
	if (n != SLOT_BYTES)
		return n < 0 ? -errno : -ENOSPC;
	if (fdatasync(s->fd) < 0)
		return -errno;
	*s = to;
	return 0;
}

static int save_tree(struct sign_state *s, const struct tree *tree, uint64_t last_of_old)
{
	struct sign_state to = *s;
	struct hash was, is;

	tree_root(&s->tree, &was);
	tree_root(tree, &is);
	if (tree->size < s->tree.size || (tree->size == s->tree.size && !hash_same(&was, &is)))
		return -ESTALE;
	/* The old key signs nothing behind its last checkpoint. */
	if (s->turn.size && tree->size != s->turn.size)
		return -ESTALE;
	to.tree = *tree;
	to.turn.size = last_of_old ? last_of_old : s->turn.size;
	return save(s, to);
}

int sign_state_save(struct sign_state *s, const struct tree *tree)
{
	return save_tree(s, tree, 0);
}

int sign_state_last_of_old(struct sign_state *s, const struct tree *tree)
{
	return save_tree(s, tree, tree->size);
}

int sign_state_begin_turn(struct sign_state *s, const struct hash *next, int64_t time_us)
{
	struct sign_state to = *s;

	if (hash_same(next, &s->turn.next))
		return 0;
	if (s->turn.size)
		return -EALREADY;
	to.turn = (struct sign_turn){.next = *next, .time_us = time_us};
	return save(s, to);
}

int sign_state_end_turn(struct sign_state *s)
{
	struct sign_state to = *s;

	to.key = s->turn.next;
	to.turn = (struct sign_turn){0};
	return save(s, to);
}
