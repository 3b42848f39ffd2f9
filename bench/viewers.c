/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Viewers for a server under load, many in one process of one thread:
 *   handshakes   each connects, shakes hands in full, ends, and comes again
 *   idle         each asks once and then stays, until standard input ends
 *   watch        each follows a media playlist as a player does (bench/viewers_watch.h)
 *   slow         each asks for something large and reads a little of it each second
 * Prints one line of JSON a result; its own share of a processor is in it, for at 100 % it is this program that is measured. Not installed.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "bench/viewers_watch.h"

#define AUTHORIZATION 512
#define JOIN_BATCH 20             /* who come at once, while others already watch */
#define PATIENCE_US 60000000      /* for all to have come */

static const char usage[] =
	"usage: viewers handshakes|idle|watch|slow [OPTION] ADDRESS:PORT\n"
	"\n"
	"  --connections N           (32)\n"
	"  --seconds N               (5)\n"
	"  --path PATH               what is asked for; watch: a media playlist (/)\n"
	"  --authorization-file FILE the header's value\n"
	"  --bytes N                 slow: read each second (1024)\n"
	"The server's certificate is not checked.\n";

struct options {
	const char *what, *to, *path, *file;
	uint64_t connections, seconds, bytes;
	char authorization[AUTHORIZATION];
};

static struct {
	uint64_t opened, answered, ended, broken;
	const char *why;
} counted;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "viewers: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t number(const char *what, const char *text, uint64_t most)
{
	uint64_t v;

	if (text_u64(text, strlen(text), most, &v) || !v) {
		fprintf(stderr, "viewers: %s: from 1 to %ju\n", what, (uintmax_t)most);
		exit(2);
	}
	return v;
}

static void read_authorization(struct options *o)
{
	FILE *f = fopen(o->file, "re");

	if (!f || !fgets(o->authorization, sizeof o->authorization, f))
		die(o->file);
	fclose(f);
	o->authorization[strcspn(o->authorization, "\r\n")] = '\0';
}

static struct options parse(int argc, char **argv)
{
	static const struct option longs[] = {{"connections", required_argument, NULL, 'c'}, {"seconds", required_argument, NULL, 's'},
		{"path", required_argument, NULL, 'p'}, {"authorization-file", required_argument, NULL, 'a'}, {"bytes", required_argument, NULL, 'b'}, {0}};
	struct options o = {.path = "/", .connections = 32, .seconds = 5, .bytes = 1024};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'c')
			o.connections = number("--connections", optarg, 100000);
		else if (c == 's')
			o.seconds = number("--seconds", optarg, 86400);
		else if (c == 'b')
			o.bytes = number("--bytes", optarg, 65536);
		else if (c == 'p')
			o.path = optarg;
		else if (c == 'a')
			o.file = optarg;
		else
			argc = 0;
	}
	if (argc - optind != 2 || *o.path != '/' || strlen(o.path) > 255) {
		fputs(usage, stderr);
		exit(2);
	}
	o.what = argv[optind];
	o.to = argv[optind + 1];
	if (o.file)
		read_authorization(&o);
	return o;
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void begin_load(struct link_load *load, const struct options *o)
{
	load->authorization = o->file ? o->authorization : NULL;
	if (link_load_init(load, o->to) < 0)
		die(o->to);
}

static struct link *open_all(struct link_load *load, const struct options *o, bool slow)
{
	struct link *l = calloc(o->connections, sizeof *l);

	if (!l)
		die("memory");
	for (unsigned i = 0; i < o->connections; i++) {
		l[i].slow = slow;
		if (link_open(&l[i], load, i) < 0)
			die("connect");
	}
	return l;
}

static void close_all(struct link *l, const struct options *o)
{
	for (unsigned i = 0; i < o->connections; i++)
		link_close(&l[i]);
	free(l);
}

static void note_end(const char *why)
{
	counted.ended++;
	if (!why)
		return;
	counted.broken++;
	counted.why = why;
}

static void print_counted(const struct options *o, double seconds, double cpu)
{
	printf("{\"what\": \"%s\", \"connections\": %ju, \"seconds\": %.3f, \"opened\": %ju, \"answered\": %ju, \"ended\": %ju, \"broken\": %ju, "
	       "\"why\": \"%s\", \"cpu_percent\": %.1f}\n", o->what, (uintmax_t)o->connections, seconds, (uintmax_t)counted.opened,
		(uintmax_t)counted.answered, (uintmax_t)counted.ended, (uintmax_t)counted.broken, counted.why ? counted.why : "", 100 * cpu / seconds);
	fflush(stdout);
}

static void shaken(struct link *l)
{
	counted.opened++;
	link_end(l);
}

static void come_again(struct link *l, const char *why)
{
	note_end(why);
	if (link_open(l, l->load, l->number + (unsigned)counted.ended * 3) < 0)
		die("connect");
}

static void handshakes(const struct options *o)
{
	struct link_load load = {.opened = shaken, .ended = come_again};
	int64_t began, until;
	double cpu = cpu_s();
	struct link *l;

	begin_load(&load, o);
	l = open_all(&load, o, false);
	began = clock_mono_us();
	until = began + (int64_t)o->seconds * 1000000;
	while (clock_mono_us() < until)
		link_load_run(&load, 100);
	print_counted(o, (double)(clock_mono_us() - began) / 1e6, cpu_s() - cpu);
	close_all(l, o);
}

