/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate share: makes, lists and revokes links by which somebody without a password sees one camera for a while. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/options.h"
#include "base/text.h"
#include "conf/site.h"
#include "conf/units.h"
#include "server/ask.h"
#include "server/commands.h"
#include "server/share_id.h"

#define HOST_MAX 256
#define ANSWER_WORDS 3

static const char help[] =
	"usage: casemate share --camera NAME (--live | --from TIME --to TIME) --expires TIME [--user NAME] [--host NAME] [-c SITE.yaml | -s SOCKET]\n"
	"       casemate share --list [--json] | --revoke ID [-c SITE.yaml | -s SOCKET]\n"
	"Prints an address by which whoever has it sees that camera, live or of that time, and nothing else, until it expires.\n"
	"      --camera NAME   the camera\n"
	"      --live          as it is while the link is good\n"
	"      --from TIME     recorded footage of a time (UTC): 2026-11-22T15:30:00Z\n"
	"      --to TIME       at most six hours later\n"
	"      --expires TIME  when the link ends: a time, or how long from now: \"2 h\", \"7 d\"\n"
	"      --user NAME     it shows what this user may see himself, for as long as he may\n"
	"      --host NAME     what the address begins with, if the server is reached by another name than this machine's\n"
	"      --list          the links there are; tokens are not kept, so it prints no address\n"
	"  -j, --json          for programs\n"
	"      --revoke ID     ends one, and what is watched by it within a second\n"
	"  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	"  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	"Exit: 0 done, 1 the server refused, 2 usage, or no server runs.\n";

struct options {
	const char *config, *socket, *camera, *from, *to, *expires, *user, *host, *revoke;
	bool live, list, json;
};

static int usage(const char *what, const char *why)
{
	fprintf(stderr, "casemate share: %s: %s\ncasemate share --help says more\n", what, why);
	return 2;
}

/* What is printed of it is a link that somebody is to click on. */
static bool is_host(const char *s)
{
	size_t n = strlen(s);

	return n && n < HOST_MAX && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]") == n;
}

static int judge(const struct options *o)
{
	bool makes = o->camera || o->live || o->from || o->to || o->expires || o->user || o->host;

	if (o->list + (o->revoke != NULL) + makes != 1)
		return usage("--camera, --list, --revoke", "one of the three says what to do");
	if (o->revoke && !share_is_id(o->revoke, strlen(o->revoke)))
		return usage("--revoke", "not the id of a link");
	if (!makes)
		return 0;
	if (!o->camera || !text_is_name(o->camera, strlen(o->camera)))
		return usage("--camera", "say which");
	if (!o->from != !o->to || o->live == (o->from != NULL))
		return usage("--live, or --from and --to", "say what of the camera");
	if (o->user && !text_is_name(o->user, strlen(o->user)))
		return usage("--user", "no user's name");
	if (o->host && !is_host(o->host))
		return usage("--host", "not a host's name");
	return o->expires ? 0 : usage("--expires", "say until when");
}

static bool read_options(int argc, char **argv, struct options *o, int *ret_status)
{
	const struct options_row rows[] = {{"camera", .value = &o->camera}, {"live", .flag = &o->live}, {"from", .value = &o->from}, {"to", .value = &o->to},
		{"expires", .value = &o->expires}, {"user", .value = &o->user}, {"host", .value = &o->host}, {"list", .flag = &o->list},
		{"revoke", .value = &o->revoke}, {"json", 'j', .flag = &o->json}, {"config", 'c', .value = &o->config},
		{"socket", 's', .value = &o->socket}, {0}};

	if (!options_read("share", help, rows, 0, argc, argv, ret_status))
		return false;
	*ret_status = judge(o);
	return *ret_status == 0;
}

/* A time, or how long from now. */
static int read_expiry(const char *s, char out[CLOCK_TEXT])
{
	int64_t at_us;
	uint64_t n;
	size_t unit;

	if (clock_parse(s, strlen(s), &at_us)) {
		if (units_parse(s, strlen(s), units_s, &n, &unit) || n > 400 * 86400)
			return usage(s, "neither a time as 2026-11-22T15:30:00Z nor one as \"7 d\", at most 400 d");
		at_us = clock_wall_us() + (int64_t)n * 1000000;
	}
	clock_text(at_us, out);
	return 0;
}

