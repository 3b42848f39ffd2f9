/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate keygen as a person or a script calls it, in a folder of its own. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "seal/key.h"
#include "server/commands.h"

static char folder[] = "/tmp/casemate-keygen-XXXXXX";

static void enter(void)
{
	int fd;

	cr_assert(mkdtemp(folder) && chdir(folder) == 0);
	/* What it prints goes beside its files. */
	fd = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cr_assert(fd >= 0 && dup2(fd, 1) == 1 && dup2(fd, 2) == 2);
	close(fd);
}

static void leave(void)
{
	static const char *const made[] = {"out", "site.key", "site.key.pub", "site.key.next", "site.key.next.pub", "a", "a.pub", "tls.crt", "tls.key", "b.crt", "b.key", "ca.crt", "ca.key", "client.crt", "client.key", "media.key", "media.crt", "media.root.crt"};

	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		unlink(made[i]);
	cr_expect_eq(chdir("/"), 0);
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(keygen, .init = enter, .fini = leave);

static int keygen(const char *const *args)
{
	char *argv[80] = {NULL};
	int argc = 0;

	for (; args[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)args[argc];
	optind = 0;
	argc = cmd_keygen(argc, argv);
	fflush(stdout);
	return argc;
}
#define KEYGEN(...) keygen((const char *const[]){"keygen", ##__VA_ARGS__, NULL})

static char *text_of(const char *path)
{
	static char text[1 << 16];
	struct buf b;

	buf_init(&b, sizeof text - 1);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &b), 0, "%s", path);
	memset(text, 0, sizeof text);
	memcpy(text, buf_data(&b), b.len);
	buf_free(&b);
	return text;
}

static unsigned mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0, "%s", path);
	return st.st_mode & 07777;
}

Test(keygen, makes_a_key_that_signs)
{
	struct key_private *k = NULL;
	struct key_public pub;
	uint8_t sig[KEY_SIGNATURE_BYTES];
	char *text;

	umask(0);
	cr_assert_eq(KEYGEN("gate.example", "-o", "site.key"), 0);
	text = text_of("site.key.pub");
	cr_assert_eq(key_parse_vkey(text, strlen(text), &pub, NULL), 0);
	cr_assert_str_eq(pub.name, "gate.example");
	text = text_of("site.key");
	cr_assert_eq(key_read("gate.example", text, strlen(text), &k, NULL), 0);
	cr_assert_eq(key_sign(k, "abc", 3, sig), 0);
	cr_assert(key_verify(&pub, "abc", 3, sig, sizeof sig));
	cr_assert_eq(mode_of("site.key"), 0600);
	key_free(&k);
}

Test(keygen, prints_the_public_half_and_nothing_else)
{
	char printed[512];

	cr_assert_eq(KEYGEN("gate.example"), 0);
	snprintf(printed, sizeof printed, "%s", text_of("out"));
	cr_assert_str_eq(printed, text_of("site.key.pub"));
}

Test(keygen, the_next_key_has_the_same_name_and_lies_beside_it)
{
	struct key_private *k = NULL;
	char first[512];
	char *text;

	cr_assert_eq(KEYGEN("--rotate"), 2, "there is none to be replaced");
	cr_assert_eq(KEYGEN("gate.example"), 0);
	snprintf(first, sizeof first, "%s", text_of("site.key.pub"));
	cr_assert_eq(KEYGEN("--rotate"), 0);
	cr_assert_str_eq(text_of("out"), text_of("site.key.next.pub"));
	cr_assert_str_neq(text_of("site.key.next.pub"), first);
	cr_assert_eq(mode_of("site.key.next"), 0600);
	text = text_of("site.key.next");
	cr_assert_eq(key_read("gate.example", text, strlen(text), &k, NULL), 0);
	cr_assert_str_eq(key_public_of(k)->name, "gate.example");
	key_free(&k);
	cr_assert_eq(KEYGEN("--rotate"), 2, "and not over one that is there");
	cr_assert_str_eq(text_of("site.key.pub"), first);
}

