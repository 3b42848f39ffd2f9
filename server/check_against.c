/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate check --against: two site files, or what a server runs with and a site file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/against.h"
#include "server/ask.h"
#include "server/audit.h"
#include "server/check.h"

static bool is_socket(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* What it runs with, as it tells an auditor: also what was in a folder of included files when it read them. */
static int ask_running(const char *socket, struct site **ret)
{
	struct audit *a = calloc(1, sizeof *a);
	const char *why = NULL;
	struct buf answer;
	int rc;

	buf_init(&answer, ASK_ANSWER_MAX);
	rc = a ? ask_server(socket, AUDIT_QUESTION_MARKS, &answer) : -ENOMEM;
	if (rc) {
		ask_complain("check", socket, rc);
	} else if (answer.len > strlen(ASK_REFUSED) && !memcmp(buf_data(&answer), ASK_REFUSED, strlen(ASK_REFUSED))) {
		fprintf(stderr, "casemate check: the server at %s: %.*s", socket, (int)(answer.len - strlen(ASK_REFUSED)), (const char *)buf_data(&answer) + strlen(ASK_REFUSED));
		rc = -EACCES;
	} else if ((rc = audit_take(a, buf_data(&answer), answer.len, &why))) {
		fprintf(stderr, "casemate check: the server at %s: %s\n", socket, rc == -EINVAL ? why : strerror(-rc));
	} else {
		*ret = a->site;
		a->site = NULL;
	}
	if (a)
		audit_clear(a);
	free(a);
	buf_free(&answer);
	return rc ? 2 : 0;
}

/*
 * What is wrong with either goes where it cannot be taken for JSON. The server is asked first: it says where its credentials are, and what key
 * its marks of passwords have.
 */
int check_against(const char *old, const char *new, bool json)
{
	FILE *to = json ? stderr : stdout;
	struct site *was = NULL, *is = NULL;
	struct against *a = NULL;
	struct buf out;
	int status = is_socket(old) ? ask_running(old, &was) : check_load(to, old, CHECK_SECRETS, &was);

	status = check_load(to, new, CHECK_ALL, &is) | status ? 2 : 0;
	buf_init(&out, AGAINST_MAX);
	if (!status && against_sites(was, is, &a) < 0) {
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
	site_free(&was);
	site_free(&is);
	return status;
}
