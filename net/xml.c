/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/xml.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The inside of the next tag, without its brackets; comments and CDATA are stepped over. */
static bool next_tag(struct span *in, struct span *ret)
{
	for (;;) {
		const char *end;

		span_cut(in, '<');
		if (!in->n)
			return false;
		if (in->n >= 3 && !memcmp(in->p, "!--", 3))
			end = memmem(in->p, in->n, "-->", 3);
		else if (in->n >= 8 && !memcmp(in->p, "![CDATA[", 8))
			end = memmem(in->p, in->n, "]]>", 3);
		else if (memchr(in->p, '>', in->n)) {
			*ret = span_cut(in, '>');
			return true;
		} else
			return false;
		if (!end)
			return false;
		*in = span_skip(*in, (size_t)(end - in->p));
	}
}

/* "prefix:name rest" into name and rest. */
static struct span local_name(struct span *tag)
{
	struct span name = {.p = tag->p};
	const char *colon;

	while (name.n < tag->n && !is_blank(tag->p[name.n]) && tag->p[name.n] != '/')
		name.n++;
	*tag = span_skip(*tag, name.n);
	colon = name.n ? memchr(name.p, ':', name.n) : NULL;
	return colon ? span_skip(name, (size_t)(colon - name.p) + 1) : name;
}

static struct span body_until_end(struct span in, const char *name)
{
	struct span rest = in, tag;

	while (next_tag(&rest, &tag)) {
		const char *begin = tag.p - 1;

		if (!tag.n || tag.p[0] != '/')
			continue;
		tag = span_skip(tag, 1);
		if (span_is(local_name(&tag), name))
			return span_of(in.p, (size_t)(begin - in.p));
	}
	return span_of(in.p, 0);
}

bool xml_element(struct span *in, const char *name, struct span *ret_attributes, struct span *ret_body)
{
	struct span tag;

	while (next_tag(in, &tag)) {
		bool closed = tag.n && tag.p[tag.n - 1] == '/';

		if (!tag.n || strchr("/!?", tag.p[0]) || !span_is(local_name(&tag), name))
			continue;
		if (ret_body)
			*ret_body = closed ? span_of(in->p, 0) : body_until_end(*in, name);
		if (ret_attributes)
			*ret_attributes = tag;
		return true;
	}
	return false;
}

bool xml_attribute(struct span in, const char *name, struct span *ret)
{
	for (;;) {
		struct span key;
		char quote;

		while (in.n && is_blank(in.p[0]))
			in = span_skip(in, 1);
		key = span_cut(&in, '=');
		while (in.n && is_blank(in.p[0]))
			in = span_skip(in, 1);
		if (in.n < 2 || (in.p[0] != '"' && in.p[0] != '\'') || !memchr(in.p + 1, in.p[0], in.n - 1))
			return false;
		quote = in.p[0];
		in = span_skip(in, 1);
		*ret = span_cut(&in, quote);
		while (key.n && is_blank(key.p[key.n - 1]))
			key.n--;
		if (span_is(key, name))
			return true;
	}
}
