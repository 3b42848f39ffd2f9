/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scalars that need nothing but themselves: names, numbers, choices. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/loader.h"
#include "conf/phc.h"

#define VKEY_MAX 263

static void *member(void *object, const struct schema_key *k)
{
	return (char *)object + k->member;
}

static void set_string(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	char **dst = member(object, k);

	free(*dst);
	*dst = strdup(n->text);
	if (!*dst)
		l->rc = -ENOMEM;
}

static bool is_graphic(const char *s, size_t n, const char *except)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || strchr(except, s[i]))
			return false;
	return true;
}

/* A common name may have blanks in it. */
static bool is_printable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] >= 0x7f)
			return false;
	return s[0] != ' ' && s[n - 1] != ' ';
}

/* c2sp.org/signed-note: a key's name holds neither blank nor plus; a leading slash would read as a path. */
static void set_origin(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (n->len >= SITE_ORIGIN || n->text[0] == '/' || !is_graphic(n->text, n->len, "+"))
		loader_complain(l, k, n->at, "\"%s\" can't be a site's name: %s, not beginning with /",
				loader_quote(n->text, n->len).text, schema_type_text(k->type));
	else
		memcpy(member(object, k), n->text, n->len + 1);
}

static void set_name(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (!text_is_name(n->text, n->len))
		loader_complain(l, k, n->at, "\"%s\" can't be a name: 1 to 32 of a-z, 0-9 and -", loader_quote(n->text, n->len).text);
	else
		memcpy(member(object, k), n->text, n->len + 1);
}

/* Goes into Digest's quoted strings and its A1, where a colon ends it (RFC 7616 3.4.2). */
static void set_login(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (n->len > 64 || !is_graphic(n->text, n->len, ":\"'\\"))
		loader_complain(l, k, n->at, "\"%s\" can't be a camera's user: %s", loader_quote(n->text, n->len).text,
				schema_type_text(k->type));
	else
		set_string(l, k, n, object);
}

/* Its numbers are looked at by whoever takes a signature for it. */
static void set_vkey(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	const char *first = strchr(n->text, '+');

	if (n->len > VKEY_MAX || !is_graphic(n->text, n->len, "\"\\") || !first || first == n->text || !strchr(first + 1, '+'))
		loader_complain(l, k, n->at, "\"%s\" is no key: what is wanted is %s", loader_quote(n->text, n->len).text, schema_type_text(k->type));
	else
		set_string(l, k, n, object);
}

static void set_hash(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	const char *why;

	if (phc_check(n->text, n->len, &why))
		loader_complain(l, k, n->at, "%s", why);
	else
		set_string(l, k, n, object);
}

/* The digits in one spelling, so that who compares two need not know of others; a name as it is. */
static void set_certificate(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	bool is_name = strncasecmp(n->text, "sha256:", 7) != 0;
	char text[7 + 65] = "sha256:";
	struct ytree_node spelled = *n;
	uint8_t sha256[32];

	if (is_name ? n->len < 1 || n->len >= SITE_CERTIFICATE || !is_printable(n->text, n->len) : camera_read_fingerprint(n->text, sha256)) {
		loader_complain(l, k, n->at, "\"%s\" can't be a certificate: %s", loader_quote(n->text, n->len).text, schema_type_text(k->type));
		return;
	}
	if (!is_name) {
		hex_encode(sha256, sizeof sha256, text + 7);
		spelled.text = text;
		spelled.len = strlen(text);
	}
	set_string(l, k, &spelled, object);
}

static void set_bool(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (strcmp(n->text, "true") && strcmp(n->text, "false"))
		loader_complain(l, k, n->at, "\"%s\" is neither true nor false", loader_quote(n->text, n->len).text);
	else
		*(bool *)member(object, k) = n->text[0] == 't';
}

static void set_sandbox(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (strcmp(n->text, "strict") && strcmp(n->text, "best-effort"))
		loader_complain(l, k, n->at, "\"%s\" is neither strict nor best-effort", loader_quote(n->text, n->len).text);
	else
		*(bool *)member(object, k) = n->text[0] == 'b';
}

