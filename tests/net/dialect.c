/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/net/dialect.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

#define FILE_MAX (1u << 20)

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, FILE_MAX);
	size_t n;

	cr_assert(f && text, "%s", path);
	n = fread(text, 1, FILE_MAX - 1, f);
	fclose(f);
	cr_assert(n && n < FILE_MAX - 1 && text[n - 1] == '\n' && !memchr(text, '\r', n), "%s: empty, too long, or not lines", path);
	text[n - 1] = 0;
	return text;
}

static void read_login(struct dialect *d, char *value)
{
	d->user = strsep(&value, " ");
	d->password = value ? value : "";
}

static void read_setting(struct dialect *d, char *line, const char *path)
{
	const struct {
		const char *name, **to;
	} known[] = {{"about", &d->about}, {"url", &d->url}, {"transport", &d->transport}, {"config", &d->config}, {"ends", &d->ends},
		{"tracks", &d->tracks}, {"channels", &d->channels}, {"left-out", &d->left_out}, {"quirks", &d->quirks},
		{"server", &d->server}, {"lines", &d->lines}, {"media", &d->media}};
	char *key = strsep(&line, " ");
	bool found = false;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(key, known[i].name)) {
			*known[i].to = line ? line : "";
			found = true;
		}
	if (!strcmp(key, "login"))
		read_login(d, line);
	else
		cr_assert(found, "%s: no such setting: %s", path, key);
}

static void add_rule(struct dialect *d, bool never, const char *regex, const char *path)
{
	struct dialect_section *s = &d->section[d->nsections - 1];

	cr_assert(d->nsections && s->nrules < DIALECT_RULES, "%s", path);
	s->rule[s->nrules++] = (struct dialect_rule){never, regex};
}

static void add_line(struct dialect_section *s, const char *line)
{
	s->line = reallocarray(s->line, s->nlines + 1, sizeof *s->line);
	cr_assert(s->line);
	s->line[s->nlines++] = line;
}

struct dialect *dialect_read(const char *path)
{
	struct dialect *d = calloc(1, sizeof *d);
	bool in_answer = false;
	char *rest;

	cr_assert(d);
	*d = (struct dialect){.text = read_file(path), .url = "/cam", .transport = "tcp", .config = "", .ends = "playing", .tracks = "H264 -"};
	rest = d->text;
	while (rest) {
		char *line = strsep(&rest, "\n");

		if (!strncmp(line, ">>> ", 4)) {
			cr_assert(d->nsections < DIALECT_SECTIONS, "%s", path);
			d->section[d->nsections++].method = line + 4;
			in_answer = false;
		} else if (in_answer)
			add_line(&d->section[d->nsections - 1], line);
		else if (!strcmp(line, "<<<"))
			in_answer = true;
		else if (!strncmp(line, "must ", 5))
			add_rule(d, false, line + 5, path);
		else if (!strncmp(line, "never ", 6))
			add_rule(d, true, line + 6, path);
		else if (!strncmp(line, "@ ", 2))
			read_setting(d, line + 2, path);
		else
			cr_assert(line[0] == '#', "%s: what is this? %s", path, line);
	}
	cr_assert(d->about && d->nsections, "%s: says nothing", path);
	return d;
}

void dialect_free(struct dialect **dp)
{
	struct dialect *d = *dp;

	if (!d)
		return;
	*dp = NULL;
	for (unsigned i = 0; i < d->nsections; i++)
		free(d->section[i].line);
	free(d->text);
	free(d);
}

