/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/viewers_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/text.h"

#define HEAD_MAX (16u << 10)
#define REQUEST_MAX 1024
#define EVENTS 256
#define READS 8                   /* of one connection, before the others have their turn */
#define PER_ADDRESS 8             /* connections */
#define SLOW_BYTES 4096           /* of a slow one's receive buffer */

static uint8_t shared[64u << 10]; /* what is read and not kept */

static int take_address(struct link_load *load, const char *to)
{
	const char *colon = strrchr(to, ':');
	char host[INET_ADDRSTRLEN];
	uint64_t port;

	if (!colon || (size_t)(colon - to) >= sizeof host || text_u64(colon + 1, strlen(colon + 1), UINT16_MAX, &port) < 0) {
		errno = EINVAL;
		return -1;
	}
	memcpy(host, to, (size_t)(colon - to));
	host[colon - to] = '\0';
	load->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	if (inet_pton(AF_INET, host, &load->to.sin_addr) == 1)
		return 0;
	errno = EINVAL;
	return -1;
}

int link_load_init(struct link_load *load, const char *to)
{
	if (take_address(load, to) < 0)
		return -1;
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	load->tls = SSL_CTX_new(TLS_client_method());
	if (load->epoll < 0 || !load->tls) {
		errno = ENOMEM;
		return -1;
	}
	SSL_CTX_set_min_proto_version(load->tls, TLS1_3_VERSION);
	SSL_CTX_set_verify(load->tls, SSL_VERIFY_NONE, NULL);  /* this measures the other side */
	SSL_CTX_set_session_cache_mode(load->tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(load->tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(load->tls, 1);
	return 0;
}

/* 127.64.0.1 and those that follow, PER_ADDRESS connections each. */
static struct sockaddr_in address_of(unsigned number)
{
	unsigned i = number / PER_ADDRESS % 62500;

	return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f400001u + (i / 250 << 8) + i % 250)};
}

static void watch(struct link *l, uint32_t events, int op)
{
	struct epoll_event e = {.events = events, .data.ptr = l};

	if (l->slow && events == EPOLLIN)
		e.events = 0;  /* errors and ends are told all the same */
	epoll_ctl(l->load->epoll, op, l->fd, &e);
}

int link_open(struct link *l, struct link_load *load, unsigned number)
{
	struct sockaddr_in from = address_of(number);
	int one = 1, little = SLOW_BYTES;

	l->load = load;
	l->number = number;
	l->has_head = false;
	buf_init(&l->head, HEAD_MAX);
	buf_init(&l->body, LINK_BODY_MAX);
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -1;
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	if (l->slow)
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
	if (bind(l->fd, (struct sockaddr *)&from, sizeof from) < 0 ||
	    (connect(l->fd, (struct sockaddr *)&load->to, sizeof load->to) < 0 && errno != EINPROGRESS)) {
		close(l->fd);
		return -1;
	}
	l->ssl = SSL_new(load->tls);
	if (!l->ssl || SSL_set_fd(l->ssl, l->fd) != 1) {
		SSL_free(l->ssl);
		l->ssl = NULL;
		close(l->fd);
		errno = ENOMEM;
		return -1;
	}
	SSL_set_connect_state(l->ssl);
	l->state = LINK_CONNECTING;
	watch(l, EPOLLOUT, EPOLL_CTL_ADD);
	return 0;
}

void link_close(struct link *l)
{
	if (l->state == LINK_CLOSED)
		return;
	l->state = LINK_CLOSED;
	SSL_free(l->ssl);
	l->ssl = NULL;
	close(l->fd);
	buf_free(&l->head);
	buf_free(&l->body);
}

static void fail(struct link *l, const char *why)
{
	ERR_clear_error();
	link_close(l);
	l->load->ended(l, why);
}

void link_get(struct link *l, const char *path, bool keep)
{
	char request[REQUEST_MAX];
	const char *who = l->load->authorization;
	int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s\r\n", path, who ? "Authorization: " : "", who ? who : "",
		who ? "\r\n" : "");
	size_t sent;

	l->keep = keep;
	buf_clear(&l->body);
	buf_clear(&l->head);
	l->has_head = false;
	l->state = LINK_ASKING;
	/* A socket that does not take a request of some hundred bytes has earlier ones in it that nobody read. */
	if (n < 0 || (size_t)n >= sizeof request || SSL_write_ex(l->ssl, request, (size_t)n, &sent) != 1)
		fail(l, "a request does not leave");
}

