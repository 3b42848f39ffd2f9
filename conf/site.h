/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_SITE_H
#define CONF_SITE_H
/*
 * The site file as the program sees it: every value checked, every default
 * filled in, relative paths made absolute against the site file's folder. It may
 * include files with cameras, from one folder: the site is all of them together.
 * site_load owns everything it returns; site_free takes NULL and half-built.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"

#define SITE_FILE_DEFAULT "/etc/casemate/site.yaml"
#define SITE_CAMERAS_MAX 1000
#define SITE_RENDITIONS_MAX 8       /* encoded ones, per camera */
#define SITE_PROFILES_MAX 64
#define SITE_MASKS_MAX 16
#define SITE_MASK_WHOLE 10000       /* a mask as wide, or as high, as the picture */
#define SITE_USERS_MAX 1000
#define SITE_GROUPS_MAX 64
#define SITE_USER_GROUPS_MAX 8
#define SITE_GROUP_CAMERAS_MAX 64   /* patterns */
#define SITE_SHARES_MAX 256         /* share links at a time; they are not in the file */
#define SITE_LISTENERS_MAX 8
#define SITE_FILE_MAX (1u << 20)    /* bytes, with all that is included */
#define SITE_NAMED_MAX (1u << 20)   /* bytes of a file that it names: a key, a certificate with its authorities, a password */
#define SITE_PARTS_MAX 1001         /* the site file and what it includes */
#define SITE_PART_NAME 200          /* of an included file, with its folder and a NUL */
#define SITE_LINES (1 << 21)        /* more than a file of that size has: line L of part P is kept as P * SITE_LINES + L */
#define SITE_PASSWORD 257           /* at most 256 bytes and a NUL */
#define SITE_CERTIFICATE 128        /* of a user, as users[].certificate has it, and a NUL */
#define SITE_NAME 33                /* [a-z0-9-]{1,32} and a NUL */
#define SITE_ORIGIN 129             /* printable ASCII without blank, '+' or '/'-leading; a NUL */

enum site_denoise { SITE_DENOISE_OFF, SITE_DENOISE_LOW, SITE_DENOISE_MEDIUM, SITE_DENOISE_HIGH };
enum site_copy { SITE_COPY_LIVE, SITE_COPY_RECORDED };  /* recorded: archived and proved, not offered to viewers */
enum site_latency { SITE_LATENCY_LOW, SITE_LATENCY_NORMAL };
enum site_profile { SITE_PROFILE_HIGH, SITE_PROFILE_MAIN, SITE_PROFILE_BASELINE };
enum site_style { SITE_STYLE_SOLID, SITE_STYLE_MOSAIC };
enum site_sign { SITE_SIGN_NONE, SITE_SIGN_ONVIF };  /* inside the stream */

/* An encoded rendition; the camera's own bitstream ("copy") and its sound ("audio") need no lines here. */
struct site_rendition {
	char name[SITE_NAME];           /* never "copy", "audio" or "snapshot" */
	unsigned width, height;         /* even, 64..4096 */
	unsigned fps;                   /* at most this many pictures a second, 1..120; 0: as the camera */
	unsigned bitrate_bps;           /* cap */
	unsigned crf;                   /* 1..51, default 24: lower is better */
	enum site_latency latency;
	enum site_profile profile;
	bool on_demand;                 /* only while somebody watches */
	enum site_sign sign;            /* other than none: the site has media_key and media_certificate */
	unsigned priority;              /* 1..9; the lowest is given up first */
	bool gone;                      /* not in the file: it keeps a place (conf/places.h) */
	int line;
};

/* Hides a part of every encoded picture; all four in hundredths of a percent, and inside the picture. */
struct site_mask {
	unsigned x, y, width, height;
	enum site_style style;
	int line;
};

enum site_transport { SITE_TRANSPORT_AUTO, SITE_TRANSPORT_TCP, SITE_TRANSPORT_UDP };
/* How an rtsps:// camera proves that it is the one. NONE: rtsp://. */
enum site_tls { SITE_TLS_NONE, SITE_TLS_FINGERPRINT, SITE_TLS_CA, SITE_TLS_UNVERIFIED };
#define SITE_TLS_NAME 256

