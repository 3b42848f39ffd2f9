/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups, patterns, hours and ends of users: as they are read, and what they mean. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "conf/places.h"
#include "conf/rights.h"

#define HASH_A "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define HEAD "site: a.example\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"
#define USER(name, more) "  - {name: " name ", password_hash: '" HASH_A "'" more "}\n"

static struct site_report report;

static struct site *parse(const char *text)
{
	struct site *site = NULL;

	cr_assert_eq(site_parse("/s", text, strlen(text), &site, &report), 0, "%s\n%s", report.complaint->text, text);
	return site;
}

Test(rights, patterns_match_whole_names)
{
	static const struct { const char *pattern, *name; bool is; } c[] = {
		{"gate", "gate", true}, {"gate", "gate-1", false}, {"gate-*", "gate-1", true}, {"gate-*", "gate-", true}, {"gate-*", "gate", false},
		{"*", "x", true}, {"?", "x", true}, {"?", "xy", false}, {"*-?", "a-b-1", true}, {"*-?", "a-b-12", false}, {"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false}, {"**", "a", true}, {"a*a", "a", false}, {"a*a", "aa", true}, {"", "a", false}, {"*", "", true}, {"?", "", false},
		{"*ab", "aab", true}, {"*aab", "aaab", true}, {"a**b", "ab", true},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(rights_match(c[i].pattern, c[i].name), c[i].is, "%s %s", c[i].pattern, c[i].name);
}

Test(rights, hours_are_read_and_written)
{
	static const struct { const char *text, *back; } c[] = {
		{"06:00-22:00", "06:00-22:00"}, {"00:00-24:00", "always"}, {"22:30-06:05", "22:30-06:05"},
		{"mon-fri 06:00-22:00", "mon,tue,wed,thu,fri 06:00-22:00"}, {"sat-mon 00:00-24:00", "mon,sat,sun 00:00-24:00"},
		{"'mon,wed 08:00-09:00'", "mon,wed 08:00-09:00"}, {"sun-sat 08:09-09:00", "08:09-09:00"}, {"'sun,sat-sun 00:01-00:02'", "sat,sun 00:01-00:02"},
		{"6:00-22:00", NULL}, {"06:00", NULL}, {"06:00-24:01", NULL}, {"24:00-06:00", NULL}, {"06:60-07:00", NULL}, {"06:00-06:00", NULL},
		{"day 06:00-07:00", NULL}, {"mon- 06:00-07:00", NULL}, {"'mon, 06:00-07:00'", NULL}, {"'mon,,tue 06:00-07:00'", NULL},
		{"mon  06:00-07:00", NULL}, {"06:00-07:00 mon", NULL}, {"'+6:00-07:00'", NULL}, {"montue 06:00-07:00", NULL}, {"mon-fr 06:00-07:00", NULL},
	};
	char text[500], back[RIGHTS_HOURS_TEXT];

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct site *site = NULL;
		int rc;

		snprintf(text, sizeof text, HEAD "groups: {g: {rights: live, cameras: '*', hours: %s}}\n", c[i].text);
		rc = site_parse("/s", text, strlen(text), &site, &report);
		cr_expect_eq(rc, c[i].back ? 0 : -EINVAL, "%s: %d", c[i].text, rc);
		if (!rc) {
			rights_hours_text(&site->group[0].hours, back);
			cr_expect_str_eq(back, c[i].back ? c[i].back : "");
		}
		site_free(&site);
	}
}

Test(rights, an_end_is_a_day_or_a_time)
{
	static const struct { const char *text, *at; } c[] = {
		{"2027-01-31", "2027-02-01T00:00:00.000Z"}, {"2027-01-31T18:00:00Z", "2027-01-31T18:00:00.000Z"}, {"2027-02-30", NULL}, {"tomorrow", NULL},
		{"2027-1-31", NULL}, {"2027-01-31T18:00:00+01:00", NULL}};
	char text[500], at[CLOCK_TEXT];

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct site *site = NULL;
		int rc;

		snprintf(text, sizeof text, HEAD "users:\n" USER("anna", ", expires: '%s'"), c[i].text);
		rc = site_parse("/s", text, strlen(text), &site, &report);
		cr_expect_eq(rc, c[i].at ? 0 : -EINVAL, "%s: %d", c[i].text, rc);
		if (!rc) {
			clock_text(site->user[0].expires_us, at);
			cr_expect_str_eq(at, c[i].at ? c[i].at : "");
		}
		site_free(&site);
	}
}

static void expect_complaint(const char *text, const char *want)
{
	struct site *site = NULL;

	cr_expect_eq(site_parse("/s", text, strlen(text), &site, &report), -EINVAL, "%s", text);
	cr_expect(strstr(report.complaint->text, want), "%s\n%s", report.complaint->text, want);
}

