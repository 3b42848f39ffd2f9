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

/* Zeros behind the edge and up to the hash. */
static void write_slot(const struct sign_state *s, uint64_t counter, const struct tree *tree, uint8_t out[SLOT_BYTES])
{
	struct wr w = wr_init(out, SLOT_BYTES - HASH_BYTES);
	struct hash sum;

	memset(out, 0, SLOT_BYTES);
	wr_str(&w, MAGIC);
	wr_bytes(&w, s->key.b, HASH_BYTES);
	wr_u64(&w, counter);
	tree_write(tree, &w);
	hash_bytes(out, SLOT_BYTES - HASH_BYTES, &sum);
	memcpy(out + SLOT_BYTES - HASH_BYTES, sum.b, HASH_BYTES);
}

/* 0, -EBADMSG for no slot, -EKEYREJECTED for another key's. */
static int read_slot(const struct sign_state *s, const uint8_t *p, uint64_t *ret_counter, struct tree *ret)
{
	struct rd r = rd_init(p, SLOT_BYTES - HASH_BYTES);
	const uint8_t *magic = rd_bytes(&r, MAGIC_LEN), *key = rd_bytes(&r, HASH_BYTES);
	struct hash sum;

	hash_bytes(p, SLOT_BYTES - HASH_BYTES, &sum);
	if (memcmp(sum.b, p + SLOT_BYTES - HASH_BYTES, HASH_BYTES) || memcmp(magic, MAGIC, MAGIC_LEN))
		return -EBADMSG;
	if (memcmp(key, s->key.b, HASH_BYTES))
		return -EKEYREJECTED;
	*ret_counter = rd_u64(&r);
	return tree_read(&r, ret);
}

int sign_state_open(struct sign_state *s, int fd, const char *vkey)
{
	uint8_t bytes[2 * SLOT_BYTES];
	ssize_t n = pread(fd, bytes, sizeof bytes, 0);
	bool found = false;

	if (n < 0)
		return -errno;
	*s = (struct sign_state){.fd = fd};
	hash_bytes(vkey, strlen(vkey), &s->key);
	memset(bytes + n, 0, sizeof bytes - (size_t)n);
	for (int i = 0; i < 2; i++) {
		uint64_t counter;
		struct tree tree = {0};
		int rc = read_slot(s, bytes + i * SLOT_BYTES, &counter, &tree);

		if (rc == -EKEYREJECTED)
			return rc;
		if (rc || (found && counter < s->counter))
			continue;
		found = true;
		s->counter = counter;
		s->tree = tree;
	}
	/* Both slots unreadable: only a file that was never finished once may begin anew. */
	return found || n < 2 * SLOT_BYTES ? 0 : -EBADMSG;
}

int sign_state_save(struct sign_state *s, const struct tree *tree)
{
	uint64_t counter = s->counter + 1;
	uint8_t slot[SLOT_BYTES];
	struct hash was, is;
	ssize_t n;

	tree_root(&s->tree, &was);
	tree_root(tree, &is);
	if (tree->size < s->tree.size || (tree->size == s->tree.size && !hash_same(&was, &is)))
		return -ESTALE;
	write_slot(s, counter, tree, slot);
	n = pwrite(s->fd, slot, sizeof slot, (off_t)(counter % 2 * SLOT_BYTES));
	if (n != SLOT_BYTES)
		return n < 0 ? -errno : -ENOSPC;
	if (fdatasync(s->fd) < 0)
		return -errno;
	s->counter = counter;
	s->tree = *tree;
	return 0;
}
