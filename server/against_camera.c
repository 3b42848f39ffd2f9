/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change means for a camera: who is dialled, how it proves itself, who sees what. */
#include <stdio.h>
#include <string.h>

#include "conf/show.h"
#include "server/against_inner.h"

static const struct site_camera *who_dials(const struct site *s, const char *host)
{
	for (unsigned i = 0; i < s->ncameras; i++)
		if (!strcmp(s->camera[i].host, host) || !strcmp(s->camera[i].onvif_host, host))
			return &s->camera[i];
	return NULL;
}

/* "RTSP inside TLS, with whoever answers" */
static void link_of(const struct site_camera *c, char *out, size_t cap)
{
	char fingerprint[32];

	show_fingerprint(c->fingerprint, 4, fingerprint, sizeof fingerprint);
	switch (c->tls) {
	case SITE_TLS_NONE:
		snprintf(out, cap, "RTSP in the clear");
		break;
	case SITE_TLS_FINGERPRINT:
		snprintf(out, cap, "RTSP inside TLS, with the certificate %s alone", fingerprint);
		break;
	case SITE_TLS_CA:
		snprintf(out, cap, "RTSP inside TLS, with a certificate that its ca signed for %s", *c->tls_name ? c->tls_name : "this address");
		break;
	case SITE_TLS_UNVERIFIED:
		snprintf(out, cap, "RTSP inside TLS, with whoever answers");
		break;
	}
}

static void opens_dial(struct against *a, const struct diff_item *item, const char *host, const char *how)
{
	const struct site_camera *before = who_dials(a->was, host);

	against_say(a, item, AGAINST_OPENS, "%s is dialled%s%s%s: %s", host, before ? ", as for " : "", before ? before->name : "", before ? " before" : "", how);
}

static void closes_dial(struct against *a, const struct diff_item *item, const char *host)
{
	const struct site_camera *still = who_dials(a->is, host);

	if (still)
		against_say(a, item, AGAINST_CLOSES, "%s is dialled for %s only", host, still->name);
	else
		against_say(a, item, AGAINST_CLOSES, "%s is dialled no more", host);
}

#define ONVIF_HOW "ONVIF in the clear, with a digest of the password"

static void opens_basic(struct against *a, const struct diff_item *item, const struct site_camera *c)
{
	if (c->tls == SITE_TLS_NONE)
		against_say(a, item, AGAINST_OPENS, "the password itself may be sent, in the clear, for all on the way to read (allow_basic)");
	else if (c->tls == SITE_TLS_UNVERIFIED)
		against_say(a, item, AGAINST_OPENS, "the password itself may be sent to whoever answers (allow_basic)");
	else
		against_say(a, item, AGAINST_CHANGES, "allow_basic: without meaning while the camera proves who it is");
}

/* "copy, audio, 720p, 360p" */
static void offered(const struct site_camera *c, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "%s%s", c->copy == SITE_COPY_LIVE ? "copy, " : "", c->audio ? "audio, " : "");

	for (unsigned i = 0; i < c->nrenditions && n < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s, ", c->rendition[i].name);
	if (n < cap)
		snprintf(out + n, cap - n, "snapshots");
}

static void say_added(struct against *a, const struct diff_item *item)
{
	const struct site_camera *c = item->is;
	char text[AGAINST_TEXT];

	link_of(c, text, sizeof text);
	opens_dial(a, item, c->host, text);
	if (c->onvif_url)
		opens_dial(a, item, c->onvif_host, ONVIF_HOW);
	if (c->user && c->allow_basic)
		opens_basic(a, item, c);
	offered(c, text, sizeof text);
	against_say(a, item, AGAINST_OPENS, "users may watch it: %s", text);
}

static void say_removed(struct against *a, const struct diff_item *item)
{
	const struct site_camera *c = item->was;

	closes_dial(a, item, c->host);
	if (c->onvif_url)
		closes_dial(a, item, c->onvif_host);
	against_say(a, item, AGAINST_DISCONNECTS, "whoever watches it; its footage stays in the archive until it is the oldest");
}

static void say_source(struct against *a, const struct diff_item *item)
{
	const struct site_camera *was = item->was, *is = item->is;
	char link[200];

	link_of(is, link, sizeof link);
	if (strcmp(was->host, is->host)) {
		opens_dial(a, item, is->host, link);
		closes_dial(a, item, was->host);
	}
	if (was->tls && !is->tls)
		against_say(a, item, AGAINST_OPENS, "pictures, and Digests of the password, travel in the clear (rtsp://)");
	if (!was->tls && is->tls)
		against_say(a, item, AGAINST_CLOSES, "nothing travels in the clear: %s", link);
	if (!strcmp(was->host, is->host) && !was->tls == !is->tls)
		against_say(a, item, AGAINST_CHANGES, "source: another path at %s", is->host);
}

static void say_transport(struct against *a, const struct diff_item *item)
{
	if (item->effects & DIFF_OPENS)
		against_say(a, item, AGAINST_OPENS, "two UDP ports may be opened for each of its tracks, to its address alone (transport)");
	else if (item->effects & DIFF_CLOSES)
		against_say(a, item, AGAINST_CLOSES, "no UDP port is opened for it (transport)");
}

