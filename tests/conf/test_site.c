/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "conf/schema.h"
#include "conf/site.h"

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define HEAD "site: a.example\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n"

static struct site_report report;
static char password[SITE_PASSWORD];

static struct site *parse(const char *text)
{
	struct site *site = NULL;

	cr_assert_eq(site_parse("/etc/casemate/site.yaml", text, strlen(text), &site, &report), 0, "%d: %s\n%s",
		     report.complaint->line, report.complaint->text, text);
	return site;
}

Test(site, knows_how_renditions_are_made)
{
	struct site *s = parse(HEAD "cameras:\n  gate:\n    source: rtsp://192.0.2.11\n    copy: recorded\n    overlay: true\n    denoise: high\n"
			       "    masks:\n      - {x: 12.5 %, y: 0%, width: 87.5 %, height: 1 %}\n"
			       "      - {x: 0 %, y: 33.33 %, width: 100 %, height: 66.67 %, style: mosaic}\n"
			       "    renditions:\n      a: {size: 640x360, bitrate: 1 Mb/s}\n"
			       "      b: {size: 320x180, bitrate: 1 Mb/s, quality: 51, latency: normal, profile: baseline, on_demand: true, priority: 9}\n"
			       "      c: {size: 320x180, bitrate: 1 Mb/s, profile: main}\n");
	const struct site_camera *c = s->camera;
	const struct site_mask *m = c->mask;
	const struct site_rendition *a = &c->rendition[0], *b = &c->rendition[1];

	cr_expect(c->copy == SITE_COPY_RECORDED && c->overlay && c->denoise == SITE_DENOISE_HIGH);
	cr_assert_eq(c->nmasks, 2);
	cr_expect(m[0].x == 1250 && m[0].y == 0 && m[0].width == 8750 && m[0].height == 100 && m[0].style == SITE_STYLE_SOLID && m[0].line == 12);
	cr_expect(m[1].x == 0 && m[1].y == 3333 && m[1].width == SITE_MASK_WHOLE && m[1].height == 6667 && m[1].style == SITE_STYLE_MOSAIC);
	cr_assert_eq(c->nrenditions, 3);
	cr_expect(a->crf == 24 && a->latency == SITE_LATENCY_LOW && a->profile == SITE_PROFILE_HIGH && !a->on_demand && a->priority == 9);
	cr_expect(b->crf == 51 && b->latency == SITE_LATENCY_NORMAL && b->profile == SITE_PROFILE_BASELINE && b->on_demand && b->priority == 9);
	cr_expect(c->rendition[2].profile == SITE_PROFILE_MAIN && c->rendition[2].priority == 7);
	site_free(&s);
}

Test(site, has_defaults_for_what_is_left_out)
{
	struct site *s = parse(HEAD "cameras: {gate: {source: rtsp://192.0.2.11}}\n");
	const struct site_camera *c = s->camera;

	cr_expect_str_eq(s->origin, "a.example");
	cr_expect_str_eq(s->file, "/etc/casemate/site.yaml");
	cr_expect_eq(s->nlisteners, 1);
	cr_expect_str_eq(s->listener->text, "0.0.0.0:8443");
	cr_expect_str_eq(s->tls_certificate, "/etc/casemate/c");
	cr_expect_str_eq(s->tls_key, "/etc/casemate/k");
	cr_expect_str_eq(s->key, "/etc/casemate/s");
	cr_expect_str_eq(s->archive, "/etc/casemate/f");
	cr_expect_eq(s->archive_max_bytes, 1000000000);
	cr_expect_str_eq(s->socket, "/etc/casemate/casemate.sock");
	cr_expect(!s->sandbox_best_effort);
	cr_expect(s->serve_processes >= 1 && s->serve_processes <= 4);
	cr_expect_eq(s->ingest_processes, 1);
	cr_expect_eq(s->nusers, 0);
	cr_expect_eq(s->ncameras, 1);
	cr_expect_str_eq(c->name, "gate");
	cr_expect_str_eq(c->host, "192.0.2.11:554");
	cr_expect_str_eq(c->url, "rtsp://192.0.2.11:554/");
	cr_expect(!c->user && !c->password_file && c->allow_md5 && !c->allow_basic && c->audio);
	cr_expect(c->transport == SITE_TRANSPORT_AUTO && c->tls == SITE_TLS_NONE && !c->ca && !*c->tls_name && !c->onvif_url && !*c->onvif_host);
	cr_expect_eq(c->segment_ms, 2000);
	cr_expect(c->nrenditions == 0 && c->nmasks == 0 && c->copy == SITE_COPY_LIVE && !c->overlay && c->denoise == SITE_DENOISE_OFF);
	cr_expect(s->tls_line == 2 && s->key_line == 3 && s->archive_line == 4 && s->socket_line == 0 && c->line == 5);
	site_free(&s);
	cr_assert_null(s);
	site_free(&s);
}

