/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_pem.h"

#include <errno.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/buf.h"
#include "server/serve_tls.h"

/* Room is reserved at once: growing would leave copies of a key behind. */
static int read_pem(int fd, struct buf *b)
{
	uint8_t *to = buf_reserve(b, SERVE_PEM_MAX_BYTES);
	ssize_t n = 1;

	while (to && b->len < SERVE_PEM_MAX_BYTES && n) {
		n = read(fd, to + b->len, SERVE_PEM_MAX_BYTES - b->len);
		if (n < 0 && errno != EINTR)
			break;
		buf_commit(b, n < 0 ? 0 : (size_t)n);
	}
	return !to || n ? -EINVAL : 0;  /* unreadable, or larger than any */
}

int serve_pem_context(int chain_fd, int key_fd, struct ssl_ctx_st **ret, const char **why)
{
	struct buf chain, key;
	int rc;

	*why = "the certificate or key file cannot be read";
	buf_init(&chain, SERVE_PEM_MAX_BYTES);
	buf_init(&key, SERVE_PEM_MAX_BYTES);
	rc = read_pem(chain_fd, &chain);
	if (!rc)
		rc = read_pem(key_fd, &key);
	if (!rc)
		rc = serve_tls_context(buf_data(&chain), chain.len, buf_data(&key), key.len, ret, why);
	if (key.mem)
		OPENSSL_cleanse(key.mem, key.cap);
	buf_free(&key);
	buf_free(&chain);
	return rc;
}
