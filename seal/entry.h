/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_ENTRY_H
#define SEAL_ENTRY_H
/*
 * The lines of text that the log is made of; doc/evidence.5 gives every one
 * byte for byte. A kind's lines come in one order and every value has one
 * spelling: entry_parse takes exactly what entry_write writes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seal/hash.h"

#define ENTRY_MAX_BYTES 1024
#define ENTRY_NAME 33                   /* [a-z0-9-]{1,32} and a NUL */
#define ENTRY_PROGRAM 65                /* 1 to 64 printable ASCII characters and a NUL */
#define ENTRY_VKEY 264                  /* of a P-256 key, under the longest name, and a NUL */
#define ENTRY_SETTINGS 513              /* 1 to 512 of them */
#define ENTRY_ADDRESS 46                /* a literal IPv4 or IPv6 address in the spelling of RFC 5952, or "-", and a NUL */
#define ENTRY_DETAIL 97                 /* 1 to 96 of a-z, 0-9, blank and hyphen, no blank at an end, and a NUL */
#define ENTRY_CHANGE 97                 /* 1 to 96 of a-z, 0-9, blank, hyphen, dot, slash, colon and underscore, and a NUL */
#define ENTRY_CHANGES_MAX 8             /* that are named; how many there are is told as well */
#define ENTRY_KEEP_MAX 10               /* renditions */
#define ENTRY_WATCHED_MAX 11            /* renditions, snapshots among them */
#define ENTRY_BINARIES_MAX 8            /* programs of a run; no more fit beside the longest key */
#define ENTRY_NUMBER_MAX ((uint64_t)1 << 53)  /* JavaScript counts exactly up to here */
#define ENTRY_DURATION_MAX_MS 3600000u

enum entry_kind { ENTRY_SEGMENT, ENTRY_GAP, ENTRY_DELETE, ENTRY_START, ENTRY_STOP, ENTRY_ALARM, ENTRY_CONFIG,
	ENTRY_ENCODER, ENTRY_LOGIN, ENTRY_EXPORT, ENTRY_KEY, ENTRY_WATCH, ENTRY_OTHER };
/* The last two: there is one of that kind, and nobody has checked it. */
enum entry_signature { ENTRY_SIGNATURE_NONE, ENTRY_SIGNATURE_VALID, ENTRY_SIGNATURE_INVALID, ENTRY_SIGNATURE_STRIPPED,
	ENTRY_SIGNATURE_ONVIF, ENTRY_SIGNATURE_AXIS };

/* How footage went out: to a browser that is logged in, to a player that says a password, by RTSP. */
enum entry_watch_by { ENTRY_BY_PAGE, ENTRY_BY_PLAYER, ENTRY_BY_RTSP, ENTRY_BY_COUNT };

/* segment/v1: one segment of one rendition, sealed. */
struct entry_segment {
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	uint64_t number;                /* from 1; grows within a rendition */
	struct hash init, media;
	uint64_t bytes;                 /* of the segment */
	int64_t start_us;               /* wall clock, whole milliseconds */
	uint32_t duration_ms;
	bool clock_rtcp;                /* else arrival */
	uint32_t clock_error_ms;
	struct hash source;             /* encoded: media hash of the copy segment; copy, audio: what was received */
	enum entry_signature signature;
	bool has_certificate;           /* only with one that is valid, invalid or stripped */
	struct hash certificate;
	bool has_encoder;               /* never in copy; in audio where it is not the camera's own */
	struct hash encoder;            /* leaf hash of the encoder/v1 that it was made under */
	struct hash previous;           /* leaf hash of this rendition's segment/v1 before; zeros for its first */
};

/* gap/v1: no footage of a camera, from when to when. */
struct entry_gap {
	char camera[ENTRY_NAME];
	int64_t from_us, to_us;         /* from <= to */
	char why[ENTRY_NAME];           /* a word in the grammar of names */
};

/* delete/v1: bytes of segments from..to (both in) are removed; their entries stay. */
struct entry_delete {
	int64_t time_us;
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	uint64_t from_number, to_number;
	uint64_t bytes;
	char why[ENTRY_NAME];           /* "space", "operator", "lost" (in a crash) */
};

/* A program file of the run, as the parent starts it. */
struct entry_binary {
	char name[ENTRY_NAME];          /* "casemate", "ingest" ... */
	struct hash hash;
};

/* start/v1: a run of the program began. */
struct entry_start {
	int64_t time_us;
	char program[ENTRY_PROGRAM];    /* "casemate 0.1.0" */
	struct hash build, site;        /* of the program file and of the site file */
	char key[ENTRY_VKEY];           /* the vkey that signs from here on */
	char root[ENTRY_VKEY];          /* of the token that certified it; "" if none did */
	char keep[ENTRY_KEEP_MAX][ENTRY_NAME];  /* renditions whose bytes go to the archive; the others are only logged and served */
	unsigned nkeep;                 /* at least 1 */
	bool has_sbom;
	struct hash sbom;               /* of the list of what the programs are made of (casemate version --sbom) */
	struct entry_binary binary[ENTRY_BINARIES_MAX];
	unsigned nbinaries;             /* 0: they were not told */
};

