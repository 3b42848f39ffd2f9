/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent tells an auditor is what he takes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/loader.h"
#include "server/audit.h"
#include "server/parent.h"

#define TEXT "site: a.example\nlisten: ['127.0.0.1:8443']\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n" \
	"cameras:\n  gate: {source: 'rtsp://192.0.2.1/'}\n  yard: {source: 'rtsps://192.0.2.2/', unverified: true}\n"

Test(audit_tell, is_taken_by_the_auditor)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct audit *a = calloc(1, sizeof *a);
	struct parent *p = calloc(1, sizeof *p);
	struct child child[] = {
		{.kind = ROLE_SIGN, .pid = 11, .phase = CHILD_READY, .layers = LAYERS_ALL}, {.kind = ROLE_SERVE, .index = 1, .phase = CHILD_DOWN},
		{.kind = ROLE_TRANSCODE, .index = 1, .pid = 12, .phase = CHILD_READY, .layers = LAYER_SECCOMP}, {.kind = ROLE_TRANSCODE, .retired = true}};
	struct camera_live camera[2] = {{.known = true, .state = {.phase = CAMERA_STREAMING, .transport = SITE_TRANSPORT_UDP}},
		{.known = true, .state = {.phase = CAMERA_WAITING}}};
	int fd[] = {5};
	struct listener_live listener = {.wanted = true, .fd = fd, .text = "127.0.0.1:41000"};
	struct site *site = NULL;
	const char *why = "";
	struct buf out;

	cr_assert(report && a && p);
	cr_assert_eq(site_parse("/etc/casemate/with a blank.yaml", TEXT, strlen(TEXT), &site, report), 0);
	*p = (struct parent){.site = site, .child = child, .nchildren = 4, .camera = camera, .layers = LAYER_SECCOMP};
	listener.want = site->listener[0];
	p->listener[0] = listener;
	p->shares.at[0].used = p->shares.at[SITE_SHARES_MAX - 1].used = true;
	memset(p->programs.sha256[ROLE_STORE], 0xab, 32);
	buf_init(&out, 1 << 20);
	audit_tell(p, false, &out);
	cr_expect_null(memmem(buf_data(&out), out.len, "\nmark", 5), "nobody asked for them");
	cr_assert_eq(audit_take(a, buf_data(&out), out.len, &why), 0, "%s", why);
	cr_expect_str_eq(a->site_file, "/etc/casemate/with a blank.yaml");
	cr_assert_eq(a->nprocesses, 4);
	cr_expect(a->process[0].kind == ROLE_PARENT && a->process[0].ready && a->process[0].layers == LAYER_SECCOMP);
	cr_expect(a->process[1].kind == ROLE_SIGN && a->process[1].pid == 11 && a->process[1].layers == LAYERS_ALL && a->process[1].ready);
	cr_expect(a->process[2].kind == ROLE_SERVE && a->process[2].index == 1 && !a->process[2].ready);
	cr_expect(a->process[3].kind == ROLE_TRANSCODE && !strcmp(a->process[3].camera, "yard"));
	cr_expect(a->listener[0].open && !strcmp(a->listener[0].text, "127.0.0.1:41000"));
	cr_expect(!strcmp(a->camera[0].link, "udp") && !strcmp(a->camera[1].state, "waiting") && !*a->camera[1].link);
	cr_expect(a->program[ROLE_STORE].told && a->program[ROLE_STORE].runs[31] == 0xab);
	cr_expect_eq(a->site->ncameras, 2);
	cr_expect_eq(a->shares, 2);
	buf_free(&out);
	audit_clear(a);
	site_free(&site);
	free(report);
	free(a);
	free(p);
}

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$WPhmvzbbr4qk0JhPqKnyHhx0EWPH0GBTSnpTmYGPzZw"
#define WITH_FILES "site: a.example\nlisten: ['127.0.0.1:8443']\ntls: {certificate: c, key: k}\nkey: s\narchive: {path: f, max_size: 1 GB}\n" \
	"users: [{name: anna, rtsp_digest_file: d, password_hash: '" HASH "'}]\n" \
	"cameras:\n  gate: {source: 'rtsp://192.0.2.1/', user: u, password_file: p}\n  yard: {source: 'rtsp://192.0.2.2/'}\n"

