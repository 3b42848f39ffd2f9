/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/site.h"

#define SITE(m) .member = offsetof(struct site, m)
#define CAMERA(m) .member = offsetof(struct site_camera, m)
#define RENDITION(m) .member = offsetof(struct site_rendition, m)
#define GROUP(m) .member = offsetof(struct site_group, m)
#define USER(m) .member = offsetof(struct site_user, m)
#define MASK(m) .member = offsetof(struct site_mask, m)
#define LINE(m) .line = offsetof(struct site, m)

const struct schema_key schema_keys[] = {
	{"site", SCHEMA_ORIGIN, .required = true, SITE(origin),
	 .doc = "The name that signs this site's log; it must be the one given to casemate keygen, and can't change later.",
	 .example = "museum.example/north-wing"},
	{"listen", SCHEMA_LISTEN, .fallback = "8443", SITE(listener),
	 .doc = "Where viewers connect, by HTTPS: a port, or address:port, or a list of them; a port alone is on every IPv4 address, port 0 lets the kernel choose.",
	 .example = "0.0.0.0:8443"},
	{"rtsps", SCHEMA_LISTEN, SITE(listener),
	 .doc = "Where viewers and recorders connect by RTSP inside TLS, in the form of listen; the address of a stream is rtsps://HOST:PORT/CAMERA/RENDITION.",
	 .example = "0.0.0.0:8322"},
	{"rtsp", SCHEMA_LISTEN, SITE(listener),
	 .doc = "Where they may connect by RTSP in clear text, for everybody on the way to see and to change, at addresses that are written out; "
		"only users with an rtsp_digest_file can log in there.",
	 .example = "192.0.2.5:8554"},
	{"metrics", SCHEMA_LISTEN, SITE(listener),
	 .doc = "Where metrics are read (/metrics), and whether the server lives (/health) and every role is ready (/ready), in the form of listen, where a port alone is on 127.0.0.1; in clear text for this machine alone, elsewhere by HTTPS for users with the right admin.",
	 .example = "127.0.0.1:9464"},
	{"tls", SCHEMA_MAP, .required = true, LINE(tls_line),
	 .doc = "What the server shows to viewers to be known by.", .example = "{certificate: tls.crt, key: tls.key}"},
	{"tls.certificate", SCHEMA_PUBLIC_FILE, .required = true, SITE(tls_certificate),
	 .doc = "The certificate, followed by those that lead to a known authority, in PEM.", .example = "tls.crt"},
	{"tls.key", SCHEMA_SECRET_FILE, .required = true, SITE(tls_key),
	 .doc = "The certificate's private key in PEM, without a passphrase.", .example = "tls.key"},
	{"tls.client_ca", SCHEMA_PUBLIC_FILE, SITE(tls_client_ca),
	 .doc = "The authorities whose certificates viewers may show instead of a password, in PEM, and their revocation lists; where there is a list, every authority that issues wants one.",
	 .example = "clients.crt"},
	{"key", SCHEMA_SECRET_FILE, .required = true, SITE(key), LINE(key_line),
	 .doc = "The key that signs the log, or where it is in a token; made by casemate keygen.", .example = "site.key"},
	{"witnesses", SCHEMA_PUBLIC_FILE, SITE(witnesses), LINE(witnesses_line),
	 .doc = "Whose cosignatures of the log are taken, and how many of them make a quorum: a C2SP tlog-policy; see casemate-witness(1).",
	 .example = "witnesses.policy"},
	{"require_signed", SCHEMA_BOOL, .fallback = "false", SITE(require_signed),
	 .doc = "Whether this machine takes only site files that an admin has signed, this one and all later ones, with versions that only grow; see casemate-sign-config(1).",
	 .example = "true"},
	{"admin_key", SCHEMA_VKEY, SITE(admin_key),
	 .doc = "Whose signature counts, where none has counted before; in a file that the key in force has signed, whose signature counts from then on.",
	 .example = "\"admin.example+9b2d3c41+AZqkT0cB9yB2uJtJdQrmHgqVz8rBMVnXCgkF9XmcEHkN\""},
	{"media_signing", SCHEMA_MAP, LINE(media_line),
	 .doc = "What signs renditions inside their own stream, where they say so; both are made by casemate keygen --media-signing.",
	 .example = "{key: media.key, certificate: media.crt}"},
	{"media_signing.key", SCHEMA_SECRET_FILE, SITE(media_key),
	 .doc = "A P-256 key in PEM, without a passphrase, for that alone; it is not the log's.", .example = "media.key"},
	{"media_signing.certificate", SCHEMA_PUBLIC_FILE, SITE(media_certificate),
	 .doc = "Its certificate, and those that lead to the root but not the root, in PEM; at most 4096 bytes, which go out in the streams.",
	 .example = "media.crt"},
	{"archive", SCHEMA_MAP, .required = true, LINE(archive_line),
	 .doc = "Where footage and log are kept.", .example = "{path: /srv/casemate, max_size: 500 GB}"},
	{"archive.path", SCHEMA_FOLDER, .required = true, SITE(archive),
	 .doc = "The folder, which nothing else writes to.", .example = "/srv/casemate"},
	{"archive.max_size", SCHEMA_BYTES, .required = true, .min = 1000000, .max = 1000000000000000000, SITE(archive_max_bytes),
	 .doc = "When the footage reaches this size, the oldest is removed, and the log says so.", .example = "500 GB"},
	{"alarms", SCHEMA_MAP, .doc = "From where on something is an alarm; see casemate-alarms(1).", .example = "{down: 30 s, retention: 30 d}"},
	{"alarms.down", SCHEMA_MS, .min = 1000, .max = 3600000, .fallback = "15 s", SITE(alarms.down_ms),
	 .doc = "A camera sends nothing, or cannot be had, for longer.", .example = "30 s"},
	{"alarms.late", SCHEMA_MS, .min = 1000, .max = 3600000, .fallback = "10 s", SITE(alarms.late_ms),
	 .doc = "A camera streams, but what was recorded of it last is older than that and a segment.", .example = "20 s"},
	{"alarms.clock", SCHEMA_MS, .min = 100, .max = 3600000, .fallback = "5 s", SITE(alarms.clock_ms),
	 .doc = "A camera's clock differs from this machine's by more, or this machine's was set by more.", .example = "1 s"},
	{"alarms.scene", SCHEMA_S, .max = 86400, .fallback = "10 min", SITE(alarms.scene_s),
	 .doc = "How often a camera of which nothing is decoded (no rendition runs) is looked at for being black, frozen or covered: a few key frames, four cameras at once at most, so rarer where there are some hundreds; 0 s: never.",
	 .example = "1 min"},
	{"alarms.disk_full", SCHEMA_S, .min = 60, .max = 8640000, .fallback = "24 h", SITE(alarms.disk_full_s),
	 .doc = "The disk will be full sooner, before the archive has its size.", .example = "48 h"},
	{"alarms.retention", SCHEMA_S, .min = 60, .max = 315360000, SITE(alarms.retention_s),
	 .doc = "How long footage is promised to be kept: an alarm when archive.max_size, or the disk, will not hold as much at the cameras' present rate; it deletes nothing and keeps nothing.",
	 .example = "30 d"},
	{"alarms.certificate", SCHEMA_S, .min = 3600, .max = 31536000, .fallback = "30 d", SITE(alarms.certificate_s),
	 .doc = "The server's certificate ends sooner.", .example = "14 d"},
	{"alarms.witness", SCHEMA_S, .min = 60, .max = 31536000, .fallback = "24 h", SITE(alarms.witness_s),
	 .doc = "What the quorum of witnesses has cosigned last is older.", .example = "7 d"},
	{"alarms.restarts", SCHEMA_COUNT, .min = 1, .max = 100, .fallback = "3", SITE(alarms.restarts),
	 .doc = "A role had to be started anew so often within ten minutes.", .example = "1"},
	{"socket", SCHEMA_SOCKET, .fallback = "casemate.sock", SITE(socket), LINE(socket_line),
	 .doc = "The local socket that casemate status asks; at most 100 bytes with its folder.", .example = "/run/casemate/casemate.sock"},
	{"sandbox", SCHEMA_SANDBOX, .fallback = "strict", SITE(sandbox_best_effort),
	 .doc = "strict does not start when this kernel lacks a layer of the sandbox; best-effort goes on with the layers there are, but never without seccomp.",
	 .example = "strict"},
	{"processes", SCHEMA_MAP, .doc = "How many processes share a kind of work.", .example = "{serve: 4, ingest: 1}"},
	{"processes.serve", SCHEMA_COUNT, .min = 1, .max = 64, .fallback_is = "one for each CPU, at most 4", SITE(serve_processes),
	 .doc = "Processes that serve viewers.", .example = "4"},
	{"processes.ingest", SCHEMA_COUNT, .min = 1, .max = 64, .fallback = "1", SITE(ingest_processes),
	 .doc = "Processes that read from cameras.", .example = "1"},
	{"users", SCHEMA_USERS, .max = SITE_USERS_MAX, .doc = "Who may watch; without a user nobody may.",
	 .example = "[{name: anna, password_hash: \"$argon2id$...\"}]"},
	{"users[].name", SCHEMA_NAME, .required = true, USER(name), .doc = "What the viewer logs in as.", .example = "anna"},
	{"users[].password_hash", SCHEMA_HASH, USER(password_hash),
	 .doc = "What casemate passwd printed; at most 1 GiB of memory, 16 passes and 16 lanes; may be left out by who has a certificate.",
	 .example = "\"$argon2id$v=19$m=65536,t=3,p=1$...\""},
	{"users[].certificate", SCHEMA_CERTIFICATE, USER(certificate),
	 .doc = "What certificate of an authority in tls.client_ca is his, in place of a password or beside it.",
	 .example = "anna@museum.example"},
	{"users[].rtsp_digest_file", SCHEMA_DIGEST_FILE, USER(rtsp_digest_mark),
	 .doc = "What lets him log in by RTSP with Digest, as casemate passwd --rtsp wrote it; whoever reads it can do so too.",
	 .example = "secrets/anna.rtsp"},
	{"users[].allow_md5", SCHEMA_BOOL, .fallback = "false", USER(allow_md5),
	 .doc = "Whether that Digest may be made with MD5 where RTSP is in clear text, which ffmpeg 5.1 and GStreamer 1.22 need: they know no other.",
	 .example = "true"},
	{"users[].groups", SCHEMA_NAMES, .max = SITE_USER_GROUPS_MAX, USER(group),
	 .doc = "The groups of groups: that he is of, and may what any of them may; where there are groups, a user of none may nothing.",
	 .example = "[guards, shift-lead]"},
	{"users[].expires", SCHEMA_UNTIL, USER(expires_us),
	 .doc = "The last day on which he may watch, in UTC, or the time from which on he may not: who is there then is ended.",
	 .example = "2027-01-31"},
	{"groups", SCHEMA_GROUPS, .max = SITE_GROUPS_MAX, LINE(groups_line),
	 .doc = "Who may see what, each under a name of its own that users refer to; without groups every user may everything.",
	 .example = "{guards: {rights: [live, history], cameras: \"gate-*\"}}"},
	{"groups.*.rights", SCHEMA_RIGHTS, .required = true, .max = SITE_RIGHTS, GROUP(rights),
	 .doc = "live: what is on now, and snapshots; history: what is older, and its proofs; export: clips; "
		"admin: the log as a whole, whose entries name every camera, and the sessions and share links of others.",
	 .example = "[live, history]"},
	{"groups.*.cameras", SCHEMA_PATTERNS, .required = true, .max = SITE_GROUP_CAMERAS_MAX, GROUP(cameras),
	 .doc = "The cameras that they are for, by names or patterns, in which * stands for any number of letters and ? for one; for whoever has no right at a camera it does not exist.",
	 .example = "[\"gate-*\", yard]"},
	{"groups.*.hours", SCHEMA_HOURS, .fallback = "00:00-24:00", GROUP(hours),
	 .doc = "When they hold, in the machine's local time; hours that end before they begin go on into the next day, and days are those on which they begin.",
	 .example = "mon-fri 06:00-22:00"},
	{"profiles", SCHEMA_PROFILES, .max = SITE_PROFILES_MAX,
	 .doc = "Renditions that cameras take by name, each with the keys of cameras.*.renditions.*: renditions: [large, small] makes both.",
	 .example = "{small: {size: 640x360, bitrate: 600 kb/s}}"},
	{"defaults", SCHEMA_DEFAULTS,
	 .doc = "What every camera has that does not say otherwise: any key of a camera but source and onvif; "
		"a camera's own key takes the place of the whole value, also where that is a map or a list; a key without a value takes it away.",
	 .example = "{transport: tcp, renditions: [small]}"},
	{"include", SCHEMA_INCLUDE,
	 .doc = "The files of one folder in which there are more cameras, each with the key cameras alone, in the order of their names; "
		"those of the folder whose names begin with a dot are none.",
	 .example = "cameras.d/*.yaml"},
	{"cameras", SCHEMA_CAMERAS, .max = SITE_CAMERAS_MAX, .doc = "The cameras, each under a name of its own.",
	 .example = "{gate: {source: \"rtsp://192.0.2.11/stream1\"}}"},
	{"cameras.*.source", SCHEMA_SOURCE, .required = true, CAMERA(url),
	 .doc = "The camera's stream; its address is written in numbers, since a name would let whoever answers for it have the password. "
		"rtsps:// is encrypted, and wants one of fingerprint, ca and unverified; a vendor, an address, the channel of a recorder and main or sub "
		"stand for that vendor's address, see VENDORS.",
	 .example = "rtsp://192.0.2.11:554/stream1"},
	{"cameras.*.user", SCHEMA_LOGIN, CAMERA(user), .doc = "Who to log in as; wants a password_file too.", .example = "viewer"},
	{"cameras.*.password_file", SCHEMA_PASSWORD_FILE, CAMERA(password_mark),
	 .doc = "The file whose first line, of at most 256 bytes, is the camera's password; an empty line is an empty password.",
	 .example = "secrets/gate.txt"},
	{"cameras.*.transport", SCHEMA_TRANSPORT, .fallback = "auto", CAMERA(transport),
	 .doc = "How the stream travels: tcp, inside the RTSP connection; udp, beside it; auto tries tcp first, and keeps to what worked.",
	 .example = "tcp"},
	{"cameras.*.fingerprint", SCHEMA_FINGERPRINT, CAMERA(fingerprint),
	 .doc = "The certificate that an rtsps:// camera must show, by its SHA-256; casemate probe prints it.",
	 .example = "\"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\""},
	{"cameras.*.ca", SCHEMA_PUBLIC_FILE, CAMERA(ca),
	 .doc = "The certificates, in PEM, of the authority that must have signed an rtsps:// camera's one.", .example = "cameras-ca.pem"},
	{"cameras.*.tls_name", SCHEMA_TLS_NAME, .fallback_is = "the address of source", CAMERA(tls_name),
	 .doc = "The name that must stand in a certificate signed by ca.", .example = "gate.cameras.example"},
	{"cameras.*.unverified", SCHEMA_BOOL, .fallback = "false", CAMERA(unverified),
	 .doc = "Whether an rtsps:// camera may show any certificate at all, which lets whoever answers be the camera.", .example = "true"},
	{"cameras.*.audio", SCHEMA_BOOL, .fallback = "true", CAMERA(audio), .doc = "Whether the camera's sound is taken.", .example = "false"},
	{"cameras.*.allow_md5", SCHEMA_BOOL, .fallback = "true", CAMERA(allow_md5),
	 .doc = "Whether a camera that knows no SHA-256 may be given a Digest made with MD5.", .example = "false"},
	{"cameras.*.allow_basic", SCHEMA_BOOL, .fallback = "false", CAMERA(allow_basic),
	 .doc = "Whether a camera that knows no Digest may be sent the password itself over rtsp://, for all on the way to read.", .example = "true"},
	{"cameras.*.onvif", SCHEMA_ONVIF, CAMERA(onvif_url),
	 .doc = "The camera's ONVIF device service, at the address of source: it is asked for a key frame when the camera sends none for long, "
		"in the clear, with a digest of the password.",
	 .example = "http://192.0.2.11/onvif/device_service"},
	{"cameras.*.segment", SCHEMA_MS, .min = 500, .max = 10000, .fallback = "2 s", CAMERA(segment_ms),
	 .doc = "How long a segment should be; cuts fall on the camera's key frames.", .example = "2 s"},
	{"cameras.*.expected", SCHEMA_BPS, .min = 10000, .max = 100000000, .fallback = "4 Mb/s", CAMERA(expected_bps),
	 .doc = "The bit rate that the camera is set to, for what casemate check says that the site will cost; nothing else looks at it.",
	 .example = "6 Mb/s"},
	{"cameras.*.copy", SCHEMA_COPY, .fallback = "live", CAMERA(copy),
	 .doc = "What becomes of the camera's own picture: live offers it to viewers; recorded only archives and proves it, so that viewers see what was encoded, "
		"behind masks if there are any.",
	 .example = "recorded"},
	{"cameras.*.masks", SCHEMA_MASKS, .max = SITE_MASKS_MAX,
	 .doc = "Rectangles that hide what is in them, in every encoded rendition and in snapshots; copy is never changed, so copy: recorded keeps it from viewers.",
	 .example = "[{x: 10 %, y: 0 %, width: 25 %, height: 40 %}]"},
	{"cameras.*.masks[].x", SCHEMA_PERCENT, .required = true, .max = 10000, MASK(x),
	 .doc = "The mask's left side, from the picture's left side.", .example = "12.5 %"},
	{"cameras.*.masks[].y", SCHEMA_PERCENT, .required = true, .max = 10000, MASK(y),
	 .doc = "The mask's upper side, from the top of the picture.", .example = "0 %"},
	{"cameras.*.masks[].width", SCHEMA_PERCENT, .required = true, .min = 100, .max = 10000, MASK(width),
	 .doc = "The mask's part of the picture's width.", .example = "25 %"},
	{"cameras.*.masks[].height", SCHEMA_PERCENT, .required = true, .min = 100, .max = 10000, MASK(height),
	 .doc = "The mask's part of the picture's height.", .example = "40 %"},
	{"cameras.*.masks[].style", SCHEMA_STYLE, .fallback = "solid", MASK(style),
	 .doc = "solid is black; mosaic is a few coarse tiles that cannot be undone.", .example = "mosaic"},
	{"cameras.*.overlay", SCHEMA_BOOL, .fallback = "false", CAMERA(overlay),
	 .doc = "Whether encoded renditions show the site's name, the camera's and the time of capture.", .example = "true"},
	{"cameras.*.denoise", SCHEMA_DENOISE, .fallback = "off", CAMERA(denoise),
	 .doc = "How much of the sensor's noise is taken out of encoded renditions before they are encoded; saves most at night.", .example = "medium"},
	{"cameras.*.renditions", SCHEMA_RENDITIONS, .max = SITE_RENDITIONS_MAX,
	 .doc = "Encoded versions for viewing, each under a name of its own, besides copy and audio, which are always there; or the names of profiles.",
	 .example = "{small: {size: 640x360, bitrate: 600 kb/s}}"},
	{"cameras.*.renditions.*.size", SCHEMA_SIZE, .required = true, .min = 64, .max = 4096, RENDITION(width),
	 .doc = "Width and height in pixels, both even.", .example = "640x360"},
	{"cameras.*.renditions.*.fps", SCHEMA_COUNT, .min = 1, .max = 120, .fallback_is = "as many as the camera sends", RENDITION(fps),
	 .doc = "At most this many pictures a second.", .example = "15"},
	{"cameras.*.renditions.*.bitrate", SCHEMA_BPS, .required = true, .min = 50000, .max = 100000000, RENDITION(bitrate_bps),
	 .doc = "At most this much a second.", .example = "600 kb/s"},
	{"cameras.*.renditions.*.quality", SCHEMA_COUNT, .min = 1, .max = 51, .fallback = "24", RENDITION(crf),
	 .doc = "The quality that is aimed at below that bit rate, as a constant rate factor: lower looks better and costs more.", .example = "28"},
	{"cameras.*.renditions.*.latency", SCHEMA_LATENCY, .fallback = "low", RENDITION(latency),
	 .doc = "low encodes each picture as it comes; normal looks a few ahead, which saves bits and is later by as many.", .example = "normal"},
	{"cameras.*.renditions.*.profile", SCHEMA_PROFILE, .fallback = "high", RENDITION(profile),
	 .doc = "The profile of H.264; old players may want main or baseline, which cost more bits.", .example = "main"},
	{"cameras.*.renditions.*.on_demand", SCHEMA_BOOL, .fallback = "false", RENDITION(on_demand),
	 .doc = "Whether it is encoded only while somebody watches: from a viewer's first request until 30 s after the last.", .example = "true"},
	{"cameras.*.renditions.*.sign", SCHEMA_SIGN, .fallback = "none", RENDITION(sign),
	 .doc = "Whether its pictures are signed inside the stream too, for tools that know no log: onvif is ONVIF Media Signing, and wants media_signing.",
	 .example = "onvif"},
	{"cameras.*.renditions.*.priority", SCHEMA_COUNT, .min = 1, .max = 9, .fallback_is = "9 for the first, one less for each that follows", RENDITION(priority),
	 .doc = "When the machine is too slow the lowest is given up first.", .example = "5"},
};
const unsigned schema_nkeys = sizeof schema_keys / sizeof *schema_keys;

