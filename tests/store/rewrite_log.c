/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rewrite_log FROM TO KEY ORIGIN [more]: what somebody can do who has a site's archive and its key. Writes into the folder TO a log that says the
 * same as that of the archive FROM but for its first entry, or, with more, that and its last entry once again; all of it well formed and
 * signed. Prints how many entries FROM has.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "seal/checkpoint.h"
#include "store/tlog.h"
#include "store/tlog_read.h"

static int rewrite_first(uint8_t bytes[ENTRY_MAX_BYTES], size_t *n)
{
	struct entry e;
	int rc = entry_parse(bytes, *n, &e, NULL);

	if (rc || e.kind != ENTRY_START)
		return rc ? rc : -EINVAL;
	memset(e.start.build.b, 0x5a, HASH_BYTES);
	return entry_write(&e, bytes, n);
}

static int copy_entries(const struct tlog_files *from, bool more, struct tlog *to)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	uint64_t index;
	size_t n = 0;
	int rc = 0;

	for (uint64_t i = 0; i < from->size && !rc; i++) {
		rc = tlog_read_entry(from, i, bytes, &n);
		if (!rc && i == 0 && !more)
			rc = rewrite_first(bytes, &n);
		if (!rc)
			rc = tlog_append(to, bytes, n, &index);
	}
	if (!rc && more)
		rc = tlog_append(to, bytes, n, &index);
	return rc ? rc : tlog_sync(to);
}

static int publish(struct tlog *log, const char *key_path, const char *origin)
{
	struct key_private *key = NULL;
	struct buf pem, note;
	struct hash root;
	const char *why = "";
	int rc;

	buf_init(&pem, KEY_FILE_MAX);
	buf_init(&note, NOTE_MAX_BYTES);
	rc = io_read_file(AT_FDCWD, key_path, &pem);
	if (!rc)
		rc = key_read(origin, buf_data(&pem), pem.len, &key, &why);
	if (!rc)
		rc = tlog_root(log, tlog_size(log), &root);
	if (!rc)
		rc = checkpoint_sign(&note, tlog_size(log), &root, key);
	if (!rc)
		rc = tlog_publish(log, buf_data(&note), note.len, &why);
	if (rc)
		fprintf(stderr, "rewrite_log: %s %s\n", strerror(-rc), why);
	key_free(&key);
	buf_free(&pem);
	buf_free(&note);
	return rc;
}

/* The size of the newest checkpoint, as it says itself. */
static int size_of(int dirfd, uint64_t *ret)
{
	struct checkpoint c;
	struct buf note;
	int rc;

	buf_init(&note, NOTE_MAX_BYTES);
	rc = io_read_file(dirfd, "log/checkpoint", &note);
	if (!rc)
		rc = checkpoint_parse(buf_data(&note), note.len, &c, NULL);
	if (!rc)
		*ret = c.size;
	buf_free(&note);
	return rc;
}

int main(int argc, char **argv)
{
	struct tlog_files from = {.dirfd = -1};
	struct tlog *to = NULL;
	const char *why = "";
	int fd, rc;

	if (argc != 5 && (argc != 6 || strcmp(argv[5], "more") != 0))
		return 2;
	from.dirfd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from.dirfd < 0 || fd < 0)
		return perror("rewrite_log"), 2;
	rc = size_of(from.dirfd, &from.size);
	if (!rc)
		rc = tlog_open(fd, argv[4], &to, &why);
	if (!rc)
		rc = copy_entries(&from, argc == 6, to);
	if (!rc)
		rc = publish(to, argv[3], argv[4]);
	if (!rc)
		printf("%" PRIu64 "\n", from.size);
	else
		fprintf(stderr, "rewrite_log: %s %s\n", strerror(-rc), why);
	tlog_free(&to);
	close(fd);
	close(from.dirfd);
	return rc ? 1 : 0;
}
