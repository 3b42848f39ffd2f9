/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with a site file, and the exact place and words it is said with. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "conf/complaint.h"
#include "conf/site.h"

#define SITE "site: a.example\n"
#define TLS "tls: {certificate: c, key: k}\n"
#define KEY "key: s\n"
#define ARCHIVE "archive: {path: f, max_size: 1 GB}\n"
#define HEAD SITE TLS KEY ARCHIVE  /* four lines: what a case adds begins on line 5 */
#define SOURCE "source: rtsp://192.0.2.1/"
#define CAMERA(keys) HEAD "cameras:\n  gate:\n    " SOURCE "\n    " keys "\n"  /* keys: line 8, column 5 */
#define FROM(url) HEAD "cameras: {gate: {source: \"" url "\"}}\n"                /* the value: line 5, column 26 */
#define SAFE(keys) HEAD "cameras:\n  gate:\n    source: rtsps://192.0.2.1/\n    " keys "\n"  /* as CAMERA */
#define PRINT "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define SMALL(keys) CAMERA("renditions: {small: {" keys "}}")                    /* keys: line 8, column 26 */
#define USER(hash) HEAD "users: [{name: anna, password_hash: \"" hash "\"}]\n"   /* the value: line 5, column 37 */
#define MASK(keys) CAMERA("masks: [{" keys "}]")                                  /* keys: line 8, column 14 */
#define PROFILES "profiles: {small: {size: 640x360, bitrate: 1 Mb/s}}\n"        /* one line before HEAD */
#define SALT "c29tZXNhbHRzb21lc2FsdA"
#define SUM "KqyvmhYhMyRnOZHYOuP5tsGcIt1Hcb8T2PXBbNqVDEg"

static struct site_report report;

static int parse(const char *text, size_t n)
{
	struct site *site = NULL;
	int rc = site_parse("/etc/casemate/site.yaml", text, n, &site, &report);

	cr_assert((rc == 0) == (site != NULL) && (rc == 0) == (report.n == 0), "rc %d, %u complaints", rc, report.n);
	site_free(&site);
	return rc;
}

