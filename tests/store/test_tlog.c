/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seal/proof.h"
#include "store/tlog_read.h"
#include "tests/store/folder.h"

static struct folder f;
static struct tlog *l;
static const char *why;

static void setup(void) { folder_begin(&f); }

static void teardown(void)
{
	tlog_free(&l);
	folder_end(&f);
}

TestSuite(tlog, .init = setup, .fini = teardown, .timeout = 600);

static void reopen(void)
{
	tlog_free(&l);
	cr_assert_eq(tlog_open(f.fd, FOLDER_ORIGIN, &l, &why), 0, "%s", why);
}

Test(tlog, begins_in_an_empty_folder)
{
	reopen();
	cr_assert_eq(tlog_size(l), 0);
	cr_assert_eq(tlog_note(l)->len, 0);
	reopen();
	cr_assert_eq(tlog_size(l), 0);
}

Test(tlog, goes_on_where_it_ended_at_every_size)
{
	static const unsigned steps[] = {1, 1, 3, 250, 1, 1, 255, 256, 257, 1000, 64000, 600};
	uint64_t size = 0;

	reopen();
	for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
		folder_append(l, steps[i]);
		size += steps[i];
		cr_assert_eq(tlog_sync(l), 0);
		cr_assert_eq(tlog_synced(l), size);
		cr_assert_eq(folder_publish(&f, l, size - steps[i] / 3), 0);
		cr_assert_eq(tlog_published(l), size - steps[i] / 3);
		folder_check(&f, l);
		reopen();
		cr_assert_eq(tlog_size(l), size);
		cr_assert_eq(tlog_published(l), size - steps[i] / 3);
		folder_check(&f, l);
	}
	cr_assert(folder_exists(&f, "log/tile/1/000"), "65536 entries fill a tile of the second level");
	cr_assert_not(folder_exists(&f, "log/tile/0/000.p"));
}

Test(tlog, forgets_what_was_never_synced)
{
	reopen();
	folder_append(l, 5);
	cr_assert_eq(tlog_sync(l), 0);
	folder_append(l, 5);
	reopen();
	cr_assert_eq(tlog_size(l), 5);
}

Test(tlog, cuts_a_torn_journal_and_goes_on)
{
	for (unsigned cut = 1; cut < 700; cut += 37) {
		int fd;

		folder_clear(&f);
		tlog_free(&l);
		reopen();
		folder_append(l, 4);
		cr_assert_eq(tlog_sync(l), 0);
		fd = openat(f.fd, "log/journal", O_RDWR);
		cr_assert_eq(ftruncate(fd, lseek(fd, 0, SEEK_END) - cut), 0);
		close(fd);
		reopen();
		cr_assert_lt(tlog_size(l), 4);
		folder_append(l, 3);
		cr_assert_eq(tlog_sync(l), 0);
		cr_assert_eq(folder_publish(&f, l, tlog_size(l)), 0);
		reopen();
		folder_check(&f, l);
	}
}

Test(tlog, lives_without_journal_and_heads_once_published)
{
	struct heads h;

	reopen();
	folder_append(l, 300);
	cr_assert_eq(tlog_sync(l), 0);
	cr_assert_eq(folder_publish(&f, l, 300), 0);
	unlinkat(f.fd, "log/journal", 0);
	unlinkat(f.fd, "log/heads", 0);
	reopen();
	cr_assert_eq(tlog_size(l), 300);
	folder_check(&f, l);
	cr_assert_eq(tlog_heads(l, &h), 0);
	cr_assert_eq(heads_find(&h, "yard", "copy")->number, 300);
	heads_free(&h);
}

Test(tlog, heads_are_those_of_all_entries)
{
	struct heads h;

	reopen();
	for (unsigned i = 0; i < 20; i++) {
		folder_append(l, 70);
		cr_assert_eq(tlog_sync(l), 0);
		cr_assert_eq(folder_publish(&f, l, tlog_size(l) - 7), 0);
		reopen();
		cr_assert_eq(tlog_heads(l, &h), 0);
		cr_assert_eq(h.size, tlog_size(l));
		cr_assert_eq(heads_find(&h, "yard", "copy")->number, tlog_size(l));
		heads_free(&h);
	}
}

