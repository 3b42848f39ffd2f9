/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent tells an auditor is what he takes. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

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
	audit_tell(p, &out);
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
