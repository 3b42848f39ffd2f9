/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a policy; what is accepted of it can be met by all of its witnesses, and more of them never meet it less. */
#include <stdlib.h>
#include <string.h>

#include "seal/witness_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct witness_policy p;
	const char *why = NULL;
	uint32_t set = 0;
	unsigned line = 0;
	bool met;

	if (witness_policy_parse(data, size, &p, &line, &why)) {
		if (!why || line > size + 1)
			abort();
		return 0;
	}
	if (p.nlogs > WITNESS_POLICY_MAX || p.nwitnesses > WITNESS_POLICY_MAX || p.ngroups > WITNESS_POLICY_MAX)
		abort();
	met = witness_policy_met(&p, 0);
	if (met != (p.quorum < 0))
		abort();
	for (unsigned i = 0; i < p.nwitnesses; i++) {
		bool before = met;

		set |= UINT32_C(1) << i;
		met = witness_policy_met(&p, set);
		if (before && !met)
			abort();
	}
	if (!met)
		abort();
	return 0;
}
