/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_AUDIT_PAGE_H
#define SERVER_AUDIT_PAGE_H
/* Between audit_page.c and audit_page_roles.c: lines of AUDIT_WIDTH. */
#include "server/audit.h"

/* before, then the words of text; what is too long for a line goes on in the next, as far in as before is long. */
void audit_wrap(struct buf *out, const char *before, const char *text);
/* The roles' part. */
void audit_page_roles(const struct audit *a, bool calls, struct buf *out);

#endif
