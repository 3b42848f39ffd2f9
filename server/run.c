/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate run: reads the site file, opens what the roles will be given, and becomes the parent. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "conf/complaint.h"
#include "config.h"
#include "server/commands.h"
#include "server/libexec.h"
#include "server/openssl.h"
#include "server/parent.h"

#define RUN_EXIT_PIN 78   /* sysexits.h's EX_CONFIG; of its own, so that whoever starts us anew (conf/casemate.service) does not lock the token */

static const char usage[] =
	"usage: casemate run [-c SITE.yaml] [--cpu LEVEL] [--admin-key FILE] [--allow-rollback]\n"
	"Starts the server and stays in the foreground; the log goes to standard error.\n"
	"  -c, --config FILE   the site file (default " SITE_FILE_DEFAULT "); try it first with casemate check\n"
	"  --cpu LEVEL         c, avx2 or avx512: which instructions transcoding may use (default: the best there are)\n"
	"  --admin-key FILE    only site files that this key has signed (casemate sign-config) come into force\n"
	"  --allow-rollback    the site file may be an earlier version than the one that was in force last\n"
	"Stops on SIGTERM or Ctrl-C (twice: at once). casemate status tells how it is.\n"
	"Exit: 0 stopped when asked, 1 could not start, 2 usage or no such file, 78 the key's token refused its PIN.\n";

static int say(const char *what, const char *path, int error, const char *mend)
{
	fprintf(stderr, "casemate: %s %s: %s: %s\n", what, path, strerror(error), mend);
	return -error;
}

static int open_archive(struct parent *p)
{
	const char *path = p->site->archive;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return say("archive", path, errno, "make the folder that it lies in, writable by this user, or change archive: path:");
	p->archive_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->archive_fd < 0 || faccessat(p->archive_fd, ".", W_OK, 0) < 0)
		return say("archive", path, errno, "it must be a folder that this user may write");
	if (flock(p->archive_fd, LOCK_EX | LOCK_NB) < 0)
		return say("archive", path, errno, "another casemate writes there: one server an archive (casemate status tells which runs)");
	return 0;
}

void sign_state_path(const struct site *site, char *out, size_t cap)
{
	const char *name = strrchr(site->key, '/'), *folder = getenv("STATE_DIRECTORY");

	if (!site_is_credential(site->key))
		snprintf(out, cap, "%s.state", site->key);
	else if (folder && folder[0] == '/')
		snprintf(out, cap, "%.*s%s.state", (int)strcspn(folder, ":"), folder, name);
	else
		snprintf(out, cap, "%.*s%s.state", (int)(strrchr(site->file, '/') - site->file), site->file, name);
}

/* Opens and closes what roles will be given, so that a fault is said here and now. */
static int try_file(const char *what, const char *path, int flags, const char *mend)
{
	int fd = io_open_regular(AT_FDCWD, path, flags, 0600);

	if (fd < 0)
		return say(what, path, -fd, mend);
	close(fd);
	return 0;
}

static int open_files(struct parent *p)
{
	char state[4200];
	int rc = open_archive(p);

	sign_state_path(p->site, state, sizeof state);
	if (!rc)
		rc = try_file("key", p->site->key, O_RDONLY, "make it readable by this user, or make one: casemate keygen");
	if (!rc)
		rc = try_file("state of the key", state, O_RDWR | O_CREAT | O_NOFOLLOW, "its folder must be writable by this user");
	if (!rc)
		rc = try_file("certificate", p->site->tls_certificate, O_RDONLY, "make it readable by this user");
	if (!rc)
		rc = try_file("TLS key", p->site->tls_key, O_RDONLY, "make it readable by this user");
	if (!rc && p->site->tls_client_ca)
		rc = try_file("viewers' authorities", p->site->tls_client_ca, O_RDONLY, "make it readable by this user");
	return rc;
}

static int read_witnesses(struct parent *p)
{
	char why[400];
	int rc = parent_witness_load(p->site, &p->witness, why, sizeof why);

	if (rc)
		fprintf(stderr, "casemate: witnesses %s: %s\n", p->site->witnesses, why);
	return rc;
}

static int read_shares(struct parent *p)
{
	char path[4300];
	int rc = parent_share_begin(p, path, sizeof path);

	return rc ? say("share links", path, -rc, "move it away, and no link that was given out is good any more") : 0;
}

