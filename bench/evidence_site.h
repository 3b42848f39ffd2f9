/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_EVIDENCE_SITE_H
#define BENCH_EVIDENCE_SITE_H
/*
 * An archive as store and sign make it, in one process and as fast as it goes: entries to the journal by dozens, leaves to the
 * tree, the state of sign to the disk, a checkpoint, tiles. Nothing is returned: what fails ends the program with words.
 */
#include <stdbool.h>
#include <stdint.h>

#include "seal/entry.h"
#include "seal/key.h"
#include "server/sign_state.h"
#include "store/archive.h"
#include "store/heads.h"
#include "store/tlog.h"

#define SITE_ORIGIN_NAME "bench.example/evidence"
#define SITE_BATCH 64            /* entries that are brought to the disk at once, as store does */
#define SITE_TINY 16             /* bytes of a segment that is only there to be counted */

struct site {
	int dirfd, state_fd;
	unsigned cameras;        /* each with copy and audio */
	struct key_private *key;
	struct tlog *log;
	struct archive *archive;
	struct heads heads;
	struct sign_state state;
	struct tree tree;        /* what sign has seen */
	struct buf note;
};

_Noreturn void site_fail(const char *what, int error);
int64_t site_cpu_us(void);
/* VmHWM, VmRSS ... of this process, in bytes. */
uint64_t site_memory(const char *field);

/* Opens the archive in dirfd as store does at a start, crash recovery included; *ret_ms: of log, archive, recovery. */
void site_open(struct site *s, double ret_ms[3]);
void site_close(struct site *s);
uint64_t site_size(const struct site *s);

/* The log's next segment: of all renditions in turn. */
void site_segment_of(const struct site *s, uint64_t index, char camera[ENTRY_NAME], char rendition[ENTRY_NAME], uint64_t *ret_number);
/* Appends the entry of the next segment and its slot in the index; with_file: a file of SITE_TINY bytes as well, else only its folder. */
void site_add_counted(struct site *s, bool with_file);
/* Appends the entry of a segment of these hashes and this length. */
void site_add(struct site *s, const struct hash *media, const struct hash *source, uint64_t bytes);
/* What was appended goes to the journal. */
void site_sync(struct site *s);
/* What is in the journal is signed and published. */
void site_publish(struct site *s);

#endif
