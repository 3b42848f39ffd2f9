/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate check and casemate passwd as a person or a script calls them. */
#include <argon2.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "conf/phc.h"
#include "seal/key.h"
#include "server/commands.h"

/* What one run of a command left behind. */
static char out[1 << 16], err[1 << 16];

static void slurp(FILE *f, char *to, size_t cap)
{
	size_t n;

	rewind(f);
	n = fread(to, 1, cap - 1, f);
	to[n] = 0;
	fclose(f);
}

/* In a child of its own, in0 as its standard input. */
static pid_t start(int (*cmd)(int, char **), const char *const *args, int in0, FILE *o, FILE *e)
{
	char *argv[8] = {NULL};
	pid_t pid = fork();
	int argc = 0;

	cr_assert_geq(pid, 0);
	if (pid)
		return pid;
	for (; args[argc]; argc++)
		argv[argc] = strdup(args[argc]);
	setsid();
	dup2(in0, 0);
	dup2(fileno(o), 1);
	dup2(fileno(e), 2);
	ioctl(0, TIOCSCTTY, 0);
	argc = cmd(argc, argv);
	fflush(stdout);
	_exit(argc);
}

static int finish(pid_t pid, FILE *o, FILE *e)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	slurp(o, out, sizeof out);
	slurp(e, err, sizeof err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int run(int (*cmd)(int, char **), const char *const *args, const char *in, size_t nin)
{
	FILE *i = tmpfile(), *o = tmpfile(), *e = tmpfile();
	int status;

	cr_assert(i && o && e);
	cr_assert_eq(fwrite(in, 1, nin, i), nin);
	rewind(i);
	status = finish(start(cmd, args, fileno(i), o, e), o, e);
	fclose(i);
	return status;
}

static int pipe_passwd(const char *in, size_t n)
{
	return run(cmd_passwd, ARGS("passwd", "anna"), in, n);
}

/* The hash in the printed lines is one that the site file takes, of this password. */
static void expect_hash_of(const char *password, size_t n)
{
	static const char before[] = "  - name: anna\n    password_hash: \"";
	const char *why;
	char *end;

	cr_assert(!strncmp(out, before, strlen(before)), "%s", out);
	end = strstr(out + strlen(before), "\"\n");
	cr_assert(end && end[2] == 0, "%s", out);
	*end = 0;
	cr_expect_eq(phc_check(out + strlen(before), strlen(out + strlen(before)), &why), 0, "%s", why);
	cr_expect_eq(strstr(out, "$argon2id$v=19$m=65536,t=3,p=1$") - out, (long)strlen(before));
	cr_expect_eq(argon2id_verify(out + strlen(before), password, n), ARGON2_OK);
	cr_expect_neq(argon2id_verify(out + strlen(before), password, n - 1), ARGON2_OK);
}

Test(passwd, takes_a_line_of_standard_input)
{
	static const struct { const char *in; size_t n, len; } good[] = {
		{"12345678", 8, 8}, {"12345678\n", 9, 8}, {"correct horse\nbattery\n", 22, 13}, {"\xc3\xbc" "berlang", 9, 9},
	};
	char longest[300];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		cr_assert_eq(pipe_passwd(good[i].in, good[i].n), 0, "%s", err);
		cr_expect_str_empty(err);
		expect_hash_of(good[i].in, good[i].len);
	}
	memset(longest, 'x', sizeof longest);
	cr_assert_eq(pipe_passwd(longest, 256), 0);
	expect_hash_of(longest, 256);
	cr_expect_eq(pipe_passwd(longest, 257), 2);
	cr_expect(strstr(err, "at most 256 bytes"), "%s", err);
}