/* Each text has exactly one thing wrong with it. */
static const struct {
	const char *text;
	int line, column;
	const char *says;
} one[] = {
	/* Keys. */
	{HEAD "camras: {}\n", 5, 1, "unknown key \"camras\": did you mean \"cameras\"?"},
	{HEAD "rtspss: 127.0.0.1:8554\n", 5, 1, "unknown key \"rtspss\": did you mean \"rtsps\"?"},
	{HEAD "Sandbox: strict\n", 5, 1, "did you mean \"sandbox\"?"},
	{HEAD "user: []\n", 5, 1, "key \"user\" doesn't belong here: its place is cameras.*.user"},
	{HEAD "zzzzzz: 1\n", 5, 1, "unknown key \"zzzzzz\": known here are site, listen, rtsps, rtsp, metrics, tls, key, witnesses, require_signed, admin_key, media_signing, archive, alarms, socket, sandbox, processes, users, groups, profiles, defaults, include, cameras"},
	{HEAD "bitrate: 1 Mb/s\n", 5, 1, "its place is cameras.*.renditions.*.bitrate"},
	{HEAD "\"a\\\"b\": 1\n", 5, 1, "unknown key \"a\\x22b\""},
	{CAMERA("password: hunter2"), 8, 5, "unknown key \"password\": did you mean \"password_file\"?"},
	{CAMERA("sorce: x"), 8, 5, "did you mean \"source\"?"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, fsp: 5"), 8, 58, "did you mean \"fps\"?"},
	{HEAD "sandbox: strict\nsandbox: strict\n", 6, 1, "\"sandbox\" is here a second time; the first is on line 5"},
	{HEAD "cameras:\n  a: {" SOURCE "}\n  b: {" SOURCE "}\n  a: {" SOURCE "}\n", 8, 3, "\"a\" is here a second time; the first is on line 6"},
	{TLS KEY ARCHIVE, 1, 1, "\"site\" is missing"},
	{SITE KEY ARCHIVE, 1, 1, "\"tls\" is missing"},
	{SITE TLS ARCHIVE, 1, 1, "\"key\" is missing"},
	{SITE TLS KEY, 1, 1, "\"archive\" is missing"},
	{SITE KEY ARCHIVE "tls: {certificate: c}\n", 4, 1, "\"key\" is missing"},
	{SITE TLS KEY "archive: {max_size: 1 GB}\n", 4, 1, "\"path\" is missing"},
	{HEAD "cameras:\n  gate: {}\n", 6, 3, "\"source\" is missing"},
	{HEAD "cameras:\n  gate:\n", 6, 3, "\"source\" is missing"},
	{HEAD "users:\n  - name: anna\n", 6, 5, "\"password_hash\" is missing"},
	{HEAD "users:\n  - {name: anna, certificate: anna@museum.example}\n", 6, 1, "anna: a certificate wants tls.client_ca"},
	{SITE "tls: {certificate: c, key: k, client_ca: a}\n" KEY ARCHIVE "users:\n  - {name: a, certificate: \"sha256:" PRINT "\"}\n  - {name: b, certificate: \"SHA256:" PRINT "\"}\n", 7, 5,
		"the certificate of user \"b\" is that of user \"a\", too"},
	{HEAD "users:\n  - {name: anna, certificate: \"sha256:12\"}\n", 6, 31, "can't be a certificate: "},
	{HEAD "users:\n  - {name: anna, certificate: \" anna\"}\n", 6, 31, "can't be a certificate: "},
	{CAMERA("user: viewer"), 6, 3, "gate: a user without a password_file"},
	{CAMERA("password_file: p"), 6, 3, "gate: a password_file without a user"},
	/* Shapes. */
	{"", 1, 1, "\"site\" is missing"},
	{"just words\n", 1, 1, "a site file is a map of keys"},
	{"- a\n- b\n", 1, 1, "a site file is a map of keys"},
	{SITE KEY ARCHIVE "tls: yes\n", 4, 6, "tls: what is wanted is a map of keys, not one value"},
	{SITE KEY ARCHIVE "tls:\n", 4, 5, "tls: what is wanted is a map of keys, not nothing"},
	{HEAD "cameras: [a, b]\n", 5, 10, "cameras: what is wanted is a map of names, not a list"},
	{HEAD "cameras: {gate: rtsp://192.0.2.1/}\n", 5, 17, "what is wanted here is a map of keys, not \"rtsp://192.0.2.1/\""},
	{HEAD "cameras: {gate: [a, b]}\n", 5, 17, "what is wanted here is a map of keys, not a list"},
	{HEAD "users: {anna: x}\n", 5, 8, "users: what is wanted is a list of maps, not a map"},
	{HEAD "users: [[]]\n", 5, 9, "what is wanted here is a map of keys, not a list"},
	{SITE TLS ARCHIVE "key: [a]\n", 4, 6, "key: what is wanted is a file that only its owner may read, not a list"},
	{SITE TLS ARCHIVE "key:\n", 4, 5, "key: the value is missing"},
	{SITE TLS ARCHIVE "key: ''\n", 4, 6, "key: the value is missing"},
	{CAMERA("renditions: small"), 8, 17, "renditions: what is wanted is a map of names, or a list of profiles, not one value"},
	{CAMERA("renditions: [small]"), 8, 18, "renditions: there is no profile \"small\""},
	{CAMERA("renditions: [{small: 1}]"), 8, 18, "renditions: what is wanted here is the name of a profile"},
	{PROFILES CAMERA("renditions: [smal]"), 9, 18, "there is no profile \"smal\": did you mean \"small\"?"},
	{PROFILES CAMERA("renditions: [small, small]"), 9, 25, "\"small\" is here a second time"},
	{PROFILES CAMERA("renditions: [small, small, small, small, small, small, small, small, small]"), 9, 5, "9 renditions: at most 8 are possible"},
	/* What is inherited is named once, where it is written. */
	{HEAD "profiles: {small: {size: big, bitrate: 1 Mb/s}}\ncameras: {a: {" SOURCE "a, renditions: [small]}, b: {" SOURCE "b, renditions: [small]}}\n", 5, 26, "\"big\" is not WIDTHxHEIGHT"},
	{HEAD "profiles: {copy: {size: 64x64, bitrate: 1 Mb/s}}\n", 5, 12, "\"copy\" is always there"},
	{HEAD "profiles: [small]\n", 5, 11, "profiles: what is wanted is a map of names, not a list"},
	{HEAD "defaults: {segment: 1 d}\ncameras: {a: {" SOURCE "a}, b: {" SOURCE "b}}\n", 5, 21, "\"1 d\" is out of range"},
	{HEAD "defaults: {segment: 1 d}\n", 5, 21, "\"1 d\" is out of range"},
	{HEAD "defaults: {source: rtsp://192.0.2.1/}\n", 5, 12, "defaults: each camera has a source of its own"},
	{HEAD "defaults: {trasport: tcp}\n", 5, 12, "unknown key \"trasport\": did you mean \"transport\"?"},
	{HEAD "defaults: {renditions: [small]}\ncameras: {a: {" SOURCE "a}, b: {" SOURCE "b}}\n", 5, 25, "there is no profile \"small\""},
	{HEAD "defaults: {user: u}\ncameras: {a: {" SOURCE "}}\n", 6, 11, "a: a user without a password_file"},
	{HEAD "defaults: [tcp]\n", 5, 11, "defaults: what is wanted is a map of keys, not a list"},
	/* Included files, of which this text has none. */
	{HEAD "include: cameras.d\n", 5, 10, "include: \"cameras.d\" is not FOLDER/PATTERN"},
	{HEAD "include: \"*/a.yaml\"\n", 5, 10, "is not FOLDER/PATTERN"},
	{HEAD "include: cameras.d/\n", 5, 10, "is not FOLDER/PATTERN"},
	{HEAD "include: cameras.d/.*\n", 5, 10, "is not FOLDER/PATTERN"},
	{HEAD "include: cameras.d/[a].yaml\n", 5, 10, "is not FOLDER/PATTERN"},
	{HEAD "include: ~/cameras.d/*\n", 5, 10, "is not FOLDER/PATTERN"},
	{HEAD "include: [a/*, b/*]\n", 5, 10, "what is wanted is FOLDER/PATTERN, in which * stands for any number of letters and ? for one, not a list"},
	{HEAD "include:\n", 5, 9, "the value is missing"},
	{HEAD "admin_key: admin.key.pub\n", 5, 12, "admin_key: \"admin.key.pub\" is no key"},
	{HEAD "admin_key: a+b\n", 5, 12, "is no key"},
	{HEAD "admin_key: \"+a+b\"\n", 5, 12, "is no key"},
	{HEAD "require_signed: yes\n", 5, 17, "\"yes\" is neither true nor false"},
	/* Vendors. */
	{FROM("hikvsion 192.0.2.1"), 5, 26, "source: no vendor \"hikvsion\" is known: did you mean \"hikvision\"?"},
	{FROM("zzzzzzzzzzzzzzzz 192.0.2.1"), 5, 26, "is known: write the camera's address, or one of amcrest, annke, axis,"},
	{FROM("axis 192.0.2.1 0"), 5, 26, "\"0\" is neither a channel, 1 to 256, nor main or sub"},
	{FROM("axis 192.0.2.1 sub 2"), 5, 26, "\"2\" is neither"},
	{FROM("axis 192.0.2.1 1 sub x"), 5, 26, "what is wanted is VENDOR ADDRESS [CHANNEL] [main|sub]"},
	{FROM("sony 192.0.2.1 2"), 5, 26, "of sony only one channel is known"},
	{FROM("axis camera.example"), 5, 26, "\"camera.example\" is a host name"},
	{FROM("axis u:p@192.0.2.1"), 5, 26, "a user or password is not written in the address"},
	/* Names. */
	{HEAD "cameras: {Gate: {" SOURCE "}}\n", 5, 11, "cameras: \"Gate\" can't be a name"},
	{HEAD "cameras: {\"\": {" SOURCE "}}\n", 5, 11, "cameras: \"\" can't be a name"},
	{HEAD "cameras: {a23456789012345678901234567890123: {" SOURCE "}}\n", 5, 11, "can't be a name: 1 to 32 of a-z, 0-9 and -"},
	{HEAD "cameras: {\"../x\": {" SOURCE "}}\n", 5, 11, "\"../x\" can't be a name"},
	{CAMERA("renditions: {copy: {size: 640x360, bitrate: 1 Mb/s}}"), 8, 18, "renditions: \"copy\" is always there"},
	{CAMERA("renditions: {audio: {size: 640x360, bitrate: 1 Mb/s}}"), 8, 18, "renditions: \"audio\" is always there"},
	{CAMERA("renditions: {snapshot: {size: 640x360, bitrate: 1 Mb/s}}"), 8, 18, "renditions: \"snapshot\" is always there"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, quality: 0"), 8, 67, "quality: \"0\" is out of range: 1 to 51"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, quality: 52"), 8, 67, "quality: \"52\" is out of range: 1 to 51"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, quality: good"), 8, 67, "quality: \"good\" is not a whole number"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, latency: none"), 8, 67, "latency: \"none\" is none of these: low or normal"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, profile: high10"), 8, 67, "profile: \"high10\" is none of these: high, main or baseline"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, priority: 10"), 8, 68, "priority: \"10\" is out of range: 1 to 9"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, sign: axis"), 8, 64, "sign: \"axis\" is none of these: none or onvif"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, sign: onvif"), 6, 1, "gate: sign: onvif wants media_signing, which the site does not have"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, on_demand: yes"), 8, 69, "on_demand: \"yes\" is neither true nor false"},
	{CAMERA("denoise: full"), 8, 14, "denoise: \"full\" is none of these: off, low, medium or high"},
	{CAMERA("overlay: top"), 8, 14, "overlay: \"top\" is neither true nor false"},
	{CAMERA("copy: hidden"), 8, 11, "copy: \"hidden\" is none of these: live or recorded"},
	{CAMERA("copy: recorded"), 6, 3, "gate: with copy: recorded nothing is left to watch: add a rendition, or write copy: live"},
	{CAMERA("masks: {x: 1 %}"), 8, 12, "masks: what is wanted is a list of maps, not a map"},
	{CAMERA("masks: [left]"), 8, 13, "masks: what is wanted here is a map of keys, not \"left\""},
	{MASK("y: 0 %, width: 5 %, height: 5 %"), 8, 13, "\"x\" is missing: The mask's left side"},
	{MASK("x: 5, y: 0 %, width: 5 %, height: 5 %"), 8, 17, "x: \"5\" has no unit: what is wanted is a percentage with its sign"},
	{MASK("x: 5 px, y: 0 %, width: 5 %, height: 5 %"), 8, 17, "x: unknown unit \"px\""},
	{MASK("x: 101 %, y: 0 %, width: 5 %, height: 5 %"), 8, 17, "x: \"101 %\" is out of range: at most 100 %"},
	{MASK("x: 0 %, y: 0 %, width: 0.5 %, height: 5 %"), 8, 37, "width: \"0.5 %\" is out of range: 1 % to 100 %"},
	{MASK("x: 90.01 %, y: 0 %, width: 10 %, height: 5 %"), 8, 13, "masks: it reaches outside the picture"},
	{MASK("x: 0 %, y: 60 %, width: 10 %, height: 41 %"), 8, 13, "masks: it reaches outside the picture"},
	{MASK("x: 0 %, y: 0 %, width: 5 %, height: 5 %, style: blur"), 8, 62, "style: \"blur\" is none of these: solid or mosaic"},
	{TLS KEY ARCHIVE "site: a b\n", 4, 7, "site: \"a b\" can't be a site's name"},
	{TLS KEY ARCHIVE "site: a+b\n", 4, 7, "\"a+b\" can't be a site's name"},
	{TLS KEY ARCHIVE "site: /a\n", 4, 7, "not beginning with /"},
	{TLS KEY ARCHIVE "site: m\u00fcnchen\n", 4, 7, "\"m\\xc3\\xbcnchen\" can't be"},
	{CAMERA("{user: 'a:b', password_file: p}"), 8, 5, "not YAML: a key without its colon"},
	{HEAD "cameras: {g: {" SOURCE ", user: 'a:b', password_file: p}}\n", 5, 48, "user: \"a:b\" can't be a camera's user"},
	/* Quantities. */
	{SITE TLS KEY "archive: {path: f, max_size: 500}\n", 4, 30, "max_size: \"500\" has no unit: what is wanted is a size with its unit (B, kB, MB, GB"},
	{SITE TLS KEY "archive: {path: f, max_size: 500 gb}\n", 4, 30, "unknown unit \"gb\": did you mean \"GB\"?"},
	{SITE TLS KEY "archive: {path: f, max_size: 500 G}\n", 4, 30, "unknown unit \"G\": did you mean \"GB\"?"},
	{SITE TLS KEY "archive: {path: f, max_size: lots}\n", 4, 30, "\"lots\" does not begin with a number"},
	{SITE TLS KEY "archive: {path: f, max_size: -1 GB}\n", 4, 30, "\"-1 GB\" does not begin with a number"},
	{SITE TLS KEY "archive: {path: f, max_size: 999 kB}\n", 4, 30, "\"999 kB\" is out of range: 1 MB to 1000 PB"},
	{SITE TLS KEY "archive: {path: f, max_size: 99999999999 TB}\n", 4, 30, "is out of range"},
	{SITE TLS KEY "archive: {path: f, max_size: 99999999999999999999 B}\n", 4, 30, "is out of range"},
	{SITE TLS KEY "archive: {path: f, max_size: 1.  GB}\n", 4, 30, "does not begin with a number"},
	{CAMERA("segment: 2"), 8, 14, "segment: \"2\" has no unit: what is wanted is a time with its unit (ms, s, min, h, d)"},
	{CAMERA("segment: 2 sec"), 8, 14, "unknown unit \"sec\": did you mean \"s\"?"},
	{CAMERA("segment: 2 parsecs"), 8, 14, "unknown unit \"parsecs\": what is wanted is a time"},
	{CAMERA("segment: 499 ms"), 8, 14, "\"499 ms\" is out of range: 500 ms to 10 s"},
	{CAMERA("segment: 1 h"), 8, 14, "is out of range: 500 ms to 10 s"},
	{SMALL("size: 640x360, bitrate: 600 kbps"), 8, 50, "unknown unit \"kbps\": did you mean \"kb/s\"?"},
	{SMALL("size: 640x360, bitrate: 600 kB/s"), 8, 50, "unknown unit \"kB/s\": did you mean \"kb/s\"?"},
	{SMALL("size: 640x360, bitrate: 1 b/s"), 8, 50, "is out of range: 50 kb/s to 100 Mb/s"},
	{SMALL("size: 640, bitrate: 1 Mb/s"), 8, 32, "size: \"640\" is not WIDTHxHEIGHT"},
	{SMALL("size: 640x, bitrate: 1 Mb/s"), 8, 32, "is not WIDTHxHEIGHT"},
	{SMALL("size: 641x360, bitrate: 1 Mb/s"), 8, 32, "\"641x360\" is odd"},
	{SMALL("size: 640x32, bitrate: 1 Mb/s"), 8, 32, "\"640x32\" is out of range: 64 to 4096"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, fps: 121"), 8, 63, "fps: \"121\" is out of range: 1 to 120"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, fps: 12.5"), 8, 63, "\"12.5\" is not a whole number"},
	{SMALL("size: 640x360, bitrate: 1 Mb/s, fps: 0x10"), 8, 63, "\"0x10\" is not a whole number"},
	{HEAD "processes: {serve: 0}\n", 5, 20, "serve: \"0\" is out of range: 1 to 64"},
	{HEAD "processes: {ingest: 65}\n", 5, 21, "ingest: \"65\" is out of range: 1 to 64"},
	/* Choices. */
	{HEAD "sandbox: off\n", 5, 10, "sandbox: \"off\" is neither strict nor best-effort"},
	{CAMERA("transport: http"), 8, 16, "transport: \"http\" is none of these: auto, tcp or udp"},
	{CAMERA("allow_md5: yes"), 8, 16, "allow_md5: \"yes\" is neither true nor false"},
	/* Addresses of cameras. */
	{FROM("rtsp://camera.example/1"), 5, 26, "\"camera.example\" is a host name; DNS is never asked, since a false answer would send the password elsewhere: write the address that \"getent hosts camera.example\" prints"},
	{FROM("rtsp://localhost:8554/"), 5, 26, "\"localhost\" is a host name"},
	{FROM("rtsp://anna:secret@192.0.2.1/"), 5, 26, "take it out, and write user: NAME and password_file: FILE below"},
	{FROM("rtsp://anna@192.0.2.1/"), 5, 26, "a user or password is not written in the address"},
	{FROM("http://192.0.2.1/"), 5, 26, "http:// is not supported: a camera is read by rtsp:// or rtsps://"},
	{FROM("rtsps:///x"), 5, 26, "the address is missing"},
	{FROM("exec:/bin/sh"), 5, 26, "what is wanted is an address rtsp://ADDRESS[:PORT]/PATH"},
	{FROM("192.0.2.1"), 5, 26, "what is wanted is an address rtsp://"},
	{FROM("rtsp://"), 5, 26, "the address is missing"},
	{FROM("rtsp://192.0.2/"), 5, 26, "not an IPv4 address"},
	{FROM("rtsp://192.0.2.01/"), 5, 26, "not an IPv4 address: four numbers up to 255, without leading zeros"},
	{FROM("rtsp://2001:db8::1/"), 5, 26, "an IPv6 address is written in brackets"},
	{FROM("rtsp://[2001:db8::1/"), 5, 26, "after [ come an IPv6 address, ]"},
	{FROM("rtsp://[192.0.2.1]/"), 5, 26, "not an IPv6 address in the brackets"},
	{FROM("rtsp://[fe80::1%eth0]/"), 5, 26, "not an IPv6 address in the brackets"},
	{FROM("rtsp://192.0.2.1:/"), 5, 26, "a port is a number up to 65535"},
	{FROM("rtsp://192.0.2.1:70000/"), 5, 26, "a port is a number up to 65535"},
	{FROM("rtsp://192.0.2.1:0/"), 5, 26, "not the address and port of one camera"},
	{FROM("rtsp://0.0.0.0/"), 5, 26, "not the address and port of one camera"},
	{FROM("rtsp://239.1.1.1/"), 5, 26, "not the address and port of one camera"},
	{FROM("rtsp://[::]/"), 5, 26, "not the address and port of one camera"},
	{FROM("rtsp://192.0.2.1/a b"), 5, 26, "are written as %XX"},
	{FROM("rtsp://192.0.2.1/a#b"), 5, 26, "are written as %XX"},
	{FROM("rtsp://192.0.2.1/\u00fc"), 5, 26, "are written as %XX"},
	{FROM("rtsp://192.0.2.1/\\r\\nTEARDOWN"), 5, 26, "a line break or another control byte inside a value"},
	{FROM("rtsp://192.0.2.1/\\0"), 5, 26, "a line break or another control byte inside a value"},
	/* Encrypted cameras. */
	{FROM("rtsps://192.0.2.1/"), 5, 11, "gate: an rtsps:// camera needs fingerprint:, which \"casemate probe ADDRESS\" prints, or ca:; unverified: true takes whoever answers"},
	{SAFE("unverified: false"), 6, 3, "gate: an rtsps:// camera needs fingerprint:"},
	{SAFE("fingerprint: " PRINT "\n    ca: a"), 6, 3, "gate: of fingerprint:, ca: and unverified: only one can be what counts"},
	{SAFE("ca: a\n    unverified: true"), 6, 3, "only one can be what counts"},
	{SAFE("fingerprint: " PRINT "0"), 8, 18, "is not the SHA-256 of a certificate, 64 hex digits: \"casemate probe ADDRESS\" prints it"},
	{SAFE("fingerprint: sha1:" PRINT), 8, 18, "is not the SHA-256"},
	{SAFE("fingerprint: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"), 8, 18, "is not the SHA-256"},
	{SAFE("fingerprint: 9F:86:D0:81:88:4C:7D:65:9A:2F:EA:A0:C5:5A:D0:15:A3:BF:4F:1B:2B:0B:82:2C:D1:5D:6C:15:B0:F0:0A-08"), 8, 18, "is not the SHA-256"},
	{SAFE("ca: a\n    tls_name: 'a b'"), 9, 15, "tls_name: \"a b\" can't be a name in a certificate: a DNS name"},
	{SAFE("ca: a\n    tls_name: .example"), 9, 15, "can't be a name in a certificate"},
	{SAFE("unverified: true\n    tls_name: a.example"), 6, 3, "gate: a tls_name without a ca"},
	{SAFE("unverified: true\n    transport: udp"), 9, 16, "transport: by udp the media would travel beside the encrypted connection, in the clear"},
	{SAFE("unverified: maybe\n    ca: a"), 8, 17, "unverified: \"maybe\" is neither true nor false"},
	{CAMERA("fingerprint: " PRINT), 8, 18, "fingerprint: it has no use without encryption: write source: rtsps://"},
	{CAMERA("ca: a"), 8, 9, "ca: it has no use without encryption"},
	{CAMERA("tls_name: a"), 8, 15, "tls_name: it has no use without encryption"},
	/* ONVIF. */
	{CAMERA("onvif: https://192.0.2.1/onvif"), 8, 12, "https:// is not supported: a camera's ONVIF service is asked by http://"},
	{CAMERA("onvif: /onvif/device_service"), 8, 12, "onvif: what is wanted is an address http://ADDRESS[:PORT]/PATH"},
	{CAMERA("onvif: http://camera/onvif"), 8, 12, "\"camera\" is a host name"},
	{CAMERA("onvif: http://192.0.2.2/onvif"), 8, 12, "onvif: its address must be that of source:"},
	{CAMERA("onvif: http://[::1]/onvif"), 8, 12, "onvif: its address must be that of source:"},
	{CAMERA("onvif: http://a:b@192.0.2.1/onvif"), 8, 12, "a user or password is not written in the address"},
	/* Addresses of ours. */
	{HEAD "listen: localhost:8443\n", 5, 9, "listen: \"localhost:8443\": a host name; what is wanted is a literal address of this machine"},
	{HEAD "listen: 0.0.0.0\n", 5, 9, "the port is missing"},
	{HEAD "listen: 70000\n", 5, 9, "a port is a number up to 65535"},
	{HEAD "listen: \"::1:8443\"\n", 5, 9, "an IPv6 address is written in brackets"},
	{HEAD "listen: [1, 2, 3, 4, 5, 6, 7, 8]\nrtsps: 9\n", 6, 8, "more than 8 addresses"},
	{HEAD "rtsps: here\n", 5, 8, "is missing"},
	{HEAD "rtsp: 8554\n", 5, 7, "rtsp: a port alone is on every address: in clear text it must be said on which"},
	{HEAD "rtsp: [127.0.0.1:1, 8554]\n", 5, 21, "a port alone"},
	{HEAD "users:\n  - {name: u, allow_md5: true, password_hash: \"$argon2id$v=19$m=65536,t=3,p=1$" SALT "$" SUM "\"}\n", 6, 5, "allow_md5 has no use without an rtsp_digest_file"},
	{HEAD "metrics: 192.0.2.1:9464\n", 5, 1, "metrics: beyond this machine they are for users with the right admin"},
	{HEAD "metrics: [127.0.0.1:9464, 0.0.0.0:9465]\n", 5, 1, "metrics: beyond this machine they are for users with the right admin"},
	{HEAD "metrics: [9464, 127.0.0.1:9464]\n", 5, 17, "http://127.0.0.1:9464 is here a second time"},
	{HEAD "alarms: {retention: 11 years}\n", 5, 21, "retention"},
	{HEAD "listen: []\n", 5, 9, "0 addresses: from 1 to 8"},
	{HEAD "listen: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n", 5, 9, "9 addresses: from 1 to 8"},
	{HEAD "listen: [8443, 0.0.0.0:8443]\n", 5, 16, "0.0.0.0:8443 is here a second time"},
	{HEAD "listen: [8443, {a: b}]\n", 5, 16, "what is wanted is an address:port"},
	/* Paths. */
	{SITE TLS ARCHIVE "key: ~/site.key\n", 4, 6, "key: ~ is not expanded here: write the whole path"},
	{HEAD "socket: /run/a23456789/a23456789/a23456789/a23456789/a23456789/a23456789/a23456789/a23456789/bcdefghi/casemate.sock\n", 5, 9,
	 "the socket's path has 107 bytes with its folder; at most 100 are possible"},
	/* Hashes. */
	{USER("x"), 5, 37, "password_hash: not an argon2id hash as casemate passwd prints it"},
	{USER("$argon2i$v=19$m=65536,t=3,p=1$" SALT "$" SUM), 5, 37, "not an argon2id hash"},
	{USER("$argon2id$v=19$m=65536,t=3,p=1$" SALT "$"), 5, 37, "not an argon2id hash"},
	{USER("$argon2id$v=19$m=65536,t=3,p=1$" SALT "=$" SUM), 5, 37, "not an argon2id hash"},
	{USER("$argon2id$v=19$m=2097152,t=3,p=1$" SALT "$" SUM), 5, 37, "at most m=1048576 (1 GiB), t=16, p=16"},
	{USER("$argon2id$v=19$m=65536,t=17,p=1$" SALT "$" SUM), 5, 37, "at most m=1048576 (1 GiB), t=16, p=16"},
	{USER("$argon2id$v=19$m=65536,t=3,p=17$" SALT "$" SUM), 5, 37, "at most m=1048576 (1 GiB), t=16, p=16"},
	{USER("$argon2id$v=19$m=7,t=3,p=1$" SALT "$" SUM), 5, 37, "m at least 8 times p"},
	{HEAD "users:\n- &h {name: anna, password_hash: \"$argon2id$v=19$m=65536,t=3,p=1$" SALT "$" SUM "\"}\n", 6, 3, "anchors (&)"},
	/* YAML. */
	{HEAD "sandbox: &a strict\n", 5, 10, "anchors (&) are not taken here"},
	{HEAD "sandbox: !!str strict\n", 5, 10, "tags (!) are not taken here"},
	{HEAD "sandbox: ! strict\n", 5, 10, "tags (!) are not taken here"},
	{HEAD "sandbox: *a\n", 5, 10, "aliases (*) are not taken here"},
	{CAMERA("<<: {a: b}"), 8, 5, "merge keys (<<) are not taken here"},
	{HEAD "? [a, b]\n: c\n", 5, 3, "a key must be one word"},
	{HEAD "sandbox: |\n  strict\n", 5, 10, "a line break or another control byte"},
	{HEAD "---\nsandbox: strict\n", 5, 1, "a second document begins here"},
	{HEAD "cameras:\n\tgate: x\n", 6, 1, "a tab where blanks belong"},
	{HEAD "socket: @x\n", 5, 9, "a value can't begin with @: put it in quotes"},
	{HEAD "socket: \"abc\n", 6, 1, "not YAML: the end comes before a closing quote, in what began on line 5"},
	{HEAD "cameras: {gate: {" SOURCE "}\n", 6, 1, "not YAML: a comma or } is missing, in what began on line 5"},
	{HEAD " cameras: x\n", 5, 2, "not YAML: no key where one is wanted: look at the indentation"},
	{HEAD "socket: a: b\n", 5, 10, "not YAML: a second colon"},
	{HEAD "users:\n  - a\n  b\n", 7, 3, "not YAML: a key without its colon"},
	{HEAD "users:\n  - a\n  b: c\n", 7, 3, "not YAML: a list item without its dash"},
	{HEAD "listen: [::]:8443\n", 5, 10, "not YAML: no value where one is wanted: one that begins with [ or { is put in quotes"},
	{HEAD "cameras: {}\ngate\n", 6, 1, "not YAML: a key without its colon"},
	{HEAD "socket: a\001b\n", 5, 10, "not text in UTF-8: control characters are not allowed"},
	{HEAD "socket: a\xff\n", 5, 10, "not text in UTF-8: invalid leading UTF-8 octet"},
	{HEAD "socket: [[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]\n", 5, 24, "nested more than 16 deep"},
};

