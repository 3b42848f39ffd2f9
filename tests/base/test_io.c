/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)
#define BYTES 70001

static uint8_t bytes[BYTES];

static int open_memfd(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	cr_assert_geq(fd, 0);
	cr_assert_eq(io_write_all(fd, bytes, BYTES), 0);
	return fd;
}

static void assert_sealed(int fd)
{
	uint8_t have[BYTES + 1];

	cr_assert_eq(fcntl(fd, F_GET_SEALS) & SEALS, SEALS);
	cr_assert_eq(pread(fd, have, sizeof have, 0), BYTES);
	cr_assert_eq(memcmp(have, bytes, BYTES), 0);
	cr_assert_eq(pwrite(fd, "x", 1, 0), -1);
	cr_assert_eq(errno, EPERM);
}

Test(io, seals_in_place)
{
	int fd = open_memfd(), sealed = -1;

	cr_assert_eq(io_seal(fd, "test", BYTES, &sealed), 0);
	cr_assert_eq(sealed, fd);
	assert_sealed(fd);
	close(fd);
}

/* Both are EBUSY: a writable mapping at once, pages in a pipe after the kernel has waited for them. */
Test(io, seals_a_copy_of_what_somebody_holds)
{
	int mapped = open_memfd(), piped = open_memfd(), sealed = -1, pipes[2];
	void *writable = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, 0);
	struct iovec page = {mmap(NULL, BYTES, PROT_READ, MAP_SHARED, piped, 0), 4096};

	cr_assert_neq(writable, MAP_FAILED);
	cr_assert_neq(page.iov_base, MAP_FAILED);
	cr_assert_eq(pipe(pipes), 0);
	cr_assert_eq(vmsplice(pipes[1], &page, 1, 0), 4096);
	for (int i = 0; i < 2; i++) {
		int fd = i ? piped : mapped;

		cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
		cr_assert_eq(errno, EBUSY);
		cr_assert_eq(io_seal(fd, "test", BYTES, &sealed), 1);
		cr_assert_neq(sealed, fd);
		assert_sealed(sealed);
		close(sealed);
		close(fd);
	}
}

Test(io, leaves_the_answer_alone_when_it_cannot_seal)
{
	int fd = memfd_create("test", MFD_CLOEXEC), sealed = -2;

	cr_assert_eq(io_seal(fd, "test", BYTES, &sealed), -EPERM);
	cr_assert_eq(sealed, -2);
	close(fd);
}

Test(io, does_not_wait_at_what_is_no_file)
{
	char folder[] = "/tmp/casemate-test-io.XXXXXX", path[64];
	int fd;

	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/file", folder);
	cr_assert_eq(io_open_regular(AT_FDCWD, path, O_RDONLY, 0), -ENOENT);
	fd = io_open_regular(AT_FDCWD, path, O_RDWR | O_CREAT, 0600);
	cr_assert_geq(fd, 0);
	close(fd);
	unlink(path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	cr_assert_eq(io_open_regular(AT_FDCWD, path, O_RDONLY, 0), -EINVAL);
	unlink(path);
	cr_assert_eq(io_open_regular(AT_FDCWD, folder, O_RDONLY, 0), -EINVAL);
	rmdir(folder);
}

static void assert_holds(const char *path, const char *want)
{
	struct buf b;

	buf_init(&b, 100);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &b), 0, "%s", path);
	cr_expect(b.len == strlen(want) && !memcmp(buf_data(&b), want, b.len), "%s: %.*s", path, (int)b.len, (const char *)buf_data(&b));
	buf_free(&b);
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(io_write_all(fd, text, strlen(text)), 0);
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

/* Left of a crash, or put there by another: open to others, a second name of a file, a link to one. */
Test(io, replaces_without_writing_into_what_lies_where_its_temporary_file_goes)
{
	char folder[] = "/tmp/casemate-test-io.XXXXXX", path[64], tmp[64], other[64];
	struct stat st;

	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/key", folder);
	snprintf(tmp, sizeof tmp, "%s/key.tmp", folder);
	snprintf(other, sizeof other, "%s/other", folder);
	put(other, "theirs", 0600);
	for (int what = 0; what < 3; what++) {
		if (what == 0)
			put(tmp, "half of a longer one", 0666);
		else
			cr_assert_eq(what == 1 ? link(other, tmp) : symlink(other, tmp), 0);
		cr_assert_eq(io_replace_file(AT_FDCWD, path, "ours", 4, 0600), 0, "%d", what);
		assert_holds(path, "ours");
		assert_holds(other, "theirs");
		cr_assert_eq(lstat(path, &st), 0);
		cr_expect(S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0600 && st.st_nlink == 1, "%d: mode %o", what, st.st_mode);
		cr_assert_eq(lstat(tmp, &st), -1);
	}
	cr_assert_eq(mkdir(tmp, 0700), 0);
	cr_expect_lt(io_replace_file(AT_FDCWD, path, "none", 4, 0600), 0);
	assert_holds(path, "ours");
	rmdir(tmp);
	unlink(path);
	unlink(other);
	rmdir(folder);
}
