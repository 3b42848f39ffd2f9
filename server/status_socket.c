/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local socket that `casemate status` asks. Only the user who runs the server
 * (and root) can open it. A question is one line, the answer everything up to
 * the end: "text", "colour" or "json"; "audit" and "audit marks" (audit_tell.c); or what server/ask.h has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "server/ask.h"
#include "server/audit.h"
#include "server/parent.h"

#define ANSWER_MAX (8u << 20)
#define DEADLINE_S 5

static void on_sent(struct bufferevent *b, void *ctx)
{
	if (evbuffer_get_length(bufferevent_get_output(b)) == 0)
		bufferevent_free(b);
}

static void on_end(struct bufferevent *b, short what, void *ctx)
{
	bufferevent_free(b);
}

static void reload(struct parent *p, bool rollback, struct buf *out)
{
	struct buf said;
	int rc;

	buf_init(&said, PARENT_RELOAD_MAX);
	rc = parent_reload(p, rollback, &said);
	buf_append_str(out, rc ? ASK_REFUSED : ASK_DONE);
	if (said.len)
		buf_append(out, buf_data(&said), said.len);
	buf_free(&said);
}

static const char *behind(const char *line, const char *head)
{
	size_t n = strlen(head);

	return strncmp(line, head, n) == 0 ? line + n : NULL;
}

/* Of links and sessions; false: it is about something else. */
static bool answer_of_viewers(struct parent *p, const char *line, struct buf *out)
{
	const char *words;

	if ((words = behind(line, ASK_SHARE)))
		parent_share_make(p, words, out);
	else if ((words = behind(line, ASK_UNSHARE)))
		parent_share_revoke(p, words, out);
	else if ((words = behind(line, ASK_SHARES)))
		parent_share_list(p, strcmp(words, "json") == 0, out);
	else if ((words = behind(line, ASK_SESSIONS)))
		parent_sessions_list(p, strcmp(words, "json") == 0, out);
	else if ((words = behind(line, ASK_SESSIONS_END)))
		parent_sessions_end(p, words, out);
	return words != NULL;
}

/* Whom secrets' marks are told to: who runs the server, and root, whatever has become of the socket's mode. */
static bool is_own(struct bufferevent *b)
{
	struct ucred caller;
	socklen_t n = sizeof caller;

	return getsockopt(bufferevent_getfd(b), SOL_SOCKET, SO_PEERCRED, &caller, &n) == 0 && (caller.uid == 0 || caller.uid == geteuid());
}

static void tell_marks(const struct parent *p, struct bufferevent *b, struct buf *out)
{
	if (is_own(b))
		audit_tell(p, true, out);
	else
		buf_append_str(out, ASK_REFUSED "that is for root, and for the user who runs the server\n");
}

static void on_question(struct bufferevent *b, void *ctx)
{
	struct evbuffer *in = bufferevent_get_input(b);
	char *line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF);
	struct buf out;

	if (!line) {
		if (evbuffer_get_length(in) > ASK_QUESTION_MAX)
			bufferevent_free(b);
		return;
	}
	buf_init(&out, ANSWER_MAX);
	if (strcmp(line, ASK_RELOAD) == 0 || strcmp(line, ASK_ROLLBACK) == 0)
		reload(ctx, strcmp(line, ASK_ROLLBACK) == 0, &out);
	else if (strncmp(line, ASK_EXPORT, strlen(ASK_EXPORT)) == 0)
		parent_export(ctx, line + strlen(ASK_EXPORT), &out);
	else if (strncmp(line, ASK_ALARMS, strlen(ASK_ALARMS)) == 0)
		status_alarms(ctx, line + strlen(ASK_ALARMS), &out);
	else if (strcmp(line, "top") == 0)
		status_top(ctx, &out);
	else if (strcmp(line, "json") == 0)
		status_json(ctx, &out);
	else if (strcmp(line, ASK_INVENTORY) == 0)
		status_inventory(ctx, &out);
	else if (strcmp(line, "audit") == 0)
		audit_tell(ctx, false, &out);
	else if (strcmp(line, "audit marks") == 0)
		tell_marks(ctx, b, &out);
	else if (!answer_of_viewers(ctx, line, &out))
		status_question(ctx, line, &out);
	free(line);
	bufferevent_setcb(b, NULL, on_sent, on_end, ctx);
	bufferevent_disable(b, EV_READ);
	/* Enabled anew, since libevent that found no memory for its own callback sends nothing of what it was given. */
	if (!out.len || bufferevent_write(b, buf_data(&out), out.len) < 0 || bufferevent_enable(b, EV_WRITE) < 0)
		bufferevent_free(b);
	if (out.mem)
		explicit_bzero(out.mem, out.cap);  /* it may have the token of a link */
	buf_free(&out);
}

static void on_caller(int fd, short what, void *arg)
{
	struct parent *p = arg;
	int caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);  /* cppcheck-suppress nullPointer ; who calls is not asked */
	struct bufferevent *b;

	if (caller < 0)
		return;
	b = bufferevent_socket_new(p->base, caller, BEV_OPT_CLOSE_ON_FREE);
	if (!b) {
		close(caller);
		return;
	}
	bufferevent_setcb(b, on_question, NULL, on_end, p);
	bufferevent_set_timeouts(b, &(struct timeval){DEADLINE_S, 0}, &(struct timeval){DEADLINE_S, 0});
	if (bufferevent_enable(b, EV_READ | EV_WRITE) < 0)
		bufferevent_free(b);
}

int status_listen(struct parent *p)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int rc = 0;

	snprintf(at.sun_path, sizeof at.sun_path, "%s", p->site->socket);
	p->status_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->status_fd < 0)
		return -errno;
	/* The lock on the archive has shown that no other server of this site runs: what lies there is left over. */
	unlink(at.sun_path);
	if (bind(p->status_fd, (struct sockaddr *)&at, sizeof at) < 0 || chmod(at.sun_path, 0600) < 0 || listen(p->status_fd, 16) < 0)
		rc = -errno;
	if (!rc)
		p->status_event = event_new(p->base, p->status_fd, EV_READ | EV_PERSIST, on_caller, p);
	if (!rc && (!p->status_event || event_add(p->status_event, NULL) < 0))
		rc = -ENOMEM;
	if (rc)
		parent_log("error", "status-socket", "path=\"%s\" error=\"%s\" mend=\"set socket: to a path that this user may write\"",
			   at.sun_path, strerror(-rc));
	return rc;
}

void status_unlisten(struct parent *p)
{
	if (p->status_event)
		event_free(p->status_event);
	if (p->status_fd >= 0) {
		close(p->status_fd);
		unlink(p->site->socket);
	}
	p->status_event = NULL;
	p->status_fd = -1;
}
