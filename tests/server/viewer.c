/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/viewer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static void on_wake(int fd, short what, void *arg)
{
	*(short *)arg = what;
}

/* Runs the loop until the socket is ready. */
static void wait_for(struct viewer *v, short what)
{
	short got = 0;
	struct event *e = event_new(v->base, v->fd, what, on_wake, &got);

	cr_assert(e);
	event_add(e, &(struct timeval){VIEWER_PATIENCE_S, 0});
	while (!got)
		event_base_loop(v->base, EVLOOP_ONCE);
	event_free(e);
	cr_assert(!(got & EV_TIMEOUT), "the server did not answer in %d s", VIEWER_PATIENCE_S);
}

/* True when the call should be made again. */
static bool again(struct viewer *v, int rc)
{
	int error = SSL_get_error(v->ssl, rc);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ)
		wait_for(v, EV_READ);
	else if (error == SSL_ERROR_WANT_WRITE)
		wait_for(v, EV_WRITE);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

bool viewer_open_by(struct viewer *v, struct event_base *base, uint16_t port, SSL_CTX *ctx)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	*v = (struct viewer){.base = base, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .ssl = SSL_new(ctx)};
	SSL_CTX_free(ctx);
	buf_init(&v->in, 64u << 20);
	cr_assert_eq(connect(v->fd, (struct sockaddr *)&to, sizeof to), 0);
	fcntl(v->fd, F_SETFL, O_NONBLOCK);
	SSL_set_fd(v->ssl, v->fd);
	do
		rc = SSL_connect(v->ssl);
	while (rc != 1 && again(v, rc));
	if (rc != 1)
		viewer_close(v);
	return rc == 1;
}

bool viewer_open(struct viewer *v, struct event_base *base, uint16_t port, int tls)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	cr_assert(ctx);
	if (tls)
		SSL_CTX_set_max_proto_version(ctx, tls);
	return viewer_open_by(v, base, port, ctx);
}

bool viewer_open_offering(struct viewer *v, struct event_base *base, uint16_t port, const char *protocols)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	cr_assert(ctx);
	cr_assert_eq(SSL_CTX_set_alpn_protos(ctx, (const uint8_t *)protocols, (unsigned)strlen(protocols)), 0);
	return viewer_open_by(v, base, port, ctx);
}

void viewer_close(struct viewer *v)
{
	SSL_free(v->ssl);
	close(v->fd);
	buf_free(&v->in);
	v->ssl = NULL;
}

void viewer_send(struct viewer *v, const void *p, size_t n)
{
	size_t took;
	int rc;

	while (n) {
		rc = SSL_write_ex(v->ssl, p, n, &took);
		if (rc == 1) {
			p = (const char *)p + took;
			n -= took;
		} else if (!again(v, rc)) {
			return;  /* the server has ended it; what it said is still to be read */
		}
	}
}

bool viewer_more(struct viewer *v)
{
	uint8_t *to = buf_reserve(&v->in, 65536);
	size_t got;
	int rc;

	cr_assert(to);
	do
		rc = SSL_read_ex(v->ssl, to, 65536, &got);
	while (rc != 1 && again(v, rc));
	if (rc == 1)
		buf_commit(&v->in, got);
	else
		v->ended = true;
	return rc == 1;
}

void viewer_receive(struct viewer *v, struct response *ret, bool head_only)
{
	const char *end, *length;
	size_t head, body;

	response_free(ret);
	*ret = (struct response){0};
	buf_init(&ret->body, 64u << 20);
	while (!(end = v->in.len ? memmem(buf_data(&v->in), v->in.len, "\r\n\r\n", 4) : NULL))
		if (!viewer_more(v))
			return;
	head = (size_t)(end - (const char *)buf_data(&v->in)) + 4;
	cr_assert_lt(head, sizeof ret->head);
	memcpy(ret->head, buf_data(&v->in), head);
	buf_consume(&v->in, head);
	cr_assert_eq(sscanf(ret->head, "HTTP/1.1 %u ", &ret->status), 1);
	length = response_header(ret, "Content-Length");
	body = length && !head_only ? strtoul(length, NULL, 10) : 0;
	while (v->in.len < body)
		cr_assert(viewer_more(v), "a body that is cut short");
	cr_assert_eq(buf_append(&ret->body, buf_data(&v->in), body), 0);
	buf_consume(&v->in, body);
}

/* Waits for so many bytes of input. */
static bool has_input(struct viewer *v, size_t n)
{
	while (v->in.len < n)
		if (!viewer_more(v))
			return false;
	return true;
}

int viewer_receive_chunk(struct viewer *v, struct buf *to)
{
	const char *line;
	size_t n, head;

	while (!(line = v->in.len ? memmem(buf_data(&v->in), v->in.len, "\r\n", 2) : NULL))
		if (!viewer_more(v))
			return -1;
	head = (size_t)(line - (const char *)buf_data(&v->in)) + 2;
	n = strtoul((const char *)buf_data(&v->in), NULL, 16);
	if (!has_input(v, head + n + 2))
		return -1;
	cr_assert_eq(memcmp(buf_data(&v->in) + head + n, "\r\n", 2), 0);
	cr_assert_eq(buf_append(to, buf_data(&v->in) + head, n), 0);
	buf_consume(&v->in, head + n + 2);
	return n > 0;
}

void viewer_wait_end(struct viewer *v)
{
	while (!v->ended && viewer_more(v))
		;
}

void viewer_get(struct viewer *v, const char *path, const char *extra, struct response *ret)
{
	char text[4096];
	int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, extra);

	viewer_send(v, text, (size_t)n);
	viewer_receive(v, ret, false);
}

const char *response_header(const struct response *r, const char *name)
{
	static char value[1024];
	size_t n = strlen(name);

	for (const char *line = strstr(r->head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, name, n) != 0 || line[2 + n] != ':')
			continue;
		snprintf(value, sizeof value, "%.*s", (int)strcspn(line + 2 + n + 2, "\r"), line + 2 + n + 2);
		return value;
	}
	return NULL;
}

void response_free(struct response *r)
{
	buf_free(&r->body);
}
