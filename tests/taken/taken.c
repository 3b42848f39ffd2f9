/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in a folder of programs in the place of a role, which lies beside it as honest-ROLE. At its start it takes the first file
 * out of attacks/ROLE there (named NUMBER-ATTACK) and makes that attack; when none is left it becomes the honest role. So the
 * product needs to know nothing of all this, and one server goes through many attacks one after the other.
 */
#include "tests/taken/taken.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "server/policy.h"

#define TICK_US 50000
#define SHORT_S 2        /* asleep it is woken by its neighbour alone: for so long it stays awake */

static struct taken t = {.folder = -1, .socket = -1, .listener = -1, .ring_fd = -1, .bell = -1, .peer = {-1, -1, -1, -1, -1, -1}};

int64_t taken_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

const char *taken_outcome(long rc, const char *gained)
{
	static char text[64];

	if (rc >= 0)
		return gained;
	snprintf(text, sizeof text, "refused: %s", strerrorname_np(errno));
	return text;
}

int taken_send(int fd, const void *bytes, size_t n, const int *fds, unsigned nfds)
{
	static union {
		char room[CMSG_SPACE(sizeof(int) * 253)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {(void *)(uintptr_t)bytes, n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = CMSG_SPACE(sizeof(int) * nfds)};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	if (!nfds)
		return write(fd, bytes, n) < 0 ? -errno : 0;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
	memcpy(CMSG_DATA(h), fds, sizeof(int) * nfds);
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int taken_say(int fd, enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	static uint8_t bytes[MSG_MAX];
	struct wr w = wr_init(bytes, sizeof bytes);

	msg_encode(&w, type, body);
	return taken_send(fd, bytes, w.len, fds, nfds);
}

/* --- what it is given --------------------------------------------------------------------- */

static int keep(int *fd)
{
	int kept = *fd;

	*fd = -1;
	return kept;
}

static void nothing(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
}

static void on_ingest_camera(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	t.camera = m->ingest_camera.camera;
}

static void on_transcode_camera(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	t.camera = m->transcode_camera.camera;
}

/* It keeps the descriptor as well, which the real one closes. */
static void on_ring(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	if (t.ring_fd >= 0)
		return;
	t.ring_fd = keep(&fds[0]);
	t.bell = keep(&fds[1]);
	if (ring_open(&t.ring, t.ring_fd, t.bell))
		t.ring = (struct ring){.doorbell = -1};
}

static void on_transcode_rings(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	if (ring_open(&t.in, fds[0], -1) || ring_open(&t.ring, fds[2], -1))
		_exit(1);
	t.bell = fcntl(fds[1], F_DUPFD_CLOEXEC, 16);
	t.ring.doorbell = fcntl(fds[3], F_DUPFD_CLOEXEC, 16);
}

static void on_dialed(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	if (m->dialed.error == 0 && t.socket < 0)
		t.socket = keep(&fds[0]);
}

static void on_store_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	t.folder = t.role.folder = keep(&fds[0]);
}

/* Its state file: the real one has it open as well. */
static void on_sign_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	keep(&fds[1]);
}

static void on_listener(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	t.listener = keep(&fds[0]);
}

static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	if (m->peer.role < ROLE_COUNT && t.peer[m->peer.role] < 0)
		t.peer[m->peer.role] = keep(&fds[0]);
}

static const struct channel_answer heeded[] = {
	{MSG_INGEST_CAMERA, on_ingest_camera}, {MSG_RING_STORE, on_ring}, {MSG_DIALED, on_dialed}, {MSG_TRANSCODE_CAMERA, on_transcode_camera},
	{MSG_TRANSCODE_RINGS, on_transcode_rings}, {MSG_STORE_SITE, on_store_site}, {MSG_RING_FROM, on_ring}, {MSG_SIGN_SITE, on_sign_site},
	{MSG_PEER, on_peer}, {MSG_SERVE_LISTENER, on_listener},
};

/* Whatever else there is to say, it hears and does not care. */
static const struct channel_answer *answers_to_all(void)
{
	static struct channel_answer answers[MSG_TYPE_COUNT];

	for (unsigned type = 1; type < MSG_TYPE_COUNT; type++)
		answers[type - 1] = (struct channel_answer){(enum msg_type)type, nothing};
	for (size_t i = 0; i < sizeof heeded / sizeof *heeded; i++)
		answers[heeded[i].type - 1] = heeded[i];
	return answers;
}

/* --- its life ----------------------------------------------------------------------------- */

static void make(void)
{
	const char *came;

	log_info("attack", "name=%s", t.attack->name);
	came = t.attack->make(&t);
	log_info("attack-made", "name=%s came=\"%s\"", t.attack->name, came);
	t.over_us = taken_now_us() + t.attack->stay_s * 1000000ll;
}

static unsigned has(void)
{
	return (t.ring.map ? NEEDS_RING : 0) | (t.socket >= 0 ? NEEDS_SOCKET : 0) | (t.peer[ROLE_STORE] >= 0 ? NEEDS_STORE : 0) |
		(t.peer[ROLE_SERVE] >= 0 ? NEEDS_SERVE : 0) | (t.peer[ROLE_SIGN] >= 0 ? NEEDS_SIGN : 0) | NEEDS_EARLY;
}

