/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * casemate probe: what a camera offers, and the lines for the site file. It is a
 * parent with ingest alone: the camera's bytes are read by a sealed role as in a
 * running server, and what is printed went through the same code that will record it.
 */
#include "base/options.h"
#include "server/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "server/commands.h"
#include "server/libexec.h"
#include "server/parent.h"
#include "server/prompt.h"

#define WATCH_S 8           /* of footage, for rates and the distance of key frames */
#define LONGEST_S 40
#define SILENT_TRIES 2      /* the second may be by the other transport */
#define PATHS_EVERY_MS 500  /* between two guesses at a path */
#define EXIT_OTHER_PATH 3   /* of an attempt: nothing at this path, another may do */

static const char usage[] =
	"usage: casemate probe [OPTIONS] ADDRESS\n"
	"\n"
	"Connects to the camera, watches it for some seconds, and says what it offers,\n"
	"its quirks, who probably made it, and what to write of it in the site file.\n"
	"ADDRESS is rtsp://HOST[:PORT]/PATH, rtsps://..., or a literal address alone: then\n"
	"the paths that cameras commonly use are tried.\n"
	"\n"
	"  -n, --name NAME           of the camera in the site file (camera-1)\n"
	"  -u, --user NAME           who to log in as; the password is asked for\n"
	"  -p, --password-file FILE  ... or is FILE's first line\n"
	"  -t, --transport HOW       auto, tcp or udp (auto)\n"
	"  -f, --fingerprint HEX     rtsps: of the camera's certificate, as probe shows it\n"
	"      --ca FILE             rtsps: or the certificates that vouch for it\n"
	"      --unverified          rtsps: or believe anybody\n"
	"      --allow-basic         send the password in the clear if nothing better is offered\n"
	"      --seconds N           watch it so long, 2 to 30 (8)\n"
	"  -h, --help                this text\n"
	"\n"
	"Exit: 0 it can be recorded, 1 it can't (and why), 2 usage.\n"
	"example: casemate probe --user admin rtsp://192.0.2.11/Streaming/Channels/101\n";

/* Where cameras keep their main stream; the commonest first. */
static const char *const paths[] = {
	"/", "/Streaming/Channels/101", "/cam/realmonitor?channel=1&subtype=0", "/h264Preview_01_main", "/axis-media/media.amp",
	"/stream1", "/live", "/videoMain", "/live/ch00_0", "/profile1/media.smp", "/onvif1", "/11", "/media/video1", "/1",
};

struct probe {
	struct probe_options o;
	struct prompt_password password;
	struct probe_found found;
	unsigned silent;
	int64_t playing_us;
	int status;
};

