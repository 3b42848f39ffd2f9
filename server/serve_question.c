/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_question.h"

#include <errno.h>
#include <string.h>

#include "server/channel.h"
#include "server/serve_users.h"

static bool has_status(const struct serve_questions *s, const struct msg_question *m, int64_t now_us)
{
	return m->what == QUESTION_STATUS && s->status && now_us - s->status_us < SERVE_STATUS_OLD_US;
}

int serve_question_ask(struct serve_questions *s, struct serve_users *users, struct channel *parent, struct msg_question *m, struct serve_question_waiter *w, int64_t now_us)
{
	w->asked = true;
	if (has_status(s, m, now_us)) {
		w->answered = true;
		w->result = MSG_ANSWER_DONE;
		w->bytes = serve_bytes_ref(s->status);
		return 0;
	}
	if (!serve_users_add_question(users, m->user, msg_question_changes(m->what), now_us))
		return -EDQUOT;
	s->last_request += s->last_request == UINT32_MAX ? 2 : 1;
	m->request = s->last_request;
	if (s->n >= SERVE_QUESTIONS_MAX || channel_say(parent, MSG_QUESTION, m, NULL, 0) < 0)
		return -ENOBUFS;
	if (m->what == QUESTION_STATUS)
		s->status_request = m->request;
	w->request = m->request;
	w->of = s;
	LIST_INSERT_HEAD(&s->waiting, w, next);
	s->n++;
	return 0;
}

static void stop_waiting(struct serve_question_waiter *w)
{
	if (!w->of)
		return;
	LIST_REMOVE(w, next);
	w->of->n--;
	w->of = NULL;
}

void serve_question_cancel(struct serve_question_waiter *w)
{
	stop_waiting(w);
	serve_bytes_unref(&w->bytes);
}

static void tell(struct serve_question_waiter *w, const struct msg_answer *m, struct serve_bytes *bytes)
{
	stop_waiting(w);
	w->answered = true;
	w->result = m->result == MSG_ANSWER_DONE && !bytes ? MSG_ANSWER_LATER : (enum msg_answer_result)m->result;
	memcpy(w->why, m->why, sizeof w->why);
	w->bytes = bytes ? serve_bytes_ref(bytes) : NULL;
	w->done(w);
}

int serve_question_answered(struct serve_questions *s, const struct msg_answer *m, int fd, int64_t now_us)
{
	struct serve_question_waiter *w;
	struct serve_bytes *bytes = NULL;
	int rc = m->result == MSG_ANSWER_DONE && fd >= 0 ? serve_bytes_map(fd, m->bytes, m->sha256, &bytes) : 0;

	if (bytes && m->request == s->status_request) {
		serve_bytes_unref(&s->status);
		s->status = serve_bytes_ref(bytes);
		s->status_us = now_us;
	}
	LIST_FOREACH(w, &s->waiting, next)
		if (w->request == m->request)
			break;
	if (w)  /* else nobody waits for it any more */
		tell(w, m, bytes);
	serve_bytes_unref(&bytes);
	return rc;
}
