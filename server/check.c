/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate check: what is wrong with a site file and with what it names. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "conf/complaint.h"
#include "conf/rights.h"
#include "conf/site.h"
#include "conf/units.h"
#include "seal/key.h"
#include "seal/media_key.h"
#include "server/admin.h"
#include "server/against.h"
#include "server/check.h"
#include "server/check_print.h"
#include "server/token.h"
#include "server/commands.h"
#include "server/witnesses.h"

#define UDP_ROOM 1048576

static const char usage[] =
	"usage: casemate check [--effective | --json] [-c SITE-FILE]\n"
	"       casemate check --against OLD-FILE [--json] NEW-FILE\n"
	"\n"
	"Reads the site file and looks at the files and folders it names, and says\n"
	"everything that is wrong with them, with the place and the mend; or what the\n"
	"site is, and what it is expected to cost.\n"
	"With --against: what a change from one site file to another opens and closes,\n"
	"and who is disconnected by it.\n"
	"\n"
	"  -c, --config FILE  the site file (default " SITE_FILE_DEFAULT ")\n"
	"      --against FILE the site file that is in use\n"
	"      --effective    the site file with all that is included, inherited and left out\n"
	"      --json         what is printed of a site, or what changes, as JSON\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 the site is good, 1 it is not, 2 it could not be read.\n"
	"With --against: 0 nothing opens and nobody is disconnected, 1 something does\n"
	"or somebody is, or footage is deleted, 2 there is an error in a file.\n"
	"See casemate-check(1) and casemate-site(5).\n";

struct check {
	const char *path;  /* as the user gave it */
	FILE *to;
	const struct site *site;
	unsigned problems, warnings;
};

enum weight { PROBLEM, WARNING };

