/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inventory in its three forms. What comes from a camera are rows of tables; names of organisations are the register's, and go
 * through the escapes all the same. A spreadsheet takes a field that begins with =, +, - or @ for a formula: an apostrophe before it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "server/inventory.h"

#define FLAG_TEXT 600

static const char *mac_text(const struct inventory_camera *c, char out[18])
{
	const uint8_t *m = c->mac;

	*out = 0;
	if (c->has_mac)
		snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return out;
}

static const char *standing(const struct inventory_camera *c)
{
	return c->rule ? makers_rule_name(c->rule->rule) : NULL;
}

static int text_reasons(const struct inventory_camera *c, struct buf *out)
{
	int rc = 0;

	for (unsigned i = 0; i < c->nreasons && !rc; i++)
		rc = buf_append_fmt(out, "  %-8s %s, by %s\n", inventory_certainty_name(c->reason[i].certainty), c->reason[i].name, c->reason[i].by);
	return rc;
}

static int text_flags(const struct inventory_camera *c, struct buf *out)
{
	char text[FLAG_TEXT];
	int rc = 0;

	for (unsigned f = 0; f < INVENTORY_FLAGS && !rc; f++)
		if (c->flags >> f & 1)
			rc = buf_append_fmt(out, "  ! %s\n", inventory_flag_text(c, (enum inventory_flag)f, text, sizeof text));
	return rc;
}

static int text_camera(const struct inventory_camera *c, struct buf *out)
{
	char mac[18], organisation[4 * OUI_ORGANISATION];
	int rc = buf_append_fmt(out, "%s  %s\n", c->conf->name, c->conf->host);

	if (!rc && c->maker)
		rc = buf_append_fmt(out, "  made by  %s (%s)%s%s\n", c->maker, c->certainty, c->chip ? "; chip perhaps: " : "", c->chip ? c->chip : "");
	else if (!rc)
		rc = buf_append_fmt(out, "  made by  %s\n", c->heard ? "not known" : "not known: it has said nothing");
	if (!rc && c->has_mac) {
		text_escape(c->organisation, strlen(c->organisation), organisation, sizeof organisation);
		rc = buf_append_fmt(out, "  MAC      %s%s%s\n", mac_text(c, mac), *organisation ? ", " : "", organisation);
	}
	if (!rc)
		rc = text_reasons(c, out);
	if (!rc && c->heard && !c->described && !c->conf->user)
		rc = buf_append_str(out, "  ? it answered without a description: it may ask for a password, and the site file has none for it (user:, password_file:)\n");
	return rc ? rc : text_flags(c, out);
}

int inventory_text(const struct inventory *v, struct buf *out)
{
	unsigned count[INVENTORY_FLAGS] = {0}, known = 0;
	int rc = 0;

	for (unsigned i = 0; i < v->n && !rc; i++) {
		known += v->camera[i].maker != NULL;
		for (unsigned f = 0; f < INVENTORY_FLAGS; f++)
			count[f] += v->camera[i].flags >> f & 1;
		rc = text_camera(&v->camera[i], out);
	}
	if (!rc)
		rc = buf_append_fmt(out, "%s%u camera%s, %u of known make", v->n ? "\n" : "", v->n, v->n == 1 ? "" : "s", known);
	for (unsigned f = 0; f < INVENTORY_FLAGS && !rc; f++)
		if (count[f])
			rc = buf_append_fmt(out, ", %s: %u", inventory_flag_name((enum inventory_flag)f), count[f]);
	return rc ? rc : buf_append_str(out, "\n");
}

/* RFC 4180, every field in quotes. */
static int field(struct buf *out, const char *s, const char *end)
{
	char plain[4 * FLAG_TEXT];
	int rc = buf_append_str(out, "\"");

	text_escape(s, strlen(s), plain, sizeof plain);
	if (!rc && *plain && strchr("=+-@", *plain))
		rc = buf_append_str(out, "'");
	for (const char *c = plain; *c && !rc; c++)
		rc = *c == '"' ? buf_append_str(out, "\"\"") : buf_append(out, c, 1);
	if (!rc)
		rc = buf_append_str(out, "\"");
	return rc ? rc : buf_append_str(out, end);
}

