/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ring.h"
#include "codec/cpu.h"
#include "media/record.h"
#include "server/channel.h"
#include "server/policy.h"
#include "server/role.h"
#include "server/sandbox.h"
#include "tests/codec/stream.h"
#include "tests/server/rig_role.h"

#define PATIENCE_MS 20000

static struct stream stream;
static struct channel *channel;
static struct ring ingest, store;
static int bell_in, bell_worker = -1, bell_out;  /* the worker reads what is written to bell_in */
static pid_t pid;

static struct {
	bool ready;
	uint32_t layers;
	unsigned states, renditions, asked, certificates;
	struct msg_worker_state state;
} heard;

static struct {
	uint32_t inits[RENDITIONS_MAX], parts[RENDITIONS_MAX], ends[RENDITIONS_MAX], last_segment, answers, answers_elsewhere, others;
} found;

static void on_ready(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.ready = true;
	heard.layers = m->ready.layers;
}

static void on_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.state = m->worker_state;
	heard.states++;
}

static void on_rendition(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.renditions++;
}

/* What stands in for sign's messages: told apart by nothing but these bytes. */
static const uint8_t certificate[] = "\006a certificate of the test\200", answer[] = "\006an answer of the test\200";

static void on_sei_ask(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_sei_ask *ask = &m->sei_ask;
	static struct msg_sei sei;
	size_t n = ask->gop ? sizeof answer - 1 : sizeof certificate - 1;

	cr_assert(ask->camera == 4 && ask->rendition == 2);
	heard.asked += ask->gop != 0;
	heard.certificates += ask->gop == 0;
	sei = (struct msg_sei){.camera = 4, .rendition = 2, .gop = ask->gop, .start_us = ask->start_us, .nal_len = (uint16_t)n};
	memcpy(sei.nal, ask->gop ? answer : certificate, n);
	cr_assert_eq(channel_say(from, MSG_SEI, &sei, NULL, 0), 0);
	ring_kick(&ingest);
}

static const struct channel_answer answers[] = {
	{MSG_SEI_ASK, on_sei_ask}, {MSG_READY, on_ready}, {MSG_WORKER_STATE, on_state}, {MSG_WORKER_RENDITION, on_rendition}, {MSG_NONE, NULL}};

static void spawn_by_hand(void)
{
	char path[4096];
	const char *top = getenv("abs_top_builddir");

	snprintf(path, sizeof path, "%s/libexec/casemate/transcode", top ? top : ".");
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		close(ROLE_CHANNEL_FD);
		execl(path, "transcode", (char *)NULL);
		_exit(127);
	}
}

static void say(enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	cr_assert_eq(channel_say(channel, type, body, fds, nfds), 0);
}

static void give_settings(void)
{
	static const struct msg_transcode_camera camera = {.camera = 4, .name = "yard", .sound = true};
	static const struct msg_transcode_rendition renditions[] = {
		{.rendition = 2, .name = "large", .width = 960, .height = 540, .bitrate_bps = 1000000, .sign = true},
		{.rendition = 3, .name = "small", .width = 160, .height = 90, .fps = 5, .bitrate_bps = 100000}};
	int rings[2];

	cr_assert_eq(ring_create(4 << 20, &rings[0]), 0);
	cr_assert_eq(ring_create(4 << 20, &rings[1]), 0);
	cr_assert_eq(ring_open(&ingest, rings[0], bell_in), 0);
	cr_assert_eq(ring_open(&store, rings[1], -1), 0);
	say(MSG_TRANSCODE_CAMERA, &camera, NULL, 0);
	say(MSG_TRANSCODE_RENDITION, &renditions[0], NULL, 0);
	say(MSG_TRANSCODE_RENDITION, &renditions[1], NULL, 0);
	say(MSG_TRANSCODE_RINGS, NULL, (int[]){rings[0], bell_worker, rings[1], bell_out}, 4);
	close(rings[0]);
	close(rings[1]);
}