static const struct {
	const char *text;
	const struct units_row *units;
} type_row[SCHEMA_TYPES] = {
	[SCHEMA_MAP] = {"a map of keys"},
	[SCHEMA_CAMERAS] = {"a map of names"},
	[SCHEMA_DEFAULTS] = {"a map of keys"},
	[SCHEMA_RENDITIONS] = {"a map of names, or a list of profiles"},
	[SCHEMA_PROFILES] = {"a map of names"},
	[SCHEMA_GROUPS] = {"a map of names"},
	[SCHEMA_USERS] = {"a list of maps"},
	[SCHEMA_MASKS] = {"a list of maps"},
	[SCHEMA_ORIGIN] = {"a name of at most 128 printable bytes without blank or plus"},
	[SCHEMA_LISTEN] = {"a port, an address:port, or a list of them"},
	[SCHEMA_PUBLIC_FILE] = {"a file"},
	[SCHEMA_SECRET_FILE] = {"a file that only its owner may read"},
	[SCHEMA_PASSWORD_FILE] = {"a file that only its owner may read"},
	[SCHEMA_DIGEST_FILE] = {"a file that only its owner may read"},
	[SCHEMA_FOLDER] = {"a folder"},
	[SCHEMA_SOCKET] = {"a path"},
	[SCHEMA_BYTES] = {"a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)", units_bytes},
	[SCHEMA_MS] = {"a time with its unit (ms, s, min, h, d)", units_ms},
	[SCHEMA_S] = {"a time with its unit (s, min, h, d)", units_s},
	[SCHEMA_BPS] = {"a bit rate with its unit (b/s, kb/s, Mb/s)", units_bps},
	[SCHEMA_PERCENT] = {"a percentage with its sign", units_percent},
	[SCHEMA_COUNT] = {"a whole number"},
	[SCHEMA_BOOL] = {"true or false"},
	[SCHEMA_SANDBOX] = {"strict or best-effort"},
	[SCHEMA_TRANSPORT] = {"auto, tcp or udp"},
	[SCHEMA_DENOISE] = {"off, low, medium or high"},
	[SCHEMA_COPY] = {"live or recorded"},
	[SCHEMA_LATENCY] = {"low or normal"},
	[SCHEMA_PROFILE] = {"high, main or baseline"},
	[SCHEMA_STYLE] = {"solid or mosaic"},
	[SCHEMA_SIGN] = {"none or onvif"},
	[SCHEMA_INCLUDE] = {"FOLDER/PATTERN, in which * stands for any number of letters and ? for one"},
	[SCHEMA_SOURCE] = {"an address rtsp://ADDRESS[:PORT]/PATH or rtsps://ADDRESS[:PORT]/PATH, or VENDOR ADDRESS"},
	[SCHEMA_ONVIF] = {"an address http://ADDRESS[:PORT]/PATH"},
	[SCHEMA_FINGERPRINT] = {"sha256: and 64 hex digits, with or without colons"},
	[SCHEMA_TLS_NAME] = {"a DNS name of at most 255 letters, digits, hyphens and dots"},
	[SCHEMA_VKEY] = {"a line of casemate keygen, NAME+ID+KEY"},
	[SCHEMA_LOGIN] = {"a name of at most 64 printable bytes without colon, quotes or backslash"},
	[SCHEMA_SIZE] = {"WIDTHxHEIGHT"},
	[SCHEMA_NAME] = {"a name of 1 to 32 of a-z, 0-9 and -"},
	[SCHEMA_HASH] = {"an argon2id hash"},
	[SCHEMA_CERTIFICATE] = {"sha256: and 64 hex digits of the whole certificate, or the e-mail address, DNS name or else common name in it, of at most 127 printable bytes"},
	[SCHEMA_HOURS] = {"HH:MM-HH:MM, behind days (mon, mon-fri, mon,wed) if not on all of them"},
	[SCHEMA_UNTIL] = {"a day as 2027-01-31 or a time as 2027-01-31T18:00:00Z"},
	[SCHEMA_RIGHTS] = {"live, history, export or admin, or a list of them"},
	[SCHEMA_PATTERNS] = {"a pattern of cameras' names, or a list of them"},
	[SCHEMA_NAMES] = {"a name, or a list of them"},
};

