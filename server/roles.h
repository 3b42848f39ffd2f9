/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_ROLES_H
#define SERVER_ROLES_H
/* The roles, and who may say what to whom. */
#include <stdbool.h>

#include "server/msg.h"

enum role_kind { ROLE_PARENT, ROLE_INGEST, ROLE_TRANSCODE, ROLE_STORE, ROLE_SIGN, ROLE_SERVE, ROLE_COUNT };

/* "ingest" …, also the program's name under libexec/casemate; "?" for none. */
const char *role_kind_name(unsigned kind);
/* Whether from may say type to `to`, and with how many descriptors (a range, since a refusal carries none). */
bool roles_may_say(enum role_kind from, enum role_kind to, enum msg_type type, unsigned nfds);

#endif