static void setup(void)
{
	struct channel_ends ends = {.me = ROLE_PARENT, .peer = ROLE_TRANSCODE, .answers = answers};
	enum msg_type type;
	int pair[2], bell[2];

	memset(&heard, 0, sizeof heard);
	memset(&found, 0, sizeof found);
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe2(bell, O_NONBLOCK | O_CLOEXEC), 0);
	bell_worker = bell[0];
	bell_in = bell[1];
	bell_out = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	cr_assert_eq(channel_pair(pair), 0);
	pid = rig_start_role(ROLE_TRANSCODE, pair[1]);
	close(pair[1]);
	channel = channel_new(NULL, pair[0], &ends);
	cr_assert_not_null(channel);
	give_settings();
	/* Where namespaces are forbidden the filter must still be there. */
	say(MSG_GO, &(struct msg_go){.best_effort = true}, NULL, 0);
	while (!heard.ready)
		cr_assert_eq(channel_wait(channel, &type), 0);
}

static void teardown(void)
{
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	channel_free(&channel);
	ring_close(&ingest);
	ring_close(&store);
	close(bell_in);
	close(bell_worker);
	close(bell_out);
	stream_free(&stream);
}

TestSuite(transcode, .init = setup, .fini = teardown, .timeout = 240);  /* a sanitizer takes its time */

static void put(const struct record *r, const void *data, size_t n)
{
	uint8_t header[RECORD_HEADER_MAX + TRACK_CONFIG_MAX];
	struct wr w = wr_init(header, sizeof header);

	record_encode_header(&w, r);
	cr_assert_eq(ring_put(&ingest, (struct iovec[]){{header, w.len}, {(void *)(uintptr_t)data, n}}, 2), 0);
	ring_kick(&ingest);
}

static void put_stream(uint64_t epoch)
{
	put(&(struct record){.kind = RECORD_TRACK, .track = {epoch, stream.track}}, NULL, 0);
	for (unsigned i = 0; i < stream.n; i++)
		put(&(struct record){.kind = RECORD_AU, .au = {.epoch = epoch, .segment = i / 25, .au = stream.au[i]}}, stream.au[i].data, stream.au[i].len);
}

static void count(const struct record *r)
{
	switch (r->kind) {
	case RECORD_INIT:
		cr_assert_eq(r->init.camera, 4);
		found.inits[r->init.rendition]++;
		break;
	case RECORD_PART:
		cr_assert_eq(r->part.camera, 4);
		found.parts[r->part.rendition]++;
		if (memmem(r->part.data, r->part.len, answer, sizeof answer - 1))
			*(r->part.rendition == 2 ? &found.answers : &found.answers_elsewhere) += 1;
		found.others += memmem(r->part.data, r->part.len, certificate, sizeof certificate - 1) != NULL;
		found.last_segment = r->part.segment;
		break;
	default:
		cr_assert_eq(r->kind, RECORD_SEGMENT_END);
		found.ends[r->end.rendition]++;
	}
}

static void take(void)
{
	struct record r;
	struct buf b;

	buf_init(&b, RING_MAX);
	while (ring_get(&store, &b) == 1) {
		cr_assert_eq(record_decode(buf_data(&b), b.len, &r), 0);
		count(&r);
	}
	buf_free(&b);
}

/* As store does: sleeps on its doorbell until *what is at least n. */
static void wait_for(const uint32_t *what, uint32_t n)
{
	struct pollfd p = {bell_out, POLLIN, 0};
	uint64_t rung;

	for (take(); *what < n; take()) {
		cr_assert_eq(poll(&p, 1, PATIENCE_MS), 1, "%u segments, %u parts", found.ends[2], found.parts[2]);
		cr_assert_eq(read(bell_out, &rung, sizeof rung), sizeof rung);
	}
}

static int wait_for_exit(void)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	pid = 0;
	return status;
}

static void make(const struct stream_kind *k)
{
	stream_free(&stream);
	stream_make(&stream, k);
}

