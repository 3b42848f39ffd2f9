/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/verify_source.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/io.h"

#define CONNECT_S 10L
#define SLOW_S 30L               /* a transfer that stands still this long is given up */

struct url {
	CURL *curl;
	char *base;
	char curl_error[CURL_ERROR_SIZE], error[CURL_ERROR_SIZE + 64];
	struct buf *out;         /* the transfer goes here, or into the hasher */
	struct hasher *hasher;
	uint64_t bytes, max_bytes;
};

static size_t take(char *p, size_t size, size_t n, void *ctx)
{
	struct url *u = ctx;

	(void)size;  /* always 1 */
	if (n > u->max_bytes - u->bytes)
		return 0;
	u->bytes += n;
	if (u->out && buf_append(u->out, p, n))
		return 0;
	if (u->hasher)
		hasher_update(u->hasher, p, n);
	return n;
}

/* Footage lies flat on a server: "footage/C/R/000001/1042.m4s" is "live/C/R/1042.m4s". */
static bool url_of(const struct url *u, const char *path, char *out, size_t cap)
{
	const char *rest = strncmp(path, "footage/", 8) ? NULL : path + 8, *name = strrchr(path, '/'), *slash = rest;
	int n;

	for (int i = 0; slash && i < 2; i++)
		slash = strchr(slash + (i > 0), '/');
	if (rest && !slash)
		return false;
	n = rest ? snprintf(out, cap, "%s/live/%.*s%s", u->base, (int)(slash - rest), rest, name) : snprintf(out, cap, "%s/%s", u->base, path);
	return n > 0 && (size_t)n < cap;
}

static int status_error(struct url *u, long status)
{
	static const struct { long status; int rc; const char *words; } known[] = {
		{404, -ENOENT, ""},
		{401, -EACCES, "it asks for a user: --user NAME --password-file FILE"},
		{403, -EACCES, "this user may not see it"},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (known[i].status != status)
			continue;
		if (*known[i].words)
			snprintf(u->error, sizeof u->error, "status %ld: %s", status, known[i].words);
		return known[i].rc;
	}
	snprintf(u->error, sizeof u->error, "status %ld", status);
	return -EIO;
}

static int fetch(struct url *u, const char *path)
{
	char url[1024];
	long status = 0;
	CURLcode c;

	if (!url_of(u, path, url, sizeof url))
		return -EINVAL;
	u->bytes = 0;
	u->curl_error[0] = 0;
	curl_easy_setopt(u->curl, CURLOPT_URL, url);
	c = curl_easy_perform(u->curl);
	curl_easy_getinfo(u->curl, CURLINFO_RESPONSE_CODE, &status);
	/* A body that was refused by take is an answer too, if its status is one. */
	if (c == CURLE_WRITE_ERROR && status == 200)
		return -EFBIG;
	if (c != CURLE_OK && c != CURLE_WRITE_ERROR) {
		snprintf(u->error, sizeof u->error, "%s", u->curl_error[0] ? u->curl_error : curl_easy_strerror(c));
		return -EIO;
	}
	return status == 200 ? 0 : status_error(u, status);
}

static int get(void *ctx, const char *path, struct buf *out)
{
	struct url *u = ctx;
	int rc;

	u->out = out;
	u->hasher = NULL;
	u->max_bytes = out->max;
	rc = fetch(u, path);
	if (rc)
		buf_clear(out);
	return rc == -EFBIG ? -ENOBUFS : rc;
}

static int hash(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	struct url *u = ctx;
	int rc;

	u->out = NULL;
	u->hasher = h;
	u->max_bytes = max_bytes;
	rc = fetch(u, path);
	if (!rc)
		*ret_bytes = u->bytes;
	return rc;
}