Test(site, has_every_value_as_written)
{
	struct site *s = parse("# all of it\n"
			       "site: 'museum.example/north'\n"
			       "listen: [127.0.0.1:0, \"[::]:9000\", 8443]\n"
			       "tls:\n  certificate: /t/c.pem\n  key: tls/k.pem\n"
			       "key: /k\n"
			       "archive:\n  path: /srv/casemate\n  max_size: 1.5 TiB\n"
			       "socket: /run/c.sock\n"
			       "sandbox: best-effort\n"
			       "processes: {serve: 7, ingest: 2}\n"
			       "users:\n  - {name: anna, password_hash: '" HASH "'}\n  - {name: b-2, password_hash: '" HASH "'}\n"
			       "cameras:\n"
			       "  gate-1:\n    source: RTSP://[2001:DB8::11]:8554/a/b?c=d&e=%20\n    user: viewer\n    password_file: p\n"
			       "    transport: tcp\n    allow_md5: false\n    allow_basic: true\n    audio: false\n    segment: 4s\n"
			       "    onvif: HTTP://[2001:db8::11]/onvif\n"
			       "    renditions:\n      small: {size: 640x360, fps: 15, bitrate: 600 kb/s}\n      big: {size: 1920x1080, bitrate: 4.5Mb/s}\n"
			       "  yard: {source: 'rtsp://192.0.2.12?x'}\n");
	const struct site_camera *c = s->camera;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&c->address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&c[1].address;

	cr_expect_str_eq(s->origin, "museum.example/north");
	cr_expect_eq(s->nlisteners, 3);
	cr_expect_str_eq(s->listener[0].text, "127.0.0.1:0");
	cr_expect_str_eq(s->listener[1].text, "[::]:9000");
	cr_expect_eq(s->listener[1].line, 3);
	cr_expect_str_eq(s->listener[2].text, "0.0.0.0:8443");
	cr_expect_str_eq(s->tls_certificate, "/t/c.pem");
	cr_expect_str_eq(s->tls_key, "/etc/casemate/tls/k.pem");
	cr_expect_eq(s->archive_max_bytes, 3ull << 39);
	cr_expect_str_eq(s->socket, "/run/c.sock");
	cr_expect_eq(s->socket_line, 11);
	cr_expect(s->sandbox_best_effort);
	cr_expect(s->serve_processes == 7 && s->ingest_processes == 2);
	cr_expect_eq(s->nusers, 2);
	cr_expect_str_eq(s->user[1].name, "b-2");
	cr_expect_str_eq(s->user[1].password_hash, HASH);
	cr_expect_eq(s->ncameras, 2);
	cr_expect_str_eq(c->host, "[2001:db8::11]:8554");
	cr_expect_str_eq(c->url, "rtsp://[2001:db8::11]:8554/a/b?c=d&e=%20");
	cr_expect(v6->sin6_family == AF_INET6 && ntohs(v6->sin6_port) == 8554);
	cr_expect_str_eq(c->user, "viewer");
	cr_expect_null(c->password_mark);
	cr_expect_str_eq(c->password_file, "/etc/casemate/p");
	cr_expect(!c->allow_md5 && c->allow_basic && !c->audio && c->segment_ms == 4000 && c->transport == SITE_TRANSPORT_TCP);
	cr_expect_str_eq(c->onvif_url, "http://[2001:db8::11]:80/onvif");
	cr_expect_str_eq(c->onvif_host, "[2001:db8::11]:80");
	cr_expect(((const struct sockaddr_in6 *)&c->onvif_address)->sin6_port == htons(80));
	cr_expect_eq(c->nrenditions, 2);
	cr_expect_str_eq(c->rendition[0].name, "small");
	cr_expect(c->rendition[0].width == 640 && c->rendition[0].height == 360 && c->rendition[0].fps == 15);
	cr_expect_eq(c->rendition[0].bitrate_bps, 600000);
	cr_expect(c->rendition[1].fps == 0 && c->rendition[1].bitrate_bps == 4500000);
	cr_expect_str_eq(c[1].url, "rtsp://192.0.2.12:554/?x");
	cr_expect(v4->sin_family == AF_INET && ntohl(v4->sin_addr.s_addr) == 0xc000020c && ntohs(v4->sin_port) == 554);
	site_free(&s);
}