Test(passwd, refuses_with_the_reason_and_prints_nothing)
{
	static const struct { const char *in; size_t n; const char *says; } c[] = {
		{"", 0, "no password was given"}, {"\n", 1, "at least 8 characters"}, {"1234567\n", 8, "at least 8 characters"},
		{"1234\0" "5678", 9, "no NUL"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		cr_expect_eq(pipe_passwd(c[i].in, c[i].n), 2);
		cr_expect(strstr(err, c[i].says) && !*out, "%s", err);
	}
	cr_expect_eq(run(cmd_passwd, ARGS("passwd"), "12345678", 8), 2);
	cr_expect(strstr(err, "whose password?") != NULL);
	cr_expect_eq(run(cmd_passwd, ARGS("passwd", "Anna"), "12345678", 8), 2);
	cr_expect(strstr(err, "a name is 1 to 32 of a-z") != NULL);
	cr_expect_eq(run(cmd_passwd, ARGS("passwd", "a", "b"), "12345678", 8), 2);
	cr_expect_eq(run(cmd_passwd, ARGS("passwd", "--nonsense", "a"), "12345678", 8), 2);
	cr_expect_eq(run(cmd_passwd, ARGS("passwd", "--help"), "", 0), 0);
	cr_expect(strstr(out, "usage: casemate passwd") != NULL);
}

Test(passwd, generates_one_and_shows_it_once)
{
	char first[64];

	cr_assert_eq(run(cmd_passwd, ARGS("passwd", "--generate", "anna"), "", 0), 0, "%s", err);
	cr_assert_eq(strlen(err), 30, "%s", err);
	err[29] = 0;
	expect_hash_of(err, 29);
	strcpy(first, err);
	cr_assert_eq(run(cmd_passwd, ARGS("passwd", "-g", "anna"), "", 0), 0);
	cr_expect(strncmp(first, err, 29) != 0);
}

/* The hashes are another program's. */
Test(passwd, writes_what_rtsp_needs_once)
{
	static const char lines[] = "    rtsp_digest_file: \"anna.rtsp\"\n    allow_md5: true\n";
	struct stat st;
	char text[300] = "", dir[] = "/tmp/casemate-passwd-XXXXXX";
	FILE *f;

	cr_assert(mkdtemp(dir) && !chdir(dir));
	cr_assert_eq(run(cmd_passwd, ARGS("passwd", "-r", "anna.rtsp", "-s", "a.example", "-m", "anna"), "12345678", 8), 0, "%s", err);
	cr_expect(strstr(out, lines) && strlen(strstr(out, lines)) == strlen(lines), "%s", out);
	f = fopen("anna.rtsp", "r");
	cr_assert(f && !fstat(fileno(f), &st) && fread(text, 1, sizeof text - 1, f) > 0 && !fclose(f));
	cr_expect_eq(st.st_mode, S_IFREG | 0600);
	cr_expect_str_eq(text, "SHA-256 anna a.example a837db80c992e03d7d17ad8dc886d5e5c052297d02f25ca1ed2d4047e173370e\nMD5 anna a.example cebdba753c6ca5a2ecc136b11245eed2\n");
	cr_expect_eq(run(cmd_passwd, ARGS("passwd", "-r", "anna.rtsp", "-s", "a.example", "anna"), "12345678", 8), 2);
	cr_expect(strstr(err, "anna.rtsp: File exists") && !*out, "%s%s", err, out);
	cr_assert_eq(unlink("anna.rtsp"), 0);
	cr_assert_eq(run(cmd_passwd, ARGS("passwd", "-r", "anna.rtsp", "-s", "a.example", "anna"), "12345678", 8), 0, "%s", err);
	cr_expect(strstr(out, "    rtsp_digest_file: \"anna.rtsp\"\n") && !strstr(out, "md5"), "%s", out);
	cr_assert(!unlink("anna.rtsp") && !chdir("/") && !rmdir(dir));
}

Test(passwd, wants_all_that_rtsp_needs)
{
	static const struct { const char *argv[6], *says; } c[] = {
		{{"passwd", "-r", "f", "anna"}, "go together"}, {{"passwd", "-s", "a", "anna"}, "go together"}, {{"passwd", "-m", "anna"}, "go together"},
		{{"passwd", "-rf", "-sa b", "anna"}, "what stands behind site:"}, {{"passwd", "-rf", "-sa+b", "anna"}, "what stands behind site:"},
		{{"passwd", "-rf", "-s/a", "anna"}, "what stands behind site:"}, {{"passwd", "-ra\"b", "-sa", "anna"}, "a path without quotes"},
		{{"passwd", "-ra\nb", "-sa", "anna"}, "a path without quotes"}, {{"passwd", "-r/no/such/folder", "-sa", "anna"}, "No such file or directory"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		cr_expect_eq(run(cmd_passwd, c[i].argv, "12345678", 8), 2, "%zu", i);
		cr_expect(strstr(err, c[i].says) && !*out, "%zu: %s", i, err);
	}
}

static int open_terminal(int *ret_inside)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	cr_assert(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
	*ret_inside = open(ptsname(fd), O_RDWR | O_NOCTTY);
	cr_assert_geq(*ret_inside, 0);
	return fd;
}

/* Echo goes off with a flush: what is typed earlier would be lost, so wait for the state itself. */
static void await_echo(int fd, bool want)
{
	struct termios t;

	do
		cr_assert_eq(tcgetattr(fd, &t), 0);
	while (!!(t.c_lflag & ECHO) != want);
}

static void type(int fd, const char *s)
{
	cr_assert_eq(io_write_all(fd, s, strlen(s)), 0);
}

/* All typed lines with echo off; what the terminal showed is in shown. */
static int at_terminal(const char *first, const char *second, char *shown, size_t cap)
{
	FILE *o = tmpfile(), *e = tmpfile();
	int inside, status, fd = open_terminal(&inside), ready = 0;
	pid_t pid = start(cmd_passwd, ARGS("passwd", "anna"), inside, o, e);
	ssize_t n;

	await_echo(inside, false);
	type(fd, first);
	if (second) {
		/* The second question flushes once more: it has been asked when the prompt is out. */
		char text[200] = "";

		while (!strstr(text, "Once more")) {
			ssize_t got = pread(fileno(e), text, sizeof text - 1, 0);

			text[got > 0 ? got : 0] = 0;
		}
		await_echo(inside, false);
		type(fd, second);
	}
	status = finish(pid, o, e);
	await_echo(inside, true);
	n = ioctl(fd, FIONREAD, &ready) == 0 && ready ? read(fd, shown, cap - 1) : 0;
	shown[n > 0 ? n : 0] = 0;
	close(inside);
	close(fd);
	return status;
}

Test(passwd, asks_twice_at_a_terminal_without_echo, .timeout = 30)
{
	char shown[256];

	cr_assert_eq(at_terminal("correct horse\n", "correct horse\n", shown, sizeof shown), 0, "%s", err);
	expect_hash_of("correct horse", 13);
	cr_expect(strstr(err, "Password for anna: \nOnce more: ") != NULL, "%s", err);
	cr_expect(!strstr(shown, "horse"), "%s", shown);
	cr_expect_eq(at_terminal("correct horse\n", "correct house\n", shown, sizeof shown), 2);
	cr_expect(strstr(err, "the two passwords differ") && !*out, "%s", err);
}

Test(passwd, gives_the_echo_back_when_interrupted, .timeout = 30)
{
	char shown[256];

	cr_expect_eq(at_terminal("\003", NULL, shown, sizeof shown), 128 + SIGINT, "%s", err);
	cr_expect_str_empty(out);
}

/* A whole site in a folder of its own. */

static char dir[64];

static const char *in_dir(const char *name)
{
	static char path[4][128];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof path[i], "%s/%s", dir, name);
	return path[i];
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "w");

	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(in_dir(name), mode) == 0);
}

