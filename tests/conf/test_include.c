/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites of several files, and what cameras inherit. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/complaint.h"
#include "conf/diff.h"
#include "conf/site.h"
#include "conf/vendor.h"

#define HEAD "site: a.example\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"
#define INCLUDE HEAD "include: cameras.d/*.yaml\n"
#define SOURCE "source: rtsp://192.0.2.1/"

static struct site_report report;
static char dir[64];

static struct site *parse(const char *text)
{
	struct site *site = NULL;

	cr_assert_eq(site_parse("/etc/casemate/site.yaml", text, strlen(text), &site, &report), 0, "%d: %s\n%s", report.complaint->line, report.complaint->text, text);
	return site;
}

static const struct site_camera *camera(const struct site *s, const char *name)
{
	for (unsigned i = 0; i < s->ncameras; i++)
		if (!strcmp(s->camera[i].name, name))
			return &s->camera[i];
	cr_assert(false, "no camera %s", name);
	return NULL;
}

/* --- defaults and profiles ------------------------------------------------------------- */

Test(defaults, are_taken_unless_the_camera_says_otherwise)
{
	struct site *s = parse(HEAD "defaults:\n  transport: tcp\n  segment: 4 s\n  user: all\n  password_file: all.txt\n  masks: [{x: 0 %, y: 0 %, width: 10 %, height: 10 %}]\n"
			       "cameras:\n  a: {" SOURCE "}\n  b: {" SOURCE ", segment: 1 s, user: own, masks: []}\n  c: {" SOURCE ", user: , password_file: , segment: }\n");
	const struct site_camera *a = camera(s, "a"), *b = camera(s, "b"), *c = camera(s, "c");

	cr_expect(a->transport == SITE_TRANSPORT_TCP && a->segment_ms == 4000 && a->nmasks == 1);
	cr_expect_str_eq(a->user, "all");
	cr_expect_str_eq(a->password_file, "/etc/casemate/all.txt");
	cr_expect(b->transport == SITE_TRANSPORT_TCP && b->segment_ms == 1000 && b->nmasks == 0);
	cr_expect_str_eq(b->user, "own");
	cr_expect(!c->user && !c->password_file && c->segment_ms == 2000 && c->nmasks == 1);
	site_free(&s);
}

Test(profiles, are_renditions_by_name)
{
	struct site *s = parse(HEAD "profiles:\n  wide: {size: 1280x720, bitrate: 2 Mb/s}\n  small: {size: 640x360, bitrate: 600 kb/s, fps: 5}\n"
			       "defaults: {renditions: [small]}\n"
			       "cameras:\n  a: {" SOURCE "}\n  b: {" SOURCE ", renditions: [wide, small]}\n  c: {" SOURCE ", renditions: {own: {size: 64x64, bitrate: 50 kb/s}}}\n"
			       "  d: {" SOURCE ", renditions: []}\n");
	const struct site_camera *a = camera(s, "a"), *b = camera(s, "b"), *c = camera(s, "c");

	cr_assert(a->nrenditions == 1 && b->nrenditions == 2 && c->nrenditions == 1 && camera(s, "d")->nrenditions == 0);
	cr_expect_str_eq(a->rendition->name, "small");
	cr_expect(a->rendition->fps == 5 && a->rendition->width == 640 && a->rendition->priority == 9);
	cr_expect_str_eq(b->rendition[0].name, "wide");
	cr_expect(b->rendition[1].fps == 5 && b->rendition[1].priority == 8);
	cr_expect_str_eq(c->rendition->name, "own");
	site_free(&s);
}

/* One change of a default is one of each camera that has it, at the line of the default. */
Test(defaults, differ_in_the_cameras_that_take_them)
{
	struct site *was = parse(HEAD "defaults: {segment: 4 s}\ncameras: {a: {" SOURCE "a}, b: {" SOURCE "b, segment: 1 s}, c: {" SOURCE "c}}\n");
	struct site *is = parse(HEAD "\ndefaults: {segment: 5 s}\ncameras: {a: {" SOURCE "a}, b: {" SOURCE "b, segment: 1 s}, c: {" SOURCE "c}}\n");
	struct diff *d = NULL;

	cr_assert_eq(diff_sites(was, is, &d), 0);
	cr_assert_eq(d->n, 2);
	cr_expect_str_eq(d->item[0].name, "a");
	cr_expect_str_eq(d->item[1].name, "c");
	cr_expect(d->item[0].old_line == 5 && d->item[0].new_line == 6);
	diff_free(&d);
	site_free(&was);
	site_free(&is);
}

