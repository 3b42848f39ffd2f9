/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/site_sha256.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static int digest(const void *p, size_t n, uint8_t ret[32])
{
	return EVP_Digest(n ? p : "", n, ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

static int digest_part(const struct site *site, const struct site_part *part, uint8_t ret[32])
{
	return digest(part->len ? buf_data(&site->bytes) + part->at : NULL, part->len, ret);
}

static int digest_list(const struct site *site, EVP_MD_CTX *ctx, uint8_t ret[32])
{
	for (unsigned i = 0; i < site->nparts; i++) {
		char hex[65], line[65 + SITE_PART_NAME + 8];
		uint8_t sha256[32];
		int n;

		if (digest_part(site, &site->part[i], sha256))
			return -ENOMEM;
		hex_encode(sha256, 32, hex);
		n = snprintf(line, sizeof line, "%s  %s\n", hex, i ? site->part[i].name : "-");
		if (EVP_DigestUpdate(ctx, line, (size_t)n) != 1)
			return -ENOMEM;
	}
	return EVP_DigestFinal_ex(ctx, ret, NULL) == 1 ? 0 : -ENOMEM;
}

int site_sha256(const struct site *site, uint8_t ret[32])
{
	EVP_MD_CTX *ctx;
	int rc;

	if (site->nparts == 1)
		return digest_part(site, site->part, ret);
	ctx = EVP_MD_CTX_new();
	rc = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 ? digest_list(site, ctx, ret) : -ENOMEM;
	EVP_MD_CTX_free(ctx);
	return rc;
}

bool site_sha256_differs(const struct site *a, const struct site *b)
{
	uint8_t x[32], y[32];

	return site_sha256(a, x) || site_sha256(b, y) || memcmp(x, y, 32) != 0;
}
