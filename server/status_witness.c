/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else vouches for the log, as casemate status tells it. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "server/status_inner.h"

/* What store says of a witness; zeros if nothing is known. */
static void seen_of(const struct parent *p, unsigned i, uint64_t *ret_size, int64_t *ret_time_us)
{
	*ret_size = 0;
	*ret_time_us = 0;
	msg_get_witness(&p->witness.state, i, ret_size, ret_time_us);
}

static const char *quorum_word(const struct parent *p)
{
	return p->witness.policy.quorum < 0 ? "none" : !p->witness.known ? "unknown" : p->witness.state.met ? "met" : "missing";
}

static bool is_old(const struct parent *p)
{
	int64_t since_us = parent_quorum_us(p);

	return since_us && clock_wall_us() - since_us > PARENT_QUORUM_OLD_US;
}

void status_witness_json(struct json *j, const struct parent *p)
{
	const struct parent_witness *w = &p->witness;

	if (!p->site->witnesses) {
		json_str(j, "witness", NULL);
		return;
	}
	json_open(j, "witness", '{');
	json_str(j, "policy", p->site->witnesses);
	json_str(j, "quorum", quorum_word(p));
	json_bool(j, "old", is_old(p));
	json_int(j, "cosigned", (int64_t)w->state.size);
	status_json_time(j, "quorum_time", w->state.quorum_us);
	status_json_time(j, "cosigned_time", w->state.newest_us);
	json_open(j, "witnesses", '[');
	for (unsigned i = 0; i < w->policy.nwitnesses; i++) {
		uint64_t size;
		int64_t time_us;

		seen_of(p, i, &size, &time_us);
		json_open(j, NULL, '{');
		json_str(j, "name", w->policy.witness[i].name);
		json_str(j, "key", w->policy.witness[i].key.key.name);
		json_int(j, "cosigned", (int64_t)size);
		status_json_time(j, "cosigned_time", time_us);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void witness_text(struct buf *out, const struct parent *p, unsigned i)
{
	uint64_t size;
	int64_t time_us;
	char age[16], name[2 * WITNESS_POLICY_NAME];

	seen_of(p, i, &size, &time_us);
	text_escape(p->witness.policy.witness[i].name, strlen(p->witness.policy.witness[i].name), name, sizeof name);
	if (time_us)
		buf_append_fmt(out, "         %s cosigned %" PRIu64 " entries %s ago\n", name, size, status_age((double)(clock_wall_us() - time_us) / 1e6, age));
	else
		buf_append_fmt(out, "         %s has cosigned nothing yet\n", name);
}

void status_witness_text(struct buf *out, const struct parent *p, bool colour)
{
	const struct msg_witness_state *s = &p->witness.state;
	char age[16];

	if (!p->site->witnesses)
		return;
	if (p->witness.policy.quorum < 0)
		buf_append_fmt(out, "witness  no quorum is needed\n");
	else if (s->met)
		buf_append_fmt(out, "witness  the quorum is met at %" PRIu64 " entries; the oldest cosignature that it takes is of %s ago\n", s->size,
			       status_age((double)(clock_wall_us() - s->quorum_us) / 1e6, age));
	else
		buf_append_fmt(out, "witness  the quorum is not met\n");
	for (unsigned i = 0; i < p->witness.policy.nwitnesses; i++)
		witness_text(out, p, i);
	if (is_old(p))
		buf_append_fmt(out, "%sALARM    for more than a day no quorum of witnesses has cosigned the log: see who stays away%s\n", colour ? "\033[31m" : "",
			       colour ? "\033[0m" : "");
}
