/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/witness_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "seal/lines.h"

static int take_lock(const char *path)
{
	char lock[4096];
	int fd, rc;

	if ((size_t)snprintf(lock, sizeof lock, "%s.lock", path) >= sizeof lock)
		return -ENAMETOOLONG;
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return rc;
}

/* --- "STATE.keys": a line each ----------------------------------------------------------- */

static int keys_path(const char *state, char *ret, size_t cap)
{
	return (size_t)snprintf(ret, cap, "%s.keys", state) >= cap ? -ENAMETOOLONG : 0;
}

static int parse_key(struct rd *r, const char *prefix, struct key_public *ret, const char **why)
{
	struct rd vkey = lines_value(r, prefix);

	return vkey.bad || key_parse_vkey(lines_text(&vkey), rd_left(&vkey), ret, why) ? -EBADMSG : 0;
}

static int read_keys(const char *state, struct witness_keys *ret, const char **why)
{
	char path[4096];
	struct rd r;
	struct buf b;
	int rc = keys_path(state, path, sizeof path);

	buf_init(&b, 4 * KEY_VKEY);
	if (!rc)
		rc = io_read_file(AT_FDCWD, path, &b);
	if (!rc) {
		*why = "the file of keys beside it is damaged";
		r = rd_init(buf_data(&b), b.len);
		rc = parse_key(&r, "begin ", &ret->begin, why);
		if (!rc)
			rc = parse_key(&r, "root ", &ret->root, why);
		ret->is_there = !rc;
	}
	buf_free(&b);
	return rc == -ENOENT ? 0 : rc;
}

static int keep_keys(const char *state, const struct witness_keys *keys)
{
	char path[4096], begin[KEY_VKEY], root[KEY_VKEY];
	struct buf b;
	int rc = keys_path(state, path, sizeof path);

	key_vkey(&keys->begin, begin);
	key_vkey(&keys->root, root);
	buf_init(&b, 4 * KEY_VKEY);
	if (!rc)
		rc = buf_append_fmt(&b, "begin %s\nroot %s\n", begin, root);
	if (!rc)
		rc = io_replace_file(AT_FDCWD, path, buf_data(&b), b.len, 0600);
	buf_free(&b);
	return rc;
}

/* --- the state --------------------------------------------------------------------------- */

int witness_state_open(const char *path, struct witness_state *ret, const char **why)
{
	struct buf b;
	int rc;

	memset(ret, 0, sizeof *ret);
	ret->path = path;
	ret->lock = take_lock(path);
	if (ret->lock < 0)
		return ret->lock;
	buf_init(&b, NOTE_MAX_BYTES);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (!rc)
		rc = checkpoint_parse(buf_data(&b), b.len, &ret->seen.c, why);
	if (!rc) {
		ret->seen.n = b.len;
		memcpy(ret->seen.bytes, buf_data(&b), b.len);
	}
	buf_free(&b);
	if (rc == -ENOENT)
		return 0;
	if (!rc)
		rc = read_keys(path, &ret->keys, why);
	if (rc)
		witness_state_close(ret);
	return rc;
}

/* The keys first: a crash between the two leaves a state that asks for more, not for less. */
int witness_state_keep(struct witness_state *s, const struct witness_note *note, const struct witness_keys *keys)
{
	int rc = keep_keys(s->path, keys);

	if (!rc)
		rc = io_replace_file(AT_FDCWD, s->path, note->bytes, note->n, 0600);
	if (rc)
		return rc;
	s->seen = *note;
	s->keys = *keys;
	return 0;
}

int witness_state_keep_fork(const struct witness_state *s, const struct witness_note *other, char *ret_path, size_t cap)
{
	struct buf b;
	int rc;

	if ((size_t)snprintf(ret_path, cap, "%s.fork-%" PRIu64, s->path, other->c.size) >= cap)
		return -ENAMETOOLONG;
	buf_init(&b, 3 * NOTE_MAX_BYTES);
	rc = buf_append(&b, s->seen.bytes, s->seen.n);
	if (!rc)
		rc = buf_append_str(&b, "\n--\n");
	if (!rc)
		rc = buf_append(&b, other->bytes, other->n);
	if (!rc)
		rc = io_replace_file(AT_FDCWD, ret_path, buf_data(&b), b.len, 0600);
	buf_free(&b);
	return rc;
}

void witness_state_close(struct witness_state *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}