/* Valid from and until so many days from now. */
static void put_certificate(const char *certificate, const char *key, int from, int until)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	FILE *f;

	X509_gmtime_adj(X509_getm_notBefore(x), from * 86400L);
	X509_gmtime_adj(X509_getm_notAfter(x), until * 86400L);
	cr_assert(k && X509_set_pubkey(x, k) && X509_sign(x, k, EVP_sha256()));
	f = fopen(in_dir(certificate), "w");
	cr_assert(PEM_write_X509(f, x) && fclose(f) == 0);
	f = fopen(in_dir(key), "w");
	cr_assert(PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL) && fclose(f) == 0 && chmod(in_dir(key), 0600) == 0);
	EVP_PKEY_free(k);
	X509_free(x);
}

static void put_key(const char *name)
{
	struct key_private *k;
	char vkey[KEY_VKEY + 1];
	struct buf b;

	buf_init(&b, KEY_FILE_MAX);
	cr_assert(key_generate(name, &k) == 0 && key_write(k, &b) == 0 && buf_append(&b, "", 1) == 0);
	put("site.key", (const char *)buf_data(&b), 0600);
	key_vkey(key_public_of(k), vkey);
	put("site.key.pub", vkey, 0644);
	key_free(&k);
	buf_free(&b);
}

