/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report of a clip, for people: the same words as text and as HTML, which needs no script, loads nothing, and prints. It
 * repeats what the proofs prove, and proves nothing itself: it says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "seal/clip_state.h"

#define LABEL 12                     /* columns */

struct page {
	const struct clip *clip;
	struct buf *out;
	bool html, bad;
};

static void put(struct page *p, const char *s)
{
	if (buf_append_str(p->out, s) < 0)
		p->bad = true;
}

/* Names and times need none of it; a site's name may. */
static void put_escaped(struct page *p, const char *s)
{
	static const char *const escape[128] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;", ['\''] = "&#39;"};

	for (; *s; s++) {
		const char *e = p->html && (unsigned char)*s < 128 ? escape[(unsigned char)*s] : NULL;
		char plain[2] = {*s};

		put(p, e ? e : plain);
	}
}

static void heading(struct page *p, const char *s)
{
	put(p, p->html ? "<h2>" : "\n");
	put_escaped(p, s);
	if (p->html) {
		put(p, "</h2>\n");
		return;
	}
	put(p, "\n");
	for (size_t i = 0; i < strlen(s); i++)
		put(p, "-");
	put(p, "\n");
}

static void line(struct page *p, const char *label, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A line of a list; label may be NULL. */
static void line(struct page *p, const char *label, const char *fmt, ...)
{
	char text[1024], head[LABEL + 8] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	put(p, p->html ? "<p>" : "");
	if (label && p->html) {
		put(p, "<b>");
		put_escaped(p, label);
		put(p, "</b> ");
	} else if (label) {
		snprintf(head, sizeof head, "%-*s ", LABEL, label);
		put(p, head);
	}
	put_escaped(p, text);
	put(p, p->html ? "</p>\n" : "\n");
}

/* Text as it is, in a type of even width. */
static void verbatim(struct page *p, const void *text, size_t n)
{
	put(p, p->html ? "<pre>" : "");
	for (size_t i = 0; i < n; i++)
		put_escaped(p, (const char[2]){((const char *)text)[i]});
	put(p, p->html ? "</pre>\n" : "");
}

static void times(char out[64], int64_t from_us, int64_t to_us)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	clock_text(from_us, from);
	clock_text(to_us, to);
	snprintf(out, 64, "%s to %s", from, to);
}

static void say_what(struct page *p)
{
	const struct clip *c = p->clip;
	char time[64], at[CLOCK_TEXT];
	int64_t from_us, to_us;

	clip_given(c, &from_us, &to_us);
	line(p, "Site", "%s", c->log.at.origin);
	line(p, "Camera", "%s", c->camera);
	times(time, c->from_us, c->to_us);
	line(p, "Asked for", "%s", time);
	times(time, from_us, to_us);
	line(p, "Given", "%s (whole segments)", time);
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];

		if (r->n)
			line(p, i ? "" : "Renditions", "%s: %" PRIu64 " of %zu segments, %" PRIu64 " bytes%s", r->name, r->given, r->n, r->given_bytes,
				!strcmp(r->name, "copy") ? "; the camera's own pictures, never encoded again" :
				!strcmp(r->name, "audio") ? "; the camera's own sound" : "; encoded from the camera's pictures");
	}
	clock_text(c->export[0].export.time_us, at);
	line(p, "Exported", "%s by %s", at, c->user);
}

static void say_files(struct page *p)
{
	const struct clip *c = p->clip;
	char hex[HASH_HEX], time[64];

	heading(p, "Files");
	if (!p->html)
		line(p, NULL, "sha256sum -c takes the lines of hash and name.");
	else
		put(p, "<table><tr><th>File<th>Time<th>Segments<th>Bytes<th>SHA-256\n");
	for (size_t i = 0; i < c->nfiles; i++) {
		const struct clip_file *f = &c->file[i];
		const struct clip_segment *s = c->rendition[f->rendition].segment;
		char row[512];

		hash_hex(&f->sha256, hex);
		times(time, s[f->first].start_us, clip_end_us(&s[f->last]));
		if (p->html)
			snprintf(row, sizeof row, "<tr><td><a href=\"%s\">%s</a><td>%s<td>%zu<td>%" PRIu64 "<td><code>%s</code>\n", f->name, f->name, time,
				f->last - f->first + 1, f->bytes, hex);
		else
			snprintf(row, sizeof row, "%s  %s\n    %s, %zu segments, %" PRIu64 " bytes\n", hex, f->name, time, f->last - f->first + 1, f->bytes);
		put(p, row);
	}
	if (p->html)
		put(p, "</table>\n");
}

