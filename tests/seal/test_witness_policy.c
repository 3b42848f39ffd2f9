/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seal/witness_policy.h"

#define TEXT "example.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define WITNESSES 6
#define DAY_S 86400

static struct key_private *witness[WITNESSES], *site;
static char vkey[WITNESSES][KEY_VKEY], log_vkey[KEY_VKEY];

static void make_keys(void)
{
	for (int i = 0; i < WITNESSES; i++) {
		char name[16];
		struct cosign_public c;

		snprintf(name, sizeof name, "w%d", i);
		cr_assert_eq(key_generate(name, &witness[i]), 0);
		cr_assert_eq(cosign_make_public(name, key_public_of(witness[i])->raw, &c), 0);
		cosign_vkey(&c, vkey[i]);
	}
	cr_assert_eq(key_generate("example.com/log", &site), 0);
	key_vkey(key_public_of(site), log_vkey);
}

static void free_keys(void)
{
	for (int i = 0; i < WITNESSES; i++)
		key_free(&witness[i]);
	key_free(&site);
}

TestSuite(witness_policy, .init = make_keys, .fini = free_keys);

/* $0 to $5 stand for witnesses' keys, $L for the log's. */
static size_t fill_in(const char *pattern, char *out, size_t cap)
{
	size_t n = 0;

	for (const char *p = pattern; *p; p++) {
		if (*p == '$')
			p++, n += (size_t)snprintf(out + n, cap - n, "%s", *p == 'L' ? log_vkey : vkey[*p - '0']);
		else
			out[n++] = *p;
	}
	out[n] = 0;
	return n;
}

static int parse(const char *pattern, struct witness_policy *ret, unsigned *line, const char **why)
{
	char text[WITNESS_POLICY_MAX_BYTES];
	size_t n = fill_in(pattern, text, sizeof text);

	return witness_policy_parse(text, n, ret, line, why);
}

#define THREE "witness a $0\nwitness b $1\nwitness c $2\n"

