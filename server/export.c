/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate export: a camera's footage of a time, as files that prove themselves. Runs as who runs the server, on its machine. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/options.h"
#include "conf/complaint.h"
#include "conf/site.h"
#include "seal/clip.h"
#include "server/ask.h"
#include "server/export_out.h"
#include "server/verify_source.h"
#include "web/web.h"

#define CHECKPOINT_WAIT_S 60
#define TELL_MAX (8u << 20)

static const char usage_text[] =
	"usage: casemate export --camera NAME --from T --to T -o FOLDER [options]\n"
	"\n"
	"Copies a camera's footage of a time out of the archive: playable files of the very\n"
	"bytes that were sealed, whole segments, with the proofs of them and of what is\n"
	"missing, a report, and verify.html to check it all. The log gets an entry of it.\n"
	"Run it as the user who runs the server, while the server runs.\n"
	"\n"
	"  --camera NAME         whose footage\n"
	"  --from T, --to T      of this time: 2026-11-22T15:30:00Z (UTC)\n"
	"  -o, --output FOLDER   where to; it must not be there, or be empty\n"
	"  --zip FILE            as one file, instead or as well\n"
	"  -c, --config FILE     the site file that the server was started with (default " SITE_FILE_DEFAULT ")\n"
	"  --rendition NAME      other than the camera's own pictures (copy), if it is archived\n"
	"  --no-audio            without the camera's sound\n"
	"  --wait-for-witnesses  until as many as the site needs have cosigned the footage\n"
	"  --help\n"
	"\n"
	"Exit status: 0 all is there and holds; 1 something of that time is missing or was\n"
	"changed, which the report says; 2 nothing could be exported.\n";

struct options {
	const char *camera, *rendition, *config, *folder, *zip;
	bool silent, witnessed;
	int64_t from_us, to_us;
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "casemate export: %s: %s\n", what, why);
	return 2;
}

static int usage(const char *what, const char *why)
{
	fail(what, why);
	fputs("casemate export --help says more\n", stderr);
	return 2;
}

static int read_time(const char *s, int64_t *ret)
{
	return clock_parse(s, strlen(s), ret) ? usage(s, "not a time; write it as 2026-11-22T15:30:00Z (UTC)") : 0;
}

/* True: *o is what was asked for. False: the command ends with *ret_status. */
static bool read_options(int argc, char **argv, struct options *o, int *ret_status)
{
	const char *from = NULL, *to = NULL;
	const struct options_row rows[] = {{"camera", .value = &o->camera}, {"from", .value = &from}, {"to", .value = &to}, {"output", 'o', .value = &o->folder},
		{"zip", .value = &o->zip}, {"config", 'c', .value = &o->config}, {"rendition", .value = &o->rendition}, {"no-audio", .flag = &o->silent},
		{"wait-for-witnesses", .flag = &o->witnessed}, {0}};

	if (!options_read("export", usage_text, rows, 0, argc, argv, ret_status))
		return false;
	if (!o->camera || !from || !to)
		*ret_status = usage("--camera, --from and --to", "say whose footage, and of what time");
	else if (!o->folder && !o->zip)
		*ret_status = usage("-o FOLDER", "or --zip FILE says where it goes");
	else
		*ret_status = read_time(from, &o->from_us);
	if (!*ret_status)
		*ret_status = read_time(to, &o->to_us);
	if (!*ret_status && o->from_us >= o->to_us)
		*ret_status = usage("--from", "is not earlier than --to");
	return !*ret_status;
}

static struct site *load_site(const char *file)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct site *site = NULL;

	if (!report)
		fail(file, strerror(ENOMEM));
	else if (site_load(file, &site, report) < 0)
		complaint_print(stderr, file, report);
	free(report);
	return site;
}

/* The public key that lies beside the private one; "" when it does not, and then the log's own word is taken. */
static void read_key(const struct site *site, char out[KEY_VKEY])
{
	struct key_public k;
	char path[4096];
	struct buf b;

	*out = 0;
	buf_init(&b, KEY_FILE_MAX);
	if ((size_t)snprintf(path, sizeof path, "%s.pub", site->key) < sizeof path && io_read_file(AT_FDCWD, path, &b) == 0 &&
	    key_parse_vkey((const char *)buf_data(&b), b.len, &k, NULL) == 0)
		key_vkey(&k, out);
	buf_free(&b);
}

