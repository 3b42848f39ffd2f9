/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_ENTRY_WORDS_H
#define SEAL_ENTRY_WORDS_H
/* What entry.c and entry_write.c share; no other file includes it. */
#include "seal/entry.h"

/* The state of a camera's signature as it is written; NULL: there is no such state. */
const char *entry_signature_word(enum entry_signature s);
/* Whether a certificate's hash may follow it. */
bool entry_signature_certifies(enum entry_signature s);

/* "page" …; by is one of them. */
const char *entry_by_word(enum entry_watch_by by);

#endif
