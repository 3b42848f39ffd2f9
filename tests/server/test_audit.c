/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made of a server's answer and of what is seen of it; the page that comes of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "server/audit.h"

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"
#define PIN "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define SITE_OF(users) "site: museum.example\nlisten: ['0.0.0.0:8443']\ntls: {certificate: tls.crt, key: tls.key}\nkey: site.key\n" \
	"archive: {path: archive, max_size: 500 GB}\nprocesses: {serve: 1}\nusers: [{name: anna, password_hash: '" HASH "'}" users "]\n"
#define SITE SITE_OF("")
#define CAMERAS "cameras:\n  gate: {source: 'rtsps://192.0.2.11/', fingerprint: '" PIN "', renditions: {small: {size: 64x64, bitrate: 1 Mb/s}}}\n"
#define SHA "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define WORDS \
	"casemate " PACKAGE_VERSION "\nfile /etc/casemate/site.yaml\nstate /var/lib/casemate/site.key.state\nprogram store " SHA "\n" \
	"role casemate 0 - 100 ready 1600\nrole sign 0 - 101 ready 16383\nrole store 0 - 102 ready 16383\nrole ingest 0 - 103 ready 16383\n" \
	"role serve 0 - 104 ready 16383\nrole transcode 0 gate 105 ready 16383\nlistener 0 open 0.0.0.0:8443\ncamera 0 streaming tcp+tls\n"

static int take(struct audit *a, const char *words, const char *site)
{
	const char *why;
	char *answer;
	int n = asprintf(&answer, "%ssite %zu\n%s", words, strlen(site), site), rc;

	cr_assert_gt(n, 0);
	*a = (struct audit){0};
	rc = audit_take(a, answer, (size_t)n, &why);
	free(answer);
	return rc;
}

/* What a well-kept site looks like from outside. */
static struct audit *kept(const char *site)
{
	struct audit *a = calloc(1, sizeof *a);

	cr_assert(a);
	cr_assert_eq(take(a, WORDS, site), 0);
	for (unsigned i = 0; i < a->nprocesses; i++) {
		const struct policy *p = policy_of(a->process[i].kind);

		a->process[i].seen = (struct audit_seen){.there = true, .uid = 998, .threads = p ? p->threads : 1, .seccomp = 2, .no_new_privs = true,
			.memory_max = p ? policy_limit(p, RLIMIT_AS) : UINT64_MAX, .files_max = p ? policy_limit(p, RLIMIT_NOFILE) : UINT64_MAX,
			.group_memory_max = UINT64_MAX, .fds_known = true, .fd = {[AUDIT_FD_SOCKET] = 1, [AUDIT_FD_PIPE] = 2}};
	}
	a->file[a->nfiles++] = (struct audit_file){"the site file", a->site_file, .ours = true, .mode = S_IFREG | 0640, .uid = 0};
	a->file[a->nfiles++] = (struct audit_file){"signs the log", a->site->key, .secret = true, .ours = true, .mode = S_IFREG | 0600, .uid = 998};
	a->file[a->nfiles++] = (struct audit_file){"footage and log", a->site->archive, .secret = true, .ours = true, .mode = S_IFDIR | 0700, .uid = 998};
	a->file[a->nfiles++] = (struct audit_file){"status, reload, audit", a->site->socket, .secret = true, .ours = true, .mode = S_IFSOCK | 0600, .uid = 998};
	a->program[ROLE_STORE].here = true;
	memcpy(a->program[ROLE_STORE].on_disk, a->program[ROLE_STORE].runs, 32);
	snprintf(a->program[ROLE_STORE].path, sizeof a->program[0].path, "/usr/libexec/casemate/store");
	a->program[ROLE_STORE].file = (struct audit_file){"program", a->program[ROLE_STORE].path, .ours = true, .mode = S_IFREG | 0755};
	snprintf(a->certificate_ends, sizeof a->certificate_ends, "2027-01-01");
	a->certificate_days = 100;
	return a;
}

static void drop(struct audit **a)
{
	audit_clear(*a);
	free(*a);
	*a = NULL;
}

