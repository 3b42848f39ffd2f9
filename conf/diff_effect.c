/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/diff_effect.h"

#include <netinet/in.h>
#include <string.h>

#include "conf/rights.h"

/* Of values there is more or less of; a text or file that appears is more, one that goes is less. */
enum change { SAME, LESS, MORE, OTHER };

static enum change by_number(uint64_t was, uint64_t is)
{
	return is > was ? MORE : is < was ? LESS : SAME;
}

static enum change by_text(const char *was, const char *is)
{
	if (!was || !is)
		return by_number(was != NULL, is != NULL);
	return strcmp(was, is) ? OTHER : SAME;
}

static enum change by_fingerprint(const uint8_t was[32], const uint8_t is[32])
{
	static const uint8_t none[32];
	bool had = memcmp(was, none, 32) != 0, has = memcmp(is, none, 32) != 0;

	return !had || !has ? by_number(had, has) : memcmp(was, is, 32) ? OTHER : SAME;
}

static enum change by_masks(const struct site_camera *was, const struct site_camera *is)
{
	if (was->nmasks != is->nmasks)
		return by_number(was->nmasks, is->nmasks);
	for (unsigned i = 0; i < was->nmasks; i++) {
		const struct site_mask *a = &was->mask[i], *b = &is->mask[i];

		if (a->x != b->x || a->y != b->y || a->width != b->width || a->height != b->height || a->style != b->style)
			return OTHER;
	}
	return SAME;
}

static bool is_named(const char (*name)[SITE_NAME], unsigned n, const char *what)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(name[i], what))
			return true;
	return false;
}

/* A list of names: what is in one of them alone. */
static enum change by_names(const char (*was)[SITE_NAME], unsigned nwas, const char (*is)[SITE_NAME], unsigned nis)
{
	unsigned gone = 0, fresh = 0;

	for (unsigned i = 0; i < nwas; i++)
		gone += !is_named(is, nis, was[i]);
	for (unsigned i = 0; i < nis; i++)
		fresh += !is_named(was, nwas, is[i]);
	return gone && fresh ? OTHER : gone ? LESS : fresh ? MORE : SAME;
}

static enum change by_rights(unsigned was, unsigned is)
{
	return was == is ? SAME : (was & ~is) == 0 ? MORE : (is & ~was) == 0 ? LESS : OTHER;
}

static enum change change_of(const struct schema_key *k, const void *was, const void *is)
{
	const void *a = (const char *)was + k->member, *b = (const char *)is + k->member;

	switch (k->type) {
	case SCHEMA_MASKS:
		return by_masks(was, is);
	case SCHEMA_ORIGIN:
	case SCHEMA_NAME:
	case SCHEMA_TLS_NAME:
		return strcmp(a, b) ? OTHER : SAME;
	case SCHEMA_PUBLIC_FILE:
	case SCHEMA_SECRET_FILE:
	case SCHEMA_PASSWORD_FILE:
	case SCHEMA_DIGEST_FILE:
	case SCHEMA_FOLDER:
	case SCHEMA_SOCKET:
	case SCHEMA_LOGIN:
	case SCHEMA_VKEY:
	case SCHEMA_HASH:
	case SCHEMA_CERTIFICATE:
	case SCHEMA_SOURCE:
	case SCHEMA_ONVIF:
		return by_text(*(char *const *)a, *(char *const *)b);
	case SCHEMA_FINGERPRINT:
		return by_fingerprint(a, b);
	case SCHEMA_BYTES:
		return by_number(*(const uint64_t *)a, *(const uint64_t *)b);
	case SCHEMA_MS:
	case SCHEMA_S:
	case SCHEMA_BPS:
	case SCHEMA_PERCENT:
	case SCHEMA_COUNT:
	case SCHEMA_TRANSPORT:
	case SCHEMA_DENOISE:
	case SCHEMA_COPY:
	case SCHEMA_LATENCY:
	case SCHEMA_PROFILE:
	case SCHEMA_STYLE:
	case SCHEMA_SIGN:
		return by_number(*(const unsigned *)a, *(const unsigned *)b);
	case SCHEMA_BOOL:
	case SCHEMA_SANDBOX:
		return by_number(*(const bool *)a, *(const bool *)b);
	case SCHEMA_SIZE: {
		const struct site_rendition *r = was, *s = is;

		return r->width != s->width || r->height != s->height ? OTHER : SAME;
	}
	case SCHEMA_RIGHTS:
		return by_rights(*(const unsigned *)a, *(const unsigned *)b);
	case SCHEMA_PATTERNS:
		return by_names(a, ((const struct site_group *)was)->ncameras, b, ((const struct site_group *)is)->ncameras);
	case SCHEMA_NAMES:
		return by_names(a, ((const struct site_user *)was)->ngroups, b, ((const struct site_user *)is)->ngroups);
	case SCHEMA_HOURS:
		return rights_same_hours(a, b) ? SAME : OTHER;
	case SCHEMA_UNTIL:
		return by_number((uint64_t)*(const int64_t *)a - 1, (uint64_t)*(const int64_t *)b - 1);  /* 0, never, is the latest */
	case SCHEMA_MAP:
	case SCHEMA_GROUPS:
	case SCHEMA_CAMERAS:
	case SCHEMA_RENDITIONS:
	case SCHEMA_USERS:
	case SCHEMA_LISTEN:
	case SCHEMA_DEFAULTS:
	case SCHEMA_PROFILES:
	case SCHEMA_INCLUDE:
	case SCHEMA_TYPES:
		break;  /* what comes of them differs, if anything does */
	}
	return SAME;
}

