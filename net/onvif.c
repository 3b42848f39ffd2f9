/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/onvif.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/xml.h"

#define BODY_MAX 4096
#define CHALLENGES_MAX 3              /* answered in one step: a camera that says "stale" for ever is not asked for ever */

static const char envelope_begin[] =
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>"
	"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\""
	" xmlns:d=\"http://www.onvif.org/ver10/device/wsdl\" xmlns:m=\"http://www.onvif.org/ver10/media/wsdl\">";

void onvif_init(struct onvif *o, const struct onvif_config *config)
{
	*o = (struct onvif){.config = *config};
}

/* Requests */

static int append_escaped(struct buf *b, const char *s)
{
	int rc = 0;

	for (; *s && !rc; s++) {
		if ((unsigned char)*s < 0x20)
			return -EINVAL;
		rc = *s == '&' ? buf_append_str(b, "&amp;") : *s == '<' ? buf_append_str(b, "&lt;") :
		     *s == '>' ? buf_append_str(b, "&gt;") : buf_append(b, s, 1);
	}
	return rc;
}

/* WS-Security UsernameToken Profile 1.1, 3.1: Base64(SHA-1(nonce + created + password)). */
static int password_digest(const struct onvif *o, const uint8_t nonce[16], const char *created, char ret[32])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t sum[20];
	int rc = -EIO;

	if (md && EVP_DigestInit_ex(md, EVP_sha1(), NULL) && EVP_DigestUpdate(md, nonce, 16) && EVP_DigestUpdate(md, created, strlen(created)) &&
	    EVP_DigestUpdate(md, o->config.password, strlen(o->config.password)) && EVP_DigestFinal_ex(md, sum, NULL)) {
		base64_encode(sum, sizeof sum, ret);
		rc = 0;
	}
	EVP_MD_CTX_free(md);
	return rc;
}

static int append_security(const struct onvif *o, int64_t wall_us, const uint8_t random[16], struct buf *b)
{
	static const char token[] = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
	char created[CLOCK_TEXT], digest[32], nonce[32];
	int rc;

	clock_text(wall_us + o->offset_us, created);
	base64_encode(random, 16, nonce);
	rc = password_digest(o, random, created, digest);
	if (!rc)
		rc = buf_append_fmt(b, "<s:Header><w:Security s:mustUnderstand=\"1\" xmlns:w=\"%swssecurity-secext-1.0.xsd\" xmlns:u=\"%swssecurity-utility-1.0.xsd\">"
			"<w:UsernameToken><w:Username>", token, token);
	if (!rc)
		rc = append_escaped(b, o->config.user);
	if (!rc)
		rc = buf_append_fmt(b, "</w:Username><w:Password Type=\"%susername-token-profile-1.0#PasswordDigest\">%s</w:Password>"
			"<w:Nonce EncodingType=\"%ssoap-message-security-1.0#Base64Binary\">%s</w:Nonce><u:Created>%s</u:Created>"
			"</w:UsernameToken></w:Security></s:Header>", token, digest, token, nonce, created);
	return rc;
}

static int append_body(const struct onvif *o, struct buf *b)
{
	switch (o->step) {
	case ONVIF_CLOCK:
		return buf_append_str(b, "<s:Body><d:GetSystemDateAndTime/></s:Body></s:Envelope>");
	case ONVIF_SERVICES:
		return buf_append_str(b, "<s:Body><d:GetCapabilities><d:Category>Media</d:Category></d:GetCapabilities></s:Body></s:Envelope>");
	case ONVIF_PROFILES:
		return buf_append_str(b, "<s:Body><m:GetProfiles/></s:Body></s:Envelope>");
	case ONVIF_SYNC:
		return buf_append_fmt(b, "<s:Body><m:SetSynchronizationPoint><m:ProfileToken>%s</m:ProfileToken></m:SetSynchronizationPoint></s:Body></s:Envelope>", o->token);
	}
	return -EINVAL;
}

static int append_authorization(struct onvif *o, const char *path, const uint8_t random[16], struct buf *out)
{
	struct digest_who who = {.user = o->config.user, .password = o->config.password, .method = "POST", .uri = path};
	char cnonce[33], value[DIGEST_HEADER_MAX];
	struct wr w = wr_init((uint8_t *)value, sizeof value - 1);
	int rc;

	o->answered = o->has_challenge && o->config.user;
	if (!o->answered)
		return 0;
	hex_encode(random, 16, cnonce);
	rc = digest_answer(&w, &o->challenge, &who, ++o->nonce_count, cnonce);
	if (rc || w.bad)
		return rc ? rc : -ENOBUFS;
	value[w.len] = 0;
	return buf_append_fmt(out, "Authorization: %s\r\n", value);
}