#define SUM "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define COLONS "9F:86:D0:81:88:4C:7D:65:9A:2F:EA:A0:C5:5A:D0:15:A3:BF:4F:1B:2B:0B:82:2C:D1:5D:6C:15:B0:F0:0A:08"

Test(site, an_encrypted_camera_has_one_proof)
{
	static const struct { const char *keys; enum site_tls tls; } c[] = {
		{"fingerprint: 'sha256:" SUM "'", SITE_TLS_FINGERPRINT}, {"fingerprint: SHA256:" COLONS, SITE_TLS_FINGERPRINT},
		{"fingerprint: " SUM, SITE_TLS_FINGERPRINT}, {"fingerprint: " SUM ", unverified: false, transport: tcp", SITE_TLS_FINGERPRINT},
		{"ca: a.pem", SITE_TLS_CA}, {"ca: /a.pem, tls_name: gate.example", SITE_TLS_CA}, {"unverified: true, transport: auto", SITE_TLS_UNVERIFIED},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char text[600];
		struct site *s;

		snprintf(text, sizeof text, HEAD "cameras: {gate: {source: RTSPS://192.0.2.11, %s}}\n", c[i].keys);
		s = parse(text);
		cr_expect_str_eq(s->camera->url, "rtsps://192.0.2.11:322/");
		cr_expect(s->camera->tls == c[i].tls, "%s", c[i].keys);
		cr_expect(c[i].tls != SITE_TLS_FINGERPRINT || (s->camera->fingerprint[0] == 0x9f && s->camera->fingerprint[31] == 0x08));
		cr_expect((s->camera->ca != NULL) == (c[i].tls == SITE_TLS_CA));
		cr_expect(!strstr(c[i].keys, "tls_name") || !strcmp(s->camera->tls_name, "gate.example"));
		site_free(&s);
	}
}

Test(site, empty_sections_mean_none)
{
	struct site *s = parse("\xef\xbb\xbf" HEAD "cameras:\nusers: []\nprocesses:\n");

	cr_expect(s->ncameras == 0 && s->nusers == 0 && s->ingest_processes == 1);
	site_free(&s);
}

Test(site, takes_as_many_as_it_says)
{
	struct site *s = NULL;
	struct buf b;

	buf_init(&b, SITE_FILE_MAX);
	buf_append_str(&b, HEAD "cameras:\n");
	for (int i = 0; i < SITE_CAMERAS_MAX; i++)
		buf_append_fmt(&b, "  c%d: {source: rtsps://192.0.2.1/%d, user: u, password_file: p%d, ca: c%d}\n", i, i, i, i);
	buf_append_str(&b, "users:\n");
	for (int i = 0; i < SITE_USERS_MAX; i++)
		buf_append_fmt(&b, "  - {name: u%d, password_hash: '" HASH "'}\n", i);
	cr_assert_eq(site_parse("/s", buf_data(&b), b.len, &s, &report), 0, "%s", report.complaint->text);
	cr_expect(s->ncameras == SITE_CAMERAS_MAX && s->nusers == SITE_USERS_MAX);
	cr_expect_str_eq(s->camera[999].url, "rtsps://192.0.2.1:322/999");
	cr_expect(s->bytes.len == b.len && !memcmp(buf_data(&s->bytes), buf_data(&b), b.len));
	site_free(&s);
	buf_free(&b);
}

/* Files, in a folder of their own. */

static char dir[64];

