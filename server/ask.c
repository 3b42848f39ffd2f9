/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "conf/complaint.h"

int ask_socket_of_site(const char *file, char *path)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct site *site = NULL;
	int rc = report ? site_load_text(file, &site, report) : -ENOMEM;

	if (rc < 0 && report)
		complaint_print(stderr, file, report);
	else if (!rc)
		rc = ask_socket_given(site->socket, path);
	site_free(&site);
	free(report);
	return rc;
}

int ask_site(const char *command, const char *file, const char *socket, char *path)
{
	int rc = socket ? ask_socket_given(socket, path) : ask_socket_of_site(file, path);

	if (rc && socket)
		ask_complain(command, socket, rc);
	return rc;
}

int ask_socket_given(const char *given, char *path)
{
	if (strlen(given) >= ASK_PATH)
		return -ENAMETOOLONG;
	memcpy(path, given, strlen(given) + 1);
	return 0;
}

int ask_server(const char *path, const char *question, struct buf *out)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t before = out->len;
	int fd, rc = ask_socket_given(path, at.sun_path);

	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
		rc = -errno;
	if (!rc)
		rc = io_write_all(fd, question, strlen(question));
	if (!rc)
		rc = io_read_all(fd, out);
	if (!rc && out->len == before)
		rc = -ENODATA;
	close(fd);
	return rc;
}

int ask_and_print(const char *command, const char *path, const char *question, struct buf *ret)
{
	static const char done[] = ASK_DONE, refused[] = ASK_REFUSED;
	struct buf answer;
	const char *text;
	size_t head;
	bool good;
	int rc;

	buf_init(&answer, ASK_ANSWER_MAX);
	rc = ask_server(path, question, &answer);
	if (rc) {
		ask_complain(command, path, rc);
		buf_free(&answer);
		return 2;
	}
	text = (const char *)buf_data(&answer);
	good = answer.len >= strlen(done) && !memcmp(text, done, strlen(done));
	head = good ? strlen(done) : strlen(refused);
	if (answer.len >= head && good && ret)
		rc = buf_append(ret, text + head, answer.len - head);
	else if (answer.len >= head)
		fwrite(text + head, 1, answer.len - head, good ? stdout : stderr);
	buf_free(&answer);
	return rc ? 2 : !good;
}

void ask_complain(const char *command, const char *path, int error)
{
	fprintf(stderr, "casemate %s: %s: ", command, path);
	switch (error) {
	case -ENAMETOOLONG:
		fprintf(stderr, "longer than a socket's path can be (%zu)\n", ASK_PATH - 1);
		break;
	case -EACCES:
		fprintf(stderr, "only the user who runs the server may ask it: sudo -u THAT-USER casemate %s\n", command);
		break;
	case -ENODATA:
		fputs("the server there said nothing\n", stderr);
		break;
	default:
		fprintf(stderr, "no server answers there (%s): casemate run -c SITE.yaml starts one\n", strerror(-error));
		break;
	}
}
