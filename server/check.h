/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H
/* What casemate check says of a site file that was read without complaint: the files and folders that it names. */
#include <stdio.h>

#include "conf/site.h"

#define CERTIFICATE_SOON_DAYS 30   /* before its end: warned of */

/* Prints what is wrong, each with its line and the mend, and warnings; path is the site file's name in them. How many of them are no warnings. */
unsigned check_named_files(FILE *to, const char *path, const struct site *site);

#endif
