/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A segment's memory as the process sees it: mapped once, when it begins, for the writer's thread, which copies it to the archive, and
 * for whoever hashes it then. A mapping is made and goes with work for the kernel that a part is too small for, and each that goes
 * interrupts the other processors.
 *
 * Mapped, not read or sent: read and sendfile hold references on the pages, and a memfd with pages that somebody holds cannot be
 * sealed (EBUSY after waits in the kernel, which the loop would spend in fcntl). Private, since a shared one could forbid the seal.
 * Its pages come by faults, sixteen at a time: MADV_POPULATE_READ looks at each of them by itself.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/store.h"

#define LEAST (1u << 20)
#define MOST (16u << 20)           /* a thousand cameras' are far from the process's address space */
#define PAGE_LEAST 4096u

void store_map_begin(struct segment *seg, uint64_t bytes)
{
	uint64_t size = LEAST;
	void *map;

	while (size < bytes && size < MOST)
		size *= 2;
	map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, seg->fd, 0);
	if (map == MAP_FAILED)
		return;
	/* What was read goes with the mapping, and no page of it has to be marked as wanted again. */
	(void)madvise(map, size, MADV_SEQUENTIAL);
	seg->map = map;
	seg->mapped = size;
}

void store_map_end(struct segment *seg)
{
	if (seg->mapped)
		munmap(seg->map, seg->mapped);
	seg->mapped = 0;
}

int store_view_of(int fd, uint64_t offset, size_t n, struct store_view *ret)
{
	size_t before = offset % (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(NULL, before + n, PROT_READ, MAP_PRIVATE, fd, (off_t)(offset - before));

	if (map == MAP_FAILED)
		return -errno;
	*ret = (struct store_view){.p = map + before, .own = map, .own_bytes = before + n};
	return 0;
}

int store_view(const struct segment *seg, uint64_t offset, size_t n, struct store_view *ret)
{
	if (offset + n > seg->mapped)
		return store_view_of(seg->fd, offset, n, ret);
	*ret = (struct store_view){.p = seg->map + offset};
	return 0;
}

void store_view_touch(const struct store_view *v, size_t n)
{
	const volatile uint8_t *p = v->p;

	for (size_t i = 0; i < n; i += PAGE_LEAST)
		(void)p[i];
	(void)p[n - 1];
}

void store_view_end(struct store_view *v)
{
	if (v->own)
		munmap(v->own, v->own_bytes);
	*v = (struct store_view){0};
}
