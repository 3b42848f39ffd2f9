/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who witnesses the log: what the site's file says, what store has of them, and that somebody hears of it when they stay away. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/parent.h"
#include "server/witnesses.h"

int parent_witness_load(const struct site *site, struct parent_witness *ret, char *why, size_t cap)
{
	struct parent_witness w = {.since_us = clock_wall_us()};
	char reason[WITNESSES_WHY];
	struct buf text;
	int rc = 0;

	buf_init(&text, sizeof w.text.text);
	if (site->witnesses)
		rc = witnesses_load(site->witnesses, site->origin, &text, &w.policy, reason);
	if (rc) {
		snprintf(why, cap, "%s", reason);
	} else {
		w.text.text_len = (uint16_t)text.len;
		if (text.len)
			memcpy(w.text.text, buf_data(&text), text.len);
		*ret = w;
	}
	buf_free(&text);
	return rc;
}

int child_say_store_policy(struct child *c)
{
	return child_say(c, MSG_STORE_POLICY, &c->parent->witness.text, NULL, 0);
}

bool parent_witness_use(struct parent *p, const struct parent_witness *w)
{
	struct child *store = parent_child(p, ROLE_STORE, 0);

	if (p->witness.text.text_len == w->text.text_len && !memcmp(p->witness.text.text, w->text.text, w->text.text_len))
		return false;
	p->witness = *w;
	if (store && (store->phase == CHILD_STARTING || store->phase == CHILD_READY))
		child_say_store_policy(store);
	return true;
}

static bool is_needed(const struct parent *p)
{
	return p->site->witnesses && p->witness.policy.quorum >= 0;
}

int64_t parent_quorum_us(const struct parent *p)
{
	const struct parent_witness *w = &p->witness;

	if (!is_needed(p))
		return 0;
	return w->state.met ? w->state.quorum_us : w->since_us;
}

void parent_witness_state(struct parent *p, const struct msg_witness_state *m)
{
	p->witness.state = *m;
	p->witness.known = true;
	parent_witness_sweep(p);
}

void parent_witness_sweep(struct parent *p)
{
	struct parent_witness *w = &p->witness;
	const char *met = w->state.met ? "once" : "never";
	bool old = is_needed(p) && clock_wall_us() - parent_quorum_us(p) > PARENT_QUORUM_OLD_US;

	if (!w->known || old == w->old)
		return;
	w->old = old;
	if (old)
		parent_log("warn", "quorum-old", "met=%s size=%llu mend=\"see which witness stays away: casemate status\"", met,
			   (unsigned long long)w->state.size);
	else
		parent_log("info", "quorum-new", "size=%llu", (unsigned long long)w->state.size);
}