#define SITE(size, folder) "site: a.example\nlisten: 127.0.0.1:8443\ntls: {certificate: c, key: k}\nkey: site.key\n" \
	"archive: {path: " folder ", max_size: " size "}\n" \
	"users: [{name: anna, password_hash: '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg'}]\n" \
	"cameras:\n  gate: {source: rtsp://192.0.2.1/x, renditions: {small: {size: 640x360, bitrate: 600 kb/s}}}\n"

static void make_site(void)
{
	strcpy(dir, "/tmp/casemate-check-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	put("site.yaml", SITE("1 MB", "footage"), 0644);
	put_certificate("c", "k", -1, 100);
	put_key("a.example");
	cr_assert_eq(mkdir(in_dir("footage"), 0700), 0);
}

static void remove_site(void)
{
	char cmd[128];

	snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
	cr_assert_eq(system(cmd), 0);
}

static int check(void)
{
	return run(cmd_check, ARGS("check", "-c", in_dir("site.yaml")), "", 0);
}

TestSuite(check, .init = make_site, .fini = remove_site);

Test(check, a_good_site_is_shown)
{
	cr_assert_eq(check(), 0, "%s%s", out, err);
	cr_expect(strstr(out, "site.yaml: good\n"), "%s", out);
	cr_expect(strstr(out, "  site a.example: 1 camera, 1 user; up to 1 MB in /"), "%s", out);
	cr_expect(strstr(out, "  listens on https://127.0.0.1:8443/\n"), "%s", out);
	cr_expect(strstr(out, "  camera gate: rtsp://192.0.2.1:554/x; copy, audio, small 640x360 600 kb/s\n"), "%s", out);
	cr_expect_str_empty(err);
}

Test(check, notes_what_could_be_stronger)
{
#define LOGIN ", user: u, password_file: p"
	static const struct { const char *camera, *note; } c[] = {
		{"source: rtsp://192.0.2.1/", "note: pictures travel in the clear (rtsp://)\n"},
		{"source: rtsp://192.0.2.1/" LOGIN, "note: pictures travel in the clear (rtsp://); the password may be answered with MD5 (allow_md5)\n"},
		{"source: rtsp://192.0.2.1/, allow_md5: false, allow_basic: true" LOGIN,
		 "note: pictures travel in the clear (rtsp://); the password itself may be sent in the clear (allow_basic)\n"},
		{"source: rtsps://192.0.2.1/, unverified: true", "note: whoever answers is taken for the camera (unverified)\n"},
		{"source: rtsps://192.0.2.1/, ca: c, allow_basic: true" LOGIN, "note: the password may be answered with MD5 (allow_md5)\n"},
		{"source: rtsps://192.0.2.1/, ca: c, allow_md5: false" LOGIN, NULL},
		{"source: rtsps://192.0.2.1/, ca: c, allow_md5: false, onvif: http://192.0.2.1/o" LOGIN,
		 "note: a digest of the password is sent beside the encryption (onvif)\n"},
	};

	put("p", "hunter2\n", 0600);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char text[1000];

		snprintf(text, sizeof text, "site: a.example\ntls: {certificate: c, key: k}\nkey: site.key\narchive: {path: footage, max_size: 1 MB}\n"
			"cameras: {gate: {%s}}\n", c[i].camera);
		put("site.yaml", text, 0644);
		cr_expect_eq(check(), 0, "%s%s", out, err);
		cr_expect(c[i].note ? strstr(out, c[i].note) != NULL : !strstr(out, "note:"), "%s", out);
		cr_expect(!strstr(out, "hunter2"));
	}
}

Test(check, warns_of_settings_that_do_not_do_what_one_may_think)
{
#define SMALL "renditions: {small: {size: 64x64, bitrate: 1 Mb/s, on_demand: true}}"
#define HIDE "masks: [{x: 0 %, y: 0 %, width: 5 %, height: 5 %}]"
	static const struct { const char *camera, *says; bool warns; } c[] = {
		{SMALL ", " HIDE, "site.yaml:5: warning: camera gate: masks hide nothing in its copy", true},
		{SMALL ", copy: recorded, " HIDE, "; copy (recorded only), audio, small 64x64 1 Mb/s on demand\n", false},
		{"overlay: true", "camera gate: overlay: is for encoded renditions", true},
		{"denoise: low", "camera gate: denoise: is for encoded renditions", true},
		{"denoise: low, overlay: true, audio: false, " SMALL, "; copy, small", false},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char text[1000];

		snprintf(text, sizeof text, "site: a.example\ntls: {certificate: c, key: k}\nkey: site.key\narchive: {path: footage, max_size: 1 MB}\n"
			"cameras: {gate: {source: rtsp://192.0.2.1/, %s}}\nusers: [{name: anna, password_hash: '$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$KqyvmhYhMyRnOZHYOuP5tg'}]\n",
			c[i].camera);
		put("site.yaml", text, 0644);
		cr_expect_eq(check(), 0, "%s%s", out, err);
		cr_expect(strstr(out, c[i].says), "%s", out);
		cr_expect_eq(strstr(out, "warning") != NULL, c[i].warns, "%s", out);
	}
}

