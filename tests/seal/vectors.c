/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vectors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"

static void path_of(const char *name, char out[4096])
{
	const char *top = getenv("abs_top_srcdir");

	snprintf(out, 4096, "%s/../shared/vectors/%s", top ? top : ".", name);
}

static bool read_text(const char *path, struct buf *out)
{
	buf_init(out, 4u << 20);
	if (io_read_file(AT_FDCWD, path, out) == 0 && buf_append(out, "", 1) == 0)
		return true;
	buf_free(out);
	return false;
}

bool vectors_read(const char *name, struct buf *out)
{
	char path[4096];

	path_of(name, path);
	return read_text(path, out);
}

static unsigned walk(const char *folder, void (*each)(const char *path, const char *json))
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir))) {
		char path[4096];
		struct buf text;

		if (e->d_name[0] == '.' || (size_t)snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= sizeof path)
			continue;
		if (e->d_type == DT_DIR) {
			n += walk(path, each);
		} else if (read_text(path, &text)) {
			each(path, (const char *)buf_data(&text));
			buf_free(&text);
			n++;
		}
	}
	if (dir)
		closedir(dir);
	return n;
}

unsigned vectors_each(const char *folder, void (*each)(const char *path, const char *json))
{
	char path[4096];

	path_of(folder, path);
	return walk(path, each);
}

static const char *find(const char *json, const char *name)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof quoted, "\"%s\":", name);
	at = strstr(json, quoted);
	return at ? at + strlen(quoted) + strspn(at + strlen(quoted), " ") : NULL;
}

bool json_find_str(const char **at, const char *end, const char *name, char *out, size_t cap)
{
	const char *s = find(*at, name), *close;

	if (!s || s >= end || *s != '"' || !(close = strchr(s + 1, '"')) || (size_t)(close - s) > cap)
		return false;
	memcpy(out, s + 1, (size_t)(close - s - 1));
	out[close - s - 1] = 0;
	*at = close + 1;
	return true;
}

long long json_find_int(const char *json, const char *name)
{
	const char *s = find(json, name);

	return s ? atoll(s) : -1;
}

bool json_find_true(const char *json, const char *name)
{
	const char *s = find(json, name);

	return s && !strncmp(s, "true", 4);
}
