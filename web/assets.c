/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web/assets.h"

static const char page[] = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>casemate</title><h1>casemate</h1>"
	"<p>Cameras: <a href=\"/api/site\">/api/site</a></p><form method=\"post\" action=\"/logout\"><button>Log out</button></form></html>\n";
static const char login[] = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>casemate</title><h1>casemate</h1>"
	"<form method=\"post\" action=\"/login\"><label>Name <input name=\"name\" autocomplete=\"username\"></label> "
	"<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label> <button>Log in</button></form></html>\n";

const struct web_asset web_assets[] = {
	{"/", "text/html; charset=utf-8", "\"page-0\"", (const uint8_t *)page, sizeof page - 1},
	{"/login.html", "text/html; charset=utf-8", "\"login-0\"", (const uint8_t *)login, sizeof login - 1},
};
const size_t web_nassets = sizeof web_assets / sizeof *web_assets;