Test(keygen, never_overwrites)
{
	char before[4096];

	cr_assert_eq(KEYGEN("gate.example"), 0);
	snprintf(before, sizeof before, "%s", text_of("site.key"));
	cr_assert_eq(KEYGEN("gate.example"), 2);
	unlink("site.key.pub");
	cr_assert_eq(KEYGEN("gate.example"), 2);
	cr_assert_str_eq(text_of("site.key"), before);
	cr_assert_eq(access("site.key.pub", F_OK), -1);
	cr_assert(strstr(text_of("out"), "site.key: is already there and is not overwritten"));
	cr_assert(io_replace_file(AT_FDCWD, "a.pub", "x", 1, 0600) == 0 && KEYGEN("gate.example", "-o", "a") == 2);
	cr_assert_eq(access("a", F_OK), -1);
}

static X509 *certificate(const char *path)
{
	FILE *f = fopen(path, "r");
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	cr_assert(x);
	fclose(f);
	return x;
}

Test(keygen, makes_a_certificate_for_its_hosts)
{
	struct { const char *host; bool good; } c[] = {{"gate.example", true}, {"localhost", true}, {"other.example", false}};
	X509 *x;
	FILE *f;
	EVP_PKEY *key;

	cr_assert_eq(KEYGEN("--tls", "gate.example", "localhost", "192.0.2.7", "::1"), 0);
	cr_assert_eq(mode_of("tls.key"), 0600);
	x = certificate("tls.crt");
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_expect_eq(X509_check_host(x, c[i].host, 0, 0, NULL), c[i].good, "%s", c[i].host);
	cr_assert(X509_check_ip_asc(x, "192.0.2.7", 0) == 1 && X509_check_ip_asc(x, "::1", 0) == 1 && X509_check_ip_asc(x, "192.0.2.8", 0) == 0);
	f = fopen("tls.key", "r");
	key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	cr_assert(key && X509_check_private_key(x, key) == 1 && X509_verify(x, key) == 1);
	cr_assert(X509_cmp_current_time(X509_get0_notBefore(x)) < 0 && X509_cmp_current_time(X509_get0_notAfter(x)) > 0);
	fclose(f);
	EVP_PKEY_free(key);
	X509_free(x);
}

/* Whether x is one that the authority of ca vouches for, for this purpose. */
static bool is_trusted(X509 *ca, X509 *x, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good = X509_STORE_add_cert(store, ca) == 1 && X509_STORE_CTX_init(ctx, store, x, NULL) == 1 && X509_STORE_CTX_set_purpose(ctx, purpose) == 1;

	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
	good = good && X509_verify_cert(ctx) == 1;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return good;
}

Test(keygen, an_authority_signs_certificates_of_servers_and_viewers)
{
	X509 *ca, *server, *client;

	cr_assert_eq(KEYGEN("--tls-ca", "Example harbour"), 0);
	cr_assert_eq(KEYGEN("--tls", "gate.example", "192.0.2.7", "--ca", "ca"), 0);
	cr_assert_eq(KEYGEN("--tls-client", "anna"), 0);
	cr_expect_eq(mode_of("ca.key"), 0600);
	cr_expect_eq(mode_of("client.key"), 0600);
	ca = certificate("ca.crt");
	server = certificate("tls.crt");
	client = certificate("client.crt");
	cr_expect(is_trusted(ca, server, X509_PURPOSE_SSL_SERVER));
	cr_expect(is_trusted(ca, client, X509_PURPOSE_SSL_CLIENT));
	cr_expect(!is_trusted(ca, server, X509_PURPOSE_SSL_CLIENT) && !is_trusted(ca, client, X509_PURPOSE_SSL_SERVER));
	cr_expect(X509_check_host(server, "gate.example", 0, 0, NULL) == 1 && X509_check_ip_asc(server, "192.0.2.7", 0) == 1);
	cr_expect(X509_check_ca(ca) == 1 && X509_check_ca(server) == 0 && X509_check_ca(client) == 0);
	cr_expect_eq(X509_get_pathlen(ca), 0);
	cr_expect(ASN1_TIME_compare(X509_get0_notAfter(server), X509_get0_notAfter(ca)) < 0);
	/* a certificate that is no authority's signs none */
	cr_expect_eq(KEYGEN("--tls", "b", "--ca", "tls", "-o", "b"), 2);
	cr_expect(access("b.crt", F_OK) < 0 && access("b.key", F_OK) < 0);
	X509_free(ca);
	X509_free(server);
	X509_free(client);
}

