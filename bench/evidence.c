/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the account of footage costs, in two parts:
 *   grow   a log of so many entries: how fast they go in, what a start and a proof cost at 10^4, 10^5 ..., and what memory
 *   seal   a fleet's seconds: CPU of all that store and sign do for its evidence, hashing apart
 * Each prints one line of JSON a result. Not installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "bench/evidence_site.h"
#include "seal/hash_many.h"
#include "seal/proof.h"
#include "store/tlog_read.h"

#define TAIL_WITH_FILES 4096     /* of a size's last segments; a start looks whether the newest 2048 are there */
#define PROOFS 10000
#define STARTS 5
#define GROUP_MAX 64

static const char usage[] =
	"usage: evidence grow [--entries N] [--cameras N] FOLDER\n"
	"       evidence seal [--seconds N] [--cameras N] [--bytes N] FOLDER\n"
	"Measures in FOLDER, which is made and must not be there yet.\n"
	"\n"
	"  --entries N   how far the log grows, from 10000 on in powers of ten (1000000)\n"
	"  --cameras N   each with a copy and, in grow, its sound: segments of two seconds (200)\n"
	"  --seconds N   of footage (60)\n"
	"  --bytes N     of a segment (1000000)\n";

struct options {
	const char *what, *folder;
	uint64_t entries, cameras, seconds, bytes;
};

static uint64_t number(const char *what, const char *text, uint64_t least, uint64_t most)
{
	uint64_t v;

	if (text_u64(text, strlen(text), most, &v) || v < least) {
		fprintf(stderr, "evidence: %s: from %ju to %ju\n", what, (uintmax_t)least, (uintmax_t)most);
		exit(2);
	}
	return v;
}

static struct options parse(int argc, char **argv)
{
	static const struct option long_options[] = {{"entries", required_argument, NULL, 'e'}, {"cameras", required_argument, NULL, 'c'},
		{"seconds", required_argument, NULL, 's'}, {"bytes", required_argument, NULL, 'b'}, {0}};
	struct options o = {.entries = 1000000, .cameras = 200, .seconds = 60, .bytes = 1000000};
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (c == 'e')
			o.entries = number("--entries", optarg, 10000, 1000000000);
		else if (c == 'c')
			o.cameras = number("--cameras", optarg, 2, 250);
		else if (c == 's')
			o.seconds = number("--seconds", optarg, 1, 86400);
		else if (c == 'b')
			o.bytes = number("--bytes", optarg, 1000, 64 << 20);
		else
			exit(2);
	}
	if (argc - optind != 2 || (strcmp(argv[optind], "grow") && strcmp(argv[optind], "seal"))) {
		fputs(usage, stderr);
		exit(2);
	}
	o.what = argv[optind];
	o.folder = argv[optind + 1];
	return o;
}

/* FOLDER/archive, with sign's state beside it. */
static void begin(struct site *s, const struct options *o)
{
	char path[4096];
	int rc;

	if ((size_t)snprintf(path, sizeof path, "%s/archive", o->folder) >= sizeof path)
		site_fail(o->folder, ENAMETOOLONG);
	if (mkdir(o->folder, 0700) < 0 || mkdir(path, 0700) < 0)
		site_fail(o->folder, errno);
	*s = (struct site){.cameras = (unsigned)o->cameras, .dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	if (s->dirfd < 0)
		site_fail(path, errno);
	rc = key_generate(SITE_ORIGIN_NAME, &s->key);
	if (rc)
		site_fail("a key", rc);
}

/* Runs a part in a process of its own, so that its memory is its own. */
static void apart(struct site *s, void (*part)(struct site *s, uint64_t n), uint64_t n)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		part(s, n);
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		exit(2);
}

/* --- grow -------------------------------------------------------------------------------- */

/* To so many entries: as many in a second, of the log's time, as the cameras make. */
static void grow_to(struct site *s, uint64_t size)
{
	int64_t began, cpu;
	uint64_t from;
	double ms[3];

	site_open(s, ms);
	from = site_size(s);
	began = clock_mono_us();
	cpu = site_cpu_us();
	while (site_size(s) < size) {
		site_add_counted(s, size - site_size(s) <= TAIL_WITH_FILES);
		if (site_size(s) % SITE_BATCH == 0)
			site_sync(s);
		if (site_size(s) % s->cameras == 0 || site_size(s) == size) {
			site_sync(s);
			site_publish(s);
		}
	}
	printf("{\"part\": \"append\", \"entries\": %ju, \"appended\": %ju, \"seconds\": %.3f, \"cpu_s\": %.3f, \"peak_bytes\": %ju}\n", (uintmax_t)size,
		(uintmax_t)(size - from), (double)(clock_mono_us() - began) / 1e6, (double)(site_cpu_us() - cpu) / 1e6, (uintmax_t)site_memory("VmHWM"));
}

