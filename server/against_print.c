/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change opens, closes, disconnects, deletes and changes: for people and as JSON (casemate-check(1)). */
#include <limits.h>

#include "base/json.h"
#include "server/against.h"

#define PLACE (PATH_MAX + SITE_PART_NAME)

static void counts_text(const struct against *a, struct buf *out)
{
	const char *before = ": ";

	for (unsigned g = 0; g < AGAINST_GROUPS; g++) {
		if (!a->count[g])
			continue;
		buf_append_fmt(out, "%s%s %u", before, against_group_name((enum against_group)g), a->count[g]);
		before = ", ";
	}
	buf_append_str(out, *before == ':' ? ": nothing changes\n" : "\n");
}

static void group_text(const struct against *a, enum against_group group, const char *old, const char *new, struct buf *out)
{
	if (a->count[group])
		buf_append_fmt(out, "%s\n", against_group_name(group));
	for (unsigned i = 0; i < a->n; i++) {
		const struct against_line *l = &a->line[i];
		char place[PLACE];

		if (l->group != group)
			continue;
		site_place(l->old ? a->was : a->is, l->old ? old : new, l->line, place, sizeof place);
		buf_append_fmt(out, "  %s: %s\n", place, l->text);
	}
}

void against_text(const struct against *a, const char *old, const char *new, struct buf *out)
{
	buf_append_fmt(out, "%s against %s", new, old);
	counts_text(a, out);
	for (unsigned g = 0; g < AGAINST_GROUPS; g++)
		group_text(a, (enum against_group)g, old, new, out);
	if (a->left_out)
		buf_append_fmt(out, "%u more are not shown\n", a->left_out);
}

static void line_json(struct json *j, const struct against *a, const struct against_line *l, const char *old, const char *new)
{
	char file[PLACE];
	static const char *const what[] = {
		[DIFF_SITE] = "site", [DIFF_LISTENER] = "listener", [DIFF_GROUP] = "group", [DIFF_USER] = "user", [DIFF_CAMERA] = "camera", [DIFF_RENDITION] = "rendition"};

	json_open(j, NULL, '{');
	site_place(l->old ? a->was : a->is, l->old ? old : new, l->line / SITE_LINES * SITE_LINES, file, sizeof file);
	json_str(j, "file", file);
	json_int(j, "line", l->line % SITE_LINES);
	json_str(j, "what", what[l->item->what]);
	json_str(j, "name", *l->item->name ? l->item->name : NULL);
	json_str(j, "rendition", *l->item->rendition ? l->item->rendition : NULL);
	json_str(j, "key", l->item->key->path);
	json_str(j, "text", l->text);
	json_close(j, '}');
}

void against_json(const struct against *a, const char *old, const char *new, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_str(&j, "old", old);
	json_str(&j, "new", new);
	for (unsigned g = 0; g < AGAINST_GROUPS; g++) {
		json_open(&j, against_group_name((enum against_group)g), '[');
		for (unsigned i = 0; i < a->n; i++)
			if (a->line[i].group == g)
				line_json(&j, a, &a->line[i], old, new);
		json_close(&j, ']');
	}
	json_int(&j, "not_shown", a->left_out);
	json_close(&j, '}');
	buf_append_str(out, "\n");
}
