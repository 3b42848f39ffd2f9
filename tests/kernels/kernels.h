/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_KERNELS_KERNELS_H
#define TESTS_KERNELS_KERNELS_H
/*
 * What the tests of kernels share. A kernel's file k_X.c defines one struct kernel,
 * which is named below and in kernels.c. Its test runs the kernel at the level
 * given and at CPU_C on the same bytes and compares all that comes out; memory
 * begins or ends at a page that can't be touched, and whoever touches it is named.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/cpu.h"
#include "codec/frame.h"

struct kernel {
	const char *name;
	bool (*test)(enum cpu_level cpu);    /* false after failed() */
	void (*bench)(enum cpu_level best);  /* bench_row for each size, levels CPU_C to best; NULL: nothing to measure */
};

extern const struct kernel kernel_changes, kernel_denoise, kernel_frame, kernel_mask;
extern const struct kernel kernel_overlay, kernel_scale, kernel_scene;

/* Says what is wrong, with the kernel's name and level; always false. */
bool failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Memory: what can't be had ends the program. */

enum guard { GUARD_BEHIND, GUARD_BEFORE, GUARDS };  /* where the page lies that can't be touched */

struct guarded {
	uint8_t *p;
	size_t len;
	void *map;
	size_t map_len;
};

/* Zeros. Behind it len is exact to the byte, whatever that makes of p's alignment. */
void guarded_new(struct guarded *g, size_t len, enum guard where);
void guarded_free(struct guarded *g);

/*
 * A picture in guarded memory: lines are `apart` bytes longer than the picture is wide (half of that in chroma), and the last
 * one ends, with `slack` bytes behind it, at the page. For kernels that want a frame of ours: guarded_frame.
 */
struct guarded_picture {
	struct picture picture;
	struct frame frame;          /* the same planes, to write into */
	struct guarded memory[3];
};

void guarded_picture_new(struct guarded_picture *g, unsigned width, unsigned height, unsigned apart, unsigned slack, enum guard where);
/* As frame_new would: lines at FRAME_ALIGN, FRAME_SLACK bytes behind each. */
void guarded_frame_new(struct guarded_picture *g, unsigned width, unsigned height);
void guarded_picture_free(struct guarded_picture *g);

/* What to put into it */

enum fill { FILL_ZERO, FILL_FULL, FILL_CHECKS, FILL_COLUMNS, FILL_RAMP, FILL_NOISE, FILL_SCENE, FILLS };

/* Always the same numbers. */
uint32_t random_next(uint32_t *state);
void fill_plane(uint8_t *p, size_t stride, unsigned width, unsigned height, enum fill how, uint32_t seed);
/* All three planes, each with another seed. FILL_SCENE: edges, textures and soft shades, as pictures have them. */
void fill_picture(struct guarded_picture *g, enum fill how, uint32_t seed);

/* Comparing */

/* False, and said where, at the first byte that differs. */
bool same_plane(const char *what, const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height);
/* All three planes of 8-bit 4:2:0 pictures, and their sizes. */
bool same_picture(const char *what, const struct picture *a, const struct picture *b);
/* In dB; 100 when nothing differs. */
double psnr(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height);

/* Measuring: this thread's CPU time */

/* Milliseconds of one run: the median of rounds, each long enough to be measured. */
double bench_ms(void (*run)(void *ctx), void *ctx);
/* ms[0..best]; of swscale, or another peer for the same work: 0 when there is none. */
void bench_row(const char *what, const double ms[CPU_LEVELS], enum cpu_level best, double peer_ms);
/* A row each for 1080p, 720p and 360p: measure gives milliseconds. */
void bench_sizes(double (*measure)(unsigned width, unsigned height, enum cpu_level cpu), enum cpu_level best);

#endif
