/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/witness_policy.h"

#include <errno.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"
#include "seal/lines.h"

#define NO_NODE (-1)

struct reader {
	struct witness_policy *p;
	struct rd line;                 /* what of it is not read yet */
	bool has_quorum;
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* The next word of the line; empty at its end. */
static struct rd word(struct rd *line)
{
	struct rd w;
	size_t n = 0;

	while (rd_left(line) && is_blank(*line->p))
		rd_bytes(line, 1);
	while (n < rd_left(line) && !is_blank(line->p[n]))
		n++;
	w = rd_sub(line, n);
	return w;
}

static bool named(const struct rd *w, const char *name)
{
	return rd_left(w) == strlen(name) && !memcmp(w->p, name, rd_left(w));
}

/* A node by its name; NO_NODE when no line above defines it. */
static int find(const struct witness_policy *p, const struct rd *w)
{
	for (unsigned i = 0; i < p->nwitnesses; i++)
		if (named(w, p->witness[i].name))
			return (int)i;
	for (unsigned i = 0; i < p->ngroups; i++)
		if (named(w, p->group[i].name))
			return (int)(WITNESS_POLICY_MAX + i);
	return NO_NODE;
}

/* A name that is still free, copied. */
static const char *new_name(struct reader *r, char ret[WITNESS_POLICY_NAME])
{
	struct rd w = word(&r->line);

	if (rd_left(&w) == 0)
		return "a name is missing";
	if (rd_left(&w) >= WITNESS_POLICY_NAME)
		return "a name is longer than 128 bytes";
	if (named(&w, "none"))
		return "no witness or group can be named none";
	if (find(r->p, &w) != NO_NODE)
		return "the name is that of a witness or group above";
	memcpy(ret, w.p, rd_left(&w));
	ret[rd_left(&w)] = '\0';
	return NULL;
}

/* An address may follow; nobody here dials it. */
static const char *url_and_end(struct reader *r)
{
	struct rd more;

	word(&r->line);
	more = word(&r->line);
	return rd_left(&more) ? "more words than a key and an address" : NULL;
}

static const char *read_log(struct reader *r)
{
	struct witness_policy *p = r->p;
	struct rd w = word(&r->line);
	struct key_public key;
	const char *why;

	if (p->nlogs == WITNESS_POLICY_MAX)
		return "more than 32 logs";
	if (key_parse_vkey(lines_text(&w), rd_left(&w), &key, &why))
		return why;
	for (unsigned i = 0; i < p->nlogs; i++)
		if (!memcmp(p->log[i].raw, key.raw, sizeof key.raw))
			return "the log's key is that of a log above";
	p->log[p->nlogs++] = key;
	return url_and_end(r);
}

static const char *read_witness(struct reader *r)
{
	struct witness_policy *p = r->p;
	struct witness_policy_witness *w = &p->witness[p->nwitnesses];
	struct rd vkey;
	const char *why;

	if (p->nwitnesses == WITNESS_POLICY_MAX)
		return "more than 32 witnesses";
	why = new_name(r, w->name);
	if (why)
		return why;
	vkey = word(&r->line);
	if (cosign_parse_vkey(lines_text(&vkey), rd_left(&vkey), &w->key, &why))
		return why;
	for (unsigned i = 0; i < p->nwitnesses; i++)
		if (!memcmp(p->witness[i].key.key.raw, w->key.key.raw, sizeof w->key.key.raw))
			return "the witness' key is that of a witness above";
	p->group_of[p->nwitnesses++] = NO_NODE;
	return url_and_end(r);
}

static const char *read_members(struct reader *r, int group, unsigned *ret_n)
{
	unsigned n = 0;

	for (struct rd w = word(&r->line); rd_left(&w); w = word(&r->line)) {
		int node = find(r->p, &w);

		if (node == NO_NODE)
			return "a member of the group is not defined on a line above";
		if (r->p->group_of[node] != NO_NODE)
			return "a member of the group is a member already, of this or another group";
		r->p->group_of[node] = group;
		n++;
	}
	*ret_n = n;
	return n ? NULL : "the group has no members";
}

static const char *read_group(struct reader *r)
{
	struct witness_policy *p = r->p;
	struct witness_policy_group *g = &p->group[p->ngroups];
	struct rd needed;
	const char *why;
	uint64_t n = 1;

	if (p->ngroups == WITNESS_POLICY_MAX)
		return "more than 32 groups";
	why = new_name(r, g->name);
	if (why)
		return why;
	needed = word(&r->line);
	if (!named(&needed, "any") && !named(&needed, "all") &&
	    (text_u64(lines_text(&needed), rd_left(&needed), WITNESS_POLICY_NODES, &n) || n == 0))
		return "after a group's name comes how many of its members are needed: a number, any or all";
	why = read_members(r, (int)p->ngroups, &g->members);
	if (why)
		return why;
	g->needed = named(&needed, "all") ? g->members : (unsigned)n;
	if (g->needed > g->members)
		return "the group needs more members than it has";
	p->group_of[WITNESS_POLICY_MAX + p->ngroups++] = NO_NODE;
	return NULL;
}

static const char *read_quorum(struct reader *r)
{
	struct rd w = word(&r->line), more = word(&r->line);

	if (r->has_quorum)
		return "a second quorum line";
	if (rd_left(&w) == 0 || rd_left(&more))
		return "a quorum is one name, or none";
	r->has_quorum = true;
	r->p->quorum = named(&w, "none") ? NO_NODE : find(r->p, &w);
	return r->p->quorum != NO_NODE || named(&w, "none") ? NULL : "the quorum is not defined on a line above";
}

static const char *read_line(struct reader *r)
{
	static const struct {
		const char *word;
		const char *(*read)(struct reader *r);
	} kind[] = {{"log", read_log}, {"witness", read_witness}, {"group", read_group}, {"quorum", read_quorum}};
	struct rd w;

	for (const uint8_t *c = r->line.p; c < r->line.end; c++)
		if ((*c < 0x20 && *c != '\t') || *c == 0x7f)
			return "a control character";
	w = word(&r->line);
	if (rd_left(&w) == 0 || *w.p == '#')
		return NULL;
	for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++)
		if (named(&w, kind[i].word))
			return kind[i].read(r);
	return "a line begins with log, witness, group, quorum or #";
}

