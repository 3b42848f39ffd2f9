/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/witness_deliver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "server/verify_source.h"

#define ANSWER_MAX 4096
#define TRIES 5                         /* a site that has too much to do says so */

static void say_answer(const char *what, long status, const struct buf *answer)
{
	char words[200];

	text_escape(buf_data(answer), answer->len && buf_data(answer)[answer->len - 1] == '\n' ? answer->len - 1 : answer->len, words, sizeof words);
	fprintf(stderr, "casemate witness: %s: the site did not take the cosignature: status %ld%s%s\n", what, status, answer->len ? ", " : "",
		answer->len ? words : "");
	if (status == 401)
		fputs("give the user whom it knows: --user NAME --password-file FILE\n", stderr);
}

/* 0 with the status of an answer that is not "later", or -EIO. */
static int post(struct verify_source *site, const struct buf *note, struct buf *answer, long *ret_status)
{
	int rc = 0;

	for (int i = 0; i < TRIES && !rc; i++) {
		if (i)
			nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
		buf_clear(answer);
		rc = verify_url_post(site, "log/cosignature", buf_data(note), note->len, answer, ret_status);
		if (!rc && *ret_status != 503)
			break;
	}
	return rc;
}

int witness_post(struct verify_source *site, const char *what, const struct buf *note)
{
	struct buf answer;
	long status = 0;
	int rc;

	buf_init(&answer, ANSWER_MAX);
	rc = post(site, note, &answer, &status);
	if (rc)
		fprintf(stderr, "casemate witness: %s: %s\n", what, *verify_url_error(site) ? verify_url_error(site) : strerror(-rc));
	else if (status != 200)
		say_answer(what, status, &answer);
	buf_free(&answer);
	return rc || status != 200 ? 2 : 0;
}

int witness_put(const char *folder, const struct cosign_public *me, uint64_t size, const struct buf *note, char *ret_path, size_t cap)
{
	char id[9];
	int rc;

	hex_encode(me->id, sizeof me->id, id);
	if ((size_t)snprintf(ret_path, cap, "%s/" WITNESS_FOLDER "/%s-%" PRIu64, folder, id, size) >= cap)
		return -ENAMETOOLONG;
	rc = io_make_folders(AT_FDCWD, ret_path);
	return rc ? rc : io_replace_file(AT_FDCWD, ret_path, buf_data(note), note->len, 0644);
}

static int post_file(struct verify_source *site, int dirfd, const char *name)
{
	struct buf b;
	int rc;

	buf_init(&b, NOTE_MAX_BYTES);
	rc = io_read_file(dirfd, name, &b);
	if (rc)
		fprintf(stderr, "casemate witness: %s: %s\n", name, strerror(-rc));
	rc = rc ? 2 : witness_post(site, name, &b);
	if (!rc)
		printf("%s: the site has it\n", name);
	buf_free(&b);
	return rc;
}

/* ID-SIZE, as witness_put names it; 0 for what is none. */
static uint64_t size_of(const char *name)
{
	uint64_t size = 0;

	return strlen(name) > 9 && name[8] == '-' && text_u64(name + 9, strlen(name) - 9, UINT64_MAX, &size) == 0 ? size : 0;
}

static int is_note(const struct dirent *e)
{
	return size_of(e->d_name) > 0;
}

/* The smaller first, as they were cosigned: a site takes it that who has cosigned more does not come back for less. */
static int by_size(const struct dirent **a, const struct dirent **b)
{
	uint64_t x = size_of((*a)->d_name), y = size_of((*b)->d_name);

	return x < y ? -1 : x > y;
}

int witness_post_folder(struct verify_source *site, const char *what, const char *folder)
{
	struct dirent **file = NULL;
	char path[4096];
	int n = -1, status = 0, fd = -1;

	if ((size_t)snprintf(path, sizeof path, "%s/" WITNESS_FOLDER, folder) < sizeof path)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		n = scandirat(fd, ".", &file, is_note, by_size);
	if (n <= 0)
		fprintf(stderr, "casemate witness: %s: no cosignatures there for %s%s%s\n", folder, what, n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
	for (int i = 0; i < n; i++) {
		if (post_file(site, fd, file[i]->d_name))
			status = 2;
		free(file[i]);
	}
	free(file);
	if (fd >= 0)
		close(fd);
	return n > 0 ? status : 2;
}