/* --- vendors --------------------------------------------------------------------------- */

Test(vendor, names_stand_for_addresses)
{
	static const struct { const char *source, *url; } c[] = {
		{"hikvision 192.0.2.11 main", "rtsp://192.0.2.11/Streaming/Channels/101"},
		{"hikvision 192.0.2.11:8554 12 sub", "rtsp://192.0.2.11:8554/Streaming/Channels/1202"},
		{"dahua [2001:db8::1] sub", "rtsp://[2001:db8::1]/cam/realmonitor?channel=1&subtype=1"},
		{"axis rtsps://192.0.2.11", "rtsps://192.0.2.11/axis-media/media.amp?videocodec=h264&camera=1"},
		{"hanwha 192.0.2.11", "rtsp://192.0.2.11/profile2/media.smp"},
		{"hanwha  192.0.2.11  2  sub", "rtsp://192.0.2.11/1/profile3/media.smp"},
		{"reolink 192.0.2.11 3", "rtsp://192.0.2.11/h264Preview_03_main"},
		{"bosch 192.0.2.11 2 sub", "rtsp://192.0.2.11/?line=2&inst=2"},
		{"uniview 192.0.2.11", "rtsp://192.0.2.11/unicast/c1/s0/live"},
		{"vivotek 192.0.2.11 sub", "rtsp://192.0.2.11/live2.sdp"},
	};
	char url[VENDOR_URL], why[VENDOR_WHY];

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		cr_assert(vendor_is(c[i].source, strlen(c[i].source)));
		cr_assert_eq(vendor_url(c[i].source, strlen(c[i].source), url, why), 0, "%s: %s", c[i].source, why);
		cr_expect_str_eq(url, c[i].url);
	}
	cr_expect(!vendor_is("rtsp://192.0.2.1/a b", 20) && !vendor_is("axis", 4));
}

Test(vendor, every_row_is_a_source)
{
	char url[VENDOR_URL], sub[VENDOR_URL], text[2 * VENDOR_URL];
	const char *name;

	for (unsigned i = 0; vendor_row(i, &name, url, sub); i++) {
		struct site *s;

		snprintf(text, sizeof text, HEAD "cameras: {a: {source: %s 192.0.2.1}, b: {source: %s 192.0.2.1:8554 sub}}\n", name, name);
		s = parse(text);
		cr_expect(!strncmp(s->camera[0].url, "rtsp://192.0.2.1:554/", 21) && !strncmp(s->camera[1].url, "rtsp://192.0.2.1:8554/", 22), "%s", name);
		cr_expect_str_eq(strchr(url + 7, '/'), s->camera[0].url + 20);
		cr_expect_str_eq(strchr(sub + 7, '/'), s->camera[1].url + 21);
		site_free(&s);
	}
}

/* --- included files -------------------------------------------------------------------- */

static const char *in_dir(const char *name)
{
	static char path[400];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "wb");

	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
	cr_assert_eq(chmod(in_dir(name), 0600), 0);
}

static void make(void)
{
	strcpy(dir, "/tmp/casemate-conf-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(mkdir(in_dir("cameras.d"), 0700), 0);
	put("c", "x");
	put("k", "x");
	put("s", "x");
	put("site.yaml", INCLUDE "cameras: {main: {" SOURCE "main}}\n");
}

static void wipe(void)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	cr_assert_eq(system(cmd), 0);
}

TestSuite(include, .init = make, .fini = wipe);

static struct site *load(void)
{
	struct site *s = NULL;

	cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), 0, "%s:%d: %s", report.complaint->file, report.complaint->line, report.complaint->text);
	return s;
}

/* The only complaint there is. */
static void refused(const char *file, int line, const char *says)
{
	struct site *s = NULL;

	cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), -EINVAL, "%s", says);
	cr_assert_eq(report.n, 1, "%s: %u: %s", says, report.n, report.complaint[1].text);
	cr_expect_str_eq(report.complaint->file, file);
	cr_expect_eq(report.complaint->line, line, "%s: %d", says, report.complaint->line);
	cr_expect(strstr(report.complaint->text, says), "%s, not %s", report.complaint->text, says);
}

