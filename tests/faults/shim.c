/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loaded into a program before its libraries (LD_PRELOAD): counts its calls and makes the chosen one fail, without a system call of its own, so
 * that it also works behind a seal. FAULTS names the page (point.h). What fails has not been done: the call is not made.
 *
 * A short read or write is one that a kernel can give: of a file, or of a stream; a packet of a channel and the count of an
 * eventfd come whole or not at all. And only files have disks that fail (EIO) or fill (ENOSPC).
 *
 * The wall clock is what the page says it is: what reads it (base/clock, libevent, OpenSSL, nghttp2) asks libc, and libc's are here.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/point.h"

#define STREAMS_MAX 65536
#define SEEN_MAX 16384
#define PUBLIC __attribute__((visibility("default")))
#define HERE __builtin_return_address(0)

static struct fault_page *page;
static bool is_ingest, is_transcode;
static bool stream[STREAMS_MAX];   /* descriptors that are TCP connections, as far as is known */

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

/* Libraries call before begin() runs: each is found when it is first wanted. */
#define REAL(name) ({ \
	static __typeof__(&name) real; \
	if (!real) \
		*(void **)&real = dlsym(RTLD_NEXT, #name); \
	real; })

/* --- the point -------------------------------------------------------------------------- */

static struct fault_place place_of(const void *caller)
{
	struct fault_place place = {0};
	Dl_info in;

	if (!dladdr(caller, &in) || !in.dli_fname)
		return place;
	const char *slash = strrchr(in.dli_fname, '/');

	place.at = (uint64_t)((const char *)caller - (const char *)in.dli_fbase);
	strncpy(place.file, slash ? slash + 1 : in.dli_fname, FAULT_WHERE - 1);
	return place;
}

static bool is_only(const void *caller)
{
	struct fault_place place = page->only.at ? place_of(caller) : page->only;

	return place.at == page->only.at && !strcmp(place.file, page->only.file);
}

/* Each once a round for each process, or a few times: threads do not wait for each other here. */
static void note_place(enum fault_kind kind, const void *caller)
{
	static _Atomic uintptr_t seen[SEEN_MAX];
	static _Atomic uint32_t seen_round;
	uint32_t round = atomic_load(&page->round);
	uintptr_t key = (uintptr_t)caller * FAULT_KINDS + kind;
	size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 32) % SEEN_MAX;

	if (atomic_exchange_explicit(&seen_round, round, memory_order_relaxed) != round)
		for (size_t i = 0; i < SEEN_MAX; i++)
			atomic_store_explicit(&seen[i], 0, memory_order_relaxed);
	if (atomic_exchange_explicit(&seen[at], key, memory_order_relaxed) == key)
		return;
	uint32_t n = atomic_fetch_add(&page->nplaces, 1);

	if (n >= FAULT_PLACES) {
		atomic_store(&page->nplaces, FAULT_PLACES);
		return;
	}
	page->place[n].place = place_of(caller);
	atomic_store(&page->place[n].kind, kind + 1);
}

static void stay(void)
{
	while (atomic_load(&page->state) == FAULT_FROZEN)
		REAL(syscall)(SYS_futex, &page->state, FUTEX_WAIT, FAULT_FROZEN, NULL, NULL, 0);
}

/* What happens to this call: 0 nothing, FAULT_SHORT or an errno. `may`: a kernel can answer so to it. */
static int happens(enum fault_kind kind, bool may, const void *caller)
{
	int keep = errno;
	uint32_t armed = FAULT_ARMED;

	if (!page)
		return 0;
	atomic_fetch_add_explicit(&page->count[kind], 1, memory_order_relaxed);
	if (atomic_load(&page->round))
		note_place(kind, caller);
	if (atomic_load(&page->state) == FAULT_FROZEN)
		stay();
	if (atomic_load(&page->state) != FAULT_ARMED || !(page->kinds >> kind & 1) || !is_only(caller))
		return 0;
	if (!may)
		atomic_fetch_add(&page->cannot, 1);
	if (!may || atomic_fetch_sub(&page->left, 1) != 1)
		return 0;
	atomic_store(&page->hit, (uint32_t)kind);
	page->where = place_of(caller);
	if (!atomic_compare_exchange_strong(&page->state, &armed, page->action == FAULT_FREEZE ? FAULT_FROZEN : FAULT_FIRED))
		return 0;
	if (page->action == FAULT_FREEZE)
		stay();
	errno = keep;
	return page->action == FAULT_FREEZE ? 0 : page->action;
}

