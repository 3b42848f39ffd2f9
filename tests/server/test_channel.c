/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "server/channel.h"

static struct event_base *base;
static struct channel *parent, *ingest;
static int pair[2];
static char broke[160];
static unsigned broken, answered;
static union msg_body got;
static int got_fd = -1;

static void on_broken(void *ctx, struct channel *c, const char *why)
{
	broken++;
	snprintf(broke, sizeof broke, "%s", why ? why : "closed");
}

static void on_any(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	answered++;
	got = *m;
	if (fds[0] >= 0) {
		got_fd = fds[0];
		fds[0] = -1;
	}
}

static const struct channel_answer parent_side[] = {{MSG_DIAL, on_any}, {MSG_CAMERA_STATE, on_any}, {MSG_NONE, NULL}};
static const struct channel_answer ingest_side[] = {{MSG_INGEST_CAMERA, on_any}, {MSG_DIALED, on_any}, {MSG_NONE, NULL}};

static void setup(void)
{
	struct channel_ends a = {ROLE_PARENT, ROLE_INGEST, 0, parent_side, NULL, on_broken, NULL};
	struct channel_ends b = {ROLE_INGEST, ROLE_PARENT, 0, ingest_side, NULL, on_broken, NULL};

	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	cr_assert_eq(channel_pair(pair), 0);
	parent = channel_new(base, pair[0], &a);
	ingest = channel_new(base, pair[1], &b);
}

static void teardown(void)
{
	channel_free(&parent);
	channel_free(&ingest);
	event_base_free(base);
}

TestSuite(channel, .init = setup, .fini = teardown);

static void turn(void)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

Test(channel, carries_every_field_and_the_descriptor)
{
	struct msg_ingest_camera m = {.camera = 513, .name = "gate-1", .host = "192.0.2.1:554", .url = "rtsp://192.0.2.1/a?b=c", .user = "u",
				      .password = "p", .has_user = true, .allow_md5 = false, .segment_ms = 2000};
	int fd = open("/dev/null", O_RDONLY);

	cr_assert_eq(channel_say(parent, MSG_INGEST_CAMERA, &m, NULL, 0), 0);
	turn();
	cr_assert_eq(answered, 1);
	cr_assert_eq(got.ingest_camera.camera, 513);
	cr_assert_str_eq(got.ingest_camera.url, m.url);
	cr_assert_str_eq(got.ingest_camera.password, "p");
	cr_assert(got.ingest_camera.has_user && !got.ingest_camera.allow_md5);
	cr_assert_eq(got.ingest_camera.segment_ms, 2000);
	cr_assert_eq(channel_say(parent, MSG_DIALED, &(struct msg_dialed){.camera = 7, .error = -3}, &fd, 1), 0);
	turn();
	cr_assert_eq(got.dialed.error, -3);
	cr_assert(got_fd >= 0 && got_fd != fd && (fcntl(got_fd, F_GETFD) & FD_CLOEXEC));
	close(fd);
	close(got_fd);
}

static void raw(const void *p, size_t n)
{
	cr_assert_eq(send(pair[1], p, n, 0), (ssize_t)n);
	turn();
}

Test(channel, what_the_table_does_not_allow_breaks_it)
{
	static const uint8_t go[] = {0, MSG_GO, 0};

	raw(go, sizeof go);
	cr_assert_eq(broken, 1);
	cr_assert(strstr(broke, "go") && strstr(broke, "may not say"), "%s", broke);
	cr_assert_eq(channel_say(parent, MSG_STOP, NULL, NULL, 0), -EPIPE);
}

Test(channel, malformed_messages_break_it)
{
	static const uint8_t short_dial[] = {0, MSG_DIAL, 0};

	raw(short_dial, sizeof short_dial);
	cr_assert_str_eq(broke, "a malformed message");
	cr_assert_eq(answered, 0);
}

static unsigned heard, refused;

static void on_one(void *ctx, struct channel *from, enum msg_type type, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard++;
}

static void on_refused(void *ctx, struct channel *c, const char *why)
{
	refused += why != NULL;
}

/* One message of n bytes from `from` to `to`: 1 heard, 0 refused. */
static unsigned hears(enum role_kind from, enum role_kind to, const uint8_t *p, size_t n)
{
	static const struct channel_answer none[] = {{MSG_NONE, NULL}};
	struct channel_ends ends = {.me = to, .peer = from, .answers = none, .otherwise = on_one, .broken = on_refused};
	struct channel *c;
	int fd[2];

	heard = refused = 0;
	cr_assert_eq(channel_pair(fd), 0);
	c = channel_new(base, fd[0], &ends);
	cr_assert_eq(send(fd[1], p, n, 0), (ssize_t)n);
	turn();
	cr_assert_eq(heard + refused, 1);
	channel_free(&c);
	close(fd[1]);
	return heard;
}