static int csv_lists(const struct inventory_camera *c, struct buf *out)
{
	char text[FLAG_TEXT] = "";
	size_t n = 0;
	int rc;

	for (unsigned f = 0; f < INVENTORY_FLAGS; f++)
		if (c->flags >> f & 1)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? " " : "", inventory_flag_name((enum inventory_flag)f));
	rc = field(out, text, ",");
	*text = 0;
	n = 0;
	for (unsigned i = 0; i < c->nreasons && n < sizeof text; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s: %s, by %s", n ? "; " : "", inventory_certainty_name(c->reason[i].certainty), c->reason[i].name, c->reason[i].by);
	return rc ? rc : field(out, text, "\r\n");
}

int inventory_csv(const struct inventory *v, struct buf *out)
{
	int rc = buf_append_str(out, "camera,address,heard,maker,certainty,chip,mac,organisation,section_889,section_889_by,section_889_certainty,source,default_login,flags,reasons\r\n");

	for (unsigned i = 0; i < v->n && !rc; i++) {
		const struct inventory_camera *c = &v->camera[i];
		char mac[18];
		const char *const fields[] = {c->conf->name, c->conf->host, c->heard ? "yes" : "no", c->maker, c->certainty, c->chip, mac_text(c, mac), c->organisation,
			standing(c), c->rule ? c->rule->name : NULL, c->rule ? inventory_certainty_name(c->rule_certainty) : NULL, c->rule ? c->rule->source : NULL,
			inventory_login_name(c->tried)};

		for (size_t k = 0; k < sizeof fields / sizeof *fields && !rc; k++)
			rc = field(out, fields[k] ? fields[k] : "", ",");
		if (!rc)
			rc = csv_lists(c, out);
	}
	return rc;
}

static void json_lists(struct json *j, const struct inventory_camera *c)
{
	char text[FLAG_TEXT];

	json_open(j, "reasons", '[');
	for (unsigned i = 0; i < c->nreasons; i++) {
		json_open(j, NULL, '{');
		json_str(j, "says", c->reason[i].name);
		json_str(j, "by", c->reason[i].by);
		json_str(j, "certainty", inventory_certainty_name(c->reason[i].certainty));
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "flags", '[');
	for (unsigned f = 0; f < INVENTORY_FLAGS; f++) {
		if (!(c->flags >> f & 1))
			continue;
		json_open(j, NULL, '{');
		json_str(j, "flag", inventory_flag_name((enum inventory_flag)f));
		json_str(j, "text", inventory_flag_text(c, (enum inventory_flag)f, text, sizeof text));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void json_rule(struct json *j, const struct inventory_camera *c)
{
	if (!c->rule) {
		json_str(j, "section_889", NULL);
		return;
	}
	json_open(j, "section_889", '{');
	json_str(j, "rule", standing(c));
	json_str(j, "maker", c->rule->name);
	json_str(j, "certainty", inventory_certainty_name(c->rule_certainty));
	json_str(j, "source", c->rule->source);
	json_close(j, '}');
}

static void json_camera(struct json *j, const struct inventory_camera *c)
{
	char mac[18];

	json_open(j, NULL, '{');
	json_str(j, "camera", c->conf->name);
	json_str(j, "address", c->conf->host);
	json_bool(j, "heard", c->heard);
	json_str(j, "maker", c->maker);
	json_str(j, "certainty", c->certainty);
	json_str(j, "chip", c->chip);
	json_str(j, "mac", c->has_mac ? mac_text(c, mac) : NULL);
	json_str(j, "organisation", *c->organisation ? c->organisation : NULL);
	json_rule(j, c);
	json_str(j, "default_login", inventory_login_name(c->tried));
	json_lists(j, c);
	json_close(j, '}');
}

int inventory_json(const struct inventory *v, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_str(&j, "site", v->site->origin);
	json_str(&j, "seen_by", v->running ? "server" : "inventory");
	json_open(&j, "cameras", '[');
	for (unsigned i = 0; i < v->n; i++)
		json_camera(&j, &v->camera[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	if (j.bad)
		return -ENOBUFS;
	return buf_append_str(out, "\n");
}
