/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/check_print.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "conf/cost.h"
#include "conf/effective.h"
#include "conf/units.h"

#define JSON_MAX (4u << 20)

static void print_camera(const struct site_camera *c)
{
	char rate[32];

	printf("  camera %s: %s%s%s; copy%s%s", c->name, c->url, c->user ? " as " : "", c->user ? c->user : "",
	       c->copy == SITE_COPY_RECORDED ? " (recorded only)" : "", c->audio ? ", audio" : "");
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct site_rendition *r = &c->rendition[i];

		units_format(r->bitrate_bps, units_bps, rate, sizeof rate);
		printf(", %s %ux%u %s%s", r->name, r->width, r->height, rate, r->on_demand ? " on demand" : "");
	}
	putchar('\n');
}

/* What could be stronger, though it may have to be so: named, so that it is a choice. */
static void print_weak(const struct site_camera *c)
{
	const struct { bool is; const char *text; } weak[] = {
		{c->tls == SITE_TLS_NONE, "pictures travel in the clear (rtsp://)"},
		{c->tls == SITE_TLS_UNVERIFIED, "whoever answers is taken for the camera (unverified)"},
		{c->user && c->allow_md5, "the password may be answered with MD5 (allow_md5)"},
		{c->user && c->allow_basic && c->tls == SITE_TLS_NONE, "the password itself may be sent in the clear (allow_basic)"},
		{c->user && c->allow_basic && c->tls == SITE_TLS_UNVERIFIED, "the password itself may be sent to whoever answers (allow_basic)"},
		{c->user && c->onvif_url && c->tls != SITE_TLS_NONE, "a digest of the password is sent beside the encryption (onvif)"},
	};
	const char *before = "    note: ";

	for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
		if (!weak[i].is)
			continue;
		printf("%s%s", before, weak[i].text);
		before = "; ";
	}
	if (*before == ';')
		putchar('\n');
}

static void print_site(const struct site *s)
{
	char max[32], archive[256];

	text_escape(s->archive, strlen(s->archive), archive, sizeof archive);
	units_format(s->archive_max_bytes, units_bytes, max, sizeof max);
	printf("  site %s: %u camera%s, %u user%s; up to %s in %s\n", s->origin, s->ncameras, s->ncameras == 1 ? "" : "s", s->nusers,
	       s->nusers == 1 ? "" : "s", max, archive);
	for (unsigned i = 0; i < s->nlisteners; i++)
		printf("  listens on %s%s/%s\n", s->listener[i].kind == LISTENER_HTTPS ? "https://" : "", s->listener[i].text,
		       s->listener[i].kind == LISTENER_RTSP ? ", in clear text" : "");
	for (unsigned i = 0; i < s->nusers; i++)
		if (s->user[i].allow_md5)
			printf("  user %s: may log in by RTSP with MD5 (allow_md5)\n", s->user[i].name);
}

/* --- the cost --------------------------------------------------------------------------- */

/* "0.3 cores", "0.3 to 1.2 cores". */
static void cores_text(const struct cost *k, char out[48])
{
	if (k->most_millicores == k->least_millicores)
		snprintf(out, 48, "%.3g cores", k->most_millicores / 1000.0);
	else
		snprintf(out, 48, "%.3g to %.3g cores", k->least_millicores / 1000.0, k->most_millicores / 1000.0);
}

/* In three digits: an estimate has no more. */
static void bytes_text(uint64_t bytes, char out[32])
{
	static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	double v = (double)bytes;
	size_t i = 0;

	for (; v >= 999.5 && i + 1 < sizeof unit / sizeof *unit; i++)
		v /= 1000;
	snprintf(out, 32, "%.3g %s", v, unit[i]);
}

static void print_cost(const struct cost *k, const char *before, const char *after)
{
	char cores[48], memory[32], disk[32];

	cores_text(k, cores);
	bytes_text(k->memory_bytes, memory);
	bytes_text(k->disk_bytes_per_day, disk);
	printf("%s%s, %s of memory, %s a day%s\n", before, cores, memory, disk, after);
}

struct machine {
	long cpus;
	uint64_t memory_bytes;
};

static struct machine this_machine(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return (struct machine){cpus > 0 ? cpus : 1, pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0};
}