Test(audit, takes_what_a_server_says)
{
	struct audit *a = calloc(1, sizeof *a);

	cr_assert_eq(take(a, WORDS, SITE CAMERAS), 0);
	cr_expect(a->live && !strcmp(a->version, PACKAGE_VERSION) && !strcmp(a->site_file, "/etc/casemate/site.yaml"));
	cr_assert_eq(a->nprocesses, 6);
	cr_expect(a->process[5].kind == ROLE_TRANSCODE && a->process[5].pid == 105 && a->process[5].ready && a->process[5].layers == LAYERS_ALL);
	cr_expect_str_eq(a->process[5].camera, "gate");
	cr_expect(a->program[ROLE_STORE].told && a->program[ROLE_STORE].runs[0] == 0x9f && !a->program[ROLE_SIGN].told);
	cr_expect(a->listener[0].open && !strcmp(a->listener[0].text, "0.0.0.0:8443"));
	cr_expect(!strcmp(a->camera[0].state, "streaming") && !strcmp(a->camera[0].link, "tcp+tls"));
	cr_expect_str_eq(a->state_file, "/var/lib/casemate/site.key.state");
	cr_expect_eq(a->site->ncameras, 1);
	drop(&a);
}

/* It may be another version, or taken over: nothing of it is believed before it fits. */
Test(audit, refuses_any_other_answer)
{
	static const char *const words[] = {
		"", "casemate\n", "casemate a b\n", "nonsense 1\n", "role casemate 0 - 1 ready 1\n", "file \n", "file /a\nfile /b\n", "state \n", ("program x " SHA "\n"),
		"program store 00\n", ("program store " SHA "00\n"), "role none 0 - 1 ready 1\n", "role store 1001 - 1 ready 1\n", "role store -1 - 1 ready 1\n",
		"role store 0 - 99999999999 ready 1\n", "role store 0 - 1 ready 16384\n", "role store 0 - 1 ready\n", "role store 0 - 1 ready 1 2\n",
		"role store 0 a-name-of-more-than-thirty-two-letters 1 ready 1\n", "listener 8 open 0.0.0.0:1\n", "listener 0 open\n", "camera 1000 streaming tcp\n",
		"camera 0 \033[31m tcp\n", "camera 0  tcp\n",
	};
	struct audit *a = calloc(1, sizeof *a);
	const char *why;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char *text;

		cr_assert_gt(asprintf(&text, "%s%s", i < 5 ? "" : WORDS, words[i]), -1);
		cr_expect_eq(take(a, text, SITE), -EINVAL, "%s", words[i]);
		audit_clear(a);
		free(text);
	}
	cr_expect_eq(take(a, WORDS, "no site file"), -EINVAL);
	audit_clear(a);
	cr_expect_eq(audit_take(a, WORDS "site 5\nabc", strlen(WORDS "site 5\nabc"), &why), -EINVAL);
	audit_clear(a);
	cr_expect_eq(audit_take(a, "casemate 1", 10, &why), -EINVAL);
	drop(&a);
}

