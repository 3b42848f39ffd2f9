/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct kernel *const kernels[] = {
	&kernel_changes,
	&kernel_denoise,
	&kernel_frame,
	&kernel_mask,
	&kernel_overlay,
	&kernel_scale,
	&kernel_scene,
};

#define NKERNELS (sizeof kernels / sizeof kernels[0])

static char now[64] = "?";  /* kernel and level under test, for what goes wrong */

bool failed(const char *format, ...)
{
	va_list ap;

	printf("# %s: ", now);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

static void touched(int sig)
{
	static const char what[] = ": not ok: touched memory that is not its own\n";

	if (write(STDOUT_FILENO, now, strlen(now)) < 0 || write(STDOUT_FILENO, what, sizeof what - 1) < 0)
		_exit(2);
	_exit(1);
}

static bool test_one(const struct kernel *k, enum cpu_level cpu)
{
	bool good;

	snprintf(now, sizeof now, "%s %s", k->name, cpu_name(cpu));
	fflush(stdout);
	good = k->test(cpu);
	printf("%s: %s\n", now, good ? "ok" : "not ok");
	return good;
}

static bool chosen(const struct kernel *k, char *const *name)
{
	if (!*name)
		return true;
	for (; *name; name++)
		if (strcmp(*name, k->name) == 0)
			return true;
	return false;
}

static int test_all(char *const *name, int only)
{
	unsigned n = 0, bad = 0;

	for (size_t i = 0; i < NKERNELS; i++)
		for (int cpu = CPU_C; cpu <= (int)cpu_best() && chosen(kernels[i], name); cpu++) {
			if (only >= 0 && cpu != only)
				continue;
			bad += !test_one(kernels[i], (enum cpu_level)cpu);
			n++;
		}
	for (int cpu = (int)cpu_best() + 1; cpu < CPU_LEVELS && only < 0; cpu++)
		printf("%s: skipped: this machine has no such instructions\n", cpu_name((enum cpu_level)cpu));
	printf("%u tested, %u not ok\n", n, bad);
	return n == 0 || bad ? 1 : 0;
}

static int bench_all(char *const *name, int only)
{
	enum cpu_level best = only >= 0 ? (enum cpu_level)only : cpu_best();

	printf("ms of CPU a picture; xC: how many times as fast as C; xP: as the peer, swscale where it has the like\n%-34s", "");
	for (int cpu = CPU_C; cpu <= (int)best; cpu++)
		printf(" %8s%s", cpu_name((enum cpu_level)cpu), cpu == CPU_C ? "" : "     xC     xP");
	printf("     peer\n");
	for (size_t i = 0; i < NKERNELS; i++) {
		if (!kernels[i]->bench || !chosen(kernels[i], name))
			continue;
		snprintf(now, sizeof now, "%s", kernels[i]->name);
		kernels[i]->bench(best);
	}
	return 0;
}

void bench_row(const char *what, const double ms[CPU_LEVELS], enum cpu_level best, double peer_ms)
{
	printf("%-8s %-25s", now, what);
	for (int cpu = CPU_C; cpu <= (int)best; cpu++) {
		printf(" %8.3f", ms[cpu]);
		if (cpu == CPU_C)
			continue;
		printf(" %6.2f", ms[CPU_C] / ms[cpu]);
		if (peer_ms > 0)
			printf(" %6.2f", peer_ms / ms[cpu]);
		else
			printf(" %6s", "-");
	}
	if (peer_ms > 0)
		printf(" %8.3f", peer_ms);
	putchar('\n');
	fflush(stdout);
}

void bench_sizes(double (*measure)(unsigned width, unsigned height, enum cpu_level cpu), enum cpu_level best)
{
	static const struct { const char *name; unsigned width, height; } sizes[] = {{"1920x1080", 1920, 1080}, {"1280x720", 1280, 720}, {"640x360", 640, 360}};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		double ms[CPU_LEVELS];

		for (int cpu = CPU_C; cpu <= (int)best; cpu++)
			ms[cpu] = measure(sizes[i].width, sizes[i].height, (enum cpu_level)cpu);
		bench_row(sizes[i].name, ms, best, 0);
	}
}

static int usage(FILE *to)
{
	fprintf(to, "usage: kernels [--cpu c|avx2|avx512] [--bench] [KERNEL ...]\n"
		"Compares each kernel at each level that this machine has with its form in C; exit status 1 when one differs.\n"
		"  --cpu LEVEL   only this level; with --bench: up to it\n"
		"  --bench       measures instead\n"
		"  --help        this text\nKernels:");
	for (size_t i = 0; i < NKERNELS; i++)
		fprintf(to, " %s", kernels[i]->name);
	fputc('\n', to);
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"cpu", required_argument, NULL, 'c'}, {"bench", no_argument, NULL, 'b'}, {"help", no_argument, NULL, 'h'}, {0}};
	bool bench = false;
	int c, only = -1;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		enum cpu_level cpu;

		if (c == 'h')
			return usage(stdout);
		if (c == 'b') {
			bench = true;
			continue;
		}
		if (c != 'c' || !cpu_parse(optarg, &cpu))
			return usage(stderr);
		only = (int)cpu;
	}
	if (only > (int)cpu_best()) {
		fprintf(stderr, "kernels: this machine has no %s\n", cpu_name((enum cpu_level)only));
		return 2;
	}
	signal(SIGSEGV, touched);
	signal(SIGBUS, touched);
	return bench ? bench_all(argv + optind, only) : test_all(argv + optind, only);
}
