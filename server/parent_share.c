/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/parent_share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/text.h"
#include "conf/rights.h"
#include "server/ask.h"
#include "server/parent.h"

#define FILE_MODE 0600
#define PATH_MAX_BYTES 4300
#define WORDS 5
#define REST_US 60000000       /* what a serve still says of the link that was in a place is not the next one's */

/* "…/site.key.state" -> "…/site.key" + tail */
static void path_of(const struct parent *p, const char *tail, char *out, size_t cap)
{
	char state[4200];

	sign_state_path(p->site, state, sizeof state);
	snprintf(out, cap, "%.*s%s", (int)(strlen(state) - strlen(".state")), state, tail);
}

/* -ENOENT while there is none. */
static int read_key(struct parent_shares *s, const char *path)
{
	struct buf b;
	int rc;

	buf_init(&b, SHARE_KEY);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (!rc && b.len != SHARE_KEY)
		rc = -EBADMSG;
	if (!rc && !(s->key = secret_alloc(SHARE_KEY)))
		rc = -ENOMEM;
	if (!rc)
		memcpy(s->key, buf_data(&b), SHARE_KEY);
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	return rc;
}

static int make_key(struct parent *p)
{
	struct parent_shares *s = &p->shares;
	char path[PATH_MAX_BYTES];
	uint8_t *key;
	int rc;

	if (s->key)
		return 0;
	key = secret_alloc(SHARE_KEY);
	if (!key)
		return -ENOMEM;
	path_of(p, ".share-key", path, sizeof path);
	rc = getrandom(key, SHARE_KEY, 0) == SHARE_KEY ? io_replace_file(AT_FDCWD, path, key, SHARE_KEY, FILE_MODE) : -EIO;
	if (rc)
		secret_free(key);
	else
		s->key = key;
	return rc;
}

static int hash_token(const struct parent_shares *s, struct parent_share *at)
{
	char token[SHARE_TOKEN];
	int rc = share_token(s->key, &at->share, token);

	if (!rc && !EVP_Digest(token, SHARE_TOKEN - 1, at->token_sha256, NULL, EVP_sha256(), NULL))
		rc = -ENOMEM;
	explicit_bzero(token, sizeof token);
	return rc;
}

static int read_list(struct parent_shares *s, const char *path)
{
	static struct share share[SITE_SHARES_MAX];
	struct buf b;
	unsigned n = 0;
	int rc;

	buf_init(&b, SHARE_FILE_MAX);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (!rc && b.len)
		rc = share_read(buf_data(&b), b.len, share, &n);
	for (unsigned i = 0; !rc && i < n; i++) {
		s->at[i] = (struct parent_share){.share = share[i], .used = true, .version = 1};
		rc = hash_token(s, &s->at[i]);
	}
	buf_free(&b);
	return rc;
}

int parent_share_begin(struct parent *p, char *ret_path, size_t cap)
{
	int rc;

	path_of(p, ".share-key", ret_path, cap);
	rc = read_key(&p->shares, ret_path);
	if (rc)
		return rc == -ENOENT ? 0 : rc;  /* without a key there is no link that could be good */
	path_of(p, ".shares", ret_path, cap);
	rc = read_list(&p->shares, ret_path);
	return rc == -ENOENT ? 0 : rc;
}

void parent_share_end(struct parent *p)
{
	secret_free(p->shares.key);
	p->shares.key = NULL;
}

/* What there would be without that one, and with it. */
static int write_list(const struct parent *p, const struct parent_share *without, const struct share *with)
{
	char path[PATH_MAX_BYTES];
	struct buf b;
	int rc = 0;

	buf_init(&b, SHARE_FILE_MAX);
	for (unsigned i = 0; !rc && i < SITE_SHARES_MAX; i++)
		if (p->shares.at[i].used && &p->shares.at[i] != without)
			rc = share_write(&p->shares.at[i].share, &b);
	if (!rc && with)
		rc = share_write(with, &b);
	path_of(p, ".shares", path, sizeof path);
	if (!rc)
		rc = io_replace_file(AT_FDCWD, path, b.len ? buf_data(&b) : (const uint8_t *)"", b.len, FILE_MODE);
	buf_free(&b);
	return rc;
}

