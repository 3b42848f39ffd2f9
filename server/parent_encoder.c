/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * With what a camera's encoded renditions are made, told to store for encoder/v1
 * entries: the site file's settings, as its worker gets them, and the encoder
 * that the programs were built against. What the worker itself is, start/v1 says.
 */
#include "server/parent.h"

#include <stdio.h>
#include <string.h>

#include "codec/build.h"
#include "codec/snapshot.h"
#include "conf/loader.h"

/* Done to every encoded picture, whatever its rendition. */
static void picture_words(const struct site_camera *cam, char *out, size_t cap)
{
	snprintf(out, cap, "denoise=%s masks=%u overlay=%s", values_words(SCHEMA_DENOISE)[cam->denoise], cam->nmasks, cam->overlay ? "yes" : "no");
}

static void say(struct child *store, unsigned camera, unsigned rendition, enum build_of by, const char *settings)
{
	struct msg_store_encoder m = {.camera = (uint16_t)camera, .rendition = (uint8_t)rendition};

	snprintf(m.encoder, sizeof m.encoder, "%s", build_text(by));
	snprintf(m.settings, sizeof m.settings, "%s", settings);
	child_say(store, MSG_STORE_ENCODER, &m, NULL, 0);
}

static void say_rendition(struct child *store, const struct site_camera *cam, unsigned camera, unsigned i)
{
	const struct site_rendition *r = &cam->rendition[i];
	char settings[sizeof ((struct msg_store_encoder *)0)->settings], fps[16] = "source", picture[128];

	picture_words(cam, picture, sizeof picture);
	if (r->fps)
		snprintf(fps, sizeof fps, "%u", r->fps);
	snprintf(settings, sizeof settings, "size=%ux%u fps=%s bitrate=%u crf=%u latency=%s profile=%s sign=%s %s", r->width, r->height, fps,
		 r->bitrate_bps, r->crf, values_words(SCHEMA_LATENCY)[r->latency], values_words(SCHEMA_PROFILE)[r->profile],
		 values_words(SCHEMA_SIGN)[r->sign], picture);
	say(store, camera, RENDITION_ENCODED + i, BUILD_PICTURES, settings);
}

void parent_tell_encoders(struct child *store, unsigned camera)
{
	const struct site_camera *cam = &store->parent->site->camera[camera];
	char settings[256], picture[128];

	for (unsigned i = 0; i < cam->nrenditions; i++)
		if (!cam->rendition[i].gone)
			say_rendition(store, cam, camera, i);
	picture_words(cam, picture, sizeof picture);
	snprintf(settings, sizeof settings, "width=%u height=%u fit=down %s", SNAPSHOT_WIDTH_MAX, SNAPSHOT_HEIGHT_MAX, picture);
	say(store, camera, RENDITION_SNAPSHOT, BUILD_SNAPSHOT, settings);
	if (cam->audio)
		say(store, camera, RENDITION_AUDIO, BUILD_SOUND, "profile=lc");
}
