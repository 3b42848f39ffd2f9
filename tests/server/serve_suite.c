/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/serve_suite.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct world world;
struct viewer viewer;
struct response got;

void suite_start_with(unsigned more)
{
	world_start_with(&world, 1, more);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
}

void suite_start(void)
{
	suite_start_with(0);
}

void suite_stop(void)
{
	response_free(&got);
	viewer_close(&viewer);
	world_stop(&world);
}

const char *basic(const char *name, const char *password)
{
	static char headers[8][300];
	static unsigned turn;
	char pair[150], text[250], *header = headers[turn++ % 8];

	snprintf(pair, sizeof pair, "%s:%s", name, password);
	base64_encode(pair, strlen(pair), text);
	snprintf(header, sizeof *headers, "Authorization: Basic %s\r\n", text);
	return header;
}

bool body_has(const char *text)
{
	return got.body.len && memmem(buf_data(&got.body), got.body.len, text, strlen(text));
}

bool head_has(const char *name, const char *value)
{
	const char *is = response_header(&got, name);

	if (is && strstr(is, value))
		return true;
	fprintf(stderr, "%s is \"%s\", not \"%s\"\n", name, is ? is : "(none)", value);
	return false;
}

void reconnect(unsigned serve)
{
	viewer_close(&viewer);
	cr_assert(viewer_open(&viewer, world.base, world.port[serve], 0));
}