static void show_progress(const struct clip *c, const char *doing)
{
	static int64_t last_us;
	int64_t now_us = clock_mono_us();
	struct clip_progress p;

	if (!isatty(STDERR_FILENO) || now_us - last_us < 200000)
		return;
	last_us = now_us;
	clip_progress(c, &p);
	fprintf(stderr, "\r%s: %" PRIu64 " of %" PRIu64 " segments, %.1f MB \033[K", doing, p.segments, p.of, (double)p.bytes / 1e6);
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* Finds and hashes all of it. 0, or 2 after a message. */
static int look(struct clip *c, const char *what)
{
	int rc;

	while ((rc = clip_look(c)) == 1)
		show_progress(c, "checking");
	clear_progress();
	return rc ? fail(what, clip_why(c)) : 0;
}

/* The server's answer says why not, behind its first line. */
static int refused(const struct buf *answer)
{
	const char *text = answer->len ? (const char *)buf_data(answer) : "";
	const char *end = memchr(text, '\n', answer->len);
	int n = end ? (int)(answer->len - (size_t)(end + 1 - text)) : 0;

	fprintf(stderr, "casemate export: the server refuses: %.*s", n, end ? end + 1 : "");
	return 2;
}

/* Has the server log one export. 0, or 2 after a message. */
static int ask_entry(const char *socket_path, const struct entry_export *e)
{
	char question[ASK_QUESTION_MAX], from[CLOCK_TEXT], to[CLOCK_TEXT], beside[ENTRY_NAME + 2 * sizeof " 9007199254740992"] = "";
	const struct entry_beside *b = &e->beside;
	struct buf answer;
	int rc;

	clock_text(e->from_us, from);
	clock_text(e->to_us, to);
	if (*b->rendition)
		snprintf(beside, sizeof beside, " %s %" PRIu64 " %" PRIu64, b->rendition, b->segments, b->bytes);
	snprintf(question, sizeof question, ASK_EXPORT "%s %s %s %s %" PRIu64 " %" PRIu64 "%s\n", e->camera, e->rendition, from, to, e->segments, e->bytes,
		beside);
	buf_init(&answer, ASK_ANSWER_MAX);
	rc = ask_server(socket_path, question, &answer);
	if (rc) {
		ask_complain("export", socket_path, rc);
		fputs("An export is an entry of the log, so the server must run.\n", stderr);
		rc = 2;
	} else if (answer.len < strlen(ASK_DONE) || memcmp(buf_data(&answer), ASK_DONE, strlen(ASK_DONE)) != 0) {
		rc = refused(&answer);
	}
	buf_free(&answer);
	return rc;
}

/* Witnesses come when they come: nothing is logged or made before they have. 0, or 2 after a message. */
static int wait_for_witnesses(struct clip *c, const char *what)
{
	bool told = false;
	int rc;

	while ((rc = clip_witnessed(c, clock_wall_us())) == -EAGAIN) {
		if (!told)
			fputs("casemate export: waiting until enough witnesses have cosigned this footage; nothing is written or logged before\n", stderr);
		told = true;
		nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	}
	return rc ? fail(what, clip_why(c)) : 0;
}

/* Waits until a checkpoint covers the entries. 0, or 2 after a message. */
static int prove(struct clip *c, const char *what)
{
	int64_t until_us = clock_mono_us() + CHECKPOINT_WAIT_S * INT64_C(1000000);
	int rc;

	while ((rc = clip_prove(c)) == -EAGAIN && clock_mono_us() < until_us)
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	if (rc == -EAGAIN)
		return fail(what, "the server was told, but signed no checkpoint of it within a minute: see casemate status");
	return rc ? fail(what, clip_why(c)) : 0;
}

/* "gate-1-20261122T153000Z" */
static void name_folder(const struct clip *c, const char *camera, char out[EXPORT_ZIP_FOLDER])
{
	char time[CLOCK_TEXT], plain[CLOCK_TEXT];
	int64_t from_us, to_us;
	size_t n = 0;

	clip_given(c, &from_us, &to_us);
	clock_text(from_us, time);
	for (size_t i = 0; i < 19; i++)
		if (time[i] != '-' && time[i] != ':')
			plain[n++] = time[i];
	plain[n] = 0;
	snprintf(out, EXPORT_ZIP_FOLDER, "%s-%sZ", camera, plain);
}

static int out_failed(const char *path, int rc)
{
	if (rc == -ENOTEMPTY)
		return fail(path, "there is something in it: give a folder that is empty, or not there");
	if (rc == -EEXIST)
		return fail(path, "it is there already: remove it, or give another name");
	return fail(path, strerror(-rc));
}

static int write_clip(struct clip *c, const struct options *o, struct export_out *out, const char **ret_what)
{
	struct clip_piece p;
	int rc, written = 0;

	while ((rc = clip_next(c, &p)) == 1 && !written) {
		written = export_out_piece(out, &p, ret_what);
		show_progress(c, "writing");
	}
	clear_progress();
	if (written)
		return out_failed(*ret_what, written);
	if (rc < 0)
		return fail(o->camera, clip_why(c));
	rc = export_out_finish(out, ret_what);
	return rc ? out_failed(*ret_what, rc) : 0;
}

/* What it is, and what it lacks, once it is there. */
static int tell(const struct clip *c, const struct options *o)
{
	struct buf said;

	buf_init(&said, TELL_MAX);
	if (clip_tell(c, &said) == 0)
		fwrite(buf_data(&said), 1, said.len, stdout);
	buf_free(&said);
	if (o->folder)
		printf("in %s: open report.html; check it with verify.html or casemate verify\n", o->folder);
	if (o->zip)
		printf("in %s\n", o->zip);
	return clip_is_whole(c) ? 0 : 1;
}

static int log_it(struct clip *c, const struct site *site, const struct options *o)
{
	struct entry e[CLIP_RENDITIONS];
	unsigned n = clip_exports(c, clock_wall_us(), e);
	int rc = 0;

	for (unsigned i = 0; i < n && !rc; i++)
		rc = ask_entry(site->socket, &e[i].export);
	return rc ? rc : prove(c, o->camera);
}

static int export_clip(struct clip *c, const struct site *site, const struct options *o)
{
	char name[EXPORT_ZIP_FOLDER];
	struct export_out out;
	const char *what = "";
	int rc = look(c, o->camera);

	if (!rc && o->witnessed)
		rc = wait_for_witnesses(c, o->camera);
	if (rc)
		return rc;
	name_folder(c, o->camera, name);
	rc = export_out_open(&out, o->folder, o->zip, name, clock_wall_us(), &what);
	if (rc)
		rc = out_failed(what, rc);
	if (!rc)
		rc = log_it(c, site, o);
	if (!rc)
		rc = write_clip(c, o, &out, &what);
	export_out_close(&out);
	return rc ? rc : tell(c, o);
}

static int run(const struct site *site, const struct options *o)
{
	const struct web_asset *page = web_find("/verify.html", strlen("/verify.html"));
	struct clip_ask ask = {.camera = o->camera, .rendition = o->rendition, .audio = !o->silent, .from_us = o->from_us, .to_us = o->to_us,
		.user = ASK_EXPORT_USER, .bytes_max = UINT64_MAX};
	struct verify_source src;
	struct clip *c = NULL;
	char key[KEY_VKEY];
	int rc = verify_dir_open(site->archive, &src);

	if (rc)
		return fail(site->archive, strerror(-rc));
	read_key(site, key);
	ask.key = *key ? key : NULL;
	if (page) {
		ask.page = page->bytes;
		ask.page_bytes = page->len;
	}
	rc = clip_new(&ask, &src, &c);
	if (rc == -EINVAL)
		rc = usage(o->camera, "a camera's or rendition's name is 1 to 32 of a-z, 0-9 and -");
	else
		rc = rc ? fail(o->camera, strerror(-rc)) : export_clip(c, site, o);
	clip_free(&c);
	verify_dir_close(&src);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o = {.rendition = "copy", .config = SITE_FILE_DEFAULT};
	struct site *site;
	int rc;

	if (!read_options(argc, argv, &o, &rc))
		return rc;
	site = load_site(o.config);
	rc = site ? run(site, &o) : 2;
	site_free(&site);
	return rc;
}
