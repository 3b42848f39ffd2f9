/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WEB_WEB_H
#define WEB_WEB_H
/* The page and what belongs to it, built into the program. Never freed, never changed. */
#include <stddef.h>
#include <stdint.h>

struct web_asset {
	const char *path;      /* "/" (the page), "/login.html", "/verify.html", "/assets/NAME" */
	const char *type;      /* Content-Type */
	const char *etag;      /* with its quotes */
	const char *policy;    /* Content-Security-Policy of a page that has its own, else NULL */
	const uint8_t *bytes;
	size_t len;
};

/* The asset of exactly that path (no NUL needed), or NULL. */
const struct web_asset *web_find(const char *path, size_t n);

#endif
