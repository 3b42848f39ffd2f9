/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cameras that are asked now: by a parent with ingest alone, as casemate probe does, so that their bytes are read by a sealed role.
 * Each is a process of its own, since a parent is made for one life.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "net/rtsp_client.h"
#include "server/ask.h"
#include "server/inventory.h"
#include "server/parent.h"

#define LONGEST_S 60
#define TRY_S 60
#define EXIT_REFUSED 3
#define EXIT_NO_ANSWER 4

struct asked {
	unsigned left;                    /* cameras that have not said how it ends */
	bool *over;
	int status;                       /* of the one that a password is tried at */
};

/* Who was asked for a password, and is told what there is, has been let in: but by cameras that describe to all, and ask later. */
static int came_to(const struct msg_camera_state *m, const struct camera_offer *offer)
{
	if (m->why == GAP_AUTHENTICATION)
		return EXIT_REFUSED;
	return (m->phase == CAMERA_STREAMING || offer->described) && offer->login != RTSP_CLIENT_NOBODY ? 0 : EXIT_NO_ANSWER;
}

/* As soon as one plays or has failed it has said what it will. */
static void on_state(struct parent *p, const struct msg_camera_state *m)
{
	struct asked *a = p->watch->ctx;

	if ((m->phase != CAMERA_STREAMING && m->phase != CAMERA_WAITING) || a->over[m->camera])
		return;
	a->over[m->camera] = true;
	a->status = came_to(m, &p->camera[m->camera].offer);
	if (--a->left == 0 && !p->stopping)
		parent_stop(p, "seen enough");
}

/* Whatever it holds of passwords ends with the process. */
static int live(struct site *site, const char *libexec, const char *password, int seconds, int answer_fd)
{
	struct asked asked = {.left = site->ncameras, .over = calloc(site->ncameras + 1, 1), .status = EXIT_NO_ANSWER};
	struct parent_watch watch = {.roles = 1u << ROLE_INGEST, .longest_us = seconds * 1000000ll, .password = password, .state = on_state, .ctx = &asked};
	struct parent parent = {.watch = &watch, .site = site, .archive_fd = -1, .status_fd = -1, .started_us = clock_mono_us()};
	const char *what;
	struct buf out;
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!asked.over || programs_open(&parent.programs, libexec, &what) < 0)
		return 2;
	if (parent_run(&parent) < 0 || parent.exit_status)
		return 2;
	if (answer_fd < 0)
		return asked.status;
	buf_init(&out, ASK_ANSWER_MAX);
	status_inventory(&parent, &out);
	rc = io_write_all(answer_fd, buf_data(&out), out.len);
	buf_free(&out);
	return rc ? 2 : 0;
}

static int status_of(pid_t pid)
{
	int status;

	if (pid < 0)
		return 2;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

int inventory_probe(struct inventory *v, struct site **site, const char *libexec)
{
	struct buf answer;
	int fd[2], status;
	pid_t pid;

	if (!v->n)
		return 0;
	if (pipe(fd) < 0)
		return 2;
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		_exit(live(*site, libexec, NULL, LONGEST_S, fd[1]));
	}
	close(fd[1]);
	buf_init(&answer, ASK_ANSWER_MAX);
	if (io_read_all(fd[0], &answer) < 0)
		buf_clear(&answer);
	close(fd[0]);
	status = status_of(pid);
	if (!status && inventory_take(v, buf_data(&answer), answer.len) < 0)
		status = 2;
	buf_free(&answer);
	if (status)
		fputs("casemate inventory: the cameras cannot be asked: this machine does not let the sandbox be made, see casemate run\n", stderr);
	return status ? 2 : 0;
}

/* The login is "user:password" of the makers' table. */
static int try_one(const struct inventory *v, const struct inventory_camera *c, const char *libexec)
{
	struct site *site = malloc(sizeof *site);
	const char *colon = strchr(c->row->login, ':');
	struct site_camera *one = malloc(sizeof *one);
	char *user = strndup(c->row->login, (size_t)(colon - c->row->login));

	if (!site || !one || !user)
		return 2;
	*site = *v->site;
	*one = *c->conf;
	one->user = user;
	one->password_file = NULL;
	one->allow_basic = false;
	one->allow_md5 = true;
	one->onvif_url = NULL;
	*one->onvif_host = 0;
	site->camera = one;
	site->ncameras = 1;
	return live(site, libexec, colon + 1, TRY_S, -1);
}

static bool may_try(const struct inventory_camera *c)
{
	return c->row && *c->row->login && c->heard && c->tried == INVENTORY_NOT_TRIED && !(c->described && c->login == RTSP_CLIENT_NOBODY);
}

int inventory_try(struct inventory *v, const char *libexec)
{
	for (unsigned i = 0; i < v->n; i++) {
		struct inventory_camera *c = &v->camera[i];
		const struct inventory_camera *there = inventory_tried_there(v, i);
		int status;
		pid_t pid;

		if (!may_try(c))
			continue;
		/* What another login would have come to is not found out: each try counts against the same account. */
		if (there) {
			c->tried = there->row == c->row ? there->tried : INVENTORY_NOT_TRIED;
			continue;
		}
		pid = fork();
		if (pid == 0)
			_exit(try_one(v, c, libexec));
		status = status_of(pid);
		if (status == 2) {
			fputs("casemate inventory: no password could be tried: this machine does not let the sandbox be made, see casemate run\n", stderr);
			return 2;
		}
		c->tried = status == 0 ? INVENTORY_ACCEPTED : status == EXIT_REFUSED ? INVENTORY_REFUSED : INVENTORY_NO_ANSWER;
	}
	return 0;
}

void inventory_in_use(struct inventory *v)
{
	char password[SITE_PASSWORD];

	for (unsigned i = 0; i < v->n; i++) {
		struct inventory_camera *c = &v->camera[i];
		const char *colon = c->row && c->conf->user && c->conf->password_file ? strchr(c->row->login, ':') : NULL;

		if (colon && strlen(c->conf->user) == (size_t)(colon - c->row->login) && !strncmp(c->conf->user, c->row->login, strlen(c->conf->user)) &&
		    !site_read_password(c->conf, password) && !strcmp(password, colon + 1))
			c->tried = INVENTORY_IN_USE;
		explicit_bzero(password, sizeof password);
	}
}
