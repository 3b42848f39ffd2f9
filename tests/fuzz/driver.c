/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without libFuzzer, for `make check`: every file of the
 * corpus folder as it is, then a fixed number of repeatable mutations of each.
 * With MILLISECONDS it goes on, file by file and round by round, until they are over.
 * usage: fuzz_X CORPUS-FOLDER [MUTATIONS-PER-FILE [SEED [MILLISECONDS]]]
 *        fuzz_X CORPUS-FOLDER memory    each file with one allocation after another failing
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/faults/memory.h"

#define INPUT_MAX (1u << 20)
#define MEMORY_POINTS_MAX 2000   /* of a file */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state, inputs;

static uint32_t next_random(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static void run(const uint8_t *data, size_t n)
{
	/* An exact allocation, so that a sanitizer sees one byte too far. */
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	memcpy(copy, data, n);
	inputs++;
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void mutate(const uint8_t *data, size_t n)
{
	static const uint8_t edge[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff, '\n', '\r', ' ', '"'};
	static uint8_t work[INPUT_MAX];
	unsigned changes = 1 + next_random() % 6;

	memcpy(work, data, n);
	while (changes-- && n) {
		size_t at = next_random() % n;

		switch (next_random() % 5) {
		case 0:
			work[at] ^= (uint8_t)(1u << next_random() % 8);
			break;
		case 1:
			work[at] = edge[next_random() % sizeof edge];
			break;
		case 2:
			n = at;
			break;
		case 3: {
			size_t len = next_random() % (n - at) + 1, to = next_random() % n;

			memmove(work + to, work + at, len < n - to ? len : n - to);
			break;
		}
		default:
			if (n < INPUT_MAX) {
				memmove(work + at + 1, work + at, n - at);
				work[at] = (uint8_t)next_random();
				n++;
			}
		}
	}
	run(work, n);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint8_t input[INPUT_MAX];

static bool read_input(const char *folder, const char *name, size_t *ret_n)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f)
		return false;
	*ret_n = fread(input, 1, sizeof input, f);
	fclose(f);
	return true;
}

static void run_input(void *ctx)
{
	LLVMFuzzerTestOneInput(input, *(const size_t *)ctx);
}

/* 0: nothing crashed, and all memory was given back each time. */
static int run_short_of_memory(const char *self, const char *folder)
{
	unsigned long points = 0, lost = 0, files = 0;
	struct memory_result r;
	struct dirent *e;
	DIR *dir = opendir(folder);
	size_t n;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || !read_input(folder, e->d_name, &n))
			continue;
		memory_torture(run_input, &n, MEMORY_POINTS_MAX, &r);
		files++;
		points += r.points;
		lost += r.leaked_at != 0;
		if (r.leaked_at)
			printf("%s/%s: %ld pieces of memory are lost when allocation %lu fails\n", folder, e->d_name, r.leaked, r.leaked_at);
	}
	if (dir)
		closedir(dir);
	printf("%s: %lu files, %lu allocations that failed\n", self, files, points);
	return files && !lost ? 0 : 1;
}

/* One file of the corpus and its mutations; false when there is none. */
static bool replay(const char *folder, const char *name, long mutations, uint64_t seed, int64_t end_ms)
{
	size_t n;

	if (!read_input(folder, name, &n))
		return false;
	state = 0x9e3779b97f4a7c15u ^ n ^ seed;
	run(input, n);
	for (long i = 0; i < mutations && (!end_ms || now_ms() < end_ms); i++)
		mutate(input, n);
	return true;
}

/* Every file once; how many there were. */
static unsigned replay_all(const char *folder, long mutations, uint64_t seed, int64_t end_ms)
{
	unsigned files = 0;
	struct dirent *e;
	DIR *dir = opendir(folder);

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			files += replay(folder, e->d_name, mutations, seed, end_ms);
	if (dir)
		closedir(dir);
	return files;
}

int main(int argc, char **argv)
{
	long mutations = argc > 2 ? atol(argv[2]) : 2000;
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	int64_t end_ms = argc > 4 ? now_ms() + atol(argv[4]) : 0;
	unsigned files;

	if (argc < 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTATIONS-PER-FILE [SEED [MILLISECONDS]] | memory]\n", argv[0]);
		return 2;
	}
	if (argc > 2 && !strcmp(argv[2], "memory"))
		return run_short_of_memory(argv[0], argv[1]);
	/* Seeds of later rounds are far from those of the first: seconds since 1970, say. */
	do
		files = replay_all(argv[1], mutations, seed, end_ms);
	while (files && now_ms() < end_ms && (seed += 1ull << 40));
	printf("%s: %u files, %ld mutations each, %llu inputs\n", argv[0], files, mutations, (unsigned long long)inputs);
	return files ? 0 : 1;
}
