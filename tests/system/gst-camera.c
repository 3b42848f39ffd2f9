/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GStreamer's RTSP server as a camera that we did not write: a peer for the
 * system tests. On loopback; TCP and UDP; ends with SIGTERM.
 *
 * usage: gst-camera [--user NAME --password-file FILE] PORT PATH=WHAT...
 *   PORT  0 takes any free one; the first line printed is the port, alone
 *   PATH  as in /cam1
 *   WHAT  "( ... )"   a pipeline as gst-launch writes it, with payloaders pay0, pay1
 *         av:FILE     H.264 and AAC of an mp4 file, in its own time, once through
 *         FILE        its H.264 alone
 * With --user it asks for Digest (MD5, all it can) and lets nobody else in. A
 * path's viewers share one pipeline, which begins anew when the last has gone.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib-unix.h>
#include <gst/rtsp-server/rtsp-server.h>

#define ROLE "viewer"
#define VIDEO "filesrc location=\"%s\" ! qtdemux name=d d.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1"
#define AUDIO "d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97"

struct options {
	const char *user, *password_file, *port;
	char **mounts;
	int nmounts;
};

static int parse_options(struct options *o, int argc, char **argv)
{
	int i = 1;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
		if (!strcmp(argv[i], "--user"))
			o->user = argv[i + 1];
		else if (!strcmp(argv[i], "--password-file"))
			o->password_file = argv[i + 1];
		else
			return -1;
	}
	if (argc - i < 2 || !o->user != !o->password_file)
		return -1;
	o->port = argv[i];
	o->mounts = argv + i + 1;
	o->nmounts = argc - i - 1;
	return 0;
}

static char *launch_line(const char *what)
{
	if (what[0] == '(')
		return g_strdup(what);
	if (!strncmp(what, "av:", 3))
		return g_strdup_printf("( " VIDEO " " AUDIO " )", what + 3);
	return g_strdup_printf("( " VIDEO " )", what);
}

static int add_mount(GstRTSPServer *server, const char *mount)
{
	const char *equals = strchr(mount, '=');
	GstRTSPMountPoints *points;
	GstRTSPMediaFactory *factory;
	char *path, *line;

	if (mount[0] != '/' || !equals)
		return -1;
	path = g_strndup(mount, (gsize)(equals - mount));
	line = launch_line(equals + 1);
	factory = gst_rtsp_media_factory_new();
	gst_rtsp_media_factory_set_launch(factory, line);
	gst_rtsp_media_factory_set_shared(factory, TRUE);
	gst_rtsp_media_factory_add_role(factory, ROLE, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
					GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
	points = gst_rtsp_server_get_mount_points(server);
	gst_rtsp_mount_points_add_factory(points, path, factory);
	g_object_unref(points);
	g_free(line);
	g_free(path);
	return 0;
}

static int ask_for_login(GstRTSPServer *server, const struct options *o)
{
	GstRTSPAuth *auth;
	GstRTSPToken *token;
	char *password;

	if (!g_file_get_contents(o->password_file, &password, NULL, NULL))
		return -1;
	password[strcspn(password, "\r\n")] = 0;
	auth = gst_rtsp_auth_new();
	token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, ROLE, NULL);
	gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
	gst_rtsp_auth_add_digest(auth, o->user, password, token);
	gst_rtsp_server_set_auth(server, auth);
	gst_rtsp_token_unref(token);
	g_object_unref(auth);
	g_free(password);
	return 0;
}

static gboolean stop(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "gst-camera: %s: %s\n", what, why);
	return 2;
}

int main(int argc, char **argv)
{
	struct options o = {0};
	GstRTSPServer *server;
	GMainLoop *loop;

	if (parse_options(&o, argc, argv)) {
		fputs("usage: gst-camera [--user NAME --password-file FILE] PORT PATH=(PIPELINE)|av:FILE|FILE...\n", stderr);
		return 2;
	}
	gst_init(NULL, NULL);
	server = gst_rtsp_server_new();
	loop = g_main_loop_new(NULL, FALSE);
	gst_rtsp_server_set_address(server, "127.0.0.1");
	gst_rtsp_server_set_service(server, o.port);
	for (int i = 0; i < o.nmounts; i++)
		if (add_mount(server, o.mounts[i]))
			return fail(o.mounts[i], "must be /PATH=WHAT");
	if (o.user && ask_for_login(server, &o))
		return fail(o.password_file, "cannot be read");
	if (!gst_rtsp_server_attach(server, NULL))
		return fail(o.port, "cannot listen on this port");
	printf("%d\n", gst_rtsp_server_get_bound_port(server));
	fflush(stdout);
	g_unix_signal_add(SIGTERM, stop, loop);
	g_unix_signal_add(SIGINT, stop, loop);
	g_main_loop_run(loop);
	g_main_loop_unref(loop);
	g_object_unref(server);
	return 0;
}
