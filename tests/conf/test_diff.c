/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "conf/diff.h"

#define HASH_A "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define HASH_B "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$LqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define SUM_A "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define SUM_B "0f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define R DIFF_REDIALS
#define BOTH (DIFF_OPENS | DIFF_CLOSES)

static struct site_report report;

static struct site *parse(const char *text)
{
	struct site *site = NULL;

	cr_assert_eq(site_parse("/etc/casemate/site.yaml", text, strlen(text), &site, &report), 0, "%d: %s\n%s",
		     report.complaint->line, report.complaint->text, text);
	return site;
}

static struct diff *between(const struct site *a, const struct site *b)
{
	struct diff *d = NULL;

	cr_assert_eq(diff_sites(a, b, &d), 0);
	return d;
}

#define TLS "source: rtsps://192.0.2.1/a"

/* Each key as one writes it in either file, NULL leaves it out; what stands beside it in both; what comes of going there, and of going back. */
static const struct change {
	const char *path, *was, *is, *beside;
	unsigned there, back;
} change[] = {
	{"site", "a.example", "b.example", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"tls.certificate", "c", "d", "", 0, 0},
	{"tls.key", "k", "l", "", 0, 0},
	{"tls.client_ca", "a", "b", "", BOTH, BOTH},
	{"tls.client_ca", NULL, "b", "", DIFF_OPENS, DIFF_CLOSES},
	{"key", "s", "t", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"witnesses", NULL, "w", "", 0, 0},
	{"require_signed", NULL, "true", "", DIFF_CLOSES, DIFF_OPENS},
	{"admin_key", "a+1+b", "c+1+d", "", BOTH, BOTH},
	{"media_signing.key", "m", "n", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"media_signing.certificate", "m", "n", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"archive.path", "f", "g", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"archive.max_size", "1 GB", "2 GB", "", 0, DIFF_DELETES},
	{"alarms.down", NULL, "30 s", "", 0, 0},
	{"alarms.late", NULL, "20 s", "", 0, 0},
	{"alarms.clock", NULL, "1 s", "", 0, 0},
	{"alarms.scene", NULL, "1 min", "", 0, 0},
	{"alarms.disk_full", NULL, "48 h", "", 0, 0},
	{"alarms.retention", NULL, "30 d", "", 0, 0},
	{"alarms.certificate", NULL, "14 d", "", 0, 0},
	{"alarms.witness", NULL, "7 d", "", 0, 0},
	{"alarms.restarts", NULL, "1", "", 0, 0},
	{"socket", NULL, "/run/other.sock", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"sandbox", NULL, "best-effort", "", DIFF_RESTARTS | DIFF_OPENS, DIFF_RESTARTS | DIFF_CLOSES},
	{"processes.serve", "9", "10", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"processes.ingest", NULL, "2", "", DIFF_RESTARTS, DIFF_RESTARTS},
	{"users[].password_hash", "'" HASH_A "'", "'" HASH_B "'", "", BOTH | DIFF_DISCONNECTS, BOTH | DIFF_DISCONNECTS},
	{"users[].certificate", NULL, "anna@museum.example", "", BOTH | DIFF_DISCONNECTS, BOTH | DIFF_DISCONNECTS},
	{"users[].allow_md5", NULL, "true", "", DIFF_OPENS | DIFF_DISCONNECTS, DIFF_CLOSES | DIFF_DISCONNECTS},
	{"users[].groups", NULL, "guards", "", DIFF_OPENS | DIFF_DISCONNECTS, DIFF_CLOSES | DIFF_DISCONNECTS},
	{"users[].expires", NULL, "2027-01-31", "", DIFF_CLOSES | DIFF_DISCONNECTS, DIFF_OPENS | DIFF_DISCONNECTS},
	{"users[].expires", "2027-01-31", "2027-01-31T12:00:00Z", "", DIFF_CLOSES | DIFF_DISCONNECTS, DIFF_OPENS | DIFF_DISCONNECTS},
	{"groups.*.rights", "live", "[admin, live]", "", DIFF_OPENS | DIFF_DISCONNECTS, DIFF_CLOSES | DIFF_DISCONNECTS},
	{"groups.*.rights", "live", "export", "", BOTH | DIFF_DISCONNECTS, BOTH | DIFF_DISCONNECTS},
	{"groups.*.cameras", "gate", "[gate, 'yard-*']", "", DIFF_OPENS | DIFF_DISCONNECTS, DIFF_CLOSES | DIFF_DISCONNECTS},
	{"groups.*.cameras", "gate", "yard", "", BOTH | DIFF_DISCONNECTS, BOTH | DIFF_DISCONNECTS},
	{"groups.*.hours", NULL, "mon-fri 06:00-22:00", "", BOTH | DIFF_DISCONNECTS, BOTH | DIFF_DISCONNECTS},
	{"cameras.*.source", "rtsp://192.0.2.1/a", "rtsp://192.0.2.1/b", "", R, R},
	{"cameras.*.source", "rtsp://192.0.2.1/a", "rtsp://192.0.2.2/a", "", R | BOTH, R | BOTH},
	{"cameras.*.source", "rtsp://192.0.2.1/a", "rtsp://192.0.2.1:555/a", "", R | BOTH, R | BOTH},
	{"cameras.*.source", "rtsp://192.0.2.1:554/a", "rtsps://192.0.2.1:554/a", "unverified: true", R | DIFF_CLOSES, R | DIFF_OPENS},
	{"cameras.*.user", "u", "v", "password_file: p", R, R},
	{"cameras.*.transport", NULL, "tcp", "", R | DIFF_CLOSES, R | DIFF_OPENS},
	{"cameras.*.transport", NULL, "udp", "", R, R},
	{"cameras.*.fingerprint", "'sha256:" SUM_A "'", "'sha256:" SUM_B "'", TLS, R | BOTH, R | BOTH},
	{"cameras.*.ca", "a.pem", "b.pem", TLS, R | BOTH, R | BOTH},
	{"cameras.*.tls_name", NULL, "gate.example", TLS "\n    ca: a.pem", R | BOTH, R | BOTH},
	{"cameras.*.unverified", NULL, "true", "", R | DIFF_OPENS, R | DIFF_CLOSES},
	{"cameras.*.audio", NULL, "false", "", R | DIFF_CLOSES | DIFF_DISCONNECTS, R | DIFF_OPENS},
	{"cameras.*.allow_md5", NULL, "false", "", R | DIFF_CLOSES, R | DIFF_OPENS},
	{"cameras.*.allow_basic", NULL, "true", "", R | DIFF_OPENS, R | DIFF_CLOSES},
	{"cameras.*.onvif", NULL, "http://192.0.2.1/o", "", R | DIFF_OPENS, R | DIFF_CLOSES},
	{"cameras.*.onvif", "http://192.0.2.1:81/o", "http://192.0.2.1/o", "", R | BOTH, R | BOTH},
	{"cameras.*.segment", NULL, "4 s", "", R, R},
	{"cameras.*.expected", NULL, "1 Mb/s", "", 0, 0},
	{"cameras.*.copy", NULL, "recorded", "", DIFF_CLOSES | DIFF_DISCONNECTS, DIFF_OPENS},
	{"cameras.*.masks", NULL, "[{x: 0 %, y: 0 %, width: 10 %, height: 10 %}]", "", DIFF_CLOSES, DIFF_OPENS},
	{"cameras.*.masks[].x", "10 %", "10.01 %", "", BOTH, BOTH},
	{"cameras.*.masks[].y", "10 %", "20 %", "", BOTH, BOTH},
	{"cameras.*.masks[].width", "10 %", "20 %", "", DIFF_CLOSES, DIFF_OPENS},
	{"cameras.*.masks[].height", "10 %", "20 %", "", DIFF_CLOSES, DIFF_OPENS},
	{"cameras.*.masks[].style", NULL, "mosaic", "", 0, 0},
	{"cameras.*.overlay", NULL, "true", "", 0, 0},
	{"cameras.*.denoise", NULL, "low", "", 0, 0},
	{"cameras.*.renditions.*.size", "640x360", "640x362", "", 0, 0},
	{"cameras.*.renditions.*.fps", NULL, "10", "", 0, 0},
	{"cameras.*.renditions.*.bitrate", "1 Mb/s", "2 Mb/s", "", 0, 0},
	{"cameras.*.renditions.*.quality", NULL, "30", "", 0, 0},
	{"cameras.*.renditions.*.latency", NULL, "normal", "", 0, 0},
	{"cameras.*.renditions.*.profile", NULL, "main", "", 0, 0},
	{"cameras.*.renditions.*.on_demand", NULL, "true", "", 0, 0},
	{"cameras.*.renditions.*.sign", NULL, "onvif", "", 0, 0},
	{"cameras.*.renditions.*.priority", NULL, "2", "", 0, 0},
};