static void break_dates_past(void) { put_certificate("c", "k", -10, -1); }
static void break_dates_soon(void) { put_certificate("c", "k", -10, 3); }
static void break_dates_future(void) { put_certificate("c", "k", 2, 100); }
static void break_pair(void) { put_certificate("other", "k", -1, 100); }
static void break_certificate(void) { put("c", "x", 0644); }
static void break_tls_key(void) { put("k", "x", 0600); }
static void break_key(void) { put("site.key", "x", 0600); }
static void break_key_kind(void) { rename(in_dir("k"), in_dir("site.key")); put_certificate("c", "k", -1, 100); }
static void break_name(void) { put_key("b.example"); }
static void break_folder(void) { remove(in_dir("footage")); }
static void break_folder_kind(void) { remove(in_dir("footage")); put("footage", "x", 0600); }
static void break_space(void) { put("site.yaml", SITE("900 PB", "footage"), 0644); }
static void break_mode(void) { put("site.yaml", SITE("1 MB", "footage"), 0666); }
static void break_socket(void) { put("site.yaml", SITE("1 MB", "footage") "socket: nowhere/s\n", 0644); }
static void break_ca(void)
{
	put("site.yaml", SITE("1 MB", "footage") "  hall: {source: rtsps://192.0.2.1/, ca: site.key}\n", 0644);
}
static void break_media_key(void)
{
	put("site.yaml", SITE("1 MB", "footage") "media_signing: {key: site.key, certificate: c}\n", 0644);
}
static void break_users(void) { put("site.yaml", "site: a.example\ntls: {certificate: c, key: k}\nkey: site.key\narchive: {path: footage, max_size: 1 MB}\n", 0644); }

Test(check, names_what_the_text_cannot_show)
{
	static const struct { void (*spoil)(void); int rc; const char *place, *says; } c[] = {
		{break_dates_past, 1, "site.yaml:3: /", "/c expired on 20"}, {break_dates_soon, 0, "site.yaml:3: warning: ", "/c expires on 20"},
		{break_dates_future, 1, "site.yaml:3: /", "/c is not valid before 20"}, {break_pair, 1, "site.yaml:3: /", "/k is not the key of the certificate /"},
		{break_certificate, 1, "site.yaml:3: /", "/c is not a certificate in PEM"}, {break_tls_key, 1, "site.yaml:3: /", "/k is not a private key in PEM"},
		{break_key, 1, "site.yaml:4: /", "make one with \"casemate keygen a.example -o FILE\""},
		{break_key_kind, 1, "site.yaml:4: /", "make one with \"casemate keygen a.example -o FILE\""},
		{break_name, 0, "site.yaml:4: warning: /", "site.key.pub was made for \"b.example\", not for \"a.example\""},
		{break_folder, 0, "site.yaml:5: warning: /", "/footage does not exist yet: run \"mkdir -p -m 700 /"},
		{break_folder_kind, 1, "site.yaml:5: /", "/footage is not a folder"}, {break_space, 0, "site.yaml:5: warning: ", "max_size is 900 PB, but /"},
		{break_mode, 0, "site.yaml: warning: ", "others may change this file (mode 0666): run \"chmod go-w /"},
		{break_socket, 1, "site.yaml:9: socket: /", "/nowhere, where it belongs, can't be written to"},
		{break_ca, 1, "site.yaml:9: camera hall: ca: /", "/site.key holds no certificate in PEM"},
		{break_media_key, 1, "site.yaml:9: media_signing: a private key of another type", "make both with \"casemate keygen --media-signing NAME\""},
		{break_users, 0, "site.yaml: warning: ", "there is no user, so nobody can watch: \"casemate passwd NAME\""},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		remove_site();
		make_site();
		c[i].spoil();
		cr_expect_eq(check(), c[i].rc, "%zu: %s%s", i, out, err);
		cr_expect(strstr(out, c[i].place) && strstr(out, c[i].says), "%zu: %s", i, out);
		cr_expect(strstr(out, c[i].rc ? ": 1 thing to mend\n" : ": good, "), "%zu: %s", i, out);
	}
}