int verify_url_post(struct verify_source *src, const char *path, const void *p, size_t n, struct buf *out, long *ret_status)
{
	struct url *u = src->ctx;
	struct curl_slist *type = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
	char url[1024];
	CURLcode c = CURLE_URL_MALFORMAT;

	u->out = out;
	u->hasher = NULL;
	u->bytes = 0;
	u->max_bytes = out->max;
	u->curl_error[0] = 0;
	if (url_of(u, path, url, sizeof url)) {
		curl_easy_setopt(u->curl, CURLOPT_URL, url);
		curl_easy_setopt(u->curl, CURLOPT_HTTPHEADER, type);
		curl_easy_setopt(u->curl, CURLOPT_POSTFIELDSIZE, (long)n);
		curl_easy_setopt(u->curl, CURLOPT_POSTFIELDS, p);
		c = curl_easy_perform(u->curl);
		curl_easy_getinfo(u->curl, CURLINFO_RESPONSE_CODE, ret_status);
		curl_easy_setopt(u->curl, CURLOPT_HTTPHEADER, NULL);
		curl_easy_setopt(u->curl, CURLOPT_HTTPGET, 1L);
	}
	curl_slist_free_all(type);
	if (c == CURLE_OK || c == CURLE_URL_MALFORMAT)
		return c ? -EINVAL : 0;
	snprintf(u->error, sizeof u->error, "%s", u->curl_error[0] ? u->curl_error : curl_easy_strerror(c));
	return c == CURLE_WRITE_ERROR ? -ENOBUFS : -EIO;
}

static bool again(void *ctx)
{
	nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	return true;
}

/* "https://" and a host, perhaps a port and slashes at the end; nothing else. */
static char *base_of(const char *s, const char **why)
{
	size_t n = strlen(s);
	char *base;

	*why = "a site's address is https://HOST:PORT";
	if (strncmp(s, "https://", 8))
		return NULL;
	while (n > 8 && s[n - 1] == '/')
		n--;
	if (n == 8 || n > 300)
		return NULL;
	for (size_t i = 8; i < n; i++) {
		if (s[i] == '@')
			*why = "no user or password in an address: --user NAME --password-file FILE";
		if (s[i] <= 0x20 || s[i] > 0x7e || strchr("@/?#\\", s[i]))
			return NULL;
	}
	base = malloc(n + 1);
	*why = "out of memory";
	if (!base)
		return NULL;
	memcpy(base, s, n);
	base[n] = 0;
	return base;
}

static bool set_up(struct url *u, const struct verify_url *url)
{
	CURL *c = u->curl;
	bool good = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK;

	good = good && curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
	good = good && curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK && curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
	good = good && (!url->ca || (curl_easy_setopt(c, CURLOPT_CAINFO, url->ca) == CURLE_OK && curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK));
	good = good && (!url->user || (curl_easy_setopt(c, CURLOPT_USERNAME, url->user) == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_PASSWORD, url->password ? url->password : "") == CURLE_OK &&
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK));
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, SLOW_S);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, u->curl_error);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, u);
	return good;
}

int verify_url_password(const char *path, char ret[VERIFY_PASSWORD_MAX + 2])
{
	struct buf b;
	int rc;

	buf_init(&b, VERIFY_PASSWORD_MAX + 1);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (!rc) {
		if (b.len)
			memcpy(ret, buf_data(&b), b.len);
		ret[b.len] = 0;
		ret[strcspn(ret, "\r\n")] = 0;
	}
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	return rc;
}

int verify_url_open(const struct verify_url *url, struct verify_source *ret, const char **why)
{
	struct url *u = calloc(1, sizeof *u);

	*why = "out of memory";
	if (!u)
		return -ENOMEM;
	*ret = (struct verify_source){.get = get, .hash = hash, .again = again, .ctx = u};
	u->base = base_of(url->base, why);
	if (!u->base) {
		verify_url_close(ret);
		return -EINVAL;
	}
	*why = "libcurl cannot be set up";
	if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(u->curl = curl_easy_init()) || !set_up(u, url)) {
		verify_url_close(ret);
		return -ENOMEM;
	}
	return 0;
}

const char *verify_url_error(const struct verify_source *src)
{
	const struct url *u = src->ctx;

	return u->error;
}

void verify_url_close(struct verify_source *src)
{
	struct url *u = src->ctx;

	curl_easy_cleanup(u->curl);
	free(u->base);
	free(u);
	src->ctx = NULL;
}