Test(keygen, makes_a_key_for_streams_its_certificate_and_their_root)
{
	X509 *x, *root;

	cr_assert_eq(KEYGEN("--media-signing", "museum.example"), 0);
	cr_assert_eq(mode_of("media.key"), 0600);
	x = certificate("media.crt");
	root = certificate("media.root.crt");
	cr_assert(X509_check_issued(root, x) == X509_V_OK && X509_verify(x, X509_get0_pubkey(root)) == 1);
	cr_assert_eq(KEYGEN("--media-signing", "museum.example"), 2);
	cr_assert(strstr(text_of("out"), "is already there"));
	X509_free(x);
	X509_free(root);
	cr_assert(unlink("media.key") == 0 && unlink("media.crt") == 0 && KEYGEN("--media-signing", "museum.example") == 2);
	cr_assert_eq(access("media.key", F_OK), -1);
	cr_assert_eq(unlink("media.root.crt"), 0);
}

Test(keygen, says_what_is_wrong)
{
	static const struct { const char *args[4], *words; } c[] = {
		{{"keygen"}, "the site's name is missing"}, {{"keygen", "a b"}, "not a site's name"}, {{"keygen", "a+b"}, "not a site's name"},
		{{"keygen", "a", "-o"}, "-o wants a value behind it"}, {{"keygen", "--tls=a"}, "--tls takes no value"},
		{{"keygen", "a", "b"}, "only one name"}, {{"keygen", "--tls"}, "a host is missing"}, {{"keygen", "--tls", "a_b"}, "neither a host name nor an address"},
		{{"keygen", "--tls", "-o"}, ""}, {{"keygen", "--media-signing"}, "it wants one name"}, {{"keygen", "--media-signing", "a", "b"}, "it wants one name"},
		{{"keygen", "--media-signing", "01234567890123456789012345678901234567890"}, "1 to 40 printable"}, {{"keygen", "--wrong"}, "casemate keygen: --wrong is no option"}, {{"keygen", "--rotate", "a"}, "the name is that of the key in place"},
		{{"keygen", "--tls-ca"}, "a name is missing"}, {{"keygen", "--tls-client", "a"}, "no certificate of an authority"}, {{"keygen", "--ca", "ca", "a"}, "it signs a certificate"},
		{{"keygen", "--tls-ca", ""}, "1 to 64 printable"}, {{"keygen", "--rotate", "--tls", "a"}, "only one of"}, {{"keygen", "--pin", "p", "a"}, "add --token"}, {{"keygen", "--token", "pkcs11:a?pin-value=1", "a"}, "it belongs into a file"},
		{{"keygen", "--token", "file:/nowhere", "a"}, "No such file"}, {{"keygen", "a", "-o/nowhere/at/all"}, "No such file"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		const char *args[5] = {c[i].args[0], c[i].args[1], c[i].args[2], c[i].args[3]};

		cr_assert_eq(keygen(args), 2, "case %zu", i);
		cr_assert(strstr(text_of("out"), c[i].words), "%s", c[i].words);
	}
	cr_assert_eq(access("site.key", F_OK), -1);
	cr_assert_eq(KEYGEN("--help"), 0);
}
