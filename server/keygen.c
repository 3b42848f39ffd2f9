/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate keygen: the site's signing key, or a TLS certificate of one's own. Never overwrites a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/options.h"
#include "seal/cosign.h"
#include "seal/hash.h"
#include "seal/key.h"
#include "seal/media_key.h"
#include "server/commands.h"
#include "server/keygen_inner.h"

#define PEM_MAX (64u << 10)

static const char usage_text[] =
	"usage: casemate keygen NAME [-o site.key]\n"
	"       casemate keygen --rotate [--token URI [--module M] [--pin FILE]] [-o site.key]\n"
	"       casemate keygen --witness NAME [-o witness.key]\n"
	"       casemate keygen --admin NAME [-o admin.key]\n"
	"       casemate keygen --token URI [--module M] [--pin FILE] NAME [-o site.key]\n"
	"       casemate keygen --tls HOST... [--ca CA] [-o tls]\n"
	"       casemate keygen --tls-ca NAME [-o ca]\n"
	"       casemate keygen --tls-client NAME [--ca CA] [-o client]\n"
	"       casemate keygen --media-signing NAME [-o media]\n"
	"\n"
	"Makes the key that a site signs its footage with, and prints its public half:\n"
	"that is what casemate verify wants. NAME is the site's name (site: in the site file).\n"
	"With --rotate: the key that replaces site.key, as site.key.next; after a reload it signs.\n"
	"With --witness: the key that NAME cosigns other sites' logs with, see casemate witness.\n"
	"With --admin: the key that NAME signs site files with, see casemate sign-config.\n"
	"With --token: a file that says where the key is, in a PKCS#11 token or behind a TPM;\n"
	"with --rotate too, that key replaces the one in place.\n"
	"With --tls: a certificate tls.crt and its key tls.key for these host names and\n"
	"addresses; self-signed, or by the authority that --ca names.\n"
	"With --tls-ca: an authority of one's own: ca.crt goes to browsers and players once,\n"
	"ca.key signs certificates and is best kept away from the server.\n"
	"With --tls-client: a certificate by which NAME shows who he is.\n"
	"With --media-signing: a key media.key that signs renditions inside their streams\n"
	"(ONVIF Media Signing), its certificate media.crt, and the root media.root.crt of\n"
	"that one, for those who check them; NAME stands in both.\n"
	"\n"
	"  -o FILE     where to (site.key; the public half goes to FILE.pub)\n"
	"  --rotate    the next key of a site that has one\n"
	"  --witness   a witness' key instead\n"
	"  --admin     an admin's key instead\n"
	"  --token URI a key that stays where it is: pkcs11:..., handle:0x81000001, file:tpm.key\n"
	"  --module M  the token's library; of a TPM: its TCTI (device:/dev/tpmrm0)\n"
	"  --pin FILE  its first line is the token's PIN\n"
	"  --tls       a certificate instead\n"
	"  --tls-ca, --tls-client   an authority, a viewer's certificate\n"
	"  --ca CA     the authority in CA.crt and CA.key (ca)\n"
	"  --media-signing   a key for streams instead\n"
	"  --help\n"
	"\n"
	"Existing files are never overwritten. Exit status: 0 made, 2 not.\n";

int keygen_fail(const char *what, const char *why)
{
	fprintf(stderr, "casemate keygen: %s: %s\n", what, why);
	return 2;
}

int keygen_file_error(const char *path, int rc)
{
	return keygen_fail(path, rc == -EEXIST ? "is already there and is not overwritten; move it away or choose another name with -o" : strerror(-rc));
}

static int write_new(const char *path, const void *p, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode), rc;

	if (fd < 0)
		return -errno;
	rc = fchmod(fd, mode) < 0 ? -errno : io_write_all(fd, p, n);
	if (!rc && fsync(fd) < 0)
		rc = -errno;
	close(fd);
	if (rc)
		unlink(path);
	return rc;
}

