/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/share_id.h"

#include <string.h>

#define LETTERS 6

static const char letter[] = "abcdefghijklmnopqrstuvwxyz234567";

void share_id(uint32_t random, char out[MSG_SHARE_ID])
{
	memcpy(out, SHARE_PREFIX, strlen(SHARE_PREFIX));
	for (unsigned i = 0; i < LETTERS; i++)
		out[strlen(SHARE_PREFIX) + i] = letter[random >> 5 * i & 31];
	out[MSG_SHARE_ID - 1] = 0;
}

bool share_is_id(const char *s, size_t n)
{
	size_t head = strlen(SHARE_PREFIX);

	if (n != MSG_SHARE_ID - 1 || memcmp(s, SHARE_PREFIX, head) != 0)
		return false;
	for (size_t i = head; i < n; i++)
		if (!s[i] || !strchr(letter, s[i]))
			return false;
	return true;
}
