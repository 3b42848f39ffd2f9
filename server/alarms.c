/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate alarms: what is wrong now, what was, and what comes, for people and for what reads lines. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "base/text.h"
#include "conf/site.h"
#include "conf/units.h"
#include "server/ask.h"
#include "server/commands.h"

#define FOLLOW_MS 1000
#define AWAY_S 60            /* a server that is restarted is waited for */

struct alarms {
	char path[ASK_PATH];
	bool json, follow, has_since;
	int64_t since_us;
	uint64_t run, next;      /* where the last answer ended */
};

static const char usage[] =
	"usage: casemate alarms [-c SITE.yaml | -s SOCKET] [--since WHEN] [--follow] [--json]\n"
	"Says which alarms are on, a line each.\n"
	"  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	"  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	"      --since WHEN    instead, what began and ended since then: a time, or how long ago (2 h)\n"
	"      --follow        goes on with what begins and ends, until it is interrupted\n"
	"      --json          a JSON object a line\n"
	"Exit: 0 none is on, 1 some are, or the server does not run, 2 usage or no such file;\n"
	"with --since or --follow 0 and not 1 for alarms.\n";

/* "2 h", or a time. */
static bool take_since(struct alarms *a, const char *s)
{
	uint64_t ago_s;
	size_t unit;

	a->has_since = true;
	if (clock_parse(s, strlen(s), &a->since_us) == 0)
		return true;
	if (units_parse(s, strlen(s), units_s, &ago_s, &unit) < 0 || ago_s > INT64_MAX / 2000000)
		return false;
	a->since_us = clock_wall_us() - (int64_t)ago_s * 1000000;
	if (a->since_us < 0)
		a->since_us = 0;
	return true;
}

/* The first line says where the next answer goes on; the rest is printed. Whether there was any rest; negative: an error. */
static int take_answer(struct alarms *a, const struct buf *answer)
{
	const char *text = (const char *)buf_data(answer), *end = memchr(text, '\n', answer->len);
	uint64_t run, next;
	size_t body;

	if (!end || sscanf(text, "alarms %" SCNu64 " %" SCNu64 "\n", &run, &next) != 2)
		return -EPROTO;
	a->run = run;
	a->next = next;
	body = answer->len - (size_t)(end + 1 - text);
	if (body && io_write_all(STDOUT_FILENO, end + 1, body) < 0)
		return -EPIPE;
	return body != 0;
}

static int ask(struct alarms *a, const char *words)
{
	char question[ASK_QUESTION_MAX];
	struct buf answer;
	int rc;

	snprintf(question, sizeof question, "%s%s %s\n", ASK_ALARMS, a->json ? "json" : "text", words);
	buf_init(&answer, ASK_ANSWER_MAX + 1);
	rc = ask_server(a->path, question, &answer);
	if (!rc)
		rc = buf_append(&answer, "", 1);  /* it is read as a string */
	if (!rc) {
		answer.len--;
		rc = take_answer(a, &answer);
	}
	buf_free(&answer);
	return rc;
}

static int ask_first(struct alarms *a)
{
	char words[64] = "now";

	if (a->has_since)
		snprintf(words, sizeof words, "since %" PRId64, a->since_us);
	return ask(a, words);
}

/* A server that is gone for longer than a restart takes ends it. */
static int follow(struct alarms *a)
{
	unsigned away = 0;
	int rc = 0;

	while (away < AWAY_S) {
		char words[64];

		nanosleep(&(struct timespec){FOLLOW_MS / 1000, 0}, NULL);
		snprintf(words, sizeof words, "after %" PRIu64 " %" PRIu64, a->run, a->next);
		rc = ask(a, words);
		if (rc == -EPIPE || rc == -EPROTO)
			break;
		away = rc < 0 ? away + 1 : 0;
	}
	return rc;
}

static int run(struct alarms *a)
{
	int rc = ask_first(a);

	if (rc >= 0 && a->follow)
		rc = follow(a);
	if (rc < 0 && rc != -EPIPE)
		ask_complain("alarms", a->path, rc);
	return rc < 0 || (rc > 0 && !a->has_since && !a->follow);
}

int cmd_alarms(int argc, char **argv)
{
	const char *config = SITE_FILE_DEFAULT, *socket = NULL, *since = NULL;
	struct alarms a = {0};
	const struct options_row rows[] = {{"config", 'c', .value = &config}, {"socket", 's', .value = &socket}, {"since", .value = &since},
		{"follow", .flag = &a.follow}, {"json", .flag = &a.json}, {0}};
	int status;

	if (!options_read("alarms", usage, rows, 0, argc, argv, &status))
		return status;
	if (since && !take_since(&a, since)) {
		fprintf(stderr, "casemate alarms: --since %s: what is wanted is a time (2026-11-23T14:00:00Z) or how long ago (30 min, 2 h, 1 d)\n", since);
		return 2;
	}
	return ask_site("alarms", config, socket, a.path) ? 2 : run(&a);
}
