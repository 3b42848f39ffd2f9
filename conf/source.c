/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two kinds of address: where a camera is, and where viewers connect. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/address.h"
#include "conf/loader.h"
#include "conf/vendor.h"

#define URL_MAX 1000  /* with the port and slash that it may lack it still fits a message's 1024 */

/* What a URL may hold (RFC 3986 2); the rest is written as %XX. */
static bool is_url(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || strchr("\"<>\\^`{|}#", s[i]))
			return false;
	return true;
}

/* Never connected to: nobody, everybody, or a group. */
static bool is_one_host(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

	if (a->ss_family == AF_INET6)
		return !IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) && !IN6_IS_ADDR_MULTICAST(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) != INADDR_ANY && ntohl(v4->sin_addr.s_addr) < 0xe0000000;
}

struct scheme {
	const char *name;
	enum schema_type of;
	uint16_t port;
};

/* RFC 7826 4.2 gives RTSP over TLS port 322; cameras keep to it. */
static const struct scheme schemes[] = {{"rtsp", SCHEMA_SOURCE, 554}, {"rtsps", SCHEMA_SOURCE, 322}, {"http", SCHEMA_ONVIF, 80}};

/* The scheme that the text begins with, or NULL after a complaint. Schemes don't mind case (RFC 3986 3.1). */
static const struct scheme *take_scheme(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	const char *sep = strstr(n->text, "://");
	size_t len = sep ? (size_t)(sep - n->text) : 0;

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (schemes[i].of == k->type && len == strlen(schemes[i].name) && !strncasecmp(n->text, schemes[i].name, len))
			return &schemes[i];
	if (sep && len <= 16 && !memchr(n->text, '@', len))
		loader_complain(l, k, n->at, "%s:// is not supported: %s", loader_quote(n->text, len).text,
				k->type == SCHEMA_SOURCE ? "a camera is read by rtsp:// or rtsps://" : "a camera's ONVIF service is asked by http://");
	else
		loader_complain(l, k, n->at, "what is wanted is %s", schema_type_text(k->type));
	return NULL;
}

/* Everything between the scheme and the path. A password may hold a slash: with an @ anywhere nothing is quoted. */
static bool take_address(struct loader *l, const struct schema_key *k, const struct ytree_node *n, const char *s, size_t len,
			 uint16_t port, struct sockaddr_storage *ret)
{
	struct address_parts p;
	struct loader_quote host;
	const char *why;
	int rc;

	rc = address_split(s, len, &p, &why);
	if (!rc)
		rc = address_parse(&p, port, ret, &why);
	if (!rc && (!is_one_host(ret) || ((const struct sockaddr_in *)ret)->sin_port == 0)) {
		why = "not the address and port of one camera";
		rc = -EINVAL;
	}
	if (memchr(s, '@', len) || (rc && strchr(s, '@'))) {
		loader_complain(l, k, n->at, "a user or password is not written in the address, where it would be shown and sent on: "
				"take it out, and write user: NAME and password_file: FILE below");
		return false;
	}
	if (rc == -ENOENT) {
		host = loader_quote(p.host, p.nhost);
		loader_complain(l, k, n->at, "\"%s\" is a host name; DNS is never asked, since a false answer would send the password elsewhere: "
				"write the address that \"getent hosts %.80s\" prints", host.text, host.text);
	} else if (rc) {
		loader_complain(l, k, n->at, "\"%s\": %s", loader_quote(s, len).text, why);
	}
	return !rc;
}

/* A whole address: where it is, as a Host header has it, and written anew from that. */
static void set_url(struct loader *l, const struct schema_key *k, const struct ytree_node *n, struct sockaddr_storage *address, char host[ADDRESS_TEXT],
		    char **url)
{
	const struct scheme *scheme = take_scheme(l, k, n);
	struct sockaddr_storage a;
	const char *rest;
	char *made;
	size_t len;

	if (!scheme)
		return;
	rest = n->text + strlen(scheme->name) + 3;
	len = strcspn(rest, "/?#");
	if (!take_address(l, k, n, rest, len, scheme->port, &a))
		return;
	if (n->len > URL_MAX || !is_url(n->text, n->len)) {
		loader_complain(l, k, n->at, "an address is at most %d printable bytes; blanks, quotes, brackets, # and the like are written as %%XX",
				URL_MAX);
		return;
	}
	*address = a;
	address_text(&a, host);
	if (asprintf(&made, "%s://%s%s%s", scheme->name, host, rest[len] == '/' ? "" : "/", rest + len) < 0) {
		l->rc = -ENOMEM;
		return;
	}
	free(*url);
	*url = made;
}

