/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H
/* What casemate check says of a site file that was read without complaint: the files and folders that it names. */
#include <stdio.h>

#include "conf/site.h"

#define CERTIFICATE_SOON_DAYS 30   /* before its end: warned of */

/* Prints what is wrong, each with its line and the mend, and warnings; path is the site file's name in them. How many of them are no warnings. */
unsigned check_named_files(FILE *to, const char *path, const struct site *site);

/* A PEM file to read from, or NULL; no device or pipe, and none of more than SITE_NAMED_MAX. Closed by the caller. */
FILE *check_open_pem(const char *path);

/* How much of a site is looked at: its text, also the secrets in files that it names, everything. */
enum check_depth { CHECK_TEXT, CHECK_SECRETS, CHECK_ALL };

/* 0 with *ret; 1 when something is to be mended, which is printed; 2 when the file cannot be read. *ret is the caller's also with 1, if it is not NULL. */
int check_load(FILE *to, const char *path, enum check_depth depth, struct site **ret);
/* The command's --against; old is a site file, or the socket of a server. The exit status. */
int check_against(const char *old, const char *new, bool json);

#endif
