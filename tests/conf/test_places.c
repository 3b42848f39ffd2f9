/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "conf/diff.h"
#include "conf/places.h"

#define HASH_A "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define HASH_B "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$LqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define HEAD "site: a.example\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"

static struct site_report report;

static struct site *parse(const char *text)
{
	struct site *site = NULL;

	cr_assert_eq(site_parse("/s", text, strlen(text), &site, &report), 0, "%s\n%s", report.complaint->text, text);
	return site;
}

/* "a: {r}" for each camera: names, in the order of the file, each with renditions named by the letters behind its own. */
static struct site *cameras(const char *const *name)
{
	struct site *site;
	struct buf b;

	buf_init(&b, SITE_FILE_MAX);
	buf_append_str(&b, HEAD "cameras:\n");
	for (; *name; name++) {
		buf_append_fmt(&b, "  %c:\n    source: rtsp://192.0.2.1/%c\n    renditions:\n", **name, **name);
		for (const char *r = *name + 1; *r; r++)
			buf_append_fmt(&b, "      %c: {size: 64x64, bitrate: 1 Mb/s}\n", *r);
	}
	buf_append(&b, "", 1);
	site = parse((const char *)buf_data(&b));
	buf_free(&b);
	return site;
}
#define CAMERAS(...) cameras((const char *const[]){__VA_ARGS__ __VA_OPT__(,) NULL})

/* As written above, in the order of places; what is gone in brackets. */
static void expect_places(const struct site *s, const char *want)
{
	char got[200] = "";

	for (unsigned i = 0; i < s->ncameras; i++) {
		const struct site_camera *c = &s->camera[i];
		char *at = got + strlen(got);

		snprintf(at, sizeof got - strlen(got), c->gone ? "%s[%s]" : "%s%s", i ? " " : "", c->name);
		cr_expect(c->gone == (c->url == NULL));
		for (unsigned k = 0; k < c->nrenditions; k++)
			snprintf(got + strlen(got), sizeof got - strlen(got), c->rendition[k].gone ? "[%s]" : "%s", c->rendition[k].name);
	}
	cr_expect_str_eq(got, want);
}

/* From one to the next, as a server goes. */
static void go(struct site **now, struct site *next, const char *want)
{
	const char *why = "";

	cr_assert_eq(places_keep(next, *now, &why), 0, "%s", why);
	site_free(now);
	*now = next;
	expect_places(*now, want);
}

Test(places, stay_their_names)
{
	struct site *s = CAMERAS("axy", "b");

	go(&s, CAMERAS("b", "ax", "c"), "ax[y] b c");
	go(&s, CAMERAS("c", "ay"), "a[x]y [b] c");
	cr_expect(places_cameras(s) == 2 && places_renditions(&s->camera[0]) == 1 && places_renditions(&s->camera[1]) == 0);
	go(&s, CAMERAS("d"), "[a][x][y] [b] [c] d");
	go(&s, CAMERAS(), "[a][x][y] [b] [c] [d]");
	go(&s, CAMERAS("bz", "axyz"), "axyz bz [c] [d]");
	site_free(&s);
}

Test(places, users_are_another_version_with_each_change)
{
	struct site *s = parse(HEAD "users:\n  - {name: a, password_hash: '" HASH_A "'}\n  - {name: b, password_hash: '" HASH_A "'}\n");

	go(&s, parse(HEAD "users:\n  - {name: c, password_hash: '" HASH_A "'}\n  - {name: b, password_hash: '" HASH_B "'}\n"), "");
	cr_assert_eq(s->nusers, 3);
	cr_expect(s->user[0].gone && s->user[0].version == 1 && s->user[1].version == 1 && !s->user[1].gone && s->user[2].version == 0);
	cr_expect_str_eq(s->user[0].name, "a");
	go(&s, parse(HEAD "users:\n  - {name: b, password_hash: '" HASH_B "'}\n"), "");
	cr_expect(s->user[0].version == 1 && s->user[1].version == 1 && s->user[2].version == 1 && s->user[2].gone);
	go(&s, parse(HEAD "users:\n  - {name: a, password_hash: '" HASH_A "'}\n"), "");
	cr_expect(s->user[0].version == 2 && !s->user[0].gone && s->user[1].version == 2 && s->user[1].gone);
	site_free(&s);
}

Test(places, end_and_are_never_given_to_another)
{
	struct site *s = CAMERAS("aijklmnop"), *t;
	const char *why = "";

	t = CAMERAS("aq");
	cr_expect_eq(places_keep(t, s, &why), -ENOSPC);
	cr_expect(strstr(why, "renditions"));
	expect_places(t, "aq");
	site_free(&t);
	go(&s, CAMERAS("a"), "a[i][j][k][l][m][n][o][p]");
	site_free(&s);
}

/* What keeps a place is no part of the site. */
Test(places, make_no_difference)
{
	struct site *s = CAMERAS("ax", "b"), *t;
	struct diff *d;

	go(&s, CAMERAS("a"), "a[x] [b]");
	t = CAMERAS("a");
	cr_assert_eq(diff_sites(s, t, &d), 0);
	cr_expect_eq(d->n, 0);
	diff_free(&d);
	site_free(&t);
	t = CAMERAS("b", "ax");
	cr_assert_eq(diff_sites(s, t, &d), 0);
	cr_assert_eq(d->n, 2);
	cr_expect(d->item[0].what == DIFF_CAMERA && d->item[0].kind == DIFF_ADDED && !d->item[0].was);
	cr_expect(d->item[1].what == DIFF_RENDITION && d->item[1].kind == DIFF_ADDED && !d->item[1].was);
	diff_free(&d);
	site_free(&t);
	site_free(&s);
}