static bool fails(enum fault_kind kind, const void *caller)
{
	int what = happens(kind, page && page->action != FAULT_SHORT, caller);

	if (what)
		errno = what;
	return what != 0;
}

static bool is_file(int fd)
{
	struct stat st;

	return !is_transcode && REAL(syscall)(SYS_fstat, fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool may(int fd, size_t n)
{
	if (!page)
		return false;
	if (page->action == FAULT_SHORT)
		return n > 1 && ((fd >= 0 && fd < STREAMS_MAX && stream[fd]) || is_file(fd));
	return (page->action != EIO && page->action != ENOSPC) || is_file(fd);
}

/* How many of n bytes the call is to have; -1: it fails. */
static ssize_t allowed(enum fault_kind kind, int fd, size_t n, const void *caller)
{
	int what = happens(kind, may(fd, n), caller);

	if (what > 0)
		errno = what;
	return what > 0 ? -1 : what == FAULT_SHORT ? (ssize_t)(n / 2) : (ssize_t)n;
}

static void mark_stream(int fd, bool is)
{
	if (fd >= 0 && fd < STREAMS_MAX)
		stream[fd] = is;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAULTS"), *name = program_invocation_short_name;
	int fd;

	is_ingest = !strcmp(name, "ingest");
	is_transcode = !strcmp(name, "transcode");
	fd = path ? (int)REAL(syscall)(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0) {
		void *map = REAL(mmap)(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		REAL(syscall)(SYS_close, fd);
		if (map != MAP_FAILED)
			page = map;
	}
	/* As its parent gave it. */
	unsetenv("FAULTS");
	unsetenv("LD_PRELOAD");
}

/* --- memory ----------------------------------------------------------------------------- */

PUBLIC void *malloc(size_t n) { return fails(FAULT_ALLOC, HERE) ? NULL : __libc_malloc(n); }
PUBLIC void *calloc(size_t n, size_t size) { return fails(FAULT_ALLOC, HERE) ? NULL : __libc_calloc(n, size); }
PUBLIC void *realloc(void *p, size_t n) { return fails(FAULT_ALLOC, HERE) ? NULL : __libc_realloc(p, n); }
PUBLIC void *aligned_alloc(size_t align, size_t n) { return fails(FAULT_ALLOC, HERE) ? NULL : __libc_memalign(align, n); }
PUBLIC void *memalign(size_t align, size_t n) { return fails(FAULT_ALLOC, HERE) ? NULL : __libc_memalign(align, n); }

PUBLIC int posix_memalign(void **ret, size_t align, size_t n)
{
	void *p = fails(FAULT_ALLOC, HERE) ? NULL : __libc_memalign(align, n);

	if (!p)
		return ENOMEM;
	*ret = p;
	return 0;
}

PUBLIC void *mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	return fails(FAULT_MAP, HERE) ? MAP_FAILED : REAL(mmap)(at, n, prot, flags, fd, off);
}

/* --- files ------------------------------------------------------------------------------ */

static unsigned mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0;
}

PUBLIC int open(const char *path, int flags, ...)
{
	va_list ap;
	unsigned mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails(FAULT_OPEN, HERE) ? -1 : REAL(open)(path, flags, mode);
}

PUBLIC int openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	unsigned mode;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails(FAULT_OPEN, HERE) ? -1 : REAL(openat)(dir, path, flags, mode);
}

PUBLIC DIR *fdopendir(int fd) { return fails(FAULT_OPEN, HERE) ? NULL : REAL(fdopendir)(fd); }
PUBLIC struct dirent *readdir(DIR *d) { return fails(FAULT_READ, HERE) ? NULL : REAL(readdir)(d); }

PUBLIC ssize_t read(int fd, void *p, size_t n)
{
	ssize_t k = allowed(FAULT_READ, fd, n, HERE);

	return k < 0 ? -1 : REAL(read)(fd, p, (size_t)k);
}

PUBLIC ssize_t __read_chk(int fd, void *p, size_t n, size_t room);
PUBLIC ssize_t __read_chk(int fd, void *p, size_t n, size_t room)
{
	ssize_t k = allowed(FAULT_READ, fd, n, HERE);

	return k < 0 ? -1 : REAL(read)(fd, p, (size_t)k);
}

PUBLIC ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	ssize_t k = allowed(FAULT_READ, fd, n, HERE);

	return k < 0 ? -1 : REAL(pread)(fd, p, (size_t)k, at);
}