struct site_camera {
	char name[SITE_NAME];
	struct sockaddr_storage address;  /* IPv4 or IPv6, port filled in */
	char host[64];                    /* literal address and port as in a Host header: "192.0.2.11:554", "[::1]:8554" */
	char *url;                        /* rtsp://HOST/path?query (or rtsps) without user information; what DESCRIBE asks for */
	char *user;                       /* NULL if none */
	char *password_file;              /* path; NULL if none. The password itself is not kept: site_read_password */
	char *password_mark;              /* two that were read with one key (site_mark_key) have the same mark if they are the same; NULL if none was read */
	enum site_transport transport;
	enum site_tls tls;
	bool unverified;
	uint8_t fingerprint[32];          /* SITE_TLS_FINGERPRINT: SHA-256 of the certificate (DER) */
	char *ca;                         /* SITE_TLS_CA: path of PEM certificates, else NULL */
	char tls_name[SITE_TLS_NAME];     /* SITE_TLS_CA: DNS name that the certificate must have; "": the address */
	char onvif_host[64];              /* as host; "" if none. The same address as the camera's, any port */
	char *onvif_url;                  /* http://HOST/path of the device service; NULL if none */
	struct sockaddr_storage onvif_address;
	bool audio;                       /* default true */
	bool allow_md5;                   /* Digest MD5 may be answered (default true: most cameras know nothing else) */
	bool allow_basic;                 /* Basic may be answered when no Digest is offered and there is no TLS (default false) */
	unsigned segment_ms;              /* target length between cuts, 500..10000, default 2000 */
	enum site_copy copy;
	struct site_mask mask[SITE_MASKS_MAX];
	unsigned nmasks;
	bool overlay;                     /* site, camera and time of capture in encoded pictures */
	unsigned expected_bps;            /* what the camera is set to send: for what a site costs, and nothing else */
	enum site_denoise denoise;
	struct site_rendition rendition[SITE_RENDITIONS_MAX];
	unsigned nrenditions;
	bool gone;                        /* not in the file: it keeps a place */
	unsigned order;                   /* in the file, from 0, whatever its place */
	int line;
};

/* As bits: 1u << SITE_RIGHT_LIVE. */
enum site_right { SITE_RIGHT_LIVE, SITE_RIGHT_HISTORY, SITE_RIGHT_EXPORT, SITE_RIGHT_ADMIN, SITE_RIGHTS };
#define SITE_RIGHTS_ALL ((1u << SITE_RIGHTS) - 1)

/* Local time of the machine. to_min at or before from_min is a time of the next day. */
#define SITE_DAY_MIN 1440
struct site_hours {
	uint8_t days;                     /* bits of tm_wday, on which they begin: 1 is Sunday */
	uint16_t from_min, to_min;        /* of the day: below SITE_DAY_MIN, at most SITE_DAY_MIN */
};

/* What users of it may. */
struct site_group {
	char name[SITE_NAME];
	unsigned rights;
	char cameras[SITE_GROUP_CAMERAS_MAX][SITE_NAME];  /* patterns with * and ? */
	unsigned ncameras;
	struct site_hours hours;
	int line;
};

struct site_user {
	char name[SITE_NAME];
	char *password_hash;              /* argon2id, encoded form; NULL: none, he has a certificate */
	char *certificate;                /* "sha256:" and small hex digits, or a name in it; NULL: none */
	char *rtsp_digest_file;           /* path; NULL if none. What is in it is not kept: site_read_digest */
	char *rtsp_digest_mark;           /* likewise, if they say the same */
	bool allow_md5;                   /* his Digest may be made with MD5 */
	char group[SITE_USER_GROUPS_MAX][SITE_NAME];  /* names of the site's groups */
	unsigned ngroups;
	int64_t expires_us;               /* wall clock: from then on he is nobody; 0: never */
	bool gone;                        /* not in the file: it keeps a place */
	uint32_t version;                 /* grows with each change since the start */
	int line;
};

/* What is spoken there. */
enum listener_kind {
	LISTENER_HTTPS, LISTENER_RTSPS, LISTENER_RTSP,
	LISTENER_METRICS,                 /* by HTTP in clear text, so on a loopback address alone */
	LISTENER_METRICS_TLS,             /* elsewhere: by HTTPS, for users with the right admin */
	LISTENER_KINDS
};

struct site_listener {
	enum listener_kind kind;
	struct sockaddr_storage address;
	char text[64];                    /* "0.0.0.0:8443", "rtsps://[::]:8322", "http://127.0.0.1:9464"; port 0: the kernel picks one */
	int line;
};

/* From where on something is an alarm. */
struct site_alarms {
	unsigned down_ms;                 /* no stream from a camera for so long */
	unsigned late_ms;                 /* its newest segment is older */
	unsigned clock_ms;                /* a camera's clock, or this machine's, is off by so much */
	unsigned scene_s;                 /* pictures that nothing else is decoded for are looked at so often; 0: never */
	unsigned disk_full_s;             /* the disk will be full within */
	unsigned retention_s;             /* footage is promised to be kept for so long; 0: nothing is promised */
	unsigned certificate_s;           /* the certificate ends within */
	unsigned witness_s;               /* the quorum's newest cosignature is older */
	unsigned restarts;                /* a role was started anew so often in ten minutes */
};

/* A file that the site was read from. */
struct site_part {
	char name[SITE_PART_NAME];        /* "cameras.d/gate.yaml", as include: has the folder; "" of the site file itself, which is the first */
	size_t at, len;                   /* in struct site's bytes */
};

