/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key where it is in a token; and the next key: a file beside the one that signs, which sign hands over to at its next start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "server/parent_change.h"
#include "server/sign_state.h"
#include "server/token.h"

void parent_next_key_path(const struct site *site, char *out, size_t cap)
{
	snprintf(out, cap, "%s.next", site->key);
}

static struct next_key look(const struct parent *p)
{
	char path[4200];
	struct stat st;

	parent_next_key_path(p->site, path, sizeof path);
	if (stat(path, &st) < 0)
		return (struct next_key){0};
	return (struct next_key){.given = true, .inode = st.st_ino, .changed_s = st.st_mtim.tv_sec, .changed_ns = st.st_mtim.tv_nsec};
}

/* Of a file with a key in it no more than its first words are read here: "-----BEGIN PRIVAT". 1 when it says where a token's is, 0 or -errno. */
static int is_token(int fd)
{
	char title[sizeof TOKEN_TITLE - 1];
	ssize_t n = pread(fd, title, sizeof title, 0);

	return n < 0 ? -errno : n == (ssize_t)sizeof title && token_is(title, sizeof title);
}

/* The public half that verifiers have of the key in that file, as keygen left it. False when it is not there. */
static bool public_of(const char *path, char ret[KEY_VKEY])
{
	char beside[4300];
	struct key_public k;
	const char *why;
	struct buf b;
	bool good;

	buf_init(&b, TOKEN_BYTES_MAX);
	snprintf(beside, sizeof beside, "%s.pub", path);
	good = io_read_file(AT_FDCWD, beside, &b) == 0 && key_parse_vkey((const char *)buf_data(&b), b.len, &k, &why) == 0;
	if (good)
		key_vkey(&k, ret);
	buf_free(&b);
	return good;
}

static int certify(const struct parent *p, const char *path, struct certified *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = fd < 0 ? -errno : is_token(fd);

	if (rc < 0)
		parent_log("error", "bad-key", "path=\"%s\" error=\"%s\" mend=\"see that this user can read it\"", path, strerror(-rc));
	if (rc > 0)
		rc = certified_run(fd, p->site->origin, ret);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Whether the signing state is that of the key with this public half. */
static bool is_states(const struct parent *p, const char *vkey)
{
	char path[4200];
	struct sign_state state;
	struct hash own;
	int fd, rc;

	sign_state_path(p->site, path, sizeof path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	rc = sign_state_open(&state, fd);
	close(fd);
	sign_state_hash(vkey, &own);
	return !rc && hash_same(&state.key, &own);
}

/* The key file in place, or the next one once it signs: it stays where it is until somebody moves it. True for the next one. */
static bool find_key(const struct parent *p, char *out, size_t cap)
{
	char heir[KEY_VKEY];

	parent_next_key_path(p->site, out, cap);
	if (access(out, F_OK) == 0 && public_of(out, heir) && is_states(p, heir))
		return true;
	snprintf(out, cap, "%s", p->site->key);
	return false;
}

/* A token that has handed over is not asked any more: it may be gone. One that is to be next may be missing: the key in place goes on without it. */
int parent_certify(struct parent *p)
{
	char path[4200];
	bool turned = find_key(p, path, sizeof path);
	int rc = certify(p, path, &p->certified);

	if (rc || turned)
		return rc;
	parent_next_key_path(p->site, path, sizeof path);
	if (access(path, F_OK) == 0)
		certify(p, path, &p->next_certified);
	return 0;
}

/* The key of the run that goes with what signs from here on. */
static void follow(struct parent *p, const char *heir)
{
	struct key_public k;
	bool of_token = key_parse_vkey(heir, strlen(heir), &k, NULL) == 0 && k.type == KEY_TYPE_P256;

	if (!strcmp(p->certified.root, of_token ? heir : ""))
		return;
	if (p->certified.note_len)
		close(p->certified.key_fd);
	p->certified = p->next_certified;
	p->next_certified = (struct certified){0};
}

void parent_key_path(struct parent *p, char *out, size_t cap)
{
	char heir[KEY_VKEY];

	if (find_key(p, out, cap) && public_of(out, heir))
		follow(p, heir);
}

/* What a certified key's successor is, sign is not asked: a sign that was taken over would have the token hand over to whom it likes. */
static bool is_next_known(const struct parent *p, const char *next, int fd, char heir[KEY_VKEY])
{
	bool known = public_of(next, heir);

	if (is_token(fd) == 1)
		return known && p->next_certified.note_len && !strcmp(p->next_certified.root, heir);
	return known || !p->certified.note_len;
}

int parent_open_next_key(struct parent *p, const char *now)
{
	char path[4200], heir[KEY_VKEY] = "";
	int fd;

	p->next_key = look(p);
	parent_next_key_path(p->site, path, sizeof path);
	fd = strcmp(path, now) ? io_open_regular(AT_FDCWD, path, O_RDONLY, 0) : -1;
	if (fd >= 0 && !is_next_known(p, path, fd, heir)) {
		parent_log("warn", "key-rotation", "error=\"%s\" mend=\"see that %s and %s.pub are as casemate keygen --rotate made them, and start casemate anew: a token is asked at a start\"",
			   "the next key is not used yet", path, path);
		close(fd);
		return -1;
	}
	memcpy(p->next_key.vkey, heir, sizeof heir);
	if (fd >= 0 && p->next_certified.note_len && !strcmp(p->next_certified.root, heir) && dup3(p->next_certified.key_fd, fd, O_CLOEXEC) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool parent_next_key_waits(const struct parent *p)
{
	char path[4200];
	bool waits;
	int fd;

	parent_next_key_path(p->site, path, sizeof path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	waits = fd >= 0 && is_token(fd) == 1;
	if (fd >= 0)
		close(fd);
	return waits;
}

bool parent_has_new_key(const struct parent *p)
{
	struct next_key is = look(p);

	return is.given && (!p->next_key.given || is.inode != p->next_key.inode || is.changed_s != p->next_key.changed_s ||
			    is.changed_ns != p->next_key.changed_ns);
}

bool parent_key_turned(struct parent *p)
{
	const char *key = p->site->key;

	if (!p->next_key.given || p->next_key.turned)
		return false;
	p->next_key.turned = true;
	if (*p->next_key.vkey)
		follow(p, p->next_key.vkey);
	parent_log("info", "key-rotated", "by=\"%s\" mend=\"the key before is not needed any more: mv %s.next %s; mv %s.next.pub %s.pub; keep its public half\"",
		   p->sign.vkey, key, key, key, key);
	return true;
}

void parent_renew_sign(struct parent *p)
{
	struct child *sign = parent_child(p, ROLE_SIGN, 0);

	if (!sign || sign->phase != CHILD_READY || child_say(sign, MSG_STOP, NULL, NULL, 0) < 0)
		return;
	sign->phase = CHILD_STOPPING;
	sign->backoff_ms = 0;
}
