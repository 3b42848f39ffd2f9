/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a note that somebody brings as cosigned: only texts that the witnesses have signed are ever kept. */
#include <stdlib.h>
#include <string.h>

#include "seal/witness_book.h"

#define SITE "example.com/site+72869f1c+AfYGF5kmNrObekOzEeo9AlPXrzQCFI7CShNb4DO0kArE"
#define A "example.com/a+cc04a441+BAdLKIQHSVB41a3Kgp4eNyLoHkWtb968BAZwbdx4Dped"
#define B "example.com/b+eff59741+BAKEdl9zZU0pxCUY6RP23wBGD55E5VSZEwdWs+yl+qMA"
#define POLICY "witness a " A "\nwitness b " B "\ngroup both all a b\nquorum both\n"
#define NOW_US 1800000000000000ll

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The two texts of the corpus. */
static int was_signed(const struct witness_book_note *n)
{
	static const char seven[] = "example.com/site\n7\n", eight[] = "example.com/site\n8\n";

	return !memcmp(n->bytes, n->size == 7 ? seven : eight, sizeof seven - 1) && (n->size == 7 || n->size == 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct witness_policy policy;
	static struct witness_book book;
	static struct key_public site;
	struct checkpoint c;
	int rc;

	if (!site.name[0] && (key_parse_vkey(SITE, sizeof SITE - 1, &site, NULL) ||
	    witness_policy_parse(POLICY, sizeof POLICY - 1, &policy, NULL, NULL)))
		abort();
	if (checkpoint_parse(data, size, &c, NULL))
		return 0;
	witness_book_begin(&book, &policy);
	rc = witness_book_take(&book, data, size, &c, &site, NOW_US, NULL);
	if (rc == 1 ? !book.newest.n || !was_signed(&book.newest) : book.newest.n || book.best.n || book.wanted.n)
		abort();
	if (rc == 1 && book.newest.n > size)
		abort();
	/* The same again is nothing new. */
	if (rc == 1 && witness_book_take(&book, data, size, &c, &site, NOW_US, NULL) != 0)
		abort();
	return 0;
}
