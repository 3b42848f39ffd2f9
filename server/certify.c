/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * certify: has a token's key certify the key of one run. It is started by the command casemate before any role is, and while the site's key is
 * replaced, ends within seconds, and is the only program that loads what tokens need (OpenSSL's engine pkcs11, its provider tpm2); no role ever
 * sees the token, its PIN, or these.
 *
 *     certify public ORIGIN   prints the token's public key
 *     certify run ORIGIN      makes a key, writes it to descriptor 3, prints the token's public key and the note that certifies it
 *     certify turn ORIGIN VKEY TIME SIZE
 *                             prints the token's public key and the note by which it hands over to VKEY (TIME in microseconds)
 *
 * Standard input is the file that says where the token is (server/token.h). Exit status: 0, or after a line that says why 1, or
 * CERTIFIED_EXIT_PIN when the token refused its PIN.
 */
#define OPENSSL_SUPPRESS_DEPRECATED  /* engines: PKCS#11 has no provider in Debian 12 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/text.h"
#include "seal/keychain.h"
#include "seal/tree.h"
#include "server/certified.h"
#include "server/token.h"

#define KEY_FD 3
#define PIN_MAX 256
#define TPM "?provider=tpm2"

struct certify {
	struct token token;
	char pin[PIN_MAX];
	EVP_PKEY *pkey;              /* a handle: the key is in the token */
	struct key_public root;
};

static bool tpm_has_pin;         /* it was told, for a key that is there */

/* Of libp11, which hands PKCS#11's own numbers on: CKR_PIN_INCORRECT, _INVALID, _LEN_RANGE, _EXPIRED, _LOCKED. */
static bool is_about_pin(unsigned long e)
{
	const char *library = ERR_lib_error_string(e);

	return library && !strcmp(library, "PKCS#11 module") && ERR_GET_REASON(e) >= 0xa0 && ERR_GET_REASON(e) <= 0xa4;
}

static _Noreturn void give_up(const char *what, const char *why)
{
	bool refused = tpm_has_pin;
	char text[256] = "";
	unsigned long e = ERR_peek_last_error();

	if (e)
		ERR_error_string_n(e, text, sizeof text);
	while ((e = ERR_get_error()) != 0)
		refused |= is_about_pin(e);
	fprintf(stderr, "casemate: token: %s: %s%s%s%s\n", what, refused ? "the PIN is refused, or " : "", why, *text ? ": " : "", text);
	exit(refused ? CERTIFIED_EXIT_PIN : 1);
}

static void read_token(struct certify *c)
{
	const char *why = "reading the file";
	struct buf b;
	int rc;

	buf_init(&b, TOKEN_BYTES_MAX);
	rc = io_read_all(STDIN_FILENO, &b);
	if (!rc)
		rc = token_parse(buf_data(&b), b.len, &c->token, &why);
	buf_free(&b);
	if (rc)
		give_up("the key file", why);
}

static void read_pin(struct certify *c)
{
	const uint8_t *end;
	struct buf b;
	size_t n;
	int rc;

	if (!*c->token.pin)
		return;
	buf_init(&b, PIN_MAX);
	rc = io_read_file(AT_FDCWD, c->token.pin, &b);
	end = b.len ? memchr(buf_data(&b), '\n', b.len) : NULL;
	n = end ? (size_t)(end - buf_data(&b)) : b.len;
	if (rc || n == 0 || n >= PIN_MAX)
		give_up(c->token.pin, rc ? strerror(-rc) : "its first line must be the PIN");
	memcpy(c->pin, buf_data(&b), n);
	explicit_bzero(buf_data(&b), b.len);
	buf_free(&b);
}

/* --- PKCS#11 ---------------------------------------------------------------------------- */

static EVP_PKEY *open_pkcs11(const struct certify *c)
{
	ENGINE *e;

	ENGINE_load_builtin_engines();
	e = ENGINE_by_id("pkcs11");
	if (!e)
		give_up("PKCS#11", "OpenSSL's engine for it is missing: install libengine-pkcs11-openssl");
	if (*c->token.module && !ENGINE_ctrl_cmd_string(e, "MODULE_PATH", c->token.module, 0))
		give_up(c->token.module, "cannot be loaded");
	if (*c->pin && !ENGINE_ctrl_cmd_string(e, "PIN", c->pin, 0))
		give_up("PKCS#11", "the PIN is not taken");
	if (!ENGINE_init(e))
		give_up("PKCS#11", "the token's library does not start");
	return ENGINE_load_private_key(e, c->token.uri, NULL, NULL);
}

/* --- TPM -------------------------------------------------------------------------------- */

static int say_pin(char *buf, int size, int rwflag, void *ctx)
{
	const struct certify *c = ctx;
	size_t n = strlen(c->pin);

	if (n > (size_t)size)
		return -1;
	tpm_has_pin = true;
	memcpy(buf, c->pin, n);
	return (int)n;
}

static EVP_PKEY *open_tpm(struct certify *c)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(say_pin, 0);
	OSSL_STORE_CTX *store;
	EVP_PKEY *found = NULL;

	if (*c->token.module)
		setenv("TPM2OPENSSL_TCTI", c->token.module, 1);
	if (!OSSL_PROVIDER_load(NULL, "default") || !OSSL_PROVIDER_load(NULL, "tpm2"))
		give_up("TPM", "OpenSSL's provider for it does not load: install tpm2-openssl, and let this user use the device (group tss)");
	store = ui ? OSSL_STORE_open_ex(c->token.uri, NULL, TPM, ui, c, NULL, NULL, NULL) : NULL;
	while (store && !found && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			found = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	UI_destroy_method(ui);
	return found;
}

/* --- what is asked ---------------------------------------------------------------------- */

static void open_root(struct certify *c, const char *origin)
{
	uint8_t *der = NULL;
	int n;

	c->pkey = token_is_pkcs11(&c->token) ? open_pkcs11(c) : open_tpm(c);
	if (!c->pkey)
		give_up(c->token.uri, "no private key is there");
	n = i2d_PUBKEY(c->pkey, &der);
	if (n <= 0 || key_make_p256(origin, der, (size_t)n, &c->root))
		give_up(c->token.uri, "not a key of ECDSA over P-256, or the site's name cannot be a key's");
	OPENSSL_free(der);
}

static size_t sign(const struct certify *c, const struct buf *text, uint8_t sig[KEY_SIGNATURE_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = KEY_SIGNATURE_MAX;
	bool good = ctx && (token_is_pkcs11(&c->token) ? EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, c->pkey) :
		EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, TPM, c->pkey, NULL)) == 1 &&
		EVP_DigestSign(ctx, sig, &n, buf_data(text), text->len) == 1;

	EVP_MD_CTX_free(ctx);
	if (!good || !key_verify(&c->root, buf_data(text), text->len, sig, n))
		give_up(c->token.uri, "it does not sign");
	return n;
}