struct site {
	char origin[SITE_ORIGIN];         /* site: the log's origin and the key's name */
	char *file;                       /* the site file's absolute path */
	struct buf bytes;                 /* its parts exactly as they were read, one behind the other, for whoever needs their hash */
	struct site_part *part;           /* in the order of their names */
	unsigned nparts;
	struct site_listener listener[SITE_LISTENERS_MAX];
	unsigned nlisteners;
	char *tls_certificate, *tls_key;  /* paths, PEM */
	char *tls_client_ca;              /* path, PEM: authorities of viewers' certificates, and their CRLs; NULL: none */
	char *key;                        /* path of the signing key (casemate keygen), mode 0600 */
	char *witnesses;                  /* path of the policy that names them; NULL: there are none */
	char *media_key, *media_certificate;  /* paths, PEM: for signatures inside streams; both or neither */
	char *archive;                    /* folder */
	uint64_t archive_max_bytes;       /* oldest footage is removed at this size */
	char *socket;                     /* path of the local status socket */
	struct site_alarms alarms;
	bool require_signed;              /* it comes into force with its admin's signature only (server/admin.h) */
	char *admin_key;                  /* the key of that signature, as casemate keygen prints it; NULL: none is named */
	bool sandbox_best_effort;         /* sandbox: best-effort (default: strict) */
	unsigned serve_processes;         /* 1..64; default: number of CPUs, at most 4 */
	unsigned ingest_processes;        /* 1..64; default 1 */
	struct site_camera *camera;
	unsigned ncameras;
	struct site_user *user;
	unsigned nusers;
	struct site_group *group;         /* none: every user may everything */
	unsigned ngroups;
	int tls_line, key_line, witnesses_line, media_line, archive_line, socket_line, groups_line;  /* for whoever finds more to say about them; 0: defaulted */
};

/*
 * One complaint about the site file: where, what is wrong, and an example of right.
 * line and column count from 1; 0 when the file as a whole is meant.
 */
struct site_complaint {
	char file[SITE_PART_NAME];        /* "": the site file itself; else the name of a part */
	int line, column;
	char text[400];                   /* printable ASCII: "unknown key \"camras\": did you mean \"cameras\"?"; never a password */
	char example[200];                /* "" if none: "listen: 0.0.0.0:8443" */
};

#define SITE_COMPLAINTS_MAX 200

struct site_report {
	struct site_complaint complaint[SITE_COMPLAINTS_MAX];
	unsigned n;
	bool more;                        /* there were more than fit */
};

/*
 * Reads and checks path. All complaints are collected, not only the first.
 * 0 with *ret; -EINVAL when report holds complaints; -errno when the file cannot be read (reported too).
 * Files it names (keys, certificate, passwords) are checked: there, readable, keys not readable by others.
 * The report is cleared first, and comes back in the order of lines. It is large: not for a small stack.
 */
int site_load(const char *path, struct site **ret, struct site_report *report);
/* The same with what it includes, but without a look at the files that it names. */
int site_load_text(const char *path, struct site **ret, struct site_report *report);
/*
 * The same from memory, for what is in the text alone: opens no file, so passwords stay NULL.
 * path is the site file's absolute path; relative paths are resolved against its folder. What it includes is not there.
 */
int site_parse(const char *path, const void *text, size_t n, struct site **ret, struct site_report *report);
/* ... or is: n parts, of which text holds the bytes. */
int site_parse_parts(const char *path, const void *text, const struct site_part *part, unsigned n, struct site **ret, struct site_report *report);
void site_free(struct site **site);
/*
 * Where a line that the site keeps is, as one would name it: "site.yaml:12", "cameras.d/gate.yaml:3", and without a line the file alone;
 * path is the site file's name as it was given, and what is included is beside it.
 */
void site_place(const struct site *site, const char *path, int line, char *out, size_t cap);
/* The first line of a camera's password_file, as it is now. 0, or -errno; -EINVAL when it is no password. The caller wipes it. */
int site_read_password(const struct site_camera *c, char ret[SITE_PASSWORD]);

/*
 * What a user's password comes to under Digest, H(user:realm:password) of RFC 7616 3.4.2, where the realm is the site's origin: by
 * RTSP it is as good as the password.
 */
struct site_digest {
	uint8_t sha256[32], md5[16];
	bool has_md5;                     /* never where allow_md5 is not set */
};
/*
 * A user's rtsp_digest_file, as it is now: lines "SHA-256 USER REALM HEX", and "MD5 USER REALM HEX" where he is allowed MD5.
 * 0, or -errno; -EINVAL with a static *why when it holds none of his for this site. The caller wipes it.
 */
int site_read_digest(const struct site *site, const struct site_user *u, struct site_digest *ret, const char **why);
/*
 * The key of the marks that this process makes (password_mark, rtsp_digest_mark); chosen at random, and as old as the process. Who reads with
 * another process's can compare its marks; who knows key and marks can try passwords on them, as on the files themselves.
 */
#define SITE_MARK 17  /* bytes, with the NUL */
void site_mark_key(uint8_t ret[16]);
void site_mark_with(const uint8_t key[16]);
/*
 * Whether a file that the site names is a credential of the service manager (credential:NAME, systemd.exec(5)): then its folder
 * is there only while the unit runs, and nobody writes to it.
 */
bool site_is_credential(const char *path);

#endif
