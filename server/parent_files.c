/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/parent_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/io.h"
#include "server/check.h"

#define PEM_MAX (1u << 20)

/* The file and, behind it, its length. A key may be in it: nothing of it is left behind. */
static bool digest_file(EVP_MD_CTX *ctx, const char *path)
{
	int fd = io_open_regular(AT_FDCWD, path, O_RDONLY, 0);
	uint8_t bytes[4096];
	uint64_t len = 0;
	ssize_t n = -1;
	bool good = fd >= 0;

	while (good && (n = read(fd, bytes, sizeof bytes)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		good = n > 0 && len <= PEM_MAX && EVP_DigestUpdate(ctx, bytes, (size_t)n);
		len += n > 0 ? (uint64_t)n : 0;
	}
	explicit_bzero(bytes, sizeof bytes);
	if (fd >= 0)
		close(fd);
	return good && EVP_DigestUpdate(ctx, &len, sizeof len);
}

/* Of files one after the other; zeros where one cannot be read. */
void files_digest(const char *const *path, unsigned n, uint8_t ret[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

	for (unsigned i = 0; good && i < n; i++)
		good = digest_file(ctx, path[i]);
	if (!good || !EVP_DigestFinal_ex(ctx, ret, NULL))
		memset(ret, 0, 32);
	EVP_MD_CTX_free(ctx);
}

/* Wall clock; 0 where there is none to be read. */
static int64_t certificate_end(const char *path)
{
	FILE *f = check_open_pem(path);
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, (void *)(uintptr_t)"") : NULL;
	struct tm tm;
	int64_t us = 0;

	if (x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm))
		us = (int64_t)timegm(&tm) * 1000000;
	X509_free(x);
	if (f)
		fclose(f);
	return us;
}

void files_look(const struct site *site, FILE *out, struct files_seen *ret)
{
	struct files_seen seen = {.faults = 1};
	char text[4096];
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	*ret = seen;
	if (pipe2(fd, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		char *said = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&said, &len);

		files_digest((const char *const[]){site->tls_certificate, site->tls_key, site->tls_client_ca}, 2 + !!site->tls_client_ca, seen.tls_sha256);
		seen.ends_us = certificate_end(site->tls_certificate);
		seen.faults = f && out ? check_named_files(f, site->file, site) : 0;
		_exit(!f || fclose(f) || io_write_all(fd[1], &seen, sizeof seen) || io_write_all(fd[1], said, len) ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	close(fd[1]);
	if (pid > 0 && read(fd[0], &seen, sizeof seen) == (ssize_t)sizeof seen) {
		*ret = seen;
		while ((n = read(fd[0], text, sizeof text)) > 0 || (n < 0 && errno == EINTR))
			if (n > 0 && out)
				fwrite(text, 1, (size_t)n, out);
	}
	close(fd[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}
