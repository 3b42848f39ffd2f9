/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_witness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/site.h"
#include "server/channel.h"

struct place {
	uint32_t request;                       /* 0: free */
	unsigned user;                          /* whose it is, also when he does not wait any more */
	int64_t until_us;
	struct serve_witness_waiter *waiter;    /* NULL: it is not waited for any more */
};

struct serve_witness {
	struct serve_bytes *note[MSG_LOG_NOTES];
	struct place place[SERVE_WITNESS_MAX];
	uint32_t last_request;
	int64_t next_us[SITE_USERS_MAX];        /* when each user may bring another */
};

struct serve_witness *serve_witness_new(void)
{
	return calloc(1, sizeof(struct serve_witness));
}

static void finish(struct place *p, enum msg_cosigned_result result)
{
	struct serve_witness_waiter *waiter = p->waiter;

	*p = (struct place){0};
	if (!waiter)
		return;
	waiter->place = NULL;
	waiter->done(waiter, result);
}

void serve_witness_reset(struct serve_witness *w)
{
	for (unsigned i = 0; i < MSG_LOG_NOTES; i++)
		serve_bytes_unref(&w->note[i]);
	for (unsigned i = 0; i < SERVE_WITNESS_MAX; i++)
		finish(&w->place[i], MSG_COSIGNED_LATER);
}

int serve_witness_note(struct serve_witness *w, const struct msg_log_note *m, const char **why)
{
	struct serve_bytes *fresh = NULL;
	int rc = 0;

	if (m->what >= MSG_LOG_NOTES) {
		*why = "a note of the log that there is not";
		return -EBADMSG;
	}
	if (m->note_len)
		rc = serve_bytes_copy(m->note, m->note_len, &fresh);
	if (rc)
		return rc;
	serve_bytes_unref(&w->note[m->what]);
	w->note[m->what] = fresh;
	return 0;
}

struct serve_bytes *serve_witness_shown(const struct serve_witness *w, enum msg_log_note_what what)
{
	return w->note[what];
}

static bool has_his_share(const struct serve_witness *w, unsigned user, int64_t now_us)
{
	for (unsigned i = 0; i < SERVE_WITNESS_MAX; i++)
		if (w->place[i].request && w->place[i].user == user)
			return true;
	return now_us < w->next_us[user];
}

int serve_witness_give(struct serve_witness *w, struct channel *store, unsigned user, const void *bytes, size_t n, int64_t now_us,
	struct serve_witness_waiter *waiter)
{
	struct msg_cosignature m = {.note_len = (uint16_t)n};
	struct place *p = w->place;

	if (n > sizeof m.note)
		return -EMSGSIZE;
	if (user >= SITE_USERS_MAX || has_his_share(w, user, now_us))
		return -EDQUOT;
	while (p < w->place + SERVE_WITNESS_MAX && p->request)
		p++;
	if (!store || p == w->place + SERVE_WITNESS_MAX)
		return -ENOBUFS;
	if (n)
		memcpy(m.note, bytes, n);
	w->last_request += w->last_request == UINT32_MAX ? 2 : 1;
	m.request = w->last_request;
	if (channel_say(store, MSG_COSIGNATURE, &m, NULL, 0) < 0)
		return -ENOBUFS;
	*p = (struct place){m.request, user, now_us + SERVE_WITNESS_TIMEOUT_US, waiter};
	w->next_us[user] = now_us + SERVE_WITNESS_PAUSE_US;
	waiter->place = p;
	return 0;
}

void serve_witness_cancel(struct serve_witness_waiter *waiter)
{
	struct place *p = waiter->place;

	if (p)
		p->waiter = NULL;
	waiter->place = NULL;
}

int serve_witness_cosigned(struct serve_witness *w, const struct msg_cosigned *m, const char **why)
{
	if (m->result > MSG_COSIGNED_LATER) {
		*why = "an answer to a cosignature that cannot be";
		return -EBADMSG;
	}
	for (unsigned i = 0; i < SERVE_WITNESS_MAX; i++)
		if (m->request && w->place[i].request == m->request)
			finish(&w->place[i], (enum msg_cosigned_result)m->result);
	return 0;  /* of one that is not there, the time was over */
}

void serve_witness_expire(struct serve_witness *w, int64_t now_us)
{
	for (unsigned i = 0; i < SERVE_WITNESS_MAX; i++)
		if (w->place[i].request && w->place[i].until_us <= now_us)
			finish(&w->place[i], MSG_COSIGNED_LATER);
}
