/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_STORE_WORK_H
#define SERVER_STORE_WORK_H
/*
 * Work that may wait for the disk, away from the loop: each worker is one thread
 * that runs its work in order; what is done comes back to the loop, in order per
 * worker. No memory is shared but what the work itself carries.
 */
#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct event;

struct work {
	void (*run)(struct work *w);    /* on the worker's thread */
	void (*done)(struct work *w);   /* on the loop; owns w from here on */
	STAILQ_ENTRY(work) next;
};

STAILQ_HEAD(work_list, work);

struct worker {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	struct work_list given;         /* the loop's: not handed over yet */
	struct work_list todo, finished;
	unsigned waiting;               /* loop's own count: given and not done */
	bool stop, started, idle;       /* idle: it waits for cond */
	int bell;
	struct event *rung;
};

/* Runs a first thread, for glibc installs a signal handler with it that a sealed role may not. 0 or -errno. */
int worker_warm(void);
/* Makes the bell (before the role is sealed). 0 or -errno. */
int worker_init(struct worker *w, struct event_base *base);
/* Starts the thread (after the role is sealed). 0 or -errno. */
int worker_start(struct worker *w);
void worker_give(struct worker *w, struct work *work);
/* Hands over what was given since the last call, at the end of each round of the loop: one waking for all of it. */
void worker_go(struct worker *w);
/* Finishes what was given, ends the thread, calls done for the rest. Any state after worker_init. */
void worker_end(struct worker *w);

#endif