/* The private file first: if the public one cannot be written, the private one goes again. 0 or 2, said. */
int keygen_write_pair(const char *private_path, const struct buf *private_text, const char *public_path, const void *text, size_t n)
{
	int rc = access(public_path, F_OK) == 0 ? -EEXIST : 0;

	if (rc)
		return keygen_file_error(public_path, rc);
	rc = write_new(private_path, buf_data(private_text), private_text->len, 0600);
	if (rc)
		return keygen_file_error(private_path, rc);
	rc = write_new(public_path, text, n, 0644);
	if (!rc)
		return 0;
	unlink(private_path);
	return keygen_file_error(public_path, rc);
}

void keygen_wipe(struct buf *b)
{
	if (b->mem)
		explicit_bzero(b->mem, b->cap);
	buf_free(b);
}

/* The same key under another type is another key: a witness' never passes for a site's. */
static void print_vkey(const struct key_public *k, bool witness, char out[KEY_VKEY])
{
	struct cosign_public c;

	if (!witness)
		key_vkey(k, out);
	else if (cosign_make_public(k->name, k->raw, &c) == 0)
		cosign_vkey(&c, out);
}

static int make_site_key(const char *name, const char *path, bool witness)
{
	char vkey[KEY_VKEY] = "", line[KEY_VKEY + 1], public_path[4096];
	struct key_private *k = NULL;
	struct buf pem;
	int rc;

	if (!key_is_name(name, strlen(name)))
		return keygen_fail(name, "not a site's name, nor a witness': 1 to 128 printable ASCII characters, no blank, no '+' (example: gate.example.org)");
	if ((size_t)snprintf(public_path, sizeof public_path, "%s.pub", path) >= sizeof public_path)
		return keygen_file_error(path, -ENAMETOOLONG);
	buf_init(&pem, KEY_FILE_MAX);
	rc = key_generate(name, &k);
	if (!rc)
		rc = key_write(k, &pem);
	if (rc) {
		rc = keygen_fail("no key could be made", strerror(-rc));
	} else {
		print_vkey(key_public_of(k), witness, vkey);
		snprintf(line, sizeof line, "%s\n", vkey);
		rc = keygen_write_pair(path, &pem, public_path, line, strlen(line));
	}
	if (!rc)
		fputs(line, stdout);
	key_free(&k);
	keygen_wipe(&pem);
	return rc;
}

/* The same name as the key in place. */
static int make_next_key(const char *path, const char *token, const char *module, const char *pin)
{
	char next[4096];
	struct key_public k;
	const char *why;
	struct buf b;
	int rc;

	if ((size_t)snprintf(next, sizeof next, "%s.pub", path) >= sizeof next)
		return keygen_file_error(path, -ENAMETOOLONG);
	buf_init(&b, KEY_FILE_MAX);
	rc = io_read_file(AT_FDCWD, next, &b);
	if (rc)
		rc = keygen_fail(next, "the public half of the key in place is needed: it has the site's name");
	else if (key_parse_vkey((const char *)buf_data(&b), b.len, &k, &why))
		rc = keygen_fail(next, why);
	buf_free(&b);
	if (rc)
		return rc;
	snprintf(next, sizeof next, "%.4000s.next", path);
	rc = token ? keygen_token(k.name, token, module, pin, next) : make_site_key(k.name, next, false);
	if (!rc)
		fprintf(stderr, "%s lets it sign from then on; the log says so (key-rotated), and then:\n"
			"mv %s %s && mv %s.pub %s.pub\n", token ? "starting casemate anew" : "casemate reload", next, path, next, path);
	return rc;
}