/* The value of a key in one of the two files: the row's own, or what a site cannot do without. */
static const char *value_of(const struct change *c, bool is, const struct schema_key *k)
{
	static const char *const needed[][2] = {
		{"site", "a.example"}, {"tls.certificate", "c"}, {"tls.key", "k"}, {"tls.client_ca", "a"}, {"key", "s"}, {"media_signing.key", "m"},
		{"media_signing.certificate", "c"}, {"archive.path", "f"}, {"archive.max_size", "1 GB"},
		{"users[].name", "anna"}, {"groups.*.rights", "live"}, {"groups.*.cameras", "gate"}, {"users[].password_hash", "'" HASH_A "'"}, {"users[].rtsp_digest_file", "d"}, {"cameras.*.source", "rtsp://192.0.2.1/a"},
		{"cameras.*.masks[].x", "5 %"}, {"cameras.*.masks[].y", "5 %"}, {"cameras.*.masks[].width", "10 %"}, {"cameras.*.masks[].height", "10 %"},
		{"cameras.*.renditions.*.size", "640x360"}, {"cameras.*.renditions.*.bitrate", "1 Mb/s"}};

	if (!strcmp(k->path, c->path))
		return is ? c->is : c->was;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!strcmp(k->path, needed[i][0]) && !(strstr(k->path, ".source") && strstr(c->beside, "source:")))
			return needed[i][1];
	return NULL;
}

