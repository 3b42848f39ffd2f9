/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose signature a site file needs, and which version may follow which. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "seal/note.h"
#include "server/admin.h"
#include "server/site_sha256.h"

#define TEXT "site: a.example\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"

static char dir[64], file[100], why[ADMIN_WHY];
static struct key_private *admin, *other;
static const struct admin nobody;

static struct site *site_of(const char *more)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct site *s = NULL;
	char text[2000];

	snprintf(text, sizeof text, TEXT "%s", more);
	cr_assert_eq(site_parse(file, text, strlen(text), &s, report), 0, "%s", report->complaint->text);
	free(report);
	return s;
}

/* "require_signed" and the admin's key, as a site has it. */
static struct site *signed_site(const char *more)
{
	char vkey[KEY_VKEY], text[KEY_VKEY + 300];

	key_vkey(key_public_of(admin), vkey);
	snprintf(text, sizeof text, "require_signed: true\nadmin_key: \"%s\"\n%s", vkey, more);
	return site_of(text);
}

static void put(const void *p, size_t n)
{
	char path[120];
	FILE *f;

	snprintf(path, sizeof path, "%s.sig", file);
	f = fopen(path, "wb");
	cr_assert(f && fwrite(p, 1, n, f) == n && fclose(f) == 0);
}

static void sign_text(const char *text, const struct key_private *k)
{
	struct buf note;

	buf_init(&note, ADMIN_SIG_MAX);
	cr_assert_eq(note_write(&note, text, strlen(text), k), 0);
	put(buf_data(&note), note.len);
	buf_free(&note);
}

static void sign(const struct site *s, const char *origin, uint32_t version, const struct key_private *k)
{
	struct admin_text t = {.version = version};
	struct buf text;

	snprintf(t.origin, sizeof t.origin, "%s", origin);
	cr_assert_eq(site_sha256(s, t.sha256), 0);
	buf_init(&text, ADMIN_SIG_MAX);
	cr_assert(admin_text_write(&t, &text) == 0 && buf_append(&text, "", 1) == 0);
	sign_text((const char *)buf_data(&text), k);
	buf_free(&text);
}

