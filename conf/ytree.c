/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/ytree.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

#define CHUNK_BYTES (64u << 10)

struct ytree_chunk {
	struct ytree_chunk *next;
	size_t used, cap;
	max_align_t mem[];
};

/* A map or list that is being read. */
struct frame {
	struct ytree_node *node, **tail;
	bool have_key;
	const char *key;  /* NULL while have_key: the key was refused, and its value goes with it */
	size_t key_len;
	struct complaint_at key_at;
};

struct reader {
	struct ytree *tree;
	struct site_report *report;
	struct frame frame[YTREE_DEPTH_MAX];
	unsigned depth, documents;
	int base;         /* of the part's lines */
};

static void *arena_alloc(struct ytree *t, size_t n)
{
	struct ytree_chunk *c = t->chunks;
	size_t cap = n > CHUNK_BYTES ? n : CHUNK_BYTES;
	void *p;

	n = (n + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (!c || c->cap - c->used < n) {
		c = malloc(sizeof *c + cap + sizeof(max_align_t));
		if (!c)
			return NULL;
		*c = (struct ytree_chunk){.next = t->chunks, .cap = cap + sizeof(max_align_t)};
		t->chunks = c;
	}
	p = (uint8_t *)c->mem + c->used;
	c->used += n;
	return memset(p, 0, n);
}

static const char *arena_copy(struct ytree *t, const void *s, size_t n)
{
	char *p = arena_alloc(t, n + 1);

	return p ? memcpy(p, s, n) : NULL;
}

void ytree_free(struct ytree **tree)
{
	struct ytree *t = *tree;

	*tree = NULL;
	while (t && t->chunks) {
		struct ytree_chunk *c = t->chunks;

		t->chunks = c->next;
		free(c);
	}
	free(t);
}

static struct complaint_at mark_at(const struct reader *r, yaml_mark_t m)
{
	return (struct complaint_at){r->base + (int)m.line + 1, (int)m.column + 1};
}

static int new_node(struct reader *r, const yaml_event_t *e, enum ytree_kind kind, struct ytree_node **ret)
{
	struct complaint_at at = mark_at(r, e->start_mark);

	if (r->tree->nodes >= YTREE_NODES_MAX) {
		complaint_add(r->report, at, NULL, "the file holds more than %u values", YTREE_NODES_MAX);
		return -EINVAL;
	}
	*ret = arena_alloc(r->tree, sizeof **ret);
	if (!*ret)
		return -ENOMEM;
	r->tree->nodes++;
	(*ret)->kind = kind;
	(*ret)->at = at;
	return 0;
}

/* A scalar or NULL (a key that can't be one) where the map on top wants a key. */
static void take_key(struct frame *f, const struct ytree_node *n)
{
	f->have_key = true;
	f->key = n && n->kind == YTREE_SCALAR ? n->text : NULL;
	if (f->key) {
		f->key_len = n->len;
		f->key_at = n->at;
	}
}

/* Hangs a finished value into the map or list on top. */
static void place(struct reader *r, struct ytree_node *n)
{
	struct frame *f = r->depth ? &r->frame[r->depth - 1] : NULL;

	if (!f) {
		r->tree->root = n;
		return;
	}
	if (f->node->kind == YTREE_MAP) {
		if (!f->have_key) {
			take_key(f, n);
			return;
		}
		f->have_key = false;
		if (!f->key)
			return;
		n->key = f->key;
		n->key_len = f->key_len;
		n->key_at = f->key_at;
	}
	*f->tail = n;
	f->tail = &n->next;
	f->node->nchildren++;
}

static bool wants_key(const struct reader *r)
{
	return r->depth && r->frame[r->depth - 1].node->kind == YTREE_MAP && !r->frame[r->depth - 1].have_key;
}

static void refuse_extras(struct reader *r, const yaml_event_t *e, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct complaint_at at = mark_at(r, e->start_mark);

	if (anchor)
		complaint_add(r->report, at, NULL, "anchors (&) are not taken here: write the value out wherever it is wanted");
	if (tag)
		complaint_add(r->report, at, NULL, "tags (!) are not taken here: write the value alone");
}

static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return true;
	return false;
}

static int on_scalar(struct reader *r, const yaml_event_t *e)
{
	const char *s = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct ytree_node *n;
	int rc = new_node(r, e, YTREE_SCALAR, &n);

	if (rc)
		return rc;
	refuse_extras(r, e, e->data.scalar.anchor, e->data.scalar.tag);
	if (has_control(s, len)) {
		complaint_add(r->report, n->at, NULL, "a line break or another control byte inside a value: write it on one line");
		n->kind = YTREE_BAD;
	} else if (wants_key(r) && plain && len == 2 && !memcmp(s, "<<", 2)) {
		complaint_add(r->report, n->at, NULL, "merge keys (<<) are not taken here: write the keys out");
		n->kind = YTREE_BAD;
	}
	n->empty = plain && len == 0;
	n->len = len;
	n->text = arena_copy(r->tree, s, len);
	if (!n->text)
		return -ENOMEM;
	place(r, n);
	return 0;
}