/* "prefix" and the keys below it, each on a line of its own; *ret_line is that of the row's key, if it is there. */
static void write_keys(struct buf *b, const struct change *c, bool is, const char *prefix, const char *indent, unsigned *line, unsigned *ret_line)
{
	for (unsigned i = 0; i < schema_nkeys; i++) {
		const struct schema_key *k = &schema_keys[i];
		const char *value = schema_is_below(k, prefix) ? value_of(c, is, k) : NULL;

		if (!value)
			continue;
		++*line;
		if (!strcmp(k->path, c->path))
			*ret_line = *line;
		buf_append_fmt(b, "%s%s: %s\n", indent, schema_leaf(k), value);
	}
}

static void write_line(struct buf *b, unsigned *line, const char *text)
{
	buf_append_fmt(b, "%s\n", text);
	for (const char *p = text - 1; p; p = strchr(p + 1, '\n'))
		++*line;
}

/* A whole site file; the line of the row's key, else of the thing that it is left out of, 0 for the site itself. */
static struct site *write_site(const struct change *c, bool is, int *ret_line)
{
	static const char *const maps[] = {"tls", "media_signing", "archive", "alarms", "processes"};
	unsigned line = 0, at = 0, of_user, of_group, of_camera, of_rendition;
	struct site *site;
	char prefix[32];
	struct buf b;

	buf_init(&b, 4096);
	write_keys(&b, c, is, "", "", &line, &at);
	for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
		snprintf(prefix, sizeof prefix, "%s:", maps[i]);
		write_line(&b, &line, prefix);
		snprintf(prefix, sizeof prefix, "%s.", maps[i]);
		write_keys(&b, c, is, prefix, "  ", &line, &at);
	}
	write_line(&b, &line, "users:\n  -");
	of_user = line + 1;
	write_keys(&b, c, is, "users[].", "    ", &line, &at);
	write_line(&b, &line, "groups:\n  guards:");
	of_group = line;
	write_keys(&b, c, is, "groups.*.", "    ", &line, &at);
	write_line(&b, &line, "cameras:\n  gate:");
	of_camera = line;
	if (*c->beside) {
		buf_append_str(&b, "    ");
		write_line(&b, &line, c->beside);
	}
	write_keys(&b, c, is, "cameras.*.", "    ", &line, &at);
	if (!strncmp(c->path, "cameras.*.masks[", 16)) {
		write_line(&b, &line, "    masks:\n      -");
		at = line;
		write_keys(&b, c, is, "cameras.*.masks[].", "        ", &line, &of_rendition);
	}
	write_line(&b, &line, "    renditions:\n      small:");
	of_rendition = line;
	write_keys(&b, c, is, "cameras.*.renditions.*.", "        ", &line, &at);
	buf_append(&b, "", 1);
	site = parse((const char *)buf_data(&b));
	buf_free(&b);
	*ret_line = (int)(at ? at : strstr(c->path, "renditions") ? of_rendition : *c->path == 'c' ? of_camera : *c->path == 'g' ? of_group : *c->path == 'u' ? of_user : 0);
	return site;
}