static void say(struct check *c, enum weight w, int line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void say(struct check *c, enum weight w, int line, const char *fmt, ...)
{
	char place[PATH_MAX + SITE_PART_NAME];
	va_list ap;

	*(w == PROBLEM ? &c->problems : &c->warnings) += 1;
	site_place(c->site, c->path, line, place, sizeof place);
	fprintf(c->to, "%s: %s", place, w == WARNING ? "warning: " : "");
	va_start(ap, fmt);
	vfprintf(c->to, fmt, ap);
	va_end(ap);
	putc('\n', c->to);
}

/* A path as it may be shown. */
struct shown {
	char text[256];
};

static struct shown shown(const char *path)
{
	struct shown s;

	text_escape(path, strlen(path), s.text, sizeof s.text);
	return s;
}

/* OpenSSL would otherwise ask on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	return -1;
}

static FILE *open_pem(const char *path)
{
	int fd = io_open_regular(AT_FDCWD, path, O_RDONLY, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static X509 *read_certificate(const char *path)
{
	FILE *f = open_pem(path);
	X509 *x = f ? PEM_read_X509(f, NULL, no_passphrase, NULL) : NULL;

	if (f)
		fclose(f);
	ERR_clear_error();
	return x;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = open_pem(path);
	EVP_PKEY *k = f ? PEM_read_PrivateKey(f, NULL, no_passphrase, NULL) : NULL;

	if (f)
		fclose(f);
	ERR_clear_error();
	return k;
}

static void day(const ASN1_TIME *t, char out[16])
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
		snprintf(out, 16, "a day unknown");
}

static void check_dates(struct check *c, const X509 *x)
{
	const ASN1_TIME *from = X509_get0_notBefore(x), *to = X509_get0_notAfter(x);
	struct shown name = shown(c->site->tls_certificate);
	int days = 0, seconds = 0;
	char when[16];

	if (X509_cmp_current_time(from) > 0) {
		day(from, when);
		say(c, PROBLEM, c->site->tls_line, "%s is not valid before %s: is this machine's clock right?", name.text, when);
	}
	day(to, when);
	if (X509_cmp_current_time(to) <= 0)
		say(c, PROBLEM, c->site->tls_line, "%s expired on %s: get a new certificate", name.text, when);
	else if (ASN1_TIME_diff(&days, &seconds, NULL, to) && days < CERTIFICATE_SOON_DAYS)
		say(c, WARNING, c->site->tls_line, "%s expires on %s", name.text, when);
}

/* A list that is over refuses everybody of its authority. */
static void check_list(struct check *c, const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	char when[16];

	if (!next || X509_cmp_current_time(next) > 0)
		return;
	day(next, when);
	say(c, PROBLEM, c->site->tls_line, "a revocation list in %s was to be followed by another on %s: until it is, nobody of its authority is let in",
	    shown(c->site->tls_client_ca).text, when);
}

static void check_client_ca(struct check *c)
{
	const char *path = c->site->tls_client_ca;
	STACK_OF(X509_INFO) *all;
	unsigned authorities = 0;
	BIO *bio;

	if (!path)
		return;
	bio = BIO_new_file(path, "r");
	all = bio ? PEM_X509_INFO_read_bio(bio, NULL, NULL, (void *)(uintptr_t)"") : NULL;
	for (int i = 0; i < sk_X509_INFO_num(all); i++) {
		const X509_INFO *info = sk_X509_INFO_value(all, i);

		if (info->x509 && X509_check_ca(info->x509) == 1)
			authorities++;
		else if (info->x509)
			say(c, PROBLEM, c->site->tls_line, "%s holds a certificate that is no authority's", shown(path).text);
		if (info->crl)
			check_list(c, info->crl);
	}
	if (!authorities)
		say(c, PROBLEM, c->site->tls_line, "%s holds no authority's certificate in PEM", shown(path).text);
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error();
}

static void check_tls(struct check *c)
{
	const struct site *s = c->site;
	X509 *x = read_certificate(s->tls_certificate);
	EVP_PKEY *k = read_key(s->tls_key);

	if (!x)
		say(c, PROBLEM, s->tls_line, "%s is not a certificate in PEM", shown(s->tls_certificate).text);
	else
		check_dates(c, x);
	if (!k)
		say(c, PROBLEM, s->tls_line, "%s is not a private key in PEM without a passphrase", shown(s->tls_key).text);
	else if (x && X509_check_private_key(x, k) != 1)
		say(c, PROBLEM, s->tls_line, "%s is not the key of the certificate %s", shown(s->tls_key).text, shown(s->tls_certificate).text);
	ERR_clear_error();
	X509_free(x);
	EVP_PKEY_free(k);
}

/* keygen leaves the public key beside the private one; its name is the one verifiers will look for. */
static void check_public_key(struct check *c)
{
	char path[PATH_MAX + 4];
	struct key_public k;
	const char *why;
	struct buf b;

	snprintf(path, sizeof path, "%s.pub", c->site->key);
	buf_init(&b, KEY_FILE_MAX);
	if (!io_read_file(AT_FDCWD, path, &b) && !key_parse_vkey((const char *)buf_data(&b), b.len, &k, &why) &&
	    strcmp(k.name, c->site->origin))
		say(c, WARNING, c->site->key_line, "%s was made for \"%s\", not for \"%s\": who verifies with it finds no signature",
		    shown(path).text, k.name, c->site->origin);
	buf_free(&b);
}

/* A key, or where a token's is; the token itself is asked at the start. */
static int try_key(struct check *c, const char *path, const char **why)
{
	struct key_private *k = NULL;
	struct token token;
	struct buf b;
	int rc;

	*why = "it cannot be read";
	buf_init(&b, TOKEN_BYTES_MAX);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (!rc && token_is(buf_data(&b), b.len))
		rc = token_parse(buf_data(&b), b.len, &token, why);
	else if (!rc)
		rc = key_read(c->site->origin, buf_data(&b), b.len, &k, why);
	key_free(&k);
	if (b.len)
		explicit_bzero(buf_data(&b), b.len);
	buf_free(&b);
	return rc;
}

static void check_key(struct check *c)
{
	char next[PATH_MAX + 8];
	const char *why;
	int rc;

	if (try_key(c, c->site->key, &why))
		say(c, PROBLEM, c->site->key_line, "%s: %s: make one with \"casemate keygen %s -o FILE\"", shown(c->site->key).text, why,
		    c->site->origin);
	snprintf(next, sizeof next, "%s.next", c->site->key);
	rc = try_key(c, next, &why);
	if (rc && rc != -ENOENT)
		say(c, PROBLEM, c->site->key_line, "%s: %s: make it with \"casemate keygen --rotate -o %s\", or remove it", shown(next).text, why,
		    shown(c->site->key).text);
	check_public_key(c);
}

/* What sign would say of them. */
static void check_media_key(struct check *c)
{
	const char *why = "cannot be read";
	struct media_key *k = NULL;
	struct buf pem, certificates;

	if (!c->site->media_key)
		return;
	buf_init(&pem, MEDIA_KEY_FILE_MAX);
	buf_init(&certificates, MEDIA_KEY_CHAIN_FILE_MAX);
	if (io_read_file(AT_FDCWD, c->site->media_key, &pem) || io_read_file(AT_FDCWD, c->site->media_certificate, &certificates) ||
	    media_key_read(buf_data(&pem), pem.len, buf_data(&certificates), certificates.len, &k, &why))
		say(c, PROBLEM, c->site->media_line, "media_signing: %s: make both with \"casemate keygen --media-signing NAME\"", why);
	media_key_free(&k);
	if (pem.len)
		explicit_bzero(buf_data(&pem), pem.len);
	buf_free(&pem);
	buf_free(&certificates);
}

/* An archive with footage in it uses part of its max_size already: then only the whole disk can be judged. */
static void check_space(struct check *c)
{
	uint64_t max = c->site->archive_max_bytes, room;
	char path[PATH_MAX + 16], want[32], have[32];
	struct statvfs v;
	struct stat st;

	if (statvfs(c->site->archive, &v) < 0)
		return;
	snprintf(path, sizeof path, "%s/footage", c->site->archive);
	room = (uint64_t)v.f_frsize * (stat(path, &st) < 0 ? v.f_bavail : v.f_blocks);
	if (room >= max)
		return;
	units_format(max, units_bytes, want, sizeof want);
	units_format(room / 1000000000 ? room / 1000000000 * 1000000000 : room, units_bytes, have, sizeof have);
	say(c, WARNING, c->site->archive_line, "max_size is %s, but %s has room for %s only: recording will stop when the disk is full", want,
	    shown(c->site->archive).text, have);
}

static void check_archive(struct check *c)
{
	const char *path = c->site->archive;
	int line = c->site->archive_line;
	struct stat st;

	if (stat(path, &st) < 0 && errno == ENOENT)
		say(c, WARNING, line, "%s does not exist yet: run \"mkdir -p -m 700 %s\"", shown(path).text, shown(path).text);
	else if (stat(path, &st) < 0)
		say(c, PROBLEM, line, "%s: %s", shown(path).text, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		say(c, PROBLEM, line, "%s is not a folder", shown(path).text);
	else if (access(path, R_OK | W_OK | X_OK) < 0)
		say(c, PROBLEM, line, "%s can't be written to by user %u, who runs this: %s", shown(path).text, geteuid(), strerror(errno));
	else
		check_space(c);
}

static void check_socket(struct check *c)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof folder, "%s", c->site->socket);
	slash = strrchr(folder, '/');
	slash[slash == folder] = 0;
	if (access(folder, W_OK | X_OK) < 0)
		say(c, PROBLEM, c->site->socket_line, "socket: %s, where it belongs, can't be written to by user %u, who runs this: %s",
		    shown(folder).text, geteuid(), strerror(errno));
}