static int on_alias(struct reader *r, const yaml_event_t *e)
{
	struct ytree_node *n;
	int rc = new_node(r, e, YTREE_BAD, &n);

	if (rc)
		return rc;
	complaint_add(r->report, n->at, NULL, "aliases (*) are not taken here: write the value out");
	place(r, n);
	return 0;
}

static int on_open(struct reader *r, const yaml_event_t *e, enum ytree_kind kind)
{
	struct ytree_node *n;
	int rc = new_node(r, e, kind, &n);

	if (rc)
		return rc;
	if (kind == YTREE_MAP)
		refuse_extras(r, e, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	else
		refuse_extras(r, e, e->data.sequence_start.anchor, e->data.sequence_start.tag);
	if (wants_key(r))
		complaint_add(r->report, n->at, NULL, "a key must be one word, not a map or a list");
	if (r->depth == YTREE_DEPTH_MAX) {
		complaint_add(r->report, n->at, NULL, "nested more than %d deep", YTREE_DEPTH_MAX);
		return -EINVAL;
	}
	r->frame[r->depth++] = (struct frame){.node = n, .tail = &n->child};
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct ytree_node *x = *(struct ytree_node *const *)a, *y = *(struct ytree_node *const *)b;
	int c = strcmp(x->key, y->key);

	if (c)
		return c;
	if (x->key_at.line != y->key_at.line)
		return x->key_at.line < y->key_at.line ? -1 : 1;
	return x->key_at.column < y->key_at.column ? -1 : x->key_at.column > y->key_at.column;
}

/* Sorted, not compared pair by pair: a map may have a hundred thousand keys. The first one stays. */
static int refuse_duplicates(struct reader *r, const struct ytree_node *map)
{
	struct ytree_node **v = reallocarray(NULL, map->nchildren + 1, sizeof *v);
	const struct ytree_node *first = NULL;
	unsigned n = 0;

	if (!v)
		return -ENOMEM;
	for (struct ytree_node *c = map->child; c; c = c->next)
		v[n++] = c;
	qsort(v, n, sizeof *v, by_key);
	for (unsigned i = 0; i < n; i++) {
		char name[80];

		if (!first || strcmp(first->key, v[i]->key)) {
			first = v[i];
			continue;
		}
		text_escape(v[i]->key, v[i]->key_len, name, sizeof name);
		complaint_add(r->report, v[i]->key_at, NULL, "\"%s\" is here a second time; the first is on line %d: keep one of them",
			      name, first->key_at.line % SITE_LINES);
		v[i]->kind = YTREE_BAD;
	}
	free(v);
	return 0;
}

static int on_close(struct reader *r)
{
	struct ytree_node *n = r->frame[--r->depth].node;
	int rc;

	assert(n);
	rc = n->kind == YTREE_MAP ? refuse_duplicates(r, n) : 0;

	if (!rc)
		place(r, n);
	return rc;
}

static int on_document(struct reader *r, const yaml_event_t *e)
{
	if (++r->documents == 1)
		return 0;
	complaint_add(r->report, mark_at(r, e->start_mark), NULL, "a second document begins here: the site is one document, without \"---\" lines in it");
	return -EINVAL;
}

static int on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(r, e);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e);
	case YAML_ALIAS_EVENT:
		return on_alias(r, e);
	case YAML_MAPPING_START_EVENT:
		return on_open(r, e, YTREE_MAP);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(r, e, YTREE_LIST);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return on_close(r);
	default:
		return 0;
	}
}

/* libyaml gives errors of encoding as an offset in bytes. */
static struct complaint_at offset_at(const struct reader *r, const uint8_t *text, size_t n, size_t offset)
{
	struct complaint_at at = {r->base + 1, 1};

	for (size_t i = 0; i < n && i < offset; i++) {
		at.column += (text[i] & 0xc0) != 0x80;
		if (text[i] == '\n')
			at = (struct complaint_at){at.line + 1, 1};
	}
	return at;
}

/* libyaml's words for what people do most, as the mend; else its own. */
static const char *plain_words(const char *problem)
{
	static const struct { const char *theirs, *ours; } word[] = {
		{"did not find expected key", "no key where one is wanted: look at the indentation"},
		{"could not find expected ':'", "a key without its colon"},
		{"mapping values are not allowed in this context", "a second colon: put the value in quotes, or begin a new line"},
		{"found unexpected end of stream", "the end comes before a closing quote"},
		{"did not find expected ',' or '}'", "a comma or } is missing"},
		{"did not find expected ',' or ']'", "a comma or ] is missing"},
		{"did not find expected node content", "no value where one is wanted: one that begins with [ or { is put in quotes"},
		{"did not find expected '-' indicator", "a list item without its dash: look at the indentation"},
		{"did not find expected <document start>", "something follows the end of the document"},
	};

	for (size_t i = 0; problem && i < sizeof word / sizeof *word; i++)
		if (!strcmp(problem, word[i].theirs))
			return word[i].ours;
	return problem ? problem : "unreadable";
}