static int __attribute__((format(printf, 1, 2))) complain(const char *fmt, ...)
{
	va_list ap;

	fputs("casemate probe: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return 2;
}

/* What comes from ingest */

static void over(struct parent *p, struct probe *pr, int status)
{
	pr->status = status;
	parent_stop(p, "seen enough");
}

static void on_offer(struct parent *p, const struct msg_camera_offer *m)
{
	struct probe *pr = p->watch->ctx;

	pr->found.offer = *m;
	pr->found.has_offer = true;
}

static void on_state(struct parent *p, const struct msg_camera_state *m)
{
	struct probe *pr = p->watch->ctx;
	int64_t now_us = clock_mono_us();

	if (p->stopping)
		return;
	if (m->phase == CAMERA_STREAMING && !pr->playing_us) {
		pr->playing_us = now_us;
		fprintf(stderr, "playing; watching for %u s\n", pr->o.seconds);
	}
	if (m->phase == CAMERA_CONNECTING && !pr->found.has_offer)
		fprintf(stderr, "connecting to %s\n", p->site->camera[0].url);
	pr->found.state = *m;
	if (m->phase == CAMERA_WAITING && m->why == GAP_SILENT && ++pr->silent < SILENT_TRIES)
		pr->playing_us = 0;
	else if (m->phase == CAMERA_WAITING)
		over(p, pr, m->why == GAP_NOT_FOUND ? EXIT_OTHER_PATH : 1);
	else if (m->phase == CAMERA_STREAMING && now_us - pr->playing_us >= pr->o.seconds * 1000000ll)
		over(p, pr, m->access_units ? 0 : 1);
}

/* One attempt */

static void print_complaints(const struct site_report *report)
{
	for (unsigned i = 0; i < report->n; i++)
		fprintf(stderr, "casemate probe: %s\n", report->complaint[i].text);
}

/* The site that a server with this camera alone would have; nothing of it but the camera is used. */
static int load_site(struct probe *pr, const char *url, struct site **ret)
{
	static struct site_report report;
	struct buf text;
	int rc;

	buf_init(&text, 16384);
	rc = buf_append_str(&text, "site: probe\nlisten: \"127.0.0.1:1\"\ntls: {certificate: a, key: b}\nkey: c\narchive: {path: d, max_size: 1 GB}\ncameras:\n");
	if (!rc)
		rc = probe_snippet(&pr->o, url, NULL, &text);
	if (!rc)
		rc = site_parse("/probe.yaml", buf_data(&text), text.len, ret, &report);
	if (rc == -EINVAL)
		print_complaints(&report);
	else if (rc)
		complain("%s", strerror(-rc));
	buf_free(&text);
	return rc;
}

static int attempt(struct probe *pr, const char *url, const char *libexec)
{
	struct parent_watch watch = {.roles = 1u << ROLE_INGEST, .longest_us = LONGEST_S * 1000000ll, .password = pr->password.text, .state = on_state, .offer = on_offer, .ctx = pr};
	struct parent parent = {.watch = &watch, .archive_fd = -1, .status_fd = -1, .started_us = clock_mono_us()};
	struct site *site = NULL;
	const char *what;

	if (load_site(pr, url, &site))
		return 2;
	parent.site = site;
	if (programs_open(&parent.programs, libexec, &what) < 0)
		return complain("%s cannot be read: install casemate again", what);
	pr->password.text[pr->password.len] = 0;
	pr->status = 1;
	if (parent_run(&parent) < 0 || parent.exit_status)
		return complain("this machine does not let its sandbox be made: see casemate run");
	if (pr->status == 0)
		probe_print(stdout, &pr->o, url, &pr->found);
	else if (pr->status == 1)
		probe_print_failure(stderr, url, &pr->found);
	site_free(&site);
	return pr->status;
}

/* Each in a process of its own: a parent is made for one life. */
static int attempt_apart(struct probe *pr, const char *url, const char *libexec)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		status = attempt(pr, url, libexec);
		explicit_bzero(&pr->password, sizeof pr->password);
		_exit(fflush(stdout) ? 2 : status);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return complain("%s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static int try_paths(struct probe *pr, const char *base, const char *libexec)
{
	char url[1200];
	int status = 1;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		if (i)
			usleep(PATHS_EVERY_MS * 1000);
		snprintf(url, sizeof url, "%s%s", base, paths[i]);
		status = attempt_apart(pr, url, libexec);
		if (status != EXIT_OTHER_PATH)
			return status;
	}
	fprintf(stderr, "nothing at the paths that cameras commonly use: look the path up in the camera's own pages or manual\n");
	return 1;
}

/* Until somebody says which certificate is the camera's, none is: so that one sees it, and nobody gets the password. */
static void doubt_certificate(struct probe *pr, const char *base)
{
	if (strncasecmp(base, "rtsps://", 8) || pr->o.fingerprint || pr->o.ca || pr->o.unverified)
		return;
	pr->o.fingerprint = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	pr->o.user = NULL;
}

static int probe(struct probe *pr, const char *address)
{
	char base[1100], libexec[4096];
	const char *rest;
	int status;

	if (libexec_folder(libexec, sizeof libexec) < 0)
		return complain("its own programs are not where they were installed (%s): install it again", CM_LIBEXECDIR);
	if (strlen(address) > 1024)
		return complain("an address has at most 1024 bytes");
	rest = strstr(address, "://");
	snprintf(base, sizeof base, "%s%s", rest ? "" : "rtsp://", address);
	rest = strstr(base, "://") + 3;
	if (memchr(rest, '@', strcspn(rest, "/?#")))
		return complain("a user or password is not written in the address, where others see it: use --user, and type the password when asked");
	doubt_certificate(pr, base);
	if (!strpbrk(rest, "/?#"))
		return try_paths(pr, base, libexec);
	status = attempt_apart(pr, base, libexec);
	if (status != EXIT_OTHER_PATH)
		return status;
	fprintf(stderr, "%s: the camera has no stream of that path: look it up in the camera's own pages or manual, or give its address alone, and common ones are tried\n", base);
	return 1;
}

/* The command line */

static int read_password_file(const char *path, struct prompt_password *p)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = prompt_read_line(fd, p);
	close(fd);
	return rc;
}

static int get_password(struct probe *pr)
{
	char prompt[128];
	int rc;

	if (!pr->o.user)
		return 0;
	snprintf(prompt, sizeof prompt, "Password of %.64s at the camera: ", pr->o.user);
	if (pr->o.password_file)
		rc = read_password_file(pr->o.password_file, &pr->password);
	else
		rc = isatty(STDIN_FILENO) ? prompt_ask(prompt, &pr->password) : prompt_read_line(STDIN_FILENO, &pr->password);
	pr->password.text[pr->password.len] = 0;
	if (rc == -EINVAL)
		return complain("a password has at most 256 bytes, and no NUL");
	if (rc && rc != -ENODATA)
		return complain("the password%s: %s", pr->o.password_file ? " file" : "", strerror(-rc));
	return 0;
}

int cmd_probe(int argc, char **argv)
{
	struct probe pr = {.o = {.name = "camera-1"}};
	const char *seconds = NULL;
	const struct options_row rows[] = {{"name", 'n', .value = &pr.o.name}, {"user", 'u', .value = &pr.o.user},
		{"password-file", 'p', .value = &pr.o.password_file}, {"transport", 't', .value = &pr.o.transport},
		{"fingerprint", 'f', .value = &pr.o.fingerprint}, {"ca", .value = &pr.o.ca}, {"unverified", .flag = &pr.o.unverified},
		{"allow-basic", .flag = &pr.o.allow_basic}, {"seconds", .value = &seconds}, {0}};
	uint64_t n = WATCH_S;
	int status;

	if (!options_read("probe", usage, rows, 1, argc, argv, &status))
		return status;
	if (seconds && (text_u64(seconds, strlen(seconds), 30, &n) || n < 2))
		return complain("--seconds is a number from 2 to 30");
	pr.o.seconds = (unsigned)n;
	if (optind == argc)
		return complain("which camera? casemate probe rtsp://HOST/PATH");
	if (!text_is_name(pr.o.name, strlen(pr.o.name)))
		return complain("a name is 1 to 32 of a-z, 0-9 and -");
	/* No core file and no debugger while a password is in memory. */
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	parent_log_quiet();
	status = 0;
	if (strncasecmp(argv[optind], "rtsps://", 8) || pr.o.fingerprint || pr.o.ca || pr.o.unverified)
		status = get_password(&pr);
	if (!status)
		status = probe(&pr, argv[optind]);
	explicit_bzero(&pr.password, sizeof pr.password);
	return status;
}
