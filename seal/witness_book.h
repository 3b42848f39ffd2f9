/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_WITNESS_BOOK_H
#define SEAL_WITNESS_BOOK_H
/*
 * What a site keeps of the cosignatures that its witnesses bring: three notes at most, however many come.
 *
 *     best      the newest checkpoint that the quorum has cosigned, or while there is none the one that
 *               was cosigned last; what the site shows as /log/cosigned
 *     wanted    one that some have cosigned, and not the quorum yet. Witnesses come at different times, and each finds a
 *               newer checkpoint: they would never meet at one. So each is shown this one, and cosigns it before the newest
 *     newest    the newest that anybody has cosigned; the next that is wanted
 *
 * A witness never cosigns less than it has seen. Once so many have gone beyond the wanted one without it that no quorum
 * can come of it any more, the newest takes its place.
 *
 * Pure; whose log it is, and whether its history is ours, is the caller's to check.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seal/checkpoint.h"
#include "seal/note.h"
#include "seal/witness_policy.h"

struct witness_book_note {
	uint64_t size;          /* of its checkpoint */
	size_t n;               /* 0: there is none */
	uint8_t bytes[NOTE_MAX_BYTES];
	struct witness_verdict verdict;
};

struct witness_book {
	struct witness_policy policy;
	struct witness_book_note best, wanted, newest;
	struct {
		uint64_t size;  /* the largest that it is known to have cosigned; 0: none */
		int64_t time_us;
	} witness[WITNESS_POLICY_MAX];
};

/* Empty, under that policy. */
void witness_book_begin(struct witness_book *b, const struct witness_policy *p);
/*
 * A note with cosignatures: of checkpoint c, which `signer` signed. Of its lines those by the signer and by the policy's
 * witnesses are kept. 1 when the book has changed, 0 when all of it was known; -ENOKEY when none of the witnesses cosigned it (or in
 * a day's future only), -EKEYREJECTED when a cosignature is wrong, -EBADMSG when it is no note; with *why (static).
 */
int witness_book_take(struct witness_book *b, const void *note, size_t n, const struct checkpoint *c, const struct key_public *signer,
	int64_t now_us, const char **why);

#endif