PUBLIC ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room);
PUBLIC ssize_t __pread_chk(int fd, void *p, size_t n, off_t at, size_t room)
{
	ssize_t k = allowed(FAULT_READ, fd, n, HERE);

	return k < 0 ? -1 : REAL(pread)(fd, p, (size_t)k, at);
}

PUBLIC ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t k = allowed(fd == STDERR_FILENO ? FAULT_LOG : FAULT_WRITE, fd, n, HERE);

	return k < 0 ? -1 : REAL(write)(fd, p, (size_t)k);
}

PUBLIC ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t k = allowed(FAULT_WRITE, fd, n, HERE);

	return k < 0 ? -1 : REAL(pwrite)(fd, p, (size_t)k, at);
}

PUBLIC int fsync(int fd) { return fails(FAULT_SYNC, HERE) ? -1 : REAL(fsync)(fd); }
PUBLIC int fdatasync(int fd) { return fails(FAULT_SYNC, HERE) ? -1 : REAL(fdatasync)(fd); }
PUBLIC int syncfs(int fd) { return fails(FAULT_SYNC, HERE) ? -1 : REAL(syncfs)(fd); }
PUBLIC int ftruncate(int fd, off_t n) { return fails(FAULT_MAKE, HERE) ? -1 : REAL(ftruncate)(fd, n); }
PUBLIC int mkdir(const char *path, mode_t mode) { return fails(FAULT_NAME, HERE) ? -1 : REAL(mkdir)(path, mode); }
PUBLIC int mkdirat(int dir, const char *path, mode_t mode) { return fails(FAULT_NAME, HERE) ? -1 : REAL(mkdirat)(dir, path, mode); }
PUBLIC int unlink(const char *path) { return fails(FAULT_NAME, HERE) ? -1 : REAL(unlink)(path); }
PUBLIC int unlinkat(int dir, const char *path, int flags) { return fails(FAULT_NAME, HERE) ? -1 : REAL(unlinkat)(dir, path, flags); }

PUBLIC int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails(FAULT_NAME, HERE) ? -1 : REAL(renameat)(from_dir, from, to_dir, to);
}

PUBLIC int fstat(int fd, struct stat *ret) { return fails(FAULT_STAT, HERE) ? -1 : REAL(fstat)(fd, ret); }
PUBLIC int fstatfs(int fd, struct statfs *ret) { return fails(FAULT_STAT, HERE) ? -1 : REAL(fstatfs)(fd, ret); }

PUBLIC int fstatat(int dir, const char *path, struct stat *ret, int flags)
{
	return fails(FAULT_STAT, HERE) ? -1 : REAL(fstatat)(dir, path, ret, flags);
}

/* --- descriptors ------------------------------------------------------------------------ */

PUBLIC int memfd_create(const char *name, unsigned flags) { return fails(FAULT_MAKE, HERE) ? -1 : REAL(memfd_create)(name, flags); }
PUBLIC int eventfd(unsigned count, int flags) { return fails(FAULT_MAKE, HERE) ? -1 : REAL(eventfd)(count, flags); }
PUBLIC int pipe2(int fd[2], int flags) { return fails(FAULT_MAKE, HERE) ? -1 : REAL(pipe2)(fd, flags); }
PUBLIC int dup2(int from, int to) { return fails(FAULT_MAKE, HERE) ? -1 : REAL(dup2)(from, to); }
PUBLIC int dup3(int from, int to, int flags) { return fails(FAULT_MAKE, HERE) ? -1 : REAL(dup3)(from, to, flags); }
PUBLIC int epoll_create1(int flags) { return fails(FAULT_MAKE, HERE) ? -1 : REAL(epoll_create1)(flags); }

PUBLIC int fcntl(int fd, int what, ...)
{
	va_list ap;
	long arg;

	va_start(ap, what);
	arg = va_arg(ap, long);
	va_end(ap);
	if ((what == F_DUPFD_CLOEXEC || what == F_DUPFD) && fails(FAULT_MAKE, HERE))
		return -1;
	if (what == F_ADD_SEALS && fails(FAULT_CONTROL, HERE))
		return -1;
	return REAL(fcntl)(fd, what, arg);
}

PUBLIC int close(int fd)
{
	mark_stream(fd, false);
	return REAL(close)(fd);
}

/* --- sockets ---------------------------------------------------------------------------- */

