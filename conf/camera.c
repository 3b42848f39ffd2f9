/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a camera's keys say together: who it is known to be, and how it is spoken to. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conf/loader.h"

#define COLONED 95  /* AA:BB:... of 32 bytes */

/* Two digits and a colon by turns, without the colons; false for anything else. */
static bool without_colons(const char *s, char out[65])
{
	if (strlen(s) != COLONED)
		return false;
	for (size_t i = 0; i < COLONED; i++) {
		if (i % 3 < 2)
			*out++ = s[i];
		else if (s[i] != ':')
			return false;
	}
	*out = 0;
	return true;
}

int camera_read_fingerprint(const char *text, uint8_t ret[32])
{
	const char *s = strncasecmp(text, "sha256:", 7) ? text : text + 7;
	char digits[65];

	if (without_colons(s, digits))
		s = digits;
	return hex_decode(s, strnlen(s, COLONED), ret, 32);
}

void camera_set_fingerprint(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	struct site_camera *c = object;

	if (camera_read_fingerprint(n->text, c->fingerprint))
		loader_complain(l, k, n->at, "\"%s\" is not the SHA-256 of a certificate, 64 hex digits: \"casemate probe ADDRESS\" prints it",
				loader_quote(n->text, n->len).text);
}

void camera_set_tls_name(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	struct site_camera *c = object;

	if (n->len >= sizeof c->tls_name || strspn(n->text, letters) != n->len || strchr("-.", n->text[0]))
		loader_complain(l, k, n->at, "\"%s\" can't be a name in a certificate: %s", loader_quote(n->text, n->len).text,
				schema_type_text(k->type));
	else
		memcpy(c->tls_name, n->text, n->len + 1);
}

static const struct ytree_node *find(const struct ytree_node *map, const char *key)
{
	for (const struct ytree_node *c = map->child; c; c = c->next)
		if (!strcmp(c->key, key))
			return c;
	return NULL;
}

static const struct schema_key *key_of(const char *leaf)
{
	return schema_find("cameras.*.", leaf, strlen(leaf));
}

/* Says it at the camera's name, with the example of the key that would mend it. */
static void complain(struct loader *l, const struct ytree_node *n, const char *mend, const char *what)
{
	char example[sizeof l->report->complaint->example];

	schema_example(key_of(mend), example, sizeof example);
	complaint_add(l->report, n->key_at, example, "%s: %s", n->key, what);
}

static void check_login(struct loader *l, const struct ytree_node *n)
{
	bool user = find(n, "user"), password = find(n, "password_file");

	if (user && !password)
		complain(l, n, "password_file", "a user without a password_file");
	else if (password && !user)
		complain(l, n, "user", "a password_file without a user");
}

/* One proof, so that nobody believes in one while another is what counts. */
static void check_proof(struct loader *l, const struct ytree_node *n, struct site_camera *c)
{
	unsigned fingerprint = find(n, "fingerprint") != NULL, ca = find(n, "ca") != NULL, proofs = fingerprint + ca + c->unverified;

	if (proofs == 0)
		complain(l, n, "fingerprint", "an rtsps:// camera needs fingerprint:, which \"casemate probe ADDRESS\" prints, or ca:; "
			 "unverified: true takes whoever answers");
	else if (proofs > 1)
		complain(l, n, "fingerprint", "of fingerprint:, ca: and unverified: only one can be what counts: keep the first that can be had");
	c->tls = fingerprint ? SITE_TLS_FINGERPRINT : ca ? SITE_TLS_CA : SITE_TLS_UNVERIFIED;
	if (c->transport == SITE_TRANSPORT_UDP)
		loader_complain(l, key_of("transport"), find(n, "transport")->at,
				"by udp the media would travel beside the encrypted connection, in the clear: write tcp, or leave it out");
	if (find(n, "tls_name") && !ca)
		complain(l, n, "ca", "a tls_name without a ca");
}

/* The keys of rtsps:// beside an rtsp:// address would promise what is not there. */
static void check_clear(struct loader *l, const struct ytree_node *n)
{
	static const char *const of_tls[] = {"fingerprint", "ca", "tls_name"};

	for (size_t i = 0; i < sizeof of_tls / sizeof *of_tls; i++)
		if (find(n, of_tls[i]))
			loader_complain(l, key_of(of_tls[i]), find(n, of_tls[i])->at, "it has no use without encryption: write source: rtsps://... too");
}

static bool same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET6)
		return IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr);
	return ((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
}

/* What nobody could watch, and nobody would notice so. */
static void check_copy(struct loader *l, const struct ytree_node *n, const struct site_camera *c)
{
	if (c->copy == SITE_COPY_RECORDED && !c->nrenditions)
		complain(l, n, "renditions", "with copy: recorded nothing is left to watch: add a rendition, or write copy: live");
}

void camera_check(struct loader *l, const struct ytree_node *n, struct site_camera *c)
{
	check_login(l, n);
	check_copy(l, n, c);
	if (!c->url)
		return;
	if (!strncmp(c->url, "rtsps:", 6))
		check_proof(l, n, c);
	else
		check_clear(l, n);
	if (c->onvif_url && !same_host(&c->address, &c->onvif_address))
		loader_complain(l, key_of("onvif"), find(n, "onvif")->at, "its address must be that of source:, for it is given the camera's password too");
}