static int camera_of(const struct site *site, const char *name)
{
	for (unsigned i = 0; i < site->ncameras; i++)
		if (!site->camera[i].gone && strcmp(site->camera[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int user_of(const struct site *site, const char *name)
{
	for (unsigned i = 0; i < site->nusers; i++)
		if (!site->user[i].gone && strcmp(site->user[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* Whether its camera, and the user whose rights bound it, are there; a link without them is good again when they are. */
static bool is_good(const struct parent *p, const struct parent_share *s)
{
	return s->used && s->share.expires_us > clock_wall_us() && camera_of(p->site, s->share.camera) >= 0 &&
		(!*s->share.user || user_of(p->site, s->share.user) >= 0);
}

const struct parent_share *parent_share_of(const struct parent *p, unsigned viewer)
{
	const struct parent_share *s = viewer >= SITE_USERS_MAX && viewer - SITE_USERS_MAX < SITE_SHARES_MAX ? &p->shares.at[viewer - SITE_USERS_MAX] : NULL;

	return s && is_good(p, s) ? s : NULL;
}

static int say(struct child *serve, unsigned i)
{
	const struct parent *p = serve->parent;
	const struct parent_share *s = &p->shares.at[i];
	struct msg_share m = {.share = (uint16_t)i, .version = s->version, .gone = !is_good(p, s), .user = MSG_LOGIN_NOBODY};

	if (!m.gone) {
		m.camera = (uint16_t)camera_of(p->site, s->share.camera);
		if (*s->share.user)
			m.user = (uint16_t)user_of(p->site, s->share.user);
		memcpy(m.id, s->share.id, sizeof m.id);
		memcpy(m.token_sha256, s->token_sha256, sizeof m.token_sha256);
		m.from_us = s->share.from_us;
		m.to_us = s->share.to_us;
		m.expires_us = s->share.expires_us;
	}
	return child_say(serve, MSG_SHARE, &m, NULL, 0);
}

int child_say_shares(struct child *serve)
{
	const struct parent_shares *s = &serve->parent->shares;
	int rc = 0;

	for (unsigned i = 0; !rc && i < SITE_SHARES_MAX; i++)
		if (s->at[i].version)
			rc = say(serve, i);
	return rc;
}

static bool hears(const struct child *c)
{
	return c->kind == ROLE_SERVE && (c->phase == CHILD_STARTING || c->phase == CHILD_READY);
}

void parent_share_tell(struct parent *p)
{
	for (unsigned i = 0; i < p->nchildren; i++)
		if (hears(&p->child[i]))
			child_say_shares(&p->child[i]);
}

static void tell_one(struct parent *p, unsigned share)
{
	for (unsigned i = 0; i < p->nchildren; i++)
		if (hears(&p->child[i]))
			say(&p->child[i], share);
}

/* Letters and digits that an entry takes: 2026-11-23t15:30:00.000z */
static void small_time(int64_t us, char out[CLOCK_TEXT])
{
	clock_text(us, out);
	out[10] = 't';
	out[CLOCK_TEXT - 2] = 'z';
}

/* A config/v1 entry: what was opened, or closed, that the site file says nothing of. */
static void tell_log(struct parent *p, const struct share *s, const char *what)
{
	struct msg_store_config m = {.changes = 2};
	char from[CLOCK_TEXT], to[CLOCK_TEXT], expires[CLOCK_TEXT];

	small_time(s->from_us, from);
	small_time(s->to_us, to);
	small_time(s->expires_us, expires);
	snprintf(m.change, sizeof m.change, "%s %s: %s user %s\n%s: %s%s%s until %s", s->id, what, s->camera, *s->user ? s->user : "-", s->id,
		 s->to_us ? from : "live", s->to_us ? "/" : "", s->to_us ? to : "", expires);
	parent_tell_config(p, &m);
}

static void drop(struct parent *p, unsigned i, const char *why)
{
	struct parent_share *s = &p->shares.at[i];

	parent_viewing_sweep(p, true);
	parent_login_sweep(p, true);
	s->used = false;
	s->freed_us = clock_mono_us();
	parent_end_user_sessions(p, SITE_USERS_MAX + i);
	tell_one(p, i);
	tell_log(p, &s->share, why);
	parent_log("info", "share-ended", "id=%s camera=%s why=%s", s->share.id, s->share.camera, why);
}

void parent_share_sweep(struct parent *p)
{
	for (unsigned i = 0; i < SITE_SHARES_MAX; i++) {
		struct parent_share *s = &p->shares.at[i];

		if (s->used && s->share.expires_us <= clock_wall_us()) {
			drop(p, i, "expired");
			write_list(p, NULL, NULL);
		}
	}
}

/* --- what is asked over the local socket ------------------------------------------------------ */

struct word {
	const char *p;
	size_t n;
};

/* Just so many words with one blank between them. */
static bool split(const char *s, struct word word[WORDS])
{
	for (unsigned i = 0; i < WORDS; i++) {
		word[i].p = s;
		word[i].n = strcspn(s, " ");
		s += word[i].n;
		if (!*s != (i == WORDS - 1))
			return false;
		s += *s == ' ';
	}
	return true;
}

static bool is_none(const struct word *w)
{
	return w->n == 1 && *w->p == '-';
}

static bool take_name(const struct word *w, char out[SITE_NAME])
{
	if (!text_is_name(w->p, w->n))
		return false;
	snprintf(out, SITE_NAME, "%.*s", (int)w->n, w->p);
	return true;
}

/* NULL, or what is wrong. */
static const char *parse(const char *words, struct share *s)
{
	struct word w[WORDS];

	if (!split(words, w) || !take_name(&w[0], s->camera) || (!is_none(&w[4]) && !take_name(&w[4], s->user)) ||
	    clock_parse(w[3].p, w[3].n, &s->expires_us) || is_none(&w[1]) != is_none(&w[2]))
		return "what was asked could not be understood: is this command of the same version as the server?";
	if (!is_none(&w[1]) && (clock_parse(w[1].p, w[1].n, &s->from_us) || clock_parse(w[2].p, w[2].n, &s->to_us)))
		return "a time could not be understood; write it as 2026-11-22T15:30:00Z (UTC)";
	s->from_us = s->from_us / 1000 * 1000;
	s->to_us = s->to_us / 1000 * 1000;
	s->expires_us = s->expires_us / 1000 * 1000;
	s->made_us = clock_wall_us() / 1000 * 1000;
	return NULL;
}

/* NULL, or why there can be no such link now. */
static const char *judge(const struct parent *p, const struct share *s)
{
	int user = user_of(p->site, s->user);
	unsigned needed = 1u << (s->to_us ? SITE_RIGHT_HISTORY : SITE_RIGHT_LIVE);

	if (!p->site->nusers)
		return "without a user nobody may watch, nor by a link: casemate passwd NAME";
	if (camera_of(p->site, s->camera) < 0)
		return "the site has no camera of that name";
	if (s->to_us && (s->from_us >= s->to_us || s->to_us - s->from_us > SHARE_RANGE_MAX_US))
		return "the time must end after it begins, and be no longer than six hours";
	if (s->expires_us <= s->made_us || s->expires_us - s->made_us > SHARE_LASTS_MAX_US)
		return "a link must expire, later than now and within 400 days";
	if (*s->user && user < 0)
		return "the site has no user of that name";
	if (*s->user && p->site->ngroups && !(rights_of(p->site, &p->site->user[user], s->camera) & needed))
		return "that user may not see that himself";
	return NULL;
}

/* A free place that has rested, the one that has had the fewest links; -ENOSPC: none is free; -EAGAIN: none has rested. */
static int free_place(const struct parent_shares *s)
{
	int best = -ENOSPC;

	for (unsigned i = 0; i < SITE_SHARES_MAX; i++) {
		const struct parent_share *at = &s->at[i];

		if (at->used)
			continue;
		if (at->freed_us && clock_mono_us() - at->freed_us < REST_US)
			best = best < 0 ? -EAGAIN : best;
		else if (best < 0 || at->version < s->at[best].version)
			best = (int)i;
	}
	return best;
}

static bool is_taken(const struct parent_shares *s, const char *id)
{
	for (unsigned i = 0; i < SITE_SHARES_MAX; i++)
		if (*s->at[i].share.id && strcmp(s->at[i].share.id, id) == 0)
			return true;
	return false;
}

static int new_id(const struct parent_shares *s, char out[MSG_SHARE_ID])
{
	uint32_t random;

	do {
		if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
			return -EIO;
		share_id(random, out);
	} while (is_taken(s, out));
	return 0;
}

static void tell_made(struct parent *p, unsigned i, struct buf *out)
{
	const struct share *s = &p->shares.at[i].share;
	char token[SHARE_TOKEN], expires[CLOCK_TEXT];
	const char *where = "";

	for (unsigned k = 0; k < SITE_LISTENERS_MAX && !*where; k++)
		if (p->listener[k].wanted && p->listener[k].want.kind == LISTENER_HTTPS)
			where = p->listener[k].text;
	clock_text(s->expires_us, expires);
	if (share_token(p->shares.key, s, token) == 0)
		buf_append_fmt(out, ASK_DONE "%s %s %s\n", s->id, token, *where ? where : "-");
	explicit_bzero(token, sizeof token);
	parent_log("info", "share", "id=%s camera=%s user=%s expires=%s", s->id, s->camera, *s->user ? s->user : "-", expires);
	tell_log(p, s, "made");
}

/* 0 with the place; -ENOSPC, -EAGAIN. The file is written first: what is told is there also after a crash. */
static int add(struct parent *p, struct share *s, unsigned *ret)
{
	int i = free_place(&p->shares), rc = i < 0 ? i : make_key(p);
	struct parent_share fresh;

	if (!rc)
		rc = new_id(&p->shares, s->id);
	if (rc)
		return rc;
	fresh = (struct parent_share){.share = *s, .used = true, .version = p->shares.at[i].version + 1};
	rc = hash_token(&p->shares, &fresh);
	if (!rc)
		rc = write_list(p, NULL, s);
	if (rc)
		return rc;
	p->shares.at[i] = fresh;
	*ret = (unsigned)i;
	return 0;
}

void parent_share_make(struct parent *p, const char *words, struct buf *out)
{
	struct share s = {0};
	const char *why = parse(words, &s);
	unsigned i;
	int rc;

	if (!why)
		why = judge(p, &s);
	if (why) {
		buf_append_fmt(out, ASK_REFUSED "%s\n", why);
		return;
	}
	rc = add(p, &s, &i);
	if (rc == -ENOSPC) {
		buf_append_fmt(out, ASK_REFUSED "there are %d links already: revoke one\n", SITE_SHARES_MAX);
	} else if (rc == -EAGAIN) {
		buf_append_fmt(out, ASK_REFUSED "there were %d links a moment ago: the place of one that has ended is free after a minute\n", SITE_SHARES_MAX);
	} else if (rc) {
		buf_append_fmt(out, ASK_REFUSED "it cannot be kept beside the key's state: %s\n", strerror(-rc));
	} else {
		tell_one(p, i);
		tell_made(p, i, out);
	}
}

void parent_share_revoke(struct parent *p, const char *id, struct buf *out)
{
	for (unsigned i = 0; i < SITE_SHARES_MAX; i++) {
		struct parent_share *s = &p->shares.at[i];
		int rc;

		if (!s->used || strcmp(s->share.id, id) != 0)
			continue;
		rc = write_list(p, s, NULL);
		drop(p, i, "revoked");
		if (rc)
			buf_append_fmt(out, ASK_REFUSED "it is revoked, but will be back after a restart, since its file cannot be written: %s\n", strerror(-rc));
		else
			buf_append_str(out, ASK_DONE);
		return;
	}
	buf_append_str(out, ASK_REFUSED "there is no such link: casemate share --list\n");
}

static void list_text(const struct parent *p, struct buf *out)
{
	for (unsigned i = 0; i < SITE_SHARES_MAX; i++) {
		const struct share *s = &p->shares.at[i].share;
		char from[CLOCK_TEXT], to[CLOCK_TEXT], expires[CLOCK_TEXT];

		if (!p->shares.at[i].used)
			continue;
		clock_text(s->from_us, from);
		clock_text(s->to_us, to);
		clock_text(s->expires_us, expires);
		buf_append_fmt(out, "%s %s %s%s%s until %s%s%s%s\n", s->id, s->camera, s->to_us ? from : "live", s->to_us ? " to " : "", s->to_us ? to : "", expires,
			       *s->user ? " as far as " : "", s->user, is_good(p, &p->shares.at[i]) ? "" : " (camera or user is gone)");
	}
}

static void json_time(struct json *j, const char *name, int64_t us)
{
	char text[CLOCK_TEXT];

	clock_text(us, text);
	json_str(j, name, us ? text : NULL);
}

static void list_json(const struct parent *p, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '[');
	for (unsigned i = 0; i < SITE_SHARES_MAX; i++) {
		const struct share *s = &p->shares.at[i].share;

		if (!p->shares.at[i].used)
			continue;
		json_open(&j, NULL, '{');
		json_str(&j, "id", s->id);
		json_str(&j, "camera", s->camera);
		json_time(&j, "from", s->from_us);
		json_time(&j, "to", s->to_us);
		json_time(&j, "expires", s->expires_us);
		json_time(&j, "made", s->made_us);
		json_str(&j, "user", *s->user ? s->user : NULL);
		json_bool(&j, "good", is_good(p, &p->shares.at[i]));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	buf_append_str(out, "\n");
}

void parent_share_list(const struct parent *p, bool json, struct buf *out)
{
	buf_append_str(out, ASK_DONE);
	if (json)
		list_json(p, out);
	else
		list_text(p, out);
}
