/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/against.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/show.h"
#include "server/against_inner.h"

const char *against_group_name(enum against_group group)
{
	static const char *const name[AGAINST_GROUPS] = {"opens", "closes", "disconnects", "deletes", "changes"};

	return name[group];
}

/* Twice as much each time; NULL beyond the bound or without memory. */
static struct against_line *new_line(struct against *a)
{
	if ((a->n & (a->n - 1)) == 0 && a->n < AGAINST_LINES_MAX) {
		struct against_line *more = reallocarray(a->line, a->n ? 2 * (size_t)a->n : 1, sizeof *more);

		if (!more) {
			a->rc = -ENOMEM;
			return NULL;
		}
		a->line = more;
	}
	if (a->n == AGAINST_LINES_MAX) {
		a->left_out++;
		return NULL;
	}
	return &a->line[a->n++];
}

void against_say(struct against *a, const struct diff_item *item, enum against_group group, const char *fmt, ...)
{
	struct against_line *l = new_line(a);
	int n = 0;
	va_list ap;

	a->count[group]++;
	if (!l)
		return;
	*l = (struct against_line){.group = group, .item = item, .old = item->kind == DIFF_REMOVED};
	l->line = l->old ? item->old_line : item->new_line;
	if (item->what == DIFF_CAMERA)
		n = snprintf(l->text, sizeof l->text, "camera %s: ", item->name);
	else if (item->what == DIFF_RENDITION)
		n = snprintf(l->text, sizeof l->text, "rendition %s/%s: ", item->name, item->rendition);
	va_start(ap, fmt);
	vsnprintf(l->text + n, sizeof l->text - (size_t)n, fmt, ap);
	va_end(ap);
}

static bool is_any(const struct site_listener *l)
{
	static const struct in6_addr any6 = IN6ADDR_ANY_INIT;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&l->address;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&l->address;

	return l->address.ss_family == AF_INET6 ? !memcmp(&in6->sin6_addr, &any6, sizeof any6) : in->sin_addr.s_addr == htonl(INADDR_ANY);
}

static void say_listener(struct against *a, const struct diff_item *item)
{
	static const char *const by[] = {[LISTENER_HTTPS] = "HTTPS", [LISTENER_RTSPS] = "RTSP inside TLS", [LISTENER_RTSP] = "RTSP, which encrypts nothing",
		[LISTENER_METRICS] = "HTTP, for metrics", [LISTENER_METRICS_TLS] = "HTTPS, for metrics"};
	const struct site_listener *l = item->is ? item->is : item->was;

	if (item->kind == DIFF_ADDED)
		against_say(a, item, AGAINST_OPENS, "listener %s: viewers may connect there by %s%s", l->text, by[l->kind],
			    is_any(l) ? ", on every address of this machine" : "");
	else
		against_say(a, item, AGAINST_CLOSES, "listener %s: nobody can connect there any more", l->text);
	if (item->effects & DIFF_DISCONNECTS)
		against_say(a, item, AGAINST_DISCONNECTS, "listener %s: whoever is connected there", l->text);
}

/* Of a user or group that is in both: what differs of what he may, in the words of the file. */
static void say_rights(struct against *a, const struct diff_item *item, const char *who)
{
	char was[SHOW_MAX], is[SHOW_MAX];

	show_value(item->key, item->was, was, sizeof was);
	show_value(item->key, item->is, is, sizeof is);
	if (item->effects & DIFF_OPENS)
		against_say(a, item, AGAINST_OPENS, "%s %s: %s: %s -> %s: may what he could not before", who, item->name, schema_leaf(item->key), was, is);
	if (item->effects & DIFF_CLOSES)
		against_say(a, item, AGAINST_CLOSES, "%s %s: %s: %s -> %s: may no more what he could", who, item->name, schema_leaf(item->key), was, is);
	against_say(a, item, AGAINST_DISCONNECTS, "%s %s: is logged out, wherever he is logged in", who, item->name);
}

