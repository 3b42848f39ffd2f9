/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_onvif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/onvif.h"
#include "server/ingest_link.h"

#define READ_BYTES 4096

struct ingest_onvif {
	struct ingest_site *site;
	const struct msg_ingest_camera *camera;
	struct onvif engine;
	struct ingest_link link;
	struct buf out, in;
	bool asking;
	int64_t since_us;                 /* monotonic: this step's begin */
	const char *failed;               /* what was logged last; static texts */
};

static void hang_up(struct ingest_onvif *o)
{
	ingest_link_close(&o->link);
	buf_free(&o->in);
	buf_free(&o->out);
	buf_init(&o->in, ONVIF_REPLY_MAX);
	buf_init(&o->out, ONVIF_REQUEST_MAX);
}

static void done(struct ingest_onvif *o, const char *failed)
{
	hang_up(o);
	o->asking = false;
	if (failed && failed != o->failed)
		log_warn("onvif", "camera=%s text=\"%s\"", o->camera->name, failed);
	o->failed = failed;
}

static void dial(struct ingest_onvif *o)
{
	o->since_us = clock_mono_us();
	if (channel_say(o->site->parent, MSG_DIAL, &(struct msg_dial){o->camera->camera, DIAL_ONVIF}, NULL, 0))
		done(o, "ONVIF: no connection could be asked for");
}

void ingest_onvif_ask(struct ingest_onvif *o)
{
	if (!o || o->asking)
		return;
	o->asking = true;
	dial(o);
}

static void request(struct ingest_onvif *o)
{
	uint8_t random[16];

	if (getrandom(random, sizeof random, 0) != sizeof random || onvif_request(&o->engine, clock_wall_us(), random, &o->out))
		done(o, "ONVIF: the request could not be made");
	else if (!ingest_link_write(&o->link, &o->out))
		done(o, "ONVIF: the connection broke");
}

static void judge(struct ingest_onvif *o, bool closed)
{
	const char *why = NULL;

	switch (onvif_reply(&o->engine, buf_data(&o->in), o->in.len, closed, clock_wall_us(), &why)) {
	case ONVIF_MORE:
		if (closed)
			done(o, "ONVIF: the connection broke");
		break;
	case ONVIF_NEXT:
		hang_up(o);
		dial(o);
		break;
	case ONVIF_DONE:
		done(o, NULL);
		break;
	case ONVIF_FAILED:
		done(o, why);
		break;
	}
}

static void read_some(struct ingest_onvif *o)
{
	size_t left = ONVIF_REPLY_MAX - o->in.len, want = left < READ_BYTES ? left : READ_BYTES;
	uint8_t *room = want ? buf_reserve(&o->in, want) : NULL;
	ssize_t n;

	if (!room) {
		done(o, "ONVIF: the reply is too long");
		return;
	}
	n = ingest_link_read(&o->link, room, want);
	if (n == -EAGAIN)
		return;
	if (n > 0)
		buf_commit(&o->in, (size_t)n);
	judge(o, n <= 0);
}

static void on_news(void *ctx, enum ingest_link_news what)
{
	struct ingest_onvif *o = ctx;

	switch (what) {
	case INGEST_LINK_UP:
		request(o);
		break;
	case INGEST_LINK_READABLE:
		read_some(o);
		break;
	case INGEST_LINK_BROKEN:
		done(o, "ONVIF: the connection broke");
		break;
	}
}

void ingest_onvif_dialed(struct ingest_onvif *o, int error, int fd)
{
	static const struct ingest_tls plain;

	if (!o || !o->asking || o->link.fd >= 0) {
		if (fd >= 0)
			close(fd);
	} else if (error || fd < 0) {
		done(o, "ONVIF: the service cannot be reached");
	} else if (ingest_link_open(&o->link, o->site->base, fd, &plain, on_news, o)) {
		done(o, "ONVIF: no memory for the connection");
	}
}

void ingest_onvif_tick(struct ingest_onvif *o)
{
	if (o && o->asking && clock_mono_us() - o->since_us > ONVIF_REPLY_S * 1000000ll)
		done(o, "ONVIF: the service does not answer");
}

int ingest_onvif_new(struct ingest_site *site, const struct msg_ingest_camera *m, const char *password, struct ingest_onvif **ret)
{
	struct ingest_onvif *o = calloc(1, sizeof *o);
	struct onvif_config config = {.host = m->onvif_host, .path = m->onvif_url + strlen("http://") + strlen(m->onvif_host),
		.user = m->has_user ? m->user : NULL, .password = password, .allow_md5 = m->allow_md5};

	if (!o)
		return -ENOMEM;
	o->site = site;
	o->camera = m;
	o->link = (struct ingest_link)INGEST_LINK_NONE;
	onvif_init(&o->engine, &config);
	hang_up(o);
	*ret = o;
	return 0;
}

void ingest_onvif_free(struct ingest_onvif **o)
{
	if (!*o)
		return;
	hang_up(*o);
	explicit_bzero(*o, sizeof **o);
	free(*o);
	*o = NULL;
}