Test(tlog, gives_leaves_and_roots_of_any_place)
{
	struct hash leaf[300], want, root;
	struct tree t = {0};
	unsigned n;

	reopen();
	folder_append(l, 1000);
	cr_assert_eq(tlog_sync(l), 0);
	cr_assert_eq(folder_publish(&f, l, 900), 0);
	folder_append(l, 5);
	for (uint64_t i = 0; i < 1000;) {
		cr_assert_eq(tlog_leaves(l, i, leaf, 300, &n), 0);
		cr_assert_gt(n, 0);
		for (unsigned k = 0; k < n; k++, i++) {
			cr_assert_eq(tree_append(&t, &leaf[k]), 0);
			tree_root(&t, &want);
			if (i % 50 == 0 || i > 890) {
				cr_assert_eq(tlog_root(l, i + 1, &root), 0);
				cr_assert(hash_same(&root, &want), "root of %d", (int)i + 1);
			}
		}
	}
	cr_assert_eq(tlog_leaves(l, 1000, leaf, 300, &n), 0);
	cr_assert_eq(n, 0, "what is not on disk is told to nobody");
	cr_assert_eq(tlog_root(l, 1006, &root), -EINVAL);
}

Test(tlog, publishes_only_its_own_checkpoints)
{
	struct key_private *other;
	struct hash root;
	struct buf note;

	reopen();
	folder_append(l, 10);
	cr_assert_eq(folder_publish(&f, l, 10), -EBADMSG, "not synced");
	cr_assert_eq(tlog_sync(l), 0);
	buf_init(&note, CHECKPOINT_MAX_BYTES);
	cr_assert_eq(tlog_root(l, 9, &root), 0);
	cr_assert_eq(checkpoint_sign(&note, 10, &root, f.key), 0);
	cr_assert_eq(tlog_publish(l, buf_data(&note), note.len, &why), -EBADMSG);
	buf_clear(&note);
	cr_assert_eq(tlog_root(l, 10, &root), 0);
	cr_assert_eq(key_generate("other.example", &other), 0);
	cr_assert_eq(checkpoint_sign(&note, 10, &root, other), 0);
	cr_assert_eq(tlog_publish(l, buf_data(&note), note.len, &why), -EBADMSG);
	cr_assert_eq(tlog_publish(l, "nonsense", 8, &why), -EBADMSG);
	cr_assert_eq(tlog_published(l), 0);
	cr_assert_eq(folder_publish(&f, l, 10), 0);
	cr_assert_eq(folder_publish(&f, l, 5), 0, "an older one changes nothing");
	cr_assert_eq(tlog_published(l), 10);
	key_free(&other);
	buf_free(&note);
}

static void begin_published(unsigned n)
{
	folder_clear(&f);
	tlog_free(&l);
	reopen();
	folder_append(l, n);
	cr_assert_eq(tlog_sync(l), 0);
	cr_assert_eq(folder_publish(&f, l, n), 0);
}

/* Flips a byte of the file, or removes it when at is -1. */
static void damage(const char *file, int at)
{
	uint8_t byte;
	int fd;

	if (at < 0) {
		cr_assert_eq(unlinkat(f.fd, file, 0), 0, "%s", file);
		return;
	}
	fd = openat(f.fd, file, O_RDWR);
	cr_assert_eq(pread(fd, &byte, 1, at), 1, "%s", file);
	byte ^= 1;
	cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static const struct {
	const char *file;
	int at;
} damages[] = {
	{"log/checkpoint", 20}, {"log/checkpoint", -1}, {"log/journal", 3}, {"log/tile/1/000.p/1", 5}, {"log/tile/1/000.p/1", -1},
	{"log/tile/entries/000", -1},
};

Test(tlog, refuses_a_damaged_log)
{
	for (unsigned i = 0; i < sizeof damages / sizeof *damages; i++) {
		begin_published(300);
		tlog_free(&l);
		unlinkat(f.fd, "log/heads", 0);  /* then the start reads the entries too */
		damage(damages[i].file, damages[i].at);
		cr_assert_eq(tlog_open(f.fd, FOLDER_ORIGIN, &l, &why), -EBADMSG, "case %u", i);
	}
}

Test(tlog, gives_no_proof_out_of_damaged_tiles)
{
	static const char *const files[] = {"log/tile/0/000", "log/tile/entries/000", "log/tile/0/001.p/44", "log/tile/1/000.p/1"};

	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		struct tlog_files published = {.dirfd = f.fd, .size = 300};
		struct buf b;

		begin_published(300);
		buf_init(&b, PROOF_MAX_BYTES);
		damage(files[i], 40 % (i == 3 ? 32 : 64));
		cr_assert_eq(tlog_read_proof(&published, i == 3 ? 299 : 0, buf_data(tlog_note(l)), tlog_note(l)->len, &b), -EBADMSG, "%s", files[i]);
		cr_assert_eq(b.len, 0);
		buf_free(&b);
	}
}