Test(check, prints_every_complaint_and_a_summary)
{
	put("site.yaml", SITE("1 MB", "footage") "sandbx: off\nsocket: ~\n", 0644);
	cr_expect_eq(check(), 1);
	cr_expect(strstr(out, "site.yaml:9:1: unknown key \"sandbx\": did you mean \"sandbox\"?\n  example: sandbox: strict\n"), "%s", out);
	cr_expect(strstr(out, "site.yaml: 2 things to mend\n"), "%s", out);
}

Test(check, could_not_tell_is_exit_2)
{
	cr_expect_eq(run(cmd_check, ARGS("check", "-c", in_dir("none.yaml")), "", 0), 2);
	cr_expect(strstr(err, "No such file or directory; -c names another site file"), "%s", err);
	cr_expect_eq(run(cmd_check, ARGS("check", "site.yaml"), "", 0), 2);
	cr_expect(strstr(err, "casemate check -c site.yaml"), "%s", err);
	cr_expect_eq(run(cmd_check, ARGS("check", "-x"), "", 0), 2);
	cr_expect_eq(run(cmd_check, ARGS("check", "-h"), "", 0), 0);
	cr_expect(strstr(out, "usage: casemate check") != NULL);
}

/* --against: exits, and where what is wrong is said. The sentences are test_against.c's. */
static int check_against(const char *json)
{
	return run(cmd_check, ARGS("check", "--against", in_dir("old.yaml"), in_dir("site.yaml"), json), "", 0);
}

Test(check, says_what_a_site_will_cost)
{
	cr_assert_eq(check(), 0, "%s%s", out, err);
	cr_expect(strstr(out, "\n    expected: 0.108 to 0.156 cores, 59.6 MB of memory, 43.2 GB a day\n"), "%s", out);
	cr_expect(strstr(out, "\n  expected in all: 0.108 to 0.156 cores, "), "%s", out);
	cr_expect(strstr(out, ": 1 MB hold 0.000555 hours\n"), "%s", out);
	cr_assert_eq(run(cmd_check, ARGS("check", "--json", "-c", in_dir("site.yaml")), "", 0), 0, "%s", err);
	cr_expect(strstr(out, "{\"site\":\"a.example\",\"users\":1,\"archive_max_bytes\":1000000,\"cameras\":[{\"name\":\"gate\","), "%s", out);
	cr_expect(strstr(out, "\"expected\":{\"cores_least\":0.108,\"cores_most\":0.156,"), "%s", out);
	cr_expect_str_empty(err);
	break_tls_key();
	cr_expect_eq(run(cmd_check, ARGS("check", "--json", "-c", in_dir("site.yaml")), "", 0), 1);
	cr_expect_str_empty(out);
	cr_expect(strstr(err, "site.yaml:3: "), "%s", err);
}

Test(check, prints_the_site_in_force)
{
	char text[sizeof out];

	put("site.yaml", SITE("1 MB", "footage") "include: more/*.yaml\ndefaults: {segment: 5 s}\n", 0644);
	cr_assert_eq(mkdir(in_dir("more"), 0700), 0);
	put("more/yard.yaml", "cameras: {yard: {source: axis 192.0.2.9}}\n", 0644);
	cr_assert_eq(run(cmd_check, ARGS("check", "--effective", "-c", in_dir("site.yaml")), "", 0), 0, "%s", err);
	cr_expect(strstr(out, "\n  yard:\n    source: \"rtsp://192.0.2.9:554/axis-media/media.amp?videocodec=h264&camera=1\"\n") && strstr(out, "    segment: 5 s\n"), "%s", out);
	cr_expect(!strstr(out, "KqyvmhYh") && !strstr(out, "include:") && !strstr(out, "defaults:"), "%s", out);
	snprintf(text, sizeof text, "%s", out);
	put("site.yaml", text, 0644);
	cr_assert_eq(run(cmd_check, ARGS("check", "--effective", "-c", in_dir("site.yaml")), "", 0), 0, "%s", err);
	cr_expect_str_eq(out, text);
	cr_expect_eq(run(cmd_check, ARGS("check", "--effective", "--json", "-c", in_dir("site.yaml")), "", 0), 2);
	cr_expect(strstr(err, "--effective is by itself"), "%s", err);
}

