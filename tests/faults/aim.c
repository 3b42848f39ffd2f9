/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets a fault point, and tells what became of it (point.h).
 *     aim PAGE new                     makes the page: no fault
 *     aim PAGE at N KIND,… ACTION [FILE+ADDRESS]
 *                                      the N-th call of these kinds (from that place) from now on; ACTION: ENOMEM, EIO …, short, freeze
 *     aim PAGE wait MILLISECONDS       until it happened: prints "KIND FILE+ADDRESS"; exit 1 if it did not, "cannot" if calls came that no kernel answers so
 *     aim PAGE state                   idle, armed, fired or frozen
 *     aim PAGE off                     no fault; who is frozen goes on
 *     aim PAGE clock SECONDS           the wall clock is so far ahead of the true one from now on, or behind
 *     aim PAGE counts                  "KIND CALLS" lines
 *     aim PAGE note                    from now on notes where calls come from
 *     aim PAGE places                  "KIND FILE+ADDRESS" lines of what was noted, some of them twice
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/point.h"

static const char *const state_name[] = {"idle", "armed", "fired", "frozen"};

static int usage(void)
{
	fputs("usage: aim PAGE new | at N KIND,… ACTION | wait MILLISECONDS | state | off | clock SECONDS | counts | note | places\n", stderr);
	return 2;
}

static struct fault_page *open_page(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);
	struct fault_page *p = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, sizeof *p) == 0)
		p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		fprintf(stderr, "aim: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	return p;
}

static int action_of(const char *word)
{
	if (!strcmp(word, "short"))
		return FAULT_SHORT;
	if (!strcmp(word, "freeze"))
		return FAULT_FREEZE;
	for (int e = 1; e < 134; e++)
		if (strerrorname_np(e) && !strcmp(strerrorname_np(e), word))
			return e;
	return 0;
}

static uint32_t kinds_of(char *words)
{
	uint32_t kinds = 0;

	for (char *word = strtok(words, ","); word; word = strtok(NULL, ","))
		for (unsigned k = 0; k < FAULT_KINDS; k++)
			if (!strcmp(fault_name[k], word))
				kinds |= 1u << k;
	return kinds;
}

/* "FILE+0xADDRESS"; NULL: any. */
static struct fault_place place_of(const char *text)
{
	const char *plus = text ? strrchr(text, '+') : NULL;
	struct fault_place place = {0};

	if (!plus || plus - text >= FAULT_WHERE)
		return place;
	memcpy(place.file, text, (size_t)(plus - text));
	place.at = strtoull(plus + 1, NULL, 16);
	return place;
}

static int aim_at(struct fault_page *p, const char *number, char *kinds, const char *action, const char *place)
{
	long n = atol(number);

	p->kinds = kinds_of(kinds);
	p->action = action_of(action);
	p->only = place_of(place);
	if (n <= 0 || !p->kinds || !p->action || (place && !p->only.at))
		return usage();
	atomic_store(&p->left, n);
	atomic_store(&p->cannot, 0);
	atomic_store(&p->state, FAULT_ARMED);
	return 0;
}

static int await(struct fault_page *p, long ms)
{
	uint32_t state;

	while ((state = atomic_load(&p->state)) == FAULT_ARMED && ms > 0) {
		nanosleep(&(struct timespec){0, 5000000}, NULL);
		ms -= 5;
	}
	if (state != FAULT_FIRED && state != FAULT_FROZEN) {
		if (atomic_load(&p->cannot))
			puts("cannot");
		return 1;
	}
	printf("%s %s+0x%" PRIx64 "\n", fault_name[atomic_load(&p->hit) % FAULT_KINDS], p->where.file, p->where.at);
	return 0;
}

static int note(struct fault_page *p)
{
	atomic_store(&p->nplaces, 0);
	atomic_fetch_add(&p->round, 1);
	return 0;
}

static int print_places(const struct fault_page *p)
{
	uint32_t n = atomic_load(&p->nplaces);

	for (uint32_t i = 0; i < n && i < FAULT_PLACES; i++) {
		uint32_t kind = atomic_load(&p->place[i].kind);

		if (kind && p->place[i].place.at)
			printf("%s %s+0x%" PRIx64 "\n", fault_name[(kind - 1) % FAULT_KINDS], p->place[i].place.file, p->place[i].place.at);
	}
	return 0;
}

static int off(struct fault_page *p)
{
	atomic_store(&p->state, FAULT_IDLE);
	syscall(SYS_futex, &p->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	return 0;
}

int main(int argc, char **argv)
{
	struct fault_page *p;

	if (argc < 3)
		return usage();
	if (!strcmp(argv[2], "new")) {
		open_page(argv[1], O_CREAT | O_TRUNC);
		return 0;
	}
	p = open_page(argv[1], 0);
	if (!strcmp(argv[2], "at") && (argc == 6 || argc == 7))
		return aim_at(p, argv[3], argv[4], argv[5], argv[6]);
	if (!strcmp(argv[2], "note"))
		return note(p);
	if (!strcmp(argv[2], "places"))
		return print_places(p);
	if (!strcmp(argv[2], "wait") && argc == 4)
		return await(p, atol(argv[3]));
	if (!strcmp(argv[2], "off"))
		return off(p);
	if (!strcmp(argv[2], "clock") && argc == 4) {
		atomic_store(&p->clock_us, (int64_t)atoll(argv[3]) * 1000000);
		return 0;
	}
	if (!strcmp(argv[2], "state"))
		return puts(state_name[atomic_load(&p->state) % 4]) < 0;
	if (strcmp(argv[2], "counts"))
		return usage();
	for (unsigned k = 0; k < FAULT_KINDS; k++)
		printf("%s %" PRIu64 "\n", fault_name[k], atomic_load(&p->count[k]));
	return 0;
}
