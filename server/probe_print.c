/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ingest may have been taken over by the very camera: its texts are escaped, its numbers are numbers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "media/codec_string.h"
#include "net/rtsp_client.h"
#include "net/rtsp_quirk.h"
#include "net/vendor.h"
#include "server/probe.h"
#include "server/status_inner.h"

#define CLOCK_WRONG_US 2000000  /* worth a word */

/* In YAML's single quotes, in which only they are special. */
static int append_quoted(struct buf *out, const char *key, const char *value)
{
	int rc = buf_append_fmt(out, "    %s: '", key);

	for (; *value && !rc; value++)
		rc = *value == '\'' ? buf_append_str(out, "''") : buf_append(out, value, 1);
	return rc ? rc : buf_append_str(out, "'\n");
}

static const char *snippet_transport(const struct probe_options *o, const struct probe_found *f)
{
	if (o->transport)
		return o->transport;
	return f && f->state.transport == SITE_TRANSPORT_UDP ? "udp" : NULL;
}

int probe_snippet(const struct probe_options *o, const char *url, const struct probe_found *f, struct buf *out)
{
	const char *transport = snippet_transport(o, f);
	char file[64];
	int rc = buf_append_fmt(out, "  %s:\n", o->name);

	if (!rc)
		rc = append_quoted(out, "source", url);
	if (!rc && o->user)
		rc = append_quoted(out, "user", o->user);
	if (!rc && o->user) {
		snprintf(file, sizeof file, "secrets/%s.txt", o->name);
		rc = append_quoted(out, "password_file", o->password_file ? o->password_file : file);
	}
	if (!rc && transport)
		rc = append_quoted(out, "transport", transport);
	if (!rc && o->fingerprint)
		rc = append_quoted(out, "fingerprint", o->fingerprint);
	if (!rc && o->ca)
		rc = append_quoted(out, "ca", o->ca);
	if (!rc && o->unverified)
		rc = buf_append_str(out, "    unverified: true\n");
	if (!rc && o->allow_basic && (!f || f->offer.login == RTSP_CLIENT_BASIC))
		rc = buf_append_str(out, "    allow_basic: true\n");
	if (!rc && f && f->has_offer && f->offer.login > RTSP_CLIENT_MD5)
		rc = buf_append_str(out, "    allow_md5: false\n");
	if (!rc && f && f->state.video == CODEC_H265)
		rc = buf_append_str(out, "    renditions:  # H.264, for browsers without H.265\n      small: {size: 1280x720, bitrate: 2 Mb/s}\n");
	return rc;
}

static const char *login_name(unsigned login)
{
	static const char *const name[MSG_LOGINS] = {"none: anybody who reaches it can watch", "Basic: the password goes in the clear",
		"Digest MD5", "Digest SHA-256", "Digest SHA-512-256"};

	return login < MSG_LOGINS ? name[login] : "?";
}

static void print_video(FILE *to, const struct msg_camera_state *s)
{
	const char *codec = codec_name((enum codec)s->video);

	if (!codec) {
		fprintf(to, "video      none\n");
		return;
	}
	fprintf(to, "video      %s %ux%u, profile %u level %u, %.1f pictures/s, %.2f Mb/s", codec, s->width, s->height, s->profile, s->level,
		s->fps_milli / 1000.0, s->rate_bps / 1e6);
	if (s->key_interval_ms)
		fprintf(to, ", a key frame each %.1f s\n", s->key_interval_ms / 1000.0);
	else
		fprintf(to, ", no second key frame yet: a smart codec, or a very long distance (set it to 2 s in the camera)\n");
}

static void print_audio(FILE *to, const struct msg_camera_state *s)
{
	const char *codec = codec_name((enum codec)s->audio);

	fprintf(to, "audio      %s%s\n", codec ? codec : "none", codec && !codec_is_packaged((enum codec)s->audio) ? "; viewers get AAC made of it" : "");
}