/* A line of an included file is named so, whoever finds something to say of it. */
Test(check, names_included_files)
{
	put("site.yaml", SITE("1 MB", "footage") "include: more/*.yaml\n", 0644);
	cr_assert_eq(mkdir(in_dir("more"), 0700), 0);
	put("more/yard.yaml", "cameras:\n  yard: {source: axis 192.0.2.9, overlay: true}\n", 0644);
	cr_assert_eq(check(), 0, "%s", out);
	cr_expect(strstr(out, "/more/yard.yaml:2: warning: camera yard: overlay: is for encoded renditions"), "%s", out);
	put("more/yard.yaml", "cameras:\n  yard: {source: axis 192.0.2.9}\n", 0666);
	cr_assert_eq(chmod(in_dir("more"), 0777), 0);
	cr_assert_eq(check(), 0, "%s", out);
	cr_expect(strstr(out, "/more/yard.yaml: warning: others may change this file (mode 0666)"), "%s", out);
	cr_expect(strstr(out, "warning: others may put files into the folder that is included (mode 0777)"), "%s", out);
	put("old.yaml", SITE("1 MB", "footage"), 0600);
	cr_expect_eq(check_against(NULL), 1, "%s", out);
	cr_expect(strstr(out, "/more/yard.yaml:2: camera yard: "), "%s", out);
	cr_expect_eq(check_against("--json"), 1);
	cr_expect(strstr(out, "/more/yard.yaml\",\"line\":2,"), "%s", out);
}

Test(check, against_says_by_its_exit_whether_a_change_matters)
{
	put("old.yaml", SITE("1 MB", "footage"), 0600);
	cr_expect_eq(check_against(NULL), 0, "%s%s", out, err);
	cr_expect(strstr(out, "old.yaml: nothing changes\n"), "%s", out);
	put("old.yaml", SITE("2 MB", "footage"), 0600);
	cr_expect_eq(check_against(NULL), 1, "%s%s", out, err);
	cr_expect(strstr(out, "deletes\n") && strstr(out, "archive.max_size: 2 MB -> 1 MB"), "%s", out);
	cr_expect_eq(check_against("--json"), 1, "%s%s", out, err);
	cr_expect(out[0] == '{' && strstr(out, "\"line\":5,\"what\":\"site\",\"name\":null,\"rendition\":null,\"key\":\"archive.max_size\""), "%s", out);
	cr_expect_eq(run(cmd_check, ARGS("check", "--against", in_dir("old.yaml"), "-c", in_dir("site.yaml")), "", 0), 1);
}

/* Passwords are compared by what is in the files, so they are read of both. */
Test(check, against_sees_no_change_in_a_password_that_is_the_same)
{
	static const char site[] = SITE("1 MB", "footage") "  yard: {source: 'rtsp://192.0.2.2/', user: u, password_file: pw}\n";

	put("pw", "secret\n", 0600);
	put("site.yaml", site, 0600);
	put("old.yaml", site, 0600);
	cr_expect_eq(check_against(NULL), 0, "%s%s", out, err);
	cr_expect(strstr(out, "old.yaml: nothing changes\n"), "%s", out);
}

Test(check, against_wants_two_good_files)
{
	put("old.yaml", "site: a.example\n", 0600);
	cr_expect_eq(check_against("--json"), 2);
	cr_expect_str_empty(out);
	cr_expect(strstr(err, "old.yaml:1:") && strstr(err, "to mend\n"), "%s", err);
	put("old.yaml", SITE("1 MB", "footage"), 0600);
	break_tls_key();
	cr_expect_eq(check_against(NULL), 2, "%s", out);
	cr_expect(strstr(out, "site.yaml:3: ") && !strstr(out, "nothing changes"), "%s", out);
	remove(in_dir("old.yaml"));
	cr_expect_eq(check_against(NULL), 2);
	cr_expect_eq(run(cmd_check, ARGS("check", "--against", in_dir("site.yaml")), "", 0), 2);
	cr_expect(strstr(err, "--against OLD-FILE NEW-FILE"), "%s", err);
}