/* stop/v1: the run ended in order. */
struct entry_stop {
	int64_t time_us;
	char why[ENTRY_NAME];
};

/* alarm/v1: something is wrong with a camera's pictures, or with what is made of them; or is not any more. */
struct entry_alarm {
	char camera[ENTRY_NAME];
	int64_t time_us;
	char alarm[ENTRY_NAME];         /* "overload", "black" … */
	bool begin;                     /* or it goes on, with another detail; else it is over */
	char detail[ENTRY_DETAIL];
};

/* config/v1: a changed site file came into force, without a new run. */
struct entry_config {
	int64_t time_us;
	struct hash site;               /* of the site file that is in force from here on */
	uint32_t changes;               /* differences to the one before; 0: only its bytes differ */
	char change[ENTRY_CHANGES_MAX][ENTRY_CHANGE];  /* the first of them: "camera gate: source" */
	unsigned nchange;               /* changes, or ENTRY_CHANGES_MAX if there are more */
};

/* encoder/v1: with what an encoded rendition is made from here on. */
struct entry_encoder {
	int64_t time_us;
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	char encoder[ENTRY_PROGRAM];    /* "x264 164 r3095 baee400" */
	char settings[ENTRY_SETTINGS];  /* no blank at an end */
};

/* login/v1: somebody was let in or refused, so and so often since the last such entry about them. */
struct entry_login {
	int64_t time_us;
	char user[ENTRY_NAME];          /* of the site file, never a name that was only offered; "-": unknown, or several */
	char address[ENTRY_ADDRESS];    /* "-": several */
	bool accepted;
	uint64_t count;                 /* at least 1 */
	bool by_certificate;            /* else by password, or by what is not told apart */
};

/* What a clip holds of another rendition. */
struct entry_beside {
	char rendition[ENTRY_NAME];     /* "": there is none */
	uint64_t segments, bytes;       /* at least 1 */
};

/* export/v1: footage was handed out; export/v2: and in the same clip another rendition's, so that neither can be taken out of it unnoticed. */
struct entry_export {
	int64_t time_us;
	char user[ENTRY_NAME];          /* "operator": from the server's own machine */
	char camera[ENTRY_NAME], rendition[ENTRY_NAME];
	int64_t from_us, to_us;         /* from <= to */
	uint64_t segments, bytes;       /* may be 0 */
	struct entry_beside beside;     /* makes it v2 */
};

/* key/v1: the last entry that the old key covers; the new one signs the next checkpoint. */
struct entry_key {
	int64_t time_us;
	char key[ENTRY_VKEY], by[ENTRY_VKEY];   /* new and old */
	char why[ENTRY_NAME];           /* "rotation" */
};

/* watch/v1: what a viewer had of a camera since the last such entry about the two. */
struct entry_watch {
	char user[ENTRY_NAME];          /* of the site file, or of a share link; "-": several */
	char address[ENTRY_ADDRESS];    /* "-": several */
	char camera[ENTRY_NAME];
	unsigned by;                    /* bits of enum entry_watch_by, at least one */
	char rendition[ENTRY_WATCHED_MAX][ENTRY_NAME];
	unsigned nrenditions;           /* at least 1 */
	uint64_t from_number, to_number; /* of segments, from <= to: he had some between the two, both in */
	int64_t from_us, to_us;         /* when he asked for them, from <= to */
	uint64_t bytes;
};

struct entry {
	enum entry_kind kind;
	union {
		struct entry_segment segment;
		struct entry_gap gap;
		struct entry_delete del;
		struct entry_start start;
		struct entry_stop stop;
		struct entry_alarm alarm;
		struct entry_config config;
		struct entry_encoder encoder;
		struct entry_login login;
		struct entry_export export;
		struct entry_key key;
		struct entry_watch watch;
		char other[ENTRY_NAME * 2];  /* ENTRY_OTHER: its kind line, "picture/v2" */
	};
};

/* 0 with *ret_n bytes in out (no NUL), -EINVAL when a field is outside its grammar or range (ENTRY_OTHER always), -EMSGSIZE. */
int entry_write(const struct entry *e, uint8_t out[ENTRY_MAX_BYTES], size_t *ret_n);
/*
 * Parses one entry. Kinds not known here give ENTRY_OTHER when they are UTF-8 lines whose first is
 * [a-z]{1,32}/v<number>. 0, or -EBADMSG with *why (static; why may be NULL).
 */
int entry_parse(const void *p, size_t n, struct entry *ret, const char **why);

/* About when it was logged; otherwise_us for a kind that is not known here. */
int64_t entry_time_us(const struct entry *e, int64_t otherwise_us);
/* Whether a start's keep line names the rendition. */
bool entry_keeps(const struct entry_start *s, const char *rendition);

#endif
