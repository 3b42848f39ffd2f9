/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ingest as its own process, sealed, with this test as its parent, its store and the camera. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ring.h"
#include "media/record.h"
#include "net/rtp_send.h"
#include "server/channel.h"
#include "server/role.h"

#define PATIENCE_MS 20000

#ifdef __SANITIZE_ADDRESS__
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif

static const char sdp[] = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n"
	"a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA==\r\n";

static struct channel *channel;
static struct ring store;
static int bell = -1, camera = -1;
static pid_t pid;
static struct rtp_send out;
static unsigned pictures;

static struct {
	bool ready, dial;
	struct msg_camera_state state;
} heard;

static void on_ready(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.ready = true;
}

static void on_dial(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.dial = true;
	cr_expect_eq(m->dial.camera, 5);
}

static void on_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.state = m->camera_state;
}

static const struct channel_answer answers[] = {
	{MSG_READY, on_ready}, {MSG_DIAL, on_dial}, {MSG_CAMERA_STATE, on_state}, {MSG_NONE, NULL}};

static void spawn(int channel_fd)
{
	char path[4096];
	const char *top = getenv("abs_top_builddir");

	snprintf(path, sizeof path, "%s/libexec/casemate/ingest", top ? top : ".");
	cr_assert_eq(access(path, X_OK), 0, "%s is not built", path);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		if (channel_fd == ROLE_CHANNEL_FD)
			fcntl(channel_fd, F_SETFD, 0);
		else
			dup2(channel_fd, ROLE_CHANNEL_FD);
		execl(path, "ingest", (char *)NULL);
		_exit(127);
	}
}

static void say(enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	cr_assert_eq(channel_say(channel, type, body, fds, nfds), 0);
}

static void give_store_ring(void)
{
	int fd;

	ring_close(&store);
	cr_assert_eq(ring_create(4 << 20, &fd), 0);
	cr_assert_eq(ring_open(&store, fd, -1), 0);
	say(MSG_RING_STORE, NULL, (int[]){fd, bell}, 2);
	close(fd);
}

static void hear_until(const bool *what)
{
	enum msg_type type;

	while (!*what)
		cr_assert_eq(channel_wait(channel, &type), 0);
}

static void hear_phase(enum camera_phase phase)
{
	enum msg_type type;

	while (heard.state.phase != phase)
		cr_assert_eq(channel_wait(channel, &type), 0);
}

static void setup(void)
{
	struct channel_ends ends = {.me = ROLE_PARENT, .peer = ROLE_INGEST, .answers = answers};
	static const struct msg_ingest_camera m = {.camera = 5, .name = "yard", .url = "rtsp://192.0.2.1/yard", .segment_ms = 2000};
	static const struct track track = {.codec = CODEC_H264, .timescale = 90000};
	int pair[2];

	if (sanitized)
		cr_skip_test("a sanitizer makes system calls that no seal lets through");
	memset(&heard, 0, sizeof heard);
	pictures = 0;
	rtp_send_init(&out, &track, (const uint8_t *)"random bytes");
	signal(SIGPIPE, SIG_IGN);
	bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	cr_assert_eq(channel_pair(pair), 0);
	spawn(pair[1]);
	close(pair[1]);
	channel = channel_new(NULL, pair[0], &ends);
	cr_assert_not_null(channel);
	say(MSG_INGEST_CAMERA, &m, NULL, 0);
	give_store_ring();
	/* Where namespaces are forbidden the filter must still be there. */
	say(MSG_GO, &(struct msg_go){.best_effort = true}, NULL, 0);
	hear_until(&heard.ready);
	hear_until(&heard.dial);
}

static void teardown(void)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	channel_free(&channel);
	ring_close(&store);
	close(bell);
	if (camera >= 0)
		close(camera);
}

TestSuite(ingest_role, .init = setup, .fini = teardown, .timeout = 60);

