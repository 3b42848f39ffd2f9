/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's tables: cameras and renditions by name, and a bit for each segment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seal/verify_state.h"

/* Where name stands in the sorted table, or would. *ret_found says which. Each entry begins with its name at offset at. */
static size_t place(void *const *table, size_t n, size_t at, const char *name, bool *ret_found)
{
	size_t lo = 0, hi = n;

	*ret_found = false;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp((const char *)table[mid] + at, name);

		if (c == 0)
			*ret_found = true;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Room for one more pointer at place i; false when there is none. */
static bool open_place(void ***table, size_t *n, size_t *cap, size_t i)
{
	void **grown;

	if (*n >= VERIFY_RENDITIONS_MAX)
		return false;
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 64;

		grown = realloc(*table, more * sizeof *grown);
		if (!grown)
			return false;
		*table = grown;
		*cap = more;
	}
	memmove(*table + i + 1, *table + i, (*n - i) * sizeof **table);
	++*n;
	return true;
}

/* A line in the report for a new camera. */
static bool add_account(struct verify_report *r, const char *camera)
{
	struct verify_account *grown = realloc(r->account, (r->naccounts + 1) * sizeof *grown);

	if (!grown)
		return false;
	r->account = grown;
	grown += r->naccounts++;
	memset(grown, 0, sizeof *grown);
	snprintf(grown->camera, sizeof grown->camera, "%s", camera);
	return true;
}

struct verify_camera *verify_camera_get(struct verify *v, const char *name)
{
	bool found;
	size_t i = place((void *const *)v->camera, v->ncameras, offsetof(struct verify_camera, name), name, &found);
	struct verify_camera *c;

	if (found)
		return v->camera[i];
	c = calloc(1, sizeof *c);
	if (!c || !open_place((void ***)&v->camera, &v->ncameras, &v->cap_cameras, i)) {
		free(c);
		v->error = -ENOMEM;
		return NULL;
	}
	snprintf(c->name, sizeof c->name, "%s", name);
	c->report = v->report->naccounts;
	v->camera[i] = c;
	if (!add_account(v->report, name))
		v->error = -ENOMEM;
	return v->error ? NULL : c;
}

static void track_name(const char *camera, const char *rendition, char out[2 * ENTRY_NAME])
{
	snprintf(out, 2 * ENTRY_NAME, "%s/%s", camera, rendition);
}

struct verify_track *verify_track_find(const struct verify *v, const char *camera, const char *rendition)
{
	char name[2 * ENTRY_NAME];
	bool found;
	size_t i;

	track_name(camera, rendition, name);
	i = place((void *const *)v->track, v->ntracks, offsetof(struct verify_track, name), name, &found);
	return found ? v->track[i] : NULL;
}

/* A line in the report for a new track. */
static bool add_rendition(struct verify_report *r, const char *camera, const char *rendition)
{
	struct verify_rendition *grown = realloc(r->rendition, (r->nrenditions + 1) * sizeof *grown);

	if (!grown)
		return false;
	r->rendition = grown;
	grown += r->nrenditions++;
	memset(grown, 0, sizeof *grown);
	snprintf(grown->camera, sizeof grown->camera, "%s", camera);
	snprintf(grown->rendition, sizeof grown->rendition, "%s", rendition);
	return true;
}

struct verify_track *verify_track_get(struct verify *v, const char *camera, const char *rendition)
{
	struct verify_track *t = verify_track_find(v, camera, rendition);
	struct verify_camera *c = t ? t->camera : verify_camera_get(v, camera);
	bool found;
	size_t i;

	if (t || !c)
		return t;
	t = calloc(1, sizeof *t);
	if (t) {
		track_name(camera, rendition, t->name);
		i = place((void *const *)v->track, v->ntracks, offsetof(struct verify_track, name), t->name, &found);
		t->camera = c;
		t->report = v->report->nrenditions;
	}
	if (!t || !open_place((void ***)&v->track, &v->ntracks, &v->cap_tracks, i)) {
		free(t);
		v->error = -ENOMEM;
		return NULL;
	}
	v->track[i] = t;
	if (!add_rendition(v->report, camera, rendition))
		v->error = -ENOMEM;
	return v->error ? NULL : t;
}

size_t verify_folder_from(const struct verify_track *t, uint64_t number)
{
	size_t lo = 0, hi = t->nfolders;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->folder[mid].n < number / FOLDER_SEGMENTS)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct verify_folder *verify_folder(struct verify *v, struct verify_track *t, uint64_t number, bool make)
{
	size_t lo = verify_folder_from(t, number);
	uint64_t n = number / FOLDER_SEGMENTS;
	struct verify_folder *grown;

	if (lo < t->nfolders && t->folder[lo].n == n)
		return &t->folder[lo];
	if (!make)
		return NULL;
	grown = v->nfolders < VERIFY_FOLDERS_MAX ? realloc(t->folder, (t->nfolders + 1) * sizeof *grown) : NULL;
	if (!grown) {
		v->error = -ENOMEM;
		return NULL;
	}
	t->folder = grown;
	memmove(grown + lo + 1, grown + lo, (t->nfolders - lo) * sizeof *grown);
	memset(&grown[lo], 0, sizeof grown[lo]);
	grown[lo].n = n;
	t->nfolders++;
	v->nfolders++;
	return &grown[lo];
}

bool verify_bit(const uint8_t *bits, uint64_t number)
{
	unsigned i = (unsigned)(number % FOLDER_SEGMENTS);

	return bits[i / 8] >> i % 8 & 1;
}

void verify_set(uint8_t *bits, uint64_t number, bool on)
{
	unsigned i = (unsigned)(number % FOLDER_SEGMENTS);
	uint8_t bit = (uint8_t)(1u << i % 8);

	bits[i / 8] = on ? bits[i / 8] | bit : bits[i / 8] & (uint8_t)~bit;
}

void verify_tracks_free(struct verify *v)
{
	for (size_t i = 0; i < v->ntracks; i++) {
		free(v->track[i]->folder);
		free(v->track[i]->init);
		free(v->track[i]);
	}
	for (size_t i = 0; i < v->ncameras; i++)
		free(v->camera[i]);
	free(v->track);
	free(v->camera);
}