static void nothing(struct audit *a) { }
static void no_filter(struct audit *a) { a->process[5].seen.seccomp = 0; }
static void new_privileges(struct audit *a) { a->process[1].seen.no_new_privs = false; }
static void capabilities(struct audit *a) { a->process[2].seen.capabilities = 1; }
static void shared_namespace(struct audit *a) { a->process[3].seen.shared = policy_of(ROLE_INGEST)->namespaces; }
static void more_memory(struct audit *a) { a->process[5].seen.memory_max = UINT64_MAX; }
static void more_descriptors(struct audit *a) { a->process[5].seen.files_max++; }
static void more_threads(struct audit *a) { a->process[5].seen.threads++; }
static void no_cap(struct audit *a) { a->process[5].seen.group_memory_max = UINT64_MAX - 1; }
static void a_file(struct audit *a) { a->process[4].seen.fd[AUDIT_FD_FILE] = 1; }
static void a_socket(struct audit *a) { a->process[5].seen.fd[AUDIT_FD_SOCKET] = 2; }
static void a_user(struct audit *a) { a->process[4].seen.uid = 0; }
static void no_landlock(struct audit *a) { a->process[1].layers &= ~(uint32_t)LAYER_LANDLOCK; a->process[4].layers &= ~(uint32_t)LAYER_LANDLOCK; }
static void no_group(struct audit *a) { a->process[5].layers &= ~(uint32_t)LAYER_CGROUP; }
static void gone(struct audit *a) { a->process[5].seen = (struct audit_seen){0}; }
static void down(struct audit *a) { a->process[5].ready = false; a->process[5].pid = 0; }
static void as_root(struct audit *a) { for (unsigned i = 0; i < a->nprocesses; i++) a->process[i].seen.uid = 0; a->nfiles = 1; }
static void open_key(struct audit *a) { a->file[1].mode = S_IFREG | 0640; }
static void open_archive(struct audit *a) { a->file[2].mode = S_IFDIR | 0755; }
static void written_site(struct audit *a) { a->file[0].mode = S_IFREG | 0660; }
static void read_site(struct audit *a) { a->file[0].mode = S_IFREG | 0644; }
static void open_folder(struct audit *a) { a->file[a->nfiles++] = (struct audit_file){"folder", "/etc/casemate", .ours = true, .mode = S_IFDIR | 0775}; }
static void sticky_folder(struct audit *a) { a->file[a->nfiles++] = (struct audit_file){"folder", "/tmp", .ours = true, .mode = S_IFDIR | 01777}; }
static void foreign_key(struct audit *a) { a->file[1].uid = 1000; }
static void open_socket(struct audit *a) { a->file[3].mode = S_IFSOCK | 0666; }
static void written_program(struct audit *a) { a->program[ROLE_STORE].file.mode = S_IFREG | 0775; }
static void other_program(struct audit *a) { a->program[ROLE_STORE].on_disk[0] ^= 1; }
static void other_version(struct audit *a) { strcpy(a->version, "0.0.9"); }
static void edited(struct audit *a) { a->site_file_differs = true; }
static void ends_soon(struct audit *a) { a->certificate_days = 3; }
static void no_certificate(struct audit *a) { *a->certificate_ends = 0; }
static void closed(struct audit *a) { a->listener[0].open = false; }