static void expect_one(const struct change *c, const struct diff *d, unsigned effects, int old_line, int new_line)
{
	bool mask = !strncmp(c->path, "cameras.*.masks", 15);
	const struct diff_item *item = d->item;

	cr_assert_eq(d->n, 1, "%s: %u items", c->path, d->n);
	cr_expect_str_eq(item->key->path, mask ? "cameras.*.masks" : c->path);
	cr_expect_eq(item->kind, DIFF_CHANGED);
	cr_expect_eq(item->effects, effects, "%s, %s -> %s: %x", c->path, c->was, c->is, item->effects);
	cr_expect_eq(d->effects, effects);
	cr_expect(item->old_line == old_line && item->new_line == new_line, "%s: %d and %d, not %d and %d", c->path, item->old_line, item->new_line,
		  old_line, new_line);
	cr_expect_eq(item->what, strstr(c->path, "renditions") ? DIFF_RENDITION : *c->path == 'c' ? DIFF_CAMERA : *c->path == 'u' ? DIFF_USER : *c->path == 'g' ? DIFF_GROUP : DIFF_SITE);
	cr_expect_str_eq(item->name, *c->path == 'c' ? "gate" : *c->path == 'u' ? "anna" : *c->path == 'g' ? "guards" : "");
	cr_expect_str_eq(item->rendition, strstr(c->path, "renditions") ? "small" : "");
}

Test(diff, each_key_alone_is_one_item_both_ways)
{
	for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
		int old_line, new_line;
		struct site *was = write_site(&change[i], false, &old_line), *is = write_site(&change[i], true, &new_line);
		struct diff *d = between(was, is);

		expect_one(&change[i], d, change[i].there, old_line, new_line);
		diff_free(&d);
		d = between(is, was);
		expect_one(&change[i], d, change[i].back, new_line, old_line);
		diff_free(&d);
		d = between(is, is);
		cr_expect(d->n == 0 && d->effects == 0, "%s", change[i].path);
		diff_free(&d);
		site_free(&was);
		site_free(&is);
	}
}

/* What has no row above: a key that holds others, a name, and what has a test of its own below. */
Test(diff, no_key_is_forgotten)
{
	for (unsigned k = 0; k < schema_nkeys; k++) {
		const char *path = schema_keys[k].path;
		bool found = !strcmp(path, "listen") || !strcmp(path, "rtsps") || !strcmp(path, "rtsp") || !strcmp(path, "users[].rtsp_digest_file") || !strcmp(path, "metrics") || !strcmp(path, "include") || !strcmp(path, "users[].name") || !strcmp(path, "cameras.*.password_file") ||
			     (schema_keys[k].type <= SCHEMA_MASKS && schema_keys[k].type != SCHEMA_MASKS);

		for (size_t i = 0; !found && i < sizeof change / sizeof *change; i++)
			found = !strcmp(change[i].path, path);
		cr_expect(found, "%s: what comes of a change of it is not tested", path);
	}
}

#define HEAD "site: a.example\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"

static void expect_texts(const char *a, const char *b, const char *want)
{
	struct site *was = parse(a), *is = parse(b);
	struct diff *d = between(was, is);
	char got[1000] = "", one[200];

	for (unsigned i = 0; i < d->n; i++) {
		diff_text(&d->item[i], one, sizeof one);
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s %x %d:%d", i ? "; " : "", one, d->item[i].effects, d->item[i].old_line,
			 d->item[i].new_line);
		cr_expect((d->item[i].was != NULL) == (d->item[i].kind != DIFF_ADDED) && (d->item[i].is != NULL) == (d->item[i].kind != DIFF_REMOVED));
	}
	cr_expect_str_eq(got, want);
	diff_free(&d);
	cr_expect_null(d);
	diff_free(&d);
	site_free(&was);
	site_free(&is);
}

