/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A site file written out is the same site again; and what it costs. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "conf/cost.h"
#include "conf/diff.h"
#include "conf/effective.h"

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define HEAD "site: a.example\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"
#define SOURCE "source: rtsp://192.0.2.1/"

static struct site_report report;

static struct site *parse(const char *text, size_t n)
{
	struct site *site = NULL;

	cr_assert_eq(site_parse("/etc/casemate/site.yaml", text, n, &site, &report), 0, "%d: %s\n%.*s", report.complaint->line, report.complaint->text, (int)n, text);
	return site;
}

/* Written, read, and compared; then written again, to the same bytes. */
static void round_trip(const char *text, size_t n)
{
	struct site *was = parse(text, n), *is;
	struct diff *d = NULL;
	struct buf out, again;

	buf_init(&out, EFFECTIVE_MAX);
	buf_init(&again, EFFECTIVE_MAX);
	cr_assert_eq(effective_write(was, &out), 0);
	is = parse((const char *)buf_data(&out), out.len);
	cr_assert_eq(diff_sites(was, is, &d), 0);
	for (unsigned i = 0; i < d->n; i++) {
		char words[200];

		diff_text(&d->item[i], words, sizeof words);
		cr_expect_str_eq(d->item[i].key->path, "users[].password_hash", "%s", words);
	}
	cr_expect_eq(d->n, was->nusers);
	cr_assert_eq(effective_write(is, &again), 0);
	cr_expect(out.len == again.len && !memcmp(buf_data(&out), buf_data(&again), out.len), "%.*s", (int)out.len, (const char *)buf_data(&out));
	cr_expect(!memmem(buf_data(&out), out.len, "KqyvmhYh", 8) && !memmem(buf_data(&out), out.len, "c29tZXNh", 8));
	diff_free(&d);
	site_free(&was);
	site_free(&is);
	buf_free(&out);
	buf_free(&again);
}

Test(effective, is_the_same_site_again)
{
	static const char *const text[] = {
		HEAD,
		HEAD "listen: [\"[::1]:8443\", 0.0.0.0:0]\nrtsps: 8322\nsandbox: best-effort\nsocket: \"a b/\\\"\\\\\xc3\xbc.sock\"\n",
		HEAD "users: [{name: anna, password_hash: \"" HASH "\"}, {name: b, password_hash: \"" HASH "\", groups: [all, g-2], expires: 2027-01-31}]\n"
		     "groups: {all: {rights: [live, admin], cameras: \"*\"}, g-2: {rights: history, cameras: [\"gate-?\", yard], hours: \"sat,sun 22:00-06:00\"}}\n",
		HEAD "profiles: {small: {size: 640x360, bitrate: 600.5 kb/s, sign: none}}\ndefaults: {user: u, password_file: p, renditions: [small], segment: 1500 ms}\n"
		     "cameras:\n  a: {" SOURCE "x?y=%20&z}\n  b: {source: \"rtsps://[2001:db8::1]\", ca: ca.pem, tls_name: b.example, onvif: \"http://[2001:db8::1]/o\"}\n"
		     "  c: {source: axis rtsps://192.0.2.3, unverified: true, renditions: [], masks: [{x: 0.01 %, y: 12.5 %, width: 87.5 %, height: 1 %, style: mosaic}]}\n",
	};

	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		round_trip(text[i], strlen(text[i]));
}

Test(effective, a_user_may_have_no_password)
{
	static const char text[] = "site: a.example\ntls: {certificate: c, key: k, client_ca: d}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"
		"users: [{name: a, certificate: a.example}]\n";
	struct site *site = parse(text, strlen(text));
	struct buf out;

	buf_init(&out, EFFECTIVE_MAX);
	cr_assert_eq(effective_write(site, &out), 0);
	cr_expect(memmem(buf_data(&out), out.len, "a.example", 9) && !memmem(buf_data(&out), out.len, "password_hash", 13), "%.*s", (int)out.len, (const char *)buf_data(&out));
	buf_free(&out);
	site_free(&site);
}

/* It has every key there is. */
Test(effective, is_so_of_the_example)
{
	const char *top = getenv("abs_top_srcdir");
	char path[4096];
	struct buf b;

	if (!top)
		cr_skip_test("abs_top_srcdir is not set: run by make check");
	snprintf(path, sizeof path, "%s/conf/site.example.yaml", top);
	buf_init(&b, SITE_FILE_MAX);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &b), 0);
	round_trip((const char *)buf_data(&b), b.len);
	buf_free(&b);
}

Test(effective, says_when_it_does_not_fit)
{
	struct site *s = parse(HEAD, strlen(HEAD));
	struct buf out;

	buf_init(&out, 200);
	cr_expect_eq(effective_write(s, &out), -ENOBUFS);
	buf_free(&out);
	site_free(&s);
}

/* Near what was measured (bench/README.md); what it is made of may be off, not its order. */
Test(cost, is_near_what_was_measured)
{
	static const char text[] = HEAD "processes: {serve: 2}\ncameras:\n  copy: {" SOURCE "}\n  half: {" SOURCE ", expected: 2 Mb/s}\n"
		"  full: {" SOURCE ", renditions: {a: {size: 1920x1080, bitrate: 4 Mb/s}}}\n"
		"  ladder: {" SOURCE ", renditions: {a: {size: 1280x720, bitrate: 2 Mb/s}, b: {size: 640x360, bitrate: 600 kb/s}}}\n"
		"  demand: {" SOURCE ", renditions: {a: {size: 1280x720, bitrate: 2 Mb/s, fps: 5, on_demand: true}}}\n";
	struct site *s = parse(text, strlen(text));
	struct cost copy = cost_of_camera(&s->camera[0]), half = cost_of_camera(&s->camera[1]), full = cost_of_camera(&s->camera[2]),
		    ladder = cost_of_camera(&s->camera[3]), demand = cost_of_camera(&s->camera[4]), all = cost_of_site(s);

	cr_expect(copy.least_millicores == 3 && copy.most_millicores == 3 && copy.memory_bytes > 12000000 && copy.memory_bytes < 13000000);
	cr_expect(copy.disk_bytes_per_day > 43200000000 && copy.disk_bytes_per_day < 43300000000);
	cr_expect(half.most_millicores <= 2 && half.memory_bytes < 7000000 && half.disk_bytes_per_day < 21700000000);
	cr_expect(full.most_millicores > 600 && full.most_millicores < 720, "%u", full.most_millicores);
	cr_expect(ladder.most_millicores > 400 && ladder.most_millicores < 450 && ladder.least_millicores > 150 && ladder.least_millicores < 220,
		  "%u, %u", ladder.least_millicores, ladder.most_millicores);
	cr_expect(demand.least_millicores == 3 && demand.most_millicores < 150, "%u", demand.most_millicores);
	cr_expect_eq(all.most_millicores, copy.most_millicores + half.most_millicores + full.most_millicores + ladder.most_millicores + demand.most_millicores);
	cr_expect_eq(all.disk_bytes_per_day, 4 * copy.disk_bytes_per_day + half.disk_bytes_per_day);
	cr_expect(cost_days(s, &all) > 0.0050 && cost_days(s, &all) < 0.0052, "%f", cost_days(s, &all));
	s->ncameras = 0;
	all = cost_of_site(s);
	cr_expect(all.most_millicores == 0 && cost_days(s, &all) == 0);
	s->ncameras = 5;
	site_free(&s);
}