Test(audit, finds_what_is_wrong)
{
	static const struct {
		void (*spoil)(struct audit *a);
		enum audit_weight weight;
		const char *text;             /* the beginning of the only finding; NULL: none */
	} c[] = {
		{nothing, 0, NULL}, {sticky_folder, 0, NULL}, {open_folder, AUDIT_ALARM, "/etc/casemate (folder) may be changed by others, mode 0775"},
		{no_filter, AUDIT_ALARM, "transcode of gate: no system-call filter"}, {new_privileges, AUDIT_ALARM, "sign[0]: no system-call filter or new priv"},
		{capabilities, AUDIT_ALARM, "store[0]: has capabilities"}, {shared_namespace, AUDIT_ALARM, "ingest[0]: is in namespaces of the machine"},
		{more_descriptors, AUDIT_ALARM, "transcode of gate: may take more memory or desc"},
		{no_cap, AUDIT_ALARM, "transcode of gate: its control group lets it"},
		{a_file, AUDIT_ALARM, "serve[0]: holds open files"}, {a_socket, AUDIT_ALARM, "transcode of gate: holds sockets"},
		{a_user, AUDIT_ALARM, "serve[0]: runs as another user"}, {no_landlock, AUDIT_ALARM, "sign[0], serve[0]: without landlock: "},
		{no_group, AUDIT_NOTE, "transcode of gate: without cgroup: "},
		{gone, AUDIT_WARNING, "transcode of gate: cannot be seen from here"}, {down, AUDIT_WARNING, "transcode of gate: is down"},
		{as_root, AUDIT_WARNING, "the server runs as root"}, {open_key, AUDIT_ALARM, "/etc/casemate/site.key (signs the log) is open to others, mode 0640"},
		{open_archive, AUDIT_WARNING, "/etc/casemate/archive (footage and log) is open to others, mode 0755"},
		{written_site, AUDIT_ALARM, "/etc/casemate/site.yaml (the site file) may be changed by others, mode 0660"},
		{read_site, AUDIT_WARNING, "/etc/casemate/site.yaml holds hashes of passwords, and everybody"},
		{foreign_key, AUDIT_WARNING, "/etc/casemate/site.key (signs the log) belongs to user 1000"},
		{open_socket, AUDIT_ALARM, "/etc/casemate/casemate.sock (status, reload, audit) is open to others"},
		{written_program, AUDIT_ALARM, "/usr/libexec/casemate/store (program) may be changed by others"},
		{other_program, AUDIT_WARNING, "store: what runs is not the program that lies here"},
		{other_version, AUDIT_WARNING, "the server is casemate 0.0.9"}, {edited, AUDIT_WARNING, "/etc/casemate/site.yaml is not what the server runs with"},
		{ends_soon, AUDIT_WARNING, "the certificate ends on 2027-01-01"}, {no_certificate, AUDIT_WARNING, "/etc/casemate/tls.crt cannot be read"},
		{closed, AUDIT_WARNING, "0.0.0.0:8443: nobody can connect there"},
	};
	static const struct { void (*spoil)(struct audit *a); const char *text; } unless_sanitized[] = {
		{more_memory, "transcode of gate: may take more memory"}, {more_threads, "transcode of gate: has more threads"}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct audit *a = kept(SITE CAMERAS);

		c[i].spoil(a);
		audit_find(a);
		cr_expect_eq(a->nfindings, c[i].text ? 1u : 0u, "%zu: %u, %s", i, a->nfindings, a->finding[0].text);
		if (c[i].text && a->nfindings) {
			cr_expect_eq(a->finding[0].weight, c[i].weight, "%s", a->finding[0].text);
			cr_expect_eq(strncmp(a->finding[0].text, c[i].text, strlen(c[i].text)), 0, "%s", a->finding[0].text);
		}
		drop(&a);
	}
	for (size_t i = 0; !POLICY_SANITIZED && i < sizeof unless_sanitized / sizeof *unless_sanitized; i++) {
		struct audit *a = kept(SITE CAMERAS);

		unless_sanitized[i].spoil(a);
		audit_find(a);
		cr_expect(a->nfindings == 1 && a->count[AUDIT_ALARM] == 1 && strstr(a->finding[0].text, unless_sanitized[i].text) == a->finding[0].text);
		drop(&a);
	}
}

static bool has_finding(const struct audit *a, enum audit_weight weight, const char *begins)
{
	for (unsigned i = 0; i < a->nfindings; i++)
		if (a->finding[i].weight == weight && !strncmp(a->finding[i].text, begins, strlen(begins)))
			return true;
	return false;
}

Test(audit, finds_what_leaves_in_clear_text)
{
	struct audit *a = kept(SITE_OF(", {name: tom, rtsp_digest_file: d, allow_md5: true, password_hash: '" HASH "'}")
		"rtsps: 127.0.0.1:8322\nrtsp: 127.0.0.1:8554\n");

	audit_find(a);
	cr_expect(has_finding(a, AUDIT_WARNING, "rtsp://127.0.0.1:8554: pictures and sound leave in clear text"));
	cr_expect(!has_finding(a, AUDIT_WARNING, "rtsps://127.0.0.1:8322: pictures"));
	cr_expect(has_finding(a, AUDIT_NOTE, "user tom may log in by RTSP with MD5"));
	cr_expect(!has_finding(a, AUDIT_NOTE, "user anna may log in"));
	drop(&a);
}

