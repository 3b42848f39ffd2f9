/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate verify: checks footage against the site's public key. Runs wherever the files are; needs nothing of the server. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "seal/verify.h"
#include "server/verify_source.h"

#define REPORT_MAX (64u << 20)
#define NO_KEY "give the site's public key, as casemate keygen printed it (site.key.pub)"

static const char usage_text[] =
	"usage: casemate verify DIR|URL --key VKEY|FILE [options]\n"
	"       casemate verify CLIP [--key VKEY|FILE] [options]\n"
	"       casemate verify SEGMENT.m4s --key VKEY|FILE [--proof FILE] [--keys FILE]\n"
	"\n"
	"Checks footage: an archive folder, a running site (https://HOST:PORT), an\n"
	"exported clip, or one segment with its proof (SEGMENT.m4s.tlog-proof unless\n"
	"--proof is given).\n"
	"\n"
	"  -k, --key VKEY|FILE   the site's public key, as text or in a file (site.key.pub)\n"
	"  --camera NAME         only this camera's footage\n"
	"  --from T, --to T      only footage of this time: 2026-11-22T15:30:00Z\n"
	"  --policy FILE         whose cosignatures are needed\n"
	"  --json                the report as JSON\n"
	"  --user NAME           for a site\n"
	"  --password-file FILE  its first line is the password\n"
	"  --ca FILE             trust this certificate (PEM) of the site\n"
	"  --proof FILE          the proof of a single segment\n"
	"  --keys FILE           the site's key notes, for a single segment (log/keys)\n"
	"  --help\n"
	"\n"
	"Exit status: 0 all holds; 1 something was changed or is missing; 2 could not tell.\n";

