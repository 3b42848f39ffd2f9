/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key where it is in a token; and the next key: a file beside the one that signs, which sign hands over to at its next start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/parent_change.h"
#include "server/token.h"

/* Of a file with a key in it no more than its first words are read here: "-----BEGIN PRIVAT". */
int parent_certify(struct parent *p)
{
	char title[sizeof TOKEN_TITLE - 1];
	int fd = open(p->site->key, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (pread(fd, title, sizeof title, 0) == (ssize_t)sizeof title && token_is(title, sizeof title))
		rc = certified_run(fd, p->site->origin, &p->certified);
	close(fd);
	return rc;
}

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

void parent_note_next_key(struct parent *p)
{
	p->next_key = look(p);
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
