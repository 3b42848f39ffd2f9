/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a change of the site file: one change a row, with every line that comes of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/against.h"

#define HASH "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$WPhmvzbbr4qk0JhPqKnyHhx0EWPH0GBTSnpTmYGPzZw"
#define OTHER_HASH "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$XPhmvzbbr4qk0JhPqKnyHhx0EWPH0GBTSnpTmYGPzZw"
#define PIN "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define OTHER_PIN "sha256:0086d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

/* Lines are counted below: the site's own are 1 to 9, users 10 and 11, gate from 13, yard from 22. */
static const char base[] =
	"site: museum.example\n"
	"listen: ['0.0.0.0:8443', '127.0.0.1:9443']\n"
	"tls: {certificate: tls.crt, key: tls.key}\n"
	"key: site.key\n"
	"archive: {path: archive, max_size: 500 GB}\n"
	"socket: casemate.sock\n"
	"sandbox: strict\n"
	"processes: {serve: 2, ingest: 1}\n"
	"users:\n"
	"  - {name: anna, password_hash: '" HASH "'}\n"
	"  - {name: tom, password_hash: '" HASH "'}\n"
	"cameras:\n"
	"  gate:\n"
	"    source: rtsp://192.0.2.11/stream1\n"
	"    user: viewer\n"
	"    password_file: gate.txt\n"
	"    allow_md5: false\n"
	"    onvif: http://192.0.2.11/onvif\n"
	"    masks: [{x: 10 %, y: 0 %, width: 25 %, height: 40 %}]\n"
	"    renditions:\n"
	"      small: {size: 640x360, bitrate: 600 kb/s}\n"
	"  yard:\n"
	"    source: rtsps://192.0.2.12/\n"
	"    fingerprint: '" PIN "'\n"
	"    audio: false\n"
	"    copy: recorded\n"
	"    transport: tcp\n"
	"    renditions: {tiny: {size: 64x64, bitrate: 50 kb/s}}\n";

static struct site *parse(const char *text)
{
	struct site_report *report = calloc(1, sizeof *report);
	struct site *site = NULL;

	cr_assert(report);
	cr_assert_eq(site_parse("/etc/casemate/site.yaml", text, strlen(text), &site, report), 0, "%s: %s", report->complaint[0].text, text);
	free(report);
	return site;
}

/* base with the one place of `from` replaced. */
static char *with(const char *from, const char *to)
{
	const char *at = strstr(base, from);
	char *text = NULL;

	cr_assert(at && !strstr(at + 1, from), "%s", from);
	cr_assert_geq(asprintf(&text, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from)), 0);
	return text;
}

static void print(const char *was, const char *is, bool json, struct buf *out)
{
	struct site *a = parse(was), *b = parse(is);
	struct against *against = NULL;

	cr_assert_eq(against_sites(a, b, &against), 0);
	buf_clear(out);
	(json ? against_json : against_text)(against, "old.yaml", "new.yaml", out);
	buf_append(out, "", 1);
	against_free(&against);
	site_free(&a);
	site_free(&b);
}

struct change {
	const char *from, *to;
	const char *lines;        /* after the first */
};

#define RESTART(line, key) "  new.yaml:" line ": " key ": only a restart can change it: everybody, and cameras for some seconds\n"
#define ANEW(line) "  new.yaml:" line ": camera gate: is called anew: a gap of some seconds in its footage\n"
#define ANEW_YARD(line) "  new.yaml:" line ": camera yard: is called anew: a gap of some seconds in its footage\n"