Test(complaints, name_the_one_thing_that_is_wrong)
{
	for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
		const struct site_complaint *c = report.complaint;

		cr_expect_eq(parse(one[i].text, strlen(one[i].text)), -EINVAL, "%s", one[i].text);
		cr_expect(strstr(c->text, one[i].says) != NULL, "says \"%s\", not \"%s\", about\n%s", c->text, one[i].says, one[i].text);
		cr_expect(c->line == one[i].line && c->column == one[i].column, "at %d:%d, not %d:%d: %s\n%s", c->line, c->column,
			  one[i].line, one[i].column, c->text, one[i].text);
		/* The empty file lacks all four. */
		cr_expect_eq(report.n, *one[i].text ? 1 : 4, "%u complaints, the second \"%s\", about\n%s", report.n,
			     report.complaint[1].text, one[i].text);
	}
}

/* The default must fit too, although no line of the file says it. */
Test(complaints, a_folder_too_long_for_the_default_socket_is_named)
{
	static const char path[] = "/a23456789/a23456789/a23456789/a23456789/a23456789/a23456789/a23456789/a23456789/a23456789/site.yaml";
	struct site *site = NULL;

	cr_assert_eq(site_parse(path, HEAD, strlen(HEAD), &site, &report), -EINVAL);
	cr_expect(report.n == 1 && strstr(report.complaint->text, "the socket's path has 104 bytes"), "%s", report.complaint->text);
}

