/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By what it does not do, or does not stop doing: silence, a loop without an end, all the memory there is; and by dying. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/policy.h"
#include "tests/taken/taken.h"

#define CHUNK (16u << 20)

static const char *say_nothing(struct taken *t)
{
	return "done";
}

/* Its channel is all that the parent can reach it by. */
static const char *close_the_channel(struct taken *t)
{
	return taken_outcome(syscall(SYS_close, ROLE_CHANNEL_FD), "done");
}

static const char *loop(struct taken *t)
{
	volatile bool on = true;

	/* Who never answered may still be reading its archive. */
	if (t->role.me != ROLE_TRANSCODE)
		taken_say(ROLE_CHANNEL_FD, MSG_HERE, NULL, NULL, 0);
	while (on)
		;
	return "over";
}

/* To its limit, and no further; the pages are written to, so that they are really taken. */
static const char *take_memory(struct taken *t)
{
	for (;;) {
		long at = t->role.me == ROLE_TRANSCODE ? (long)(intptr_t)sbrk(CHUNK) :
			syscall(SYS_mmap, NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == -1)
			return taken_outcome(-1, "");
		for (size_t k = 0; k < CHUNK; k += 4096)
			((volatile uint8_t *)(intptr_t)at)[k] = 1;
	}
}

/* More than the limit at once, which touches nothing. */
static const char *ask_for_memory(struct taken *t)
{
	return taken_outcome(syscall(SYS_mmap, NULL, 1ull << 37, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
		"GAINED more memory than its limit");
}

static const char *take_descriptors(struct taken *t)
{
	while (syscall(SYS_fcntl, STDERR_FILENO, F_DUPFD_CLOEXEC, 0) >= 0)
		;
	return taken_outcome(-1, "");
}

static const char *crash(struct taken *t)
{
	volatile uintptr_t nowhere = 8;

	*(volatile int *)nowhere = 1;
	return "alive";
}

/* A decoder is well until its camera sends the one picture that it cannot bear. */
static void await_the_camera(struct taken *t)
{
	uint8_t rings[64];
	size_t len;

	while (ring_look(&t->in, &len) == 0 && read(TRANSCODE_DOORBELL_FD, rings, sizeof rings) > 0)
		;
}

static const char *crash_by_camera(struct taken *t)
{
	await_the_camera(t);
	return crash(t);
}

static const char *loop_by_camera(struct taken *t)
{
	await_the_camera(t);
	return loop(t);
}

static const char *take_memory_by_camera(struct taken *t)
{
	await_the_camera(t);
	return take_memory(t);
}

/* A segment whose memory is taken away once serve has it: nobody may be sent, or die of, what is gone. */
static const char *take_a_segment_back(struct taken *t)
{
	struct msg_segment m = {.number = 1, .independent = true, .start_us = clock_wall_us(), .duration = 90000, .timescale = 90000, .bytes = 65536};
	int fd = (int)syscall(SYS_memfd_create, "segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || syscall(SYS_ftruncate, fd, 65536) < 0)
		return taken_outcome(-1, "");
	if (taken_say(t->peer[ROLE_SERVE], MSG_SEGMENT, &m, &fd, 1))
		return "not delivered";
	return taken_outcome(syscall(SYS_ftruncate, fd, 0), "done");
}

/* Cannot be written any more, but can be cut: half a seal is none. */
static const char *half_a_seal(struct taken *t)
{
	struct msg_segment m = {.number = 1, .independent = true, .start_us = clock_wall_us(), .duration = 90000, .timescale = 90000, .bytes = 65536};
	int fd = (int)syscall(SYS_memfd_create, "segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || syscall(SYS_ftruncate, fd, 65536) < 0 || syscall(SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_WRITE) < 0)
		return taken_outcome(-1, "");
	if (taken_say(t->peer[ROLE_SERVE], MSG_SEGMENT, &m, &fd, 1))
		return "not delivered";
	return taken_outcome(syscall(SYS_ftruncate, fd, 0), "done");
}

const struct attack attacks_hold[] = {
	{"silence", IN_ALL, 0, say_nothing, 120},
	{"close-channel", IN_ALL & ~IN(TRANSCODE), 0, close_the_channel, 120},
	{"loop", IN_ALL, 0, loop, 0},
	{"memory", IN(TRANSCODE), 0, take_memory, 0},
	{"ask-memory", IN_ALL & ~IN(TRANSCODE), 0, ask_for_memory, 0},
	{"descriptors-all", IN(INGEST) | IN(STORE) | IN(SERVE) | IN(SIGN), 0, take_descriptors, 0},
	{"crash", IN_ALL, 0, crash, 0},
	{"camera-crash", IN(TRANSCODE), 0, crash_by_camera, 0},
	{"camera-loop", IN(TRANSCODE), 0, loop_by_camera, 0},
	{"camera-memory", IN(TRANSCODE), 0, take_memory_by_camera, 0},
	{"unsealed", IN(STORE), NEEDS_SERVE, take_a_segment_back, 1},
	{"half-a-seal", IN(STORE), NEEDS_SERVE, half_a_seal, 1},
	{0},
};