static int explain_scanner(const struct reader *r, const yaml_parser_t *p, const uint8_t *text, size_t n)
{
	struct complaint_at at = mark_at(r, p->problem_mark);
	size_t i = p->problem_mark.index;
	char c[8];

	/* The index counts characters; it is the byte's place only while all before it is ASCII. */
	for (size_t k = 0; k < i && k < n; k++)
		if (text[k] & 0x80)
			i = n;
	if (p->problem && strstr(p->problem, "cannot start any token") && i < n) {
		text_escape(text + i, 1, c, sizeof c);
		if (text[i] == '\t')
			complaint_add(r->report, at, NULL, "a tab where blanks belong: YAML is indented with blanks");
		else
			complaint_add(r->report, at, NULL, "a value can't begin with %s: put it in quotes", c);
		return -EINVAL;
	}
	if (p->context && !strcmp(p->context, "while scanning a simple key"))
		complaint_add(r->report, mark_at(r, p->context_mark), NULL, "not YAML: %s", plain_words(p->problem));
	else if (p->context && p->context_mark.line != p->problem_mark.line)
		complaint_add(r->report, at, NULL, "not YAML: %s, in what began on line %d", plain_words(p->problem), mark_at(r, p->context_mark).line % SITE_LINES);
	else
		complaint_add(r->report, at, NULL, "not YAML: %s", plain_words(p->problem));
	return -EINVAL;
}

static int explain(const struct reader *r, const yaml_parser_t *p, const uint8_t *text, size_t n)
{
	switch (p->error) {
	case YAML_MEMORY_ERROR:
		return -ENOMEM;
	case YAML_READER_ERROR:
		complaint_add(r->report, offset_at(r, text, n, p->problem_offset), NULL, "not text in UTF-8: %s",
			      p->problem ? p->problem : "unreadable");
		return -EINVAL;
	default:
		return explain_scanner(r, p, text, n);
	}
}

static int read_events(struct reader *r, yaml_parser_t *p, const uint8_t *text, size_t n)
{
	bool more = true;
	int rc = 0;

	while (more && !rc) {
		yaml_event_t e;

		if (!yaml_parser_parse(p, &e))
			return explain(r, p, text, n);
		rc = on_event(r, &e);
		more = e.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
	return rc;
}

int ytree_read(const void *text, size_t n, unsigned part, struct ytree **ret, struct site_report *report)
{
	static const uint8_t bom[] = {0xef, 0xbb, 0xbf};
	/* libyaml asserts that there is a pointer even to nothing, and takes no byte order mark once it is told the encoding. */
	const uint8_t *p8 = n ? text : bom;
	struct reader r = {.report = report, .base = (int)part * SITE_LINES, .tree = calloc(1, sizeof *r.tree)};
	yaml_parser_t p;
	int rc;

	if (!r.tree)
		return -ENOMEM;
	if (!yaml_parser_initialize(&p)) {
		rc = -ENOMEM;
		goto out;
	}
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	if (n >= sizeof bom && !memcmp(p8, bom, sizeof bom)) {
		p8 += sizeof bom;
		n -= sizeof bom;
	}
	yaml_parser_set_input_string(&p, p8, n);
	rc = read_events(&r, &p, p8, n);
	yaml_parser_delete(&p);
	if (!rc) {
		*ret = r.tree;
		r.tree = NULL;
	}
out:
	ytree_free(&r.tree);
	return rc;
}

struct ytree_node *ytree_find(const struct ytree_node *map, const char *key, size_t n)
{
	if (map && map->kind == YTREE_MAP)
		for (struct ytree_node *c = map->child; c; c = c->next)
			if (c->key && c->key_len == n && !memcmp(c->key, key, n))
				return c;
	return NULL;
}

void ytree_adopt(struct ytree *tree, struct ytree **other)
{
	struct ytree_chunk **last = &tree->chunks;

	while (*last)
		last = &(*last)->next;
	*last = (*other)->chunks;
	tree->nodes += (*other)->nodes;
	(*other)->chunks = NULL;
	ytree_free(other);
}

struct ytree_node *ytree_append(struct ytree *tree, struct ytree_node *to, const struct ytree_node *from, const struct ytree_node *key)
{
	struct ytree_node **last = &to->child, *n = arena_alloc(tree, sizeof *n);

	if (!n)
		return NULL;
	*n = *from;
	n->next = NULL;
	if (key) {
		n->key = key->text;
		n->key_len = key->len;
		n->key_at = key->at;
	}
	while (*last)
		last = &(*last)->next;
	*last = n;
	to->nchildren++;
	return n;
}
