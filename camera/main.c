/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test camera as a program: `casemate camera` runs it with its own arguments. Options, files, messages. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <libavutil/log.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/text.h"
#include "camera/camera.h"
#include "camera/scene.h"
#include "camera/source.h"

#define PASSWORD_MAX 256
#define EXIT_UNABLE 2

static const char usage[] =
	"usage: casemate camera [OPTIONS] [FILE]\n"
	"A test camera: an RTSP server that shows a drawn scene with a clock, a frame\n"
	"counter and a beep each second, or the H.264 and AAC of FILE in a loop.\n"
	"Prints one rtsp:// address a camera when it is ready; ends with Ctrl-C.\n"
	"\n"
	"  --listen ADDRESS:PORT  literal address; port 0 takes any free one (127.0.0.1:8554)\n"
	"  --count N              cameras /1 to /N, 1 to 256; they share one picture, but each\n"
	"                         client has RTP numbers of its own (1)\n"
	"  --name NAME            shown in the picture and the SDP: a-z, 0-9, - (camera)\n"
	"  --user NAME            ask for this user, by Digest, SHA-512-256, SHA-256 or MD5 ...\n"
	"  --password-file FILE   ... and the password on FILE's first line\n"
	"  --size WIDTHxHEIGHT    of the scene, 640x360 to 4096x2160 (1280x720)\n"
	"  --fps N                of the scene, 1 to 60 (25)\n"
	"  --no-sound             no tone in the scene\n"
	"  --help\n"
	"\n"
	"example: casemate camera --listen 127.0.0.1:0 --count 4\n";

static const char listen_form[] = "must be a literal address and a port, as in 127.0.0.1:8554 or [::1]:8554";

struct options {
	struct camera_settings camera;
	struct source_scene_settings scene;
	struct rtsp_server_login login;
	char password[PASSWORD_MAX + 1];
	const char *listen, *password_file, *file;
	bool help;
};

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "casemate camera: %s: %s\n", what, why);
	return -1;
}

static int parse_number(const char *option, const char *text, unsigned max, unsigned *ret)
{
	uint64_t v;
	char why[64];

	if (text_u64(text, strlen(text), max, &v) || !v) {
		snprintf(why, sizeof why, "must be a number from 1 to %u", max);
		return complain(option, why);
	}
	*ret = (unsigned)v;
	return 0;
}

static int parse_size(const char *text, struct source_scene_settings *scene)
{
	const char *x = strchr(text, 'x');
	uint64_t w, h;

	if (!x || text_u64(text, (size_t)(x - text), SCENE_SIDE_MAX, &w) || text_u64(x + 1, strlen(x + 1), SCENE_SIDE_MAX, &h) ||
	    w < SCENE_WIDTH_MIN || h < SCENE_HEIGHT_MIN || w % 2 || h % 2 || h < w / 2)
		return complain("--size", "must be even numbers from 640x360 up, at most twice as wide as high, as in 1280x720");
	scene->width = (unsigned)w;
	scene->height = (unsigned)h;
	return 0;
}

static bool is_loopback(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
}

/* "1.2.3.4:port" or "[1::2]:port". */
static int parse_listen(const char *text, struct camera_settings *c)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	struct sockaddr_in *in = (struct sockaddr_in *)&c->address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&c->address;
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;
	size_t n = colon ? (size_t)(colon - text) : 0;

	if (!n || n >= sizeof host || text_u64(colon + 1, strlen(colon + 1), 65535, &port))
		return complain("--listen", listen_form);
	memcpy(host, text, n);
	host[n] = 0;
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		c->address_len = sizeof *in;
		return 0;
	}
	if (host[0] != '[' || host[n - 1] != ']')
		return complain("--listen", listen_form);
	host[n - 1] = 0;
	if (inet_pton(AF_INET6, host + 1, &in6->sin6_addr) != 1)
		return complain("--listen", listen_form);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	c->address_len = sizeof *in6;
	return 0;
}

static int read_password(struct options *o)
{
	struct buf b;
	size_t n;
	int e;

	buf_init(&b, 4096);
	e = io_read_file(AT_FDCWD, o->password_file, &b);
	for (n = 0; !e && n < b.len && !strchr("\r\n", buf_data(&b)[n]);)
		n++;
	if (e)
		complain(o->password_file, strerror(-e));
	else if (!n || n > PASSWORD_MAX)
		e = complain(o->password_file, "its first line must hold the password, 1 to 256 bytes");
	else
		memcpy(o->password, buf_data(&b), n);
	if (b.mem)
		explicit_bzero(b.mem, b.cap);
	buf_free(&b);
	return e ? -1 : 0;
}

enum option_code { OPT_LISTEN = 256, OPT_COUNT, OPT_NAME, OPT_USER, OPT_PASSWORD_FILE, OPT_SIZE, OPT_FPS, OPT_NO_SOUND, OPT_HELP };