static const struct change changes[] = {
	{"gate", "gate", ""},
	/* the site's own */
	{"site: museum.example", "site: other.example", "disconnects\n" RESTART("1", "site") "changes\n"
		"  new.yaml:1: site: museum.example -> other.example: the log of one name cannot be gone on with under another: give it a new archive and key\n"},
	{"certificate: tls.crt", "certificate: new.crt", "changes\n"
		"  new.yaml:3: tls.certificate: /etc/casemate/tls.crt -> /etc/casemate/new.crt: new connections are shown it\n"},
	{"key: site.key", "key: new.key", "disconnects\n" RESTART("4", "key") "changes\n"
		"  new.yaml:4: key: /etc/casemate/site.key -> /etc/casemate/new.key: a log goes on with its own key, or the one that casemate keygen --rotate made of it: give another a new archive\n"},
	{"path: archive", "path: /srv/a", "disconnects\n" RESTART("5", "archive.path") "changes\n"
		"  new.yaml:5: archive.path: /etc/casemate/archive -> /srv/a: footage in the old folder stays there, and is served no more\n"},
	{"500 GB", "100 GB", "deletes\n  new.yaml:5: archive.max_size: 500 GB -> 100 GB: what is above it goes for good, the oldest first\n"},
	{"500 GB", "2 TB", "changes\n  new.yaml:5: archive.max_size: 500 GB -> 2 TB\n"},
	{"sandbox: strict", "sandbox: best-effort", "opens\n  new.yaml:7: sandbox: best-effort: roles run also where this kernel lacks a layer of their sandbox\n"
		"disconnects\n" RESTART("7", "sandbox")},
	{"serve: 2", "serve: 3", "disconnects\n" RESTART("8", "processes.serve") "changes\n  new.yaml:8: processes.serve: 2 -> 3\n"},
	/* listeners and users */
	{"'127.0.0.1:9443'", "'127.0.0.1:9443', '[::]:9444'", "opens\n"
		"  new.yaml:2: listener [::]:9444: viewers may connect there by HTTPS, on every address of this machine\n"},
	{", '127.0.0.1:9443'", "", "closes\n  old.yaml:2: listener 127.0.0.1:9443: nobody can connect there any more\n"},
	{"cameras:\n", "  - {name: eve, password_hash: '" HASH "'}\ncameras:\n", "opens\n  new.yaml:12: user eve: may watch every camera and read the log\n"},
	{"  - {name: tom, password_hash: '" HASH "'}\n", "", "closes\n  old.yaml:11: user tom: can log in no more\ndisconnects\n  old.yaml:11: user tom: is logged out\n"},
	{"tom, password_hash: '" HASH, "tom, password_hash: '" OTHER_HASH, "opens\n  new.yaml:11: user tom: whoever knows the new password may watch\n"
		"closes\n  new.yaml:11: user tom: the old password is good no more\ndisconnects\n  new.yaml:11: user tom: is logged out, wherever he is logged in\n"},
	{"tom, password_hash: '" HASH, "tom, rtsp_digest_file: d, allow_md5: true, password_hash: '" HASH, "opens\n"
		"  new.yaml:11: user tom: allow_md5: false -> true: may what he could not before\n"
		"disconnects\n  new.yaml:11: user tom: is logged out, wherever he is logged in\n"},
	{"users:\n", "groups: {g: {rights: live, cameras: '*'}}\nusers:\n", "closes\n"
		"  new.yaml:11: user anna: there are groups now: may what his groups may, and no more\n"
		"  new.yaml:12: user tom: there are groups now: may what his groups may, and no more\n"
		"disconnects\n  new.yaml:11: user anna: is logged out, wherever he is logged in\n  new.yaml:12: user tom: is logged out, wherever he is logged in\n"
		"changes\n  new.yaml:9: group g: is new\n"},
	{"processes:", "rtsp: 127.0.0.1:8554\nprocesses:", "opens\n"
		"  new.yaml:8: listener rtsp://127.0.0.1:8554: viewers may connect there by RTSP, which encrypts nothing\n"},
	{"processes:", "metrics: 127.0.0.1:9464\nprocesses:", "opens\n"
		"  new.yaml:8: listener http://127.0.0.1:9464: viewers may connect there by HTTP, for metrics\n"},
	{"key: tls.key}", "key: tls.key, client_ca: ca.crt}", "opens\n"
		"  new.yaml:3: tls.client_ca: none -> /etc/casemate/ca.crt: certificates of these authorities are good for users who have one (users[].certificate)\n"},
	{"processes:", "admin_key: 'a+1+b'\nrequire_signed: true\nprocesses:", "opens\n"
		"  new.yaml:8: admin_key: none -> a+1+b: who has this key signs the next site files\n"
		"closes\n  new.yaml:9: require_signed: false -> true: only site files that an admin has signed are taken\n"},
	/* cameras that come, go and move */
	{"  yard:\n", "  dock: {source: 'rtsp://192.0.2.13', user: u, password_file: p, allow_basic: true}\n  yard:\n", "opens\n"
		"  new.yaml:22: camera dock: 192.0.2.13:554 is dialled: RTSP in the clear\n"
		"  new.yaml:22: camera dock: the password itself may be sent, in the clear, for all on the way to read (allow_basic)\n"
		"  new.yaml:22: camera dock: users may watch it: copy, audio, snapshots\n"},
	{"  yard:\n", "  dock: {source: 'rtsps://192.0.2.13', unverified: true}\n  yard:\n", "opens\n"
		"  new.yaml:22: camera dock: 192.0.2.13:322 is dialled: RTSP inside TLS, with whoever answers\n"
		"  new.yaml:22: camera dock: users may watch it: copy, audio, snapshots\n"},
	{"  yard:\n    source: rtsps://192.0.2.12/\n    fingerprint: '" PIN "'\n    audio: false\n    copy: recorded\n    transport: tcp\n    renditions: {tiny: {size: 64x64, bitrate: 50 kb/s}}\n", "",
		"closes\n  old.yaml:22: camera yard: 192.0.2.12:322 is dialled no more\n"
		"disconnects\n  old.yaml:22: camera yard: whoever watches it; its footage stays in the archive until it is the oldest\n"},
	{"rtsp://192.0.2.11/stream1\n", "rtsp://192.0.2.11/stream2\n", "changes\n  new.yaml:14: camera gate: source: another path at 192.0.2.11:554\n" ANEW("14")},
	{"rtsps://192.0.2.12/", "rtsps://192.0.2.99/", "opens\n"
		"  new.yaml:23: camera yard: 192.0.2.99:322 is dialled: RTSP inside TLS, with the certificate sha256:9f86d081... alone\n"
		"closes\n  new.yaml:23: camera yard: 192.0.2.12:322 is dialled no more\nchanges\n" ANEW_YARD("23")},
	{"rtsps://192.0.2.12/", "rtsps://192.0.2.11:554/", "opens\n"
		"  new.yaml:23: camera yard: 192.0.2.11:554 is dialled, as for gate before: RTSP inside TLS, with the certificate sha256:9f86d081... alone\n"
		"closes\n  new.yaml:23: camera yard: 192.0.2.12:322 is dialled no more\nchanges\n" ANEW_YARD("23")},
	{"    onvif: http://192.0.2.11/onvif\n", "", "closes\n  new.yaml:13: camera gate: 192.0.2.11:80 is dialled no more\nchanges\n" ANEW("13")},
	{"http://192.0.2.11/onvif", "http://192.0.2.11:8080/onvif", "opens\n"
		"  new.yaml:18: camera gate: 192.0.2.11:8080 is dialled: ONVIF in the clear, with a digest of the password\n"
		"closes\n  new.yaml:18: camera gate: 192.0.2.11:80 is dialled no more\nchanges\n" ANEW("18")},
	/* how a camera proves itself, and how it is answered */
	{"rtsps://192.0.2.12/\n    fingerprint: '" PIN "'\n", "rtsp://192.0.2.12:322/\n", "opens\n"
		"  new.yaml:23: camera yard: pictures, and Digests of the password, travel in the clear (rtsp://)\n"
		"  new.yaml:22: camera yard: no one certificate is asked for any more (fingerprint)\nchanges\n" ANEW_YARD("23")},
	{PIN, OTHER_PIN, "opens\n  new.yaml:24: camera yard: who has the certificate " OTHER_PIN " is taken for the camera\n"
		"closes\n  new.yaml:24: camera yard: who has the certificate " PIN " is not taken for the camera\nchanges\n" ANEW_YARD("24")},
	{"    fingerprint: '" PIN "'\n", "    unverified: true\n", "opens\n"
		"  new.yaml:22: camera yard: no one certificate is asked for any more (fingerprint)\n"
		"  new.yaml:24: camera yard: whoever answers is taken for the camera (unverified)\nchanges\n" ANEW_YARD("22")},
	{"allow_md5: false", "allow_md5: true", "opens\n  new.yaml:17: camera gate: its password may be answered with MD5 (allow_md5)\nchanges\n" ANEW("17")},
	{"allow_md5: false", "allow_basic: true\n    allow_md5: false", "opens\n"
		"  new.yaml:17: camera gate: the password itself may be sent, in the clear, for all on the way to read (allow_basic)\nchanges\n" ANEW("17")},
	{"user: viewer", "user: root", "changes\n  new.yaml:15: camera gate: user: viewer -> root\n" ANEW("15")},
	{"user: viewer\n", "transport: tcp\n    user: viewer\n", "closes\n  new.yaml:15: camera gate: no UDP port is opened for it (transport)\nchanges\n" ANEW("15")},
	{"user: viewer\n", "transport: udp\n    user: viewer\n", "changes\n  new.yaml:15: camera gate: transport: auto -> udp\n" ANEW("15")},
	{"transport: tcp", "transport: auto", "changes\n  new.yaml:27: camera yard: transport: tcp -> auto\n" ANEW_YARD("27")},
	/* what is seen and heard */
	{"audio: false", "audio: true", "opens\n  new.yaml:25: camera yard: its sound is taken, recorded, and offered to users\nchanges\n" ANEW_YARD("25")},
	{"copy: recorded", "copy: live", "opens\n  new.yaml:26: camera yard: users may watch the camera's own picture (copy: live)\n"},
	{"    allow_md5: false\n", "    copy: recorded\n    allow_md5: false\n",
		"closes\n  new.yaml:17: camera gate: the camera's own picture is recorded, and shown to nobody (copy: recorded)\n"
		"disconnects\n  new.yaml:17: camera gate: whoever watches its copy\n"},
	{"height: 40 %}", "height: 20 %}", "opens\n"
		"  new.yaml:19: camera gate: what masks hid becomes visible in renditions and snapshots (masks: 1, 1 before)\n"},
	{"height: 40 %}", "height: 60 %}", "closes\n  new.yaml:19: camera gate: more is hidden in renditions and snapshots (masks: 1, 1 before)\n"},
	{"    masks: [{x: 10 %, y: 0 %, width: 25 %, height: 40 %}]\n", "", "opens\n"
		"  new.yaml:13: camera gate: what masks hid becomes visible in renditions and snapshots (masks: 0, 1 before)\n"},
	{"height: 40 %}", "height: 40 %, style: mosaic}", "changes\n  new.yaml:19: camera gate: masks: the same places, hidden otherwise\n"},
	/* renditions */
	{"      small:", "      big: {size: 1920x1080, bitrate: 4 Mb/s, on_demand: true}\n      small:",
		"opens\n  new.yaml:21: rendition gate/big: users may watch it, 1920x1080, made on demand\nchanges\n  new.yaml:22: rendition gate/small: priority: 9 -> 8\n"},
	{"    renditions:\n      small: {size: 640x360, bitrate: 600 kb/s}\n", "", "closes\n  old.yaml:21: rendition gate/small: is made no more\n"
		"disconnects\n  old.yaml:21: rendition gate/small: whoever watches it\n"},
	{"bitrate: 600 kb/s", "bitrate: 800 kb/s", "changes\n  new.yaml:21: rendition gate/small: bitrate: 600 kb/s -> 800 kb/s\n"},
	{"bitrate: 600 kb/s", "bitrate: 600 kb/s, fps: 5", "changes\n  new.yaml:21: rendition gate/small: fps: as many as the camera sends -> 5\n"},
	{"size: 640x360", "size: 320x180", "changes\n  new.yaml:21: rendition gate/small: size: 640x360 -> 320x180\n"},
};