Test(diff, things_come_and_go_by_name)
{
	expect_texts(HEAD "listen: 127.0.0.1:1\nrtsps: 127.0.0.1:2\n", HEAD "listen: 127.0.0.1:1\nrtsps: [127.0.0.1:2, 127.0.0.1:3]\n",
		     "listener rtsps://127.0.0.1:3 added 1 0:6");
	expect_texts(HEAD "listen: 127.0.0.1:1\n", HEAD "rtsps: 127.0.0.1:1\nlisten: 127.0.0.1:2\n",
		     "listener rtsps://127.0.0.1:1 added 1 0:5; listener 127.0.0.1:2 added 1 0:6; listener 127.0.0.1:1 removed 2 5:0");
	expect_texts(HEAD "listen: [127.0.0.1:1, 127.0.0.1:2]\n", HEAD "listen:\n  - 127.0.0.1:2\n  - 127.0.0.1:3\n",
		     "listener 127.0.0.1:3 added 1 0:7; listener 127.0.0.1:1 removed 2 5:0");
	expect_texts(HEAD "users:\n  - {name: a, password_hash: '" HASH_A "'}\n  - {name: b, password_hash: '" HASH_A "'}\n",
		     HEAD "users:\n  - {name: c, password_hash: '" HASH_A "'}\n  - {name: a, password_hash: '" HASH_B "'}\n",
		     "user c added 1 0:6; user a: password_hash 7 6:7; user b removed 6 7:0");
	expect_texts(HEAD "cameras:\n  a: {source: rtsp://192.0.2.1}\n  b: {source: rtsp://192.0.2.2}\n",
		     HEAD "cameras:\n  b: {source: rtsp://192.0.2.2, audio: false}\n  c: {source: rtsp://192.0.2.1}\n",
		     "camera b: audio e 7:6; camera c added 1 0:7; camera a removed 6 6:0");
	expect_texts(HEAD "cameras:\n  a:\n    source: rtsp://192.0.2.1\n    renditions:\n      x: {size: 64x64, bitrate: 1 Mb/s, priority: 3}\n"
			  "      y: {size: 64x64, bitrate: 1 Mb/s, priority: 4}\n",
		     HEAD "cameras:\n  a:\n    source: rtsp://192.0.2.1\n    renditions:\n      y: {size: 64x64, bitrate: 2 Mb/s, priority: 4}\n"
			  "      z: {size: 64x64, bitrate: 1 Mb/s}\n",
		     "rendition a/y: bitrate 0 10:9; rendition a/z added 1 0:10; rendition a/x removed 6 9:0");
}

/* Users without a group are let in nowhere while there is one, and everywhere once there is none. */
Test(diff, the_first_group_closes_and_the_last_that_goes_opens)
{
	static const char none[] = HEAD "users:\n  - {name: a, password_hash: '" HASH_A "'}\n  - {name: b, password_hash: '" HASH_A "'}\n",
		one[] = HEAD "users:\n  - {name: a, password_hash: '" HASH_A "', groups: g}\n  - {name: b, password_hash: '" HASH_A "'}\n"
			"groups: {g: {rights: live, cameras: '*'}}\n";

	expect_texts(none, one, "group g added 0 0:8; user a: groups 6 6:6; user b: groups 6 7:7");
	expect_texts(one, none, "group g removed 0 8:0; user a: groups 5 6:6; user b: groups 5 7:7");
}

Test(diff, order_and_ways_of_writing_are_none)
{
	expect_texts(HEAD "listen: [8443, '[::1]:1']\ncameras:\n  a: {source: rtsp://192.0.2.1}\n  b: {source: 'rtsp://[2001:db8::1]/'}\n",
		     "cameras:\n  b:\n    source: RTSP://[2001:DB8:0::1]:554/\n    segment: 2000 ms\n  a: {source: rtsp://192.0.2.1/}\n"
		     "listen: ['[::1]:1', 0.0.0.0:8443]\n" HEAD, "");
}