const char *const *values_words(enum schema_type type)
{
	static const char *const transport[] = {[SITE_TRANSPORT_AUTO] = "auto", [SITE_TRANSPORT_TCP] = "tcp", [SITE_TRANSPORT_UDP] = "udp", NULL};
	static const char *const denoise[] = {
		[SITE_DENOISE_OFF] = "off", [SITE_DENOISE_LOW] = "low", [SITE_DENOISE_MEDIUM] = "medium", [SITE_DENOISE_HIGH] = "high", NULL};
	static const char *const copy[] = {[SITE_COPY_LIVE] = "live", [SITE_COPY_RECORDED] = "recorded", NULL};
	static const char *const latency[] = {[SITE_LATENCY_LOW] = "low", [SITE_LATENCY_NORMAL] = "normal", NULL};
	static const char *const profile[] = {
		[SITE_PROFILE_HIGH] = "high", [SITE_PROFILE_MAIN] = "main", [SITE_PROFILE_BASELINE] = "baseline", NULL};
	static const char *const style[] = {[SITE_STYLE_SOLID] = "solid", [SITE_STYLE_MOSAIC] = "mosaic", NULL};
	static const char *const sign[] = {[SITE_SIGN_NONE] = "none", [SITE_SIGN_ONVIF] = "onvif", NULL};

	return type == SCHEMA_TRANSPORT ? transport : type == SCHEMA_DENOISE ? denoise : type == SCHEMA_COPY ? copy :
	       type == SCHEMA_LATENCY ? latency : type == SCHEMA_PROFILE ? profile : type == SCHEMA_STYLE ? style : sign;
}

static void set_choice(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	const char *const *word = values_words(k->type);

	for (unsigned i = 0; word[i]; i++)
		if (!strcmp(n->text, word[i])) {
			memcpy(member(object, k), &i, sizeof i);
			return;
		}
	loader_complain(l, k, n->at, "\"%s\" is none of these: %s", loader_quote(n->text, n->len).text, schema_type_text(k->type));
}

static void complain_range(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	char range[80];

	schema_range(k, range, sizeof range);
	loader_complain(l, k, n->at, "\"%s\" is out of range: %s", loader_quote(n->text, n->len).text, range);
}

static void set_count(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	uint64_t v;
	int rc = text_u64(n->text, n->len, k->max, &v);

	if (rc == -ERANGE || (!rc && v < k->min))
		complain_range(l, k, n);
	else if (rc)
		loader_complain(l, k, n->at, "\"%s\" is not a whole number", loader_quote(n->text, n->len).text);
	else
		*(unsigned *)member(object, k) = (unsigned)v;
}

static bool same_letters(const char *a, size_t n, const char *b)
{
	return strlen(b) == n && !strncasecmp(a, b, n);
}

/* The unit that was likely meant: the same letters in another case, or what people and tools write for it. */
static const char *likely_unit(const char *s, size_t n, const struct units_row *units)
{
	static const struct { const char *wrong, *right; } habit[] = {
		{"kbps", "kb/s"}, {"kbit/s", "kb/s"}, {"kbit", "kb/s"}, {"k", "kb/s"}, {"mbps", "Mb/s"}, {"mbit/s", "Mb/s"},
		{"mbit", "Mb/s"}, {"m", "Mb/s"}, {"bps", "b/s"}, {"k", "kB"}, {"m", "MB"}, {"g", "GB"}, {"t", "TB"},
		{"sec", "s"}, {"secs", "s"}, {"seconds", "s"}, {"second", "s"}, {"msec", "ms"}, {"m", "min"}, {"minutes", "min"},
		{"hours", "h"}, {"days", "d"},
	};

	for (const struct units_row *u = units; u->name; u++)
		if (same_letters(s, n, u->name))
			return u->name;
	for (size_t i = 0; i < sizeof habit / sizeof *habit; i++)
		for (const struct units_row *u = units; same_letters(s, n, habit[i].wrong) && u->name; u++)
			if (!strcmp(u->name, habit[i].right))
				return u->name;
	return NULL;
}

static void complain_unit(struct loader *l, const struct schema_key *k, const struct ytree_node *n, size_t at)
{
	const char *likely = likely_unit(n->text + at, n->len - at, schema_units(k->type));
	struct loader_quote unit = loader_quote(n->text + at, n->len - at);

	if (likely)
		loader_complain(l, k, n->at, "unknown unit \"%s\": did you mean \"%s\"?", unit.text, likely);
	else
		loader_complain(l, k, n->at, "unknown unit \"%s\": what is wanted is %s", unit.text, schema_type_text(k->type));
}

static bool read_quantity(struct loader *l, const struct schema_key *k, const struct ytree_node *n, uint64_t *ret)
{
	size_t at;
	uint64_t v;

	switch (units_parse(n->text, n->len, schema_units(k->type), &v, &at)) {
	case 0:
		break;
	case -ENOENT:
		complain_unit(l, k, n, at);
		return false;
	case -ENODATA:
		loader_complain(l, k, n->at, "\"%s\" has no unit: what is wanted is %s", loader_quote(n->text, n->len).text,
				schema_type_text(k->type));
		return false;
	case -ERANGE:
		complain_range(l, k, n);
		return false;
	default:
		loader_complain(l, k, n->at, "\"%s\" does not begin with a number: what is wanted is %s",
				loader_quote(n->text, n->len).text, schema_type_text(k->type));
		return false;
	}
	if (v < k->min || v > k->max) {
		complain_range(l, k, n);
		return false;
	}
	*ret = v;
	return true;
}

