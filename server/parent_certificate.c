/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/parent_certificate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "server/check.h"
#include "server/parent.h"
#include "server/parent_change.h"

#define DAY_US 86400000000LL
#define SETTLE_US 10000000      /* two files are put there one after the other */

static int64_t ns(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Zeros where there is none. */
static void mark_files(const struct parent *p, struct certificate_mark ret[CERTIFICATE_FILES])
{
	const char *path[CERTIFICATE_FILES] = {p->site->tls_certificate, p->site->tls_key, p->site->tls_client_ca};
	struct stat st;

	memset(ret, 0, CERTIFICATE_FILES * sizeof *ret);
	for (int i = 0; i < CERTIFICATE_FILES; i++)
		if (path[i] && stat(path[i], &st) == 0)
			ret[i] = (struct certificate_mark){st.st_dev, st.st_ino, (uint64_t)st.st_size, ns(st.st_mtim), ns(st.st_ctim)};
}

void parent_certificate_use(struct parent *p, const struct files_seen *f)
{
	struct parent_certificate *c = &p->certificate;

	memcpy(c->sha256, f->tls_sha256, 32);
	if (c->ends_us != f->ends_us)
		c->said_us = 0;
	c->ends_us = f->ends_us;
}

void parent_certificate_begin(struct parent *p)
{
	struct files_seen f;

	mark_files(p, p->certificate.mark);
	files_look(p->site, NULL, &f);
	parent_certificate_use(p, &f);
}

bool parent_certificate_days(const struct parent *p, int *ret)
{
	int64_t left_us = p->certificate.ends_us - clock_wall_us();

	if (!p->certificate.ends_us)
		return false;
	*ret = (int)(left_us / DAY_US) - (left_us % DAY_US < 0);
	return true;
}

/* One line, harmless: the first of what casemate check says. */
static void refuse(const char *text)
{
	char line[300];
	size_t len = strcspn(text, "\n");

	snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : sizeof line - 1), text);
	for (char *q = line; *q; q++)
		*q = *q == '"' || *q == '\\' || *q < ' ' || *q > '~' ? '\'' : *q;
	parent_log("error", "certificate-refused", "text=\"%s\"", line);
}

/* Other bytes of the same names. The site file is not read: what changed in it waits for a reload. */
static void take(struct parent *p)
{
	struct msg_store_config told = {.changes = 1, .change = "tls: other contents"};
	struct files_seen f;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	int days = 0;

	if (!out)
		return;
	files_look(p->site, out, &f);
	if (fclose(out) == 0 && f.faults) {
		refuse(n ? text : "the files could not be looked at");
	} else if (!f.faults && memcmp(f.tls_sha256, p->certificate.sha256, 32) != 0) {
		if (parent_certificate_changes(p) < 0) {
			refuse("not every serve could be given it; it is tried again");
			p->certificate.changed_us = clock_mono_us();
		} else {
			parent_certificate_use(p, &f);
			parent_certificate_days(p, &days);
			parent_log("info", "certificate-taken", "ends_in_days=%d", days);
			parent_tell_config(p, &told);
		}
	}
	free(text);
}

static void remind(struct parent *p)
{
	struct parent_certificate *c = &p->certificate;
	int64_t now_us = clock_mono_us();
	int days;

	if (!parent_certificate_days(p, &days) || days >= CERTIFICATE_SOON_DAYS || (c->said_us && now_us - c->said_us < DAY_US))
		return;
	c->said_us = now_us;
	parent_log("warn", "certificate-ends", "in_days=%d certificate=\"%s\"", days, p->site->tls_certificate);
}

void parent_certificate_sweep(struct parent *p)
{
	struct parent_certificate *c = &p->certificate;
	struct certificate_mark now[CERTIFICATE_FILES];

	if (p->stopping)
		return;
	mark_files(p, now);
	if (memcmp(now, c->mark, sizeof now) != 0) {
		memcpy(c->mark, now, sizeof now);
		c->changed_us = clock_mono_us();
	} else if (c->changed_us && clock_mono_us() - c->changed_us >= SETTLE_US) {
		c->changed_us = 0;
		take(p);
	}
	remind(p);
}