PUBLIC int socket(int family, int type, int protocol) { return fails(FAULT_SOCKET, HERE) ? -1 : REAL(socket)(family, type, protocol); }
PUBLIC int bind(int fd, const struct sockaddr *to, socklen_t n) { return fails(FAULT_SOCKET, HERE) ? -1 : REAL(bind)(fd, to, n); }
PUBLIC int listen(int fd, int n) { return fails(FAULT_SOCKET, HERE) ? -1 : REAL(listen)(fd, n); }
PUBLIC int connect(int fd, const struct sockaddr *to, socklen_t n) { return fails(FAULT_SOCKET, HERE) ? -1 : REAL(connect)(fd, to, n); }

PUBLIC int socketpair(int family, int type, int protocol, int fd[2])
{
	return fails(FAULT_SOCKET, HERE) ? -1 : REAL(socketpair)(family, type, protocol, fd);
}

PUBLIC int accept4(int fd, struct sockaddr *from, socklen_t *n, int flags)
{
	int got = fails(FAULT_ACCEPT, HERE) ? -1 : REAL(accept4)(fd, from, n, flags);

	mark_stream(got, true);
	return got;
}

PUBLIC ssize_t send(int fd, const void *p, size_t n, int flags)
{
	ssize_t k = allowed(FAULT_SEND, fd, n, HERE);

	return k < 0 ? -1 : REAL(send)(fd, p, (size_t)k, flags);
}

PUBLIC ssize_t sendmsg(int fd, const struct msghdr *m, int flags) { return fails(FAULT_SEND, HERE) ? -1 : REAL(sendmsg)(fd, m, flags); }

PUBLIC ssize_t recv(int fd, void *p, size_t n, int flags)
{
	ssize_t k = allowed(FAULT_RECEIVE, fd, n, HERE);

	return k < 0 ? -1 : REAL(recv)(fd, p, (size_t)k, flags);
}

/* Of the descriptors that are handed over, ingest's are its cameras'. */
static void see_descriptors(struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
		int fd;

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS || h->cmsg_len != CMSG_LEN(sizeof fd))
			continue;
		memcpy(&fd, CMSG_DATA(h), sizeof fd);
		mark_stream(fd, true);
	}
}

PUBLIC ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	ssize_t n = fails(FAULT_RECEIVE, HERE) ? -1 : REAL(recvmsg)(fd, m, flags);

	if (n > 0 && is_ingest)
		see_descriptors(m);
	return n;
}

PUBLIC int recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *t)
{
	return fails(FAULT_RECEIVE, HERE) ? -1 : REAL(recvmmsg)(fd, m, n, flags, t);
}

/* --- the wall clock --------------------------------------------------------------------- */

#define SECOND_NS INT64_C(1000000000)

PUBLIC int clock_gettime(clockid_t id, struct timespec *ret)
{
	int rc = REAL(clock_gettime)(id, ret);
	int64_t off_us = page ? atomic_load_explicit(&page->clock_us, memory_order_relaxed) : 0, ns;

	if (rc || !off_us || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return rc;
	ns = (int64_t)ret->tv_sec * SECOND_NS + ret->tv_nsec + off_us * 1000;
	ret->tv_sec = ns / SECOND_NS;
	ret->tv_nsec = ns % SECOND_NS;
	return 0;
}

PUBLIC int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*ret = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
	return 0;
}

PUBLIC time_t time(time_t *ret)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	if (ret)
		*ret = t.tv_sec;
	return t.tv_sec;
}

/* --- waiting, threads, processes -------------------------------------------------------- */

PUBLIC int epoll_ctl(int fd, int what, int of, struct epoll_event *e)
{
	return what != EPOLL_CTL_DEL && fails(FAULT_CONTROL, HERE) ? -1 : REAL(epoll_ctl)(fd, what, of, e);
}

PUBLIC int epoll_wait(int fd, struct epoll_event *e, int n, int ms) { return fails(FAULT_WAIT, HERE) ? -1 : REAL(epoll_wait)(fd, e, n, ms); }
PUBLIC int poll(struct pollfd *p, nfds_t n, int ms) { return fails(FAULT_WAIT, HERE) ? -1 : REAL(poll)(p, n, ms); }

PUBLIC int pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*call)(void *), void *arg)
{
	return fails(FAULT_THREAD, HERE) ? EAGAIN : REAL(pthread_create)(ret, attr, call, arg);
}

PUBLIC long syscall(long nr, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if ((nr == SYS_clone3 && fails(FAULT_THREAD, HERE)) || (nr == SYS_fstat && fails(FAULT_STAT, HERE)))
		return -1;
	return REAL(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
