/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include <inttypes.h>

static void quoted(struct json *j, const char *s)
{
	int rc = buf_append_str(j->out, "\"");

	for (; *s && !rc; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			rc = buf_append_fmt(j->out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			rc = buf_append_fmt(j->out, "\\u%04x", c);
		else
			rc = buf_append(j->out, &c, 1);
	}
	if (rc || buf_append_str(j->out, "\""))
		j->bad = true;
}

static void begin(struct json *j, const char *name)
{
	if (j->comma && buf_append_str(j->out, ","))
		j->bad = true;
	j->comma = true;
	if (!name)
		return;
	quoted(j, name);
	if (buf_append_str(j->out, ":"))
		j->bad = true;
}

void json_open(struct json *j, const char *name, char bracket)
{
	begin(j, name);
	if (buf_append(j->out, &bracket, 1))
		j->bad = true;
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	if (buf_append(j->out, &bracket, 1))
		j->bad = true;
	j->comma = true;
}

void json_str(struct json *j, const char *name, const char *s)
{
	begin(j, name);
	if (s)
		quoted(j, s);
	else if (buf_append_str(j->out, "null"))
		j->bad = true;
}

void json_int(struct json *j, const char *name, int64_t v)
{
	begin(j, name);
	if (buf_append_fmt(j->out, "%" PRId64, v))
		j->bad = true;
}

void json_num(struct json *j, const char *name, double v, int decimals)
{
	begin(j, name);
	if (buf_append_fmt(j->out, "%.*f", decimals, v))
		j->bad = true;
}

void json_bool(struct json *j, const char *name, bool v)
{
	begin(j, name);
	if (buf_append_str(j->out, v ? "true" : "false"))
		j->bad = true;
}
