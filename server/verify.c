/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate verify: checks footage against the site's public key. Runs wherever the files are; needs nothing of the server. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/json.h"
#include "seal/proof.h"
#include "seal/verify.h"
#include "server/verify_source.h"

#define PASSWORD_MAX 256
#define REPORT_MAX (64u << 20)

static const char usage_text[] =
	"usage: casemate verify DIR|URL --key VKEY|FILE [options]\n"
	"       casemate verify SEGMENT.m4s --key VKEY|FILE [--proof FILE]\n"
	"\n"
	"Checks footage: an archive folder, a running site (https://HOST:PORT), or one\n"
	"segment with its proof (SEGMENT.m4s.tlog-proof unless --proof is given).\n"
	"\n"
	"  --key VKEY|FILE       the site's public key, as text or in a file (site.key.pub)\n"
	"  --camera NAME         only this camera's footage\n"
	"  --from T, --to T      only footage of this time: 2026-11-22T15:30:00Z\n"
	"  --json                the report as JSON\n"
	"  --user NAME           for a site\n"
	"  --password-file FILE  its first line is the password\n"
	"  --ca FILE             trust this certificate (PEM) of the site\n"
	"  --proof FILE          the proof of a single segment\n"
	"  --help\n"
	"\n"
	"Exit status: 0 all holds; 1 something was changed or is missing; 2 could not tell.\n";

struct options {
	const char *what, *key, *proof;
	struct verify_filter filter;
	struct verify_url url;
	const char *password_file;
	char password[PASSWORD_MAX + 2];
	bool json;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "casemate verify: %s: %s\n", what, why);
	return 2;
}

static int usage(const char *what, const char *why)
{
	fail(what, why);
	fputs("casemate verify --help says more\n", stderr);
	return 2;
}

static int read_time(const char *s, int64_t *ret)
{
	return clock_parse(s, strlen(s), ret) ? usage(s, "not a time; write it as 2026-11-22T15:30:00Z (UTC)") : 0;
}

enum { OPT_KEY = 256, OPT_CAMERA, OPT_FROM, OPT_TO, OPT_JSON, OPT_USER, OPT_PASSWORD, OPT_CA, OPT_PROOF, OPT_HELP };

static int take_option(struct options *o, int c)
{
	switch (c) {
	case OPT_KEY: o->key = optarg; return 0;
	case OPT_CAMERA: o->filter.camera = optarg; return 0;
	case OPT_FROM: return read_time(optarg, &o->filter.from_us);
	case OPT_TO: return read_time(optarg, &o->filter.to_us);
	case OPT_JSON: o->json = true; return 0;
	case OPT_USER: o->url.user = optarg; return 0;
	case OPT_PASSWORD: o->password_file = optarg; return 0;
	case OPT_CA: o->url.ca = optarg; return 0;
	case OPT_PROOF: o->proof = optarg; return 0;
	case ':': return usage(optarg ? optarg : "option", "needs a value");
	default: return usage("option", "not known");
	}
}

/* 0, 2, or -1 when help was asked for. */
static int read_options(int argc, char **argv, struct options *o)
{
	static const struct option known[] = {
		{"key", 1, NULL, OPT_KEY}, {"camera", 1, NULL, OPT_CAMERA}, {"from", 1, NULL, OPT_FROM}, {"to", 1, NULL, OPT_TO},
		{"json", 0, NULL, OPT_JSON}, {"user", 1, NULL, OPT_USER}, {"password-file", 1, NULL, OPT_PASSWORD}, {"ca", 1, NULL, OPT_CA},
		{"proof", 1, NULL, OPT_PROOF}, {"help", 0, NULL, OPT_HELP}, {0},
	};
	int c, rc = 0;

	while (!rc && (c = getopt_long(argc, argv, "k:h", known, NULL)) != -1) {
		if (c == OPT_HELP || c == 'h')
			return -1;
		rc = take_option(o, c == 'k' ? OPT_KEY : c);
	}
	if (rc)
		return rc;
	if (optind + 1 != argc)
		return usage(optind < argc ? argv[optind + 1] : "nothing to verify", "give one folder, address or segment");
	o->what = argv[optind];
	if (!o->key)
		return usage("--key is missing", "give the site's public key, as casemate keygen printed it (site.key.pub)");
	if (o->filter.from_us > o->filter.to_us)
		return usage("--from", "is later than --to");
	return 0;
}

