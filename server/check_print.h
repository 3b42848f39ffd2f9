/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CHECK_PRINT_H
#define SERVER_CHECK_PRINT_H
/* What casemate check prints of a site that is good, to standard output: what it is and what it will cost. All: 0 or -ENOMEM. */
#include "conf/site.h"

int check_print(const struct site *s);
/* The same as JSON (casemate-check(1)). */
int check_print_json(const struct site *s);
/* The site file as it is in force (conf/effective.h). */
int check_print_effective(const struct site *s);

#endif
