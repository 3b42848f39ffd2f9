/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store: files below the one folder (Landlock), segments in memfds, which it seals and hands on. Of sockets it has only channels, so sendmsg
 * reaches nobody else.
 */
#include <linux/landlock.h>

#include "conf/site.h"
#include "server/policy_inner.h"

#define WORKERS 3            /* threads with a bell each: the log, the archive, what viewers ask for of it */
#define PROCESSES_MAX 64     /* of ingest, of serve */
#define FILES_MAX 4096       /* open at a time, below the folder */
#define FILE_BYTES (4 * GiB) /* the largest of them: a segment has 128 MiB at most, the journal grows until it is emptied */
#define DESCRIPTORS_MAX 65536

/* Landlock's rights that Debian 12's headers do not know yet. */
#define ACCESS_TRUNCATE (1ull << 14)

/* Files are read, written, made and removed, folders listed, made and removed; no link, device, socket or program. */
#define ARCHIVE_ACCESS \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | ACCESS_TRUNCATE)

static const struct policy_call calls[] = {
	LOOP, THREADS, ANY(sendmsg), ANY(clock_nanosleep),
	ONLY(memfd_create, 1, MFD_CLOEXEC | MFD_ALLOW_SEALING, "to be sealed"), ONLY(fcntl, 1, F_ADD_SEALS, "F_ADD_SEALS"),
	ONLY(fcntl, 1, F_SETFD, "F_SETFD"), ANY(ftruncate), ANY(pread64), ANY(pwrite64),
	ANY(openat), ANY(newfstatat), ANY(getdents64), ANY(mkdirat), ANY(unlinkat), ANY(renameat), ANY(fsync), ANY(fdatasync), ANY(fstatfs),
	ANY(sync_file_range), ANY(syncfs),
	SANITIZER
};

static const struct policy_limit limits[] = {LIMITS(64 * GiB, DESCRIPTORS_MAX, FILE_BYTES)};

static const struct policy_descriptor descriptors[] = {
	LOOP_DESCRIPTORS,
	{"the archive", POLICY_FOLDER, O_RDONLY, POLICY_ANY_NUMBER, 1, 1, FILES_MAX, ARCHIVE_ACCESS},
	{"files of the archive", POLICY_FILE, O_RDONLY, POLICY_ANY_NUMBER, 0, 0, FILES_MAX, 0},
	{"files of the archive, to write", POLICY_FILE, O_WRONLY, POLICY_ANY_NUMBER, 0, 0, FILES_MAX, 0},
	{"files of the archive, to read and write", POLICY_FILE, O_RDWR, POLICY_ANY_NUMBER, 0, 0, FILES_MAX, 0},
	{"bells: of its threads, of the rings of ingest and transcode", POLICY_EVENTFD, O_RDWR, POLICY_ANY_NUMBER, WORKERS, WORKERS,
		WORKERS + PROCESSES_MAX + SITE_CAMERAS_MAX, 0},
	{"channels to sign and serve", POLICY_CHANNEL, O_RDWR, POLICY_ANY_NUMBER, 0, 0, 1 + PROCESSES_MAX, 0},
	{"segments", POLICY_MEMORY, O_RDWR, POLICY_ANY_NUMBER, 0, 0, DESCRIPTORS_MAX, 0},
};

const struct policy policy_store = {
	.namespaces = POLICY_NAMESPACES, .threads = 1 + WORKERS, FIELD(calls, calls), FIELD(limits, limits), FIELD(descriptors, descriptors),
	.group = {.memory_bytes = 64 * GiB, .cpu_weight = 400, .cpu_percent = (1 + WORKERS) * 100},
};
