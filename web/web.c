/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web/web.h"

#include <string.h>

#include "web/assets.h"

const struct web_asset *web_find(const char *path, size_t n)
{
	for (size_t i = 0; i < web_nassets; i++)
		if (strlen(web_assets[i].path) == n && memcmp(web_assets[i].path, path, n) == 0)
			return &web_assets[i];
	return NULL;
}