static int open_programs(struct programs *p)
{
	char libexec[4096];
	const char *what;
	int rc;

	if (libexec_folder(libexec, sizeof libexec) < 0) {
		fprintf(stderr, "casemate: its own programs are not where they were installed (%s): install it again\n", CM_LIBEXECDIR);
		return -ENOENT;
	}
	if (!openssl_begins())
		return say("memory", "OpenSSL", ENOMEM, "give the machine more memory");
	rc = programs_open(p, libexec, &what);
	return rc ? say("program", what, -rc, "install it again") : 0;
}

/* Whether the site file is signed as it must be; what is in force from now on is kept. */
static int judge(struct parent *p, const char *admin_key, bool rollback)
{
	static struct key_public key;
	struct admin now;
	char why[ADMIN_WHY];
	int rc = admin_key ? admin_read_key(admin_key, &key, why) : 0;

	p->admin_key = admin_key ? &key : NULL;
	admin_path(p->site->file, p->admin_path, sizeof p->admin_path);
	if (!rc)
		rc = admin_load(p->admin_path, &p->admin, why);
	if (!rc)
		rc = admin_judge(&p->admin, p->admin_key, p->site, rollback, &now, why);
	if (rc) {
		fprintf(stderr, "casemate: %s\n", why);
		return rc;
	}
	if (!admin_same(&now, &p->admin) && (rc = admin_keep(p->admin_path, &now)) < 0)
		return say("what was signed", p->admin_path, -rc, "its folder must have room, and be writable by this user");
	if (now.known)
		parent_log("info", "site-signed", "version=%u before=%u by=%s", now.version, p->admin.version, now.key.name);
	p->admin = now;
	return 0;
}

static int run(const char *file, enum cpu_level cpu, const char *admin_key, bool rollback)
{
	static struct site_report report;
	static struct parent parent = {.archive_fd = -1, .status_fd = -1};
	struct site *site = NULL;
	int rc = site_load(file, &site, &report), failed = 1;

	if (rc < 0) {
		complaint_print(stderr, file, &report);
		fprintf(stderr, "casemate: %s has %u fault%s and is not used\n", file, report.n, report.n == 1 ? "" : "s");
		return rc == -EINVAL || rc == -EFBIG ? 1 : 2;
	}
	parent.site = site;
	parent.cpu = cpu;
	parent.started_us = clock_mono_us();
	rc = open_programs(&parent.programs);
	if (!rc)
		rc = judge(&parent, admin_key, rollback);
	if (!rc)
		rc = parent_take_sockets(&parent);
	if (!rc)
		rc = open_files(&parent);
	if (!rc)
		rc = read_witnesses(&parent);
	if (!rc)
		rc = read_shares(&parent);
	if (!rc) {
		rc = parent_certify(&parent);
		failed = rc == -EKEYREJECTED ? RUN_EXIT_PIN : 1;
	}
	if (!rc) {
		parent_log("info", "start", "version=%s site=%s cameras=%u users=%u", PACKAGE_VERSION, site->origin, site->ncameras, site->nusers);
		rc = parent_run(&parent);
	}
	parent_share_end(&parent);
	site_free(&parent.site);
	return rc < 0 ? failed : parent.exit_status;
}

/*
 * All that the user may have: there are many roles, and what they have in flight to each other counts against it too
 * (unix(7), ETOOMANYREFS). None of it is 0, 1 or 2, where the log would be written into it.
 */
static void take_descriptors(void)
{
	struct rlimit l;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Less than the machine has is for those who doubt the kernels; more would end each worker. */
static bool take_cpu(const char *name, enum cpu_level *ret)
{
	enum cpu_level level;

	if (!cpu_parse(name, &level))
		fprintf(stderr, "casemate: --cpu %.20s: there are c, avx2 and avx512\n", name);
	else if (level > cpu_best())
		fprintf(stderr, "casemate: --cpu %s: this machine does not have it, its best is %s\n", name, cpu_name(cpu_best()));
	else
		*ret = level;
	return cpu_parse(name, &level) && level <= cpu_best();
}

int cmd_run(int argc, char **argv)
{
	const char *file = SITE_FILE_DEFAULT, *admin_key = NULL, *level = NULL;
	bool rollback = false;
	const struct options_row rows[] = {{"config", 'c', .value = &file}, {"cpu", .value = &level}, {"admin-key", .value = &admin_key},
		{"allow-rollback", .flag = &rollback}, {0}};
	enum cpu_level cpu = cpu_best();
	int status;

	if (!options_read("run", usage, rows, 0, argc, argv, &status))
		return status;
	if (level && !take_cpu(level, &cpu))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	take_descriptors();
	parent_log_begin();
	return run(file, cpu, admin_key, rollback);
}