static void say_missing(void *arg, const struct clip_missing *m)
{
	struct page *p = arg;
	char time[64];

	times(time, m->first->start_us, clip_end_us(m->last));
	line(p, m->rendition->name, "%s, %" PRIu64 " segment%s (%" PRIu64 " to %" PRIu64 "): %s", time, m->count, m->count == 1 ? "" : "s", m->first->number,
		m->last->number, m->why);
}

static void say_absent(struct page *p)
{
	const struct clip *c = p->clip;
	char time[64];
	int64_t from_us, to_us;

	heading(p, "What is missing, and why");
	clip_given(c, &from_us, &to_us);
	if (!c->ngaps && clip_is_whole(c) && from_us <= c->from_us && to_us >= c->to_us)
		line(p, NULL, "Nothing: the asked time is covered without a gap.");
	for (size_t i = 0; i < c->gaps_kept; i++) {
		const struct entry_gap *g = &c->gap[i];

		times(time, g->from_us, g->to_us);
		line(p, "no footage", "%s, %.3f s: %s", time, (double)(g->to_us - g->from_us) / 1e6, g->why);
	}
	if (c->ngaps > c->gaps_kept)
		line(p, NULL, "and %zu gaps more, each with its entry in proofs/", c->ngaps - c->gaps_kept);
	clip_each_missing(c, say_missing, p);
	if (!c->ngaps && from_us > c->from_us)
		line(p, NULL, "The clip begins after the asked time: nothing of the camera is logged before.");
	if (to_us < c->to_us && c->next == c->log.at.size && !c->covered)
		line(p, NULL, "The clip ends before the asked time: nothing of the camera was sealed yet that is later.");
}

static void say_clock(struct page *p)
{
	const struct clip *c = p->clip;

	heading(p, "How exact the times are");
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];
		uint64_t camera = 0, arrival = 0;
		uint32_t worst_ms = 0;

		for (size_t k = 0; k < r->n; k++) {
			const struct clip_segment *s = &r->segment[k];

			if (s->fate != CLIP_GIVEN)
				continue;
			camera += s->clock_rtcp;
			arrival += !s->clock_rtcp;
			worst_ms = s->clock_error_ms > worst_ms ? s->clock_error_ms : worst_ms;
		}
		if (r->given)
			line(p, r->name, "%" PRIu64 " segments by the camera's clock, %" PRIu64 " by their arrival; estimated error at most %" PRIu32 " ms", camera,
				arrival, worst_ms);
	}
	line(p, NULL, "All times are UTC. Either clock may have been set wrong: the log orders what was sealed, it does not know the true time.");
}

/* Names come out of the site's policy, which may hold any. */
static void say_witness(struct page *p, const char *name, int64_t time_us)
{
	char at[CLOCK_TEXT], shown[4 * WITNESS_POLICY_NAME];

	text_escape(name, strlen(name), shown, sizeof shown);
	clock_text(time_us, at);
	line(p, "", "%s, %s", shown, at);
}

