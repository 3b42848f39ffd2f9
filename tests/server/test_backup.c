/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "server/backup_pack.h"
#include "server/backup_seal.h"
#include "server/restore_put.h"
#include "server/sign_state.h"

#define PASS "correct horse battery"

static const struct backup_cost cheap = {.kib = 64, .passes = 1};
static const struct backup_entry key = {.mode = 0600, .owner = "root", .group = "root", .path = "/etc/casemate/site.key", .bytes = (const uint8_t *)"secret", .len = 6};

static struct buf sealed_of(const char *text)
{
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(backup_seal(PASS, strlen(PASS), cheap, text, strlen(text), &b), 0);
	return b;
}

Test(backup_seal, what_was_sealed_is_opened)
{
	struct buf s = sealed_of("site and keys"), again = sealed_of("site and keys"), out;

	buf_init(&out, 4096);
	cr_assert_eq(s.len, BACKUP_HEAD_BYTES + 13 + BACKUP_TAG_BYTES);
	cr_expect(memcmp(buf_data(&s), buf_data(&again), s.len) != 0, "a new salt each time");
	cr_assert_eq(backup_open(PASS, strlen(PASS), buf_data(&s), s.len, &out), 0);
	cr_assert(out.len == 13 && !memcmp(buf_data(&out), "site and keys", 13));
	buf_free(&out);
	buf_free(&s);
	buf_free(&again);
}

Test(backup_seal, another_passphrase_or_any_other_bit_opens_nothing)
{
	struct buf s = sealed_of("keys"), out;

	buf_init(&out, 4096);
	cr_expect_eq(backup_open("correct horse battery ", strlen(PASS) + 1, buf_data(&s), s.len, &out), -EKEYREJECTED);
	for (size_t i = 0; i < s.len; i++) {
		struct backup_cost cost;

		buf_data(&s)[i] ^= 1;
		cr_expect(backup_cost_of(buf_data(&s), s.len, &cost) != 0 || cost.kib > 4096 ||
			  backup_open(PASS, strlen(PASS), buf_data(&s), s.len, &out) == -EKEYREJECTED, "byte %zu", i);
		buf_data(&s)[i] ^= 1;
	}
	for (size_t n = 0; n < s.len; n++)
		cr_expect(backup_open(PASS, strlen(PASS), buf_data(&s), n, &out) < 0, "%zu bytes", n);
	cr_expect_eq(out.len, 0);
	buf_free(&out);
	buf_free(&s);
}

Test(backup_seal, what_would_cost_too_much_is_no_backup)
{
	static const struct { uint32_t kib, passes; int rc; } table[] = {
		{8, 1, 0}, {BACKUP_COST_KIB, BACKUP_COST_PASSES, 0}, {BACKUP_COST_KIB_MAX, BACKUP_COST_PASSES_MAX, 0},
		{BACKUP_COST_KIB_MAX + 1, 1, -EBADMSG}, {7, 1, -EBADMSG}, {0, 1, -EBADMSG}, {UINT32_MAX, 1, -EBADMSG},
		{8, 0, -EBADMSG}, {8, BACKUP_COST_PASSES_MAX + 1, -EBADMSG}, {8, UINT32_MAX, -EBADMSG},
	};
	struct buf s = sealed_of("keys");

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct backup_cost c = {0};

		for (unsigned b = 0; b < 4; b++) {
			buf_data(&s)[18 + b] = (uint8_t)(table[i].kib >> 8 * (3 - b));
			buf_data(&s)[22 + b] = (uint8_t)(table[i].passes >> 8 * (3 - b));
		}
		cr_expect_eq(backup_cost_of(buf_data(&s), s.len, &c), table[i].rc, "row %zu", i);
		cr_expect_eq(c.kib, table[i].rc ? 0 : table[i].kib);
	}
	buf_free(&s);
}

Test(backup_pack, what_is_written_is_read)
{
	struct backup_entry folder = {.folder = true, .mode = 0750, .owner = "root", .group = "casemate", .path = "/etc/casemate"}, e;
	struct backup_head head = {.time_us = 1795000000000000, .origin = "museum.example/north-wing"}, h;
	struct buf b;
	struct rd r;

	buf_init(&b, 4096);
	cr_assert(!backup_pack_head(&b, &head) && !backup_pack(&b, &folder) && !backup_pack(&b, &key));
	r = rd_init(buf_data(&b), b.len);
	cr_assert_eq(backup_read_head(&r, &h), 0);
	cr_expect(h.time_us == head.time_us && !strcmp(h.origin, head.origin));
	cr_assert_eq(backup_next(&r, &e), 1);
	cr_expect(e.folder && e.mode == 0750 && !strcmp(e.group, "casemate") && !strcmp(e.path, "/etc/casemate") && !e.len);
	cr_assert_eq(backup_next(&r, &e), 1);
	cr_expect(!e.folder && e.mode == 0600 && e.len == 6 && !memcmp(e.bytes, "secret", 6));
	cr_expect_eq(backup_next(&r, &e), 0);
	/* cut anywhere, it is no entry, nor the end, but between two */
	for (size_t n = 0; n < b.len; n++) {
		int rc;

		r = rd_init(buf_data(&b), n);
		if (backup_read_head(&r, &h))
			continue;
		while ((rc = backup_next(&r, &e)) > 0)
			;
		cr_expect(rc == -EBADMSG || !rd_left(&r), "%zu bytes", n);
	}
	buf_free(&b);
}

