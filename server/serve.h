/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H
/* What one serve process is made of; server/serve.c puts it together and hears the other roles. */
#include <sys/queue.h>

#include "net/http_response.h"
#include "server/login_book.h"
#include "server/role.h"
#include "server/serve_auth.h"
#include "server/serve_certificate.h"
#include "server/serve_closed.h"
#include "server/serve_limit.h"
#include "server/serve_media.h"
#include "server/serve_metrics.h"
#include "server/serve_question.h"
#include "server/serve_rights.h"
#include "server/serve_session.h"
#include "server/serve_users.h"
#include "server/serve_want.h"
#include "server/serve_witness.h"
#include "server/watch_book.h"

struct serve_conns;
struct serve_exchange;

struct serve {
	struct role role;
	struct event_base *base;
	struct msg_serve_site site;
	char vkey[MSG_VKEY];
	struct serve_media *media;
	struct serve_auth *auth;
	struct serve_sessions *sessions;
	struct serve_rights *rights;
	struct serve_wants *wants;
	struct serve_witness *witness;
	struct serve_metrics metrics;
	struct serve_questions questions;
	struct serve_conns *conns;
	LIST_HEAD(, serve_rtsp) rtsp;      /* connections by RTSP */
	unsigned conns_max;                /* connections in all */
	struct serve_users users;
	TAILQ_HEAD(, serve_exchange) waiting;
	unsigned held;                     /* of those that wait: for what is made on demand, */
	unsigned reloads;                  /* for a part or a segment that comes */
	struct channel *store;             /* NULL while there is none */
	LIST_HEAD(, serve_export) exports; /* being made or taken */
	uint32_t export_request;
	struct msg_serve_state state;      /* counters */
	struct serve_limits limits;
	struct serve_closed_log closed[SERVE_CLOSED_COUNT];
	struct serve_certificates certificates;
	struct login_book logins;          /* the parent has not heard of, */
	struct watch_book views;           /* nor of these */
	char date[HTTP_DATE];
};

#endif
