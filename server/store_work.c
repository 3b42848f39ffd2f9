/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/store_work.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/ring.h"

static void *work_on(void *arg)
{
	struct worker *w = arg;
	struct work *job;
	bool first;

	pthread_mutex_lock(&w->mutex);
	for (;;) {
		while (!(job = STAILQ_FIRST(&w->todo)) && !w->stop) {
			w->idle = true;
			pthread_cond_wait(&w->cond, &w->mutex);
		}
		w->idle = false;
		if (!job)
			break;
		STAILQ_REMOVE_HEAD(&w->todo, next);
		pthread_mutex_unlock(&w->mutex);
		job->run(job);
		pthread_mutex_lock(&w->mutex);
		/* Who has been rung for takes all that is there. */
		first = STAILQ_EMPTY(&w->finished);
		STAILQ_INSERT_TAIL(&w->finished, job, next);
		if (first)
			ring_doorbell(w->bell);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

static void hand_back(struct worker *w)
{
	struct work_list finished = STAILQ_HEAD_INITIALIZER(finished);
	struct work *job;

	pthread_mutex_lock(&w->mutex);
	STAILQ_CONCAT(&finished, &w->finished);
	pthread_mutex_unlock(&w->mutex);
	while ((job = STAILQ_FIRST(&finished))) {
		STAILQ_REMOVE_HEAD(&finished, next);
		w->waiting--;
		job->done(job);
	}
}

static void on_bell(int fd, short what, void *arg)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof count);
	hand_back(arg);
}

static void *no_work(void *arg)
{
	return arg;
}

int worker_warm(void)
{
	pthread_t t;
	int rc = pthread_create(&t, NULL, no_work, NULL);

	if (!rc)
		pthread_join(t, NULL);
	return -rc;
}

int worker_init(struct worker *w, struct event_base *base)
{
	*w = (struct worker){.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	STAILQ_INIT(&w->given);
	STAILQ_INIT(&w->todo);
	STAILQ_INIT(&w->finished);
	if (w->bell < 0)
		return -errno;
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->cond, NULL);
	w->rung = event_new(base, w->bell, EV_READ | EV_PERSIST, on_bell, w);
	return w->rung && event_add(w->rung, NULL) == 0 ? 0 : -ENOMEM;
}

int worker_start(struct worker *w)
{
	int rc = pthread_create(&w->thread, NULL, work_on, w);

	w->started = rc == 0;
	return -rc;
}

void worker_give(struct worker *w, struct work *work)
{
	w->waiting++;
	STAILQ_INSERT_TAIL(&w->given, work, next);
}

void worker_go(struct worker *w)
{
	if (STAILQ_EMPTY(&w->given))
		return;
	pthread_mutex_lock(&w->mutex);
	STAILQ_CONCAT(&w->todo, &w->given);
	if (w->idle)
		pthread_cond_signal(&w->cond);
	w->idle = false;
	pthread_mutex_unlock(&w->mutex);
}

void worker_end(struct worker *w)
{
	if (w->started) {
		worker_go(w);
		pthread_mutex_lock(&w->mutex);
		w->stop = true;
		pthread_cond_signal(&w->cond);
		pthread_mutex_unlock(&w->mutex);
		pthread_join(w->thread, NULL);
		hand_back(w);
	}
	if (w->rung)
		event_free(w->rung);
	if (w->bell >= 0)
		close(w->bell);
	w->rung = NULL;
	w->bell = -1;
}