/* One finding for what many cameras share, the worst first. */
Test(audit, finds_what_is_weak)
{
	struct audit *a = kept(SITE "sandbox: best-effort\ncameras:\n"
		"  a: {source: 'rtsp://192.0.2.1/', user: u, password_file: p, allow_basic: true}\n"
		"  b: {source: 'rtsps://192.0.2.2/', unverified: true, user: u, password_file: p, allow_basic: true, allow_md5: false}\n"
		"  c: {source: 'rtsp://192.0.2.3/'}\n  d: {source: 'rtsp://192.0.2.4/'}\n  e: {source: 'rtsp://192.0.2.5/'}\n  f: {source: 'rtsp://192.0.2.6/'}\n"
		"  g: {source: 'rtsps://192.0.2.7/', fingerprint: '" PIN "', user: u, password_file: p, allow_basic: true, allow_md5: false, onvif: 'http://192.0.2.7/'}\n"
		"  h: {source: 'rtsps://192.0.2.8/', ca: c, masks: [{x: 0 %, y: 0 %, width: 5 %, height: 5 %}]}\n");
	static const struct { enum audit_weight weight; const char *begins; } expected[] = {
		{AUDIT_WARNING, "camera a: the password itself may be sent in the clear"}, {AUDIT_WARNING, "camera b: the password itself may be sent to whoever"},
		{AUDIT_WARNING, "camera b: whoever answers is taken"}, {AUDIT_WARNING, "camera h: masks hide nothing in the copy"},
		{AUDIT_WARNING, "sandbox: best-effort"},
		{AUDIT_NOTE, "camera a: the password may be answered with MD5"}, {AUDIT_NOTE, "camera g: a digest of the password travels beside"},
		{AUDIT_NOTE, "cameras a, c, d, e and 1 more: pictures travel in the clear"},
	};

	audit_find(a);
	cr_assert_eq(a->nfindings, sizeof expected / sizeof *expected);
	for (unsigned i = 0; i < a->nfindings; i++) {
		cr_expect_eq(a->finding[i].weight, expected[i].weight, "%s", a->finding[i].text);
		cr_expect(strstr(a->finding[i].text, expected[i].begins) == a->finding[i].text, "%u: %s", i, a->finding[i].text);
	}
	cr_expect(a->count[AUDIT_ALARM] == 0 && a->count[AUDIT_WARNING] == 5 && a->count[AUDIT_NOTE] == 3);
	drop(&a);
}