static void start_at(struct site *s, uint64_t size)
{
	double ms[3];

	site_open(s, ms);
	if (site_size(s) != size)
		site_fail("the log is not as long as it was", 0);
	printf("{\"part\": \"start\", \"entries\": %ju, \"ms\": %.3f, \"log_ms\": %.3f, \"archive_ms\": %.3f, \"recovery_ms\": %.3f, \"bytes\": %ju, "
	       "\"peak_bytes\": %ju}\n", (uintmax_t)size, ms[0] + ms[1] + ms[2], ms[0], ms[1], ms[2], (uintmax_t)site_memory("VmRSS"),
		(uintmax_t)site_memory("VmHWM"));
}

static void prove_one(const struct site *s, const struct tlog_files *f, const struct buf *note, uint64_t index, struct buf *out)
{
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	struct archive_slot slot;
	uint64_t no;
	int rc;

	site_segment_of(s, index, camera, rendition, &no);
	rc = archive_read_slot(s->dirfd, camera, rendition, no, &slot);
	if (!rc && slot.entry != index)
		rc = -EBADMSG;
	buf_clear(out);
	if (!rc)
		rc = tlog_read_proof(f, slot.entry, buf_data(note), note->len, out);
	if (rc)
		site_fail("a proof", rc);
}

static void check_one(const struct site *s, const struct buf *b)
{
	const char *why = "";
	struct checkpoint c;
	struct proof p;

	if (proof_parse(buf_data(b), b->len, &p, &why) || proof_verify(&p, key_public_of(s->key), &c, &why))
		site_fail(why, 0);
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of segments all over the log, as serve's reader makes them: the slot, the entry, the path. */
static void prove_at(struct site *s, uint64_t size)
{
	static int64_t took[PROOFS];
	struct tlog_files f = {.dirfd = s->dirfd, .size = size};
	struct buf note, out;
	uint64_t bytes = 0;
	int rc;

	buf_init(&note, CHECKPOINT_MAX_BYTES);
	buf_init(&out, PROOF_MAX_BYTES);
	rc = io_read_file(s->dirfd, "log/checkpoint", &note);
	if (rc)
		site_fail("log/checkpoint", rc);
	for (uint64_t i = 0; i < PROOFS; i++) {
		int64_t began = clock_mono_us();

		prove_one(s, &f, &note, i * 7919 * 7919 % size, &out);
		took[i] = clock_mono_us() - began;
		check_one(s, &out);
		bytes += out.len;
	}
	qsort(took, PROOFS, sizeof *took, by_size);
	printf("{\"part\": \"proof\", \"entries\": %ju, \"proofs\": %d, \"median_us\": %jd, \"p99_us\": %jd, \"proof_bytes\": %ju, \"peak_bytes\": %ju}\n",
		(uintmax_t)size, PROOFS, (intmax_t)took[PROOFS / 2], (intmax_t)took[PROOFS * 99 / 100], (uintmax_t)(bytes / PROOFS),
		(uintmax_t)site_memory("VmHWM"));
}

static struct {
	uint64_t log, index, files;
} on_disk;

static int count_file(const char *path, const struct stat *st, int type, struct FTW *w)
{
	if (type == FTW_F) {
		on_disk.files++;
		if (strstr(path, "/archive/log/"))
			on_disk.log += (uint64_t)st->st_size;
		else if (strstr(path, "/archive/index/"))
			on_disk.index += (uint64_t)st->st_size;
	}
	return 0;
}

static void grow(struct site *s, const struct options *o)
{
	uint64_t size = 10000;

	for (; size <= o->entries; size *= 10) {
		apart(s, grow_to, size);
		for (int i = 0; i < STARTS; i++)
			apart(s, start_at, size);
		apart(s, prove_at, size);
	}
	size /= 10;
	nftw(o->folder, count_file, 32, FTW_PHYS);
	printf("{\"part\": \"disk\", \"entries\": %ju, \"log_bytes\": %ju, \"index_bytes\": %ju}\n", (uintmax_t)size, (uintmax_t)on_disk.log,
		(uintmax_t)on_disk.index);
}

/* --- seal -------------------------------------------------------------------------------- */

struct cost {
	int64_t hashing, sealing, entries, publishing;   /* CPU, microseconds */
};

static int filled(uint8_t byte, const uint8_t *bytes, size_t n)
{
	int fd = memfd_create("segment", MFD_CLOEXEC | MFD_ALLOW_SEALING), rc;

	if (fd < 0)
		site_fail("memory", errno);
	rc = io_write_all(fd, bytes, n);
	if (rc || pwrite(fd, &byte, 1, 0) != 1)
		site_fail("memory", rc ? rc : errno);
	return fd;
}

/* Segments that ended at one moment: sealed, hashed (what is served, and what the camera sent of it), entered. */
static void seal_group(struct site *s, unsigned n, const uint8_t *bytes, size_t len, struct cost *cost)
{
	static uint8_t next;
	const struct hash_range all = {0, (uint32_t)len}, sent = {8, (uint32_t)len - 8};
	struct hash_message m[2 * GROUP_MAX];
	int fd[GROUP_MAX], sealed;
	int64_t began;

	for (unsigned i = 0; i < n; i++)
		fd[i] = filled(next++, bytes, len);
	began = site_cpu_us();
	for (unsigned i = 0; i < n; i++) {
		int rc = io_seal(fd[i], "segment", len, &sealed);
		void *p;

		if (rc < 0)
			site_fail("sealing", rc);
		if (sealed != fd[i])
			close(fd[i]);
		fd[i] = sealed;
		p = mmap(NULL, len, PROT_READ, MAP_SHARED, sealed, 0);
		if (p == MAP_FAILED)
			site_fail("mapping", errno);
		m[2 * i] = (struct hash_message){.base = p, .range = &all, .ranges = 1};
		m[2 * i + 1] = (struct hash_message){.base = p, .range = &sent, .ranges = 1};
	}
	cost->sealing += site_cpu_us() - began;
	began = site_cpu_us();
	hash_many(m, 2 * n);
	cost->hashing += site_cpu_us() - began;
	began = site_cpu_us();
	for (unsigned i = 0; i < n; i++)
		site_add(s, &m[2 * i].hash, &m[2 * i + 1].hash, len);
	site_sync(s);
	cost->entries += site_cpu_us() - began;
	for (unsigned i = 0; i < n; i++) {
		munmap((void *)(uintptr_t)m[2 * i].base, len);
		close(fd[i]);
	}
}

static void seal(struct site *s, const struct options *o)
{
	unsigned a_second = (unsigned)o->cameras / 2, group = a_second < 15 ? a_second : 15;
	uint8_t *bytes = malloc(o->bytes);
	struct cost cost = {0};
	double of_core = 100 / (double)o->seconds / 1e6, ms[3];

	if (!bytes)
		site_fail("memory", ENOMEM);
	for (uint64_t i = 0; i < o->bytes; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	site_open(s, ms);
	for (uint64_t second = 0; second < o->seconds; second++) {
		int64_t began;

		for (unsigned done = 0; done < a_second; done += group)
			seal_group(s, a_second - done < group ? a_second - done : group, bytes, o->bytes, &cost);
		began = site_cpu_us();
		site_publish(s);
		cost.publishing += site_cpu_us() - began;
	}
	printf("{\"part\": \"seal\", \"cameras\": %ju, \"bps\": %ju, \"seconds\": %ju, \"hashing_percent\": %.3f, \"sealing_percent\": %.3f, "
	       "\"entries_percent\": %.3f, \"publishing_percent\": %.3f, \"beyond_hashing_percent\": %.3f}\n", (uintmax_t)o->cameras,
		(uintmax_t)o->bytes * 4, (uintmax_t)o->seconds, (double)cost.hashing * of_core, (double)cost.sealing * of_core,
		(double)cost.entries * of_core, (double)cost.publishing * of_core,
		(double)(cost.sealing + cost.entries + cost.publishing) * of_core);
	free(bytes);
	site_close(s);
}

int main(int argc, char **argv)
{
	struct options o = parse(argc, argv);
	struct site s;

	begin(&s, &o);
	if (!strcmp(o.what, "grow"))
		grow(&s, &o);
	else
		seal(&s, &o);
	key_free(&s.key);
	close(s.dirfd);
	return 0;
}