static void certify(const struct certify *c, const char *origin)
{
	uint8_t sig[KEY_SIGNATURE_MAX];
	struct key_private *k = NULL;
	struct buf pem, text, note;
	int rc;

	buf_init(&pem, KEY_FILE_MAX);
	buf_init(&text, KEYCHAIN_NOTE_MAX);
	buf_init(&note, KEYCHAIN_NOTE_MAX);
	rc = key_generate(origin, &k);
	if (!rc)
		rc = key_write(k, &pem);
	if (!rc)
		rc = keychain_text(&text, key_public_of(k), clock_wall_us() / 1000 * 1000, 0);
	if (!rc)
		rc = keychain_put(&note, buf_data(&text), text.len, &c->root, sig, sign(c, &text, sig));
	if (!rc)
		rc = io_write_all(KEY_FD, buf_data(&pem), pem.len);
	if (!rc)
		rc = io_write_all(STDOUT_FILENO, buf_data(&note), note.len);
	if (rc)
		give_up("the run's key", strerror(-rc));
	explicit_bzero(buf_data(&pem), pem.len);
	buf_free(&pem);
	buf_free(&text);
	buf_free(&note);
	key_free(&k);
}

static void hand_over(const struct certify *c, const char *heir, const char *time, const char *size)
{
	uint8_t sig[KEY_SIGNATURE_MAX];
	struct key_public made_known;
	struct buf text, note;
	uint64_t time_us, at;
	const char *why;
	int rc;

	if (key_parse_vkey(heir, strlen(heir), &made_known, &why))
		give_up("the next key", why);
	if (text_u64(time, strlen(time), INT64_MAX, &time_us) || text_u64(size, strlen(size), TREE_SIZE_MAX, &at) || at == 0)
		give_up("the next key", "no time and size");
	buf_init(&text, KEYCHAIN_NOTE_MAX);
	buf_init(&note, KEYCHAIN_NOTE_MAX);
	rc = keychain_text(&text, &made_known, (int64_t)time_us, at);
	if (!rc)
		rc = keychain_put(&note, buf_data(&text), text.len, &c->root, sig, sign(c, &text, sig));
	if (!rc)
		rc = io_write_all(STDOUT_FILENO, buf_data(&note), note.len);
	if (rc)
		give_up("the next key", strerror(-rc));
	buf_free(&text);
	buf_free(&note);
}

/* No more than this. What the token's library may need (files, a device, a socket, threads) is not ours to know. */
static void confine(void)
{
	static const struct { unsigned what; rlim_t most; } limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_FSIZE, 1 << 20}, {RLIMIT_CPU, 20}, {RLIMIT_NOFILE, 256}};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		setrlimit(limits[i].what, &(struct rlimit){limits[i].most, limits[i].most});
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
	static struct certify c;
	char root[KEY_VKEY], line[KEY_VKEY + 1];
	bool run = argc == 3 && !strcmp(argv[1], "run"), turn = argc == 6 && !strcmp(argv[1], "turn");

	if (!run && !turn && (argc != 3 || strcmp(argv[1], "public") != 0)) {
		fputs("certify is started by casemate, for a key in a token: see casemate-keygen(1)\n", stderr);
		return 2;
	}
	confine();
	read_token(&c);
	read_pin(&c);
	open_root(&c, argv[2]);
	explicit_bzero(c.pin, sizeof c.pin);
	key_vkey(&c.root, root);
	if ((run || turn) && strcmp(root, c.token.root) != 0)
		give_up(c.token.uri, "the token holds another key than the site's: verifiers would not know it");
	snprintf(line, sizeof line, "%s\n", root);
	if (io_write_all(STDOUT_FILENO, line, strlen(line)))
		give_up("the answer", "cannot be written");
	if (run)
		certify(&c, argv[2]);
	if (turn)
		hand_over(&c, argv[3], argv[4], argv[5]);
	EVP_PKEY_free(c.pkey);
	return 0;
}