/* What the server says when these are its marks, and then `more`. */
static int take(struct audit *a, char *of_anna, char *of_gate, const char *more)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct parent *p = calloc(1, sizeof *p);
	struct camera_live camera[2] = {{.known = false}};
	struct site *site = NULL;
	const char *why = "";
	struct buf out, all;
	char *at;
	int rc;

	cr_assert(report && p);
	cr_assert_eq(site_parse("/etc/site.yaml", WITH_FILES, strlen(WITH_FILES), &site, report), 0, "%s", report->complaint[0].text);
	site->user[0].rtsp_digest_mark = of_anna;
	site->camera[0].password_mark = of_gate;
	*p = (struct parent){.site = site, .camera = camera};
	buf_init(&out, 1 << 20);
	buf_init(&all, 1 << 20);
	audit_tell(p, true, &out);
	cr_assert_eq(buf_append(&out, "", 1), 0);
	at = strstr((const char *)buf_data(&out), "\nsite ") + 1;
	cr_assert_eq(buf_append_fmt(&all, "%.*s%s%s", (int)(at - (char *)buf_data(&out)), (const char *)buf_data(&out), more, at), 0);
	site->user[0].rtsp_digest_mark = site->camera[0].password_mark = NULL;
	rc = audit_take(a, buf_data(&all), all.len, &why);
	buf_free(&out);
	buf_free(&all);
	site_free(&site);
	free(report);
	free(p);
	return rc;
}

/* A file of passwords that holds something else under its old name: the marks tell, made with the key that the server has. */
Test(audit_tell, marks_of_secrets_can_be_compared)
{
	static const uint8_t other[16] = {1};
	struct audit *a = calloc(1, sizeof *a);
	uint8_t theirs[16], ours[16];
	char *anna = paths_mark("digest", 6), *gate = paths_mark("password", 8), *again;

	cr_assert(a && anna && gate);
	site_mark_key(theirs);
	cr_assert_eq(take(a, anna, gate, ""), 0);
	cr_expect_str_eq(a->site->user[0].rtsp_digest_mark, anna);
	cr_expect_str_eq(a->site->camera[0].password_mark, gate);
	cr_expect_null(a->site->camera[1].password_mark);
	audit_clear(a);
	site_mark_with(other);
	again = paths_mark("digest", 6);
	cr_expect_str_neq(again, anna, "by another key");
	free(again);
	site_mark_with(theirs);
	cr_assert_eq(take(a, anna, NULL, ""), 0);
	site_mark_key(ours);
	cr_expect_arr_eq(ours, theirs, 16, "it goes on with the server's");
	cr_expect_null(a->site->camera[0].password_mark);
	audit_clear(a);
	free(anna);
	free(gate);
	free(a);
}

/* Of nobody, of one without such a file, twice, of neither, too long; a key that is none. */
Test(audit_tell, marks_are_of_those_who_have_such_a_file)
{
	static const char *const bad[] = {"mark user tom 0123456789abcdef\n", "mark camera yard 0123456789abcdef\n", "mark user anna 0\nmark user anna 0\n",
		"mark door gate 0\n", "mark camera gate 0123456789abcdef0\n", "mark camera gate\n", "marks 00\n", "marks 000102030405060708090a0b0c0d0e0\n"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct audit *a = calloc(1, sizeof *a);

		cr_assert(a);
		cr_expect_eq(take(a, NULL, NULL, bad[i]), -EINVAL, "%s", bad[i]);
		audit_clear(a);
		free(a);
	}
}