/* The first group there is, or the last that goes. */
static void say_grouping(struct against *a, const struct diff_item *item)
{
	if (item->effects & DIFF_OPENS)
		against_say(a, item, AGAINST_OPENS, "user %s: there is no group any more: may watch every camera and read the log", item->name);
	else
		against_say(a, item, AGAINST_CLOSES, "user %s: there are groups now: may what his groups may, and no more", item->name);
	against_say(a, item, AGAINST_DISCONNECTS, "user %s: is logged out, wherever he is logged in", item->name);
}

static void say_group(struct against *a, const struct diff_item *item)
{
	if (item->kind == DIFF_CHANGED)
		say_rights(a, item, "every user of group");
	else
		against_say(a, item, AGAINST_CHANGES, "group %s: %s", item->name, item->kind == DIFF_ADDED ? "is new" : "is gone");
}

/* Its path may be the same, and what is in it is never said. */
static void say_digest(struct against *a, const struct diff_item *item)
{
	if (item->effects & DIFF_OPENS)
		against_say(a, item, AGAINST_OPENS, "user %s: whoever knows the password of the new rtsp_digest_file may watch by RTSP", item->name);
	if (item->effects & DIFF_CLOSES)
		against_say(a, item, AGAINST_CLOSES, "user %s: what the old rtsp_digest_file took is good no more", item->name);
	against_say(a, item, AGAINST_DISCONNECTS, "user %s: is logged out, wherever he is logged in", item->name);
}

static void say_user(struct against *a, const struct diff_item *item)
{
	if (item->kind == DIFF_CHANGED && item->key->type == SCHEMA_DIGEST_FILE) {
		say_digest(a, item);
		return;
	}
	if (item->kind == DIFF_CHANGED && item->key->type == SCHEMA_NAMES && !a->was->ngroups != !a->is->ngroups) {
		say_grouping(a, item);
		return;
	}
	if (item->kind == DIFF_CHANGED && item->key->type != SCHEMA_HASH) {
		say_rights(a, item, "user");
		return;
	}
	switch (item->kind) {
	case DIFF_ADDED:
		against_say(a, item, AGAINST_OPENS, a->is->ngroups ? "user %s: may what his groups may" : "user %s: may watch every camera and read the log", item->name);
		break;
	case DIFF_REMOVED:
		against_say(a, item, AGAINST_CLOSES, "user %s: can log in no more", item->name);
		against_say(a, item, AGAINST_DISCONNECTS, "user %s: is logged out", item->name);
		break;
	case DIFF_CHANGED:
		against_say(a, item, AGAINST_OPENS, "user %s: whoever knows the new password may watch", item->name);
		against_say(a, item, AGAINST_CLOSES, "user %s: the old password is good no more", item->name);
		against_say(a, item, AGAINST_DISCONNECTS, "user %s: is logged out, wherever he is logged in", item->name);
		break;
	}
}

/* Nothing more is to be said of most keys than that they differ. */
static void say_value(struct against *a, const struct diff_item *item, enum against_group group, const char *more)
{
	char was[SHOW_MAX], is[SHOW_MAX];

	show_value(item->key, item->was, was, sizeof was);
	show_value(item->key, item->is, is, sizeof is);
	against_say(a, item, group, "%s: %s -> %s%s%s", item->what == DIFF_SITE ? item->key->path : schema_leaf(item->key), was, is, *more ? ": " : "", more);
}

/* Of a key that lets somebody in: what that opens, what it closes, and whom it may end. */
static const struct {
	const char *path, *opens, *closes, *ends;
} ways_in[] = {
	{"tls.client_ca", "certificates of these authorities are good for users who have one (users[].certificate)", "certificates of other authorities are good no more",
		"whoever is there by a certificate that is good no more"},
	{"require_signed", "site files that no admin has signed are taken too", "only site files that an admin has signed are taken", NULL},
	{"admin_key", "who has this key signs the next site files", "the other key's signature is good no more", NULL},
};

static bool say_way_in(struct against *a, const struct diff_item *item)
{
	for (size_t i = 0; i < sizeof ways_in / sizeof *ways_in; i++) {
		if (strcmp(ways_in[i].path, item->key->path))
			continue;
		if (item->effects & DIFF_OPENS)
			say_value(a, item, AGAINST_OPENS, ways_in[i].opens);
		if (item->effects & DIFF_CLOSES)
			say_value(a, item, AGAINST_CLOSES, ways_in[i].closes);
		if (item->effects & DIFF_CLOSES && ways_in[i].ends)
			against_say(a, item, AGAINST_DISCONNECTS, "%s: %s", item->key->path, ways_in[i].ends);
		return true;
	}
	return false;
}