Test(complaints, are_all_said_in_order_of_lines)
{
	static const char text[] = "listen: here\nkey: [a]\ncameras:\n  a: {source: rtsp://x/, fps: 1}\n  B: {}\nsandbox: *x\n";
	static const struct { int line, column; } want[] = {{1, 1}, {1, 1}, {1, 1}, {1, 9}, {2, 6}, {4, 15}, {4, 26}, {5, 3}, {6, 10}};

	cr_assert_eq(parse(text, strlen(text)), -EINVAL);
	cr_assert_eq(report.n, sizeof want / sizeof *want);
	for (size_t i = 0; i < report.n; i++)
		cr_expect(report.complaint[i].line == want[i].line && report.complaint[i].column == want[i].column, "%zu: %d:%d %s", i,
			  report.complaint[i].line, report.complaint[i].column, report.complaint[i].text);
}

/* Whatever stands before an @ may be a password; what stands after "password:" is one. */
Test(complaints, never_show_a_password)
{
	static const char *const text[] = {
		FROM("rtsp://anna:hunter2@192.0.2.1/"), FROM("rtsp://hunter2@camera/"), FROM("rtsp://a:hunter2@192.0.2.1:99999999/"),
		FROM("rtsps://a:hunter2@192.0.2.1/"), FROM("a:hunter2@192.0.2.1"), FROM("a:hunter2@://192.0.2.1"),
		FROM("rtsp://a:hunter2/@192.0.2.1/"), FROM("rtsp://a:hunter2@192.0.2.1/ b"), CAMERA("password: hunter2"), CAMERA("passwrd: {a: hunter2}"),
	};

	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		cr_assert_eq(parse(text[i], strlen(text[i])), -EINVAL);
		for (unsigned k = 0; k < report.n; k++)
			cr_expect(!strstr(report.complaint[k].text, "hunter2"), "%s", report.complaint[k].text);
	}
}