/* The camera's side of the connection. */
static void connect_camera(void)
{
	struct timeval patience = {PATIENCE_MS / 1000, 0};
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	camera = pair[0];
	setsockopt(camera, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	say(MSG_DIALED, &(struct msg_dialed){.camera = 5}, &pair[1], 1);
	close(pair[1]);
}

/* Reads one request, which must be this one, and answers it. */
static void answer(const char *method, const char *headers, const char *body)
{
	char asked[4096], text[4096];
	size_t n = 0;
	int len;

	do {
		ssize_t k = recv(camera, asked + n, sizeof asked - 1 - n, 0);

		cr_assert_gt(k, 0, "waiting for %s", method);
		n += (size_t)k;
		asked[n] = 0;
	} while (!strstr(asked, "\r\n\r\n"));
	cr_assert(strstr(asked, method) == asked, "%s instead of %s", asked, method);
	len = snprintf(text, sizeof text, "RTSP/1.0 200 OK\r\nCSeq: %d\r\n%sContent-Length: %zu\r\n\r\n%s", atoi(strstr(asked, "CSeq: ") + 6),
		headers, strlen(body), body);
	cr_assert_eq(send(camera, text, (size_t)len, 0), len);
}

static void begin_play(void)
{
	connect_camera();
	answer("OPTIONS rtsp://192.0.2.1/yard ", "", "");
	answer("DESCRIBE rtsp://192.0.2.1/yard ", "", sdp);
	answer("SETUP rtsp://192.0.2.1/yard/t ", "Transport: RTP/AVP/TCP;interleaved=0-1\r\nSession: s\r\n", "");
	answer("PLAY rtsp://192.0.2.1/yard ", "", "");
	hear_phase(CAMERA_STREAMING);
}

static void send_packet(void *ctx, const uint8_t *p, size_t n)
{
	uint8_t head[] = {'$', 0, (uint8_t)(n >> 8), (uint8_t)n};

	cr_assert_eq(send(camera, head, sizeof head, 0), (ssize_t)sizeof head);
	cr_assert_eq(send(camera, p, n, 0), (ssize_t)n);
}

/* 25 pictures a second by their timestamps, a key frame each second, as fast as they go. */
static void show(unsigned n)
{
	static const uint8_t key[] = {0, 0, 0, 4, 0x65, 0x88, 0x84, 0x10}, other[] = {0, 0, 0, 4, 0x41, 0x9a, 0x02, 0x03};

	while (n--) {
		rtp_send_h264(&out, 3600ll * pictures, pictures % 25 ? other : key, 8, send_packet, NULL);
		pictures++;
	}
}

/* The next record of that kind, others passed over. */
static struct record next_record(struct buf *b, enum record_kind kind)
{
	struct pollfd p = {bell, POLLIN, 0};
	struct record r;
	uint64_t rung;

	for (;;) {
		while (ring_get(&store, b) == 1) {
			cr_assert_eq(record_decode(buf_data(b), b->len, &r), 0);
			if (r.kind == kind)
				return r;
		}
		cr_assert_eq(poll(&p, 1, PATIENCE_MS), 1, "no record of kind %d", kind);
		cr_assert_eq(read(bell, &rung, sizeof rung), (ssize_t)sizeof rung);
	}
}

Test(ingest_role, turns_packets_into_parts)
{
	struct buf b;
	struct record r;

	buf_init(&b, PART_MAX_BYTES);
	begin_play();
	show(120);
	r = next_record(&b, RECORD_INIT);
	cr_assert(r.init.camera == 5 && r.init.rendition == RENDITION_COPY && r.init.track.width == 1280);
	r = next_record(&b, RECORD_PART);
	cr_assert(r.part.segment == 0 && r.part.part == 0 && r.part.independent);
	r = next_record(&b, RECORD_SEGMENT_END);
	cr_assert_eq(r.end.segment, 0);
	r = next_record(&b, RECORD_SEGMENT_END);
	cr_assert_eq(r.end.segment, 1);
	shutdown(camera, SHUT_RDWR);
	r = next_record(&b, RECORD_GAP);
	cr_assert(r.gap.why == GAP_CAMERA_CLOSED && r.gap.epoch != 0);
	hear_phase(CAMERA_WAITING);
	cr_assert(heard.state.why == GAP_CAMERA_CLOSED && heard.state.access_units == 120);
	buf_free(&b);
}

Test(ingest_role, goes_on_with_a_new_ring_to_store)
{
	struct buf b;
	struct record r;
	uint64_t epoch;

	buf_init(&b, PART_MAX_BYTES);
	begin_play();
	show(60);
	epoch = next_record(&b, RECORD_INIT).init.epoch;
	next_record(&b, RECORD_PART);
	give_store_ring();
	for (int i = 0; i < 2000 && ring_get(&store, &b) == 0; i++)
		show(1);
	cr_assert_eq(record_decode(buf_data(&b), b.len, &r), 0);
	cr_assert_eq(r.kind, RECORD_INIT);
	cr_assert_gt(r.init.epoch, epoch);
	show(60);
	r = next_record(&b, RECORD_PART);
	cr_assert(r.part.segment == 0 && r.part.part == 0 && r.part.independent);
	buf_free(&b);
}

Test(ingest_role, names_a_camera_that_is_not_there_and_waits)
{
	struct buf b;

	buf_init(&b, PART_MAX_BYTES);
	say(MSG_DIALED, &(struct msg_dialed){.camera = 5, .error = ECONNREFUSED}, NULL, 0);
	hear_phase(CAMERA_WAITING);
	cr_assert_eq(heard.state.why, GAP_REFUSED);
	cr_assert(strstr(heard.state.detail, "check address and port"));
	cr_assert(heard.state.retry_ms > 500 && heard.state.retry_ms <= 1250, "%u", heard.state.retry_ms);
	cr_assert_eq(next_record(&b, RECORD_GAP).gap.epoch, 0);
	heard.dial = false;
	hear_until(&heard.dial);
	buf_free(&b);
}

Test(ingest_role, gives_the_session_back_when_stopped)
{
	struct buf b;
	int status;

	buf_init(&b, PART_MAX_BYTES);
	begin_play();
	show(30);
	next_record(&b, RECORD_INIT);
	say(MSG_STOP, NULL, NULL, 0);
	answer("TEARDOWN rtsp://192.0.2.1/yard ", "", "");
	cr_assert_eq(next_record(&b, RECORD_GAP).gap.why, GAP_STOPPED);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	pid = 0;
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	buf_free(&b);
}
