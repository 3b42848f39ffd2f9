/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/effective.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "conf/loader.h"
#include "conf/phc.h"
#include "conf/rights.h"
#include "conf/show.h"

struct effective {
	const struct site *site;
	struct buf *out;
	struct buf value;   /* of one key, as it is written; nothing: the key is left out */
	int rc;
};

static void put(struct effective *e, const char *s, size_t n)
{
	if (!e->rc)
		e->rc = buf_append(&e->value, s, n);
}

/* In quotes unless nobody could take it for anything but a word. */
static void put_string(struct effective *e, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./";

	if (!s || !*s)
		return;
	if (!s[strspn(s, plain)]) {
		put(e, s, strlen(s));
		return;
	}
	put(e, "\"", 1);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			put(e, "\\", 1);
		put(e, s, 1);
	}
	put(e, "\"", 1);
}

static void put_item(struct effective *e, unsigned i, const char *s)
{
	put(e, i ? ", " : "[", i ? 2 : 1);
	put_string(e, s);
}

static void put_names(struct effective *e, const char (*name)[SITE_NAME], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put_item(e, i, name[i]);
	if (n)
		put(e, "]", 1);
}

static void put_listeners(struct effective *e, const struct schema_key *k)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->site->nlisteners; i++) {
		const struct site_listener *l = &e->site->listener[i];
		const char *scheme = strstr(l->text, "://");

		if (source_is_listener(k, l))
			put_item(e, n++, scheme ? scheme + 3 : l->text);
	}
	if (n)
		put(e, "]", 1);
}

/* The cost as it was, behind which salt and hash are zeros: fewer than one in 2^128 passwords has it. */
static void put_hash(struct effective *e, const char *hash)
{
	char text[PHC_TEXT_MAX + 1];
	unsigned fields = 0;
	size_t i;

	if (!hash)
		return;
	for (i = 0; i < PHC_TEXT_MAX && hash[i]; i++) {
		fields += hash[i] == '$';
		text[i] = fields >= 4 && hash[i] != '$' ? 'A' : hash[i];
	}
	text[i] = 0;
	put_string(e, text);
}

/* Nothing where it is below what one may write: then it is what comes of leaving it out. */
static void put_number(struct effective *e, const struct schema_key *k, uint64_t v)
{
	char text[40];

	if (v < k->min)
		return;
	if (k->type == SCHEMA_PERCENT)
		snprintf(text, sizeof text, "%" PRIu64 ".%02u %%", v / 100, (unsigned)(v % 100));
	else if (schema_units(k->type))
		units_format(v, schema_units(k->type), text, sizeof text);
	else
		snprintf(text, sizeof text, "%" PRIu64, v);
	put(e, text, strlen(text));
}

static void put_until(struct effective *e, int64_t us)
{
	char text[CLOCK_TEXT];

	if (us == 0)
		return;
	clock_text(us, text);
	snprintf(text + strcspn(text, ".Z"), 2, "Z");
	put_string(e, text);
}

static void put_shown(struct effective *e, const struct schema_key *k, const void *object)
{
	char text[SHOW_MAX];

	show_value(k, object, text, sizeof text);
	if (!strcmp(text, "always"))
		put_string(e, "00:00-24:00");
	else if (k->type == SCHEMA_RIGHTS)
		buf_append_fmt(&e->value, "[%s]", text);
	else if (strcmp(text, "none") || k->type == SCHEMA_SIGN)
		put_string(e, text);
}

/* A key's value into e->value. */
static void write_value(struct effective *e, const struct schema_key *k, const void *object)
{
	const void *v = (const char *)object + k->member;
	const struct site_camera *camera = object;

	buf_clear(&e->value);
	switch ((int)k->type) {
	case SCHEMA_ORIGIN:
	case SCHEMA_NAME:
	case SCHEMA_TLS_NAME:
		put_string(e, v);
		break;
	case SCHEMA_PUBLIC_FILE:
	case SCHEMA_SECRET_FILE:
	case SCHEMA_FOLDER:
	case SCHEMA_SOCKET:
	case SCHEMA_LOGIN:
	case SCHEMA_VKEY:
	case SCHEMA_SOURCE:
	case SCHEMA_ONVIF:
		put_string(e, *(char *const *)v);
		break;
	case SCHEMA_PASSWORD_FILE:
		put_string(e, camera->password_file);
		break;
	case SCHEMA_DIGEST_FILE:
		put_string(e, ((const struct site_user *)object)->rtsp_digest_file);
		break;
	case SCHEMA_LISTEN:
		put_listeners(e, k);
		break;
	case SCHEMA_BYTES:
		put_number(e, k, *(const uint64_t *)v);
		break;
	case SCHEMA_MS:
	case SCHEMA_S:
	case SCHEMA_BPS:
	case SCHEMA_PERCENT:
	case SCHEMA_COUNT:
		put_number(e, k, *(const unsigned *)v);
		break;
	case SCHEMA_HASH:
		put_hash(e, *(char *const *)v);
		break;
	case SCHEMA_UNTIL:
		put_until(e, *(const int64_t *)v);
		break;
	case SCHEMA_PATTERNS:
		put_names(e, v, ((const struct site_group *)object)->ncameras);
		break;
	case SCHEMA_NAMES:
		put_names(e, v, ((const struct site_user *)object)->ngroups);
		break;
	case SCHEMA_INCLUDE:
		break;
	default:
		put_shown(e, k, object);
		break;
	}
}

