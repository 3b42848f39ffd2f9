/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key note by which a token hands over to the site's next key. sign says from which size on, the token signs it: `certify` is started for
 * it, and nobody waits, not for its end either: a token's device may keep it in the kernel, where no signal ends it. To whom is handed over is not
 * sign's to say: it is the next key that it was given, and no other. A token that refused its PIN is not asked again before a reload: it counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/parent.h"

#define AGAIN_US 1000000      /* no more often; sign asks when it starts and then each minute */

struct parent_turn {
	struct parent *parent;
	struct event *event;
	int64_t asked_us;
	pid_t pid;                /* until it has ended; 0: none is asked now */
	int fd;
	bool given;               /* its note */
	bool held;                /* it refused the PIN: not asked before a reload */
	struct buf answer;
	char heir[KEY_VKEY];
	uint64_t size;
};

/* What is left of it is waited for by parent_turn_reap. */
static void stop(struct parent_turn *t)
{
	if (!t->event)
		return;
	event_free(t->event);
	t->event = NULL;
	close(t->fd);
	buf_free(&t->answer);
	kill(t->pid, SIGKILL);
}

/* Whether it is that note, by the token of this run: what certify prints is not believed either. */
static bool is_right(const struct parent_turn *t, const uint8_t *note, size_t n)
{
	const char *own = t->parent->certified.root;
	struct keychain chain = {0};
	struct key_public token, heir;
	bool good = key_parse_vkey(own, strlen(own), &token, NULL) == 0 && key_parse_vkey(t->heir, strlen(t->heir), &heir, NULL) == 0 &&
		keychain_begin(&chain, &token) == 0 && keychain_add(&chain, note, n, NULL) == 0 && chain.nkeys == 2 &&
		key_same(&chain.key[1].key, &heir) && chain.key[0].until == t->size;

	keychain_free(&chain);
	return good;
}

/* With an empty note when there is none. */
static void say(struct parent *p, const struct msg_turn *m)
{
	struct child *sign = parent_child(p, ROLE_SIGN, 0);

	if (sign && sign->phase == CHILD_READY)
		child_say(sign, MSG_TURN, m, NULL, 0);
}

/* Not before its answer is read, nor before it has ended: only then is it known whether the PIN was refused. */
void parent_turn_reap(struct parent *p)
{
	struct parent_turn *t = p->turn;
	int status;

	if (!t || t->event || t->pid <= 0 || waitpid(t->pid, &status, WNOHANG) != t->pid)
		return;
	t->pid = 0;
	if (t->given)
		return;
	t->held = WIFEXITED(status) && WEXITSTATUS(status) == CERTIFIED_EXIT_PIN;
	parent_log("error", "key-rotation", "error=\"the token of the key before does not hand over to the next one\" mend=\"%s, and nothing is signed until then\"",
		   t->held ? "it refused the PIN, and locks after a few such: put the PIN right, then casemate reload; it is not asked before" :
			     "put that token back, and its PIN; it is asked each minute");
	say(p, &(struct msg_turn){0});
}

static void answer(struct parent_turn *t)
{
	struct msg_turn m = {0};
	char root[KEY_VKEY];

	t->given = certified_take_root(&t->answer, root) == 0 && t->answer.len && t->answer.len <= sizeof m.note && is_right(t, buf_data(&t->answer), t->answer.len);
	if (t->given) {
		m.note_len = (uint16_t)t->answer.len;
		memcpy(m.note, buf_data(&t->answer), t->answer.len);
		say(t->parent, &m);
	}
	stop(t);
	parent_turn_reap(t->parent);
}

bool parent_turn_again(struct parent *p)
{
	bool held = p->turn && p->turn->held;

	if (held)
		p->turn->held = false;
	return held;
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct parent_turn *t = arg;
	uint8_t *room = what & EV_TIMEOUT ? NULL : buf_reserve(&t->answer, 256);
	ssize_t n = room ? read(t->fd, room, 256) : 0;

	if (n < 0 && errno == EINTR)
		return;
	if (n > 0) {
		buf_commit(&t->answer, (size_t)n);
		return;
	}
	if (what & EV_TIMEOUT)
		parent_log("error", "key-rotation", "error=\"the token of the key before did not answer within %d s\" mend=\"see to the token\"", CERTIFIED_LONGEST_US / 1000000);
	answer(t);
}

static int ask(struct parent_turn *t, const struct msg_turn_ask *m)
{
	const struct site *site = t->parent->site;
	const struct timeval longest = {CERTIFIED_LONGEST_US / 1000000, 0};
	int fd = open(site->key, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = certified_turn(fd, site->origin, m->vkey, m->time_us, m->size, &t->pid, &t->fd);
	close(fd);
	if (rc)
		return rc;
	buf_init(&t->answer, CERTIFIED_ANSWER_MAX + 256);
	memcpy(t->heir, m->vkey, sizeof t->heir);
	t->size = m->size;
	t->given = false;
	t->event = event_new(t->parent->base, t->fd, EV_READ | EV_PERSIST, on_answer, t);
	if (t->event && event_add(t->event, &longest) == 0)
		return 0;
	if (!t->event)
		close(t->fd);
	kill(t->pid, SIGKILL);
	stop(t);
	return -ENOMEM;
}

void parent_turn_ask(struct child *sign, const struct msg_turn_ask *m)
{
	struct parent *p = sign->parent;
	struct parent_turn *t = p->turn = p->turn ? p->turn : calloc(1, sizeof *p->turn);
	int64_t now_us = clock_mono_us();
	int rc;

	if (!p->certified.note_len || !p->next_key.given || strcmp(m->vkey, p->next_key.vkey) != 0) {
		child_kill(sign, "asked a token to hand over to a key that is not the next one");
		return;
	}
	if (t && t->asked_us > sign->started_us && now_us - t->asked_us < AGAIN_US) {
		child_kill(sign, "asks the token too often");
		return;
	}
	if (t) {
		t->parent = p;
		t->asked_us = now_us;
	}
	if (t && t->pid > 0)
		return;  /* what it says is for this sign too */
	if (t && t->held) {
		child_say(sign, MSG_TURN, &(struct msg_turn){0}, NULL, 0);
		return;
	}
	rc = t ? ask(t, m) : -ENOMEM;
	if (rc) {
		parent_log("error", "key-rotation", "error=\"%s\" mend=\"the token is asked again in a minute\"", strerror(-rc));
		child_say(sign, MSG_TURN, &(struct msg_turn){0}, NULL, 0);
	}
}

void parent_turn_end(struct parent *p)
{
	if (p->turn)
		stop(p->turn);
	free(p->turn);
	p->turn = NULL;
}
