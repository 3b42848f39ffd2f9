/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GStreamer's RTSP server as a camera that we did not write: a peer for the
 * system tests. On loopback; TCP, UDP and TLS; ends with SIGTERM.
 *
 * usage: gst-camera [--user NAME --password-file FILE] [--certificate FILE --key FILE] [--transport tcp|udp] PORT PATH=WHAT...
 *   PORT  0 takes any free one; the first line printed is the port, alone
 *   PATH  as in /cam1
 *   WHAT  "( ... )"   a pipeline as gst-launch writes it, with payloaders pay0, pay1
 *         av:FILE     H.264 and AAC of an mp4 file, in its own time, once through
 *         265:FILE    H.265 of an mp4 file
 *         ulaw:FILE   H.264 of an mp4 file with G.711 sound, a tone
 *         FILE        its H.264 alone
 * With --user it asks for Digest (MD5, all it can) and lets nobody else in; with
 * --certificate and --key (PEM) it speaks TLS alone. A path's viewers share one
 * pipeline, which begins anew when the last has gone.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib-unix.h>
#include <gst/rtsp-server/rtsp-server.h>

#define ROLE "viewer"
#define VIDEO "filesrc location=\"%s\" ! qtdemux name=d d.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1"
#define H265 "filesrc location=\"%s\" ! qtdemux ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=1"
#define TONE "audiotestsrc is-live=true freq=1000 ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0"
#define AUDIO "d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97"

struct options {
	const char *user, *password_file, *certificate, *key, *transport, *port;
	char **mounts;
	int nmounts;
};

static int parse_options(struct options *o, int argc, char **argv)
{
	const struct { const char *name, **value; } known[] = {
		{"--user", &o->user}, {"--password-file", &o->password_file}, {"--certificate", &o->certificate}, {"--key", &o->key},
		{"--transport", &o->transport},
	};
	int i = 1;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
		size_t k = 0;

		while (k < G_N_ELEMENTS(known) && strcmp(argv[i], known[k].name))
			k++;
		if (k == G_N_ELEMENTS(known))
			return -1;
		*known[k].value = argv[i + 1];
	}
	if (argc - i < 2 || !o->user != !o->password_file || !o->certificate != !o->key)
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
	if (!strncmp(what, "265:", 4))
		return g_strdup_printf("( " H265 " )", what + 4);
	if (!strncmp(what, "ulaw:", 5))
		return g_strdup_printf("( " VIDEO " " TONE " )", what + 5);
	return g_strdup_printf("( " VIDEO " )", what);
}

static int add_mount(GstRTSPServer *server, const char *mount, const char *transport)
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
	if (transport)
		gst_rtsp_media_factory_set_protocols(factory, !strcmp(transport, "udp") ? GST_RTSP_LOWER_TRANS_UDP : GST_RTSP_LOWER_TRANS_TCP);
	gst_rtsp_media_factory_add_role(factory, ROLE, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
					GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
	points = gst_rtsp_server_get_mount_points(server);
	gst_rtsp_mount_points_add_factory(points, path, factory);
	g_object_unref(points);
	g_free(line);
	g_free(path);
	return 0;
}

static int ask_for_login(GstRTSPAuth *auth, const struct options *o)
{
	GstRTSPToken *token;
	char *password;

	if (!g_file_get_contents(o->password_file, &password, NULL, NULL))
		return -1;
	password[strcspn(password, "\r\n")] = 0;
	token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, ROLE, NULL);
	gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
	gst_rtsp_auth_add_digest(auth, o->user, password, token);
	gst_rtsp_token_unref(token);
	g_free(password);
	return 0;
}

/* Without a login everybody has the role that may see. */
static void let_everybody_in(GstRTSPAuth *auth)
{
	GstRTSPToken *token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, ROLE, NULL);

	gst_rtsp_auth_set_default_token(auth, token);
	gst_rtsp_token_unref(token);
}

static int speak_tls(GstRTSPAuth *auth, const struct options *o)
{
	GTlsCertificate *certificate = g_tls_certificate_new_from_files(o->certificate, o->key, NULL);

	if (!certificate)
		return -1;
	gst_rtsp_auth_set_tls_certificate(auth, certificate);
	g_object_unref(certificate);
	return 0;
}

static int protect(GstRTSPServer *server, const struct options *o)
{
	GstRTSPAuth *auth;
	int r = 0;

	if (!o->user && !o->certificate)
		return 0;
	auth = gst_rtsp_auth_new();
	if (o->user)
		r = ask_for_login(auth, o);
	else
		let_everybody_in(auth);
	if (!r && o->certificate)
		r = speak_tls(auth, o);
	gst_rtsp_server_set_auth(server, auth);
	g_object_unref(auth);
	return r;
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
		fputs("usage: gst-camera [--user NAME --password-file FILE] [--certificate FILE --key FILE] [--transport tcp|udp] "
		      "PORT PATH=(PIPELINE)|av:FILE|265:FILE|ulaw:FILE|FILE...\n", stderr);
		return 2;
	}
	gst_init(NULL, NULL);
	server = gst_rtsp_server_new();
	loop = g_main_loop_new(NULL, FALSE);
	gst_rtsp_server_set_address(server, "127.0.0.1");
	gst_rtsp_server_set_service(server, o.port);
	for (int i = 0; i < o.nmounts; i++)
		if (add_mount(server, o.mounts[i], o.transport))
			return fail(o.mounts[i], "must be /PATH=WHAT");
	if (protect(server, &o))
		return fail(o.certificate ? o.certificate : o.password_file, "cannot be read");
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