Test(witness_policy, quorums)
{
	static const struct {
		const char *text;
		const char *met, *not_met;  /* sets of witnesses, in their order: "0,01" */
	} cases[] = {
		{"quorum none\n", "-", ""},
		{"# nothing\n\n \t\n\t# either\nquorum none\n", "-", ""},
		{"log $L\nwitness a $0\nquorum a\n", "0", "-"},
		{"log $L https://log.example/\nwitness a $0 https://a.example/\nquorum a\n", "0", "-"},
		{THREE "group g 2 a b c\nquorum g\n", "01,02,12,012", "-,0,1,2"},
		{THREE "group g any a b c\nquorum g\n", "0,1,2,01", "-"},
		{THREE "group g all a b c\nquorum g\n", "012", "-,01,02,12"},
		{THREE "quorum b\ngroup g all a b\n", "1,01", "0,2,02"},
		{"  witness\ta  $0 \n group g 1 a\t\nquorum  g\n", "0", "-"},
		{THREE "witness d $3\nwitness e $4\nwitness f $5\ngroup x 2 a b c\ngroup y any d e f\ngroup xy all x y\nquorum xy\n",
		 "013,024,012345", "01,345,03,-"},
		{"witness \xc3\xa9 $0\nquorum \xc3\xa9\n", "0", "-"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct witness_policy p;
		const char *why = "";

		cr_assert_eq(parse(cases[i].text, &p, NULL, &why), 0, "%s: %s", cases[i].text, why);
		for (int met = 0; met < 2; met++) {
			uint32_t set = 0;

			for (const char *s = met ? cases[i].met : cases[i].not_met; *s; s++) {
				set |= *s >= '0' && *s <= '9' ? UINT32_C(1) << (*s - '0') : 0;
				if (s[1] && s[1] != ',')
					continue;
				cr_assert_eq(witness_policy_met(&p, set), met, "%s, set %x", cases[i].text, set);
				set = 0;
				s += s[1] == ',';
			}
		}
	}
}

Test(witness_policy, says_line_and_reason)
{
	static const struct { const char *text; unsigned line; const char *why; } cases[] = {
		{"", 0, "no quorum line"},
		{"witness a $0\n", 0, "no quorum line"},
		{"quorum none", 1, "no line feed"},
		{"quorum none\nquorum none\n", 2, "second quorum"},
		{"quorum a\n", 1, "not defined"},
		{"quorum\n", 1, "one name"},
		{"quorum none none\n", 1, "one name"},
		{"witness a $0\nquorum a\nwitness b $0\n", 3, "a witness above"},
		{"witness a $0\nwitness a $1\nquorum a\n", 2, "above"},
		{"witness none $0\nquorum none\n", 1, "none"},
		{"witness a $L\nquorum a\n", 1, "0x04"},
		{"witness a\nquorum a\n", 1, "not a witness' public key"},
		{"witness\nquorum none\n", 1, "a name is missing"},
		{"witness a $0 https://a/ more\nquorum a\n", 1, "more words"},
		{"log $L\nlog $L\nquorum none\n", 2, "a log above"},
		{"log $0\nquorum none\n", 1, "another type"},
		{"log\nquorum none\n", 1, "public key"},
		{"log $L https://l/ more\nquorum none\n", 1, "more words"},
		{"group g any a\nquorum none\n", 1, "not defined"},
		{"witness a $0\ngroup g\nquorum none\n", 2, "needed"},
		{"witness a $0\ngroup g 0 a\nquorum none\n", 2, "needed"},
		{"witness a $0\ngroup g 2 a\nquorum none\n", 2, "more members"},
		{"witness a $0\ngroup g 99999999999 a\nquorum none\n", 2, "needed"},
		{"witness a $0\ngroup g some a\nquorum none\n", 2, "needed"},
		{"witness a $0\ngroup g any\nquorum none\n", 2, "no members"},
		{"witness a $0\ngroup g any a a\nquorum none\n", 2, "member already"},
		{"witness a $0\ngroup g any a\ngroup h any a\nquorum none\n", 3, "member already"},
		{"witness a $0\ngroup g any a g\nquorum none\n", 2, "not defined"},
		{"witness a $0\ngroup g any none\nquorum none\n", 2, "not defined"},
		{"witnesses a $0\nquorum none\n", 1, "begins with"},
		{"witness a $0\r\nquorum a\n", 1, "control character"},
		{"quorum none\x7f\n", 1, "control character"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct witness_policy p = {.nlogs = 77};
		const char *why = "";
		unsigned line = 99;

		cr_assert_eq(parse(cases[i].text, &p, &line, &why), -EBADMSG, "%s", cases[i].text);
		cr_assert_eq(line, cases[i].line, "%s: line %u, %s", cases[i].text, line, why);
		cr_assert(strstr(why, cases[i].why), "%s: %s", cases[i].text, why);
		cr_assert_eq(p.nlogs, 77, "untouched");
	}
}

Test(witness_policy, has_bounds)
{
	static char text[WITNESS_POLICY_MAX_BYTES + 2];
	static struct witness_policy p;
	const char *why;
	char name[WITNESS_POLICY_NAME + 1];
	size_t n = 0;

	memset(text, '\n', sizeof text);
	cr_assert_eq(witness_policy_parse(text, sizeof text, &p, NULL, &why), -EBADMSG);
	cr_assert(strstr(why, "16384"));
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = 0;
	n = (size_t)snprintf(text, sizeof text, "witness %s %s\nquorum none\n", name, vkey[0]);
	cr_assert_eq(witness_policy_parse(text, n, &p, NULL, &why), -EBADMSG);
	cr_assert(strstr(why, "128"));
	for (int most = 0; most < 2; most++) {
		/* Each is a member of the next: g0 of g1 … */
		n = (size_t)snprintf(text, sizeof text, "witness a %s\ngroup g0 1 a\n", vkey[0]);
		for (unsigned i = 1; i < WITNESS_POLICY_MAX + (unsigned)most; i++)
			n += (size_t)snprintf(text + n, sizeof text - n, "group g%u 1 g%u\n", i, i - 1);
		n += (size_t)snprintf(text + n, sizeof text - n, "quorum g%u\n", WITNESS_POLICY_MAX - 1 + most);
		cr_assert_eq(witness_policy_parse(text, n, &p, NULL, &why), most ? -EBADMSG : 0, "%s", why);
	}
	cr_assert(strstr(why, "32 groups"));
}

/* A note by the site, with these witnesses at these times in days. */
static void make_note(struct buf *b, const int *who, const int64_t *time_s, size_t n)
{
	buf_init(b, NOTE_MAX_BYTES);
	cr_assert_eq(note_write(b, TEXT, strlen(TEXT), site), 0);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(cosign_write(b, TEXT, strlen(TEXT), time_s[i], witness[who[i]]), 0);
}

Test(witness_policy, judges_a_note)
{
	static const char policy[] = "log $L\n" THREE "group g 2 a b c\nquorum g\n";
	static const struct {
		int who[4];
		int64_t time_s[4];
		size_t n;
		bool met;
		unsigned cosigned;
		int64_t newest_s, quorum_s;
	} cases[] = {
		{{0}, {0}, 0, false, 0, 0, 0},
		{{0}, {100}, 1, false, 1, 100, 0},
		{{0, 1}, {100, 300}, 2, true, 2, 300, 100},
		{{2, 1, 0}, {500, 300, 100}, 3, true, 3, 500, 300},
		{{0, 0}, {100, 200}, 2, false, 1, 200, 0},
		{{0, 4}, {100, 300}, 2, false, 1, 100, 0},                       /* 4 is nobody's */
		{{0, 1}, {100, 1000 + DAY_S + 1}, 2, false, 1, 100, 0},          /* from too far in the future */
		{{0, 1}, {100, 1000 + DAY_S}, 2, true, 2, 1000 + DAY_S, 100},
	};
	struct witness_policy p;

	cr_assert_eq(parse(policy, &p, NULL, NULL), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct witness_verdict v;
		struct buf b;

		make_note(&b, cases[i].who, cases[i].time_s, cases[i].n);
		cr_assert_eq(witness_policy_judge(&p, buf_data(&b), b.len, 1000000000, &v, NULL), 0, "case %zu", i);
		cr_assert_eq(v.met, cases[i].met, "case %zu", i);
		cr_assert_eq(v.cosigned, cases[i].cosigned, "case %zu", i);
		cr_assert_eq(v.newest_us, cases[i].newest_s * 1000000, "case %zu", i);
		cr_assert_eq(v.quorum_us, cases[i].quorum_s * 1000000, "case %zu", i);
		cr_assert(v.log_listed);
		buf_free(&b);
	}
}

Test(witness_policy, refuses_a_wrong_cosignature)
{
	struct witness_policy p;
	struct witness_verdict v = {.cosigned = 77};
	const char *why = NULL;
	struct buf b;
	uint8_t *line;

	cr_assert_eq(parse(THREE "quorum a\n", &p, NULL, NULL), 0);
	make_note(&b, (int[]){0, 1}, (int64_t[]){5, 6}, 2);
	line = memmem(buf_data(&b), b.len, " w1 ", 4);
	cr_assert(line);
	line[70] = line[70] == 'A' ? 'B' : 'A';
	cr_assert_eq(witness_policy_judge(&p, buf_data(&b), b.len, 1000000000, &v, &why), -EKEYREJECTED);
	cr_assert(why);
	cr_assert_eq(witness_policy_judge(&p, "no note", 7, 1000000000, &v, &why), -EBADMSG);
	cr_assert_eq(v.cosigned, 77, "untouched");
	buf_free(&b);
}

Test(witness_policy, knows_which_logs_are_meant)
{
	struct key_private *other = NULL;
	char text[1024], other_vkey[KEY_VKEY];
	struct witness_verdict v;
	struct witness_policy p;
	struct buf b;
	int n;

	cr_assert_eq(key_generate("example.com/other", &other), 0);
	key_vkey(key_public_of(other), other_vkey);
	make_note(&b, NULL, NULL, 0);
	n = snprintf(text, sizeof text, "log %s\nquorum none\n", other_vkey);
	cr_assert_eq(witness_policy_parse(text, (size_t)n, &p, NULL, NULL), 0);
	cr_assert_eq(witness_policy_judge(&p, buf_data(&b), b.len, 0, &v, NULL), 0);
	cr_assert(!v.log_listed && v.met);
	n = snprintf(text, sizeof text, "log %s\nlog %s\nquorum none\n", other_vkey, log_vkey);
	cr_assert_eq(witness_policy_parse(text, (size_t)n, &p, NULL, NULL), 0);
	cr_assert_eq(witness_policy_judge(&p, buf_data(&b), b.len, 0, &v, NULL), 0);
	cr_assert(v.log_listed);
	key_free(&other);
	buf_free(&b);
}