static void set_quantity_u64(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	uint64_t v;

	if (read_quantity(l, k, n, &v))
		*(uint64_t *)member(object, k) = v;
}

static void set_quantity(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	uint64_t v;

	if (read_quantity(l, k, n, &v))
		*(unsigned *)member(object, k) = (unsigned)v;
}

static void set_size(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_rendition *r = object;
	const char *x = memchr(n->text, 'x', n->len);
	uint64_t w, h;

	if (!x || text_u64(n->text, (size_t)(x - n->text), 1000000, &w) ||
	    text_u64(x + 1, n->len - (size_t)(x + 1 - n->text), 1000000, &h)) {
		loader_complain(l, k, n->at, "\"%s\" is not WIDTHxHEIGHT in pixels", loader_quote(n->text, n->len).text);
	} else if (w < k->min || w > k->max || h < k->min || h > k->max) {
		complain_range(l, k, n);
	} else if (w % 2 || h % 2) {
		loader_complain(l, k, n->at, "\"%s\" is odd: width and height must both be even", n->text);
	} else {
		r->width = (unsigned)w;
		r->height = (unsigned)h;
	}
}

static void (*const setter[SCHEMA_TYPES])(struct loader *, const struct schema_key *, const struct ytree_node *, void *) = {
	[SCHEMA_ORIGIN] = set_origin,
	[SCHEMA_LISTEN] = source_set_listeners,
	[SCHEMA_PUBLIC_FILE] = paths_set_file,
	[SCHEMA_SECRET_FILE] = paths_set_file,
	[SCHEMA_PASSWORD_FILE] = paths_set_file,
	[SCHEMA_DIGEST_FILE] = paths_set_file,
	[SCHEMA_FOLDER] = paths_set_folder,
	[SCHEMA_SOCKET] = paths_set_socket,
	[SCHEMA_BYTES] = set_quantity_u64,
	[SCHEMA_MS] = set_quantity,
	[SCHEMA_S] = set_quantity,
	[SCHEMA_BPS] = set_quantity,
	[SCHEMA_PERCENT] = set_quantity,
	[SCHEMA_COUNT] = set_count,
	[SCHEMA_BOOL] = set_bool,
	[SCHEMA_SANDBOX] = set_sandbox,
	[SCHEMA_TRANSPORT] = set_choice,
	[SCHEMA_DENOISE] = set_choice,
	[SCHEMA_COPY] = set_choice,
	[SCHEMA_LATENCY] = set_choice,
	[SCHEMA_PROFILE] = set_choice,
	[SCHEMA_STYLE] = set_choice,
	[SCHEMA_SIGN] = set_choice,
	[SCHEMA_INCLUDE] = include_set,
	[SCHEMA_SOURCE] = source_set_camera,
	[SCHEMA_ONVIF] = source_set_onvif,
	[SCHEMA_FINGERPRINT] = camera_set_fingerprint,
	[SCHEMA_TLS_NAME] = camera_set_tls_name,
	[SCHEMA_LOGIN] = set_login,
	[SCHEMA_VKEY] = set_vkey,
	[SCHEMA_SIZE] = set_size,
	[SCHEMA_NAME] = set_name,
	[SCHEMA_HASH] = set_hash,
	[SCHEMA_CERTIFICATE] = set_certificate,
	[SCHEMA_HOURS] = rights_set_hours,
	[SCHEMA_UNTIL] = rights_set_until,
	[SCHEMA_RIGHTS] = rights_set_rights,
	[SCHEMA_PATTERNS] = rights_set_cameras,
	[SCHEMA_NAMES] = rights_set_groups,
};

void values_set(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	bool list = n->kind == YTREE_LIST && (k->type == SCHEMA_LISTEN || k->type >= SCHEMA_RIGHTS);

	if (n->kind != YTREE_SCALAR && !list)
		loader_complain(l, k, n->at, "what is wanted is %s, not a %s", schema_type_text(k->type),
				n->kind == YTREE_MAP ? "map" : "list");
	else if (!list && n->len == 0)
		loader_complain(l, k, n->at, "the value is missing: what is wanted is %s", schema_type_text(k->type));
	else
		setter[k->type](l, k, n, object);
}
