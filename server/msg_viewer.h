/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_MSG_VIEWER_H
#define SERVER_MSG_VIEWER_H
/* Messages about viewers: who may log in, who did, what he had, what is shared, and what his page asks. Their wire form: msg.c. */
#include <stdbool.h>
#include <stdint.h>

#include "conf/site.h"
#include "media/record.h"
#include "server/rights.h"

/*
 * version: grows with each change of this user and of what he may, and every login says under which it was; gone: nobody logs in as him any
 * more, nor after expires_us (wall clock; 0: never). all: he may everything, as users of a site without groups do; else rules say what.
 */
struct msg_serve_user {
	uint16_t user;
	uint32_t version;
	bool gone, all;
	char name[SITE_NAME], password_hash[256];
	bool has_sha256, has_md5;                    /* he may log in by RTSP with Digest of them */
	uint8_t ha1_sha256[32], ha1_md5[16];         /* secrets: struct site_digest */
	int64_t expires_us;
	uint16_t rules_len;
	uint8_t rules[RIGHTS_BYTES];                 /* server/rights.h */
	char certificate[SITE_CERTIFICATE];          /* as users[].certificate; "": none */
};
#define MSG_SESSION_US (12 * 3600 * 1000000ll)
struct msg_session_end { uint8_t token_sha256[32]; };
#define MSG_ADDRESS 46                           /* a literal address as inet_ntop writes it, or "-", and a NUL */
#define MSG_LOGIN_NOBODY UINT16_MAX
/* Wall clock; at most MSG_SESSION_US long. begun_us: the parent says it. address: as in msg_login. */
struct msg_session { uint8_t token_sha256[32]; uint16_t user; uint32_t version; int64_t begun_us, expires_us; char address[MSG_ADDRESS]; };
struct msg_login { uint16_t user; bool accepted; uint32_t count; char address[MSG_ADDRESS]; bool certificate; };  /* user: MSG_LOGIN_NOBODY: unknown, or several */
struct msg_login_entry { char user[SITE_NAME], address[MSG_ADDRESS]; bool accepted; uint32_t count; int64_t at_us; bool certificate; };
/*
 * What one viewer had of one camera: by and renditions are bits; numbers of segments (and so of their entries), of which he had some
 * between the two; wall clock. user: MSG_LOGIN_NOBODY: several; address "-": several.
 */
enum msg_viewing_by { VIEWING_PAGE, VIEWING_PLAYER, VIEWING_RTSP, VIEWING_WAYS };
#define MSG_VIEWING_BYTES_MAX ((uint64_t)1 << 53)
#define MSG_VIEWING_NUMBER_MAX ((uint64_t)1 << 53)
struct msg_viewing {
	uint16_t user, camera, renditions;
	uint8_t by;
	char address[MSG_ADDRESS];
	uint64_t from_number, to_number, bytes;
	int64_t from_us, to_us;
};
struct msg_watch_entry {
	char user[SITE_NAME], camera[SITE_NAME], address[MSG_ADDRESS];
	uint8_t by;
	char renditions[RENDITIONS_MAX * SITE_NAME];   /* names, a blank between */
	uint64_t from_number, to_number, bytes;
	int64_t from_us, to_us;
};
/* from_us and to_us: of footage, both 0: live. user: he must have the right himself; MSG_LOGIN_NOBODY: nobody need. version: grows in that place. */
#define MSG_SHARE_ID 13                          /* "share-" and 6 of a-z, 2-7 */
struct msg_share {
	uint16_t share, camera, user;
	uint32_t version;
	bool gone;
	char id[MSG_SHARE_ID];
	uint8_t token_sha256[32];
	int64_t from_us, to_us, expires_us;
};
/*
 * What a viewer's page asks of the parent, as commands do over the local socket. serve has found out that he may; all: also of what is
 * others'. words: a camera (history), a session's id (its end), a link's id (unshare), "CAMERA FROM TO EXPIRES" as ASK_SHARE has them.
 */
enum msg_question_what {
	QUESTION_STATUS, QUESTION_ALARMS, QUESTION_HISTORY, QUESTION_SESSIONS, QUESTION_SESSION_END, QUESTION_SHARES, QUESTION_SHARE,
	QUESTION_UNSHARE, QUESTION_COUNT
};
static inline bool msg_question_changes(uint8_t what) { return what == QUESTION_SESSION_END || what == QUESTION_SHARE || what == QUESTION_UNSHARE; }
struct msg_question { uint32_t request; uint8_t what; uint16_t user; bool all; char words[200]; };
enum msg_answer_result { MSG_ANSWER_DONE, MSG_ANSWER_REFUSED, MSG_ANSWER_LATER };
struct msg_answer { uint32_t request; uint8_t result; uint64_t bytes; uint8_t sha256[32]; char why[200]; };  /* why: it is refused, for people */

#endif
