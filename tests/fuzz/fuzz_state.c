/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a file of our own, as a disk or somebody else may have left it: the share links, what was in force of signed site files, the
 * signing state. What is taken is written again to the byte, or is not taken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/admin.h"
#include "server/share_list.h"
#include "server/sign_state.h"

#define STATE_BYTES 8192    /* two slots */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* rc: of writing it; where memory is short there is nothing to compare. */
static void must_be_same(int rc, const struct buf *b, const uint8_t *data, size_t size)
{
	if (!rc && (b->len != size || (size && memcmp(buf_data(b), data, size))))
		abort();
}

static void shares(const uint8_t *data, size_t size)
{
	static struct share all[SITE_SHARES_MAX];
	unsigned n = 0;
	struct buf b;
	int rc = 0;

	if (size > SHARE_FILE_MAX || share_read(data, size, all, &n))
		return;
	buf_init(&b, SHARE_FILE_MAX);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = share_write(&all[i], &b);
	must_be_same(rc, &b, data, size);
	buf_free(&b);
}

/* The descriptor of a file with just these bytes, under a name that opens it. */
static int file_of(const uint8_t *data, size_t size, char path[64])
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void signed_site(const uint8_t *data, size_t size)
{
	char path[64], why[ADMIN_WHY];
	struct admin_text text;
	struct admin a;
	struct buf b;
	int fd = file_of(data, size, path);

	if (admin_load(path, &a, why) == 0 && (!a.known || a.version == 0 || a.version > ADMIN_VERSION_MAX || !*a.key.name))
		abort();
	close(fd);
	if (admin_text_parse((const char *)data, size, &text))
		return;
	buf_init(&b, ADMIN_SIG_MAX);
	must_be_same(admin_text_write(&text, &b), &b, data, size);
	buf_free(&b);
}

/* Taken, it goes on from there: one leaf more is saved, and read again. */
static void signing(const uint8_t *data, size_t size)
{
	struct sign_state s, again;
	char path[64];
	struct hash leaf = {{1}};
	int fd = file_of(data, size, path);

	if (sign_state_open(&s, fd) == 0) {
		struct tree grown = s.tree;

		if (!tree_append(&grown, &leaf) && !sign_state_save(&s, &grown) &&
		    (sign_state_open(&again, fd) || again.tree.size != grown.size || again.counter != s.counter))
			abort();
	} else if (size < STATE_BYTES) {
		abort();
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	shares(data, size);
	signed_site(data, size);
	signing(data, size);
	return 0;
}
