/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HEADER 4096u

static uint64_t *head(const struct ring *r) { return (uint64_t *)(void *)r->map; }
static uint64_t *base(const struct ring *r) { return (uint64_t *)(void *)(r->map + 8); }
static uint64_t *tail(const struct ring *r) { return (uint64_t *)(void *)(r->map + 64); }
static uint64_t padded(uint64_t n) { return (n + 4 + 7) & ~(uint64_t)7; }

int ring_create(size_t size, int *ret_fd)
{
	int fd, rc;

	if (size < RING_MIN || size > RING_MAX || (size & (size - 1)))
		return -EINVAL;
	fd = memfd_create("ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)(HEADER + size)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

int ring_open(struct ring *r, int fd, int doorbell)
{
	struct stat st;
	uint64_t size;
	void *map;

	/* Not fstat(): glibc makes newfstatat of it, which takes paths, and a sealed role may not call that. */
	if (syscall(SYS_fstat, fd, &st) < 0)
		return -errno;
	size = (uint64_t)st.st_size - HEADER;
	if (st.st_size < (off_t)(HEADER + RING_MIN) || size > RING_MAX || (size & (size - 1)))
		return -EINVAL;
	map = mmap(NULL, HEADER + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	*r = (struct ring){.map = map, .size = size, .doorbell = doorbell};
	return 0;
}

void ring_close(struct ring *r)
{
	if (r->map)
		munmap(r->map, HEADER + r->size);
	*r = (struct ring){.doorbell = -1};
}

int ring_progress(int fd, uint64_t *ret_put, uint64_t *ret_taken)
{
	uint64_t put, taken;

	if (pread(fd, &put, sizeof put, 0) != sizeof put || pread(fd, &taken, sizeof taken, 64) != sizeof taken)
		return errno ? -errno : -EIO;
	*ret_put = put;
	*ret_taken = taken;
	return 0;
}

static void copy_in(struct ring *r, uint64_t at, const void *src, size_t n)
{
	uint64_t off = (at - r->base) & (r->size - 1);
	size_t first = n < r->size - off ? n : (size_t)(r->size - off);

	memcpy(r->map + HEADER + off, src, first);
	memcpy(r->map + HEADER, (const uint8_t *)src + first, n - first);
}

static void copy_out(const struct ring *r, uint64_t at, void *dst, size_t n)
{
	uint64_t off = (at - r->base) & (r->size - 1);
	size_t first = n < r->size - off ? n : (size_t)(r->size - off);

	memcpy(dst, r->map + HEADER + off, first);
	memcpy((uint8_t *)dst + first, r->map + HEADER, n - first);
}

uint64_t ring_backlog(const struct ring *r)
{
	uint64_t used = r->mine - __atomic_load_n(tail(r), __ATOMIC_ACQUIRE);

	return used > r->size ? r->size : used;  /* a tail that cannot be counts as a full ring */
}

/* With nothing left to take, the consumer looks at no byte until head moves on, and at base only after that. */
static void begin_anew(struct ring *r)
{
	r->base = r->mine;
	__atomic_store_n(base(r), r->base, __ATOMIC_RELAXED);
}

int ring_put(struct ring *r, const struct iovec *iov, int niov)
{
	uint64_t total = 0, at, backlog;
	uint32_t len;

	for (int i = 0; i < niov; i++) {
		if (iov[i].iov_len > r->size)
			return -EMSGSIZE;
		total += iov[i].iov_len;
	}
	if (total > ring_record_max(r))
		return -EMSGSIZE;
	backlog = ring_backlog(r);
	if (r->size - backlog < padded(total)) {
		r->dropped++;
		return -ENOBUFS;
	}
	if (backlog == 0)
		begin_anew(r);
	len = (uint32_t)total;
	copy_in(r, r->mine, &len, sizeof len);
	at = r->mine + sizeof len;
	for (int i = 0; i < niov; i++) {
		if (iov[i].iov_len)
			copy_in(r, at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	r->mine += padded(total);
	__atomic_store_n(head(r), r->mine, __ATOMIC_RELEASE);
	return 0;
}

void ring_doorbell(int fd)
{
	static const uint64_t one = 1;

	while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void ring_kick(struct ring *r)
{
	if (r->doorbell >= 0)
		ring_doorbell(r->doorbell);
}

uint64_t ring_waiting(const struct ring *r)
{
	uint64_t avail = __atomic_load_n(head(r), __ATOMIC_ACQUIRE) - r->mine;

	return avail > r->size ? r->size : avail;  /* a head that cannot be is found by ring_get */
}

int ring_look(struct ring *r, size_t *ret_len)
{
	uint64_t avail = __atomic_load_n(head(r), __ATOMIC_ACQUIRE) - r->mine;
	uint32_t len;

	if (avail == 0)
		return 0;
	if (avail > r->size || avail < 8 || (avail & 7))
		return -EBADMSG;
	r->base = __atomic_load_n(base(r), __ATOMIC_RELAXED);  /* any number will do: it only chooses a byte of the ring */
	copy_out(r, r->mine, &len, sizeof len);
	if (len > ring_record_max(r) || padded(len) > avail)
		return -EBADMSG;
	r->seen = len;
	*ret_len = len;
	return 1;
}

void ring_copy(const struct ring *r, size_t offset, void *dst, size_t n)
{
	assert(offset <= r->seen && n <= r->seen - offset);
	copy_out(r, r->mine + sizeof r->seen + offset, dst, n);
}

int ring_pieces(const struct ring *r, size_t offset, struct iovec ret[2])
{
	uint64_t off = (r->mine + sizeof r->seen + offset - r->base) & (r->size - 1);
	size_t n = r->seen - offset, first = n < r->size - off ? n : (size_t)(r->size - off);

	assert(offset <= r->seen);
	ret[0] = (struct iovec){r->map + HEADER + off, first};
	ret[1] = (struct iovec){r->map + HEADER, n - first};
	return n > first ? 2 : 1;
}

void ring_done(struct ring *r)
{
	r->mine += padded(r->seen);
	__atomic_store_n(tail(r), r->mine, __ATOMIC_RELEASE);
}

int ring_get(struct ring *r, struct buf *out)
{
	size_t len;
	int rc = ring_look(r, &len);
	uint8_t *to;

	if (rc != 1)
		return rc;
	buf_clear(out);
	to = buf_reserve(out, len);
	if (!to)
		return -ENOBUFS;
	ring_copy(r, 0, to, len);
	buf_commit(out, len);
	ring_done(r);
	return 1;
}
