/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SCENE_H
#define CODEC_SCENE_H
/*
 * What is wrong with what a camera shows: black, frozen (the very same picture
 * again and again, as no sensor gives it), or a covered lens (nothing to be seen
 * in it but one soft surface). Said once it has lasted, and taken back likewise.
 *
 * What can't be told: thick fog, or a bare wall in soft light, from a cover; a
 * sensor that hangs behind an encoder that codes its picture anew each time, and
 * a little differently, from a still scene.
 */
#include "codec/cpu.h"
#include "codec/picture.h"

enum scene_bit { SCENE_BLACK = 1, SCENE_FROZEN = 2, SCENE_COVERED = 4 };
#define SCENE_LASTS_90K (10 * 90000)  /* so long before it is said, or taken back */

/*
 * What one picture says, its luma alone. At the top and at the bottom an eighth of the lines is left out: there cameras write their
 * name and a running clock, also when their sensor hangs or their lens is covered.
 */
struct scene_stats {
	unsigned mean, deviation;      /* 0..255 */
	unsigned edges;                /* of neighbouring cells of 8x8 those whose means are more than 4 levels apart, in 1/1000 */
	unsigned dark, bright;         /* pixels below 32, above 224, in 1/1000 of all */
	uint64_t fingerprint;          /* the same for the very same luma, and hardly ever otherwise */
};

/* An 8-bit 4:2:0 picture of at least 16x16. */
void scene_measure(const struct picture *p, enum cpu_level cpu, struct scene_stats *ret);

struct scene {
	bool begun;
	unsigned now, said;            /* bits: as of the newest picture; as told */
	int64_t since[3];              /* pts since each bit of now is as it is */
	uint64_t fingerprint;
	unsigned keys;                 /* key frames since the picture is the same */
};

/*
 * Zeros are a scene that nothing was seen of. Pictures may be left out: two a second are enough. key: the camera's stream had a
 * key frame since the last call. The bits that hold.
 */
unsigned scene_add(struct scene *s, const struct scene_stats *stats, bool key, int64_t pts);

#endif
