/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is built into the program as pages: whole, found by its exact path, and in the bounds that the pages' policy sets. */
#include <criterion/criterion.h>
#include <string.h>

#include "web/assets.h"

static bool has(const struct web_asset *a, const char *text)
{
	return memmem(a->bytes, a->len, text, strlen(text)) != NULL;
}

static bool ends(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n >= m && strcmp(path + n - m, suffix) == 0;
}

Test(web, finds_exact_paths_only)
{
	static const char *const none[] = {"", "/index.html", "/assets/", "/assets/page.j", "/assets/page.jss", "/login", "assets/page.js", "//"};

	cr_assert(web_nassets > 10);
	for (size_t i = 0; i < web_nassets; i++)
		cr_assert_eq(web_find(web_assets[i].path, strlen(web_assets[i].path)), &web_assets[i]);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		cr_assert_null(web_find(none[i], strlen(none[i])), "%s", none[i]);
	cr_assert_not_null(web_find("/", 1));
	cr_assert_not_null(web_find("/login.html?", 11));
}

Test(web, types_and_etags)
{
	static const struct { const char *suffix, *type; } known[] = {
		{"/", "text/html; charset=utf-8"}, {".html", "text/html; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"}, {".mjs", "text/javascript; charset=utf-8"}, {".svg", "image/svg+xml"},
		{".txt", "text/plain; charset=utf-8"}};

	for (size_t i = 0; i < web_nassets; i++) {
		const struct web_asset *a = &web_assets[i];
		const char *type = NULL;

		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			if (ends(a->path, known[k].suffix))
				type = known[k].type;
		cr_assert_not_null(type, "%s", a->path);
		cr_assert_str_eq(a->type, type);
		cr_assert(strlen(a->etag) == 34 && a->etag[0] == '"' && a->etag[33] == '"', "%s %s", a->path, a->etag);
		for (size_t k = 0; k < i; k++)
			cr_assert(strcmp(a->etag, web_assets[k].etag) != 0 && strcmp(a->path, web_assets[k].path) != 0, "%s", a->path);
	}
}

Test(web, bytes_are_whole)
{
	for (size_t i = 0; i < web_nassets; i++) {
		const struct web_asset *a = &web_assets[i];

		cr_assert(a->len > 0 && a->bytes[a->len] == 0, "%s", a->path);
		cr_assert_eq(strlen((const char *)a->bytes), a->len, "%s holds a NUL, or its length is wrong", a->path);
	}
}

/* What is one file for itself has its code inside, each under a hash that its policy names; the bundle is tested elsewhere. */
static bool is_bundle(const struct web_asset *a)
{
	return a->policy && !strcmp(a->path, "/verify.html");
}

/* script-src 'self' and style-src 'self' let none of these through. */
Test(web, pages_hold_no_inline_code)
{
	static const char *const inline_code[] = {"<style", " style=", "<script>", "javascript:", " onclick", " onload", " onsubmit", "http:", "https:"};

	for (size_t i = 0; i < web_nassets; i++)
		for (size_t k = 0; !is_bundle(&web_assets[i]) && ends(web_assets[i].path, "/") + ends(web_assets[i].path, ".html") && k < sizeof inline_code / sizeof *inline_code; k++)
			cr_assert_not(has(&web_assets[i], inline_code[k]), "%s has %s", web_assets[i].path, inline_code[k]);
}

Test(web, the_verifier_brings_its_own_policy_and_asks_for_nothing)
{
	const struct web_asset *a = web_find("/verify.html", 12);

	cr_assert(a && a->policy && strncmp(a->policy, "default-src 'none'; script-src 'sha256-", 39) == 0);
	cr_assert(strstr(a->policy, "connect-src 'none'") && !strstr(a->policy, "unsafe") && !strstr(a->policy, "'self'"), "%s", a->policy);
	cr_assert_not(has(a, "src=\"") || has(a, "http:") || has(a, "<!-- script -->"));
	for (size_t i = 0; i < web_nassets; i++)
		cr_assert(web_assets[i].policy == NULL || &web_assets[i] == a, "%s", web_assets[i].path);
}

/* Each text between before and after, as a path under /assets/, is there. */
static unsigned check_references(const struct web_asset *a, const char *before, char after)
{
	const char *p = (const char *)a->bytes;
	unsigned seen = 0;

	while ((p = strstr(p, before)) != NULL) {
		char path[100] = "/assets/";
		size_t n;

		p += strlen(before);
		n = strcspn(p, (const char[]){after, '\n', 0});
		cr_assert(p[n] == after && n < sizeof path - 9, "%s", a->path);
		memcpy(path + 8, p, n);
		cr_assert_not_null(web_find(path, strlen(path)), "%s names %s", a->path, path);
		seen++;
	}
	return seen;
}

Test(web, what_pages_and_modules_name_is_there)
{
	unsigned seen = 0;

	for (size_t i = 0; i < web_nassets; i++) {
		if (ends(web_assets[i].path, "/") || ends(web_assets[i].path, ".html"))
			seen += check_references(&web_assets[i], "\"/assets/", '"');
		if (ends(web_assets[i].path, ".js"))
			seen += check_references(&web_assets[i], " from \"./", '"');
	}
	cr_assert(seen > 12, "%u", seen);
}

Test(web, the_player_carries_its_licence)
{
	const struct web_asset *a = web_find("/assets/hls.js-license.txt", 26);

	cr_assert(a && has(a, "Apache License"));
}