Test(tlog, refuses_what_is_not_its_own)
{
	int fd;

	reopen();
	tlog_free(&l);
	cr_assert_eq(tlog_open(f.fd, "another.example", &l, &why), -EMEDIUMTYPE);
	folder_clear(&f);
	fd = openat(f.fd, "letter.txt", O_WRONLY | O_CREAT, 0600);
	close(fd);
	cr_assert_eq(tlog_open(f.fd, FOLDER_ORIGIN, &l, &why), -EMEDIUMTYPE);
	cr_assert(folder_exists(&f, "letter.txt"));
}

Test(tlog, keeps_entries_while_the_disk_refuses)
{
	struct rlimit was, tiny = {2000, RLIM_INFINITY};

	signal(SIGXFSZ, SIG_IGN);
	reopen();
	folder_append(l, 2);
	cr_assert_eq(tlog_sync(l), 0);
	getrlimit(RLIMIT_FSIZE, &was);
	tiny.rlim_max = was.rlim_max;
	setrlimit(RLIMIT_FSIZE, &tiny);
	folder_append(l, 20);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(tlog_sync(l), -EFBIG);
	cr_assert_eq(tlog_synced(l), 2);
	setrlimit(RLIMIT_FSIZE, &was);
	cr_assert_eq(tlog_sync(l), 0);
	cr_assert_eq(tlog_synced(l), 22);
	reopen();
	cr_assert_eq(tlog_size(l), 22);
	cr_assert_eq(folder_publish(&f, l, 22), 0);
	folder_check(&f, l);
}

/* --- a crash before every single system call that changes the disk ---------------------- */

struct progress {
	uint64_t synced, published;
};

static void work(struct progress *p)
{
	static const unsigned steps[] = {3, 5, 7, 300};

	if (tlog_open(f.fd, FOLDER_ORIGIN, &l, &why))
		_exit(2);
	for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
		folder_append(l, steps[i]);
		if (tlog_sync(l))
			_exit(3);
		p->synced = tlog_synced(l);
		if (folder_publish(&f, l, tlog_size(l) - i))
			_exit(4);
		p->published = tlog_published(l);
	}
	_exit(0);
}

static bool changes_disk(uint64_t nr)
{
	static const uint64_t calls[] = {SYS_write, SYS_pwrite64, SYS_openat, SYS_renameat, SYS_unlinkat, SYS_mkdirat, SYS_fsync, SYS_fdatasync};

	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++)
		if (calls[i] == nr)
			return true;
	return false;
}

/* Runs work in a child that dies before the n-th such call. False when it came to its end; -1 in *ret when it may not be traced. */
static bool dies_at(unsigned n, struct progress *p, bool *ret_untraceable)
{
	struct __ptrace_syscall_info info;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
			_exit(77);
		raise(SIGSTOP);
		work(p);
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	*ret_untraceable = WIFEXITED(status) && WEXITSTATUS(status) == 77;
	while (WIFSTOPPED(status)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY &&
		    changes_disk(info.entry.nr) && n-- == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return true;
		}
		ptrace(PTRACE_SYSCALL, pid, 0, 0);
		waitpid(pid, &status, 0);
	}
	cr_assert(*ret_untraceable || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "the work failed: %x", (unsigned)status);
	return false;
}

static void prepare(void)
{
	folder_clear(&f);
	reopen();
	folder_append(l, 250);
	cr_assert_eq(tlog_sync(l), 0);
	cr_assert_eq(folder_publish(&f, l, 249), 0);
	tlog_free(&l);
}

Test(tlog, a_crash_before_any_system_call_leaves_a_log_that_goes_on)
{
	struct progress *p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool died = true, untraceable = false;
	unsigned n;

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("traced call by call, a sanitizer takes minutes; the plain build does it");
#endif
	for (n = 0; died; n++) {
		struct heads h;

		prepare();
		*p = (struct progress){250, 249};
		died = dies_at(n, p, &untraceable);
		if (untraceable)
			cr_skip_test("this machine lets no process trace another");
		reopen();
		cr_assert_geq(tlog_size(l), p->synced, "crash %u: lost what others were told of", n);
		cr_assert_geq(tlog_published(l), p->published, "crash %u", n);
		cr_assert_eq(tlog_heads(l, &h), 0);
		cr_assert_eq(heads_find(&h, "yard", "copy")->number, tlog_size(l), "crash %u", n);
		heads_free(&h);
		folder_append(l, 9);
		cr_assert_eq(tlog_sync(l), 0);
		cr_assert_eq(folder_publish(&f, l, tlog_size(l)), 0);
		folder_check(&f, l);
		cr_assert(tlog_size(l) <= 256 || !folder_exists(&f, "log/tile/0/000.p"), "crash %u left a partial tile", n);
	}
	cr_assert_gt(n, 60, "only %u points", n);
}
