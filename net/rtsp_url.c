/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_url.h"

#include <errno.h>
#include <stdbool.h>

#include "base/wr.h"
#include "net/span.h"

/* What follows "scheme://authority"; all of s when there is no scheme. */
static const char *after_authority(const char *s, bool *ret_absolute)
{
	const char *colon = strstr(s, "://");

	*ret_absolute = colon && strcspn(s, "/?") > (size_t)(colon - s);
	if (!*ret_absolute)
		return s;
	return colon + 3 + strcspn(colon + 3, "/?");
}

/* The path of a Content-Base, which may lack its scheme ("192.0.2.1:554/stream/") or be a path alone. */
static const char *base_path(const char *base)
{
	bool absolute;
	const char *path = after_authority(base, &absolute);

	return absolute || *path == '/' ? path : path + strcspn(path, "/");
}

static void join(struct wr *w, const char *path, const char *control)
{
	if (*path != '/')
		wr_str(w, "/");
	wr_str(w, path);
	if (!*control)
		return;
	if (*control == '/')
		control++;
	if (!w->bad && w->p[w->len - 1] != '/')
		wr_str(w, "/");
	wr_str(w, control);
}

static bool is_clean(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

int rtsp_url_resolve(const char *configured, const char *base, const char *control, char out[RTSP_URL_MAX + 1])
{
	char url[RTSP_URL_MAX + 1];
	struct wr w = wr_init(url, RTSP_URL_MAX);
	bool absolute;
	const char *own = after_authority(configured, &absolute), *path;

	if (!is_clean(configured) || !is_clean(base) || !is_clean(control))
		return -EINVAL;
	wr_bytes(&w, configured, (size_t)(own - configured));
	if (!strcmp(control, "*"))
		control = "";
	path = after_authority(control, &absolute);
	if (absolute)
		join(&w, path, "");
	else
		join(&w, *base ? base_path(base) : own, control);
	if (w.bad)
		return -ENOBUFS;
	url[w.len] = 0;
	memcpy(out, url, w.len + 1);
	return 0;
}