int onvif_request(struct onvif *o, int64_t wall_us, const uint8_t random[16], struct buf *out)
{
	const char *path = o->step <= ONVIF_SERVICES || !*o->media ? o->config.path : o->media;
	bool signs = o->step != ONVIF_CLOCK && o->config.user && o->config.allow_md5;
	struct buf body;
	int rc;

	buf_init(&body, BODY_MAX);
	rc = buf_append_str(&body, envelope_begin);
	if (!rc && signs)
		rc = append_security(o, wall_us, random, &body);
	if (!rc)
		rc = append_body(o, &body);
	/* HTTP/1.0: the reply is not in chunks (RFC 9112 7.1). */
	if (!rc)
		rc = buf_append_fmt(out, "POST %s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/soap+xml; charset=utf-8\r\nContent-Length: %zu\r\n",
			path, o->config.host, body.len);
	if (!rc)
		rc = append_authorization(o, path, random, out);
	if (!rc)
		rc = buf_append_str(out, "Connection: close\r\n\r\n");
	if (!rc)
		rc = buf_append(out, buf_data(&body), body.len);
	buf_free(&body);
	return rc;
}

/* Replies */

struct reply {
	unsigned status;
	struct span head, body;
	bool whole;
};

static bool header_value(struct span *head, const char *name, struct span *ret)
{
	while (head->n) {
		struct span line = span_cut(head, '\n'), field = span_cut(&line, ':');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		if (span_is_nocase(span_trim(field), name)) {
			*ret = span_trim(line);
			return true;
		}
	}
	return false;
}

/* 1 and *ret, 0 when the head is not there yet, -EBADMSG. */
static int read_head(struct span in, struct reply *ret)
{
	const char *end = in.n ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL;
	struct span head, length;
	uint64_t n;

	if (!end)
		return 0;
	head = span_of(in.p, (size_t)(end - in.p) + 2);
	ret->body = span_skip(in, head.n + 2);
	if (head.n < 12 || !span_begins_nocase(head, "HTTP/1.") || head.p[8] != ' ' || text_u64(head.p + 9, 3, 599, &n))
		return -EBADMSG;
	ret->status = (unsigned)n;
	span_cut(&head, '\n');
	ret->head = head;
	if (!header_value(&head, "Content-Length", &length))
		return 1;
	if (text_u64(length.p, length.n, ONVIF_REPLY_MAX, &n))
		return -EBADMSG;
	if (ret->body.n >= n) {
		ret->body.n = n;
		ret->whole = true;
	}
	return 1;
}

static bool number_in(struct span in, const char *name, uint64_t max, uint64_t *ret)
{
	struct span text;

	if (!xml_element(&in, name, NULL, &text))
		return false;
	text = span_trim(text);
	while (text.n > 1 && text.p[0] == '0')
		text = span_skip(text, 1);
	return text_u64(text.p, text.n, max, ret) == 0;
}

/* Days from 1970-01-01 of a date in the Gregorian calendar. */
static int64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
	int64_t y = (int64_t)year - (month <= 2), m = (int64_t)month + (month <= 2 ? 9 : -3);

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + (int64_t)day - 1 - 719468;
}

static void take_clock(struct onvif *o, struct span body, int64_t wall_us)
{
	struct span utc, date, time;
	uint64_t year, month, day, hour, minute, second;

	if (!xml_element(&body, "UTCDateTime", NULL, &utc))
		return;
	date = time = utc;
	if (!xml_element(&date, "Date", NULL, &date) || !xml_element(&time, "Time", NULL, &time) || !number_in(date, "Year", 2200, &year) ||
	    !number_in(date, "Month", 12, &month) || !number_in(date, "Day", 31, &day) || !number_in(time, "Hour", 23, &hour) ||
	    !number_in(time, "Minute", 59, &minute) || !number_in(time, "Second", 60, &second) || year < 1970 || !month || !day)
		return;
	o->offset_us = (((days_of(year, month, day) * 24 + (int64_t)hour) * 60 + (int64_t)minute) * 60 + (int64_t)second) * 1000000 - wall_us;
}

