/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_PEM_H
#define SERVER_SERVE_PEM_H
/*
 * The server's certificate chain and key, and the authorities of viewers' certificates, out of descriptors that were opened for this process alone, read from where they
 * stand by read() and nothing else: what a sealed process may do too. The key's bytes are wiped when OpenSSL has the key.
 */
#define SERVE_PEM_MAX_BYTES (256u << 10)
#define SERVE_CLIENT_CA_MAX_BYTES (4u << 20)  /* revocation lists grow */
#define SERVE_KEY_MAX_BYTES (32u << 10)   /* four times what RSA with 16384 bits takes */

struct ssl_ctx_st;

/* client_ca_fd: -1 for none. 0, or -EINVAL with *why. The descriptors stay the caller's. */
int serve_pem_context(int chain_fd, int key_fd, int client_ca_fd, struct ssl_ctx_st **ret, const char **why);

#endif
