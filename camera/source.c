/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/source.h"

#include <stddef.h>

void source_free(struct source **s)
{
	if (!*s)
		return;
	(*s)->ops->free(*s);
	*s = NULL;
}