Test(against, one_change_at_a_time)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		char *to = with(strcmp(changes[i].from, "gate") ? changes[i].from : "cameras:\n", strcmp(changes[i].from, "gate") ? changes[i].to : "cameras:\n");
		const char *text;

		print(base, to, false, &out);
		text = (char *)buf_data(&out);
		cr_expect_str_eq(strchr(text, '\n') + 1, changes[i].lines, "%s -> %s:\n%s", changes[i].from, changes[i].to, text);
		free(to);
	}
	buf_free(&out);
}

/* Tom was let in nowhere, and nothing of his own lines differs. */
Test(against, the_last_group_that_goes_opens_for_everybody)
{
	char *from = with("users:\n", "groups: {g: {rights: live, cameras: '*'}}\nusers:\n");
	struct buf out;

	buf_init(&out, 1 << 20);
	print(from, base, false, &out);
	cr_expect(strstr((char *)buf_data(&out), "opens\n  new.yaml:10: user anna: there is no group any more: may watch every camera and read the log\n"
		"  new.yaml:11: user tom: there is no group any more: may watch every camera and read the log\ndisconnects\n"), "%s", (char *)buf_data(&out));
	free(from);
	buf_free(&out);
}

Test(against, counts_stand_in_the_first_line)
{
	char *to = with("  - {name: tom, password_hash: '" HASH "'}\n", "");
	struct buf out;

	buf_init(&out, 1 << 20);
	print(base, to, false, &out);
	cr_expect(strstr((char *)buf_data(&out), "new.yaml against old.yaml: closes 1, disconnects 1\n") == (char *)buf_data(&out));
	print(base, base, false, &out);
	cr_expect_str_eq((char *)buf_data(&out), "new.yaml against old.yaml: nothing changes\n");
	free(to);
	buf_free(&out);
}