static const char *asked;         /* by those who are idle, or slow */

static void ask(struct link *l)
{
	counted.opened++;
	link_get(l, asked, false);
}

static void note_answer(struct link *l)
{
	counted.answered++;
	if (l->status != 200) {
		counted.broken++;
		counted.why = "an answer that is not 200";
	}
}

static void stay_away(struct link *l, const char *why)
{
	note_end(why ? why : "the server ended it");
}

static bool input_ended(void)
{
	struct pollfd p = {.fd = 0, .events = POLLIN};
	char c;

	return poll(&p, 1, 0) == 1 && read(0, &c, 1) <= 0;
}

static void idle(const struct options *o)
{
	struct link_load load = {.opened = ask, .answered = note_answer, .ended = stay_away};
	int64_t began = clock_mono_us();
	struct link *l;

	begin_load(&load, o);
	asked = o->path;
	l = open_all(&load, o, false);
	while (counted.answered + counted.ended < o->connections && clock_mono_us() - began < PATIENCE_US)
		link_load_run(&load, 100);
	print_counted(o, (double)(clock_mono_us() - began) / 1e6, cpu_s());
	while (!input_ended())
		link_load_run(&load, 100);
	close_all(l, o);
}

static void slow(const struct options *o)
{
	struct link_load load = {.opened = ask, .answered = note_answer, .ended = stay_away};
	int64_t began = clock_mono_us(), until = began + (int64_t)o->seconds * 1000000, next = began + 1000000;
	struct link *l;

	begin_load(&load, o);
	asked = o->path;
	l = open_all(&load, o, true);
	while (clock_mono_us() < until && counted.ended < o->connections) {
		link_load_run(&load, 100);
		if (clock_mono_us() < next)
			continue;
		for (unsigned i = 0; i < o->connections; i++)
			link_sip(&l[i], o->bytes);
		next += 1000000;
	}
	print_counted(o, (double)(clock_mono_us() - began) / 1e6, cpu_s());
	close_all(l, o);
}

static void print_watch(const struct watch *of, const struct options *o, double seconds, double cpu)
{
	printf("{\"what\": \"watch\", \"connections\": %ju, \"seconds\": %.3f, \"joined\": %ju, \"playlists\": %ju, \"parts\": %ju, \"late\": %ju, "
	       "\"missed\": %ju, \"refused\": %ju, \"ended\": %ju, \"why\": \"%s\", \"p50_ms\": %u, \"p99_ms\": %u, \"worst_ms\": %.1f, "
	       "\"bytes\": %ju, \"cpu_percent\": %.1f}\n", (uintmax_t)o->connections, seconds, (uintmax_t)of->joined, (uintmax_t)of->playlists,
		(uintmax_t)of->parts, (uintmax_t)of->late, (uintmax_t)of->missed, (uintmax_t)of->refused, (uintmax_t)of->ended, of->why,
		watch_delay_ms(of, 0.5), watch_delay_ms(of, 0.99), (double)of->worst_us / 1000, (uintmax_t)of->load->bytes, 100 * cpu / seconds);
}

static void run_watchers(struct watch *of, struct watcher *w, unsigned n, int64_t until_us)
{
	while ((of->now_us = clock_mono_us()) < until_us) {
		link_load_run(of->load, 20);
		for (unsigned i = 0; i < n; i++)
			watch_tick(&w[i]);
	}
}

static void watch_all(const struct options *o)
{
	struct link_load load = {.opened = watch_opened, .answered = watch_answered, .ended = watch_ended};
	struct watch *of = calloc(1, sizeof *of);
	struct watcher *w = calloc(o->connections, sizeof *w);
	double cpu;

	if (!of || !w)
		die("memory");
	begin_load(&load, o);
	of->load = &load;
	of->path = o->path;
	for (unsigned i = 0; i < o->connections; i++) {
		watch_join(&w[i], of, i);
		if (i % JOIN_BATCH == JOIN_BATCH - 1)
			run_watchers(of, w, i + 1, clock_mono_us() + 20000);
	}
	run_watchers(of, w, (unsigned)o->connections, clock_mono_us() + 3000000);  /* the last have come in */
	of->counted_from_us = clock_mono_us();
	load.bytes = of->playlists = 0;
	cpu = cpu_s();
	run_watchers(of, w, (unsigned)o->connections, of->counted_from_us + (int64_t)o->seconds * 1000000);
	print_watch(of, o, (double)(clock_mono_us() - of->counted_from_us) / 1e6, cpu_s() - cpu);
	for (unsigned i = 0; i < o->connections; i++)
		watch_leave(&w[i]);
	free(w);
	free(of);
}

static void raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int main(int argc, char **argv)
{
	static const struct { const char *what; void (*run)(const struct options *o); } modes[] = {
		{"handshakes", handshakes}, {"idle", idle}, {"watch", watch_all}, {"slow", slow}};
	struct options o = parse(argc, argv);

	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++)
		if (!strcmp(o.what, modes[i].what)) {
			modes[i].run(&o);
			return 0;
		}
	fputs(usage, stderr);
	return 2;
}
