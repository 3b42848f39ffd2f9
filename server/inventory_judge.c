/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pure: what a camera has said, and whose address it has, against the tables. */
#include <stdio.h>
#include <string.h>

#include "net/rtsp_client.h"
#include "net/rtsp_quirk.h"
#include "server/inventory.h"

const char *inventory_certainty_name(enum vendor_certainty c)
{
	static const char *const name[] = {[VENDOR_WEAK] = "weak", [VENDOR_LIKELY] = "likely", [VENDOR_SURE] = "sure"};

	return name[c];
}

const char *inventory_login_name(enum inventory_login l)
{
	static const char *const name[] = {[INVENTORY_NOT_TRIED] = "not-tried", [INVENTORY_REFUSED] = "refused", [INVENTORY_ACCEPTED] = "accepted",
		[INVENTORY_IN_USE] = "in-use", [INVENTORY_NO_ANSWER] = "no-answer"};

	return name[l];
}

const char *inventory_flag_name(enum inventory_flag f)
{
	static const char *const name[INVENTORY_FLAGS] = {[INVENTORY_889] = "889", [INVENTORY_DEFAULT_PASSWORD] = "default-password",
		[INVENTORY_NO_PASSWORD] = "no-password", [INVENTORY_CLEAR_PASSWORD] = "clear-password", [INVENTORY_MD5_ONLY] = "md5-only",
		[INVENTORY_CLEAR_MEDIA] = "clear-media", [INVENTORY_UNVERIFIED] = "unverified", [INVENTORY_OTHER_HOST] = "other-host",
		[INVENTORY_DISAGREES] = "signs-disagree"};

	return name[f];
}

const struct inventory_camera *inventory_tried_there(const struct inventory *v, unsigned camera)
{
	for (unsigned i = 0; i < camera; i++) {
		enum inventory_login tried = v->camera[i].tried;

		if (tried != INVENTORY_NOT_TRIED && tried != INVENTORY_IN_USE && !strcmp(v->camera[i].conf->host, v->camera[camera].conf->host))
			return &v->camera[i];
	}
	return NULL;
}

static const char *rule_words(enum makers_rule rule)
{
	static const char *const words[] = {[MAKERS_FREE] = "", [MAKERS_NAMED] = "is named by it", [MAKERS_AFFILIATE] = "belongs to one that is named by it",
		[MAKERS_REBRAND] = "is reported to sell devices of one that is named by it"};

	return words[rule];
}

const char *inventory_flag_text(const struct inventory_camera *c, enum inventory_flag f, char *out, size_t cap)
{
	static const char *const text[INVENTORY_FLAGS] = {
		[INVENTORY_NO_PASSWORD] = "it asks for no password, whoever reaches it can watch: set one in the camera, and user: and password_file: in the site file",
		[INVENTORY_CLEAR_PASSWORD] = "its password goes in the clear (Basic)",
		[INVENTORY_MD5_ONLY] = "it knows no digest but MD5",
		[INVENTORY_CLEAR_MEDIA] = "picture and sound travel in the clear: keep it on a network of its own, or use rtsps:",
		[INVENTORY_UNVERIFIED] = "whoever answers is believed to be it: give its fingerprint or ca",
		[INVENTORY_OTHER_HOST] = "it names addresses other than its own (they are not followed)",
		[INVENTORY_DISAGREES] = "its signs are of several makers: perhaps a rebrand, or it pretends",
	};

	if (f == INVENTORY_889 && c->rule)
		snprintf(out, cap, "section 889: %s %s (%s, %s)", c->rule->name, rule_words(c->rule->rule), inventory_certainty_name(c->rule_certainty), c->rule->source);
	else if (f == INVENTORY_DEFAULT_PASSWORD)
		snprintf(out, cap, "the password that %s devices are sold with is %s: set another in the camera", c->row ? c->row->name : "its maker's",
			 c->tried == INVENTORY_IN_USE ? "in use" : "accepted");
	else
		snprintf(out, cap, "%s", text[f] ? text[f] : "");
	return out;
}

static void collect(const struct makers *m, struct inventory_camera *c)
{
	const struct makers_row *registered;
	struct vendor_reason r;

	c->nreasons = 0;
	/* Its path says something of a camera that answers there. */
	if (c->described && c->conf->url) {
		const char *path = strstr(c->conf->url, "://");

		path = path ? strchr(path + 3, '/') : NULL;
		vendor_see(&c->guess, VENDOR_PATH, span_str(path ? path : ""));
	}
	for (unsigned i = 0; c->nreasons < VENDOR_SIGNS && vendor_reason(&c->guess, i, &r); i++)
		c->reason[c->nreasons++] = (struct inventory_reason){r.maker, r.chip, r.name, r.by, r.certainty};
	registered = *c->organisation ? makers_of_organisation(m, c->organisation) : NULL;
	if (registered)
		c->reason[c->nreasons++] = (struct inventory_reason){registered->key, NULL, registered->name, "the owner of its MAC address", VENDOR_LIKELY};
}

