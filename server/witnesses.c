/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/witnesses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

static bool names_log(const struct witness_policy *p, const char *origin)
{
	for (unsigned i = 0; i < p->nlogs; i++)
		if (!strcmp(p->log[i].name, origin))
			return true;
	return p->nlogs == 0;
}

int witnesses_load(const char *path, const char *origin, struct buf *text, struct witness_policy *ret, char why[WITNESSES_WHY])
{
	const char *reason = "";
	unsigned line = 0;
	int rc = io_read_file(AT_FDCWD, path, text);

	if (rc) {
		snprintf(why, WITNESSES_WHY, "%s", rc == -ENOBUFS ? "a policy is not longer than 16384 bytes" : strerror(-rc));
		return rc == -ENOBUFS ? -EINVAL : rc;
	}
	if (witness_policy_parse(buf_data(text), text->len, ret, &line, &reason)) {
		if (line)
			snprintf(why, WITNESSES_WHY, "line %u: %s", line, reason);
		else
			snprintf(why, WITNESSES_WHY, "%s", reason);
		return -EINVAL;
	}
	if (!names_log(ret, origin)) {
		snprintf(why, WITNESSES_WHY, "its log lines name other logs than %s", origin);
		return -EINVAL;
	}
	return 0;
}