static int read_time(const char *s, char out[CLOCK_TEXT])
{
	int64_t us;

	if (!s) {
		memcpy(out, "-", 2);
		return 0;
	}
	if (clock_parse(s, strlen(s), &us))
		return usage(s, "not a time; write it as 2026-11-22T15:30:00Z (UTC)");
	clock_text(us, out);
	return 0;
}

/* Listeners that take any address say no host: this machine's name is the best there is. */
static void print_host(const char *listener, size_t n, const char *given)
{
	const char *colon = memrchr(listener, ':', n);
	size_t port = colon ? n - (size_t)(colon - listener) : 0, host = n - port;
	bool any = !host || (host == 7 && !memcmp(listener, "0.0.0.0", 7)) || (host == 4 && !memcmp(listener, "[::]", 4));
	char name[HOST_MAX] = "localhost";

	if (given) {
		/* Whoever names a host may name a port with it. */
		const char *own = strrchr(given, ':');

		fputs(given, stdout);
		if (own && own[1] && !strchr(own, ']'))
			return;
	} else if (any) {
		if (gethostname(name, sizeof name - 1) < 0 || !is_host(name))
			snprintf(name, sizeof name, "localhost");
		fputs(name, stdout);
	} else {
		fwrite(listener, 1, host, stdout);
	}
	fwrite(listener + host, 1, port, stdout);
}

/* "ID TOKEN LISTENER\n": the fragment stays in the browser, out of every log. */
static int print_address(const struct buf *answer, const char *host)
{
	const char *p = (const char *)buf_data(answer), *word[ANSWER_WORDS] = {NULL};
	size_t len[ANSWER_WORDS] = {0};

	for (unsigned i = 0; i < ANSWER_WORDS; i++) {
		size_t left = answer->len - (size_t)(p - (const char *)buf_data(answer));
		const char *end = memchr(p, i < ANSWER_WORDS - 1 ? ' ' : '\n', left);

		if (!end)
			return usage("the server", "its answer could not be understood: is it of the same version?");
		word[i] = p;
		len[i] = (size_t)(end - p);
		p = end + 1;
	}
	fputs("https://", stdout);
	print_host(word[2], len[2], host);
	printf("/#share=%.*s.%.*s\n", (int)len[0], word[0], (int)len[1], word[1]);
	fprintf(stderr, "for players: user %.*s, and what is behind the dot as password; casemate share --revoke %.*s ends it\n", (int)len[0], word[0],
		(int)len[0], word[0]);
	return 0;
}

static int make(const struct options *o, const char *path)
{
	char question[ASK_QUESTION_MAX], from[CLOCK_TEXT], to[CLOCK_TEXT], expires[CLOCK_TEXT];
	struct buf answer;
	int rc = read_time(o->from, from);

	if (!rc)
		rc = read_time(o->to, to);
	if (!rc)
		rc = read_expiry(o->expires, expires);
	if (rc)
		return rc;
	snprintf(question, sizeof question, ASK_SHARE "%s %s %s %s %s\n", o->camera, from, to, expires, o->user ? o->user : "-");
	buf_init(&answer, ASK_QUESTION_MAX);
	rc = ask_and_print("share", path, question, &answer);
	if (!rc)
		rc = print_address(&answer, o->host);
	buf_free(&answer);
	return rc;
}

int cmd_share(int argc, char **argv)
{
	struct options o = {.config = SITE_FILE_DEFAULT};
	char question[ASK_QUESTION_MAX], path[ASK_PATH];
	int rc;

	if (!read_options(argc, argv, &o, &rc))
		return rc;
	if (ask_site("share", o.config, o.socket, path))
		return 2;
	if (o.camera && o.expires)
		return make(&o, path);
	if (o.revoke)
		snprintf(question, sizeof question, ASK_UNSHARE "%s\n", o.revoke);
	else
		snprintf(question, sizeof question, ASK_SHARES "%s\n", o.json ? "json" : "text");
	return ask_and_print("share", path, question, NULL);
}
