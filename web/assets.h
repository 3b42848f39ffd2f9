/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H
/* The table that web_find looks in. */
#include "web/web.h"

extern const struct web_asset web_assets[];
extern const size_t web_nassets;

#endif