Test(backup_pack, what_leads_elsewhere_is_refused)
{
	static const char *const bad[] = {"", "/", "etc/x", "/etc/../x", "/..", "/etc/.", "/etc//x", "/etc/x/", "/etc/\n", "/etc/\x7f"};
	struct backup_entry e = key;
	struct buf b;

	buf_init(&b, 4096);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		e.path = bad[i];
		cr_expect_eq(backup_pack(&b, &e), -EINVAL, "path %zu", i);
	}
	e = key;
	e.mode = 04600;
	cr_expect_eq(backup_pack(&b, &e), -EINVAL);
	e = key;
	e.owner = "ro ot";
	cr_expect_eq(backup_pack(&b, &e), -EINVAL);
	e = key;
	e.len = BACKUP_FILE_MAX + 1;
	cr_expect_eq(backup_pack(&b, &e), -EINVAL);
	e = key;
	e.path = "/etc/..x";
	cr_expect_eq(backup_pack(&b, &e), 0);
	buf_free(&b);
}

/* --- a folder to restore to --- */

static char folder[64];

static void make_folder(void)
{
	strcpy(folder, "/tmp/casemate-restore.XXXXXX");
	cr_assert(mkdtemp(folder));
}

static void remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	cr_assert_eq(system(command), 0);
}

/* The start of the file below the folder; "" when there is none. */
static const char *text(const char *path)
{
	static char out[64];
	char whole[128];
	struct buf b;

	snprintf(whole, sizeof whole, "%s%s", folder, path);
	buf_init(&b, 1 << 16);
	out[0] = 0;
	if (!io_read_file(AT_FDCWD, whole, &b))
		snprintf(out, sizeof out, "%.*s", (int)b.len, b.len ? (const char *)buf_data(&b) : "");
	buf_free(&b);
	return out;
}

static struct backup_entry file(const char *path, const char *bytes)
{
	return (struct backup_entry){.mode = 0640, .owner = "root", .group = "root", .path = path, .bytes = (const uint8_t *)bytes, .len = strlen(bytes)};
}

Test(restore, puts_files_in_their_folders, .init = make_folder, .fini = remove_folder)
{
	struct backup_entry etc = {.folder = true, .mode = 0750, .owner = "root", .group = "root", .path = "/etc/casemate"}, e = file("/etc/casemate/site.yaml", "site: a/b\n");
	struct restore how = {.to = folder};
	char path[128];
	struct stat st;

	cr_assert(!restore_try(&how, &etc) && !restore_try(&how, &e));
	cr_expect_str_eq(text("/etc/casemate/site.yaml"), "", "trying touches nothing");
	cr_assert(!restore_put(&how, &etc) && !restore_put(&how, &e));
	cr_expect_str_eq(text("/etc/casemate/site.yaml"), "site: a/b\n");
	snprintf(path, sizeof path, "%s/etc/casemate", folder);
	cr_expect(stat(path, &st) == 0 && (st.st_mode & 07777) == 0750);
	snprintf(path, sizeof path, "%s/etc/casemate/site.yaml", folder);
	cr_expect(stat(path, &st) == 0 && (st.st_mode & 07777) == 0640);
	cr_expect(!restore_try(&how, &e) && !restore_put(&how, &e), "twice is as once");
}

Test(restore, what_differs_stays_unless_forced_and_is_put_aside_then, .init = make_folder, .fini = remove_folder)
{
	struct backup_entry mine = file("/a", "mine"), other = file("/a", "other"), third = file("/a", "third");
	struct restore how = {.to = folder};

	cr_assert_eq(restore_put(&how, &mine), 0);
	cr_expect_eq(restore_try(&how, &other), 1);
	cr_expect_eq(restore_put(&how, &other), 2);
	cr_expect_str_eq(text("/a"), "mine");
	how.force = true;
	cr_expect(!restore_try(&how, &other) && !restore_put(&how, &other));
	cr_expect_str_eq(text("/a"), "other");
	cr_expect_str_eq(text("/a.old"), "mine");
	cr_expect_eq(restore_put(&how, &third), 2, "what was put aside is not written over");
	cr_expect_str_eq(text("/a"), "other");
	cr_expect_str_eq(text("/a.old"), "mine");
}

