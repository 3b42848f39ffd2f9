/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/roles.h"

#define TO(r) (1u << ROLE_##r)
#define ANY_ROLE (TO(INGEST) | TO(TRANSCODE) | TO(STORE) | TO(SIGN) | TO(SERVE))

/* The whole of it. What is not here kills the sender. Which function answers stands at the top of each role's file. */
static const struct rule {
	enum msg_type type;
	unsigned from, to;
	unsigned char fds_min, fds_max;
} rules[] = {
	/* what            who says it    to whom      descriptors */
	{MSG_GO,              TO(PARENT),    ANY_ROLE,     0, 0},
	{MSG_READY,           ANY_ROLE,      TO(PARENT),   0, 0},
	{MSG_STOP,            TO(PARENT),    ANY_ROLE,     0, 0},
	{MSG_ASK,             TO(PARENT),    TO(INGEST) | TO(STORE) | TO(SIGN) | TO(SERVE), 0, 0},
	{MSG_HERE,            TO(INGEST) | TO(STORE) | TO(SIGN) | TO(SERVE), TO(PARENT), 0, 0},
	{MSG_BAD_PEER,        TO(STORE) | TO(SIGN) | TO(SERVE), TO(PARENT), 0, 0},
	{MSG_PEER,            TO(PARENT),    TO(STORE) | TO(SIGN) | TO(SERVE), 1, 1},

	{MSG_INGEST_CAMERA,   TO(PARENT),    TO(INGEST),   0, 1},
	{MSG_RING_STORE,      TO(PARENT),    TO(INGEST),   2, 2},
	{MSG_RING_STORE,      TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_RING_TRANSCODE,  TO(PARENT),    TO(INGEST),   0, 2},
	{MSG_DIAL,            TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_DIALED,          TO(PARENT),    TO(INGEST),   0, 1},
	{MSG_UDP_OPEN,        TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_UDP_OPENED,      TO(PARENT),    TO(INGEST),   0, 0},
	{MSG_UDP_CONNECT,     TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_UDP_CONNECTED,   TO(PARENT),    TO(INGEST),   0, 2},
	{MSG_UDP_CLOSE,       TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_CAMERA_STATE,    TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_CAMERA_GONE,     TO(PARENT),    TO(INGEST) | TO(STORE) | TO(SERVE), 0, 0},
	{MSG_CAMERA_GONE,     TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_CAMERA_OFFER,    TO(INGEST),    TO(PARENT),   0, 0},
	{MSG_CAMERA_STATE,    TO(PARENT),    TO(SERVE),    0, 0},

	{MSG_TRANSCODE_CAMERA,    TO(PARENT), TO(TRANSCODE), 0, 0},
	{MSG_TRANSCODE_RENDITION, TO(PARENT), TO(TRANSCODE), 0, 0},
	{MSG_TRANSCODE_RINGS,     TO(PARENT), TO(TRANSCODE), 4, 4},
	{MSG_RENDITION_RUN,       TO(PARENT), TO(TRANSCODE) | TO(SERVE), 0, 0},
	{MSG_WORKER_STATE,        TO(TRANSCODE), TO(PARENT), 0, 0},
	{MSG_WORKER_RENDITION,    TO(TRANSCODE), TO(PARENT), 0, 0},
	{MSG_SEI_ASK,         TO(TRANSCODE), TO(PARENT),   0, 0},
	{MSG_SEI_ASK,         TO(PARENT),    TO(SIGN),     0, 0},
	{MSG_SEI,             TO(SIGN),      TO(PARENT),   0, 0},
	{MSG_SEI,             TO(PARENT),    TO(TRANSCODE), 0, 0},

	{MSG_STORE_SITE,      TO(PARENT),    TO(STORE),    1, 1},
	{MSG_STORE_CAMERA,    TO(PARENT),    TO(STORE),    0, 0},
	{MSG_STORE_RENDITION, TO(PARENT),    TO(STORE),    0, 0},
	{MSG_STORE_ENCODER,   TO(PARENT),    TO(STORE),    0, 0},
	{MSG_CAMERA_TAKEN,    TO(STORE),     TO(PARENT),   0, 0},
	{MSG_STORE_CONFIG,    TO(PARENT),    TO(STORE),    0, 0},
	{MSG_EXPORT,          TO(PARENT),    TO(STORE),    0, 0},
	{MSG_RING_FROM,       TO(PARENT),    TO(STORE),    2, 2},
	{MSG_STORE_STATE,     TO(STORE),     TO(PARENT),   0, 0},
	{MSG_RENDITION_STATE, TO(STORE),     TO(PARENT),   0, 0},
	{MSG_ALARM,           TO(PARENT),    TO(STORE) | TO(SERVE), 0, 0},
	{MSG_STORE_POLICY,    TO(PARENT),    TO(STORE),    0, 0},
	{MSG_WITNESS_STATE,   TO(STORE),     TO(PARENT),   0, 0},

	{MSG_SIGN_SITE,       TO(PARENT),    TO(SIGN),     2, 4},
	{MSG_SIGN_MEDIA,      TO(PARENT),    TO(SIGN),     2, 2},
	{MSG_SIGN_HELLO,      TO(SIGN),      TO(STORE),    0, 0},
	{MSG_LEAVES,          TO(STORE),     TO(SIGN),     0, 0},
	{MSG_CHECKPOINT,      TO(SIGN),      TO(STORE),    0, 0},
	{MSG_CHECKPOINT,      TO(STORE),     TO(SERVE),    0, 0},
	{MSG_KEY_NOTE,        TO(SIGN),      TO(STORE),    0, 0},
	{MSG_KEY_KEPT,        TO(STORE),     TO(SIGN),     0, 0},
	{MSG_SIGN_STATE,      TO(SIGN),      TO(PARENT),   0, 0},
	{MSG_TURN_ASK,        TO(SIGN),      TO(PARENT),   0, 0},
	{MSG_TURN,            TO(PARENT),    TO(SIGN),     0, 0},

	{MSG_SERVE_SITE,      TO(PARENT),    TO(SERVE),    2, 3},
	{MSG_SERVE_LISTENER,  TO(PARENT),    TO(SERVE),    0, 1},
	{MSG_SERVE_USER,      TO(PARENT),    TO(SERVE),    0, 0},
	{MSG_SERVE_CAMERA,    TO(PARENT),    TO(SERVE),    0, 0},
	{MSG_SERVE_RENDITION, TO(PARENT),    TO(SERVE),    0, 0},
	{MSG_SERVE_VKEY,      TO(PARENT),    TO(SERVE),    0, 0},
	{MSG_SERVE_CERTIFICATE, TO(PARENT),  TO(SERVE),    2, 3},
	{MSG_SESSION,         TO(PARENT) | TO(SERVE), TO(PARENT) | TO(SERVE), 0, 0},
	{MSG_SESSION_END,     TO(PARENT) | TO(SERVE), TO(PARENT) | TO(SERVE), 0, 0},
	{MSG_LOGIN,           TO(SERVE),     TO(PARENT),   0, 0},
	{MSG_LOGIN_ENTRY,     TO(PARENT),    TO(STORE),    0, 0},
	{MSG_SERVE_STATE,     TO(SERVE),     TO(PARENT),   0, 0},
	{MSG_WATCHED,         TO(SERVE),     TO(PARENT),   0, 0},
	{MSG_PART_LENGTH,     TO(PARENT),    TO(INGEST) | TO(TRANSCODE) | TO(STORE), 0, 0},
	{MSG_LOOK,            TO(PARENT),    TO(TRANSCODE), 0, 0},
	{MSG_TRACK,           TO(STORE),     TO(SERVE),    1, 1},
	{MSG_SEGMENT,         TO(STORE),     TO(SERVE),    1, 1},
	{MSG_PART,            TO(STORE),     TO(SERVE),    1, 1},
	{MSG_OLDEST,          TO(STORE),     TO(SERVE),    0, 0},
	{MSG_WANT,            TO(SERVE),     TO(STORE),    0, 0},
	{MSG_HAVE,            TO(STORE),     TO(SERVE),    0, 1},
	{MSG_CLIP_MAKE,       TO(SERVE),     TO(STORE),    0, 0},
	{MSG_CLIP_NEXT,       TO(SERVE),     TO(STORE),    0, 0},
	{MSG_CLIP_END,        TO(SERVE),     TO(STORE),    0, 0},
	{MSG_CLIP_PIECE,      TO(STORE),     TO(SERVE),    0, 1},
	{MSG_COSIGNATURE,     TO(SERVE),     TO(STORE),    0, 0},
	{MSG_COSIGNED,        TO(STORE),     TO(SERVE),    0, 0},
	{MSG_LOG_NOTE,        TO(STORE),     TO(SERVE),    0, 0},
	{MSG_METRICS,         TO(PARENT),    TO(SERVE),    2, 2},
	{MSG_VIEWING,         TO(SERVE),     TO(PARENT),   0, 0},
	{MSG_WATCH_ENTRY,     TO(PARENT),    TO(STORE),    0, 0},
	{MSG_SHARE,           TO(PARENT),    TO(SERVE),    0, 0},
	{MSG_QUESTION,        TO(SERVE),     TO(PARENT),   0, 0},
	{MSG_ANSWER,          TO(PARENT),    TO(SERVE),    0, 1},
};

const char *role_kind_name(unsigned kind)
{
	static const char *const name[ROLE_COUNT] = {"casemate", "ingest", "transcode", "store", "sign", "serve"};

	return kind < ROLE_COUNT ? name[kind] : "?";
}

bool roles_may_say(enum role_kind from, enum role_kind to, enum msg_type type, unsigned nfds)
{
	for (unsigned i = 0; i < sizeof rules / sizeof *rules; i++) {
		const struct rule *r = &rules[i];

		if (r->type == type && (r->from >> from & 1) && (r->to >> to & 1))
			return nfds >= r->fds_min && nfds <= r->fds_max;
	}
	return false;
}