Test(transcode, works_behind_its_seal_and_stops_when_told)
{
	int status;

	cr_assert(heard.layers & LAYER_SECCOMP);
	make(&(struct stream_kind){"B", 640, 360, 100, 25, 2});
	put_stream(1000);
	wait_for(&found.ends[2], 3);
	say(MSG_STOP, NULL, NULL, 0);
	ring_kick(&ingest);
	status = wait_for_exit();
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
	take();
	cr_assert_eq(found.inits[2], 1);
	cr_assert_eq(found.inits[3], 1);
	cr_assert_eq(found.ends[2], 4);
	cr_assert_eq(found.ends[3], 4);
	cr_assert_eq(found.last_segment, 3);
}

static int say_and_wait_for_exit(enum msg_type type, const void *body)
{
	say(type, body, NULL, 0);
	ring_kick(&ingest);
	return wait_for_exit();
}

Test(transcode, tells_how_it_is)
{
	enum msg_type type;

	make(&(struct stream_kind){"B", 320, 180, 100, 25, 2});
	put_stream(1000);
	wait_for(&found.ends[2], 3);
	while (!heard.states)
		cr_assert_eq(channel_wait(channel, &type), 0);
	cr_expect(heard.state.camera == 4 && heard.state.cpu == CPU_C);
	/* Four seconds of stream come at once: on a busy machine that is more than it can do in time, by a step and no more in the first seconds. */
	cr_expect_leq(heard.state.step, 1);
	cr_expect_eq(heard.renditions, 2 * heard.states);
}

/* It reads its bell, works, hears the parent, and sleeps at its bell again: with an empty bell and asleep it has done all that. */
static bool is_done(void)
{
	char path[64], text[256] = "";
	const char *state;
	int waiting = 1;
	FILE *f;

	cr_assert_eq(ioctl(bell_worker, FIONREAD, &waiting), 0);
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	cr_assert(f);
	(void)!fread(text, 1, sizeof text - 1, f);
	fclose(f);
	state = strrchr(text, ')');
	return waiting == 0 && state && state[1] == ' ' && state[2] == 'S';
}

/* Segments one after the other, as they come; what it asks is answered at once, and has reached it before the next picture does. */
Test(transcode, has_its_groups_of_pictures_signed_and_sends_what_comes_of_it)
{
	enum msg_type type;

	make(&(struct stream_kind){"B", 320, 180, 100, 25, 2});
	put(&(struct record){.kind = RECORD_TRACK, .track = {1000, stream.track}}, NULL, 0);
	for (unsigned i = 0; i < stream.n; i++) {
		put(&(struct record){.kind = RECORD_AU, .au = {.epoch = 1000, .segment = i / 25, .au = stream.au[i]}}, stream.au[i].data, stream.au[i].len);
		/* the first is asked for its certificate, each begun one for the group before */
		if (i % 25 == 8)
			while (heard.certificates < 1 || heard.asked < i / 25)
				cr_assert_eq(channel_wait(channel, &type), 0);
		while (i % 25 == 8 && !is_done())
			usleep(1000);
	}
	say(MSG_STOP, NULL, NULL, 0);
	ring_kick(&ingest);
	cr_assert(WIFEXITED(wait_for_exit()));
	take();
	cr_expect_eq(heard.asked, 3);
	cr_expect_eq(heard.certificates, 1);
	cr_expect_eq(found.answers, 3);
	cr_expect_eq(found.others, 1, "%u certificates", found.others);
	cr_expect_eq(found.answers_elsewhere, 0);
}

Test(transcode, ends_when_told_what_is_not_for_it)
{
	struct msg_rendition_run run = {.camera = 5, .rendition = 2, .run = true};
	int status = say_and_wait_for_exit(MSG_RENDITION_RUN, &run);

	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x", (unsigned)status);
}

