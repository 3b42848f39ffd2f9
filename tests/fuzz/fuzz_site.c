/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a site file, and behind each record separator (0x1e) one that it includes. What is taken must keep to the limits that site.h gives; what isn't must say why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/complaint.h"
#include "conf/site.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct site_report report;

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_camera(const struct site_camera *c)
{
	const char *scheme = c->tls == SITE_TLS_NONE ? "rtsp://" : "rtsps://";

	check(text_is_name(c->name, strlen(c->name)) && c->nrenditions <= SITE_RENDITIONS_MAX);
	check(!strncmp(c->url, scheme, strlen(scheme)) && !strncmp(c->url + strlen(scheme), c->host, strlen(c->host)) && !c->password_mark);
	check((c->tls == SITE_TLS_CA) == (c->ca != NULL) && (c->tls == SITE_TLS_CA || !*c->tls_name));
	check(c->tls == SITE_TLS_NONE || c->transport != SITE_TRANSPORT_UDP);
	for (const char *s = c->url; *s; s++)
		check(*s > 0x20 && *s < 0x7f);
	check(c->segment_ms >= 500 && c->segment_ms <= 10000);
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct site_rendition *r = &c->rendition[i];

		check(text_is_name(r->name, strlen(r->name)) && strcmp(r->name, "copy") && strcmp(r->name, "audio"));
		check(r->width >= 64 && r->width <= 4096 && r->width % 2 == 0 && r->height >= 64 && r->height <= 4096 && r->height % 2 == 0);
		check(r->fps <= 120 && r->bitrate_bps >= 50000 && r->bitrate_bps <= 100000000);
	}
}

static void check_site(const struct site *s)
{
	check(*s->origin && s->nlisteners >= 1 && s->nlisteners <= SITE_LISTENERS_MAX);
	check(s->tls_certificate[0] == '/' && s->tls_key[0] == '/' && s->key[0] == '/' && s->archive[0] == '/');
	check(strlen(s->socket) <= 100 && s->archive_max_bytes >= 1000000);
	check(s->serve_processes >= 1 && s->serve_processes <= 64 && s->ingest_processes >= 1 && s->ingest_processes <= 64);
	check(s->ncameras <= SITE_CAMERAS_MAX && s->nusers <= SITE_USERS_MAX);
	for (unsigned i = 0; i < s->ncameras; i++)
		check_camera(&s->camera[i]);
	for (unsigned i = 0; i < s->nusers; i++)
		check(text_is_name(s->user[i].name, strlen(s->user[i].name)) && s->user[i].password_hash);
}

/* Without the separators: parts lie one behind the other. */
static int parse(const uint8_t *data, size_t size, struct site **ret)
{
	static struct site_part part[SITE_PARTS_MAX];
	static uint8_t text[SITE_FILE_MAX];
	unsigned n = 1;
	size_t len = 0;

	part[0] = (struct site_part){.len = 0};
	for (size_t i = 0; i < size && len < sizeof text; i++) {
		if (data[i] != 0x1e) {
			text[len++] = data[i];
			part[n - 1].len++;
		} else if (n < SITE_PARTS_MAX) {
			part[n] = (struct site_part){.at = len};
			snprintf(part[n].name, sizeof part[n].name, "d/%u.yaml", n);
			n++;
		}
	}
	return site_parse_parts("/etc/casemate/site.yaml", text, part, n, ret, &report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct site *site = NULL;
	int rc = parse(data, size, &site);

	check((rc == 0) == (site != NULL) && (rc == 0) == (report.n == 0));
	for (unsigned i = 0; i < report.n; i++) {
		check(i == 0 || strcmp(report.complaint[i - 1].file, report.complaint[i].file) || report.complaint[i - 1].line <= report.complaint[i].line);
		check(report.complaint[i].line >= 0 && report.complaint[i].line < SITE_LINES);
		for (const char *s = report.complaint[i].text; *s; s++)
			check(*s >= 0x20 && *s < 0x7f);
	}
	if (site)
		check_site(site);
	site_free(&site);
	return 0;
}