/* The surest reason that names a maker, or another that names none but says what it is. */
static const struct inventory_reason *surest(const struct inventory_camera *c, bool chip)
{
	const struct inventory_reason *best = NULL;

	for (unsigned i = 0; i < c->nreasons; i++) {
		const struct inventory_reason *r = &c->reason[i];
		bool tells = chip ? r->chip != NULL : r->maker != NULL;

		if (tells && (!best || r->certainty > best->certainty))
			best = r;
	}
	return best;
}

/* Two kinds of signs that are likely by themselves, and agree, leave little doubt. */
static enum vendor_certainty certainty_of(const struct inventory_camera *c, const struct inventory_reason *best)
{
	unsigned agree = 0;

	for (unsigned i = 0; i < c->nreasons; i++)
		agree += c->reason[i].maker && !strcmp(c->reason[i].maker, best->maker) && c->reason[i].certainty >= VENDOR_LIKELY;
	return agree > 1 ? VENDOR_SURE : best->certainty;
}

static void name_maker(const struct makers *m, struct inventory_camera *c)
{
	const struct inventory_reason *best = surest(c, false), *chip = surest(c, true);
	const struct makers_row *row = chip ? makers_find(m, chip->chip) : NULL;

	c->maker = c->chip = c->certainty = NULL;
	c->row = NULL;
	if (best) {
		c->maker = best->name;
		c->row = makers_find(m, best->maker);
		c->certainty = inventory_certainty_name(certainty_of(c, best));
	} else if (c->nreasons) {
		c->maker = c->reason[0].name;
		c->certainty = inventory_certainty_name(c->reason[0].certainty);
	}
	if (chip)
		c->chip = row ? row->name : chip->chip;
}

/* Makers build with chips of several, and change them without a word: a chip is never more than weak. */
static void judge_rule(const struct makers *m, struct inventory_camera *c)
{
	c->rule = NULL;
	for (unsigned i = 0; i < c->nreasons; i++) {
		const struct inventory_reason *r = &c->reason[i];
		const char *const keys[] = {r->maker, r->chip};

		for (size_t k = 0; k < 2; k++) {
			const struct makers_row *row = makers_find(m, keys[k]);
			enum vendor_certainty sure = k ? VENDOR_WEAK : r->certainty;

			if (row && row->rule != MAKERS_FREE && (!c->rule || sure > c->rule_certainty)) {
				c->rule = row;
				c->rule_certainty = sure;
			}
		}
	}
	if (c->rule)
		c->flags |= 1u << INVENTORY_889;
}

/* An affiliate's camera that speaks as its owner's does not disagree with itself. */
static bool same_house(const struct makers *m, const char *a, const char *b)
{
	const struct makers_row *ra = makers_find(m, a), *rb = makers_find(m, b);

	return !strcmp(a, b) || (ra && !strcmp(ra->of, b)) || (rb && !strcmp(rb->of, a));
}

static bool disagrees(const struct makers *m, const struct inventory_camera *c)
{
	const char *first = NULL;

	for (unsigned i = 0; i < c->nreasons; i++) {
		const struct inventory_reason *r = &c->reason[i];

		if (!r->maker || r->certainty < VENDOR_LIKELY)
			continue;
		if (first && !same_house(m, first, r->maker))
			return true;
		first = first ? first : r->maker;
	}
	return false;
}

static void judge_ways(struct inventory_camera *c)
{
	const struct {
		bool is;
		enum inventory_flag flag;
	} ways[] = {
		{c->tried == INVENTORY_ACCEPTED || c->tried == INVENTORY_IN_USE, INVENTORY_DEFAULT_PASSWORD},
		{c->described && c->login == RTSP_CLIENT_NOBODY, INVENTORY_NO_PASSWORD},
		{c->login == RTSP_CLIENT_BASIC || c->quirks >> RTSP_QUIRK_BASIC_ONLY & 1, INVENTORY_CLEAR_PASSWORD},
		{c->quirks >> RTSP_QUIRK_MD5_ONLY & 1, INVENTORY_MD5_ONLY},
		{c->conf->tls == SITE_TLS_NONE, INVENTORY_CLEAR_MEDIA},
		{c->conf->tls == SITE_TLS_UNVERIFIED, INVENTORY_UNVERIFIED},
		{c->quirks >> RTSP_QUIRK_OTHER_HOST & 1, INVENTORY_OTHER_HOST},
	};

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (ways[i].is)
			c->flags |= 1u << ways[i].flag;
}

void inventory_judge_camera(const struct makers *m, struct inventory_camera *c)
{
	c->flags = 0;
	collect(m, c);
	name_maker(m, c);
	judge_rule(m, c);
	judge_ways(c);
	if (disagrees(m, c))
		c->flags |= 1u << INVENTORY_DISAGREES;
}

void inventory_judge(struct inventory *v)
{
	for (unsigned i = 0; i < v->n; i++)
		inventory_judge_camera(&v->makers, &v->camera[i]);
}
