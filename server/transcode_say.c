/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/transcode_say.h"

#include <unistd.h>

#define PACKET_MAX 256
#define FIRST_LOOKS 2  /* each of them is told at once: somebody may wait for no more */

static bool say(int fd, enum msg_type type, const void *body)
{
	uint8_t packet[PACKET_MAX];
	struct wr w = wr_init(packet, sizeof packet);

	msg_encode(&w, type, body);
	return !w.bad && write(fd, packet, w.len) == (ssize_t)w.len;
}

void transcode_ask(int fd, const struct msg_sei_ask *m)
{
	say(fd, MSG_SEI_ASK, m);
}

static struct msg_worker_state state_of(const struct transcoder_settings *set, const struct transcoder_state *state, const struct transcoder_counts *c)
{
	return (struct msg_worker_state){.camera = set->camera, .scene = (uint8_t)state->scene, .scene_now = (uint8_t)state->scene_now, .looked = (uint32_t)state->looked, .step = (uint8_t)(state->overload < 255 ? state->overload : 255),
		.cpu = (uint8_t)set->cpu, .no_picture_since_us = state->no_picture_since_us, .pictures = c->pictures, .errors = c->errors,
		.skipped = c->skipped_aus, .behind = c->behind, .refused = c->refused};
}

static bool has_changed(const struct transcode_say *s, const struct msg_worker_state *m, const struct transcoder_state *state)
{
	if (m->scene != s->told.scene || m->scene_now != s->told.scene_now || (m->looked != s->told.looked && s->told.looked < FIRST_LOOKS) || m->step != s->told.step || (m->no_picture_since_us == 0) != (s->told.no_picture_since_us == 0))
		return true;
	for (unsigned i = 0; i < state->nrenditions; i++)
		if (state->rendition[i].running != s->running[i] || state->rendition[i].given_up != s->given_up[i] ||
		    state->rendition[i].fps_step != s->fps_step[i])
			return true;
	return false;
}

static void remember(struct transcode_say *s, const struct msg_worker_state *m, const struct transcoder_state *state)
{
	s->told = *m;
	for (unsigned i = 0; i < state->nrenditions; i++) {
		s->running[i] = state->rendition[i].running;
		s->given_up[i] = state->rendition[i].given_up;
		s->fps_step[i] = state->rendition[i].fps_step;
	}
}

void transcode_say(struct transcode_say *s, const struct transcoder_settings *set, const struct transcoder *t, int64_t now_us)
{
	struct transcoder_counts c = transcoder_counts(t);
	struct transcoder_state state;
	struct msg_worker_state m;

	transcoder_state(t, &state);
	m = state_of(set, &state, &c);
	if (s->told_us && now_us - s->told_us < TRANSCODE_SAY_US && !has_changed(s, &m, &state))
		return;
	for (unsigned i = 0; i < state.nrenditions; i++) {
		const struct transcoder_rendition_state *r = &state.rendition[i];
		struct msg_worker_rendition mr = {.camera = set->camera, .rendition = r->number, .running = r->running, .given_up = r->given_up,
			.fps_step = (uint8_t)r->fps_step, .encoded = r->encoded, .same = r->same, .behind = r->behind, .signed_gops = r->signed_gops,
			.unsigned_gops = r->unsigned_gops};

		if (!say(s->fd, MSG_WORKER_RENDITION, &mr))
			return;
	}
	if (!say(s->fd, MSG_WORKER_STATE, &m))
		return;
	remember(s, &m, &state);
	s->told_us = now_us;
}