static const struct {
	const char *path, *what;
} site_words[] = {
	{"site", "the log of one name cannot be gone on with under another: give it a new archive and key"},
	{"tls.certificate", "new connections are shown it"},
	{"tls.key", "new connections are made with it"},
	{"key", "a log goes on with its own key, or the one that casemate keygen --rotate made of it: give another a new archive"},
	{"archive.path", "footage in the old folder stays there, and is served no more"},
	{"socket", "casemate status and reload ask there from then on"},
};

static const char *words_of(const struct schema_key *k)
{
	for (size_t i = 0; i < sizeof site_words / sizeof *site_words; i++)
		if (!strcmp(site_words[i].path, k->path))
			return site_words[i].what;
	return "";
}

static void say_site(struct against *a, const struct diff_item *item)
{
	if (say_way_in(a, item))
		return;
	if (item->effects & DIFF_DELETES)
		say_value(a, item, AGAINST_DELETES, "what is above it goes for good, the oldest first");
	else if (item->key->type == SCHEMA_SANDBOX && item->effects & DIFF_OPENS)
		against_say(a, item, AGAINST_OPENS, "sandbox: best-effort: roles run also where this kernel lacks a layer of their sandbox");
	else if (item->key->type == SCHEMA_SANDBOX)
		against_say(a, item, AGAINST_CLOSES, "sandbox: strict: nothing starts where this kernel lacks a layer of the sandbox");
	else
		say_value(a, item, AGAINST_CHANGES, words_of(item->key));
	if (item->effects & DIFF_RESTARTS)
		against_say(a, item, AGAINST_DISCONNECTS, "%s: only a restart can change it: everybody, and cameras for some seconds", item->key->path);
}

static void say_item(struct against *a, const struct diff_item *item)
{
	unsigned before = a->n + a->left_out;

	switch (item->what) {
	case DIFF_SITE:
		say_site(a, item);
		break;
	case DIFF_LISTENER:
		say_listener(a, item);
		break;
	case DIFF_GROUP:
		say_group(a, item);
		break;
	case DIFF_USER:
		say_user(a, item);
		break;
	case DIFF_CAMERA:
	case DIFF_RENDITION:
		against_camera(a, item);
		break;
	}
	if (a->n + a->left_out == before)
		say_value(a, item, AGAINST_CHANGES, "");
}

/* Once a camera, however many of its keys ask for it. */
static void say_redials(struct against *a)
{
	const struct diff_item *last = NULL;

	for (unsigned i = 0; i < a->diff->n; i++) {
		const struct diff_item *item = &a->diff->item[i];

		if (item->kind != DIFF_CHANGED || !(item->effects & DIFF_REDIALS) || (last && !strcmp(last->name, item->name)))
			continue;
		against_say(a, item, AGAINST_CHANGES, "is called anew: a gap of some seconds in its footage");
		last = item;
	}
}

int against_sites(const struct site *was, const struct site *is, struct against **ret)
{
	struct against *a = calloc(1, sizeof *a);

	if (!a)
		return -ENOMEM;
	a->was = was;
	a->is = is;
	a->rc = diff_sites(was, is, &a->diff);
	for (unsigned i = 0; !a->rc && i < a->diff->n; i++)
		say_item(a, &a->diff->item[i]);
	if (!a->rc)
		say_redials(a);
	if (a->rc) {
		int rc = a->rc;

		against_free(&a);
		return rc;
	}
	*ret = a;
	return 0;
}

void against_free(struct against **a)
{
	if (*a) {
		diff_free(&(*a)->diff);
		free((*a)->line);
	}
	free(*a);
	*a = NULL;
}

bool against_matters(const struct against *a)
{
	return a->count[AGAINST_OPENS] || a->count[AGAINST_DISCONNECTS] || a->count[AGAINST_DELETES];
}