Test(restore, a_link_is_not_written_through, .init = make_folder, .fini = remove_folder)
{
	struct backup_entry victim = file("/victim", "as it was"), e = file("/link", "new");
	struct restore how = {.to = folder, .force = true};
	char path[128], to[128];

	snprintf(path, sizeof path, "%s/link", folder);
	snprintf(to, sizeof to, "%s/victim", folder);
	cr_assert(!restore_put(&how, &victim) && symlink(to, path) == 0);
	cr_expect_eq(restore_put(&how, &e), 0);
	cr_expect_str_eq(text("/victim"), "as it was");
	cr_expect_str_eq(text("/link"), "new");
}

/* The state of a key that has signed n leaves, so many at a time, as bytes in memory that the entry borrows. */
static struct backup_entry state_of(unsigned n, unsigned at_a_time, struct buf *b)
{
	struct backup_entry e = {.mode = 0600, .owner = "root", .group = "root", .path = "/site.key.state"};
	struct sign_state s;
	struct hash leaf;
	struct tree t = {.size = 0};
	FILE *f = tmpfile();

	cr_assert(f && !sign_state_open(&s, fileno(f)));
	sign_state_hash("museum.example/north-wing", &s.key);
	for (unsigned i = 0; i < n; i++) {
		hash_bytes(&i, sizeof i, &leaf);
		tree_append(&t, &leaf);
		if ((i + 1) % at_a_time == 0)
			cr_assert_eq(sign_state_save(&s, &t), 0);
	}
	buf_init(b, 1 << 16);
	cr_assert(lseek(fileno(f), 0, SEEK_SET) == 0 && !io_read_all(fileno(f), b));
	fclose(f);
	e.bytes = buf_data(b);
	e.len = b->len;
	return e;
}

static uint64_t signed_there(void)
{
	struct sign_state s;
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/site.key.state", folder);
	fd = open(path, O_RDONLY);
	cr_assert(fd >= 0 && !sign_state_open(&s, fd));
	close(fd);
	return s.tree.size;
}

Test(restore, what_a_key_has_signed_never_becomes_less, .init = make_folder, .fini = remove_folder)
{
	struct buf few_bytes, many_bytes, anew_bytes;
	struct backup_entry few = state_of(3, 1, &few_bytes), many = state_of(9, 1, &many_bytes), anew = state_of(12, 12, &anew_bytes);
	struct restore how = {.to = folder, .force = true};

	cr_assert_eq(restore_put(&how, &many), 0);
	cr_assert_eq(signed_there(), 9);
	cr_expect(!restore_try(&how, &few) && !restore_put(&how, &few));
	cr_expect_eq(signed_there(), 9, "not even by force");
	how.force = false;
	cr_expect_eq(restore_try(&how, &few), 0, "an older one in the backup hinders nothing");
	remove_folder();
	cr_assert_eq(mkdir(folder, 0700), 0);
	cr_assert_eq(restore_put(&how, &few), 0);
	cr_expect_eq(restore_try(&how, &many), 1);
	how.force = true;
	cr_expect(!restore_put(&how, &many) && signed_there() == 9);
	remove_folder();
	cr_assert_eq(mkdir(folder, 0700), 0);
	cr_expect(!restore_put(&how, &anew) && !restore_put(&how, &many) && signed_there() == 12, "nor where it was lost, and begun anew from the archive");
	buf_free(&few_bytes);
	buf_free(&many_bytes);
	buf_free(&anew_bytes);
}

Test(restore, not_below_a_server_that_signs, .init = make_folder, .fini = remove_folder)
{
	struct buf bytes, newer;
	struct backup_entry e = state_of(3, 1, &bytes), more = state_of(4, 1, &newer);
	struct restore how = {.to = folder, .force = true};
	char path[128];
	int fd;

	cr_assert_eq(restore_put(&how, &e), 0);
	snprintf(path, sizeof path, "%s/site.key.state", folder);
	fd = open(path, O_RDWR);
	cr_assert(fd >= 0 && flock(fd, LOCK_EX) == 0);
	cr_expect_eq(restore_try(&how, &e), 1);
	cr_expect_eq(restore_put(&how, &more), 2);
	cr_expect_eq(signed_there(), 3);
	close(fd);
	cr_expect_eq(restore_try(&how, &e), 0);
	buf_free(&bytes);
	buf_free(&newer);
}
