/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `casemate export` reads the archive itself, as the same user; what it asks of the server is that the log says so. The
 * question, in one line: "export CAMERA RENDITION FROM TO SEGMENTS BYTES", and what else the clip holds: " RENDITION SEGMENTS BYTES".
 */
#include "server/parent.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/ask.h"

#define WORDS 6
#define WORDS_BESIDE 3
#define WORDS_MAX (WORDS + WORDS_BESIDE)
#define BYTES_MAX ((uint64_t)1 << 53)

struct word {
	const char *p;
	size_t n;
};

/* Words with one blank between them; how many, or 0 when there are more. */
static unsigned split(const char *s, struct word word[WORDS_MAX])
{
	unsigned n = 0;

	for (;;) {
		size_t len = strcspn(s, " ");

		if (n == WORDS_MAX)
			return 0;
		word[n].p = s;
		word[n++].n = len;
		if (!s[len])
			return n;
		s += len + 1;
	}
}

static bool take_name(char out[SITE_NAME], const struct word *w)
{
	if (!text_is_name(w->p, w->n))
		return false;
	memcpy(out, w->p, w->n);
	out[w->n] = 0;
	return true;
}

static bool take_footage(uint64_t *ret_segments, uint64_t *ret_bytes, const struct word *w)
{
	return text_u64(w[0].p, w[0].n, UINT32_MAX, ret_segments) == 0 && text_u64(w[1].p, w[1].n, BYTES_MAX, ret_bytes) == 0;
}

static bool parse(const char *s, struct msg_export *ret)
{
	struct msg_export m = {.user = ASK_EXPORT_USER};
	struct word word[WORDS_MAX];
	unsigned n = split(s, word);

	if ((n != WORDS && n != WORDS_MAX) || !take_name(m.camera, &word[0]) || !take_name(m.rendition, &word[1]))
		return false;
	if (clock_parse(word[2].p, word[2].n, &m.from_us) || clock_parse(word[3].p, word[3].n, &m.to_us) || m.from_us > m.to_us)
		return false;
	if (!take_footage(&m.segments, &m.bytes, &word[4]))
		return false;
	if (n == WORDS_MAX && (!take_name(m.beside, &word[WORDS]) || !take_footage(&m.beside_segments, &m.beside_bytes, &word[WORDS + 1])))
		return false;
	*ret = m;
	return true;
}

void parent_export(struct parent *p, const char *words, struct buf *out)
{
	struct child *store = parent_child(p, ROLE_STORE, 0);
	const char *why = NULL;
	struct msg_export m;

	if (!parse(words, &m))
		why = "what was exported could not be understood: is this command of the same version as the server?";
	else if (!store || store->phase != CHILD_READY)
		why = "the archive's process is starting: try again";
	else if (child_say(store, MSG_EXPORT, &m, NULL, 0) < 0)
		why = "the archive's process does not listen: try again";
	if (why) {
		buf_append_fmt(out, ASK_REFUSED "%s\n", why);
		return;
	}
	buf_append_str(out, ASK_DONE);
	parent_log("info", "export", "user=%s camera=%s rendition=%s segments=%llu bytes=%llu", m.user, m.camera, m.rendition,
		(unsigned long long)m.segments, (unsigned long long)m.bytes);
}
