/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a site may have sealed of a camera's account of time, and what witnesses may have cosigned. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

#define S(n) (EVIDENCE_AT(EVIDENCE_LAST) + (int64_t)(n) * 1000000)

/* A line of the story that is told behind the clean log: what happens, from which second to which. */
struct act {
	enum { END, START, STOP, GAP, SEGMENT, EXPORT } what;
	int from, to;
	const char *why;
};

#define ACTS_MAX 8

static const struct story {
	const char *verdict, *what;
	struct act act[ACTS_MAX];
} story[] = {
	{"good", "a run in which the camera never came", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 60, "never-connected"}, {STOP, 60}}},
	{"good", "a run that ends a second behind the account", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 59, "never-connected"}, {STOP, 60}}},
	{"unaccounted", "a run of which the end is not accounted for", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 50, "never-connected"}, {STOP, 60}}},
	{"unaccounted", "a run of which nothing is accounted for", {{START, 10}, {GAP, 10, 10, "opened"}, {STOP, 60}}},
	{"unaccounted", "a run of which the middle is not accounted for", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 20, "a"}, {GAP, 30, 60, "a"}, {STOP, 60}}},
	{"good", "a camera that was removed", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 20, "a"}, {GAP, 20, 20, "removed"}, {STOP, 60}}},
	{"good", "a log that goes on, nine minutes ahead of the account", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 20, "a"}, {EXPORT, 560}}},
	{"unaccounted", "a log that goes on, eleven minutes ahead of the account", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 20, "a"}, {EXPORT, 690}}},
	{"good", "a clock that was set forward", {{START, 10}, {GAP, 10, 10, "opened"}, {GAP, 10, 500, "clock-step"}, {SEGMENT, 500, 502}, {STOP, 502}}},
	{"good", "a clock that was set back", {{START, 500}, {GAP, 500, 500, "opened"}, {GAP, 10, 10, "clock-step"}, {SEGMENT, 10, 12}, {STOP, 12}}},
	{"unaccounted", "a clock that was set back, and a hole after that",
		{{START, 500}, {GAP, 500, 500, "opened"}, {GAP, 10, 10, "clock-step"}, {SEGMENT, 14, 16}, {STOP, 16}}},
	{"good", "a run after a crash, with the time between", {{START, 30}, {GAP, 0, 30, "crashed"}, {SEGMENT, 30, 32}, {STOP, 32}}},
	{"unaccounted", "segments with a hole", {{START, 10}, {GAP, 10, 10, "opened"}, {SEGMENT, 10, 12}, {SEGMENT, 14, 16}, {STOP, 16}}},
	{"good", "segments in a row", {{START, 10}, {GAP, 10, 10, "opened"}, {SEGMENT, 10, 12}, {SEGMENT, 12, 14}, {STOP, 14}}},
};

static void play(struct archive *a, const struct act *act, uint64_t number)
{
	struct entry e = {.kind = ENTRY_EXPORT, .export = {.time_us = S(act->from), .user = "guard", .camera = "lone", .rendition = "copy",
		.from_us = ARCHIVE_T0, .to_us = ARCHIVE_T0}};

	switch (act->what) {
	case START:
		archive_start(a, S(act->from));
		break;
	case STOP:
		archive_stop(a, S(act->from));
		break;
	case GAP:
		archive_gap(a, "lone", S(act->from), S(act->to), act->why);
		break;
	case SEGMENT:
		assert(act->to == act->from + 2);
		archive_segment(a, "lone", "copy", number, S(act->from), true);
		break;
	case EXPORT:
		archive_append(a, &e);
		break;
	case END:
		break;
	}
}

static void stories(struct evidence *e)
{
	for (size_t i = 0; i < sizeof story / sizeof *story; i++) {
		struct archive *a = evidence_site();

		for (size_t k = 0; k < ACTS_MAX && story[i].act[k].what != END; k++)
			play(a, &story[i].act[k], k + 1);
		archive_publish(a);
		evidence_row(e, "archive", story[i].verdict, "sealed so: %s", story[i].what);
		evidence_become(e, e->site, a, "");
		archive_free(&a);
	}
}

/* log/cosigned as the checkpoint of the first size entries of a log, which ours may be or not. */
static void cosigned(struct evidence *e, const char *verdict, struct archive *log, uint64_t size, const struct key_private *key, const char *what)
{
	struct archive *other = evidence_site();
	const struct archive_file *f;
	struct buf note;

	log = log ? log : other;
	archive_checkpoint(log, size, key);
	f = archive_find(log, "log/checkpoint");
	buf_init(&note, CHECKPOINT_MAX_BYTES);
	if (buf_append(&note, f->p, f->n) || buf_append_str(&note, EVIDENCE_UNKNOWN))
		abort();
	evidence_row(e, "archive", verdict, "witnesses have cosigned %s", what);
	evidence_put(e, "log/cosigned", buf_data(&note), note.len);
	buf_free(&note);
	archive_free(&other);
}

static void all_cosigned(struct evidence *e)
{
	struct key_private *foreign = evidence_make_key(EVIDENCE_ORIGIN, 2);
	struct archive *fork = evidence_site(), *longer = evidence_site();
	uint64_t size = e->site->size;

	cosigned(e, "good", NULL, size, e->site->key, "this checkpoint");
	cosigned(e, "good", NULL, 256, e->site->key, "an earlier checkpoint, at the end of a tile");
	cosigned(e, "good", NULL, 200, e->site->key, "an earlier checkpoint, in the middle of a tile");
	cosigned(e, "good", NULL, 1, e->site->key, "the first checkpoint");
	fork->leaf[3].b[0] ^= 1;
	cosigned(e, "log", fork, size, fork->key, "another log of this length");
	cosigned(e, "log", fork, 200, fork->key, "another log, shorter than this one");
	cosigned(e, "good", fork, 3, fork->key, "another log, up to where it was this one");
	archive_stop(longer, S(100));
	cosigned(e, "log", longer, longer->size, longer->key, "this log, when it was longer");
	cosigned(e, "log", NULL, size, foreign, "a checkpoint by another key");
	evidence_row(e, "archive", "log", "log/cosigned is no checkpoint");
	evidence_put(e, "log/cosigned", "hello\n", 6);
	archive_free(&fork);
	archive_free(&longer);
	key_free(&foreign);
}

/* An encoded segment behind the copy of its number, which it names, or not, or names something else instead. */
static void sources(struct evidence *e)
{
	static const struct { const char *verdict, *what; bool named; uint8_t bit; } row[] = {
		{"good", "an encoded segment whose copy was lost", false, 0},
		{"good", "an encoded segment that names its copy", true, 0},
		{"order", "an encoded segment that names other bytes than its copy's", true, 1},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct archive *a = evidence_site();
		uint8_t *media = malloc(a->media_bytes);

		assert(media);
		archive_start(a, S(10));
		archive_gap(a, "lone", S(10), S(10), "opened");
		archive_segment(a, "lone", "copy", 1, S(10), true);
		if (row[i].named)
			hash_bytes(media, archive_media(a, "lone", "copy", 1, media), &a->source);
		a->source.b[0] ^= row[i].bit;
		archive_encoder(a, "lone", "360p", "crf 23");
		archive_segment(a, "lone", "360p", 1, S(10), false);
		archive_stop(a, S(12));
		archive_publish(a);
		evidence_row(e, "archive", row[i].verdict, "%s", row[i].what);
		evidence_become(e, e->site, a, "");
		archive_free(&a);
		free(media);
	}
}

void evidence_account_rows(struct evidence *e)
{
	stories(e);
	sources(e);
	all_cosigned(e);
}
