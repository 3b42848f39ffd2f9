/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_bytes.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/text.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static void describe(struct serve_bytes *b, const uint8_t sha256[32])
{
	b->etag[0] = '"';
	hex_encode(sha256, 16, b->etag + 1);
	b->etag[33] = '"';
	b->etag[34] = 0;
	memcpy(b->digest, "sha-256=:", 9);
	base64_encode(sha256, 32, b->digest + 9);
	memcpy(b->digest + 53, ":", 2);
}

uint64_t serve_bytes_size(int fd)
{
	struct stat st;

	/* Not fstat(): glibc makes newfstatat of it, which takes paths, and a sealed role may not call that. */
	return syscall(SYS_fstat, fd, &st) < 0 || st.st_size < 0 ? 0 : (uint64_t)st.st_size;
}

int serve_bytes_map(int fd, uint64_t n, const uint8_t sha256[32], struct serve_bytes **ret)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct serve_bytes *b;
	void *p;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EPERM;
	if (!n || n > SERVE_BYTES_MAX || serve_bytes_size(fd) != n)
		return -EMSGSIZE;
	b = calloc(1, sizeof *b);
	if (!b)
		return -ENOMEM;
	p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		int rc = -errno;

		free(b);
		return rc;
	}
	*b = (struct serve_bytes){.p = p, .n = n, .refs = 1, .mapped = true};
	describe(b, sha256);
	*ret = b;
	return 0;
}

int serve_bytes_copy(const void *p, size_t n, struct serve_bytes **ret)
{
	struct serve_bytes *b = malloc(sizeof *b + n);
	uint8_t sha256[32];

	if (!b)
		return -ENOMEM;
	if (!EVP_Digest(p, n, sha256, NULL, EVP_sha256(), NULL)) {
		free(b);
		return -ENOMEM;
	}
	memcpy(b + 1, p, n);
	*b = (struct serve_bytes){.p = (const uint8_t *)(b + 1), .n = n, .refs = 1};
	describe(b, sha256);
	*ret = b;
	return 0;
}

int serve_bytes_slice(struct serve_bytes *of, size_t offset, size_t n, struct serve_bytes **ret)
{
	struct serve_bytes *b = calloc(1, sizeof *b);
	uint8_t sha256[32];

	if (!b)
		return -ENOMEM;
	assert(offset <= of->n && n <= of->n - offset);
	if (!EVP_Digest(of->p + offset, n, sha256, NULL, EVP_sha256(), NULL)) {
		free(b);
		return -ENOMEM;
	}
	*b = (struct serve_bytes){.p = of->p + offset, .n = n, .refs = 1, .of = serve_bytes_ref(of)};
	describe(b, sha256);
	*ret = b;
	return 0;
}

struct serve_bytes *serve_bytes_ref(struct serve_bytes *b)
{
	if (b)
		b->refs++;
	return b;
}

void serve_bytes_unref(struct serve_bytes **bp)
{
	struct serve_bytes *b = *bp;

	*bp = NULL;
	if (!b || --b->refs)
		return;
	if (b->mapped)
		munmap((void *)(uintptr_t)b->p, b->n);
	serve_bytes_unref(&b->of);
	free(b);
}