static void make_dir(void)
{
	strcpy(dir, "/tmp/casemate-conf-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static void remove_dir(void)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	cr_assert_eq(system(cmd), 0);
}

static const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const void *bytes, size_t n, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "wb");

	cr_assert(f && fwrite(bytes, 1, n, f) == n && fclose(f) == 0);
	cr_assert_eq(chmod(in_dir(name), mode), 0);
}

static void put_all(void)
{
	make_dir();
	put("c", "x", 1, 0644);
	put("k", "x", 1, 0600);
	put("s", "x", 1, 0400);
	put("p", "hunter2\nrest", 12, 0600);
}

#define WITH_PASSWORD HEAD "cameras: {gate: {source: rtsp://192.0.2.1/, user: u, password_file: p}}\n"

TestSuite(files, .init = put_all, .fini = remove_dir);

Test(files, are_looked_at_and_passwords_read)
{
	struct site *s = NULL;

	put("site.yaml", WITH_PASSWORD, strlen(WITH_PASSWORD), 0644);
	cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), 0, "%s", report.complaint->text);
	cr_assert_eq(site_read_password(s->camera, password), 0);
	cr_expect_str_eq(password, "hunter2");
	cr_expect_str_eq(s->key, in_dir("s"));
	site_free(&s);
	cr_assert_eq(chdir(dir), 0);
	cr_assert_eq(site_load("site.yaml", &s, &report), 0, "%s", report.complaint->text);
	cr_expect_str_eq(s->file, in_dir("site.yaml"));
	site_free(&s);
}

Test(files, passwords_are_one_line_of_bounded_length)
{
	enum { EMPTY = 9999 };
	static char long_one[300];
	static const struct { const char *bytes; size_t n; size_t len; } c[] = {
		{"a", 1, 1}, {"a\n", 2, 1}, {"a\r\n", 3, 1}, {"a b \nc", 6, 4}, {"\xc3\xbc", 2, 2}, {long_one, 256, 256}, {long_one, 257, 0},
		{long_one, 300, 0}, {"\n", 1, EMPTY}, {"\r\n", 2, EMPTY}, {"\nx", 2, EMPTY}, {"a\0b", 3, 0}, {"\0", 1, 0}, {"", 0, 0},
	};

	memset(long_one, 'x', sizeof long_one);
	put("site.yaml", WITH_PASSWORD, strlen(WITH_PASSWORD), 0644);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct site *s = NULL;

		put("p", c[i].bytes, c[i].n, 0600);
		cr_expect_eq(site_load(in_dir("site.yaml"), &s, &report), c[i].len ? 0 : -EINVAL, "%zu", i);
		if (c[i].len) {
			cr_assert_eq(site_read_password(s->camera, password), 0);
			cr_expect_eq(strlen(password), c[i].len == EMPTY ? 0 : c[i].len, "%zu", i);
		}
		cr_expect(c[i].len || (report.n == 1 && report.complaint->line == 5 && report.complaint->column == 69), "%zu: %u:%u", i,
			  report.complaint->line, report.complaint->column);
		site_free(&s);
	}
}

Test(files, trouble_is_named_with_its_mend)
{
	static const struct { const char *name; mode_t mode; int line; const char *says; } c[] = {
		{"c", 0, 2, "certificate: %s: No such file or directory"},
		{"k", 0, 2, "key: %s: No such file or directory; \"casemate keygen\" makes one"},
		{"k", 0644, 2, "key: %s may be read or changed by others (mode 0644): run \"chmod 600 %s\""},
		{"s", 0640, 3, "(mode 0640): run \"chmod 600 %s\""},
		{"s", 0602, 3, "(mode 0602): run \"chmod 600 %s\""},
		{"p", 0604, 5, "password_file: %s may be read or changed by others (mode 0604): run \"chmod 600 %s\""},
		{"p", 0, 5, "password_file: %s: No such file"},
		{"c", S_IFDIR, 2, "certificate: %s is not a file"},
		{"s", S_IFIFO, 3, "key: %s is not a file"},
		{"k", S_IFREG, 2, "key: %s has more than 1048576 bytes"},
		{"p", S_IFREG, 5, "password_file: %s has more than 1048576 bytes"},
	};

	put("site.yaml", WITH_PASSWORD, strlen(WITH_PASSWORD), 0644);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		const char *path = in_dir(c[i].name), *says = c[i].says;
		char want[1000] = "";
		struct site *s = NULL;

		for (const char *s2; (s2 = strstr(says, "%s")); says = s2 + 2)
			snprintf(want + strlen(want), sizeof want - strlen(want), "%.*s%s", (int)(s2 - says), says, path);
		strncat(want, says, sizeof want - strlen(want) - 1);
		unlink(path);
		if (c[i].mode == S_IFDIR)
			cr_assert_eq(mkdir(path, 0700), 0);
		else if (c[i].mode == S_IFIFO)
			cr_assert_eq(mkfifo(path, 0600), 0);
		else if (c[i].mode)
			put(c[i].name, "x", 1, c[i].mode == S_IFREG ? 0600 : c[i].mode);
		if (c[i].mode == S_IFREG)
			cr_assert_eq(truncate(path, (1 << 20) + 1), 0);
		cr_expect_eq(site_load(in_dir("site.yaml"), &s, &report), -EINVAL);
		cr_expect(report.n == 1 && report.complaint->line == c[i].line && strstr(report.complaint->text, want), "%u, %d: %s\n%s", report.n,
			  report.complaint->line, report.complaint->text, want);
		remove(in_dir(c[i].name));
		put(c[i].name, "x", 1, 0600);
	}
}

