/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GStreamer as a viewer by RTSP: a peer for the system tests. Decodes H.264 and
 * AAC by TCP, each stream in a branch of its own.
 *
 * usage: gst-viewer URL USER PASSWORD PICTURES FRAMES
 * Ends with 0 and "pictures P frames F" when so many of both are decoded (0 and 0:
 * with SIGTERM alone), and with 1, saying why, at the first warning or error before that.
 *
 * It is no gst-launch since that cannot be relied upon with two streams: rtspsrc adds their pads
 * from two threads, gst_parse_launch's delayed links are tried at each pad by both, and a try with
 * a filter occupies the depayloader's pad until it has failed. The right pad, tried meanwhile, is refused
 * and never tried again: "Delayed linking failed", or nothing at all (1.22).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <gst/gst.h>

#define STREAMS 2

struct stream {
	const char *media, *branch;
	GstElement *bin;
	gint want, decoded;
};

struct viewer {
	GMainLoop *loop;
	GstElement *pipeline, *source;
	struct stream stream[STREAMS];
	int status;
};

static void on_decoded(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer ctx)
{
	struct stream *s = ctx;

	g_atomic_int_inc(&s->decoded);
}

/* Each pad has the caps of its stream already, and goes to its branch alone. */
static void on_pad(GstElement *source, GstPad *pad, gpointer ctx)
{
	struct viewer *v = ctx;
	GstCaps *caps = gst_pad_get_current_caps(pad);
	const char *media = caps ? gst_structure_get_string(gst_caps_get_structure(caps, 0), "media") : NULL;

	for (unsigned i = 0; i < STREAMS; i++)
		if (!g_strcmp0(media, v->stream[i].media)) {
			GstPad *sink = gst_element_get_static_pad(v->stream[i].bin, "sink");

			if (GST_PAD_LINK_FAILED(gst_pad_link(pad, sink)))
				GST_ELEMENT_ERROR(source, CORE, NEGOTIATION, (NULL), ("%s cannot be linked", media));
			gst_object_unref(sink);
		}
	if (caps)
		gst_caps_unref(caps);
}

static gboolean on_message(GstBus *bus, GstMessage *m, gpointer ctx)
{
	struct viewer *v = ctx;
	GError *error = NULL;
	char *more = NULL;

	switch (GST_MESSAGE_TYPE(m)) {
	case GST_MESSAGE_ERROR:
		gst_message_parse_error(m, &error, &more);
		break;
	case GST_MESSAGE_WARNING:
		gst_message_parse_warning(m, &error, &more);
		break;
	case GST_MESSAGE_EOS:
		fprintf(stderr, "gst-viewer: the stream has ended\n");
		break;
	default:
		return TRUE;
	}
	if (error)
		fprintf(stderr, "gst-viewer: %s: %s\n", error->message, more ? more : "");
	g_clear_error(&error);
	g_free(more);
	v->status = 1;
	g_main_loop_quit(v->loop);
	return FALSE;
}

static gboolean on_signal(gpointer ctx)
{
	struct viewer *v = ctx;

	g_main_loop_quit(v->loop);
	return G_SOURCE_REMOVE;
}

static bool has_enough(struct viewer *v)
{
	bool asked = false;

	for (unsigned i = 0; i < STREAMS; i++) {
		asked |= v->stream[i].want > 0;
		if (g_atomic_int_get(&v->stream[i].decoded) < v->stream[i].want)
			return false;
	}
	return asked;
}

static gboolean look(gpointer ctx)
{
	struct viewer *v = ctx;

	if (has_enough(v))
		g_main_loop_quit(v->loop);
	return G_SOURCE_CONTINUE;
}

static bool add_stream(struct viewer *v, struct stream *s)
{
	GError *error = NULL;
	GstElement *sink;

	s->bin = gst_parse_bin_from_description(s->branch, TRUE, &error);
	if (error) {
		fprintf(stderr, "gst-viewer: %s\n", error->message);
		return false;
	}
	sink = gst_bin_get_by_name(GST_BIN(s->bin), "decoded");
	g_signal_connect(sink, "handoff", G_CALLBACK(on_decoded), s);
	gst_object_unref(sink);
	return gst_bin_add(GST_BIN(v->pipeline), s->bin);
}

static bool set_up(struct viewer *v, char **argv)
{
	GstBus *bus;

	v->loop = g_main_loop_new(NULL, FALSE);
	v->pipeline = gst_pipeline_new(NULL);
	v->source = gst_element_factory_make("rtspsrc", NULL);
	if (!v->source) {
		fprintf(stderr, "gst-viewer: no rtspsrc\n");
		return false;
	}
	g_object_set(v->source, "location", argv[1], "user-id", argv[2], "user-pw", argv[3], "latency", 200, NULL);
	gst_util_set_object_arg(G_OBJECT(v->source), "protocols", "tcp");
	gst_util_set_object_arg(G_OBJECT(v->source), "tls-validation-flags", "0");
	g_signal_connect(v->source, "pad-added", G_CALLBACK(on_pad), v);
	gst_bin_add(GST_BIN(v->pipeline), v->source);
	for (unsigned i = 0; i < STREAMS; i++)
		if (!add_stream(v, &v->stream[i]))
			return false;
	bus = gst_element_get_bus(v->pipeline);
	gst_bus_add_watch(bus, on_message, v);
	gst_object_unref(bus);
	g_unix_signal_add(SIGTERM, on_signal, v);
	g_timeout_add(50, look, v);
	return true;
}

int main(int argc, char **argv)
{
	struct viewer v = {.stream = {
		{.media = "video", .branch = "rtph264depay ! h264parse ! avdec_h264 ! fakesink name=decoded sync=false async=false signal-handoffs=true"},
		{.media = "audio", .branch = "rtpmp4gdepay ! avdec_aac ! fakesink name=decoded sync=false async=false signal-handoffs=true"}}};

	gst_init(&argc, &argv);
	if (argc != 6) {
		fprintf(stderr, "usage: gst-viewer URL USER PASSWORD PICTURES FRAMES\n");
		return 2;
	}
	for (unsigned i = 0; i < STREAMS; i++)
		v.stream[i].want = atoi(argv[4 + i]);
	if (!set_up(&v, argv))
		return 2;
	gst_element_set_state(v.pipeline, GST_STATE_PLAYING);
	g_main_loop_run(v.loop);
	gst_element_set_state(v.pipeline, GST_STATE_NULL);
	printf("pictures %d frames %d\n", v.stream[0].decoded, v.stream[1].decoded);
	gst_object_unref(v.pipeline);
	g_main_loop_unref(v.loop);
	return v.status;
}