static void fill(struct buf *to, const char *line, const struct dialect_values *v, size_t length)
{
	const char *const names[] = {"{CSEQ}", "{BASE}", "{HOST}", "{SESSION}", "{CHANNELS}", "{CLIENT_PORT}", "{SERVER_PORT}", "{LENGTH}"};
	char digits[24];
	const char *const values[] = {v->cseq, "rtsp://192.0.2.1:8554", "192.0.2.1:8554", "6a1c90f2", v->channels, v->client_port, "6000-6001", digits};

	snprintf(digits, sizeof digits, "%zu", length);
	while (*line) {
		size_t i = 0, n = strcspn(line, "{");

		buf_append(to, line, n);
		line += n;
		while (*line && i < sizeof names / sizeof *names && strncmp(line, names[i], strlen(names[i])))
			i++;
		if (*line && i < sizeof names / sizeof *names) {
			cr_assert(values[i], "%s, which the request does not have", names[i]);
			buf_append_str(to, values[i]);
			line += strlen(names[i]);
		} else if (*line)
			buf_append(to, line++, 1);
	}
}

/* {FRAME CHANNEL N}, {HEX ...}, {WAIT MS}, {CLOSE}: true when line is one of them. */
static bool special(struct buf *bytes, const char *line, struct dialect_piece *ret)
{
	unsigned channel, n, one;

	*ret = (struct dialect_piece){0};
	if (sscanf(line, "{FRAME %u %u}", &channel, &n) == 2) {
		unsigned char frame[4 + 65535] = {'$', (unsigned char)channel, (unsigned char)(n >> 8), (unsigned char)n, 0x80, 96};

		buf_append(bytes, frame, 4 + n);
	} else if (!strncmp(line, "{HEX ", 5)) {
		for (line += 5; sscanf(line, " %2x", &one) == 1; line += 2 + (*line == ' ')) {
			unsigned char byte = (unsigned char)one;

			buf_append(bytes, &byte, 1);
		}
	} else if (sscanf(line, "{WAIT %u}", &n) == 1) {
		*ret = (struct dialect_piece){.kind = DIALECT_WAIT, .n = n};
	} else if (!strcmp(line, "{CLOSE}")) {
		*ret = (struct dialect_piece){.kind = DIALECT_CLOSE};
	} else {
		return false;
	}
	return true;
}

static size_t body_length(const struct dialect *d, const struct dialect_section *s, const struct dialect_values *v)
{
	struct dialect_piece piece;
	struct buf body, other;
	size_t n, i = 0;

	buf_init(&body, FILE_MAX);
	buf_init(&other, FILE_MAX);
	while (i < s->nlines && s->line[i][0])
		i++;
	for (i++; i < s->nlines; i++)
		if (!special(&other, s->line[i], &piece)) {
			fill(&body, s->line[i], v, 0);
			buf_append_str(&body, d->lines && !strcmp(d->lines, "lf") ? "\n" : "\r\n");
		}
	n = body.len;
	buf_free(&body);
	buf_free(&other);
	return n;
}

static void take_piece(struct buf *bytes, struct dialect_piece *piece, unsigned *n)
{
	if (bytes->len == 0)
		return;
	cr_assert(*n < DIALECT_PIECES);
	piece[*n] = (struct dialect_piece){.n = bytes->len, .bytes = malloc(bytes->len)};
	cr_assert(piece[*n].bytes);
	memcpy(piece[(*n)++].bytes, buf_data(bytes), bytes->len);
	buf_clear(bytes);
}

unsigned dialect_answer(const struct dialect *d, const struct dialect_section *s, const struct dialect_values *v,
			struct dialect_piece piece[DIALECT_PIECES])
{
	size_t length = body_length(d, s, v);
	struct dialect_piece one;
	struct buf bytes;
	unsigned n = 0;

	buf_init(&bytes, FILE_MAX);
	for (size_t i = 0; i < s->nlines; i++) {
		if (!special(&bytes, s->line[i], &one)) {
			fill(&bytes, s->line[i], v, length);
			buf_append_str(&bytes, d->lines && !strcmp(d->lines, "lf") ? "\n" : "\r\n");
		} else if (one.kind != DIALECT_BYTES) {
			take_piece(&bytes, piece, &n);
			cr_assert(n < DIALECT_PIECES);
			piece[n++] = one;
		}
	}
	take_piece(&bytes, piece, &n);
	buf_free(&bytes);
	return n;
}