#define WITH_CREDENTIALS \
	"site: a.example\ntls: {certificate: c, key: credential:k}\nkey: credential:site.key\narchive: {path: f, max_size: 1 GB}\n" \
	"cameras: {gate: {source: rtsp://192.0.2.1/, user: u, password_file: credential:cameras_gate}}\n"

Test(files, credentials_lie_where_the_service_manager_says)
{
	char folder[sizeof dir + 8];
	struct site *s = NULL;

	snprintf(folder, sizeof folder, "%s/given", dir);
	cr_assert_eq(mkdir(folder, 0700), 0);
	/* what the group may is the mask of its access list */
	put("given/k", "x", 1, 0440);
	put("given/site.key", "x", 1, 0400);
	put("given/cameras_gate", "hunter3", 7, 0440);
	put("site.yaml", WITH_CREDENTIALS, strlen(WITH_CREDENTIALS), 0644);
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), 0, "%s", report.complaint->text);
	cr_expect_str_eq(s->key, in_dir("given/site.key"));
	cr_expect_str_eq(s->tls_key, in_dir("given/k"));
	cr_assert_eq(site_read_password(s->camera, password), 0);
	cr_expect_str_eq(password, "hunter3");
	cr_expect(site_is_credential(s->key) && !site_is_credential(s->tls_certificate));
	site_free(&s);
	put("given/k", "x", 1, 0444);
	cr_expect_eq(site_load(in_dir("site.yaml"), &s, &report), -EINVAL);
	cr_expect(report.n == 1 && strstr(report.complaint->text, "may be read or changed by others"), "%s", report.complaint->text);
	put("given/k", "x", 1, 0420);
	cr_expect_eq(site_load(in_dir("site.yaml"), &s, &report), -EINVAL);
	/* outside of the unit they are not there */
	setenv("CREDENTIALS_DIRECTORY", "given", 1);
	cr_expect_eq(site_load(in_dir("site.yaml"), &s, &report), -EINVAL);
	cr_expect(report.n == 3 && strstr(report.complaint[1].text, "key: /run/credentials/casemate.service/site.key: ") &&
		  strstr(report.complaint[1].text, "LoadCredential=site.key:"), "%u: %s", report.n, report.complaint[1].text);
}

Test(files, names_of_credentials_stay_among_them)
{
	static const char *const bad[] = {"", ".", "..", ".a", "a/b", "../a", "a b", "\xc3\xa9"};
	char text[400];
	struct site *s = NULL;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int n = snprintf(text, sizeof text, "site: a.example\ntls: {certificate: c, key: k}\nkey: \"credential:%s\"\narchive: {path: f, max_size: 1 GB}\n"
			"cameras: {gate: {source: rtsp://192.0.2.1/}}\n", bad[i]);

		cr_expect_eq(site_parse("/etc/casemate/site.yaml", text, (size_t)n, &s, &report), -EINVAL, "%s", bad[i]);
		cr_expect(report.n == 1 && report.complaint->line == 3 && strstr(report.complaint->text, "the name of a credential"), "%s", report.complaint->text);
	}
}