static int bad(unsigned *ret_line, unsigned line, const char **why, const char *reason)
{
	if (ret_line)
		*ret_line = line;
	if (why)
		*why = reason;
	return -EBADMSG;
}

int witness_policy_parse(const void *text, size_t n, struct witness_policy *ret, unsigned *ret_line, const char **why)
{
	struct witness_policy p = {.quorum = NO_NODE};
	struct reader r = {.p = &p};
	struct rd all = rd_init(text, n);
	const char *reason;

	if (n > WITNESS_POLICY_MAX_BYTES)
		return bad(ret_line, 0, why, "the policy is longer than 16384 bytes");
	for (unsigned line = 1; rd_left(&all); line++) {
		r.line = lines_until(&all, '\n');
		reason = r.line.bad ? "the last line has no line feed" : read_line(&r);
		if (reason)
			return bad(ret_line, line, why, reason);
	}
	if (!r.has_quorum)
		return bad(ret_line, 0, why, "there is no quorum line");
	*ret = p;
	return 0;
}

bool witness_policy_met(const struct witness_policy *p, uint32_t witnesses)
{
	unsigned have[WITNESS_POLICY_MAX] = {0};
	bool is[WITNESS_POLICY_NODES] = {false};

	for (unsigned i = 0; i < p->nwitnesses; i++) {
		is[i] = witnesses >> i & 1;
		if (is[i] && p->group_of[i] != NO_NODE)
			have[p->group_of[i]]++;
	}
	/* Members stand above their group. */
	for (unsigned i = 0; i < p->ngroups; i++) {
		unsigned node = WITNESS_POLICY_MAX + i;

		is[node] = have[i] >= p->group[i].needed;
		if (is[node] && p->group_of[node] != NO_NODE)
			have[p->group_of[node]]++;
	}
	return p->quorum == NO_NODE || is[p->quorum];
}

/* The newest time at which those that had cosigned no earlier than it are a quorum. */
static int64_t quorum_time(const struct witness_policy *p, const struct witness_verdict *v)
{
	int64_t best_us = 0;

	for (unsigned i = 0; i < p->nwitnesses; i++) {
		uint32_t set = 0;

		for (unsigned j = 0; j < p->nwitnesses; j++)
			if (v->witness[j].seen && v->witness[j].time_us >= v->witness[i].time_us)
				set |= UINT32_C(1) << j;
		if (v->witness[i].seen && v->witness[i].time_us > best_us && witness_policy_met(p, set))
			best_us = v->witness[i].time_us;
	}
	return best_us;
}

static bool is_listed(const struct witness_policy *p, const struct note *note)
{
	for (unsigned i = 0; i < p->nlogs; i++)
		if (note_verify(note, &p->log[i]) == 0)
			return true;
	return p->nlogs == 0;
}

int witness_policy_judge(const struct witness_policy *p, const void *bytes, size_t n, int64_t now_us, struct witness_verdict *ret,
	const char **why)
{
	struct witness_verdict v = {0};
	struct note note;
	uint32_t seen = 0;
	int rc = note_parse(bytes, n, &note, why);

	if (rc)
		return rc;
	for (unsigned i = 0; i < p->nwitnesses; i++) {
		int64_t time_s;

		rc = cosign_verify(&note, &p->witness[i].key, &time_s);
		if (rc == -EKEYREJECTED) {
			bad(NULL, 0, why, "a witness' cosignature is wrong: the checkpoint or the cosignature was changed");
			return rc;
		}
		if (rc || time_s * 1000000 - WITNESS_POLICY_AHEAD_US > now_us)
			continue;
		v.witness[i].seen = true;
		v.witness[i].time_us = time_s * 1000000;
		v.newest_us = v.witness[i].time_us > v.newest_us ? v.witness[i].time_us : v.newest_us;
		v.cosigned++;
		seen |= UINT32_C(1) << i;
	}
	v.met = witness_policy_met(p, seen);
	v.log_listed = is_listed(p, &note);
	v.quorum_us = v.met && p->quorum != NO_NODE ? quorum_time(p, &v) : 0;
	*ret = v;
	return 0;
}
