/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_client_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

static int copy_text(const char *from, char **ret)
{
	*ret = from ? strdup(from) : NULL;
	return from && !*ret ? -ENOMEM : 0;
}

static bool begins_with_udp(const struct rtsp_client_config *config)
{
	return config->transport == RTSP_CLIENT_UDP ||
		(config->transport == RTSP_CLIENT_AUTO && config->prefer == RTSP_CLIENT_UDP && !config->tls);
}

static void configure(struct rtsp_client *c, const struct rtsp_client_config *config)
{
	buf_init(&c->in, RTSP_INPUT_MAX + RTSP_CLIENT_FEED_MAX);
	buf_init(&c->out, RTSP_CLIENT_OUT_MAX);
	c->allow_md5 = config->allow_md5;
	c->allow_basic = config->allow_basic;
	c->tls = config->tls;
	c->no_audio = config->no_audio;
	c->transport = config->transport;
	c->prefer = config->prefer;
	c->by = begins_with_udp(config) ? RTSP_CLIENT_UDP : RTSP_CLIENT_TCP;
	c->timeout_s = RTSP_CLIENT_TIMEOUT_S;
	c->unkept = 1u << KEEP_GET_PARAMETER | 1u << KEEP_SET_PARAMETER;
	hex_encode(config->random, sizeof config->random, c->cnonce);
}

int rtsp_client_new(const struct rtsp_client_config *config, struct rtsp_client **ret)
{
	struct rtsp_client *c;
	int rc = 0;

	if (config->tls && config->transport == RTSP_CLIENT_UDP)
		return -EINVAL;
	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	configure(c, config);
	c->password = config->password ? secret_strdup(config->password) : NULL;
	if (copy_text(config->url, &c->url) || copy_text(config->user, &c->user) || (config->password && !c->password))
		rc = -ENOMEM;
	else if (rtsp_url_resolve(config->url, "", "", c->base))
		rc = -EINVAL;
	if (rc)
		rtsp_client_free(&c);
	else
		*ret = c;
	return rc;
}

void rtsp_client_free(struct rtsp_client **cp)
{
	struct rtsp_client *c = *cp;

	if (!c)
		return;
	*cp = NULL;
	/* Basic is the password but for base64. */
	if (c->out.mem)
		explicit_bzero(c->out.mem, c->out.cap);
	buf_free(&c->in);
	buf_free(&c->out);
	free(c->url);
	free(c->user);
	secret_free(c->password);
	free(c);
}

struct buf *rtsp_client_out(struct rtsp_client *c)
{
	return &c->out;
}

enum rtsp_client_transport rtsp_client_transport(const struct rtsp_client *c)
{
	return c->track[RTSP_CLIENT_VIDEO].set_up || c->track[RTSP_CLIENT_AUDIO].set_up ? c->by : RTSP_CLIENT_AUTO;
}

enum rtsp_client_transport rtsp_client_prefer(const struct rtsp_client *c)
{
	if (c->media_came)
		return c->by;
	if (c->unfit)
		return c->by == RTSP_CLIENT_TCP ? RTSP_CLIENT_UDP : RTSP_CLIENT_TCP;
	return c->prefer;
}

const struct sdp_media *rtsp_client_media(const struct rtsp_client *c, unsigned track)
{
	return c->track[track].wanted ? &c->track[track].media : NULL;
}

bool rtsp_client_rtptime(const struct rtsp_client *c, unsigned track, uint32_t *ret)
{
	if (c->track[track].has_rtptime)
		*ret = c->track[track].rtptime;
	return c->track[track].has_rtptime;
}

const char *rtsp_client_left_out(const struct rtsp_client *c)
{
	return c->left_out;
}

uint32_t rtsp_client_quirks(const struct rtsp_client *c)
{
	return c->quirks;
}

const char *rtsp_client_server(const struct rtsp_client *c)
{
	return c->server;
}

const char *rtsp_client_offered(const struct rtsp_client *c)
{
	return c->offered;
}

enum rtsp_client_answer rtsp_client_answered(const struct rtsp_client *c)
{
	static const enum rtsp_client_answer by[DIGEST_ALGORITHMS] = {
		[DIGEST_MD5] = RTSP_CLIENT_MD5, [DIGEST_SHA256] = RTSP_CLIENT_SHA256, [DIGEST_SHA512_256] = RTSP_CLIENT_SHA512_256};

	return c->login == LOGIN_NONE ? RTSP_CLIENT_NOBODY : c->login == LOGIN_BASIC ? RTSP_CLIENT_BASIC : by[c->challenge.algorithm];
}

const struct vendor_guess *rtsp_client_vendor(const struct rtsp_client *c)
{
	return &c->vendor;
}

const struct rtsp_client_counters *rtsp_client_counters(const struct rtsp_client *c)
{
	return &c->counters;
}