void source_set_camera(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_camera *c = object;
	struct ytree_node url = *n;
	char text[VENDOR_URL], why[VENDOR_WHY];

	if (vendor_is(n->text, n->len)) {
		if (vendor_url(n->text, n->len, text, why)) {
			loader_complain(l, k, n->at, "%s", why);
			return;
		}
		url.text = text;
		url.len = strlen(text);
	}
	set_url(l, k, &url, &c->address, c->host, &c->url);
}

void source_set_onvif(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_camera *c = object;

	set_url(l, k, n, &c->onvif_address, c->onvif_host, &c->onvif_url);
}

static bool only_digits(const char *s, size_t n)
{
	return n && strspn(s, "0123456789") == n;
}

/* A port alone is on that host. */
static bool parse_listener(const char *s, size_t n, const char *host, struct sockaddr_storage *ret, const char **why)
{
	char full[16];
	struct address_parts p;

	if (only_digits(s, n) && n <= 5) {
		snprintf(full, sizeof full, "%s:%s", host, s);
		return !address_split(full, strlen(full), &p, why) && !address_parse(&p, 0, ret, why);
	}
	if (address_split(s, n, &p, why))
		return false;
	if (!p.port) {
		*why = "the port is missing";
		return false;
	}
	if (address_parse(&p, 0, ret, why) == -ENOENT)
		*why = "a host name; what is wanted is a literal address of this machine";
	else
		return *why == NULL;
	return false;
}

/* Only this machine gets there. */
static bool is_loopback(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

	return a->ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) : ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool is_metrics(const struct schema_key *k)
{
	return !strcmp(k->path, "metrics");
}

static enum listener_kind kind_of(const struct schema_key *k, const struct sockaddr_storage *at)
{
	if (is_metrics(k))
		return is_loopback(at) ? LISTENER_METRICS : LISTENER_METRICS_TLS;
	return !strcmp(k->path, "rtsps") ? LISTENER_RTSPS : !strcmp(k->path, "rtsp") ? LISTENER_RTSP : LISTENER_HTTPS;
}

bool source_is_listener(const struct schema_key *k, const struct site_listener *l)
{
	return kind_of(k, &l->address) == l->kind;
}

static void add_listener(struct loader *l, const struct schema_key *k, const struct ytree_node *n)
{
	static const char *const scheme[] = {[LISTENER_HTTPS] = "", [LISTENER_RTSPS] = "rtsps://", [LISTENER_RTSP] = "rtsp://",
		[LISTENER_METRICS] = "http://", [LISTENER_METRICS_TLS] = "https://"};
	struct site *site = l->site;
	struct site_listener *to = &site->listener[site->nlisteners];
	const char *why = NULL;
	char address[ADDRESS_TEXT];

	if (site->nlisteners == SITE_LISTENERS_MAX) {
		loader_complain(l, k, n->at, "more than %d addresses of listen, rtsps, rtsp and metrics together", SITE_LISTENERS_MAX);
		return;
	}
	if (n->kind != YTREE_SCALAR || n->len == 0) {
		if (n->kind != YTREE_BAD)
			loader_complain(l, k, n->at, "what is wanted is an address:port");
		return;
	}
	if (!parse_listener(n->text, n->len, is_metrics(k) ? "127.0.0.1" : "0.0.0.0", &to->address, &why)) {
		loader_complain(l, k, n->at, "\"%s\": %s", loader_quote(n->text, n->len).text, why);
		return;
	}
	to->kind = kind_of(k, &to->address);
	if (to->kind == LISTENER_RTSP && !memchr(n->text, ':', n->len)) {
		loader_complain(l, k, n->at, "a port alone is on every address: in clear text it must be said on which");
		return;
	}
	address_text(&to->address, address);
	snprintf(to->text, sizeof to->text, "%s%.55s", scheme[to->kind], address);
	to->line = n->at.line;
	for (unsigned i = 0; i < site->nlisteners; i++)
		if (!strcmp(site->listener[i].text, to->text)) {
			loader_complain(l, k, n->at, "%s is here a second time", to->text);
			return;
		}
	site->nlisteners++;
}

void source_set_listeners(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	if (n->kind == YTREE_SCALAR) {
		add_listener(l, k, n);
	} else if (n->nchildren == 0 || n->nchildren > SITE_LISTENERS_MAX) {
		loader_complain(l, k, n->at, "%u addresses: from 1 to %d can be listened on", n->nchildren, SITE_LISTENERS_MAX);
	} else {
		for (const struct ytree_node *c = n->child; c; c = c->next)
			add_listener(l, k, c);
	}
}
