/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's rtsp_digest_file: what is taken from it, and what of it is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/diff.h"
#include "conf/site.h"

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define SHA "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define MD5 "000102030405060708090a0b0c0d0e0f"
#define LINE(algorithm, hex) algorithm " anna a.example " hex "\n"

static char dir[64], path[100];
static struct site_report report;

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	unlink(path);
	f = fopen(path, "w");
	cr_assert(f && fputs(text, f) >= 0 && !fclose(f) && !chmod(path, mode));
}

static int load(const char *more, struct site **ret)
{
	char text[1000];

	snprintf(text, sizeof text, "site: a.example\ntls: {certificate: c, key: k}\nkey: k\narchive: {path: f, max_size: 1 GB}\n"
		 "users:\n  - {name: anna, password_hash: '" HASH "', rtsp_digest_file: d%s}\n", more);
	put("site.yaml", text, 0644);
	return site_load(path, ret, &report);
}

static void begin(void)
{
	snprintf(dir, sizeof dir, "/tmp/casemate-digest-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	put("c", "x", 0644);
	put("k", "x", 0600);
}

static void end(void)
{
	static const char *const names[] = {"c", "k", "d", "site.yaml"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

TestSuite(digest_file, .init = begin, .fini = end);

Test(digest_file, says_what_it_is_good_for)
{
	static const struct { const char *text, *more, *says; } c[] = {
		{LINE("SHA-256", SHA), "", NULL},
		{LINE("SHA-256", SHA) LINE("MD5", MD5), "", NULL},
		{LINE("MD5", MD5) LINE("SHA-256", SHA), ", allow_md5: true", NULL},
		{"SHA-256 anna a.example " SHA, "", NULL},
		{LINE("SHA-256", SHA), ", allow_md5: true", "it has no line of MD5, which allow_md5 wants"},
		{LINE("MD5", MD5), "", "it has no line of SHA-256"},
		{"\n", "", "it has no line of SHA-256"},
		{"SHA-256 tom a.example " SHA "\n", "", "it is of another user"},
		{"SHA-256 anna b.example " SHA "\n", "", "it is of another site"},
		{"SHA-256 anna a.example " MD5 "\n", "", "it is damaged"},
		{"SHA-256 anna a.example " SHA " \n", "", "it is damaged"},
		{"SHA-256 anna a.example " SHA " x\n", "", "it is damaged"},
		{"SHA-256 anna a.example\n", "", "it is damaged"},
		{"SHA-256 anna\n", "", "it is of another site"},
		{"SHA-256\n", "", "it is of another user"},
		{LINE("SHA-256", SHA) "MD5 anna a.example zz\n", ", allow_md5: true", "it is damaged"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct site *s = NULL;
		struct site_digest d;
		const char *why;

		put("d", c[i].text, 0600);
		cr_assert_eq(load(c[i].more, &s), c[i].says ? -EINVAL : 0, "%zu: %s", i, report.complaint->text);
		cr_expect(!c[i].says || (report.n == 1 && strstr(report.complaint->text, c[i].says) && !strstr(report.complaint->text, "0001")), "%zu: %s", i,
			  report.complaint->text);
		if (!s)
			continue;
		cr_assert_eq(site_read_digest(s, s->user, &d, &why), 0);
		cr_expect(d.sha256[31] == 31 && d.has_md5 == s->user->allow_md5 && (!d.has_md5 || d.md5[15] == 15), "%zu", i);
		site_free(&s);
	}
}

Test(digest_file, is_bounded_and_only_its_owners)
{
	char text[1200];
	struct site *s = NULL;

	put("d", LINE("SHA-256", SHA), 0640);
	cr_expect_eq(load("", &s), -EINVAL);
	cr_expect(strstr(report.complaint->text, "may be read or changed by others (mode 0640)"), "%s", report.complaint->text);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	put("d", text, 0600);
	cr_expect_eq(load("", &s), -EINVAL);
	cr_expect(strstr(report.complaint->text, "it is too long"), "%s", report.complaint->text);
	text[1024] = 0;
	put("d", text, 0600);
	cr_expect_eq(load("", &s), -EINVAL);
	cr_expect(strstr(report.complaint->text, "no line of SHA-256"), "%s", report.complaint->text);
}

Test(digest_file, that_is_gone_or_another_is_told_when_it_is_read)
{
	struct site *s = NULL;
	struct site_digest d;
	const char *why;

	put("d", LINE("SHA-256", SHA), 0600);
	cr_assert_eq(load("", &s), 0);
	put("d", "SHA-256 tom a.example " SHA "\n", 0600);
	cr_expect_eq(site_read_digest(s, s->user, &d, &why), -EINVAL);
	cr_expect_str_eq(why, "it is of another user");
	unlink(path);
	cr_expect_eq(site_read_digest(s, s->user, &d, &why), -ENOENT);
	site_free(&s);
}

Test(digest_file, that_changes_is_told_and_not_what_is_in_it)
{
	struct site *a = NULL, *b = NULL, *c = NULL;
	struct diff *d = NULL;
	char text[100];

	put("d", LINE("SHA-256", SHA), 0600);
	cr_assert(!load("", &a) && !load("", &b));
	put("d", "SHA-256 anna a.example " MD5 MD5 "\n", 0600);
	cr_assert_eq(load("", &c), 0);
	cr_assert_eq(diff_sites(a, b, &d), 0);
	cr_expect_eq(d->n, 0);
	diff_free(&d);
	cr_assert_eq(diff_sites(b, c, &d), 0);
	cr_assert_eq(d->n, 1);
	diff_text(d->item, text, sizeof text);
	cr_expect_str_eq(text, "user anna: rtsp_digest_file");
	cr_expect_eq(d->effects, DIFF_OPENS | DIFF_CLOSES | DIFF_DISCONNECTS);
	diff_free(&d);
	site_free(&a);
	site_free(&b);
	site_free(&c);
}