static int read_key(const char *given, struct key_public *ret)
{
	const char *why, *reason;
	struct buf b;
	int rc;

	if (key_parse_vkey(given, strlen(given), ret, &why) == 0)
		return 0;
	buf_init(&b, KEY_FILE_MAX);
	rc = io_read_file(AT_FDCWD, given, &b);
	reason = rc == -ENOENT ? why : rc == -ENOBUFS ? "too long for a public key" : strerror(-rc);
	if (!rc && b.len > 10 && !memcmp(buf_data(&b), "-----BEGIN", 10)) {
		reason = "not the public key: give the file beside it that ends in .pub";
		rc = -EINVAL;
	} else if (!rc) {
		rc = key_parse_vkey((const char *)buf_data(&b), b.len, ret, &reason);
	}
	buf_free(&b);
	return rc ? fail(given, reason) : 0;
}

/* The first line of the file. */
static int read_password(struct options *o)
{
	struct buf b;
	char *end;
	int rc;

	if (!o->password_file)
		return 0;
	buf_init(&b, PASSWORD_MAX + 1);
	rc = io_read_file(AT_FDCWD, o->password_file, &b);
	if (!rc)
		memcpy(o->password, buf_data(&b), b.len);
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	if (rc)
		return fail(o->password_file, rc == -ENOBUFS ? "a password has at most 256 characters" : strerror(-rc));
	end = strpbrk(o->password, "\r\n");
	if (end)
		*end = 0;
	o->url.password = o->password;
	return 0;
}