Test(files, a_site_file_that_cannot_be_read_is_told_apart)
{
	static char big[SITE_FILE_MAX + 1];
	struct site *s = NULL;

	memset(big, '#', sizeof big);
	cr_expect_eq(site_load(in_dir("none.yaml"), &s, &report), -ENOENT);
	cr_expect(report.n == 1 && report.complaint->line == 0);
	cr_expect_eq(site_load(dir, &s, &report), -EINVAL);
	put("big.yaml", big, sizeof big, 0600);
	cr_expect_eq(site_load(in_dir("big.yaml"), &s, &report), -EFBIG);
	cr_expect_str_eq(report.complaint->text, "a site file has at most 1048576 bytes");
	cr_expect_null(s);
}

/* A file of the source; what is not there fails. The caller frees it. */
static void read_example(const char *name, struct buf *b)
{
	const char *top = getenv("abs_top_srcdir");
	char path[4096];

	/* A skipped test is left without its .fini. */
	if (!top)
		remove_dir();
	if (!top)
		cr_skip_test("abs_top_srcdir is not set: run by make check");
	snprintf(path, sizeof path, "%s/conf/%s", top, name);
	buf_init(b, SITE_FILE_MAX);
	cr_assert_eq(io_read_file(AT_FDCWD, path, b), 0, "%s", path);
}

/* Whatever the examples name, with nothing in it. */
static void put_named(void)
{
	static const struct { const char *name; mode_t mode; } c[] = {
		{"tls.crt", 0644}, {"tls.key", 0600}, {"site.key", 0600}, {"witnesses.policy", 0644}, {"media.key", 0600}, {"media.crt", 0644}, {"cameras-ca.pem", 0644},
		{"cameras.txt", 0600}, {"secrets/gate.txt", 0600}, {"secrets/cameras.txt", 0600}, {"secrets/office.txt", 0600},
	};

	cr_assert_eq(mkdir(in_dir("secrets"), 0700), 0);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		put(c[i].name, "x", 1, c[i].mode);
	cr_assert_eq(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
}

/* Each is good as it is in the source, with files where it names some. */
Test(files, the_example_sites_are_good)
{
	static const struct { const char *name; unsigned cameras; } c[] = {{"ten", 10}, {"two-hundred", 200}, {"ship", 6}, {"air-gapped", 5}};
	static const char *const building[] = {"cameras.d/1-north.yaml", "cameras.d/2-east.yaml", "cameras.d/3-south.yaml", "cameras.d/4-west.yaml"};
	struct site *s = NULL;
	char name[100];
	struct buf b;

	for (size_t i = 0; i < sizeof building / sizeof *building; i++) {
		snprintf(name, sizeof name, "examples/two-hundred/%s", building[i]);
		read_example(name, &b);
		cr_assert(i || mkdir(in_dir("cameras.d"), 0700) == 0);
		put(building[i], buf_data(&b), b.len, 0644);
		buf_free(&b);
	}
	put_named();
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		snprintf(name, sizeof name, "examples/%s/site.yaml", c[i].name);
		read_example(name, &b);
		put("site.yaml", buf_data(&b), b.len, 0644);
		cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), 0, "%s:%d: %s", name, report.complaint->line, report.complaint->text);
		cr_expect_eq(s->ncameras, c[i].cameras, "%s: %u", name, s->ncameras);
		site_free(&s);
		buf_free(&b);
	}
}

/* The example with every key there is. */
Test(files, the_example_site_is_good)
{
	struct site *s = NULL;
	struct buf b;

	read_example("site.example.yaml", &b);
	put_named();
	put("site.yaml", buf_data(&b), b.len, 0644);
	cr_assert_eq(site_load(in_dir("site.yaml"), &s, &report), 0, "%d: %s", report.complaint->line, report.complaint->text);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	for (unsigned i = 0; i < schema_nkeys; i++) {
		char key[64];

		snprintf(key, sizeof key, "%s:", schema_leaf(&schema_keys[i]));
		cr_expect(strstr((const char *)buf_data(&b), key) != NULL, "%s is not in the example", schema_keys[i].path);
	}
	site_free(&s);
	buf_free(&b);
}