/* What one mask showed two may hide together; and what two hid, one. */
Test(diff, a_mask_opens_only_what_none_hides_any_more)
{
	static const struct { const char *was, *is; unsigned effects; } c[] = {
		{"{x: 0 %, y: 0 %, width: 20 %, height: 10 %}", "{x: 0 %, y: 0 %, width: 12 %, height: 10 %}, {x: 9 %, y: 0 %, width: 11 %, height: 10 %}", 0},
		{"{x: 0 %, y: 0 %, width: 20 %, height: 10 %}", "{x: 0 %, y: 0 %, width: 9 %, height: 10 %}, {x: 10 %, y: 0 %, width: 10 %, height: 10 %}", DIFF_OPENS},
		{"{x: 0 %, y: 0 %, width: 20 %, height: 10 %}", "{x: 0 %, y: 0 %, width: 100 %, height: 100 %}", DIFF_CLOSES},
		{"{x: 0 %, y: 0 %, width: 50 %, height: 50 %}", "{x: 50 %, y: 50 %, width: 50 %, height: 50 %}", BOTH},
		{"{x: 0 %, y: 0 %, width: 1 %, height: 1 %}, {x: 5 %, y: 0 %, width: 1 %, height: 1 %}",
		 "{x: 5 %, y: 0 %, width: 1 %, height: 1 %}, {x: 0 %, y: 0 %, width: 1 %, height: 1 %}", 0},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char a[400], b[400];
		struct site *was, *is;
		struct diff *d;

		snprintf(a, sizeof a, HEAD "cameras: {a: {source: rtsp://192.0.2.1, masks: [%s]}}\n", c[i].was);
		snprintf(b, sizeof b, HEAD "cameras: {a: {source: rtsp://192.0.2.1, masks: [%s]}}\n", c[i].is);
		was = parse(a);
		is = parse(b);
		d = between(was, is);
		cr_assert_eq(d->n, 1);
		cr_expect_eq(d->effects, c[i].effects, "%zu: %x", i, d->effects);
		diff_free(&d);
		site_free(&was);
		site_free(&is);
	}
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0);
}

/* A password lies in a file of its own: that it is another is told, not which. */
Test(diff, passwords_count_by_what_they_are)
{
	char dir[] = "/tmp/casemate-diff-XXXXXX", path[100], text[100];
	struct site *a = NULL, *b = NULL, *c = NULL;
	struct diff *d;

	cr_assert_not_null(mkdtemp(dir));
	put(dir, "c", "x");
	put(dir, "k", "x");
	put(dir, "s", "x");
	put(dir, "p", "one\n");
	put(dir, "q", "one\n");
	put(dir, "site", HEAD "cameras:\n  a:\n    source: rtsp://192.0.2.1\n    user: u\n    password_file: p\n");
	snprintf(path, sizeof path, "%s/site", dir);
	cr_assert_eq(site_load(path, &a, &report), 0);
	put(dir, "site", HEAD "cameras:\n  a:\n    source: rtsp://192.0.2.1\n    user: u\n    password_file: q\n");
	cr_assert_eq(site_load(path, &b, &report), 0);
	put(dir, "q", "two\n");
	cr_assert_eq(site_load(path, &c, &report), 0);
	d = between(a, b);
	cr_expect_eq(d->n, 0);
	diff_free(&d);
	d = between(b, c);
	cr_assert_eq(d->n, 1);
	diff_text(d->item, text, sizeof text);
	cr_expect_str_eq(text, "camera a: password_file");
	cr_expect(d->effects == DIFF_REDIALS && d->item->old_line == 9 && d->item->new_line == 9);
	diff_free(&d);
	site_free(&a);
	site_free(&b);
	site_free(&c);
	snprintf(path, sizeof path, "rm -rf %s", dir);
	cr_assert_eq(system(path), 0);
}

/* Every camera and every key of it, at once: slow or endless would be as bad as wrong. */
Test(diff, the_largest_sites_are_compared)
{
	struct site *site[2];
	struct diff *d;

	for (int i = 0; i < 2; i++) {
		struct buf b;

		buf_init(&b, SITE_FILE_MAX);
		buf_append_str(&b, HEAD "cameras:\n");
		for (int k = 0; k < SITE_CAMERAS_MAX; k++)
			buf_append_fmt(&b, "  c%d: {source: rtsp://192.0.2.1/%d, audio: %s, renditions: {a: {size: 64x64, bitrate: %d Mb/s}}}\n", k, i,
				       i ? "true" : "false", i + 1);
		buf_append(&b, "", 1);
		site[i] = parse((const char *)buf_data(&b));
		buf_free(&b);
	}
	d = between(site[0], site[1]);
	cr_expect_eq(d->n, 3u * SITE_CAMERAS_MAX);
	cr_expect_eq(d->item[d->n - 1].new_line, 5 + SITE_CAMERAS_MAX);
	diff_free(&d);
	site_free(&site[0]);
	site_free(&site[1]);
}