/* The kernel's limit on what a socket may keep until it is read: too little for a key frame in one burst. */
static void check_socket_room(struct check *c)
{
	char text[32] = "";
	uint64_t room;
	int fd = open("/proc/sys/net/core/rmem_max", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (fd >= 0)
		close(fd);
	if (n > 1 && !text_u64(text, (size_t)n - 1, UINT64_MAX, &room) && room < UDP_ROOM)
		say(c, WARNING, 0, "a camera sends by udp, and this kernel lets a socket keep %llu bytes: large pictures may lose packets; "
		    "run \"sysctl -w net.core.rmem_max=%d\"", (unsigned long long)room, UDP_ROOM);
}

/* What changes encoded pictures, and does not do what one may think. */
static void check_encoded(struct check *c, const struct site_camera *cam)
{
	if (cam->nmasks && cam->copy == SITE_COPY_LIVE)
		say(c, WARNING, cam->mask[0].line, "camera %s: masks hide nothing in its copy, which viewers are given too: \"copy: recorded\" keeps it from them",
		    cam->name);
	if (!cam->nrenditions && (cam->overlay || cam->denoise))
		say(c, WARNING, cam->line, "camera %s: %s: is for encoded renditions, and it has none", cam->name, cam->overlay ? "overlay" : "denoise");
}

/* An authority file that holds none would leave its cameras dark. */
static void check_cameras(struct check *c)
{
	bool udp = false;

	for (unsigned i = 0; i < c->site->ncameras; i++) {
		const struct site_camera *cam = &c->site->camera[i];
		X509 *x = cam->ca ? read_certificate(cam->ca) : NULL;

		if (cam->ca && !x)
			say(c, PROBLEM, cam->line, "camera %s: ca: %s holds no certificate in PEM", cam->name, shown(cam->ca).text);
		X509_free(x);
		check_encoded(c, cam);
		udp |= cam->transport == SITE_TRANSPORT_UDP;
	}
	if (udp)
		check_socket_room(c);
}

/* What nobody would miss until he needs it. */
static void check_rights(struct check *c)
{
	const struct site *s = c->site;

	for (unsigned i = 0; i < s->ngroups; i++) {
		const struct site_group *g = &s->group[i];
		bool any = false;

		for (unsigned k = 0; k < s->ncameras; k++)
			any |= rights_group_has(g, s->camera[k].name);
		if (!any)
			say(c, WARNING, g->line, "group %s: its patterns match no camera", g->name);
	}
	for (unsigned i = 0; i < s->nusers; i++)
		if (!rights_of(s, &s->user[i], NULL))
			say(c, WARNING, s->user[i].line, "user %s: is of no group that may anything, so he is not let in", s->user[i].name);
}

/* The folder of what is included too: who may write there adds cameras. */
static void check_parts(struct check *c)
{
	char path[PATH_MAX + SITE_PART_NAME];
	struct stat st;

	for (unsigned i = 0; i < c->site->nparts; i++) {
		site_place(c->site, c->site->file, (int)i * SITE_LINES, path, sizeof path);
		if (!stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & 022)
			say(c, WARNING, (int)i * SITE_LINES, "others may change this file (mode %04o): run \"chmod go-w %s\"", st.st_mode & 07777, shown(path).text);
	}
	if (c->site->nparts < 2)
		return;
	*strrchr(path, '/') = 0;
	if (!stat(path, &st) && st.st_mode & 022)
		say(c, WARNING, 0, "others may put files into the folder that is included (mode %04o): run \"chmod go-w %s\"", st.st_mode & 07777, shown(path).text);
}

static void check_file(struct check *c)
{
	check_parts(c);
	if (!c->site->nusers)
		say(c, WARNING, 0, "there is no user, so nobody can watch: \"casemate passwd NAME\" prints the lines to add");
	if (!c->site->ncameras)
		say(c, WARNING, 0, "there is no camera");
	check_rights(c);
}

static void summary(const struct check *c, unsigned complaints, bool more)
{
	unsigned n = complaints + c->problems;

	if (n)
		fprintf(c->to, "%s: %s%u thing%s to mend", c->path, more ? "at least " : "", n, n == 1 ? "" : "s");
	else
		fprintf(c->to, "%s: good", c->path);
	if (c->warnings)
		fprintf(c->to, ", %u warning%s", c->warnings, c->warnings == 1 ? "" : "s");
	putc('\n', c->to);
}

/* Whoever is needed and is not there keeps the quorum from ever being met, but no site from running. */
static void check_witnesses(struct check *c)
{
	struct witness_policy policy;
	char why[WITNESSES_WHY];
	struct buf text;

	if (!c->site->witnesses)
		return;
	buf_init(&text, WITNESS_POLICY_MAX_BYTES);
	if (witnesses_load(c->site->witnesses, c->site->origin, &text, &policy, why) < 0)
		say(c, PROBLEM, c->site->witnesses_line, "%s: %s", shown(c->site->witnesses).text, why);
	else if (policy.quorum < 0)
		say(c, WARNING, c->site->witnesses_line, "%s: its quorum is none: no witness is needed", shown(c->site->witnesses).text);
	buf_free(&text);
}

static void check_everything(struct check *c)
{
	check_file(c);
	check_tls(c);
	check_client_ca(c);
	check_key(c);
	check_witnesses(c);
	check_media_key(c);
	check_archive(c);
	check_socket(c);
	check_cameras(c);
}

/* As the first start with this file would. */
static void check_signature(struct check *c)
{
	static const struct admin nobody;
	struct admin now;
	char why[ADMIN_WHY];

	if (c->site->require_signed && admin_judge(&nobody, NULL, c->site, true, &now, why))
		say(c, PROBLEM, 0, "%s", why);
}

unsigned check_named_files(FILE *to, const char *path, const struct site *site)
{
	struct check c = {.to = to, .path = path, .site = site};

	check_everything(&c);
	return c.problems;
}

/* 0 with *ret, 1 when it says what is wrong, 2. With look, at the files that the site names too. */
static int load(struct check *c, bool look, struct site **ret)
{
	struct site_report *report = calloc(1, sizeof *report);
	int rc = report ? (look ? site_load : site_load_text)(c->path, ret, report) : -ENOMEM, status = 1;

	if (rc == -EINVAL || rc == -EFBIG) {
		complaint_print(c->to, c->path, report);
		summary(c, report->n, report->more);
	} else if (rc) {
		fprintf(stderr, "casemate check: %s: %s%s\n", c->path, strerror(-rc), rc == -ENOENT ? "; -c names another site file" : "");
		status = 2;
	} else {
		c->site = *ret;
		if (look)
			check_everything(c);
		if (look)
			check_signature(c);
		if (look && (c->problems || c->warnings))
			summary(c, 0, false);
		status = c->problems > 0;
	}
	free(report);
	return status;
}

/* What is printed of a good one. Whatever is wrong goes where it can't be taken for JSON or for a site file. */
static int check_site(const char *path, bool effective, bool json)
{
	struct check c = {.path = path, .to = effective || json ? stderr : stdout};
	struct site *site = NULL;
	int status = load(&c, !effective, &site);

	if (!status && !c.warnings && !effective && !json)
		summary(&c, 0, false);
	if (!status && (effective ? check_print_effective(site) : json ? check_print_json(site) : check_print(site)) < 0) {
		fputs("casemate check: there is not enough memory\n", stderr);
		status = 2;
	}
	site_free(&site);
	return status;
}

/* What is wrong with either file goes where it cannot be taken for JSON. */
static int check_against(const char *old, const char *new, bool json)
{
	struct check was = {.path = old, .to = json ? stderr : stdout}, is = {.path = new, .to = was.to};
	struct site *old_site = NULL, *new_site = NULL;
	struct against *a = NULL;
	struct buf out;
	int status = load(&was, false, &old_site) | load(&is, true, &new_site) ? 2 : 0;

	buf_init(&out, AGAINST_MAX);
	if (!status && against_sites(old_site, new_site, &a) < 0) {
		fputs("casemate check: there is not enough memory\n", stderr);
		status = 2;
	}
	if (!status) {
		(json ? against_json : against_text)(a, old, new, &out);
		fwrite(buf_data(&out), 1, out.len, stdout);
		status = against_matters(a);
	}
	buf_free(&out);
	against_free(&a);
	site_free(&old_site);
	site_free(&new_site);
	return status;
}

int cmd_check(int argc, char **argv)
{
	static const struct option option[] = {{"config", required_argument, NULL, 'c'}, {"against", required_argument, NULL, 'a'},
		{"json", no_argument, NULL, 'j'}, {"effective", no_argument, NULL, 'e'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	const char *path = NULL, *old = NULL;
	bool json = false, effective = false;
	int o;

	optind = 0;
	while ((o = getopt_long(argc, argv, "c:h", option, NULL)) != -1) {
		switch (o) {
		case 'c':
			path = optarg;
			break;
		case 'a':
			old = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'e':
			effective = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs("\"casemate check --help\" says what there is\n", stderr);
			return 2;
		}
	}
	if (old && !path && optind == argc - 1)
		path = argv[optind++];
	if (old && path && optind == argc && !effective)
		return check_against(old, path, json);
	if (!old && optind == argc && !(effective && json))
		return check_site(path ? path : SITE_FILE_DEFAULT, effective, json);
	if (effective)
		fputs("casemate check: --effective is by itself: casemate check --effective -c SITE-FILE\n", stderr);
	else if (old)
		fputs("casemate check: wanted is casemate check --against OLD-FILE NEW-FILE\n", stderr);
	else
		fprintf(stderr, "casemate check: the site file is named by -c: casemate check -c %s\n", argv[optind]);
	return 2;
}