Test(transcode, takes_every_kind_of_stream_behind_its_seal)
{
	static const struct stream_kind kinds[] = {
		{"small", 64, 64, 50, 25}, {"HD", 1920, 1080, 50, 25, 3}, {"interlaced", 720, 576, 50, 25, 2, .interlaced = true},
		{"4:2:2 10", 640, 480, 50, 25, .chroma = STREAM_422, .bits = 10}, {"4:4:4", 642, 362, 50, 25, .chroma = STREAM_444},
		{"grey", 320, 240, 50, 25, .chroma = STREAM_400}, {"full", 640, 360, 50, 25, .full_range = true}};

	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		make(&kinds[i]);
		put_stream(i + 1);
		wait_for(&found.ends[2], 2 * i + 1);
	}
	cr_assert_eq(found.inits[2], sizeof kinds / sizeof kinds[0]);
}

Test(transcode, takes_H265_behind_its_seal)
{
	static const struct stream_kind kinds[] = {
		{"small", 64, 64, 50, 25}, {"B", 640, 360, 50, 25, 3, .open_gop = true}, {"4:2:2 10", 640, 480, 50, 25, .chroma = STREAM_422, .bits = 10},
		{"4:4:4 12", 322, 242, 50, 25, .chroma = STREAM_444, .bits = 12}, {"grey", 320, 240, 50, 25, .chroma = STREAM_400}};

	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		stream_free(&stream);
		stream_make_h265(&stream, &kinds[i]);
		put_stream(i + 1);
		wait_for(&found.ends[2], 2 * i + 1);
	}
	cr_assert_eq(found.inits[2], sizeof kinds / sizeof kinds[0]);
}

Test(transcode, makes_sound_behind_its_seal)
{
	static const struct track tracks[] = {
		{.codec = CODEC_PCMU, .timescale = 8000, .rate = 8000, .channels = 1}, {.codec = CODEC_PCMA, .timescale = 16000, .rate = 16000, .channels = 1},
		{.codec = CODEC_G726, .timescale = 8000, .rate = 8000, .channels = 1, .profile = 4}, {.codec = CODEC_L16, .timescale = 48000, .rate = 48000, .channels = 2}};
	uint8_t packet[320];
	uint32_t state = 5;

	for (unsigned i = 0; i < sizeof tracks / sizeof tracks[0]; i++) {
		put(&(struct record){.kind = RECORD_TRACK, .track = {i + 1, tracks[i]}}, NULL, 0);
		for (unsigned n = 0; n < 400; n++) {
			struct record_au a = {.epoch = i + 1, .segment = n / 100, .audio = true, .au = {.pts = n * tracks[i].rate / 50, .len = sizeof packet}};

			for (size_t b = 0; b < sizeof packet; b++)
				packet[b] = (uint8_t)stream_random(&state);
			/* Each fourth is lost. */
			if (n % 4)
				put(&(struct record){.kind = RECORD_AU, .au = a}, packet, sizeof packet);
		}
		wait_for(&found.ends[RENDITION_AUDIO], 4 * i + 3);
	}
	cr_assert_eq(found.inits[RENDITION_AUDIO], sizeof tracks / sizeof tracks[0]);
}

static long resident_kb(void)
{
	char path[64];
	long pages = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	cr_assert_eq(fscanf(f, "%*s %ld", &pages), 1);
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE) / 1024;
}

/* A sanitizer keeps what was freed: there only its findings count. */
static void expect_no_more_than(long kb)
{
	long now = resident_kb();

	if (!POLICY_SANITIZED)
		cr_assert_leq(now, kb + kb / 10 + 4096, "from %ld to %ld kB", kb, now);
}

Test(transcode, stays_the_same_size_while_the_stream_flips)
{
	static const struct stream_kind kinds[] = {{"small", 320, 240, 30, 25}, {"large", 1280, 720, 30, 25, 2}};
	long after_ten = 0;

	for (unsigned i = 0; i < 30; i++) {
		make(&kinds[i % 2]);
		put_stream(i + 1);
		wait_for(&found.ends[2], 2 * i + 1);
		if (i == 9)
			after_ten = resident_kb();
	}
	expect_no_more_than(after_ten);
}

