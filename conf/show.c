/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "conf/loader.h"
#include "conf/rights.h"

static void text(const char *s, char *out, size_t cap)
{
	if (!s || !*s)
		snprintf(out, cap, "none");
	else
		text_escape(s, strlen(s), out, cap);
}

static void quantity(uint64_t v, const struct schema_key *k, char *out, size_t cap)
{
	if (v < k->min && k->fallback_is)
		snprintf(out, cap, "%s", k->fallback_is);
	else if (schema_units(k->type))
		units_format(v, schema_units(k->type), out, cap);
	else
		snprintf(out, cap, "%" PRIu64, v);
}

static void list(const char (*name)[SITE_NAME], unsigned n, char *out, size_t cap)
{
	size_t len = 0;

	text(NULL, out, cap);
	for (unsigned i = 0; i < n && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? ", " : "", name[i]);
	if (len >= cap && cap > 4)
		memcpy(out + cap - 4, "...", 4);
}

void show_fingerprint(const unsigned char fingerprint[32], size_t n, char *out, size_t cap)
{
	static const unsigned char none[32];
	char hex[65];

	hex_encode(fingerprint, n, hex);
	if (memcmp(fingerprint, none, sizeof none) == 0)
		snprintf(out, cap, "none");
	else
		snprintf(out, cap, "sha256:%s%s", hex, n < 32 ? "..." : "");
}

void show_value(const struct schema_key *k, const void *object, char *out, size_t cap)
{
	const void *v = (const char *)object + k->member;
	const struct site_camera *camera = object;
	const struct site_rendition *rendition = object;
	const struct site_group *group = object;
	const struct site_user *user = object;
	char rights[RIGHTS_TEXT], hours[RIGHTS_HOURS_TEXT], time[CLOCK_TEXT];

	switch (k->type) {
	case SCHEMA_ORIGIN:
	case SCHEMA_NAME:
	case SCHEMA_TLS_NAME:
		text(v, out, cap);
		break;
	case SCHEMA_PUBLIC_FILE:
	case SCHEMA_SECRET_FILE:
	case SCHEMA_FOLDER:
	case SCHEMA_SOCKET:
	case SCHEMA_LOGIN:
	case SCHEMA_VKEY:
	case SCHEMA_CERTIFICATE:
		text(*(char *const *)v, out, cap);
		break;
	case SCHEMA_PASSWORD_FILE:
		text(camera->password_file, out, cap);
		break;
	case SCHEMA_DIGEST_FILE:
		text(user->rtsp_digest_file, out, cap);
		break;
	case SCHEMA_SOURCE:
		snprintf(out, cap, "%s://%s", camera->tls ? "rtsps" : "rtsp", camera->host);
		break;
	case SCHEMA_ONVIF:
		snprintf(out, cap, "%s%s", camera->onvif_url ? "http://" : "none", camera->onvif_host);
		break;
	case SCHEMA_FINGERPRINT:
		show_fingerprint(v, 32, out, cap);
		break;
	case SCHEMA_SIZE:
		snprintf(out, cap, "%ux%u", rendition->width, rendition->height);
		break;
	case SCHEMA_BYTES:
		quantity(*(const uint64_t *)v, k, out, cap);
		break;
	case SCHEMA_MS:
	case SCHEMA_S:
	case SCHEMA_BPS:
	case SCHEMA_PERCENT:
	case SCHEMA_COUNT:
		quantity(*(const unsigned *)v, k, out, cap);
		break;
	case SCHEMA_BOOL:
		snprintf(out, cap, "%s", *(const bool *)v ? "true" : "false");
		break;
	case SCHEMA_SANDBOX:
		snprintf(out, cap, "%s", *(const bool *)v ? "best-effort" : "strict");
		break;
	case SCHEMA_TRANSPORT:
	case SCHEMA_DENOISE:
	case SCHEMA_COPY:
	case SCHEMA_LATENCY:
	case SCHEMA_PROFILE:
	case SCHEMA_STYLE:
	case SCHEMA_SIGN:
		snprintf(out, cap, "%s", values_words(k->type)[*(const unsigned *)v]);
		break;
	case SCHEMA_MASKS:
		snprintf(out, cap, "%u", camera->nmasks);
		break;
	case SCHEMA_HASH:
		snprintf(out, cap, "hidden");
		break;
	case SCHEMA_RIGHTS:
		rights_text(*(const unsigned *)v, rights);
		snprintf(out, cap, "%s", rights);
		break;
	case SCHEMA_HOURS:
		rights_hours_text(v, hours);
		snprintf(out, cap, "%s", hours);
		break;
	case SCHEMA_UNTIL:
		clock_text(*(const int64_t *)v, time);
		snprintf(out, cap, "%s", *(const int64_t *)v ? time : "never");
		break;
	case SCHEMA_PATTERNS:
	case SCHEMA_NAMES:
		list(v, k->type == SCHEMA_NAMES ? user->ngroups : group->ncameras, out, cap);
		break;
	case SCHEMA_MAP:
	case SCHEMA_CAMERAS:
	case SCHEMA_RENDITIONS:
	case SCHEMA_USERS:
	case SCHEMA_GROUPS:
	case SCHEMA_LISTEN:
	case SCHEMA_DEFAULTS:
	case SCHEMA_PROFILES:
	case SCHEMA_INCLUDE:
	case SCHEMA_TYPES:
		snprintf(out, cap, "%s", schema_type_text(k->type));
		break;
	}
}