/* Never a password, a hash of one, or the path of an address. */
Test(against, json_has_the_same_and_no_secret)
{
	char *to = with("tom, password_hash: '" HASH, "tom, password_hash: '" OTHER_HASH);
	struct buf out;

	buf_init(&out, 1 << 20);
	print(base, to, true, &out);
	cr_expect_str_eq((char *)buf_data(&out),
		"{\"old\":\"old.yaml\",\"new\":\"new.yaml\",\"opens\":[{\"file\":\"new.yaml\",\"line\":11,\"what\":\"user\",\"name\":\"tom\",\"rendition\":null,"
		"\"key\":\"users[].password_hash\",\"text\":\"user tom: whoever knows the new password may watch\"}],"
		"\"closes\":[{\"file\":\"new.yaml\",\"line\":11,\"what\":\"user\",\"name\":\"tom\",\"rendition\":null,\"key\":\"users[].password_hash\","
		"\"text\":\"user tom: the old password is good no more\"}],"
		"\"disconnects\":[{\"file\":\"new.yaml\",\"line\":11,\"what\":\"user\",\"name\":\"tom\",\"rendition\":null,\"key\":\"users[].password_hash\","
		"\"text\":\"user tom: is logged out, wherever he is logged in\"}],\"deletes\":[],\"changes\":[],\"not_shown\":0}\n");
	free(to);
	buf_free(&out);
}