/* The root goes to who checks, never into the site file. */
static int make_media(const char *name, const char *prefix)
{
	char key_path[4096], crt_path[4096], root_path[4096];
	struct buf key, crt, root;
	int rc;

	snprintf(key_path, sizeof key_path, "%.4000s.key", prefix);
	snprintf(crt_path, sizeof crt_path, "%.4000s.crt", prefix);
	snprintf(root_path, sizeof root_path, "%.4000s.root.crt", prefix);
	buf_init(&key, PEM_MAX);
	buf_init(&crt, PEM_MAX);
	buf_init(&root, PEM_MAX);
	rc = media_key_generate(name, &key, &crt, &root);
	if (rc == -EINVAL)
		rc = keygen_fail(name, "not a name for a certificate: 1 to 40 printable ASCII characters");
	else if (rc)
		rc = keygen_fail("no key could be made", strerror(-rc));
	else if (access(root_path, F_OK) == 0)
		rc = keygen_file_error(root_path, -EEXIST);
	else
		rc = keygen_write_pair(key_path, &key, crt_path, buf_data(&crt), crt.len);
	if (!rc) {
		rc = write_new(root_path, buf_data(&root), root.len, 0644);
		if (rc) {
			unlink(key_path);
			unlink(crt_path);
			rc = keygen_file_error(root_path, rc);
		}
	}
	if (!rc)
		printf("%s\n%s\n%s\n", crt_path, key_path, root_path);
	keygen_wipe(&key);
	buf_free(&crt);
	buf_free(&root);
	return rc;
}

int cmd_keygen(int argc, char **argv)
{
	const char *path = NULL, *token = NULL, *module = NULL, *pin = NULL, *ca = NULL;
	bool tls = false, authority = false, client = false, rotate = false, media = false, witness = false, admin = false;
	const struct options_row rows[] = {{"output", 'o', .value = &path}, {"media-signing", .flag = &media}, {"rotate", .flag = &rotate},
		{"token", .value = &token}, {"module", .value = &module}, {"pin", .value = &pin}, {"tls", .flag = &tls}, {"tls-ca", .flag = &authority},
		{"tls-client", .flag = &client}, {"ca", .value = &ca}, {"witness", .flag = &witness}, {"admin", .flag = &admin}, {0}};
	int status;

	/* How many names there may be is said below, with what they are. */
	if (!options_read("keygen", usage_text, rows, argc, argc, argv, &status))
		return status;
	if (tls + authority + client + rotate + witness + admin + media > 1 || (token && tls + authority + client + witness + admin + media))
		return keygen_fail("usage", "only one of --rotate, --witness, --admin, --token, --tls, --tls-ca, --tls-client and --media-signing");
	if (ca && !tls && !client)
		return keygen_fail("--ca", "it signs a certificate: add --tls HOST... or --tls-client NAME");
	if ((module || pin) && !token)
		return keygen_fail("--module, --pin", "they are a token's: add --token URI");
	if (rotate && optind == argc)
		return make_next_key(path ? path : "site.key", token, module, pin);
	if (rotate)
		return keygen_fail("--rotate", "the name is that of the key in place: casemate keygen --rotate -o site.key");
	if (media && argc - optind != 1)
		return keygen_fail("--media-signing", "it wants one name: casemate keygen --media-signing gate.example.org -o media");
	if (media)
		return make_media(argv[optind], path ? path : "media");
	if (optind == argc)
		return keygen_fail(tls ? "a host is missing" : authority || client ? "a name is missing" : witness ? "the witness' name is missing" : admin ? "the admin's name is missing" : "the site's name is missing",
			tls ? "casemate keygen --tls gate.example.org 192.0.2.7" :
			authority ? "casemate keygen --tls-ca \"Example harbour cameras\"" : client ? "casemate keygen --tls-client anna --ca ca" :
			witness ? "casemate keygen --witness notary.example.net" : admin ? "casemate keygen --admin admin.example.org" : "casemate keygen gate.example.org");
	if (argc - optind > (tls ? KEYGEN_HOSTS_MAX : 1))
		return keygen_fail(argv[optind + 1], tls ? "more than 64 hosts" : "only one name; for a certificate add --tls");
	if (token)
		return keygen_token(argv[optind], token, module, pin, path ? path : "site.key");
	if (tls)
		return keygen_tls(argv + optind, argc - optind, ca, path ? path : "tls");
	if (authority)
		return keygen_tls_ca(argv[optind], path ? path : "ca");
	if (client)
		return keygen_tls_client(argv[optind], ca ? ca : "ca", path ? path : "client");
	return make_site_key(argv[optind], path ? path : witness ? "witness.key" : admin ? "admin.key" : "site.key", witness);
}