Test(include, cameras_come_in_the_order_of_the_files)
{
	char place[500];
	struct site *s;

	put("cameras.d/b.yaml", "cameras:\n  b: {" SOURCE "b}\n");
	put("cameras.d/a.yaml", "# two\ncameras:\n  z: {" SOURCE "z}\n  y: {" SOURCE "y}\n");
	put("cameras.d/none.yaml", "# nothing yet\n");
	put("cameras.d/empty.yaml", "cameras:\n");
	put("cameras.d/.hidden.yaml", "no: yaml: at all\n");
	put("cameras.d/a.yaml~", "a backup\n");
	s = load();
	cr_assert_eq(s->ncameras, 4);
	cr_expect_str_eq(s->camera[0].name, "main");
	cr_expect_str_eq(s->camera[1].name, "z");
	cr_expect_str_eq(s->camera[2].name, "y");
	cr_expect_str_eq(s->camera[3].name, "b");
	cr_assert_eq(s->nparts, 5);
	cr_expect_str_eq(s->part[1].name, "cameras.d/a.yaml");
	cr_expect_str_eq(s->part[2].name, "cameras.d/b.yaml");
	cr_expect_eq(s->part[4].at + s->part[4].len, s->bytes.len);
	site_place(s, "conf/site.yaml", s->camera[2].line, place, sizeof place);
	cr_expect_str_eq(place, "conf/cameras.d/a.yaml:4");
	site_place(s, "site.yaml", s->camera[0].line, place, sizeof place);
	cr_expect_str_eq(place, "site.yaml:6");
	site_place(s, "site.yaml", 0, place, sizeof place);
	cr_expect_str_eq(place, "site.yaml");
	site_free(&s);
}

Test(include, a_site_may_have_no_camera_of_its_own)
{
	struct site *s;

	put("site.yaml", INCLUDE "defaults: {segment: 3 s}\n");
	put("cameras.d/a.yaml", "cameras: {a: {" SOURCE "}}\n");
	s = load();
	cr_expect(s->ncameras == 1 && s->camera->segment_ms == 3000);
	site_free(&s);
	put("site.yaml", INCLUDE "cameras:\n");
	s = load();
	cr_expect_eq(s->ncameras, 1);
	site_free(&s);
	cr_assert_eq(unlink(in_dir("cameras.d/a.yaml")), 0);
	s = load();
	cr_expect_eq(s->ncameras, 0);
	site_free(&s);
}

/* A site that was loaded is the same from its bytes and parts; so is what differs. */
Test(include, the_parts_are_the_site)
{
	struct site *s, *again = NULL;
	struct diff *d = NULL;

	put("cameras.d/a.yaml", "cameras:\n  a: {" SOURCE "a}\n");
	s = load();
	cr_assert_eq(site_parse_parts(s->file, s->bytes.mem, s->part, s->nparts, &again, &report), 0);
	cr_assert_eq(again->ncameras, 2);
	cr_expect_eq(again->camera[1].line, s->camera[1].line);
	site_free(&again);
	put("cameras.d/a.yaml", "\ncameras:\n  a: {" SOURCE "a, segment: 4 s}\n");
	again = load();
	cr_assert_eq(diff_sites(s, again, &d), 0);
	cr_assert(d->n == 1 && !strcmp(d->item->name, "a") && !strcmp(d->item->key->path, "cameras.*.segment"));
	cr_expect(d->item->old_line == SITE_LINES + 2 && d->item->new_line == SITE_LINES + 3);
	diff_free(&d);
	site_free(&s);
	site_free(&again);
}

Test(include, what_is_wrong_is_named_with_its_file)
{
	static const struct { const char *text; int line; const char *says; } c[] = {
		{"cameras:\n  a: {sorce: x}\n", 2, "unknown key \"sorce\""},
		{"cameras:\n  main: {" SOURCE "}\n", 2, "camera \"main\" is here a second time; the first is in the site file:6"},
		{"cameras:\n  a: {" SOURCE "}\n  a: {" SOURCE "}\n", 3, "\"a\" is here a second time; the first is on line 2"},
		{"include: more.d/*.yaml\n", 1, "\"include\" has no place in a file that is included"},
		{"defaults: {transport: tcp}\ncameras: {}\n", 1, "\"defaults\" has no place"},
		{"- a\n", 1, "a file that is included is a map with the key cameras"},
		{"cameras: [a]\n", 1, "cameras: what is wanted is a map of names"},
		{"\xff\n", 1, "not text in UTF-8"},
		{"cameras: {a: &b {" SOURCE "}}\n", 1, "anchors (&) are not taken here"},
		{"cameras:\n  a: {\n", 3, "not YAML"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		put("cameras.d/x.yaml", c[i].text);
		refused("cameras.d/x.yaml", c[i].line, c[i].says);
	}
}

Test(include, complaints_are_printed_beside_the_site_file)
{
	struct site *s = NULL;
	char *text = NULL;
	size_t n = 0;
	FILE *f;

	put("cameras.d/x.yaml", "cameras:\n  a: {sorce: x}\n");
	cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), -EINVAL);
	f = open_memstream(&text, &n);
	complaint_print(f, "etc/site.yaml", &report);
	fclose(f);
	cr_expect(!strncmp(text, "etc/cameras.d/x.yaml:2:7: unknown key", 37), "%s", text);
	free(text);
}

