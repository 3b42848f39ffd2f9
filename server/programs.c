/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

/* From its beginning, wherever the descriptor stands. */
static int hash_file(int fd, uint8_t ret[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t bytes[16384];
	off_t at = 0;
	ssize_t n = 1;
	int rc = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ? 0 : -ENOMEM;

	while (!rc && n > 0) {
		n = pread(fd, bytes, sizeof bytes, at);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n < 0)
			rc = -errno;
		else if (!EVP_DigestUpdate(ctx, bytes, (size_t)n))
			rc = -ENOMEM;
		at += n;
	}
	if (!rc && !EVP_DigestFinal_ex(ctx, ret, NULL))
		rc = -ENOMEM;
	EVP_MD_CTX_free(ctx);
	return rc;
}

static int open_and_hash(int folder, const char *name, uint8_t ret_sha256[32], int *ret_fd)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = hash_file(fd, ret_sha256);
	if (rc)
		close(fd);
	else
		*ret_fd = fd;
	return rc;
}

static int open_all(struct programs *p, int folder, const char **ret_what)
{
	int own = -1, rc;

	*ret_what = role_kind_name(ROLE_PARENT);
	rc = open_and_hash(AT_FDCWD, "/proc/self/exe", p->sha256[ROLE_PARENT], &own);
	if (rc)
		return rc;
	close(own);
	for (unsigned k = ROLE_PARENT + 1; !rc && k < ROLE_COUNT; k++) {
		*ret_what = role_kind_name(k);
		rc = open_and_hash(folder, *ret_what, p->sha256[k], &p->fd[k]);
	}
	return rc;
}

int programs_open(struct programs *p, const char *libexec, const char **ret_what)
{
	int folder = open(libexec, O_PATH | O_DIRECTORY | O_CLOEXEC), sbom = -1, rc;

	*p = (struct programs){0};
	for (unsigned k = 0; k < ROLE_COUNT; k++)
		p->fd[k] = -1;
	*ret_what = libexec;
	if (folder < 0)
		return -errno;
	rc = open_all(p, folder, ret_what);
	/* The programs run without it; the log then does not name it. */
	if (!rc && open_and_hash(folder, PROGRAMS_SBOM, p->sbom_sha256, &sbom) == 0)
		close(sbom);
	if (rc)
		programs_close(p);
	close(folder);
	return rc;
}

void programs_close(struct programs *p)
{
	for (unsigned k = 0; k < ROLE_COUNT; k++) {
		if (p->fd[k] >= 0)
			close(p->fd[k]);
		p->fd[k] = -1;
	}
}
