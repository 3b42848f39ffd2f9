/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel and file system show of the site to whoever asks. Of a role that is sealed its user sees the status and the limits, and root its
 * descriptors and namespaces too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/io.h"
#include "base/text.h"
#include "server/audit.h"
#include "server/check.h"
#include "server/libexec.h"
#include "server/programs.h"

#define PROC_MAX (64u << 10)

/* A file below /proc/PID as a string; "" if it cannot be read. */
static const char *read_proc(struct buf *b, pid_t pid, const char *name)
{
	const char *text = NULL;
	char path[64];

	buf_clear(b);
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	if (!io_read_file(AT_FDCWD, path, b) && !buf_append(b, "", 1))
		text = (const char *)buf_data(b);
	return text ? text : "";
}

/* What stands after "NAME:" at the beginning of a line. */
static const char *value_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (; text && *text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, name, n) && text[n] == ':')
			return text + n + 1;
	}
	return NULL;
}

static uint64_t number_of(const char *text, const char *name, int base)
{
	const char *v = value_of(text, name);

	return v ? strtoull(v, NULL, base) : 0;
}

static void look_at_status(struct audit_seen *s, const char *text)
{
	static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb"};

	s->there = *text;
	s->uid = (uid_t)number_of(text, "Uid", 10);
	s->threads = (unsigned)number_of(text, "Threads", 10);
	s->seccomp = (unsigned)number_of(text, "Seccomp", 10);
	s->no_new_privs = number_of(text, "NoNewPrivs", 10);
	s->memory_bytes = number_of(text, "VmRSS", 10) * 1024;
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		s->capabilities |= number_of(text, sets[i], 16);
}

/* "Max open files            1024                 524288               files": the second number is the hard one. */
static uint64_t limit_of(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	char soft[24], hard[24];

	if (!line || sscanf(line + strlen(name), "%23s %23s", soft, hard) != 2 || !strcmp(hard, "unlimited"))
		return UINT64_MAX;
	return strtoull(hard, NULL, 10);
}

/* cgroup v2 has one line, "0::/path"; where it is mounted elsewhere the limit is not known. */
static uint64_t group_limit_of(const char *text)
{
	const char *group = !strncmp(text, "0::", 3) ? text + 3 : NULL;
	char path[PATH_MAX + 64];
	uint64_t max = UINT64_MAX;
	struct buf b;

	if (!group)
		return UINT64_MAX;
	snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/memory.max", (int)strcspn(group, "\n"), group);
	buf_init(&b, 64);
	if (!io_read_file(AT_FDCWD, path, &b) && b.len && text_u64((char *)buf_data(&b), b.len - 1, UINT64_MAX, &max))
		max = UINT64_MAX;
	buf_free(&b);
	return max;
}

static enum audit_fd kind_of(const char *target)
{
	static const struct { const char *begins; enum audit_fd kind; } kinds[] = {
		{"socket:", AUDIT_FD_SOCKET}, {"pipe:", AUDIT_FD_PIPE}, {"anon_inode:[event", AUDIT_FD_EVENT}, {"anon_inode:event", AUDIT_FD_EVENT},
		{"/memfd:", AUDIT_FD_MEMORY}, {"/dev/null", AUDIT_FD_NULL}};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (!strncmp(target, kinds[i].begins, strlen(kinds[i].begins)))
			return kinds[i].kind;
	return AUDIT_FD_FILE;
}

static void look_at_fds(struct audit_seen *s, pid_t pid)
{
	char path[64], target[PATH_MAX];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (!d)
		return;
	while ((e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof target - 1);

		if (n <= 0)
			continue;
		target[n] = 0;
		s->fd[kind_of(target)]++;
		s->fds_known = true;
	}
	closedir(d);
}

static void look_at_namespaces(struct audit_seen *s, pid_t pid)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		const char *name = policy_namespace_name(1u << bit);
		struct stat ours, its;
		char path[64];

		if (!name)
			continue;
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, name);
		if (stat(path, &its) < 0)
			continue;
		snprintf(path, sizeof path, "/proc/self/ns/%s", name);
		if (stat(path, &ours) == 0 && ours.st_ino == its.st_ino)
			s->shared |= 1u << bit;
	}
}

static void look_at_process(struct audit_process *p, struct buf *b)
{
	const char *limits;

	look_at_status(&p->seen, read_proc(b, p->pid, "status"));
	limits = read_proc(b, p->pid, "limits");
	p->seen.memory_max = limit_of(limits, "Max address space");
	p->seen.files_max = limit_of(limits, "Max open files");
	p->seen.group_memory_max = group_limit_of(read_proc(b, p->pid, "cgroup"));
	look_at_fds(&p->seen, p->pid);
	look_at_namespaces(&p->seen, p->pid);
}

static void look_at_file(struct audit *a, const char *what, const char *path, bool secret)
{
	struct audit_file f = {.what = what, .path = path, .secret = secret};
	struct stat st = {0};

	if (!path || a->nfiles == AUDIT_FILES_MAX)
		return;
	f.ours = stat(path, &st) == 0;
	f.mode = st.st_mode;
	f.uid = st.st_uid;
	a->file[a->nfiles++] = f;
}

