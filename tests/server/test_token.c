/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/token.h"

#define ROOT "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

Test(token, file_both_ways)
{
	static const struct token t[] = {
		{.uri = "pkcs11:token=a;object=b", .module = "/usr/lib/x.so", .pin = "/etc/pin", .root = ROOT},
		{.uri = "handle:0x81000001", .root = ROOT}, {.uri = "file:/etc/tpm.key", .module = "device:/dev/tpmrm0"}, {.uri = "pkcs11:", .pin = "/p"},
	};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct token back;
		const char *why;
		struct buf b;

		buf_init(&b, TOKEN_BYTES_MAX);
		cr_assert_eq(token_write(&t[i], &b), 0, "case %zu", i);
		cr_assert(token_is(buf_data(&b), b.len));
		cr_assert_eq(token_parse(buf_data(&b), b.len, &back, &why), 0, "case %zu: %s", i, why);
		cr_assert(!strcmp(t[i].uri, back.uri) && !strcmp(t[i].module, back.module) && !strcmp(t[i].pin, back.pin) && !strcmp(t[i].root, back.root));
		cr_assert_eq(token_is_pkcs11(&back), i % 3 == 0);
		buf_free(&b);
	}
}

Test(token, other_files)
{
	static const char *const bad[] = {
		"", "casemate.token/v1", "casemate.token/v1\n", "casemate.token/v2\nuri a\n", "casemate.token/v1\nuri \n", "casemate.token/v1\nuri a", "casemate.token/v1\nuri a\nuri b\n",
		"casemate.token/v1\nuri a\npin b\nmodule c\n", "casemate.token/v1\nuri a\nroot " ROOT "\nroot " ROOT "\n", "casemate.token/v1\nuri a\nroot x\n", "casemate.token/v1\nuri a\n\n",
		"casemate.token/v1\nuri a\tb\n", "casemate.token/v1\nuri pkcs11:token=a?pin-value=1234\n", "casemate.token/v1\nuri pkcs11:a?pin-source=/p\n",
		"-----BEGIN PRIVATE KEY-----\n",
	};
	char long_line[2 * TOKEN_TEXT];
	struct token t = {.uri = "untouched"};
	const char *why = NULL;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cr_assert_eq(token_parse(bad[i], strlen(bad[i]), &t, &why), -EINVAL, "case %zu", i);
		cr_assert(why);
	}
	snprintf(long_line, sizeof long_line, "casemate.token/v1\nuri %0*d\n", TOKEN_TEXT, 0);
	cr_assert_eq(token_parse(long_line, strlen(long_line), &t, &why), -EINVAL);
	cr_assert_str_eq(t.uri, "untouched");
}

Test(token, nothing_that_could_not_be_read_back_is_written)
{
	static const struct token t[] = {{.uri = "a\nroot x"}, {.uri = ""}, {.uri = "pkcs11:a?pin-value=1"}, {.uri = "a", .pin = "b\xc3\xa4"}};

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct buf b;

		buf_init(&b, TOKEN_BYTES_MAX);
		cr_assert_eq(token_write(&t[i], &b), -EINVAL, "case %zu", i);
		cr_assert_eq(b.len, 0);
		buf_free(&b);
	}
}