static void expect_narrow(const char *page)
{
	for (const char *line = page; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
		cr_expect_leq(strcspn(line, "\n"), (size_t)AUDIT_WIDTH, "%.*s", (int)strcspn(line, "\n"), line);
}

static char *page_of(struct audit *a, bool calls)
{
	struct buf out;
	char *text;

	buf_init(&out, 1 << 20);
	audit_find(a);
	audit_page(a, calls, &out);
	cr_assert_eq(buf_append(&out, "", 1), 0);
	text = strdup((char *)buf_data(&out));
	buf_free(&out);
	return text;
}

Test(audit, page_says_who_may_do_what)
{
	static const char *const parts[] = {
		"  0.0.0.0:8443               HTTPS, TLS 1.3 alone\n",
		"  gate               192.0.2.11:322         rtsps tcp           sha256:9f86d081884c...     no password\n",
		"\nsign         signs the log; holds the key, reads nothing from outside\n  processes  1, pid 101\n  sandbox    whole\n  calls      ",
		"  says to store: sign-hello checkpoint key-note\n", "  says to store: want clip-make clip-next clip-end cosignature\n",
		"  0600 ", "signs the log              /etc/casemate/site.key\n", "store 9f86d081884c7d65     /usr/libexec/casemate/store\n",
		"\nFINDINGS\n  0 alarms, 0 warnings, 0 notes\n",
	};
	struct audit *a = kept(SITE CAMERAS);
	char *page = page_of(a, false);

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		cr_expect(strstr(page, parts[i]), "%s is not in:\n%s", parts[i], page);
	cr_expect(!strstr(page, HASH));
	expect_narrow(page);
	free(page);
	drop(&a);
}

Test(audit, names_every_way_in)
{
	static const char words[] = WORDS "listener 1 open http://127.0.0.1:9464\nshares 3\n";
	static const char site[] = "site: museum.example\nlisten: ['0.0.0.0:8443']\nmetrics: 127.0.0.1:9464\nrtsp: 127.0.0.1:8554\n"
		"tls: {certificate: tls.crt, key: tls.key, client_ca: ca.crt}\nkey: site.key\narchive: {path: archive, max_size: 500 GB}\nprocesses: {serve: 1}\n"
		"users: [{name: anna, certificate: anna@museum.example}, {name: tom, rtsp_digest_file: d, password_hash: '" HASH "'}]\n" CAMERAS;
	struct audit *a = kept(SITE CAMERAS);
	char *page;

	audit_clear(a);
	cr_assert_eq(take(a, words, site), 0);
	page = page_of(a, false);
	cr_expect(strstr(page, "metrics in clear text, to this machine alone\n"), "%s", page);
	cr_expect(strstr(page, "RTSP, IN CLEAR TEXT\n"), "%s", page);
	cr_expect(strstr(page, "  by certificate             1 of them by a certificate of an authority in /etc/casemate/ca.crt,"), "%s", page);
	cr_expect(strstr(page, "  by Digest                  1 of them by RTSP"), "%s", page);
	cr_expect(strstr(page, "  by share links             3 in force,"), "%s", page);
	cr_expect(has_finding(a, AUDIT_NOTE, "3 share links: whoever has the address watches"));
	cr_expect(!has_finding(a, AUDIT_NOTE, "certificates of "));
	expect_narrow(page);
	free(page);
	drop(&a);
}

/* Every call of every role's policy, and those that casemate itself may not make. */
Test(audit, lists_all_calls_when_asked)
{
	struct audit *a = kept(SITE CAMERAS);
	char *page = page_of(a, true);

	cr_expect(strstr(page, "epoll_pwait") && strstr(page, "(F_ADD_SEALS)") && strstr(page, "process_vm_writev") && strstr(page, "(of its bell)"), "%s", page);
	expect_narrow(page);
	free(page);
	drop(&a);
}

Test(audit, page_stays_narrow_whatever_the_names)
{
	struct audit *a = kept(SITE "cameras:\n"
		"  a-camera-with-the-longest-name-1: {source: 'rtsps://[2001:db8:1111:2222:3333:4444:5555:6666]:65535/', unverified: true, user: u, password_file: p, allow_basic: true, onvif: 'http://[2001:db8:1111:2222:3333:4444:5555:6666]:8080/'}\n"
		"  b: {source: 'rtsps://192.0.2.2/', ca: c, tls_name: a.very.long.name.of.a.camera.somewhere.in.a.very.large.building.example, user: u, password_file: p}\n");
	char *page;

	no_landlock(a);
	page = page_of(a, false);
	cr_expect(strstr(page, "  sandbox    WITHOUT landlock\n"), "%s", page);
	expect_narrow(page);
	free(page);
	drop(&a);
}

Test(audit, says_what_would_be_without_a_server)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct audit *a = calloc(1, sizeof *a);
	struct site *site = NULL;
	char *page;

	cr_assert_eq(site_parse("/etc/casemate/site.yaml", SITE CAMERAS, strlen(SITE CAMERAS), &site, report), 0);
	cr_assert_eq(audit_take_site(a, &site), 0);
	cr_expect_null(site);
	cr_expect_eq(a->nprocesses, 6);
	page = page_of(a, false);
	cr_expect(strstr(page, "no server runs; this is what casemate " PACKAGE_VERSION " would make of /etc/casemate/site.yaml\n"), "%s", page);
	cr_expect(!strstr(page, ", pid ") && !strstr(page, "seen now"), "%s", page);
	expect_narrow(page);
	free(page);
	free(report);
	drop(&a);
}

/* This process, as proc(5) shows it to itself. */
Test(audit, looks_at_a_process)
{
	struct audit *a = kept(SITE CAMERAS);
	struct rlimit l;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &l), 0);
	a->process[5].pid = getpid();
	a->process[4].pid = 0;
	audit_look(a);
	cr_expect(a->process[5].seen.there && a->process[5].seen.uid == getuid() && a->process[5].seen.threads >= 1);
	cr_expect_eq(a->process[5].seen.files_max, l.rlim_max == RLIM_INFINITY ? UINT64_MAX : l.rlim_max);
	cr_expect(a->process[5].seen.memory_bytes > 100000 && a->process[5].seen.fds_known);
	cr_expect_eq(a->process[5].seen.shared & policy_of(ROLE_TRANSCODE)->namespaces, policy_of(ROLE_TRANSCODE)->namespaces);
	cr_expect_eq((int)a->process[5].seen.seccomp, prctl(PR_GET_SECCOMP));
	drop(&a);
}