static void on_tick(int fd, short what, void *arg)
{
	if (t.over_us) {
		if (taken_now_us() >= t.over_us)
			_exit(0);
	} else if ((t.attack->needs & ~has()) == 0) {
		make();
	}
}

/* transcode hears nothing once it is sealed but its bell and its channel, and sleeps on the one or the other. */
static _Noreturn void live_as_transcode(void)
{
	uint8_t rings[4096];

	if (!t.over_us)
		make();
	while (taken_now_us() < t.over_us)
		if (t.attack->stay_s > SHORT_S && read(TRANSCODE_DOORBELL_FD, rings, sizeof rings) <= 0)
			break;
	_exit(0);
}

/* As the real one: its policy knows both bells by number. */
static void place_bells(void)
{
	if (dup3(t.bell, TRANSCODE_DOORBELL_FD, O_CLOEXEC) < 0 || dup3(t.ring.doorbell, TRANSCODE_STORE_FD, O_CLOEXEC) < 0 ||
	    fcntl(TRANSCODE_DOORBELL_FD, F_SETFL, O_RDWR) < 0)
		_exit(1);
	close(t.bell);
	close(t.ring.doorbell);
	t.bell = TRANSCODE_DOORBELL_FD;
	t.ring.doorbell = TRANSCODE_STORE_FD;
}

/* What the policy says that the role has made for itself by then: bells of its threads. */
static void make_bells(const struct policy *p)
{
	for (unsigned i = 0; i < p->ndescriptors; i++)
		for (unsigned k = 0; p->descriptors[i].kind == POLICY_EVENTFD && p->descriptors[i].number == POLICY_ANY_NUMBER && k < p->descriptors[i].least; k++)
			if (eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) < 0)
				_exit(1);
}

static void live(enum role_kind me)
{
	struct event_base *base = me == ROLE_TRANSCODE ? NULL : event_base_new();
	const struct channel_answer *answers = answers_to_all();

	role_begin(&t.role, me, base);
	role_settings(&t.role, answers, &t);
	if (me == ROLE_TRANSCODE)
		place_bells();
	make_bells(policy_of(me));
	if (t.attack->needs & NEEDS_EARLY)
		make();
	role_seal(&t.role);
	if (me == ROLE_TRANSCODE)
		live_as_transcode();
	if (me == ROLE_INGEST)
		taken_say(ROLE_CHANNEL_FD, MSG_DIAL, &(struct msg_dial){.camera = t.camera}, NULL, 0);
	t.tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	event_add(t.tick, &(struct timeval){.tv_usec = TICK_US});
	role_loop(&t.role, answers, &t, NULL);
}

/* --- who it is and what it is to do --------------------------------------------------------- */

static const struct attack *find(const char *name, enum role_kind me)
{
	static const struct attack *const tables[] = {attacks_call, attacks_say, attacks_ring, attacks_parts, attacks_hold};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (const struct attack *a = tables[i]; a->name; a++)
			if (strcmp(a->name, name) == 0 && (a->in >> me & 1))
				return a;
	return NULL;
}

/* The first of the queue, which nobody else then takes. */
static bool take(const char *queue, char *name, size_t cap)
{
	struct dirent **list;
	int folder = open(queue, O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = scandir(queue, &list, NULL, alphasort);
	bool taken = false;

	for (int i = 0; i < n; i++) {
		const char *dash = strchr(list[i]->d_name, '-');

		if (!taken && dash && strlen(dash) < cap && unlinkat(folder, list[i]->d_name, 0) == 0) {
			snprintf(name, cap, "%s", dash + 1);
			taken = true;
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (folder >= 0)
		close(folder);
	return taken;
}

static enum role_kind role_named(const char *name)
{
	for (unsigned k = ROLE_INGEST; k < ROLE_COUNT; k++)
		if (strcmp(name, role_kind_name(k)) == 0)
			return (enum role_kind)k;
	return ROLE_PARENT;
}

/* The port of somebody on this machine to whom nothing may come. */
static void read_elsewhere(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned port = 0;

	if (f && fscanf(f, "%5u", &port) != 1)
		port = 0;
	if (f)
		fclose(f);
	t.elsewhere = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int main(int argc, char **argv)
{
	enum role_kind me = role_named(argc ? argv[0] : "");
	char self[4096] = "", path[8192], name[64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0 || me == ROLE_PARENT || !strrchr(self, '/')) {
		fprintf(stderr, "taken is started by casemate in the place of a role: tests/system/t-taken.sh\n");
		return 2;
	}
	*strrchr(self, '/') = 0;
	snprintf(path, sizeof path, "%s/attacks/%s", self, role_kind_name(me));
	if (!take(path, name, sizeof name)) {
		snprintf(path, sizeof path, "%s/honest-%s", self, role_kind_name(me));
		execv(path, argv);
		return 127;
	}
	t.attack = find(name, me);
	snprintf(path, sizeof path, "%s/attacks/elsewhere", self);
	read_elsewhere(path);
	if (!t.attack) {
		log_error("no-such-attack", "name=%s role=%s", name, role_kind_name(me));
		return 1;
	}
	live(me);
	return 0;
}
