/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#define CHALLENGES_MAX 3              /* 401s in a row to one request */

static void note_offer(struct rtsp_client *c, const struct digest_offer *o)
{
	if (o->challenges > 1)
		rtsp_client_quirk(c, RTSP_QUIRK_MANY_CHALLENGES);
	if (o->algorithms && !(o->algorithms >> DIGEST_MD5 & 1))
		rtsp_client_quirk(c, RTSP_QUIRK_SHA_ONLY);
	if (o->algorithms == 1u << DIGEST_MD5)
		rtsp_client_quirk(c, RTSP_QUIRK_MD5_ONLY);
	if (o->basic && !o->digests)
		rtsp_client_quirk(c, RTSP_QUIRK_BASIC_ONLY);
	if (c->answered && c->challenges == 1 && c->phase == ASKING)
		rtsp_client_quirk(c, RTSP_QUIRK_NONCE_EACH);
	c->digest_seen |= o->digests > 0;
}

/*
 * Was it the password, and not only an old nonce, that the camera refused? A request that went out with an answer made
 * for an earlier one may be refused once; a fresh answer only if the camera says that it came too late.
 */
static bool is_wrong(const struct rtsp_client *c, const struct digest_offer *o)
{
	if (!c->answered)
		return false;
	if (!o->usable || c->login == LOGIN_BASIC || c->challenges >= CHALLENGES_MAX)
		return true;
	return !o->stale && (c->challenges > 1 || !strcmp(o->best.nonce, c->challenge.nonce));
}

/* Without the right to go on. A keep-alive is only asked otherwise the next time: media still comes. */
static void shut_out(struct rtsp_client *c, const char *text)
{
	if (c->asked == KEEP_ALIVE)
		rtsp_client_refused(c, 401);
	else if (c->asked == TEARDOWN)
		rtsp_client_over(c);
	else
		rtsp_client_fail(c, GAP_AUTHENTICATION, text);
}

void rtsp_client_unauthorized(struct rtsp_client *c, const struct rtsp_message *m)
{
	struct digest_offer o = {0};
	unsigned at = 0;
	struct span v;
	bool basic;

	while (rtsp_message_next(m, "WWW-Authenticate", &at, &v))
		digest_offer_add(&o, v, c->allow_md5);
	c->challenges++;
	if (o.usable)
		vendor_see(&c->vendor, VENDOR_REALM, span_str(o.best.realm));
	note_offer(c, &o);
	basic = o.basic && !c->digest_seen && (c->tls || c->allow_basic);
	if (!c->user || !c->password) {
		shut_out(c, "the camera wants a user and a password: give them in the site file");
	} else if (is_wrong(c, &o)) {
		shut_out(c, "the camera refuses the user or the password");
	} else if (!o.usable && !basic) {
		shut_out(c, digest_offer_why(&o));
	} else {
		if (o.usable && strcmp(o.best.nonce, c->challenge.nonce))
			c->nonce_count = 0;
		c->login = o.usable ? LOGIN_DIGEST : LOGIN_BASIC;
		c->challenge = o.best;
		rtsp_client_ask_again(c);
	}
}
