/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a fuzz target without libFuzzer, for `make check`: every file of the
 * corpus folder as it is, then a fixed number of repeatable mutations of each.
 * usage: fuzz_X CORPUS-FOLDER [MUTATIONS-PER-FILE]
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state;

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

int main(int argc, char **argv)
{
	long mutations = argc > 2 ? atol(argv[2]) : 2000;
	static uint8_t input[INPUT_MAX];
	unsigned files = 0;
	struct dirent *e;
	DIR *dir;

	if (argc < 2 || !(dir = opendir(argv[1]))) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTATIONS-PER-FILE]\n", argv[0]);
		return 2;
	}
	while ((e = readdir(dir))) {
		char path[4096];
		FILE *f;
		size_t n;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
		f = fopen(path, "rb");
		if (!f)
			continue;
		n = fread(input, 1, sizeof input, f);
		fclose(f);
		files++;
		state = 0x9e3779b97f4a7c15u ^ n;
		run(input, n);
		for (long i = 0; i < mutations; i++)
			mutate(input, n);
	}
	closedir(dir);
	printf("%s: %u files, %ld mutations each\n", argv[0], files, mutations);
	return files ? 0 : 1;
}