static void make(void)
{
	strcpy(dir, "/tmp/casemate-admin-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	snprintf(file, sizeof file, "%s/site.yaml", dir);
	cr_assert(key_generate("admin.example", &admin) == 0 && key_generate("admin.example", &other) == 0);
}

static void wipe(void)
{
	char cmd[128];

	key_free(&admin);
	key_free(&other);
	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	cr_assert_eq(system(cmd), 0);
}

TestSuite(admin, .init = make, .fini = wipe);

static void refused(const struct admin *was, const struct key_public *given, const struct site *s, const char *says)
{
	struct admin now = {.version = 77};

	cr_expect_eq(admin_judge(was, given, s, false, &now, why), -EKEYREJECTED, "%s", says);
	cr_expect(strstr(why, says), "%s, not %s", why, says);
	cr_expect_eq(now.version, 77);
}

static struct admin taken(const struct admin *was, const struct key_public *given, const struct site *s)
{
	struct admin now;

	cr_assert_eq(admin_judge(was, given, s, false, &now, why), 0, "%s", why);
	return now;
}

Test(admin, a_site_that_asks_for_no_signature_needs_none)
{
	struct site *s = site_of("");

	cr_expect(!taken(&nobody, NULL, s).known);
	put("garbage", 7);
	cr_expect(!taken(&nobody, NULL, s).known);
	site_free(&s);
}

Test(admin, the_first_key_is_the_files_own)
{
	struct site *s = signed_site("");
	struct admin now;

	refused(&nobody, NULL, s, "site.yaml.sig: No such file or directory: this machine takes only what its admin has signed; sign it");
	sign(s, "a.example", 3, admin);
	now = taken(&nobody, NULL, s);
	cr_expect(now.known && now.version == 3 && key_same(&now.key, key_public_of(admin)));
	site_free(&s);
	s = site_of("require_signed: true\n");
	refused(&nobody, NULL, s, "there is no key to check a signature with");
	site_free(&s);
	s = site_of("require_signed: true\nadmin_key: \"a+00000000+AAAA\"\n");
	refused(&nobody, NULL, s, "there is no key to check a signature with");
	site_free(&s);
}

/* Neither leaving the word out, nor another key in the file, gets around the key that was in force. */
Test(admin, what_was_in_force_counts_whatever_the_file_says)
{
	const struct admin was = {.known = true, .key = *key_public_of(admin), .version = 5};
	struct site *s = site_of(""), *again = signed_site("socket: b.sock\n");
	struct admin now;

	refused(&was, NULL, s, "No such file");
	sign(s, "a.example", 6, other);
	refused(&was, NULL, s, "it is not signed by admin.example");
	sign(s, "a.example", 6, admin);
	cr_expect_eq(taken(&was, NULL, s).version, 6);
	refused(&was, NULL, again, "is not what was signed as version 6: it was changed");
	refused(&was, key_public_of(other), s, "it is not signed by admin.example");
	sign(s, "a.example", 6, other);
	now = taken(&was, key_public_of(other), s);
	cr_expect(key_same(&now.key, key_public_of(other)));
	site_free(&s);
	site_free(&again);
}

Test(admin, a_signed_file_may_name_the_next_key)
{
	const struct admin was = {.known = true, .key = *key_public_of(other), .version = 5};
	struct site *s = signed_site("");
	struct admin now;

	sign(s, "a.example", 6, other);
	now = taken(&was, NULL, s);
	cr_expect(key_same(&now.key, key_public_of(admin)) && now.version == 6);
	now = taken(&was, key_public_of(other), s);
	cr_expect(key_same(&now.key, key_public_of(other)));
	site_free(&s);
	s = site_of("admin_key: \"a+00000000+AAAA\"\n");
	sign(s, "a.example", 6, other);
	refused(&was, NULL, s, "admin_key: ");
	site_free(&s);
}

Test(admin, versions_go_up)
{
	struct site *s = signed_site(""), *next = signed_site("socket: b.sock\n");
	struct admin was, now;

	sign(s, "a.example", 5, admin);
	was = taken(&nobody, NULL, s);
	cr_expect_eq(taken(&was, NULL, s).version, 5);
	sign(next, "a.example", 5, admin);
	refused(&was, NULL, next, "another file was in force as version 5: sign it with a higher one");
	cr_expect_eq(admin_judge(&was, NULL, next, true, &now, why), -EKEYREJECTED);
	sign(next, "a.example", 4, admin);
	refused(&was, NULL, next, "it is version 4, and version 5 was in force: --allow-rollback");
	cr_assert_eq(admin_judge(&was, NULL, next, true, &now, why), 0);
	cr_expect_eq(now.version, 4);
	sign(next, "b.example", 6, admin);
	refused(&was, NULL, next, "is for another site, b.example");
	site_free(&s);
	site_free(&next);
}

Test(admin, only_four_lines_are_a_signed_text)
{
#define HASH "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	static const struct { const char *text; int rc; } c[] = {
		{ADMIN_HEAD "\na.example\n1\n" HASH "\n", 0},
		{ADMIN_HEAD "\na.example\n2147483647\n" HASH "\n", 0},
		{ADMIN_HEAD "\na.example\n2147483648\n" HASH "\n", -EBADMSG},
		{ADMIN_HEAD "\na.example\n0\n" HASH "\n", -EBADMSG},
		{ADMIN_HEAD "\na.example\n01\n" HASH "\n", -EBADMSG},
		{ADMIN_HEAD "\na.example\n\n" HASH "\n", -EBADMSG},
		{ADMIN_HEAD "\na example\n1\n" HASH "\n", -EBADMSG},
		{ADMIN_HEAD "\n\n1\n" HASH "\n", -EBADMSG},
		{ADMIN_HEAD "\na.example\n1\n" HASH "00\n", -EBADMSG},
		{ADMIN_HEAD "\na.example\n1\nx" HASH, -EBADMSG},
		{ADMIN_HEAD "\na.example\n1\n" HASH, -EBADMSG},
		{ADMIN_HEAD "\na.example\n1\n" HASH "\nmore\n", -EBADMSG},
		{"casemate-site/v2\na.example\n1\n" HASH "\n", -EBADMSG},
		{ADMIN_HEAD "\n", -EBADMSG},
		{"", -EBADMSG},
	};
	const struct admin was = {.known = true, .key = *key_public_of(admin), .version = 1};
	struct site *s = site_of("");

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct admin_text t = {.version = 7};

		cr_expect_eq(admin_text_parse(c[i].text, strlen(c[i].text), &t), c[i].rc, "%zu", i);
		cr_expect_eq(t.version == 7, c[i].rc != 0);
		/* The same in what is not what it is to be: a checkpoint's signature, say. */
		if (c[i].rc && *c[i].text && c[i].text[strlen(c[i].text) - 1] == '\n') {
			sign_text(c[i].text, admin);
			refused(&was, NULL, s, "what is signed there is no site file");
		}
	}
	put("no note at all\n", 15);
	refused(&was, NULL, s, "no signature of a site file");
	site_free(&s);
}

Test(admin, what_was_in_force_is_kept_and_read_again)
{
	struct admin was = {.known = true, .key = *key_public_of(admin), .version = 12, .sha256 = {1, 2, 3}}, now;
	char path[200];
	FILE *f;

	unsetenv("STATE_DIRECTORY");
	admin_path(file, path, sizeof path);
	cr_expect(!strncmp(path, file, strlen(file)) && !strcmp(path + strlen(file), ".admin"));
	cr_assert_eq(admin_load(path, &now, why), 0);
	cr_expect(!now.known && admin_same(&now, &nobody) && !admin_same(&now, &was));
	cr_assert_eq(admin_keep(path, &was), 0);
	cr_assert_eq(admin_load(path, &now, why), 0);
	cr_expect(admin_same(&now, &was));
	f = fopen(path, "a");
	cr_assert(f && fputs("more\n", f) >= 0 && fclose(f) == 0);
	cr_expect_eq(admin_load(path, &now, why), -EBADMSG);
	cr_expect(strstr(why, "not as it was written") && strstr(why, "put back what it was"), "%s", why);
	setenv("STATE_DIRECTORY", "/var/lib/casemate:/x", 1);
	admin_path(file, path, sizeof path);
	cr_expect_str_eq(path, "/var/lib/casemate/site.admin");
}

Test(admin, the_last_version_is_read_whoever_signed_it)
{
	struct admin_text t;
	struct site *s = site_of("");

	cr_expect_eq(admin_last(file, &t), -ENOENT);
	sign(s, "a.example", 9, other);
	cr_assert_eq(admin_last(file, &t), 0);
	cr_expect_eq(t.version, 9);
	put("x\n", 2);
	cr_expect_eq(admin_last(file, &t), -EBADMSG);
	site_free(&s);
}