Test(include, only_files_of_the_folder_are_read)
{
	cr_assert_eq(symlink("../site.yaml", in_dir("cameras.d/x.yaml")), 0);
	refused("cameras.d/x.yaml", 0, "this is a symbolic link");
	cr_assert_eq(unlink(in_dir("cameras.d/x.yaml")), 0);
	cr_assert_eq(mkfifo(in_dir("cameras.d/x.yaml"), 0600), 0);
	refused("cameras.d/x.yaml", 0, "this is not a file");
	cr_assert_eq(unlink(in_dir("cameras.d/x.yaml")), 0);
	cr_assert_eq(mkdir(in_dir("cameras.d/x.yaml"), 0700), 0);
	refused("cameras.d/x.yaml", 0, "this is not a file");
	cr_assert_eq(rmdir(in_dir("cameras.d/x.yaml")), 0);
	put("cameras.d/a b.yaml", "");
	refused("", 5, "a file's name \"a b.yaml\" is not at most 100 letters");
	cr_assert_eq(unlink(in_dir("cameras.d/a b.yaml")), 0);
	cr_assert_eq(rmdir(in_dir("cameras.d")), 0);
	refused("", 5, "include: the folder cameras.d: No such file or directory");
}

Test(include, a_folder_has_its_bounds)
{
	static char big[SITE_FILE_MAX];
	char name[64];
	struct site *s;

	memset(big, '#', sizeof big - 300);
	put("cameras.d/big.yaml", big);
	s = load();
	site_free(&s);
	memset(big, '#', sizeof big - 1);
	put("cameras.d/big.yaml", big);
	put("cameras.d/later.yaml", "wrong");
	refused("cameras.d/big.yaml", 0, "with this file the site has more than 1048576 bytes");
	cr_assert_eq(unlink(in_dir("cameras.d/big.yaml")), 0);
	cr_assert_eq(unlink(in_dir("cameras.d/later.yaml")), 0);
	for (int i = 0; i < SITE_PARTS_MAX - 1; i++) {
		snprintf(name, sizeof name, "cameras.d/%04d.yaml", i);
		put(name, "");
	}
	s = load();
	cr_expect_eq(s->nparts, SITE_PARTS_MAX);
	site_free(&s);
	put("cameras.d/one-more.yaml", "");
	refused("", 5, "more than 1000 files");
}

/* The worst of both files together is bounded as one file is. */
Test(include, values_are_counted_over_all_files)
{
	static char many[600000];
	struct site *s = NULL;

	many[0] = '[';
	for (size_t i = 1; i + 2 < sizeof many / 2; i += 2)
		memcpy(many + i, "a,", 2);
	strcat(many, "]\n");
	put("cameras.d/a.yaml", many);
	put("cameras.d/b.yaml", many);
	cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), -EINVAL);
	cr_assert_eq(report.n, 3);
	cr_expect(strstr(report.complaint[1].text, "the site holds more than 200000 values"), "%s", report.complaint[1].text);
	cr_expect_str_eq(report.complaint[1].file, "cameras.d/b.yaml");
}

Test(include, a_pipe_is_no_site_file_and_is_not_waited_at)
{
	struct site *s = NULL;

	cr_assert_eq(mkfifo(in_dir("pipe"), 0600), 0);
	cr_expect_eq(site_load(in_dir("pipe"), &s, &report), -EINVAL);
	cr_expect(strstr(report.complaint->text, "not a file"));
	cr_expect_eq(site_load("/dev/zero", &s, &report), -EINVAL);
}