static void line(struct effective *e, unsigned depth, const char *key, const char *value)
{
	if (!e->rc)
		e->rc = buf_append_fmt(e->out, "%*s%s:%s%s\n", (int)(2 * depth), "", key, *value ? " " : "", value);
}

static void write_keys(struct effective *e, const char *prefix, unsigned depth, const void *object);

/* Things by name, each a map of the keys below prefix. */
static void write_named(struct effective *e, const struct schema_key *k, const char *prefix, unsigned depth, const void *array, unsigned n, size_t size)
{
	line(e, depth, schema_leaf(k), n ? "" : "{}");
	for (unsigned i = 0; i < n; i++) {
		const char *one = (const char *)array + i * size;

		line(e, depth + 1, one, "");  /* its name comes first in it */
		write_keys(e, prefix, depth + 2, one);
	}
}

/* A list of maps; the dash takes the place of the first key's indentation. */
static void write_list(struct effective *e, const struct schema_key *k, const char *prefix, unsigned depth, const void *array, unsigned n, size_t size)
{
	line(e, depth, schema_leaf(k), n ? "" : "[]");
	for (unsigned i = 0; i < n && !e->rc; i++) {
		size_t at = e->out->len;

		write_keys(e, prefix, depth + 2, (const char *)array + i * size);
		if (!e->rc)
			buf_data(e->out)[at + 2 * depth + 2] = '-';
	}
}

/* A map that is left out where none of its keys is in force. */
static void write_map(struct effective *e, const struct schema_key *k, unsigned depth, const void *object)
{
	char prefix[64];
	size_t head = e->out->len, body;

	snprintf(prefix, sizeof prefix, "%s.", k->path);
	line(e, depth, schema_leaf(k), "");
	body = e->out->len;
	write_keys(e, prefix, depth + 1, object);
	if (e->out->len == body)
		e->out->len = head;
}

static void write_key(struct effective *e, const struct schema_key *k, unsigned depth, const void *object)
{
	const struct site *s = e->site;
	const struct site_camera *c = object;

	switch ((int)k->type) {
	case SCHEMA_MAP:
		write_map(e, k, depth, object);
		break;
	case SCHEMA_CAMERAS:
		write_named(e, k, "cameras.*.", depth, s->camera, s->ncameras, sizeof *s->camera);
		break;
	case SCHEMA_GROUPS:
		if (s->ngroups)
			write_named(e, k, "groups.*.", depth, s->group, s->ngroups, sizeof *s->group);
		break;
	case SCHEMA_RENDITIONS:
		write_named(e, k, "cameras.*.renditions.*.", depth, c->rendition, c->nrenditions, sizeof *c->rendition);
		break;
	case SCHEMA_USERS:
		write_list(e, k, "users[].", depth, s->user, s->nusers, sizeof *s->user);
		break;
	case SCHEMA_MASKS:
		write_list(e, k, "cameras.*.masks[].", depth, c->mask, c->nmasks, sizeof *c->mask);
		break;
	case SCHEMA_DEFAULTS:
	case SCHEMA_PROFILES:
		break;
	default:
		write_value(e, k, object);
		if (e->value.len && !e->rc)
			e->rc = buf_append(&e->value, "", 1);
		if (e->value.len)
			line(e, depth, schema_leaf(k), (const char *)buf_data(&e->value));
		break;
	}
}

static void write_keys(struct effective *e, const char *prefix, unsigned depth, const void *object)
{
	for (unsigned i = 0; i < schema_nkeys && !e->rc; i++)
		if (schema_is_below(&schema_keys[i], prefix))
			write_key(e, &schema_keys[i], depth, object);
}

int effective_write(const struct site *site, struct buf *out)
{
	struct effective e = {.site = site, .out = out};

	buf_init(&e.value, 64u << 10);
	e.rc = buf_append_str(out, "# What is in force, with all that is included, inherited and left out. No password has these hashes.\n");
	write_keys(&e, "", 0, site);
	buf_free(&e.value);
	return e.rc;
}