/* By the site's own policy: who has seen how much of it, and when. */
static void say_witnesses(struct page *p)
{
	const struct clip *c = p->clip;
	bool beside = c->cosigned_at.size > 0;
	uint64_t size = beside ? c->cosigned_at.size : c->log.at.size, all = clip_segments_below(c, UINT64_MAX);
	struct witness_verdict v;

	if (!clip_judge(c, beside ? &c->cosigned : &c->log.note, c->export[0].export.time_us, &v)) {
		line(p, "Witnesses", "%s", c->has_judge ? "a cosignature is wrong: casemate verify says more" : "the site asks for none");
		return;
	}
	line(p, "Witnesses", "%u of the %u that the site names have cosigned a log of which this is a part: %s by its policy", v.cosigned, c->judge.nwitnesses,
		v.met ? "enough" : "NOT enough");
	for (unsigned i = 0; i < c->judge.nwitnesses; i++)
		if (v.witness[i].seen)
			say_witness(p, c->judge.witness[i].name, v.witness[i].time_us);
	if (v.cosigned)
		line(p, "", "what they have cosigned covers %" PRIu64 " of the %" PRIu64 " segments", clip_segments_below(c, size), all);
	if (c->cosigned_other)
		line(p, "", "what witnesses have cosigned is NOT this log: its history was rewritten, or an older copy put back");
}

static void say_proof(struct page *p)
{
	const struct clip *c = p->clip;
	char hex[HASH_HEX];
	struct hasher hasher;
	struct hash h;

	heading(p, "What the proofs rest on");
	hasher_init(&hasher);
	hasher_update(&hasher, c->key, strlen(c->key));
	hasher_update(&hasher, "\n", 1);
	hasher_final(&hasher, &h);
	hash_hex(&h, hex);
	line(p, "Site's key", "%s", *c->key ? c->key : "not known to who exported");
	if (*c->key)
		line(p, "", "sha256sum of the file with that line: %s", hex);
	line(p, NULL, "Compare the key with the one that you have from somewhere else than this clip: the site's owner, an earlier clip, a contract.");
	line(p, "Checkpoint", "of %" PRIu64 " entries", c->log.at.size);
	verbatim(p, buf_data(&c->log.note), c->log.note.len);
	if (c->cosigned_at.size) {
		line(p, "Cosigned", "of %" PRIu64 " entries, with which that log begins (consistency)", c->cosigned_at.size);
		verbatim(p, buf_data(&c->cosigned), c->cosigned.len);
	}
	say_witnesses(p);
}

static void say_how(struct page *p)
{
	heading(p, "How to check it");
	if (p->clip->page)
		line(p, NULL, "Open verify.html, beside this report, in a browser (it needs no network) and drop this folder on it. Take verify.html from the maker rather than from "
			"the clip if you doubt who gave you both.");
	line(p, NULL, "Or: casemate verify FOLDER --key VKEY. By hand, with sha256sum, base64 and openssl: see doc/evidence.md of casemate, and evidence(5).");
	line(p, NULL, "This report proves nothing itself: the files in proofs/ do, with the checkpoint and the key. It proves when and in which order the site sealed "
		"these bytes, and not that the camera told the truth.");
}

static int report(struct page *p)
{
	static const char head[] =
		"<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Exported footage</title>\n"
		"<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}p{margin:.2rem 0}h2{margin:1.5rem 0 .3rem}"
		"td,th{text-align:left;vertical-align:top;padding:.1rem .8rem .1rem 0}pre,code{font-size:.85rem;overflow-wrap:anywhere;white-space:pre-wrap}"
		"@media print{body{margin:0;font-size:10pt}h2{break-after:avoid}tr{break-inside:avoid}}</style>\n<h1>Exported footage</h1>\n";

	put(p, p->html ? head : "EXPORTED FOOTAGE\n================\n");
	say_what(p);
	say_absent(p);
	say_files(p);
	say_clock(p);
	say_proof(p);
	say_how(p);
	put(p, p->html ? "</html>\n" : "");
	return p->bad ? -ENOBUFS : 0;
}

int clip_report_text(const struct clip *c, struct buf *out)
{
	return report(&(struct page){.clip = c, .out = out});
}

int clip_report_html(const struct clip *c, struct buf *out)
{
	return report(&(struct page){.clip = c, .out = out, .html = true});
}
