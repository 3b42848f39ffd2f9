/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate top: what the running server does, live. The terminal is left as it was found, however it ends. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "conf/site.h"
#include "server/ask.h"
#include "server/commands.h"
#include "server/top_view.h"

#define REFRESH_US 1000000
#define ENTER "\033[?1049h\033[?25l"     /* a screen of its own, no cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME "\033[H"
#define CLEAR_REST "\033[J"
#define CLEAR_LINE "\033[K"

static struct termios found;
static volatile sig_atomic_t over;

static const char usage[] =
	"usage: casemate top [-c SITE.yaml | -s SOCKET]\n"
	"What the running server does, once a second, on the whole terminal.\n"
	"  -c, --config FILE   the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	"  -s, --socket PATH   the server's local socket, instead of reading the site file\n"
	"Keys: c r l a n sort by cpu, rate, loss, age of the newest recording, name; space, b, j, k scroll; q ends.\n"
	"Exit: 0 ended, 1 the server does not run, 2 usage, no such file, or no terminal.\n";

static void on_end(int sig)
{
	over = 1;
}

static void on_change(int sig)
{
	/* the wait ends, and a screen of the new size is drawn */
}

/* Signals keep their keys: what ends or stops a program does so here. */
static void enter(void)
{
	struct termios raw = found;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	io_write_all(STDOUT_FILENO, ENTER, sizeof ENTER - 1);
}

static void leave(void)
{
	io_write_all(STDOUT_FILENO, LEAVE, sizeof LEAVE - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &found);
}

static void catch_signals(sigset_t *ret_open)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
	struct sigaction end = {.sa_handler = on_end}, change = {.sa_handler = on_change};
	sigset_t shut;

	sigemptyset(&shut);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		sigaction(ends[i], &end, NULL);
		sigaddset(&shut, ends[i]);
	}
	sigaction(SIGWINCH, &change, NULL);
	sigaddset(&shut, SIGWINCH);
	signal(SIGTSTP, SIG_IGN);  /* what is on the screen would stay there */
	sigprocmask(SIG_BLOCK, &shut, ret_open);
}

static void size_of(unsigned *rows, unsigned *columns)
{
	struct winsize size = {0};
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row && size.ws_col;

	*rows = known ? size.ws_row : 24;
	*columns = known ? size.ws_col : 80;
}

/* Each line's rest is cleared, so that nothing flickers; no line feed at the end, which would scroll. */
static int draw(struct top *t)
{
	unsigned rows, columns;
	struct buf text, out;
	int rc;

	size_of(&rows, &columns);
	buf_init(&text, 1u << 20);
	buf_init(&out, 2u << 20);
	top_draw(t, rows, columns, &text);
	buf_append_str(&out, HOME);
	for (size_t i = 0; i < text.len; i++) {
		const char *c = (const char *)buf_data(&text) + i;

		if (*c == '\n')
			buf_append_str(&out, i + 1 < text.len ? CLEAR_LINE "\r\n" : CLEAR_LINE);
		else
			buf_append(&out, c, 1);
	}
	buf_append_str(&out, CLEAR_REST);
	rc = io_write_all(STDOUT_FILENO, buf_data(&out), out.len);
	buf_free(&text);
	buf_free(&out);
	return rc;
}

static int refresh(struct top *t, const char *path)
{
	struct buf answer;
	int rc;

	buf_init(&answer, ASK_ANSWER_MAX);
	rc = ask_server(path, "top\n", &answer);
	if (!rc)
		rc = top_take(t, (const char *)buf_data(&answer), answer.len, clock_mono_us());
	buf_free(&answer);
	return rc;
}

/* Waits until then for keys. Whether it goes on. */
static bool take_keys(struct top *t, const sigset_t *open, int64_t until_us)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	int64_t left_us = until_us - clock_mono_us();
	struct timespec wait = {left_us > 0 ? left_us / 1000000 : 0, left_us > 0 ? left_us % 1000000 * 1000 : 0};
	unsigned rows, columns;
	char key;

	if (ppoll(&in, 1, &wait, open) <= 0)
		return true;
	if (read(STDIN_FILENO, &key, 1) != 1)
		return false;
	size_of(&rows, &columns);
	return top_key(t, key, rows / 2);
}

static int show(struct top *t, const char *path, const sigset_t *open)
{
	int64_t due_us = clock_mono_us() + REFRESH_US;
	int rc = draw(t);

	while (!rc && !over) {
		if (!take_keys(t, open, due_us))
			break;
		if (clock_mono_us() >= due_us) {
			rc = refresh(t, path);
			due_us = clock_mono_us() + REFRESH_US;
		}
		if (!rc && !over)
			rc = draw(t);
	}
	return rc;
}

static int run(const char *path)
{
	struct top *t = calloc(1, sizeof *t);
	sigset_t open;
	int rc = t ? refresh(t, path) : -ENOMEM;

	if (!rc) {
		catch_signals(&open);
		enter();
		rc = show(t, path, &open);
		leave();
	}
	if (rc)
		ask_complain("top", path, rc);
	free(t);
	return rc != 0;
}

int cmd_top(int argc, char **argv)
{
	const char *config = SITE_FILE_DEFAULT, *socket = NULL;
	const struct options_row rows[] = {{"config", 'c', .value = &config}, {"socket", 's', .value = &socket}, {0}};
	char path[ASK_PATH];
	int status;

	if (!options_read("top", usage, rows, 0, argc, argv, &status))
		return status;
	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &found) < 0) {
		fputs("casemate top: this is no terminal: casemate status tells the same once\n", stderr);
		return 2;
	}
	return ask_site("top", config, socket, path) ? 2 : run(path);
}