static void print_all(const struct site *s)
{
	struct cost all = cost_of_site(s);
	struct machine m = this_machine();
	char has[32], after[64] = "", max[32];
	double days = cost_days(s, &all);

	units_format(s->archive_max_bytes, units_bytes, max, sizeof max);
	if (all.disk_bytes_per_day)
		snprintf(after, sizeof after, ": %s hold %.3g %s", max, days < 2 ? days * 24 : days, days < 2 ? "hours" : "days");
	print_cost(&all, "  expected in all: ", after);
	bytes_text(m.memory_bytes, has);
	printf("    by what was measured of 1080p at 25 pictures a second; less where nothing moves, more where all does; viewers come on top.\n"
	       "    This machine has %ld core%s and %s of memory.\n", m.cpus, m.cpus == 1 ? "" : "s", has);
	if (all.least_millicores > (uint64_t)m.cpus * 1000)
		printf("    Its cores are too few even where nothing moves: renditions will be given up; see on_demand and priority.\n");
	else if (all.most_millicores > (uint64_t)m.cpus * 1000)
		printf("    Its cores are too few when everything moves: renditions will be given up then; see on_demand and priority.\n");
	if (all.memory_bytes > m.memory_bytes)
		printf("    Its memory is too small.\n");
}

int check_print(const struct site *s)
{
	print_site(s);
	for (unsigned i = 0; i < s->ncameras; i++) {
		struct cost one = cost_of_camera(&s->camera[i]);

		print_camera(&s->camera[i]);
		print_weak(&s->camera[i]);
		print_cost(&one, "    expected: ", "");
	}
	print_all(s);
	return 0;
}

/* --- for programs ----------------------------------------------------------------------- */

static void cost_json(struct json *j, const struct cost *k)
{
	json_num(j, "cores_least", k->least_millicores / 1000.0, 3);
	json_num(j, "cores_most", k->most_millicores / 1000.0, 3);
	json_int(j, "memory_bytes", (int64_t)k->memory_bytes);
	json_int(j, "disk_bytes_per_day", (int64_t)k->disk_bytes_per_day);
}

static void camera_json(struct json *j, const struct site_camera *c)
{
	struct cost one = cost_of_camera(c);

	json_open(j, NULL, '{');
	json_str(j, "name", c->name);
	json_str(j, "source", c->url);
	json_open(j, "renditions", '[');
	for (unsigned i = 0; i < c->nrenditions; i++)
		json_str(j, NULL, c->rendition[i].name);
	json_close(j, ']');
	json_open(j, "expected", '{');
	cost_json(j, &one);
	json_close(j, '}');
	json_close(j, '}');
}

static void site_json(struct json *j, const struct site *s)
{
	struct cost all = cost_of_site(s);
	struct machine m = this_machine();

	json_open(j, NULL, '{');
	json_str(j, "site", s->origin);
	json_int(j, "users", s->nusers);
	json_int(j, "archive_max_bytes", (int64_t)s->archive_max_bytes);
	json_open(j, "cameras", '[');
	for (unsigned i = 0; i < s->ncameras; i++)
		camera_json(j, &s->camera[i]);
	json_close(j, ']');
	json_open(j, "expected", '{');
	cost_json(j, &all);
	json_num(j, "retention_days", cost_days(s, &all), 3);
	json_close(j, '}');
	json_open(j, "machine", '{');
	json_int(j, "cores", m.cpus);
	json_int(j, "memory_bytes", (int64_t)m.memory_bytes);
	json_close(j, '}');
	json_close(j, '}');
}

int check_print_json(const struct site *s)
{
	struct buf out;
	struct json j;
	int rc;

	buf_init(&out, JSON_MAX);
	j = json_init(&out);
	site_json(&j, s);
	rc = j.bad ? -ENOMEM : buf_append_str(&out, "\n");
	if (!rc)
		fwrite(buf_data(&out), 1, out.len, stdout);
	buf_free(&out);
	return rc;
}

int check_print_effective(const struct site *s)
{
	struct buf out;
	int rc;

	buf_init(&out, EFFECTIVE_MAX);
	rc = effective_write(s, &out);
	if (!rc)
		fwrite(buf_data(&out), 1, out.len, stdout);
	buf_free(&out);
	return rc;
}