Test(complaints, are_one_printable_line_each)
{
	static const char text[] = "\"\\e]0;x\\a\\n\": 1\nsocket: \"~\\u202e\"\ncameras: {\"<b>\\n\": {}, \"\\u202e\": {}}\nkey: \"\\x7f\"\n";

	cr_assert_eq(parse(text, strlen(text)), -EINVAL);
	cr_assert_gt(report.n, 4);
	for (unsigned i = 0; i < report.n; i++)
		for (const char *s = report.complaint[i].text; *s; s++)
			cr_assert(*s >= 0x20 && *s < 0x7f, "%s", report.complaint[i].text);
}

static void append_many(struct buf *b, const char *before, const char *after, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(buf_append_fmt(b, "%s%u%s", before, i, after), 0);
}

/* What an operator's script, or someone with a hand on the file, could make of it: one clear answer, soon. */
Test(complaints, bombs_are_refused_soon, .timeout = 120)
{
	static const struct {
		const char *head, *before, *after;
		unsigned n;
		int rc;
		const char *says;
		unsigned complaints;
	} c[] = {
		{HEAD "cameras:\n", "  c", ": {" SOURCE "}\n", 10000, -EINVAL, "10000 cameras: at most 1000 are possible", 1},
		{CAMERA("renditions:"), "      r", ": {size: 640x360, bitrate: 1 Mb/s}\n", 9, -EINVAL, "9 renditions: at most 8 are possible", 1},
		{HEAD "users:\n", "  - {name: u", ", password_hash: x}\n", 1001, -EINVAL, "1001 users: at most 1000 are possible", 1},
		{HEAD "#", "0123456789", "", 1000000, -EFBIG, "a site file has at most 1048576 bytes", 1},
		{HEAD "users: [", "", ",", 150000, -EINVAL, "not YAML", 1},
		{HEAD "users: [", "", ",\n", 110000, -EINVAL, "not YAML", 1},
		{HEAD "socket: [", "", ",", 100000, -EINVAL, "", 1},
		{HEAD, "k", ": x\n", 80000, -EINVAL, "unknown key \"k0\"", SITE_COMPLAINTS_MAX},
		{HEAD, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", ": x\n", 14000, -EINVAL, "unknown key", SITE_COMPLAINTS_MAX},
		{HEAD "q: &a0 [b]\n", "z: [*a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0, *a0] #", "\n", 1, -EINVAL, "unknown key \"q\"", 12},
		{HEAD "y: ", "[", "", 1, -EINVAL, "not YAML", 1},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct buf b;

		buf_init(&b, 64u << 20);
		cr_assert_eq(buf_append_str(&b, c[i].head), 0);
		append_many(&b, c[i].before, c[i].after, c[i].n);
		cr_expect_eq(parse((const char *)buf_data(&b), b.len), c[i].rc, "%zu", i);
		cr_expect(strstr(report.complaint->text, c[i].says) != NULL, "%zu: %s", i, report.complaint->text);
		cr_expect_eq(report.n, c[i].complaints, "%zu: %u complaints: %s", i, report.n, report.complaint[1].text);
		cr_expect_eq(report.more, report.n == SITE_COMPLAINTS_MAX);
		buf_free(&b);
	}
}

/* One byte a thousand or a million times. */
Test(complaints, runs_of_one_byte_are_refused_soon, .timeout = 120)
{
	static const char byte[] = "[{-?:,\"'|>#&*!% \t\n\raA~\xff";
	static char text[SITE_FILE_MAX];

	for (const char *c = byte; *c; c++) {
		memset(text, *c, sizeof text);
		cr_expect_eq(parse(text, sizeof text), -EINVAL, "%02x", *c);
		cr_expect_eq(parse(text, 1000), -EINVAL, "%02x", *c);
	}
}

Test(complaints, too_many_values_are_refused)
{
	struct buf b;

	buf_init(&b, SITE_FILE_MAX);
	cr_assert_eq(buf_append_str(&b, HEAD "users: ["), 0);
	while (b.len < 500000)
		cr_assert_eq(buf_append_str(&b, "a,"), 0);
	cr_assert_eq(parse((const char *)buf_data(&b), b.len), -EINVAL);
	cr_assert_eq(report.n, 1);
	cr_assert_str_eq(report.complaint->text, "the file holds more than 200000 values");
	buf_free(&b);
}

Test(complaints, are_printed_with_place_and_example)
{
	char out[4096] = "";
	FILE *f = fmemopen(out, sizeof out, "w");

	cr_assert_eq(parse(HEAD "sandbox: off\nsocket: @\n", strlen(HEAD "sandbox: off\nsocket: @\n")), -EINVAL);
	complaint_print(f, "my.yaml", &report);
	report = (struct site_report){.n = 0, .more = true};
	complaint_add(&report, (struct complaint_at){0, 0}, NULL, "no");
	report.more = false;
	complaint_print(f, "my.yaml", &report);
	report.more = true;
	complaint_print(f, "my.yaml", &report);
	fclose(f);
	cr_assert_str_eq(out, "my.yaml:6:9: a value can't begin with @: put it in quotes\n"
			      "my.yaml: no\nmy.yaml: no\nmy.yaml: and more: mend these first\n", "%s", out);
}