Test(channel, hears_of_every_message_only_what_the_table_says_and_only_whole)
{
	static uint8_t bytes[MSG_MAX];
	static const union msg_body m;

	for (unsigned type = MSG_NONE + 1; type < MSG_TYPE_COUNT; type++) {
		struct wr w = wr_init(bytes, sizeof bytes);

		msg_encode(&w, (enum msg_type)type, &m);
		for (unsigned from = 0; from < ROLE_COUNT; from++)
			for (unsigned to = 0; to < ROLE_COUNT; to++) {
				cr_expect_eq(hears((enum role_kind)from, (enum role_kind)to, bytes, w.len),
					roles_may_say((enum role_kind)from, (enum role_kind)to, (enum msg_type)type, 0), "%s from %s to %s",
					msg_name(type), role_kind_name(from), role_kind_name(to));
				cr_expect(!hears((enum role_kind)from, (enum role_kind)to, bytes, w.len - 1), "%s, cut", msg_name(type));
				cr_expect(!hears((enum role_kind)from, (enum role_kind)to, bytes, w.len + 1), "%s, and more", msg_name(type));
			}
	}
}

Test(channel, too_many_descriptors_break_it)
{
	union { char room[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = {{0}};
	uint8_t dial[] = {0, MSG_DIAL, 0, 1, DIAL_RTSP};
	struct iovec iov = {dial, sizeof dial};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int fd = open("/dev/null", O_RDONLY);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &fd, sizeof fd);
	cr_assert_eq(sendmsg(pair[1], &m, 0), (ssize_t)sizeof dial);
	turn();
	cr_assert(broken == 1 && strstr(broke, "1 descriptors"), "%s", broke);
	close(fd);
}

Test(channel, queues_what_the_socket_does_not_take_in_order_and_with_an_end)
{
	struct msg_camera_state m = {.camera = 0};
	unsigned said = 0;
	int rc;

	while ((rc = channel_say(ingest, MSG_CAMERA_STATE, &m, NULL, 0)) == 0) {
		m.camera++;
		cr_assert_lt(++said, 1000000u);
	}
	cr_assert_eq(rc, -ENOBUFS);
	for (int i = 0; i < 100000 && answered < said; i++)
		turn();
	cr_assert_eq(answered, said);
	cr_assert_eq(got.camera_state.camera, (uint16_t)(said - 1));
	cr_assert_eq(channel_say(ingest, MSG_CAMERA_STATE, &m, NULL, 0), 0, "room again");
}

Test(channel, the_end_of_the_other_side_is_told_once)
{
	channel_free(&ingest);
	turn();
	turn();
	cr_assert_eq(broken, 1);
	cr_assert_str_eq(broke, "closed");
}

Test(msg, refuses_texts_with_nul_and_trailing_bytes)
{
	struct msg_bad_peer m = {.role = 1, .index = 2, .why = "because"};
	uint8_t bytes[256];
	struct wr w = wr_init(bytes, sizeof bytes);
	static union msg_body back;
	enum msg_type type;

	msg_encode(&w, MSG_BAD_PEER, &m);
	cr_assert_eq(msg_decode(bytes, w.len, &type, &back), 0);
	cr_assert(type == MSG_BAD_PEER && back.bad_peer.index == 2 && !strcmp(back.bad_peer.why, "because"));
	cr_assert_eq(msg_decode(bytes, w.len + 1, &type, &back), -EBADMSG);
	bytes[w.len - 1] = 0;
	cr_assert_eq(msg_decode(bytes, w.len, &type, &back), -EBADMSG);
	for (size_t n = 0; n < w.len; n++)
		cr_assert_eq(msg_decode(bytes, n, &type, &back), -EBADMSG, "cut at %zu", n);
}

Test(roles, nobody_but_the_parent_gives_orders)
{
	for (int from = ROLE_INGEST; from < ROLE_COUNT; from++)
		for (int to = ROLE_PARENT; to < ROLE_COUNT; to++) {
			cr_assert(!roles_may_say((enum role_kind)from, (enum role_kind)to, MSG_GO, 0));
			cr_assert(!roles_may_say((enum role_kind)from, (enum role_kind)to, MSG_PEER, 1));
			cr_assert(!roles_may_say((enum role_kind)from, (enum role_kind)to, MSG_STOP, 0));
		}
	cr_assert(!roles_may_say(ROLE_SERVE, ROLE_STORE, MSG_SEGMENT, 1));
	cr_assert(!roles_may_say(ROLE_INGEST, ROLE_PARENT, MSG_DIAL, 1));
}