bool diff_differs(const struct schema_key *k, const void *was, const void *is)
{
	return change_of(k, was, is) != SAME;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	return a->ss_family == b->ss_family &&
	       !memcmp(a, b, a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

static unsigned effect_of_source(const void *was, const void *is)
{
	const struct site_camera *a = was, *b = is;
	unsigned e = same_address(&a->address, &b->address) ? 0 : DIFF_OPENS | DIFF_CLOSES;

	if (a->tls != SITE_TLS_NONE && b->tls == SITE_TLS_NONE)
		e |= DIFF_OPENS;
	if (a->tls == SITE_TLS_NONE && b->tls != SITE_TLS_NONE)
		e |= DIFF_CLOSES;
	return e | DIFF_REDIALS;
}

/* Neither tcp alone nor TLS needs ports that packets come to. */
static bool may_use_udp(const struct site_camera *c)
{
	return c->transport != SITE_TRANSPORT_TCP && c->tls == SITE_TLS_NONE;
}

static unsigned effect_of_transport(const void *was, const void *is)
{
	bool had = may_use_udp(was), has = may_use_udp(is);

	return DIFF_REDIALS | (has && !had ? DIFF_OPENS : 0) | (had && !has ? DIFF_CLOSES : 0);
}

static bool is_masked(const struct site_camera *c, unsigned x, unsigned y)
{
	for (unsigned i = 0; i < c->nmasks; i++)
		if (x >= c->mask[i].x && x - c->mask[i].x < c->mask[i].width && y >= c->mask[i].y && y - c->mask[i].y < c->mask[i].height)
			return true;
	return false;
}

/* The left and upper sides, and where each mask ends, of both: between two of them next to each other all is alike. */
static unsigned corners(const struct site_camera *a, const struct site_camera *b, unsigned x[4 * SITE_MASKS_MAX], unsigned y[4 * SITE_MASKS_MAX])
{
	unsigned n = 0;

	for (const struct site_camera *c = a; c; c = c == a ? b : NULL)
		for (unsigned i = 0; i < c->nmasks; i++) {
			x[n] = c->mask[i].x;
			y[n++] = c->mask[i].y;
			x[n] = c->mask[i].x + c->mask[i].width;
			y[n++] = c->mask[i].y + c->mask[i].height;
		}
	return n;
}

static unsigned effect_of_masks(const void *was, const void *is)
{
	unsigned x[4 * SITE_MASKS_MAX], y[4 * SITE_MASKS_MAX], n = corners(was, is, x, y), e = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k++) {
			bool had = is_masked(was, x[i], y[k]), has = is_masked(is, x[i], y[k]);

			e |= (had && !has ? DIFF_OPENS : 0) | (has && !had ? DIFF_CLOSES : 0);
		}
	return e;
}

#define BOTH (DIFF_OPENS | DIFF_CLOSES)

/* What comes of each key that can differ: always, and when there is more or less of it; or as its function says. */
static const struct {
	const char *path;
	unsigned always, more, less, other;
	unsigned (*of)(const void *was, const void *is);
} effects[] = {
	{"site", .always = DIFF_RESTARTS},
	{"tls.certificate"},
	{"tls.key"},
	{"tls.client_ca", .more = DIFF_OPENS, .less = DIFF_CLOSES, .other = BOTH},
	{"key", .always = DIFF_RESTARTS},
	{"witnesses"},
	{"require_signed", .more = DIFF_CLOSES, .less = DIFF_OPENS},
	{"admin_key", .more = DIFF_OPENS, .less = DIFF_CLOSES, .other = BOTH},
	{"media_signing.key", .always = DIFF_RESTARTS},
	{"media_signing.certificate", .always = DIFF_RESTARTS},
	{"archive.path", .always = DIFF_RESTARTS},
	{"archive.max_size", .less = DIFF_DELETES},
	{"alarms.down"},
	{"alarms.late"},
	{"alarms.clock"},
	{"alarms.scene"},
	{"alarms.disk_full"},
	{"alarms.retention"},
	{"alarms.certificate"},
	{"alarms.witness"},
	{"alarms.restarts"},
	{"socket", .always = DIFF_RESTARTS},
	{"sandbox", .always = DIFF_RESTARTS, .more = DIFF_OPENS, .less = DIFF_CLOSES},
	{"processes.serve", .always = DIFF_RESTARTS},
	{"processes.ingest", .always = DIFF_RESTARTS},
	{"users[].password_hash", .always = BOTH | DIFF_DISCONNECTS},
	{"users[].certificate", .always = BOTH | DIFF_DISCONNECTS},
	{"users[].rtsp_digest_file", .always = DIFF_DISCONNECTS, .more = DIFF_OPENS, .less = DIFF_CLOSES, .other = BOTH},
	{"users[].allow_md5", .always = DIFF_DISCONNECTS, .more = DIFF_OPENS, .less = DIFF_CLOSES},
	{"users[].groups", .always = DIFF_DISCONNECTS, .more = DIFF_OPENS, .less = DIFF_CLOSES, .other = BOTH},
	{"users[].expires", .always = DIFF_DISCONNECTS, .more = DIFF_OPENS, .less = DIFF_CLOSES},
	{"groups.*.rights", .always = DIFF_DISCONNECTS, .more = DIFF_OPENS, .less = DIFF_CLOSES, .other = BOTH},
	{"groups.*.cameras", .always = DIFF_DISCONNECTS, .more = DIFF_OPENS, .less = DIFF_CLOSES, .other = BOTH},
	{"groups.*.hours", .always = DIFF_DISCONNECTS, .other = BOTH},
	{"cameras.*.source", .of = effect_of_source},
	{"cameras.*.user", .always = DIFF_REDIALS},
	{"cameras.*.password_file", .always = DIFF_REDIALS},
	{"cameras.*.transport", .of = effect_of_transport},
	{"cameras.*.fingerprint", .always = DIFF_REDIALS, .more = DIFF_CLOSES, .less = DIFF_OPENS, .other = BOTH},
	{"cameras.*.ca", .always = DIFF_REDIALS, .more = DIFF_CLOSES, .less = DIFF_OPENS, .other = BOTH},
	{"cameras.*.tls_name", .always = DIFF_REDIALS, .other = BOTH},
	{"cameras.*.unverified", .always = DIFF_REDIALS, .more = DIFF_OPENS, .less = DIFF_CLOSES},
	{"cameras.*.audio", .always = DIFF_REDIALS, .more = DIFF_OPENS, .less = DIFF_CLOSES | DIFF_DISCONNECTS},
	{"cameras.*.allow_md5", .always = DIFF_REDIALS, .more = DIFF_OPENS, .less = DIFF_CLOSES},
	{"cameras.*.allow_basic", .always = DIFF_REDIALS, .more = DIFF_OPENS, .less = DIFF_CLOSES},
	{"cameras.*.onvif", .always = DIFF_REDIALS, .more = DIFF_OPENS, .less = DIFF_CLOSES, .other = BOTH},
	{"cameras.*.segment", .always = DIFF_REDIALS},
	{"cameras.*.expected"},
	{"cameras.*.copy", .more = DIFF_CLOSES | DIFF_DISCONNECTS, .less = DIFF_OPENS},
	{"cameras.*.masks", .of = effect_of_masks},
	{"cameras.*.overlay"},
	{"cameras.*.denoise"},
	{"cameras.*.renditions.*.size"},
	{"cameras.*.renditions.*.fps"},
	{"cameras.*.renditions.*.bitrate"},
	{"cameras.*.renditions.*.quality"},
	{"cameras.*.renditions.*.latency"},
	{"cameras.*.renditions.*.profile"},
	{"cameras.*.renditions.*.on_demand"},
	{"cameras.*.renditions.*.sign"},
	{"cameras.*.renditions.*.priority"},
};

unsigned diff_effect(const struct diff_item *item)
{
	enum change c;

	/* A group that comes or goes is nothing by itself: its users, who must name it, have items of their own. */
	if (item->kind != DIFF_CHANGED && item->what == DIFF_GROUP)
		return 0;
	if (item->kind != DIFF_CHANGED)
		return item->kind == DIFF_ADDED ? DIFF_OPENS : item->what == DIFF_LISTENER ? DIFF_CLOSES : DIFF_CLOSES | DIFF_DISCONNECTS;
	c = change_of(item->key, item->was, item->is);
	for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
		if (!strcmp(effects[i].path, item->key->path))
			return effects[i].of ? effects[i].of(item->was, item->is) :
			       effects[i].always | (c == MORE ? effects[i].more : c == LESS ? effects[i].less : effects[i].other);
	return DIFF_RESTARTS;  /* nobody has said what to do about it */
}