static const struct option long_options[] = {
	{"listen", required_argument, NULL, OPT_LISTEN}, {"count", required_argument, NULL, OPT_COUNT},
	{"name", required_argument, NULL, OPT_NAME}, {"user", required_argument, NULL, OPT_USER},
	{"password-file", required_argument, NULL, OPT_PASSWORD_FILE}, {"size", required_argument, NULL, OPT_SIZE},
	{"fps", required_argument, NULL, OPT_FPS}, {"no-sound", no_argument, NULL, OPT_NO_SOUND},
	{"help", no_argument, NULL, OPT_HELP}, {0},
};

static int take_option(struct options *o, int code)
{
	switch (code) {
	case OPT_LISTEN:
		o->listen = optarg;
		return 0;
	case OPT_COUNT:
		return parse_number("--count", optarg, CAMERA_COUNT_MAX, &o->camera.count);
	case OPT_NAME:
		o->camera.name = o->scene.name = optarg;
		return text_is_name(optarg, strlen(optarg)) ? 0 : complain("--name", "must be 1 to 32 of a-z, 0-9 and -");
	case OPT_USER:
		o->login.user = optarg;
		return *optarg ? 0 : complain("--user", "must not be empty");
	case OPT_PASSWORD_FILE:
		o->password_file = optarg;
		return 0;
	case OPT_SIZE:
		return parse_size(optarg, &o->scene);
	case OPT_FPS:
		return parse_number("--fps", optarg, SOURCE_FPS_MAX, &o->scene.fps);
	case OPT_NO_SOUND:
		o->scene.sound = false;
		return 0;
	case OPT_HELP:
	case 'h':
		o->help = true;
		return 0;
	default:
		fputs("casemate camera: see casemate camera --help\n", stderr);
		return -1;
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int code;

	*o = (struct options){
		.camera = {.count = 1, .name = "camera"}, .listen = "127.0.0.1:8554",
		.scene = {.width = 1280, .height = 720, .fps = 25, .sound = true, .name = "camera"},
		.login = {.realm = "casemate test camera"},
	};
	while ((code = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
		if (take_option(o, code))
			return -1;
	if (o->help)
		return 0;
	if (argc - optind > 1)
		return complain(argv[optind + 1], "one FILE at most");
	o->file = argv[optind];
	if (!o->login.user != !o->password_file)
		return complain("--user", "goes together with --password-file");
	if (o->password_file) {
		if (read_password(o))
			return -1;
		o->login.password = o->password;
		o->camera.login = &o->login;
	}
	if (parse_listen(o->listen, &o->camera))
		return -1;
	if (!is_loopback(&o->camera.address))
		complain(o->listen, "not a loopback address: others on the network can reach this camera");
	return 0;
}

static int open_source(const struct options *o, struct source **ret)
{
	const char *why, *note = NULL;
	int e;

	if (!o->file) {
		e = source_open_scene(ret, &o->scene);
		return e ? complain("the scene cannot be made", strerror(-e)) : 0;
	}
	if (source_open_file(ret, o->file, &why, &note))
		return complain(o->file, why);
	if (note)
		complain(o->file, note);
	return 0;
}

static int explain_listen(const char *listen, int e)
{
	const char *port = strrchr(listen, ':') + 1;

	if (e == -EADDRINUSE)
		fprintf(stderr, "casemate camera: %s is in use: `ss -ltnp 'sport = :%s'` shows by whom; or choose another with "
			"--listen (port 0: any free one)\n", listen, port);
	else if (e == -EADDRNOTAVAIL)
		complain(listen, "not an address of this machine; `ip address` lists them");
	else
		complain(listen, strerror(-e));
	return EXIT_UNABLE;
}

static void print_addresses(const struct camera *c, const char *listen)
{
	int host = (int)(strrchr(listen, ':') - listen);

	for (unsigned i = 1; i <= c->settings.count; i++)
		printf("rtsp://%.*s:%u/%u\n", host, listen, camera_port(c), i);
	fflush(stdout);
}

static int serve(const struct options *o, struct source *source)
{
	static struct camera camera;
	int e = camera_open(&camera, &o->camera, source);

	if (e) {
		camera_close(&camera);
		return explain_listen(o->listen, e);
	}
	print_addresses(&camera, o->listen);
	e = camera_run(&camera);
	camera_close(&camera);
	if (e)
		complain(o->file ? o->file : "the scene", e == -EIO ? "can be read no further" : strerror(-e));
	return e ? EXIT_UNABLE : 0;
}

int main(int argc, char **argv)
{
	static struct options o;
	struct rlimit no_core = {0};
	struct source *source = NULL;
	int status;

	setrlimit(RLIMIT_CORE, &no_core);  /* the password is in memory */
	av_log_set_level(AV_LOG_FATAL);
	if (parse_options(&o, argc, argv))
		return EXIT_UNABLE;
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	if (open_source(&o, &source))
		return EXIT_UNABLE;
	status = serve(&o, source);
	source_free(&source);
	explicit_bzero(o.password, sizeof o.password);
	return status;
}
