/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_VERIFY_SOURCE_H
#define SERVER_VERIFY_SOURCE_H
/*
 * Where `casemate verify` gets its bytes: an archive's folder, or a running
 * site by HTTPS. Each fills in everything of a struct verify_source but
 * progress; its context is the source's ctx.
 */
#include "seal/verify.h"

/* An archive folder. Never follows a link at a path's end and reads only plain files. 0 or -errno. */
int verify_dir_open(const char *path, struct verify_source *ret);
/* Whether it is a clip: a checkpoint beside a folder of proofs. */
bool verify_dir_is_clip(const struct verify_source *src);
void verify_dir_close(struct verify_source *src);

#define VERIFY_PASSWORD_MAX 256

struct verify_url {
	const char *base;               /* "https://HOST:PORT" */
	const char *user, *password;    /* NULL if none */
	const char *ca;                 /* PEM file; NULL: the system's */
};

/* The first line of the file, which the caller wipes. 0, -ENOBUFS when the file is longer than one of VERIFY_PASSWORD_MAX, or -errno. */
int verify_url_password(const char *path, char ret[VERIFY_PASSWORD_MAX + 2]);
/* Only https, only what the certificate proves, no redirect. 0, -EINVAL with *why (static), or -ENOMEM. */
int verify_url_open(const struct verify_url *url, struct verify_source *ret, const char **why);
/*
 * Sends n bytes there as the body of a POST; the answer's body is appended to out. 0 with *ret_status, whichever it is; -EINVAL for a
 * path that cannot be, -EIO with verify_url_error, -ENOBUFS when the answer is longer than out may get.
 */
int verify_url_post(struct verify_source *src, const char *path, const void *p, size_t n, struct buf *out, long *ret_status);
/* What went wrong last, in words; "" if nothing did. Borrowed. */
const char *verify_url_error(const struct verify_source *src);
void verify_url_close(struct verify_source *src);

#endif