const char *schema_type_text(enum schema_type type)
{
	return type_row[type].text;
}

const struct units_row *schema_units(enum schema_type type)
{
	return type_row[type].units;
}

void schema_range(const struct schema_key *k, char *out, size_t cap)
{
	char lo[32], hi[32];

	snprintf(lo, sizeof lo, "%" PRIu64, k->min);
	snprintf(hi, sizeof hi, "%" PRIu64, k->max);
	if (schema_units(k->type)) {
		units_format(k->min, schema_units(k->type), lo, sizeof lo);
		units_format(k->max, schema_units(k->type), hi, sizeof hi);
	}
	if (k->min)
		snprintf(out, cap, "%s to %s", lo, hi);
	else if (k->max)
		snprintf(out, cap, "at most %s", hi);
	else
		snprintf(out, cap, "%s", "");
}

const char *schema_leaf(const struct schema_key *k)
{
	const char *dot = strrchr(k->path, '.');

	return dot ? dot + 1 : k->path;
}

void schema_example(const struct schema_key *k, char *out, size_t cap)
{
	snprintf(out, cap, "%s: %s", schema_leaf(k), k->example);
}

bool schema_is_below(const struct schema_key *k, const char *prefix)
{
	return (size_t)(schema_leaf(k) - k->path) == strlen(prefix) && !strncmp(k->path, prefix, strlen(prefix));
}

