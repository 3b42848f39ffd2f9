/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a viewer's page asks by way of serve: what commands ask over the local socket, as far as serve has found that he may. For looking
 * serve's word is enough, since it shows all of that anyway. A link outlives whoever took over serve: so there is none from here but in the
 * name of a user who is logged in, bounded by his rights, for SHARE_LASTS_US at most, some a minute, and each stands in the log.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "server/ask.h"
#include "server/parent.h"

/* Of a serve process. What changes something is counted apart: however many look, an admin can revoke a link. */
#define LOOKS_PER_S 40
#define LOOKS_STATUS 5                            /* as much work as so many others, and serve asks for it anew every 2 s alone */
#define CHANGES_PER_S 20
#define SHARES_A_MINUTE 10
#define SHARE_LASTS_US (31ll * 86400 * 1000000)

static void refuse(struct buf *out, const char *why)
{
	buf_append_fmt(out, ASK_REFUSED "%s\n", why);
}

static void on_status(struct parent *p, const struct msg_question *m, struct buf *out)
{
	buf_append_str(out, ASK_DONE);
	status_json(p, out);
}

static void on_alarms(struct parent *p, const struct msg_question *m, struct buf *out)
{
	buf_append_str(out, ASK_DONE);
	status_alarms_last(p, out);
}

static void on_history(struct parent *p, const struct msg_question *m, struct buf *out)
{
	buf_append_str(out, ASK_DONE);
	if (!parent_history_json(p, m->words, out)) {
		buf_clear(out);
		refuse(out, "there is no such camera");
	}
}

static void on_sessions(struct parent *p, const struct msg_question *m, struct buf *out)
{
	buf_append_str(out, ASK_DONE);
	parent_sessions_json(p, m->all ? PARENT_EVERYBODY : (int)m->user, out);
}

static void on_session_end(struct parent *p, const struct msg_question *m, struct buf *out)
{
	char words[sizeof m->words + 4];

	snprintf(words, sizeof words, "id %s", m->words);
	if (m->all || parent_has_session(p, m->user, m->words))
		parent_sessions_end(p, words, out);
	else
		refuse(out, "there is no such session");
}

static void on_shares(struct parent *p, const struct msg_question *m, struct buf *out)
{
	parent_share_list(p, true, out);
}

/* Some a minute, of all serve processes. */
static bool shares_too_often(struct parent *p)
{
	int64_t minute = clock_mono_us() / 60000000;

	if (minute != p->shares.page_minute)
		p->shares.from_page = 0;
	p->shares.page_minute = minute;
	return ++p->shares.from_page > SHARES_A_MINUTE;
}

/* Whether the last word is a time that is near enough. */
static bool ends_soon(const char *words)
{
	const char *last = strrchr(words, ' ');
	int64_t us;

	return last && clock_parse(last + 1, strlen(last + 1), &us) == 0 && us <= clock_wall_us() + SHARE_LASTS_US;
}

static void on_share(struct parent *p, const struct msg_question *m, struct buf *out)
{
	char words[sizeof m->words + SITE_NAME + 2];

	snprintf(words, sizeof words, "%s %s", m->words, parent_viewer_name(p, m->user));
	if (m->user >= p->site->nusers || !parent_is_logged_in(p, m->user))
		refuse(out, "for this, log in with a password: casemate share makes links too");
	else if (!ends_soon(m->words))
		refuse(out, "a link from here ends within 31 days: casemate share makes longer ones");
	else if (shares_too_often(p))
		refuse(out, "that were many links in a minute: wait a little");
	else
		parent_share_make(p, words, out);
}

static void on_unshare(struct parent *p, const struct msg_question *m, struct buf *out)
{
	parent_share_revoke(p, m->words, out);
}

static void (*const answers[QUESTION_COUNT])(struct parent *p, const struct msg_question *m, struct buf *out) = {
	[QUESTION_STATUS] = on_status, [QUESTION_ALARMS] = on_alarms, [QUESTION_HISTORY] = on_history, [QUESTION_SESSIONS] = on_sessions,
	[QUESTION_SESSION_END] = on_session_end, [QUESTION_SHARES] = on_shares, [QUESTION_SHARE] = on_share, [QUESTION_UNSHARE] = on_unshare};

static bool too_soon(struct child *c, uint8_t what)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != c->question_second)
		c->looks = c->changes = 0;
	c->question_second = second;
	if (msg_question_changes(what))
		return ++c->changes > CHANGES_PER_S;
	c->looks += what == QUESTION_STATUS ? LOOKS_STATUS : 1;
	return c->looks > LOOKS_PER_S;
}

/* Takes what begins with ASK_DONE or ASK_REFUSED apart. *ret_fd: sealed memory, where it is done. */
static void seal(const struct buf *said, struct msg_answer *a, int *ret_fd)
{
	const uint8_t *p = buf_data(said);
	size_t done = strlen(ASK_DONE), refused = strlen(ASK_REFUSED);

	if (said->len > refused && memcmp(p, ASK_REFUSED, refused) == 0) {
		a->result = MSG_ANSWER_REFUSED;
		snprintf(a->why, sizeof a->why, "%.*s", (int)(said->len - refused - 1), (const char *)p + refused);
		return;
	}
	a->result = MSG_ANSWER_LATER;
	if (said->len < done || memcmp(p, ASK_DONE, done) != 0)
		return;
	/* There may be nothing to say but that it is done: sealed memory is never empty. */
	p = said->len > done ? p + done : (const uint8_t *)"\n";
	a->bytes = said->len > done ? said->len - done : 1;
	if (EVP_Digest(p, a->bytes, a->sha256, NULL, EVP_sha256(), NULL) && io_seal_bytes("answer", p, a->bytes, ret_fd) == 0)
		a->result = MSG_ANSWER_DONE;
}

void parent_question(struct child *c, const struct msg_question *m)
{
	struct msg_answer a = {.request = m->request, .result = MSG_ANSWER_LATER};
	struct buf out;
	int fd = -1;

	if (m->what >= QUESTION_COUNT) {
		child_kill(c, "asked for what cannot be asked");
		return;
	}
	buf_init(&out, ASK_ANSWER_MAX);
	if (!too_soon(c, m->what) && parent_viewer_name(c->parent, m->user)) {
		answers[m->what](c->parent, m, &out);
		seal(&out, &a, &fd);
	}
	child_say(c, MSG_ANSWER, &a, &fd, fd >= 0);
	if (fd >= 0)
		close(fd);
	if (out.mem)
		explicit_bzero(out.mem, out.cap);  /* a link's token may have been in it */
	buf_free(&out);
}