static void print_clock(FILE *to, const struct msg_camera_state *s)
{
	if (s->clock != CLOCK_RTCP && !s->clock_offset_us)
		fprintf(to, "clock      it sends no time, so footage is dated by its arrival here\n");
	else
		fprintf(to, "clock      %.3f s %s ours%s\n", (double)llabs((long long)s->clock_offset_us) / 1e6, s->clock_offset_us < 0 ? "behind" : "ahead of",
			llabs((long long)s->clock_offset_us) > CLOCK_WRONG_US ? ": set NTP in the camera" : "");
}

static void print_offer(FILE *to, const struct msg_camera_offer *m, bool plays)
{
	const char *by = NULL, *vendor = vendor_name(&(struct vendor_guess){m->signs}, &by);
	char media[4 * sizeof m->media];

	if (vendor)
		fprintf(to, "maker      probably %s, by %s\n", vendor, by);
	else
		fprintf(to, "maker      not known\n");
	if (plays || m->login)
		fprintf(to, "login      %s\n", login_name(m->login));
	text_escape(m->media, strlen(m->media), media, sizeof media);
	if (*media)
		fprintf(to, "offers     %s\n", media);
	for (unsigned bit = 0; bit < RTSP_QUIRKS; bit++)
		if (m->quirks >> bit & 1)
			fprintf(to, "quirk      %s\n", rtsp_quirk_text((enum rtsp_quirk)bit));
}

static void print_lines(FILE *to, const struct probe_options *o, const char *url, const struct probe_found *f)
{
	struct buf text;

	buf_init(&text, 16384);
	if (probe_snippet(o, url, f, &text) == 0)
		fprintf(to, "\n# for the site file%s%s%s:\ncameras:\n%.*s", o->user && !o->password_file ? "; the password is the first line of secrets/" : "",
			o->user && !o->password_file ? o->name : "", o->user && !o->password_file ? ".txt (chmod 600)" : "", (int)text.len,
			(const char *)buf_data(&text));
	buf_free(&text);
}

void probe_print(FILE *to, const struct probe_options *o, const char *url, const struct probe_found *f)
{
	const struct msg_camera_state *s = &f->state;
	char left_out[4 * sizeof s->left_out];

	fprintf(to, "address    %s\n", url);
	if (f->has_offer)
		print_offer(to, &f->offer, true);
	print_video(to, s);
	print_audio(to, s);
	text_escape(s->left_out, strlen(s->left_out), left_out, sizeof left_out);
	if (*left_out)
		fprintf(to, "left out   %s\n", left_out);
	fprintf(to, "transport  %s%s\n", s->transport == SITE_TRANSPORT_UDP ? "udp" : "tcp", s->tls ? " inside TLS" : ", in the clear");
	print_clock(to, s);
	fprintf(to, "packets    %" PRIu64 ", %" PRIu64 " lost, %" PRIu64 " out of order; %" PRIu64 " timestamps mended\n", s->packets, s->lost, s->reordered, s->mended);
	print_lines(to, o, url, f);
}

void probe_print_failure(FILE *to, const char *url, const struct probe_found *f)
{
	char detail[4 * sizeof f->state.detail];
	const char *mend = status_advice(f->state.why);

	text_escape(f->state.detail, strlen(f->state.detail), detail, sizeof detail);
	fprintf(to, "%s: %s%s%s\n", url, f->state.why < GAP_WHY_COUNT && f->state.why ? gap_why_name((enum gap_why)f->state.why) : "no answer in time",
		*detail ? ": " : "", detail);
	if (mend && !*detail)
		fprintf(to, "%s\n", mend);
	if (f->has_offer)
		print_offer(to, &f->offer, false);
	if (f->state.why == GAP_AUTHENTICATION && f->has_offer && !f->offer.login)
		fprintf(to, "casemate probe --user NAME asks you for the password.\n");
}