/* The path of a URL, whatever host it names; "" when it has none that can be sent. */
static void take_path(struct span url, char ret[ONVIF_PATH_MAX + 1])
{
	const char *sep = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
	const char *slash;

	ret[0] = 0;
	if (sep)
		url = span_skip(url, (size_t)(sep - url.p) + 3);
	slash = url.n ? memchr(url.p, '/', url.n) : NULL;
	if (!slash)
		return;
	url = span_skip(url, (size_t)(slash - url.p));
	if (url.n > ONVIF_PATH_MAX)
		return;
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= 0x20 || url.p[i] >= 0x7f || strchr("\"<>\\^`{|}#", url.p[i]))
			return;
	memcpy(ret, url.p, url.n);
	ret[url.n] = 0;
}

static void take_services(struct onvif *o, struct span body)
{
	struct span media, url;

	if (xml_element(&body, "Media", NULL, &media) && xml_element(&media, "XAddr", NULL, &url))
		take_path(span_trim(url), o->media);
}

/* The first profile's token, if it is made of what tokens are made of. */
static bool take_profile(struct onvif *o, struct span body)
{
	struct span attributes, token;

	if (!xml_element(&body, "Profiles", &attributes, NULL) || !xml_attribute(attributes, "token", &token) || !token.n || token.n > ONVIF_TOKEN_MAX)
		return false;
	for (size_t i = 0; i < token.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:", token.p[i]))
			return false;
	memcpy(o->token, token.p, token.n);
	o->token[token.n] = 0;
	return true;
}

static enum onvif_result fail(struct onvif *o, const char *text, const char **why)
{
	o->step = ONVIF_CLOCK;
	o->challenges = 0;
	o->known = o->has_challenge = false;
	*why = text;
	return ONVIF_FAILED;
}

static bool take_challenge(struct onvif *o, struct span head)
{
	struct digest_offer offer = {0};
	struct span value;

	while (header_value(&head, "WWW-Authenticate", &value))
		digest_offer_add(&offer, value, o->config.allow_md5);
	if (!offer.usable || !o->config.user || (o->answered && !offer.stale) || o->challenges == CHALLENGES_MAX)
		return false;
	o->challenges++;
	o->challenge = offer.best;
	o->has_challenge = true;
	o->nonce_count = 0;
	return true;
}

static enum onvif_result step_done(struct onvif *o, const struct reply *r, int64_t wall_us, const char **why)
{
	o->challenges = 0;
	switch (o->step) {
	case ONVIF_CLOCK:
		if (r->status == 200)
			take_clock(o, r->body, wall_us);
		o->step = o->known ? ONVIF_SYNC : ONVIF_SERVICES;
		return ONVIF_NEXT;
	case ONVIF_SERVICES:
		take_services(o, r->body);
		o->step = ONVIF_PROFILES;
		return ONVIF_NEXT;
	case ONVIF_PROFILES:
		if (!take_profile(o, r->body))
			return fail(o, "ONVIF: the camera names no media profile", why);
		o->known = true;
		o->step = ONVIF_SYNC;
		return ONVIF_NEXT;
	case ONVIF_SYNC:
		o->step = ONVIF_CLOCK;
		return ONVIF_DONE;
	}
	return fail(o, "ONVIF: out of step", why);
}

enum onvif_result onvif_reply(struct onvif *o, const uint8_t *p, size_t n, bool closed, int64_t wall_us, const char **why)
{
	struct reply r = {0};
	int rc = n > ONVIF_REPLY_MAX ? -EBADMSG : read_head(span_of(p, n), &r);

	if (rc < 0)
		return fail(o, "ONVIF: the reply is not HTTP, or too large", why);
	if ((rc == 0 || !r.whole) && !closed)
		return n == ONVIF_REPLY_MAX ? fail(o, "ONVIF: the reply is too large", why) : ONVIF_MORE;
	if (rc == 0)
		return fail(o, "ONVIF: the camera closed without a reply", why);
	if (r.status == 401 && take_challenge(o, r.head))
		return ONVIF_NEXT;
	/* Old cameras want a login even for the time; then their clock is taken to be right. */
	if (r.status == 401 && o->step != ONVIF_CLOCK)
		return fail(o, "ONVIF: the camera refuses user or password: it may keep users for ONVIF apart", why);
	if (r.status != 200 && o->step != ONVIF_CLOCK)
		return fail(o, r.status == 400 || r.status == 500 ? "ONVIF: the camera refuses the request: check user and password" :
			"ONVIF: nothing at that address answers as a camera does: check onvif:", why);
	return step_done(o, &r, wall_us, why);
}
