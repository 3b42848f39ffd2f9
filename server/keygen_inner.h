/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_KEYGEN_INNER_H
#define SERVER_KEYGEN_INNER_H
/* What the files of casemate keygen share. All return an exit status, 2 after a line that says why. */
#include "base/buf.h"

int keygen_fail(const char *what, const char *why);
int keygen_file_error(const char *path, int rc);
/* Two new files, both or none; the first is mode 0600. */
int keygen_write_pair(const char *private_path, const struct buf *private_text, const char *public_path, const void *text, size_t n);
/* The key file of a key in a token. module, pin: NULL for none. */
int keygen_token(const char *name, const char *uri, const char *module, const char *pin, const char *path);
void keygen_wipe(struct buf *b);

#define KEYGEN_HOSTS_MAX 64
/* prefix.crt and prefix.key. ca: the authority's files likewise; NULL: the certificate is its own. */
int keygen_tls(char **host, int nhosts, const char *ca, const char *prefix);
int keygen_tls_ca(const char *name, const char *prefix);
int keygen_tls_client(const char *name, const char *ca, const char *prefix);

#endif