Test(against, matters_when_something_opens_or_somebody_goes)
{
	static const struct { const char *from, *to; bool matters; } c[] = {
		{"bitrate: 600 kb/s", "bitrate: 800 kb/s", false}, {"500 GB", "2 TB", false}, {", '127.0.0.1:9443'", "", false},
		{"500 GB", "100 GB", true}, {"serve: 2", "serve: 3", true}, {"copy: recorded", "copy: live", true},
		{"cameras:\n", "  - {name: eve, password_hash: '" HASH "'}\ncameras:\n", true},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char *to = with(c[i].from, c[i].to);
		struct site *a = parse(base), *b = parse(to);
		struct against *against = NULL;

		cr_assert_eq(against_sites(a, b, &against), 0);
		cr_expect_eq(against_matters(against), c[i].matters, "%s", c[i].to);
		against_free(&against);
		site_free(&a);
		site_free(&b);
		free(to);
	}
}

/* A thousand cameras that all move are still told, within bounds. */
Test(against, is_bounded)
{
	struct buf was, is;
	struct site *a, *b;
	struct against *against = NULL;

	buf_init(&was, SITE_FILE_MAX);
	buf_init(&is, SITE_FILE_MAX);
	for (int k = 0; k < 2; k++) {
		struct buf *to = k ? &is : &was;

		buf_append_str(to, "site: a\ntls: {certificate: c, key: k}\nkey: k\narchive: {path: a, max_size: 1 GB}\ncameras:\n");
		for (unsigned i = 0; i < SITE_CAMERAS_MAX; i++) {
			buf_append_fmt(to, "  c%u: {source: 'rtsp://192.0.%d.%u:%u/', renditions: {", i, k, i % 250, 1000 + i);
			for (unsigned r = 0; r < SITE_RENDITIONS_MAX; r++)
				buf_append_fmt(to, "%c%u: {size: 64x64, bitrate: 1 Mb/s}, ", "ab"[k], r);
			buf_append_str(to, "}}\n");
		}
		cr_assert_eq(buf_append(to, "", 1), 0);
	}
	a = parse((char *)buf_data(&was));
	b = parse((char *)buf_data(&is));
	cr_assert_eq(against_sites(a, b, &against), 0);
	cr_expect_eq(against->n, AGAINST_LINES_MAX);
	cr_expect_eq(against->left_out, 1000 * (3 + 8 * 3) - AGAINST_LINES_MAX);
	against_free(&against);
	site_free(&a);
	site_free(&b);
	buf_free(&was);
	buf_free(&is);
}
