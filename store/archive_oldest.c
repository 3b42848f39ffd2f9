/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Retention: what goes when the archive is full. An archive that runs is mostly full, so as much goes as comes: a run costs one reading
 * of its index page when it is chosen, one when it goes, and one writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/archive_state.h"
#include "store/index.h"

#define RUN_SPAN_US (60 * (int64_t)1000000)   /* what one delete entry takes of a rendition while others hold as old footage */

static struct shelf *oldest_shelf(struct archive *a, int64_t *ret_next_us)
{
	struct shelf *best = NULL;

	*ret_next_us = INT64_MAX;
	for (unsigned i = 0; i < a->nshelves; i++) {
		struct shelf *s = &a->shelf[i];

		if (!archive_look_up_oldest(a, s))
			continue;
		if (!best || s->oldest_us < best->oldest_us) {
			*ret_next_us = best ? best->oldest_us : INT64_MAX;
			best = s;
		} else if (s->oldest_us < *ret_next_us) {
			*ret_next_us = s->oldest_us;
		}
	}
	return best;
}

/* The shelf's oldest is the first of the page that is kept, from a number on; looked up elsewhere if that page has none. */
static void oldest_in_page(struct shelf *s, const struct index_page *page, uint64_t from)
{
	uint64_t end = (from / ARCHIVE_FOLDER + 1) * ARCHIVE_FOLDER;

	while (from < end && !page->slot[from % ARCHIVE_FOLDER].kept)
		from++;
	s->oldest = from < end ? from : 0;
	if (s->oldest)
		s->oldest_us = page->slot[from % ARCHIVE_FOLDER].start_us;
}

/* The shelf's oldest segments in one folder; false when the page does not have the one that is remembered. */
static bool run_of(struct archive *a, struct shelf *s, uint64_t need_bytes, int64_t next_us, struct archive_run *ret)
{
	unsigned first = (unsigned)(s->oldest % ARCHIVE_FOLDER);
	struct archive_run run = {.from = s->oldest, .to = s->oldest};
	struct index_page page;

	if (index_read_page(a->dirfd, s->camera, s->rendition, s->oldest / ARCHIVE_FOLDER, &page) || !page.slot[first].kept)
		return false;
	for (unsigned i = first; i < ARCHIVE_FOLDER && run.bytes < need_bytes; i++) {
		const struct archive_slot *slot = &page.slot[i];

		if (!slot->kept)
			continue;
		if (i > first && next_us < INT64_MAX - RUN_SPAN_US && slot->start_us > next_us + RUN_SPAN_US)
			break;
		run.to = s->oldest / ARCHIVE_FOLDER * ARCHIVE_FOLDER + i;
		run.bytes += slot->bytes;
	}
	snprintf(run.camera, sizeof run.camera, "%s", s->camera);
	snprintf(run.rendition, sizeof run.rendition, "%s", s->rendition);
	*ret = run;
	if (!s->passed) {
		s->first = s->oldest;
		s->first_us = s->oldest_us;
	}
	s->passed = run.to;
	if ((run.to + 1) % ARCHIVE_FOLDER)
		oldest_in_page(s, &page, run.to + 1);
	else
		s->oldest = 0;
	return true;
}

/* What is remembered of a shelf whose page says otherwise is looked up anew, so that the others' footage does not wait for it. */
static bool next_run(struct archive *a, uint64_t need_bytes, struct archive_run *ret)
{
	int64_t next_us;

	for (unsigned tries = 0; tries <= a->nshelves; tries++) {
		struct shelf *s = oldest_shelf(a, &next_us);

		if (!s)
			return false;
		if (run_of(a, s, need_bytes, next_us, ret))
			return true;
		s->oldest = 0;
	}
	return false;
}

unsigned archive_oldest(struct archive *a, uint64_t need_bytes, struct archive_run *ret, unsigned max)
{
	unsigned n = 0;

	while (n < max && need_bytes && next_run(a, need_bytes, &ret[n])) {
		need_bytes -= ret[n].bytes < need_bytes ? ret[n].bytes : need_bytes;
		n++;
	}
	for (unsigned i = 0; i < a->nshelves; i++) {
		struct shelf *s = &a->shelf[i];

		if (!s->passed)
			continue;
		s->passed = 0;
		s->oldest = s->first;
		s->oldest_us = s->first_us;
	}
	return n;
}

/* Which of the run's files are gone, by their place in the folder. 0, or the first -errno. */
static int remove_files(struct archive *a, const struct archive_run *run, const struct index_page *page, bool gone[ARCHIVE_FOLDER])
{
	char path[ARCHIVE_PATH];
	int first = 0;

	for (uint64_t n = run->from; n <= run->to; n++) {
		if (!page->slot[n % ARCHIVE_FOLDER].kept)
			continue;
		archive_segment_path(run->camera, run->rendition, n, false, path);
		gone[n % ARCHIVE_FOLDER] = unlinkat(a->dirfd, path, 0) == 0 || errno == ENOENT;
		if (!gone[n % ARCHIVE_FOLDER] && !first)
			first = -errno;
	}
	return first;
}

int archive_remove(struct archive *a, const struct archive_run *run)
{
	struct shelf *s = archive_find_shelf(a, run->camera, run->rendition);
	bool gone[ARCHIVE_FOLDER] = {0};
	char path[ARCHIVE_PATH];
	struct index_page page;
	int rc, first;

	if (!s || run->from > run->to || run->from / ARCHIVE_FOLDER != run->to / ARCHIVE_FOLDER)
		return -EINVAL;
	rc = index_read_page(a->dirfd, s->camera, s->rendition, run->from / ARCHIVE_FOLDER, &page);
	if (rc)
		return rc;
	first = remove_files(a, run, &page, gone);
	rc = index_unkeep(a->dirfd, s->camera, s->rendition, run->from / ARCHIVE_FOLDER, gone);
	for (uint64_t n = run->from; n <= run->to; n++) {
		struct archive_slot *slot = &page.slot[n % ARCHIVE_FOLDER];

		if (!gone[n % ARCHIVE_FOLDER])
			continue;
		archive_uncount(a, s, n, slot);
		slot->kept = false;
	}
	if (!s->oldest && s->nfolders && s->folder[0].no == run->from / ARCHIVE_FOLDER)
		oldest_in_page(s, &page, run->from / ARCHIVE_FOLDER * ARCHIVE_FOLDER);
	archive_segment_path(s->camera, s->rendition, run->to, false, path);
	*strrchr(path, '/') = 0;
	unlinkat(a->dirfd, path, AT_REMOVEDIR);  /* when it was the last */
	return rc ? rc : first;
}
