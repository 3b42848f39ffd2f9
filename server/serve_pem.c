/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_pem.h"

#include <errno.h>
#include <unistd.h>

#include "base/secret.h"
#include "server/serve_certificate.h"
#include "server/serve_tls.h"
#include "server/wiping.h"

static int read_pem(int fd, struct buf *b)
{
	uint8_t *to = buf_reserve(b, b->max);
	ssize_t n = 1;

	while (to && b->len < b->max && n) {
		n = read(fd, to + b->len, b->max - b->len);
		if (n < 0 && errno != EINTR)
			break;
		buf_commit(b, n < 0 ? 0 : (size_t)n);
	}
	return !to || n ? -EINVAL : 0;  /* unreadable, or larger than any */
}

int serve_pem_context(int chain_fd, int key_fd, int client_ca_fd, struct ssl_ctx_st **ret, const char **why)
{
	struct buf chain, key, client_ca;
	int rc;

	*why = "the certificate or key file, or that of tls.client_ca, cannot be read";
	buf_init(&chain, SERVE_PEM_MAX_BYTES);
	buf_init(&client_ca, SERVE_CLIENT_CA_MAX_BYTES);
	rc = secret_buf(&key, SERVE_KEY_MAX_BYTES);
	if (!rc)
		rc = read_pem(chain_fd, &chain);
	if (!rc)
		rc = read_pem(key_fd, &key);
	if (!rc && client_ca_fd >= 0)
		rc = read_pem(client_ca_fd, &client_ca);
	if (!rc) {
		wiping_begin();
		rc = serve_tls_context(buf_data(&chain), chain.len, buf_data(&key), key.len, ret, why);
		wiping_end();
	}
	if (!rc && client_ca_fd >= 0) {
		rc = serve_certificate_authorities(*ret, buf_data(&client_ca), client_ca.len, why);
		if (rc)
			serve_tls_context_free(ret);
	}
	secret_buf_free(&key);
	buf_free(&chain);
	buf_free(&client_ca);
	return rc;
}
