/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listener for metrics answers with what the parent said, and with nothing else. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/io.h"
#include "server/serve_metrics.h"
#include "tests/server/serve_world.h"

static struct world w;

static void begin(void) { world_start(&w, 1); }
static void stop(void) { world_stop(&w); }

TestSuite(serve_metrics, .init = begin, .fini = stop, .timeout = 120);

/* A listener on a free port of this machine, given to the process; the port. */
static uint16_t listen_for_metrics(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct msg_serve_listener m = {SITE_LISTENERS_MAX - 1, LISTENER_METRICS};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t n = sizeof at;

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)&at, &n) == 0);
	cr_assert_eq(channel_say(w.parent[0], MSG_SERVE_LISTENER, &m, &fd, 1), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static int sealed(const char *text, uint64_t *ret_n, uint8_t ret_sha256[32])
{
	int fd;

	*ret_n = strlen(text);
	cr_assert_eq(io_seal_bytes("test", text, strlen(text), &fd), 0);
	cr_assert_eq(EVP_Digest(text, strlen(text), ret_sha256, NULL, EVP_sha256(), NULL), 1);
	return fd;
}

static void tell(const char *open, const char *text, const char *why)
{
	struct msg_metrics m = {.ready = !*why};
	int fd[2] = {sealed(open, &m.open_bytes, m.open_sha256), sealed(text, &m.text_bytes, m.text_sha256)};

	snprintf(m.why, sizeof m.why, "%s", why);
	cr_assert_eq(channel_say(w.parent[0], MSG_METRICS, &m, fd, 2), 0);
	close(fd[0]);
	close(fd[1]);
}

/* What comes to that request, all of it. */
static const char *ask(uint16_t port, const char *target, const char *fields)
{
	static char answer[8192];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[1000];
	size_t len = 0;
	ssize_t n;

	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n%sConnection: close\r\n\r\n", target, fields);
	cr_assert(connect(fd, (struct sockaddr *)&at, sizeof at) == 0 && send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request));
	while ((n = read(fd, answer + len, sizeof answer - 1 - len)) > 0)
		len += (size_t)n;
	cr_assert_eq(n, 0);
	answer[len] = 0;
	close(fd);
	return answer;
}

#define HERE "Host: 127.0.0.1\r\n"

static bool begins(const char *answer, const char *with) { return strncmp(answer, with, strlen(with)) == 0; }
static bool ends(const char *answer, const char *with) { return strlen(answer) > strlen(with) && strcmp(answer + strlen(answer) - strlen(with), with) == 0; }

Test(serve_metrics, are_what_the_parent_said_in_the_form_that_is_wanted)
{
	uint16_t port = listen_for_metrics();

	/* The kernel holds whoever comes before serve listens. */
	cr_expect(begins(ask(port, "/health", HERE), "HTTP/1.1 200 "));
	cr_expect(begins(ask(port, "/metrics", HERE), "HTTP/1.1 503 "));
	cr_expect(begins(ask(port, "/ready", HERE), "HTTP/1.1 503 "));
	tell("open one\n", "text one\n", "store[0] is down\n");
	/* What the parent says is read in its order: the next listener's answer comes behind it. */
	port = listen_for_metrics();
	while (begins(ask(port, "/metrics", HERE), "HTTP/1.1 503 "))
		;
	cr_expect(ends(ask(port, "/metrics", HERE), "\r\n\r\ntext one\n"));
	cr_expect(ends(ask(port, "/metrics", HERE "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n"), "\r\n\r\nopen one\n"));
	cr_expect(ends(ask(port, "/metrics", HERE "Accept: application/openmetrics-text;q=0.1,text/plain\r\n"), "\r\n\r\ntext one\n"));
	cr_expect(ends(ask(port, "/metrics", HERE "Accept: */*\r\n"), "\r\n\r\ntext one\n"));
	cr_expect(begins(ask(port, "/ready", HERE), "HTTP/1.1 503 ") && ends(ask(port, "/ready", HERE), "\r\n\r\nstore[0] is down\n"));
	tell("open two\n", "text two\n", "");
	while (!begins(ask(port, "/ready", HERE), "HTTP/1.1 200 "))
		;
	cr_expect(ends(ask(port, "/metrics", HERE), "\r\n\r\ntext two\n"));
}

Test(serve_metrics, are_all_that_is_there_and_for_this_machine_alone)
{
	static const char *const host[] = {"localhost", "localhost:9464", "127.0.0.1:9464", "[::1]:9464", "LOCALHOST"};
	static const char *const other[] = {"evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example", "x"};
	static const char *const no[] = {"/", "/login", "/api/site", "/live/yard/index.m3u8", "/metrics/", "/assets/page.js", "/log/checkpoint"};
	uint16_t port = listen_for_metrics();
	char fields[100];

	for (size_t i = 0; i < sizeof host / sizeof *host; i++) {
		snprintf(fields, sizeof fields, "Host: %s\r\n", host[i]);
		cr_expect(begins(ask(port, "/health", fields), "HTTP/1.1 200 "), "%s", host[i]);
	}
	for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
		snprintf(fields, sizeof fields, "Host: %s\r\n", other[i]);
		cr_expect(begins(ask(port, "/health", fields), "HTTP/1.1 421 "), "%s", other[i]);
	}
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		cr_expect(begins(ask(port, no[i], HERE), "HTTP/1.1 404 "), "%s", no[i]);
}
