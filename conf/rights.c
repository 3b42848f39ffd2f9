/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/rights.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "conf/loader.h"

#define ALL_DAYS 0x7f
#define DAY_US (86400 * 1000000ll)
#define SHARE_PREFIX "share-"  /* names of share links, in the log and for players */

static const char *const right_name[] = {
	[SITE_RIGHT_LIVE] = "live", [SITE_RIGHT_HISTORY] = "history", [SITE_RIGHT_EXPORT] = "export", [SITE_RIGHT_ADMIN] = "admin", NULL};
static const char *const day_name[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

/* --- what it means ---------------------------------------------------------------------- */

/* After a star the rest is tried at each place, the last star's first: never more than the product of both lengths. */
bool rights_match(const char *pattern, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			from = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == 0;
}

const struct site_group *rights_group(const struct site *site, const char *name)
{
	for (unsigned i = 0; i < site->ngroups; i++)
		if (!strcmp(site->group[i].name, name))
			return &site->group[i];
	return NULL;
}

bool rights_group_has(const struct site_group *g, const char *camera)
{
	for (unsigned i = 0; i < g->ncameras; i++)
		if (!camera || rights_match(g->cameras[i], camera))
			return true;
	return false;
}

unsigned rights_of(const struct site *site, const struct site_user *u, const char *camera)
{
	unsigned rights = site->ngroups ? 0 : SITE_RIGHTS_ALL;

	for (unsigned i = 0; i < u->ngroups; i++) {
		const struct site_group *g = rights_group(site, u->group[i]);

		if (g && rights_group_has(g, camera))
			rights |= g->rights;
	}
	return rights;
}

bool rights_same_hours(const struct site_hours *a, const struct site_hours *b)
{
	return a->days == b->days && a->from_min == b->from_min && a->to_min == b->to_min;
}

static bool same_group(const struct site_group *a, const struct site_group *b)
{
	if (!a || !b)
		return a == b;
	if (a->rights != b->rights || !rights_same_hours(&a->hours, &b->hours) || a->ncameras != b->ncameras)
		return false;
	for (unsigned i = 0; i < a->ncameras; i++)
		if (strcmp(a->cameras[i], b->cameras[i]))
			return false;
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool rights_same(const struct site *a, const struct site_user *u, const struct site *b, const struct site_user *v)
{
	if (!same_text(u->password_hash, v->password_hash) || !same_text(u->certificate, v->certificate) || !same_text(u->rtsp_digest_mark, v->rtsp_digest_mark) || u->allow_md5 != v->allow_md5 ||
	    u->expires_us != v->expires_us || u->ngroups != v->ngroups || !a->ngroups != !b->ngroups)
		return false;
	for (unsigned i = 0; i < u->ngroups; i++)
		if (strcmp(u->group[i], v->group[i]) || !same_group(rights_group(a, u->group[i]), rights_group(b, v->group[i])))
			return false;
	return true;
}

/* --- as text ---------------------------------------------------------------------------- */

static void add_word(char *out, size_t cap, const char *separator, const char *word)
{
	size_t n = strlen(out);

	snprintf(out + n, cap - n, "%s%s", n ? separator : "", word);
}

void rights_text(unsigned rights, char out[RIGHTS_TEXT])
{
	*out = 0;
	for (unsigned i = 0; i < SITE_RIGHTS; i++)
		if (rights >> i & 1)
			add_word(out, RIGHTS_TEXT, ", ", right_name[i]);
	if (!rights)
		add_word(out, RIGHTS_TEXT, "", "none");
}

void rights_hours_text(const struct site_hours *h, char out[RIGHTS_HOURS_TEXT])
{
	char time[16];

	*out = 0;
	for (unsigned i = 0; h->days != ALL_DAYS && i < 7; i++)
		if (h->days >> (i + 1) % 7 & 1)
			add_word(out, RIGHTS_HOURS_TEXT, ",", day_name[(i + 1) % 7]);
	snprintf(time, sizeof time, "%02u:%02u-%02u:%02u", h->from_min / 60u % 100, h->from_min % 60u, h->to_min / 60u % 100, h->to_min % 60u);
	if (h->days != ALL_DAYS || h->from_min || h->to_min != SITE_DAY_MIN)
		add_word(out, RIGHTS_HOURS_TEXT, " ", time);
	else
		add_word(out, RIGHTS_HOURS_TEXT, "", "always");
}

/* --- out of the file -------------------------------------------------------------------- */

/* Each value of a list, or the one that stands there without one. */
static void each(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object,
		 void (*add)(struct loader *, const struct schema_key *, const struct ytree_node *, void *))
{
	if (n->kind == YTREE_SCALAR) {
		add(l, k, n, object);
		return;
	}
	if (n->nchildren > k->max) {
		loader_complain(l, k, n->at, "%u of them: at most %u are possible", n->nchildren, (unsigned)k->max);
		return;
	}
	for (const struct ytree_node *c = n->child; c; c = c->next)
		if (c->kind == YTREE_SCALAR && c->len)
			add(l, k, c, object);
		else if (c->kind != YTREE_BAD)
			loader_complain(l, k, c->at, "what is wanted is %s", schema_type_text(k->type));
}

static void add_right(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_group *g = object;

	for (unsigned i = 0; right_name[i]; i++)
		if (!strcmp(n->text, right_name[i])) {
			g->rights |= 1u << i;
			return;
		}
	loader_complain(l, k, n->at, "\"%s\" is no right: what is wanted is %s", loader_quote(n->text, n->len).text, schema_type_text(k->type));
}

void rights_set_rights(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	each(l, k, n, object, add_right);
}

static void add_pattern(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_group *g = object;

	if (n->len >= SITE_NAME || strspn(n->text, "abcdefghijklmnopqrstuvwxyz0123456789-*?") != n->len)
		loader_complain(l, k, n->at, "\"%s\" can be no camera's: at most 32 of a-z, 0-9 and -, with * and ?", loader_quote(n->text, n->len).text);
	else
		memcpy(g->cameras[g->ncameras++], n->text, n->len + 1);
}

void rights_set_cameras(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	each(l, k, n, object, add_pattern);
}

static void add_group(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_user *u = object;

	for (unsigned i = 0; i < u->ngroups; i++)
		if (!strcmp(u->group[i], n->text)) {
			loader_complain(l, k, n->at, "\"%s\" is here a second time", loader_quote(n->text, n->len).text);
			return;
		}
	if (!text_is_name(n->text, n->len))
		loader_complain(l, k, n->at, "\"%s\" can't be a group's name: 1 to 32 of a-z, 0-9 and -", loader_quote(n->text, n->len).text);
	else
		memcpy(u->group[u->ngroups++], n->text, n->len + 1);
}

void rights_set_groups(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	each(l, k, n, object, add_group);
}

/* "06:00"; 24:00 is the end of a day. */
static bool read_time(const char *s, size_t n, uint16_t *ret_min)
{
	uint64_t h, m;

	if (n != 5 || s[2] != ':' || text_u64(s + (s[0] == '0'), 2 - (s[0] == '0'), 24, &h) || text_u64(s + 3 + (s[3] == '0'), 2 - (s[3] == '0'), 59, &m))
		return false;
	*ret_min = (uint16_t)(h * 60 + m);
	return *ret_min <= SITE_DAY_MIN;
}

static int read_day(const char *s, size_t n)
{
	for (int i = 0; n == 3 && day_name[i]; i++)
		if (!memcmp(s, day_name[i], 3))
			return i;
	return -1;
}

/* "mon", "mon-fri", "mon,wed,sat-sun" */
static bool read_days(const char *s, size_t n, uint8_t *ret)
{
	uint8_t days = 0;

	for (const char *end = s + n; s < end; s += s < end) {
		size_t part = strcspn(s, ", ");
		int first = read_day(s, part < 3 ? part : 3), last = part == 7 && s[3] == '-' ? read_day(s + 4, 3) : part == 3 ? first : -1;

		if (first < 0 || last < 0)
			return false;
		for (int d = first;; d = (d + 1) % 7) {
			days |= (uint8_t)(1u << d);
			if (d == last)
				break;
		}
		s += part;
		if (s < end && s + 1 == end)
			return false;
	}
	*ret = days;
	return days != 0;
}

static bool read_hours(const char *s, size_t n, struct site_hours *ret)
{
	struct site_hours h = {.days = ALL_DAYS};
	const char *blank = memchr(s, ' ', n), *time = blank ? blank + 1 : s;

	if (blank && !read_days(s, (size_t)(blank - s), &h.days))
		return false;
	if (strlen(time) != 11 || time[5] != '-' || !read_time(time, 5, &h.from_min) || !read_time(time + 6, 5, &h.to_min) || h.from_min >= SITE_DAY_MIN)
		return false;
	*ret = h;
	return h.from_min != h.to_min;
}

void rights_set_hours(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_group *g = object;

	if (!read_hours(n->text, n->len, &g->hours))
		loader_complain(l, k, n->at, "\"%s\": what is wanted is %s", loader_quote(n->text, n->len).text, schema_type_text(k->type));
}

/* A day is over when it is over. */
void rights_set_until(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_user *u = object;
	char text[40];

	if (n->len == 10 && snprintf(text, sizeof text, "%sT00:00:00Z", n->text) && !clock_parse(text, strlen(text), &u->expires_us))
		u->expires_us += DAY_US;
	else if (clock_parse(n->text, n->len, &u->expires_us))
		loader_complain(l, k, n->at, "\"%s\": what is wanted is %s", loader_quote(n->text, n->len).text, schema_type_text(k->type));
}

/* --- what keys say together ------------------------------------------------------------- */

static const struct site_group *nearest(const struct site *site, const char *name)
{
	const struct site_group *best = NULL;
	unsigned least = (unsigned)strlen(name) / 3 + 2;

	for (unsigned i = 0; i < site->ngroups; i++) {
		unsigned d = schema_distance(name, strlen(name), site->group[i].name, strlen(site->group[i].name));

		if (d < least) {
			least = d;
			best = &site->group[i];
		}
	}
	return best;
}

static void check_user(struct loader *l, const struct site_user *u)
{
	struct complaint_at at = {u->line, 1};

	for (unsigned i = 0; i < u->ngroups; i++) {
		const struct site_group *near = nearest(l->site, u->group[i]);

		if (rights_group(l->site, u->group[i]))
			continue;
		if (near)
			complaint_add(l->report, at, NULL, "user \"%s\": there is no group \"%s\": did you mean \"%s\"?", u->name, u->group[i], near->name);
		else
			complaint_add(l->report, at, "groups: {guards: {rights: live, cameras: \"*\"}}", "user \"%s\": there is no group \"%s\"", u->name, u->group[i]);
	}
	if (!strncmp(u->name, SHARE_PREFIX, strlen(SHARE_PREFIX)))
		complaint_add(l->report, at, NULL, "user \"%s\": names that begin with " SHARE_PREFIX " are those of share links: choose another", u->name);
}

void rights_check(struct loader *l)
{
	struct complaint_at at = {l->site->groups_line, 1};

	for (unsigned i = 0; i < l->site->nusers; i++)
		check_user(l, &l->site->user[i]);
	if (l->site->groups_line && !l->site->ngroups)
		complaint_add(l->report, at, "groups: {guards: {rights: live, cameras: \"*\"}}",
			      "groups: there is none in it: take it out, and every user may everything");
}