static void say_fingerprint(struct against *a, const struct diff_item *item)
{
	const struct site_camera *was = item->was, *is = item->is;
	char text[80];

	if (item->effects & DIFF_OPENS && is->tls == SITE_TLS_FINGERPRINT) {
		show_fingerprint(is->fingerprint, 32, text, sizeof text);
		against_say(a, item, AGAINST_OPENS, "who has the certificate %s is taken for the camera", text);
	} else if (item->effects & DIFF_OPENS) {
		against_say(a, item, AGAINST_OPENS, "no one certificate is asked for any more (fingerprint)");
	}
	if (item->effects & DIFF_CLOSES && was->tls == SITE_TLS_FINGERPRINT) {
		show_fingerprint(was->fingerprint, 32, text, sizeof text);
		against_say(a, item, AGAINST_CLOSES, "who has the certificate %s is not taken for the camera", text);
	} else if (item->effects & DIFF_CLOSES) {
		show_fingerprint(is->fingerprint, 32, text, sizeof text);
		against_say(a, item, AGAINST_CLOSES, "only the certificate %s is taken for the camera's", text);
	}
}

static void say_onvif(struct against *a, const struct diff_item *item)
{
	const struct site_camera *was = item->was, *is = item->is;

	if (was->onvif_url && is->onvif_url && !strcmp(was->onvif_host, is->onvif_host)) {
		against_say(a, item, AGAINST_CHANGES, "onvif: another path at %s", is->onvif_host);
		return;
	}
	if (is->onvif_url)
		opens_dial(a, item, is->onvif_host, ONVIF_HOW);
	if (was->onvif_url)
		closes_dial(a, item, was->onvif_host);
}

static void say_basic(struct against *a, const struct diff_item *item)
{
	const struct site_camera *is = item->is;

	if (item->effects & DIFF_OPENS)
		opens_basic(a, item, is);
	else
		against_say(a, item, AGAINST_CLOSES, "the password itself is never sent but to a camera that proved who it is (allow_basic)");
}

static void say_copy(struct against *a, const struct diff_item *item)
{
	const struct site_camera *is = item->is;

	if (is->copy == SITE_COPY_LIVE) {
		against_say(a, item, AGAINST_OPENS, "users may watch the camera's own picture%s (copy: live)", is->nmasks ? ", which masks hide nothing in" : "");
		return;
	}
	against_say(a, item, AGAINST_CLOSES, "the camera's own picture is recorded, and shown to nobody (copy: recorded)");
	against_say(a, item, AGAINST_DISCONNECTS, "whoever watches its copy");
}

/* The same places may be hidden in another way. */
static void say_masks(struct against *a, const struct diff_item *item)
{
	const struct site_camera *was = item->was, *is = item->is;

	if (item->effects & DIFF_OPENS)
		against_say(a, item, AGAINST_OPENS, "what masks hid becomes visible in renditions and snapshots (masks: %u, %u before)", is->nmasks, was->nmasks);
	if (item->effects & DIFF_CLOSES)
		against_say(a, item, AGAINST_CLOSES, "more is hidden in renditions and snapshots (masks: %u, %u before)", is->nmasks, was->nmasks);
	if (!(item->effects & (DIFF_OPENS | DIFF_CLOSES)))
		against_say(a, item, AGAINST_CHANGES, "masks: the same places, hidden otherwise");
}

/* Keys of a camera that are said in their own words: always, or when they open, close or disconnect. */
static const struct {
	const char *path;
	void (*say)(struct against *a, const struct diff_item *item);
	const char *opens, *closes, *disconnects;
} rules[] = {
	{"cameras.*.source", .say = say_source},
	{"cameras.*.transport", .say = say_transport},
	{"cameras.*.fingerprint", .say = say_fingerprint},
	{"cameras.*.ca", .opens = "another authority, or none, says who is taken for the camera (ca)", .closes = "the authority before says so no more (ca)"},
	{"cameras.*.tls_name", .opens = "who has a certificate for another name is taken for the camera (tls_name)", .closes = "who has one for the name before is not (tls_name)"},
	{"cameras.*.unverified", .opens = "whoever answers is taken for the camera (unverified)", .closes = "it must prove who it is"},
	{"cameras.*.audio", .opens = "its sound is taken, recorded, and offered to users", .closes = "its sound is not taken", .disconnects = "whoever hears it"},
	{"cameras.*.allow_md5", .opens = "its password may be answered with MD5 (allow_md5)", .closes = "its password is not answered with MD5 (allow_md5)"},
	{"cameras.*.allow_basic", .say = say_basic},
	{"cameras.*.onvif", .say = say_onvif},
	{"cameras.*.copy", .say = say_copy},
	{"cameras.*.masks", .say = say_masks},
};

static void say_changed(struct against *a, const struct diff_item *item)
{
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		if (strcmp(rules[i].path, item->key->path))
			continue;
		if (rules[i].say)
			rules[i].say(a, item);
		if (rules[i].opens && item->effects & DIFF_OPENS)
			against_say(a, item, AGAINST_OPENS, "%s", rules[i].opens);
		if (rules[i].closes && item->effects & DIFF_CLOSES)
			against_say(a, item, AGAINST_CLOSES, "%s", rules[i].closes);
		if (rules[i].disconnects && item->effects & DIFF_DISCONNECTS)
			against_say(a, item, AGAINST_DISCONNECTS, "%s", rules[i].disconnects);
	}
}

static void say_rendition(struct against *a, const struct diff_item *item)
{
	const struct site_rendition *r = item->is;

	if (item->kind == DIFF_ADDED) {
		against_say(a, item, AGAINST_OPENS, "users may watch it, %ux%u%s", r->width, r->height, r->on_demand ? ", made on demand" : "");
	} else if (item->kind == DIFF_REMOVED) {
		against_say(a, item, AGAINST_CLOSES, "is made no more");
		against_say(a, item, AGAINST_DISCONNECTS, "whoever watches it");
	}
}

void against_camera(struct against *a, const struct diff_item *item)
{
	if (item->what == DIFF_RENDITION)
		say_rendition(a, item);
	else if (item->kind == DIFF_ADDED)
		say_added(a, item);
	else if (item->kind == DIFF_REMOVED)
		say_removed(a, item);
	else
		say_changed(a, item);
}