Test(rights, what_cannot_be_is_named)
{
	expect_complaint(HEAD "users:\n" USER("anna", ", groups: [gaurds]") "groups: {guards: {rights: live, cameras: '*'}}\n", "did you mean \"guards\"?");
	expect_complaint(HEAD "users:\n" USER("anna", ", groups: [x]"), "there is no group \"x\"");
	expect_complaint(HEAD "users:\n" USER("anna", ", groups: [g, g]") "groups: {g: {rights: live, cameras: '*'}}\n", "a second time");
	expect_complaint(HEAD "users:\n" USER("anna", ", groups: [[g]]") "groups: {g: {rights: live, cameras: '*'}}\n", "a name, or a list of them");
	expect_complaint(HEAD "users:\n" USER("anna", ", groups: [a, b, c, d, e, f, g, h, i]"), "at most 8");
	expect_complaint(HEAD "users:\n" USER("anna", ", groups: G"), "can't be a group's name");
	expect_complaint(HEAD "users:\n" USER("share-1", ""), "share links");
	expect_complaint(HEAD "groups: {}\n", "every user may everything");
	expect_complaint(HEAD "groups: {g: {cameras: '*'}}\n", "\"rights\" is missing");
	expect_complaint(HEAD "groups: {g: {rights: live}}\n", "\"cameras\" is missing");
	expect_complaint(HEAD "groups: {g: {rights: [live, see], cameras: '*'}}\n", "\"see\" is no right");
	expect_complaint(HEAD "groups: {g: {rights: live, cameras: 'Gate'}}\n", "can be no camera's");
	expect_complaint(HEAD "groups: {g: {rights: live, cameras: {a: b}}}\n", "not a map");
}

#define TWO "groups:\n  guards: {rights: [live, history], cameras: ['gate-*', yard]}\n  clips: {rights: export, cameras: 'gate-1', hours: 06:00-22:00}\n"

Test(rights, a_user_may_what_any_of_his_groups_may)
{
	struct site *all = parse(HEAD "users:\n" USER("anna", "")), *site = parse(HEAD "users:\n" USER("anna", "") USER("bert", ", groups: guards")
		USER("carl", ", groups: [guards, clips]") TWO);
	char text[RIGHTS_TEXT];

	cr_expect_eq(rights_of(all, &all->user[0], "gate-1"), SITE_RIGHTS_ALL);
	cr_expect_eq(rights_of(site, &site->user[0], "gate-1"), 0);
	cr_expect_eq(rights_of(site, &site->user[1], "gate-2"), 3);
	cr_expect_eq(rights_of(site, &site->user[1], "attic"), 0);
	cr_expect_eq(rights_of(site, &site->user[2], "gate-1"), 7);
	cr_expect_eq(rights_of(site, &site->user[2], "yard"), 3);
	cr_expect_eq(rights_of(site, &site->user[2], NULL), 7);
	rights_text(rights_of(site, &site->user[2], "gate-1"), text);
	cr_expect_str_eq(text, "live, history, export");
	rights_text(0, text);
	cr_expect_str_eq(text, "none");
	rights_text(SITE_RIGHTS_ALL, text);
	cr_expect_str_eq(text, "live, history, export, admin");
	site_free(&all);
	site_free(&site);
}

/* Each login of his ends with a change of what he may, and with nothing else. */
Test(rights, a_user_has_another_version_when_he_may_something_else)
{
	static const struct { const char *more, *groups; unsigned version; } c[] = {
		{", groups: guards", TWO, 0}, {", groups: guards", TWO "  other: {rights: live, cameras: '*'}\n", 0},
		{", groups: [guards, clips]", TWO, 1}, {", groups: guards, expires: 2027-01-31", TWO, 1}, {"", TWO, 1},
		{", groups: guards", "groups: {guards: {rights: live, cameras: ['gate-*', yard]}}\n", 1},
		{", groups: guards", "groups: {guards: {rights: [live, history], cameras: ['gate-*']}}\n", 1},
		{", groups: guards", "groups: {guards: {rights: [live, history], cameras: ['gate-*', attic]}}\n", 1},
		{", groups: guards", "groups: {guards: {rights: [live, history], cameras: ['gate-*', yard], hours: 06:00-07:00}}\n", 1},
		{"", "", 1},
	};
	char text[1000];
	const char *why;

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct site *was = parse(HEAD "users:\n" USER("anna", ", groups: guards") TWO), *is;

		snprintf(text, sizeof text, HEAD "users:\n" USER("anna", "%s") "%s", c[i].more, c[i].groups);
		is = parse(text);
		cr_assert_eq(places_keep(is, was, &why), 0);
		cr_expect_eq(is->user[0].version, c[i].version, "%s", text);
		site_free(&was);
		site_free(&is);
	}
}