static void show_progress(void *ctx, uint64_t entries, uint64_t of, uint64_t bytes)
{
	static int64_t last_us;
	int64_t now_us = clock_mono_us();

	if (now_us - last_us < 500000)
		return;
	last_us = now_us;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries, %.1f MB \033[K", entries, of, (double)bytes / 1e6);
}

/* A mistyped name would otherwise hold, all nothing of it. */
static bool knows_camera(const struct verify_report *r, const char *camera)
{
	for (size_t i = 0; i < r->nrenditions; i++)
		if (!camera || !strcmp(r->rendition[i].camera, camera))
			return true;
	return !camera;
}

static int report(const struct options *o, const struct verify_report *r)
{
	struct buf b;
	int rc;

	buf_init(&b, REPORT_MAX);
	rc = o->json ? verify_print_json(r, &b) : verify_print(r, &b);
	if (!rc)
		rc = io_write_all(STDOUT_FILENO, buf_data(&b), b.len);
	buf_free(&b);
	return rc ? fail("the report", strerror(-rc)) : verify_status(r);
}

static int verify_log(const struct options *o, struct verify_source *src, bool is_clip, const struct key_public *key)
{
	struct verify_report *r = NULL;
	bool tell = isatty(STDERR_FILENO);
	int rc;

	src->progress = tell ? show_progress : NULL;
	rc = is_clip ? verify_run_clip(src, key, &o->filter, &r) : verify_run(src, key, &o->filter, &r);
	if (tell)
		fputs("\r\033[K", stderr);
	if (rc)
		return fail(o->what, strerror(-rc));
	rc = report(o, r);
	if (rc == 0 && !knows_camera(r, o->filter.camera))
		rc = fail(o->filter.camera, "the log has no footage of a camera with this name");
	verify_free(&r);
	return rc;
}

static int verify_site(const struct options *o, const struct key_public *key)
{
	struct verify_url url = o->url;
	struct verify_source src;
	const char *why;
	int rc;

	url.base = o->what;
	if (verify_url_open(&url, &src, &why))
		return usage(o->what, why);
	rc = verify_log(o, &src, false, key);
	if (rc == 2 && *verify_url_error(&src))
		fail(o->what, verify_url_error(&src));
	verify_url_close(&src);
	return rc;
}

static int verify_folder(const struct options *o, const struct key_public *key)
{
	struct verify_source src;
	int rc = verify_dir_open(o->what, &src);

	if (rc)
		return fail(o->what, strerror(-rc));
	rc = verify_log(o, &src, verify_dir_is_clip(&src), key);
	verify_dir_close(&src);
	return rc;
}

static int hash_path(const char *path, struct hash *ret)
{
	static uint8_t chunk[256u << 10];
	struct hasher h;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = fd < 0 ? -errno : 0;
	ssize_t n = 0;

	hasher_init(&h);
	while (!rc && (n = read(fd, chunk, sizeof chunk)) > 0)
		hasher_update(&h, chunk, (size_t)n);
	if (!rc && n < 0)
		rc = -errno;
	if (!rc)
		hasher_final(&h, ret);
	if (fd >= 0)
		close(fd);
	return rc;
}

static void print_proved(const struct options *o, const struct entry_segment *s, const struct checkpoint *c, const char *why)
{
	char start[CLOCK_TEXT] = "", line[1024];
	struct buf b;
	struct json j;

	clock_text(s->start_us, start);
	buf_init(&b, 4096);
	j = json_init(&b);
	json_open(&j, NULL, '{');
	json_str(&j, "verdict", why ? "not verified" : "verified");
	json_str(&j, "why", why);
	if (!why) {
		json_str(&j, "origin", c->origin);
		json_int(&j, "size", (int64_t)c->size);
		json_str(&j, "camera", s->camera);
		json_str(&j, "rendition", s->rendition);
		json_int(&j, "number", (int64_t)s->number);
		json_str(&j, "start", start);
	}
	json_close(&j, '}');
	if (why)
		snprintf(line, sizeof line, "NOT VERIFIED: %s", why);
	else
		snprintf(line, sizeof line, "verified: %s/%s segment %" PRIu64 ", %s, %u.%03u s, as sealed by %s", s->camera, s->rendition, s->number, start,
			s->duration_ms / 1000, s->duration_ms % 1000, c->origin);
	if (o->json)
		printf("%.*s\n", (int)b.len, (const char *)buf_data(&b));
	else
		puts(line);
	buf_free(&b);
}

static int verify_segment(const struct options *o, const struct key_public *key)
{
	char path[4096];
	struct entry_segment s = {0};
	struct checkpoint c = {0};
	struct hash media;
	struct proof p;
	struct buf b;
	const char *why = NULL;
	int rc;

	if ((size_t)snprintf(path, sizeof path, "%s%s", o->proof ? o->proof : o->what, o->proof ? "" : ".tlog-proof") >= sizeof path)
		return fail(o->what, strerror(ENAMETOOLONG));
	rc = hash_path(o->what, &media);
	if (rc)
		return fail(o->what, strerror(-rc));
	buf_init(&b, PROOF_MAX_BYTES);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (rc) {
		buf_free(&b);
		return fail(path, rc == -ENOENT ? "there is no proof; save the segment's .tlog-proof beside it, or give --proof FILE" : strerror(-rc));
	}
	rc = proof_parse(buf_data(&b), b.len, &p, &why);
	if (!rc)
		rc = proof_verify_segment(&p, key, &media, &s, &c, &why);
	print_proved(o, &s, &c, rc ? why : NULL);
	buf_free(&b);
	return rc ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {.filter = {NULL, INT64_MIN, INT64_MAX}};
	struct key_public key;
	struct stat st;
	int rc = read_options(argc, argv, &o);

	if (rc < 0) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (!rc)
		rc = read_key(o.key, &key);
	if (!rc)
		rc = read_password(&o);
	if (rc)
		return rc;
	if (strstr(o.what, "://"))
		rc = verify_site(&o, &key);
	else if (stat(o.what, &st) == 0 && S_ISREG(st.st_mode))
		rc = verify_segment(&o, &key);
	else
		rc = verify_folder(&o, &key);
	explicit_bzero(o.password, sizeof o.password);
	return rc;
}