static bool is_named(const struct schema_key *k, const char *name, size_t n)
{
	return strlen(schema_leaf(k)) == n && !memcmp(schema_leaf(k), name, n);
}

const struct schema_key *schema_find(const char *prefix, const char *name, size_t n)
{
	for (unsigned i = 0; i < schema_nkeys; i++)
		if (schema_is_below(&schema_keys[i], prefix) && is_named(&schema_keys[i], name, n))
			return &schema_keys[i];
	return NULL;
}

const struct schema_key *schema_elsewhere(const char *name, size_t n)
{
	for (unsigned i = 0; i < schema_nkeys; i++)
		if (is_named(&schema_keys[i], name, n))
			return &schema_keys[i];
	return NULL;
}

#define WORD_MAX 64

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	return a < b ? (a < c ? a : c) : b < c ? b : c;
}

/* Three rows of the table of optimal string alignment are enough: the swap looks two rows back. */
unsigned schema_distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[3][WORD_MAX + 1];

	na = na < WORD_MAX ? na : WORD_MAX;
	nb = nb < WORD_MAX ? nb : WORD_MAX;
	for (unsigned k = 0; k <= nb; k++)
		row[0][k] = k;
	for (unsigned i = 1; i <= na; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = i;
		for (unsigned k = 1; k <= nb; k++) {
			now[k] = min3(up[k] + 1, now[k - 1] + 1, up[k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] && up2[k - 2] + 1 < now[k])
				now[k] = up2[k - 2] + 1;
		}
	}
	return row[na % 3][nb];
}

/* A third of the word may be wrong; or it is only the beginning of the key, as "password" is. */
const struct schema_key *schema_nearest(const char *prefix, const char *name, size_t n)
{
	const struct schema_key *best = NULL;
	unsigned least = n < 3 ? 1 : (unsigned)(n < 24 ? n : 24) / 3 + 1;

	for (unsigned i = 0; i < schema_nkeys; i++) {
		const struct schema_key *k = &schema_keys[i];
		const char *leaf = schema_leaf(k);
		unsigned d;

		if (!schema_is_below(k, prefix))
			continue;
		d = schema_distance(name, n, leaf, strlen(leaf));
		if (n >= 3 && n < strlen(leaf) && !memcmp(leaf, name, n))
			d = 1;
		if (d <= least && (!best || d < least)) {
			least = d;
			best = k;
		}
	}
	return best;
}