static bool is_known(const struct audit *a, const char *path)
{
	for (unsigned i = 0; i < a->nfiles; i++)
		if (!strcmp(a->file[i].path, path))
			return true;
	return false;
}

/* Who may write into it can put another file in the place of this one. */
static void look_at_folder_of(struct audit *a, const char *path)
{
	char *folder, *slash;

	if (a->nfolders == AUDIT_FOLDERS_MAX)
		return;
	folder = a->folder[a->nfolders];
	snprintf(folder, sizeof a->folder[0], "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return;
	slash[slash == folder] = 0;
	if (is_known(a, folder))
		return;
	look_at_file(a, "folder", folder, false);
	a->nfolders++;
}

static void look_at_files(struct audit *a)
{
	const struct site *s = a->site;

	look_at_file(a, "the site file", a->site_file, false);
	look_at_file(a, "signs the log", s->key, true);
	look_at_file(a, "what was signed", a->state_file, true);
	if (s->media_key) {
		look_at_file(a, "signs inside streams", s->media_key, true);
		look_at_file(a, "of that key", s->media_certificate, false);
	}
	look_at_file(a, "shown to viewers", s->tls_certificate, false);
	look_at_file(a, "of that certificate", s->tls_key, true);
	look_at_file(a, "footage and log", s->archive, true);
	look_at_file(a, "status, reload, audit", s->socket, true);
	look_at_folder_of(a, a->site_file);
	look_at_folder_of(a, s->key);
	look_at_folder_of(a, s->tls_key);
	if (s->media_key)
		look_at_folder_of(a, s->media_key);
	look_at_folder_of(a, s->socket);
	look_at_folder_of(a, s->archive);
	for (unsigned i = 0; i < s->nusers; i++)
		if (s->user[i].rtsp_digest_file)
			look_at_file(a, "a viewer's login by RTSP", s->user[i].rtsp_digest_file, true);
	for (unsigned i = 0; i < s->ncameras; i++) {
		const struct site_camera *c = &s->camera[i];

		if (c->password_file && !is_known(a, c->password_file))
			look_at_file(a, "a camera's password", c->password_file, true);
		if (c->ca && !is_known(a, c->ca))
			look_at_file(a, "says who is a camera", c->ca, false);
	}
}

static bool same_parts(const struct site *a, const struct site *b)
{
	if (a->nparts != b->nparts || a->bytes.len != b->bytes.len || memcmp(buf_data(&a->bytes), buf_data(&b->bytes), a->bytes.len))
		return false;
	for (unsigned i = 0; i < a->nparts; i++)
		if (a->part[i].len != b->part[i].len || strcmp(a->part[i].name, b->part[i].name))
			return false;
	return true;
}

/* A file that came into a folder of included ones is a difference too, so all is read as a reload would read it. */
static void look_at_site_file(struct audit *a)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct site *now = NULL;

	a->site_file_differs = !report || site_load_text(a->site->file, &now, report) || !same_parts(a->site, now);
	site_free(&now);
	free(report);
}

static void look_at_program(struct audit_program *p, const struct stat *st)
{
	p->here = true;
	p->file = (struct audit_file){.what = "program", .path = p->path, .ours = true, .mode = st->st_mode, .uid = st->st_uid};
}

static void look_at_programs(struct audit *a)
{
	char folder[PATH_MAX];
	struct programs files;
	const char *what;
	struct stat st;
	ssize_t n;

	if (libexec_folder(folder, sizeof folder) < 0 || programs_open(&files, folder, &what) < 0)
		return;
	for (unsigned kind = 0; kind < ROLE_COUNT; kind++) {
		struct audit_program *p = &a->program[kind];

		memcpy(p->on_disk, files.sha256[kind], sizeof p->on_disk);
		if (kind == ROLE_PARENT) {
			n = readlink("/proc/self/exe", p->path, sizeof p->path - 1);
			p->path[n > 0 ? n : 0] = 0;
			if (stat(p->path, &st) == 0)
				look_at_program(p, &st);
			continue;
		}
		snprintf(p->path, sizeof p->path, "%s/%s", folder, role_kind_name(kind));
		if (fstat(files.fd[kind], &st) == 0)
			look_at_program(p, &st);
	}
	look_at_folder_of(a, a->program[ROLE_STORE].path);
	programs_close(&files);
}

static void look_at_certificate(struct audit *a)
{
	FILE *f = check_open_pem(a->site->tls_certificate);
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
	struct tm tm;
	int seconds;

	if (f)
		fclose(f);
	if (x && ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) && ASN1_TIME_diff(&a->certificate_days, &seconds, NULL, X509_get0_notAfter(x)))
		strftime(a->certificate_ends, sizeof a->certificate_ends, "%Y-%m-%d", &tm);
	X509_free(x);
	ERR_clear_error();
}

void audit_look(struct audit *a)
{
	struct buf b;

	buf_init(&b, PROC_MAX);
	for (unsigned i = 0; i < a->nprocesses; i++)
		if (a->process[i].pid > 0)
			look_at_process(&a->process[i], &b);
	buf_free(&b);
	look_at_files(a);
	if (a->live)
		look_at_site_file(a);
	look_at_programs(a);
	look_at_certificate(a);
}
