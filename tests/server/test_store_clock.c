/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's clock is set, forth and back, under a store that runs: what its account says then. store_account.c alone, with clocks
 * of the test's own; a process' real wall clock can only be set for the whole machine.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "server/store.h"

#define S INT64_C(1000000)
#define T0 (INT64_C(1780000000) * S)
#define HOUR 3600
#define ENTRIES 16

static int64_t mono_us, step_us;
static struct entry_gap gap[ENTRIES];
static unsigned ngaps;

int64_t clock_mono_us(void) { return mono_us; }
int64_t clock_wall_us(void) { return T0 + mono_us + step_us; }
void store_hash(struct store *s) { }

int store_log_add(struct store *s, const struct entry *e, uint64_t *ret_index)
{
	cr_assert(ngaps < ENTRIES && e->kind == ENTRY_GAP);
	gap[ngaps] = e->gap;
	*ret_index = ngaps++;
	return 0;
}

/* A camera that never comes, or does; one tick a second. */
static struct store *begin(void)
{
	struct store *s = calloc(1, sizeof *s);

	cr_assert_not_null(s);
	mono_us = step_us = 0;
	ngaps = 0;
	s->ncameras = 1;
	s->camera = calloc(1, sizeof *s->camera);
	cr_assert_not_null(s->camera);
	strcpy(s->camera[0].name, "gate-1");
	s->camera[0].taken = true;
	s->running = true;
	s->start_us = clock_wall_us();
	store_account_begin_all(s);
	return s;
}

static void end(struct store *s)
{
	free(s->camera);
	free(s);
}

static void pass(struct store *s, unsigned seconds)
{
	for (; seconds > 0; seconds--) {
		mono_us += S;
		store_account_tick(s, &s->camera[0]);
	}
}

static void expect(const char *what, unsigned i, const char *why, int64_t from_s, int64_t to_s)
{
	cr_assert_lt(i, ngaps, "%s: no entry %u", what, i);
	cr_expect_str_eq(gap[i].why, why, "%s: entry %u", what, i);
	cr_expect_eq(gap[i].from_us, T0 + from_s * S, "%s: entry %u begins at %lld", what, i, (long long)(gap[i].from_us - T0));
	cr_expect_eq(gap[i].to_us, T0 + to_s * S, "%s: entry %u ends at %lld", what, i, (long long)(gap[i].to_us - T0));
}

/* What passed while nobody came is told for itself, and the leap beside it: nothing is told twice, and nothing left out. */
Test(store_clock, is_set_while_a_camera_is_away)
{
	static const struct { int step_s; const char *what; } row[] = {{HOUR, "forth"}, {-HOUR, "back"}, {5, "a little forth"}, {-5, "a little back"}};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct store *s = begin();
		int step_s = row[i].step_s;

		pass(s, 350);
		step_us = step_s * S;
		pass(s, 350);
		store_account_end_all(s, clock_wall_us());
		expect(row[i].what, 0, "starting", 0, 0);
		expect(row[i].what, 1, "starting", 0, 300);
		expect(row[i].what, 2, "starting", 300, 600);
		expect(row[i].what, 3, "clock-step", step_s > 0 ? 600 : 600 + step_s, 600 + step_s);
		expect(row[i].what, 4, "starting", 600 + step_s, 700 + step_s);
		cr_expect_eq(ngaps, 5, "%s: %u entries", row[i].what, ngaps);
		end(s);
	}
}

Test(store_clock, is_set_forth_and_back_again)
{
	struct store *s = begin();

	pass(s, 10);
	step_us = HOUR * S;
	pass(s, 10);
	step_us = 0;
	pass(s, 300);
	store_account_end_all(s, clock_wall_us());
	expect("both", 1, "starting", 0, 300);
	expect("both", 2, "starting", 300, 320);
	cr_expect_eq(ngaps, 3);
	end(s);
}

/* Footage goes by the wall clock from its next epoch on. */
Test(store_clock, is_set_while_a_camera_sends)
{
	static const int step_s[] = {HOUR, -HOUR};

	for (size_t i = 0; i < 2; i++) {
		struct store *s = begin();
		struct store_camera *c = &s->camera[0];

		for (unsigned n = 0; n < 10; n++) {
			store_account(s, c, 1, clock_wall_us(), false);
			pass(s, 2);
			store_account_segment(c, clock_wall_us());
		}
		step_us = step_s[i] * S;
		pass(s, 3);
		store_account(s, c, 2, clock_wall_us(), false);
		pass(s, 2);
		store_account_segment(c, clock_wall_us());
		store_account_end_all(s, clock_wall_us());
		expect("sends", 0, "starting", 0, 0);
		expect("sends", 1, "restart", 20, 23);
		expect("sends", 2, "clock-step", step_s[i] > 0 ? 23 : 23 + step_s[i], 23 + step_s[i]);
		cr_expect_eq(ngaps, 3, "%d: %u entries", step_s[i], ngaps);
		end(s);
	}
}

/* Off while it was set: the next run begins where the clock is. */
Test(store_clock, is_set_back_while_nothing_runs)
{
	struct store *s = begin();

	pass(s, 400);
	store_account_end_all(s, clock_wall_us());
	step_us = -HOUR * S;
	s->start_us = clock_wall_us();
	s->last_run = HEADS_STOPPED;
	ngaps = 0;
	store_account_begin_all(s);
	expect("off", 0, "clock-step", 400 - HOUR, 400 - HOUR);
	cr_expect_eq(ngaps, 1);
	end(s);
}
