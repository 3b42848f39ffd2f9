/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "conf/address.h"
#include "conf/phc.h"
#include "conf/schema.h"
#include "conf/units.h"

Test(units, are_read_exactly)
{
	static const struct { const char *s; const struct units_row *u; int rc; uint64_t v; size_t unit; } c[] = {
		{"0 B", units_bytes, 0, 0, 2}, {"500 GB", units_bytes, 0, 500000000000, 4}, {"500GB", units_bytes, 0, 500000000000, 3},
		{"1.5 TiB", units_bytes, 0, 1649267441664, 4}, {"0.3 KiB", units_bytes, 0, 307, 4}, {"0.000001 MB", units_bytes, 0, 1, 9},
		{"1 PB", units_bytes, 0, 1000000000000000, 2}, {"9223372036854775807 B", units_bytes, 0, INT64_MAX, 20},
		{"9223372036854775808 B", units_bytes, -ERANGE, 0, 19}, {"9223372036854775.807 kB", units_bytes, 0, INT64_MAX, 21},
		{"9223372036854775.808 kB", units_bytes, -ERANGE, 0, 21}, {"18446744073709551615 PB", units_bytes, -ERANGE, 0, 20},
		{"20000 PB", units_bytes, -ERANGE, 0, 6}, {"2 s", units_ms, 0, 2000, 2}, {"1.25 min", units_ms, 0, 75000, 5},
		{"7d", units_ms, 0, 604800000, 1}, {"600 kb/s", units_bps, 0, 600000, 4}, {"1.5 Mb/s", units_bps, 0, 1500000, 4},
		{"", units_ms, -EINVAL, 0, 0}, {"s", units_ms, -EINVAL, 0, 0}, {"-1 s", units_ms, -EINVAL, 0, 0}, {"01 s", units_ms, -EINVAL, 0, 2},
		{"1. s", units_ms, -EINVAL, 0, 1}, {".5 s", units_ms, -EINVAL, 0, 0}, {"1.1234567 s", units_ms, -EINVAL, 0, 1},
		{"1,5 s", units_ms, -ENOENT, 0, 1}, {"1e3 s", units_ms, -ENOENT, 0, 1}, {"1  s", units_ms, -ENOENT, 0, 2}, {"1 s ", units_ms, -ENOENT, 0, 2},
		{"1", units_ms, -ENODATA, 0, 1}, {"1 ", units_ms, -ENODATA, 0, 2}, {"1 S", units_ms, -ENOENT, 0, 2}, {"1 kb", units_bytes, -ENOENT, 0, 2},
		{"1 Kb/s", units_bps, -ENOENT, 0, 2},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		uint64_t v = 0;
		size_t unit;

		cr_expect_eq(units_parse(c[i].s, strlen(c[i].s), c[i].u, &v, &unit), c[i].rc, "\"%s\"", c[i].s);
		cr_expect_eq(v, c[i].v, "\"%s\": %lu", c[i].s, v);
		cr_expect_eq(unit, c[i].unit, "\"%s\": %zu", c[i].s, unit);
	}
}

Test(units, are_written_in_the_largest_that_fits)
{
	static const struct { uint64_t v; const struct units_row *u; const char *s; } c[] = {
		{0, units_bytes, "0 B"}, {999, units_bytes, "999 B"}, {1000000, units_bytes, "1 MB"}, {1500000, units_bytes, "1500 kB"},
		{1048576, units_bytes, "1 MiB"}, {500, units_ms, "500 ms"}, {90000, units_ms, "90 s"}, {86400000, units_ms, "1 d"}, {50000, units_bps, "50 kb/s"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char out[32];

		units_format(c[i].v, c[i].u, out, sizeof out);
		cr_expect_str_eq(out, c[i].s);
	}
}

Test(address, is_literal_and_comes_back_as_text)
{
	static const struct { const char *s; int rc; const char *text; } c[] = {
		{"192.0.2.11", 0, "192.0.2.11:554"}, {"192.0.2.11:8554", 0, "192.0.2.11:8554"}, {"[2001:DB8::1]", 0, "[2001:db8::1]:554"},
		{"[::1]:65535", 0, "[::1]:65535"}, {"255.255.255.255:0", 0, "255.255.255.255:0"}, {"[::ffff:192.0.2.1]:1", 0, "[::ffff:192.0.2.1]:1"},
		{"camera", -ENOENT, NULL}, {"camera.example:554", -ENOENT, NULL}, {"1.2.3.4.example", -ENOENT, NULL}, {"0x7f000001", -ENOENT, NULL},
		{"", -EINVAL, NULL}, {":554", -EINVAL, NULL}, {"1.2.3", -EINVAL, NULL}, {"2130706433", -EINVAL, NULL}, {"1.2.3.256", -EINVAL, NULL},
		{"1.2.3.4:", -EINVAL, NULL}, {"1.2.3.4:+5", -EINVAL, NULL}, {"1.2.3.4:65536", -EINVAL, NULL}, {"::1", -EINVAL, NULL}, {"[::1", -EINVAL, NULL},
		{"[::1]x", -EINVAL, NULL}, {"[]", -EINVAL, NULL}, {"[1.2.3.4]", -EINVAL, NULL}, {"[fe80::1%lo]", -EINVAL, NULL}, {"1.2.3.4%lo", -EINVAL, NULL},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct sockaddr_storage a = {0};
		struct address_parts p;
		const char *why = NULL;
		char text[ADDRESS_TEXT];
		int rc = address_split(c[i].s, strlen(c[i].s), &p, &why);

		if (!rc)
			rc = address_parse(&p, 554, &a, &why);
		cr_expect_eq(rc, c[i].rc, "\"%s\": %d", c[i].s, rc);
		cr_expect_eq(why == NULL, rc == 0, "\"%s\"", c[i].s);
		if (rc)
			continue;
		address_text(&a, text);
		cr_expect_str_eq(text, c[i].text);
	}
}

Test(phc, takes_what_libargon2_writes_and_nothing_odd)
{
	static const struct { const char *s; int rc; } c[] = {
		{"$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg", 0},
		{"$argon2id$v=19$m=1048576,t=16,p=16$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", 0},
		{"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", 0},
		{"$argon2id$v=19$m=1048577,t=3,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=4294967296,t=3,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=127,t=1,p=16$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=64,t=1,p=1,keyid=x$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=+64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=64,t=1,p=1$c29t$KqyvmhYhMyRnOZHYOuP5tg", -EINVAL},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhY", -EINVAL},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg$", -EINVAL},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5t", -EINVAL},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ", -EINVAL}, {"$argon2id$", -EINVAL}, {"", -EINVAL},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		const char *why;

		cr_expect_eq(phc_check(c[i].s, strlen(c[i].s), &why), c[i].rc, "%s", c[i].s);
	}
}

Test(schema, counts_edits)
{
	static const struct { const char *a, *b; unsigned d; } c[] = {
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"camras", "cameras", 1},
		{"kitten", "sitting", 3}, {"sorce", "source", 1}, {"fsp", "fps", 1}, {"ab", "ba", 1}, {"abcdef", "badcfe", 3},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		cr_expect_eq(schema_distance(c[i].a, strlen(c[i].a), c[i].b, strlen(c[i].b)), c[i].d, "%s %s", c[i].a, c[i].b);
		cr_expect_eq(schema_distance(c[i].b, strlen(c[i].b), c[i].a, strlen(c[i].a)), c[i].d, "%s %s", c[i].b, c[i].a);
	}
}