/* The same inside one epoch, as a taken-over ingest could send it: parameter sets in band, another size each picture. */
Test(transcode, stays_the_same_size_while_H265_flips_in_band)
{
	static const struct stream_kind kinds[] = {{"small", 320, 240, 1}, {"large", 1280, 720, 1, .chroma = STREAM_422, .bits = 10}};
	static uint8_t bytes[2][1 << 20];
	size_t len[2];
	long after_ten = 0;

	for (unsigned k = 0; k < 2; k++) {
		stream_free(&stream);
		stream_make_h265(&stream, &kinds[k]);
		len[k] = stream.sets_len + stream.au[0].len;
		cr_assert_leq(len[k], sizeof bytes[k]);
		memcpy(bytes[k], stream.sets, stream.sets_len);
		memcpy(bytes[k] + stream.sets_len, stream.au[0].data, stream.au[0].len);
	}
	put(&(struct record){.kind = RECORD_TRACK, .track = {1, stream.track}}, NULL, 0);
	for (unsigned i = 0; i < 400; i++) {
		struct au au = {.dts = i * STREAM_STEP, .pts = i * STREAM_STEP, .key = true, .capture_us = i * 40000, .len = len[i % 2]};

		put(&(struct record){.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / 10, .au = au}}, bytes[i % 2], len[i % 2]);
		if (i % 20 == 19)
			wait_for(&found.ends[2], i / 10 - 1);
		if (i == 79)
			after_ten = resident_kb();
	}
	expect_no_more_than(after_ten);
}

Test(transcode, survives_a_damaged_stream)
{
	uint32_t state = 77;

	make(&(struct stream_kind){"noise", 160, 90, 200, 25, 2, .noise = true});
	for (unsigned i = 20; i < 170; i++)
		for (unsigned c = 0; c < 10; c++)
			((uint8_t *)(uintptr_t)stream.au[i].data)[stream_random(&state) % stream.au[i].len] = (uint8_t)stream_random(&state);
	put_stream(5);
	wait_for(&found.last_segment, 7);
}

Test(transcode, ends_when_ingest_lies)
{
	static const char bytes[] = "\xee no record";
	int status;

	cr_assert_eq(ring_put(&ingest, &(struct iovec){(void *)(uintptr_t)bytes, sizeof bytes}, 1), 0);
	ring_kick(&ingest);
	status = wait_for_exit();
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %x", (unsigned)status);
}

static int try_behind_filter(bool writes, int fd)
{
	uint64_t one = 1;
	int status, child = fork();

	if (child == 0) {
		for (int i = TRANSCODE_DOORBELL_FD; i < 8; i++)
			dup2(bell_out, i);
		if (sandbox_filter(policy_of(ROLE_TRANSCODE)) < 0)
			_exit(1);
		(void)!(writes ? write(fd, "", 0) : read(fd, &one, sizeof one));
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return status;
}

Test(transcode_seal, lets_each_descriptor_be_used_one_way)
{
	static const struct { int fd; bool read, write; } rules[] = {
		{STDIN_FILENO, false, false}, {STDOUT_FILENO, false, false}, {STDERR_FILENO, false, true}, {ROLE_CHANNEL_FD, true, true},
		{TRANSCODE_DOORBELL_FD, true, false}, {TRANSCODE_STORE_FD, false, true}, {6, false, false}, {7, false, false}, {-1, false, false}};

	bell_out = eventfd(1, EFD_NONBLOCK);
	cr_assert_geq(bell_out, 0);
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		for (int writes = 0; writes < 2; writes++) {
			int status = try_behind_filter(writes, rules[i].fd);

			if (writes ? rules[i].write : rules[i].read)
				cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s %d: %x", writes ? "write" : "read", rules[i].fd, (unsigned)status);
			else
				cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s %d: %x", writes ? "write" : "read", rules[i].fd, (unsigned)status);
		}
}

Test(transcode_by_hand, says_who_starts_it)
{
	int status;

	spawn_by_hand();
	status = wait_for_exit();
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 2, "status %x", (unsigned)status);
}