struct options {
	const char *what, *key, *keys, *policy, *proof;
	struct verify_filter filter;
	struct verify_url url;
	const char *password_file;
	char password[VERIFY_PASSWORD_MAX + 2];
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

/* True: *o is what was asked for. False: the command ends with *ret_status. */
static bool read_options(int argc, char **argv, struct options *o, int *ret_status)
{
	const char *from = NULL, *to = NULL;
	const struct options_row rows[] = {{"key", 'k', .value = &o->key}, {"camera", .value = &o->filter.camera}, {"from", .value = &from},
		{"to", .value = &to}, {"json", .flag = &o->json}, {"user", .value = &o->url.user}, {"password-file", .value = &o->password_file},
		{"ca", .value = &o->url.ca}, {"proof", .value = &o->proof}, {"keys", .value = &o->keys}, {"policy", .value = &o->policy}, {0}};

	if (!options_read("verify", usage_text, rows, 1, argc, argv, ret_status))
		return false;
	*ret_status = 0;
	if (from)
		*ret_status = read_time(from, &o->filter.from_us);
	if (to && !*ret_status)
		*ret_status = read_time(to, &o->filter.to_us);
	if (*ret_status)
		return false;
	if (optind == argc)
		*ret_status = usage("nothing to verify", "give one folder, address or segment");
	else if (o->filter.from_us > o->filter.to_us)
		*ret_status = usage("--from", "is later than --to");
	o->what = argv[optind];
	return !*ret_status;
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

static int read_password(struct options *o)
{
	int rc = o->password_file ? verify_url_password(o->password_file, o->password) : 0;

	if (rc)
		return fail(o->password_file, rc == -ENOBUFS ? "a password has at most 256 characters" : strerror(-rc));
	o->url.password = o->password_file ? o->password : NULL;
	return 0;
}

/* How far it is, and how long it still takes if the rest is like what was. */
static void show_progress(void *ctx, uint64_t entries, uint64_t of, uint64_t bytes)
{
	static int64_t begin_us, last_us;
	int64_t now_us = clock_mono_us(), left_s = 0;

	begin_us = begin_us ? begin_us : now_us;
	if (now_us - last_us < 500000)
		return;
	last_us = now_us;
	if (entries && of > entries)
		left_s = (int64_t)((double)(now_us - begin_us) / 1e6 * (double)(of - entries) / (double)entries);
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " entries, %.1f GB", entries, of, (double)bytes / 1e9);
	if (now_us - begin_us > 2000000)
		fprintf(stderr, ", %" PRId64 ":%02d:%02d left", left_s / 3600, (int)(left_s / 60 % 60), (int)(left_s % 60));
	fputs(" \033[K", stderr);
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

/* By the policy that was given, or by the one that lies there: own_path, NULL for none. 0 or 2. */
static int judge(const struct options *o, const struct verify_source *src, const char *own_path, struct verify_report *r)
{
	struct witness_policy *p;
	unsigned line = 0;
	const char *why;
	struct buf b;
	int rc;

	if (!o->policy && !own_path)
		return 0;
	p = malloc(sizeof *p);
	if (!p)
		return fail("the policy", strerror(ENOMEM));
	buf_init(&b, WITNESS_POLICY_MAX_BYTES);
	rc = o->policy ? io_read_file(AT_FDCWD, o->policy, &b) : src->get(src->ctx, own_path, &b);
	why = rc ? strerror(-rc) : NULL;
	if (!rc)
		rc = witness_policy_parse(buf_data(&b), b.len, p, &line, &why);
	if (!rc)
		verify_judge(r, p, clock_wall_us(), o->policy != NULL);
	buf_free(&b);
	free(p);
	/* One that is only there is no reason to say nothing of the footage. */
	if (!rc || !o->policy)
		return 0;
	if (line)
		fprintf(stderr, "casemate verify: %s: line %u: %s\n", o->policy, line, why);
	else
		fail(o->policy, why);
	return 2;
}

static int verify_log(const struct options *o, struct verify_source *src, bool is_clip, bool own_key, const struct key_public *key)
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
	r->own_key = own_key;
	rc = judge(o, src, is_clip ? "policy" : "log/policy", r);
	if (!rc)
		rc = report(o, r);
	if (rc != 1 && !r->nproblems && !knows_camera(r, o->filter.camera))
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
	rc = verify_log(o, &src, false, false, key);
	if (rc == 2 && *verify_url_error(&src))
		fail(o->what, verify_url_error(&src));
	verify_url_close(&src);
	return rc;
}

/* The key that lies in a clip, for want of one from elsewhere. */
static int own_key(const struct verify_source *src, struct key_public *ret)
{
	const char *why = NULL;
	struct buf b;
	int rc;

	buf_init(&b, KEY_FILE_MAX);
	rc = src->get(src->ctx, "site.key.pub", &b);
	if (rc)
		why = rc == -ENOENT ? "is not in the clip: give the site's public key with --key" : strerror(-rc);
	else
		rc = key_parse_vkey((const char *)buf_data(&b), b.len, ret, &why);
	buf_free(&b);
	return rc ? fail("site.key.pub", why) : 0;
}

static int verify_folder(const struct options *o, const struct key_public *given)
{
	struct key_public own;
	struct verify_source src;
	int rc = verify_dir_open(o->what, &src);
	bool is_clip;

	if (rc)
		return fail(o->what, strerror(-rc));
	is_clip = verify_dir_is_clip(&src);
	if (!given)
		rc = is_clip ? own_key(&src, &own) : usage("--key is missing", NO_KEY);
	if (!rc)
		rc = verify_log(o, &src, is_clip, !given, given ? given : &own);
	verify_dir_close(&src);
	return rc;
}

/* What lies beside a file, or at an absolute path of its own. */
static bool beside(const char *file, const char *name, char *out, size_t cap)
{
	const char *slash = strrchr(file, '/');
	int n = snprintf(out, cap, "%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, name);

	return n >= 0 && (size_t)n < cap;
}

static int verify_segment(const struct options *o, const struct key_public *key)
{
	char proof[PATH_MAX], keys[PATH_MAX];
	struct verify_source src;
	struct verify_report *r = NULL;
	int rc;

	if ((size_t)snprintf(proof, sizeof proof, "%s%s", o->proof ? o->proof : o->what, o->proof ? "" : ".tlog-proof") >= sizeof proof ||
	    !beside(proof, "keys", keys, sizeof keys))
		return fail(o->what, strerror(ENAMETOOLONG));
	rc = verify_dir_open(".", &src);
	if (rc)
		return fail(".", strerror(-rc));
	rc = verify_run_segment(&src, key, o->what, proof, o->keys ? o->keys : keys, &r);
	rc = rc ? fail(o->what, strerror(-rc)) : judge(o, &src, NULL, r);
	if (!rc)
		rc = report(o, r);
	verify_free(&r);
	verify_dir_close(&src);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.filter = {NULL, INT64_MIN, INT64_MAX}};
	struct key_public key, *given = NULL;
	struct stat st;
	int rc;

	if (!read_options(argc, argv, &o, &rc))
		return rc;
	if (o.key) {
		rc = read_key(o.key, &key);
		given = &key;
	}
	if (!rc)
		rc = read_password(&o);
	if (rc)
		return rc;
	if (stat(o.what, &st) == 0 && S_ISDIR(st.st_mode))
		rc = verify_folder(&o, given);
	else if (!given)
		rc = usage("--key is missing", NO_KEY);
	else if (strstr(o.what, "://"))
		rc = verify_site(&o, given);
	else if (stat(o.what, &st) == 0 && S_ISREG(st.st_mode))
		rc = verify_segment(&o, given);
	else
		rc = verify_folder(&o, given);
	explicit_bzero(o.password, sizeof o.password);
	return rc;
}