void link_end(struct link *l)
{
	SSL_shutdown(l->ssl);
	ERR_clear_error();
	shutdown(l->fd, SHUT_WR);
	l->state = LINK_ENDING;
}

static const char *find(const struct buf *b, const char *what)
{
	return b->mem ? memmem(b->mem + b->off, b->len, what, strlen(what)) : NULL;
}

/* Status and length. false: such a head is no use. */
static bool read_head(struct link *l)
{
	const char *at = (const char *)buf_data(&l->head), *length = find(&l->head, "\r\nContent-Length: ");
	uint64_t status;
	size_t digits;

	if (l->head.len < 13 || memcmp(at, "HTTP/1.1 ", 9) != 0 || text_u64(at + 9, 3, 999, &status) < 0)
		return false;
	l->status = (unsigned)status;
	l->left = 0;
	if (!length)
		return status == 304 || status == 204;
	length += strlen("\r\nContent-Length: ");
	digits = strspn(length, "0123456789");  /* the empty line comes behind */
	return text_u64(length, digits, UINT64_MAX, &l->left) == 0;
}

static void take_body(struct link *l, const uint8_t *p, size_t n)
{
	if (n > l->left) {
		fail(l, "more came than was asked for");
		return;
	}
	l->left -= n;
	l->load->bytes += n;
	if (l->keep && buf_append(&l->body, p, n) < 0) {
		fail(l, "a body is too long to be kept");
		return;
	}
	if (l->left)
		return;
	l->state = LINK_OPEN;
	l->load->answered(l);
}

static void take(struct link *l, const uint8_t *p, size_t n)
{
	const char *end;
	size_t head;

	if (l->state != LINK_ASKING)
		return;
	if (l->has_head) {
		take_body(l, p, n);
		return;
	}
	if (buf_append(&l->head, p, n) < 0) {
		fail(l, "a head is too long");
		return;
	}
	end = find(&l->head, "\r\n\r\n");
	if (!end)
		return;
	head = (size_t)(end - (const char *)buf_data(&l->head)) + 4;
	l->has_head = read_head(l);
	if (!l->has_head) {
		fail(l, "what came is no answer");
		return;
	}
	take_body(l, p + (n - (l->head.len - head)), l->head.len - head);
}

/* One read; whether another may be worth it. */
static bool read_once(struct link *l, size_t most)
{
	size_t got = 0;
	int rc = SSL_read_ex(l->ssl, shared, most < sizeof shared ? most : sizeof shared, &got), error;

	if (rc == 1) {
		take(l, shared, got);
		return l->state != LINK_CLOSED;
	}
	error = SSL_get_error(l->ssl, rc);
	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ)
		return false;
	if (l->state == LINK_ENDING || error == SSL_ERROR_ZERO_RETURN)
		fail(l, NULL);
	else
		fail(l, "the connection broke");
	return false;
}

void link_sip(struct link *l, size_t n)
{
	if (l->state == LINK_ASKING || l->state == LINK_OPEN)
		read_once(l, n);
}

static void shake(struct link *l)
{
	int rc = SSL_do_handshake(l->ssl);

	if (rc != 1 && SSL_get_error(l->ssl, rc) != SSL_ERROR_WANT_READ) {
		fail(l, "the handshake failed");
		return;
	}
	if (rc != 1)
		return;
	l->state = LINK_OPEN;
	if (l->slow)
		watch(l, EPOLLIN, EPOLL_CTL_MOD);
	l->load->opened(l);
}

static void connected(struct link *l)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
		fail(l, "nobody is there");
		return;
	}
	l->state = LINK_SHAKING;
	epoll_ctl(l->load->epoll, EPOLL_CTL_MOD, l->fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = l});
	shake(l);
}

static void happened(struct link *l, uint32_t events)
{
	if (l->state == LINK_CONNECTING)
		connected(l);
	else if (l->state == LINK_SHAKING)
		shake(l);
	else if (l->slow && (events & (EPOLLERR | EPOLLHUP)))
		fail(l, "the connection broke");
	else
		for (int i = 0; i < READS && l->state != LINK_CLOSED && read_once(l, sizeof shared); i++)
			;
}

void link_load_run(struct link_load *load, int wait_ms)
{
	struct epoll_event e[EVENTS];
	int n = epoll_wait(load->epoll, e, EVENTS, wait_ms);

	for (int i = 0; i < n; i++) {
		struct link *l = e[i].data.ptr;

		if (l->state != LINK_CLOSED)
			happened(l, e[i].events);
	}
}
