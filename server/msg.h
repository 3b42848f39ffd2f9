/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_MSG_H
#define SERVER_MSG_H
/*
 * What roles say to each other over channels: one struct a message, its wire
 * form given by a table of fields (msg.c). Who may say it to whom: roles.c.
 * Integers are big-endian, texts and blobs carry a u16 length; decoding fills
 * the whole struct or refuses. Descriptors travel beside, as many as named here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"
#include "conf/site.h"
#include "media/media_signing.h"
#include "media/record.h"
#include "server/msg_viewer.h"

#define MSG_MAX 65536          /* bytes on the wire */
#define MSG_FDS_MAX 4
#define MSG_LEAVES_MAX 1024
#define MSG_NOTE_MAX 16384     /* a signed note with cosignatures */
#define MSG_KEY_NOTE_MAX 2048  /* a key note (seal/keychain.h) */
#define MSG_VKEY 264
#define MSG_ENTRY_MAX 1024
#define MSG_MASK_BYTES 9          /* as msg_put_mask writes one */
#define MSG_MASKS_MAX SITE_MASKS_MAX
#define MSG_SEGMENT_MAX_S 600  /* a segment is shorter */

enum msg_type {
	MSG_NONE,
	/* every role */
	MSG_GO,                    /* parent -> role: settings are complete, seal yourself */
	MSG_READY,                 /* role -> parent: sealed */
	MSG_STOP,                  /* parent -> role: finish what you hold and exit */
	MSG_ASK,                   /* parent -> role with a loop: are you there? */
	MSG_HERE,                  /* its answer */
	MSG_BAD_PEER,              /* role -> parent: that role lied to me */
	MSG_PEER,                  /* parent -> role: fd 0 is your channel to that role; replaces an earlier one */
	/* ingest */
	MSG_INGEST_CAMERA,         /* fd: the CA's certificates (PEM), if tls is SITE_TLS_CA; none: the same as those sent last */
	MSG_RING_STORE,            /* fds: ring, doorbell. Replaces an earlier one: begin with an init segment, unless it goes on; ingest -> parent: then it has taken it */
	MSG_RING_TRANSCODE,        /* fds: ring, doorbell. Replaces an earlier one; none: it has ended */
	MSG_DIAL,
	MSG_DIALED,                /* fd: connected TCP socket, if error is 0 */
	MSG_UDP_OPEN,              /* two ports, wanted for a track's SETUP */
	MSG_UDP_OPENED,
	MSG_UDP_CONNECT,           /* the camera named its own */
	MSG_UDP_CONNECTED,         /* fds: sockets of RTP and RTCP, connected to the camera, if error is 0 */
	MSG_UDP_CLOSE,             /* ports that were opened and not connected are not wanted any more */
	MSG_CAMERA_STATE,
	MSG_CAMERA_GONE,           /* parent -> ingest, store, serve: the site has it no more; ingest -> parent: all of it is in the ring */
	MSG_CAMERA_OFFER,          /* what a camera said of itself, in our words; once it described itself, and when a connection failed */
	/* transcode (before it seals itself) */
	MSG_TRANSCODE_CAMERA,
	MSG_TRANSCODE_RENDITION,
	MSG_TRANSCODE_RINGS,       /* fds: ring in, doorbell in, ring out, doorbell out */
	/* transcode (sealed) */
	MSG_RENDITION_RUN,         /* on demand: to be made, or not any more. transcode: its doorbell rings too */
	MSG_WORKER_STATE,
	MSG_WORKER_RENDITION,
	MSG_SEI_ASK,               /* -> sign, by way of the parent: a group of pictures is to be signed, or the certificate SEI wanted */
	MSG_SEI,                   /* <- its answer */
	/* store */
	MSG_STORE_SITE,            /* fd: archive folder */
	MSG_STORE_CAMERA,
	MSG_STORE_RENDITION,
	MSG_CAMERA_TAKEN,          /* store -> parent: a camera that came while it ran has its place; ingest may begin */
	MSG_STORE_ENCODER,         /* with what that rendition is made from here on: for an encoder/v1 entry */
	MSG_STORE_CONFIG,          /* another site file is in force: a config/v1 entry */
	MSG_EXPORT,                /* an export/v1 entry */
	MSG_RING_FROM,             /* fds: ring, doorbell. Replaces an earlier one of that role */
	MSG_STORE_STATE,
	MSG_RENDITION_STATE,
	MSG_ALARM,                 /* store: an alarm/v1 entry; serve: for the page */
	MSG_STORE_POLICY,          /* whose cosignatures the log needs */
	MSG_WITNESS_STATE,         /* store -> parent: what it has of them */
	/* sign */
	MSG_SIGN_SITE,             /* fds: key, state file; then as told the next key, the archive's newest checkpoint */
	MSG_SIGN_MEDIA,            /* fds: the key of signatures inside streams, its certificates */
	MSG_SIGN_HELLO,            /* sign -> store: what I have signed so far */
	MSG_LEAVES,
	MSG_CHECKPOINT,            /* sign -> store -> serve */
	MSG_KEY_NOTE,              /* sign -> store: for log/keys; no checkpoint by that key before it is there */
	MSG_KEY_KEPT,              /* store -> sign: it is */
	MSG_SIGN_STATE,
	/* serve */
	MSG_SERVE_SITE,            /* fds: certificate, key, and where there are any viewers' authorities (PEM); opened for this process alone, which reads them from where they stand */
	MSG_SERVE_LISTENER,        /* fd: listening socket; none: it is closed */
	MSG_SERVE_USER,
	MSG_SERVE_CAMERA,
	MSG_SERVE_RENDITION,
	MSG_SERVE_VKEY,
	MSG_SERVE_CERTIFICATE,     /* fds: as with MSG_SERVE_SITE: for handshakes from now on; viewers' certificates are looked at anew */
	MSG_SESSION,               /* both ways: a login that all serve processes honour */
	MSG_SESSION_END,
	MSG_LOGIN,                 /* serve -> parent: somebody was let in or refused, so often */
	MSG_LOGIN_ENTRY,           /* parent -> store: the same, gathered, for a login/v1 entry */
	MSG_SERVE_STATE,
	MSG_WATCHED,               /* somebody asks for what runs on demand, or watches closely; while he does, again, at most each MSG_WATCHED_US */
	MSG_PART_LENGTH,           /* parent -> ingest, transcode, store: as long as somebody watches closely, each second or so, and once at its end */
	MSG_TRACK,                 /* fd: sealed init segment */
	MSG_SEGMENT,               /* fd: sealed segment */
	MSG_PART,                  /* fd: sealed chunk of a segment that is not whole yet; its MSG_SEGMENT takes its place */
	MSG_OLDEST,
	MSG_WANT,
	MSG_HAVE,                  /* fd: sealed bytes, if status is MSG_HAVE_OK */
	MSG_CLIP_MAKE,
	MSG_CLIP_NEXT,
	MSG_CLIP_END,
	MSG_CLIP_PIECE,            /* fd: sealed bytes; none with the first one, which says how long all is, and none without MSG_CLIP_OK */
	MSG_COSIGNATURE,           /* serve -> store: what a witness has brought */
	MSG_COSIGNED,              /* its answer */
	MSG_LOG_NOTE,              /* store -> serve: what /log/cosigned and its like are from here on */
	MSG_METRICS,               /* parent -> serve; fds: sealed bytes of each form */
	MSG_VIEWING,               /* serve -> parent: what somebody had of a camera, gathered */
	MSG_WATCH_ENTRY,           /* parent -> store: the same, gathered again, for a watch/v1 entry */
	MSG_SHARE,                 /* parent -> serve: a share link in its place, or that it is gone */
	MSG_TURN_ASK,              /* sign -> parent: a token's key has to hand over to its successor */
	MSG_TURN,                  /* its answer */
	MSG_QUESTION,              /* serve -> parent: what somebody's page wants to know, or to have done */
	MSG_ANSWER,                /* fd: sealed bytes, if result is MSG_ANSWER_DONE */
	MSG_LOOK,                  /* parent -> transcode (sealed): how often it looks at the scene while it decodes nothing else */
	MSG_TYPE_COUNT
};

struct msg_go { bool best_effort; };             /* a missing sandbox layer is reported, not fatal */
struct msg_ready { uint32_t layers; };           /* bits of sandbox.h */
struct msg_bad_peer { uint8_t role; uint16_t index; char why[128]; };
struct msg_peer { uint8_t role; uint16_t index; };

struct msg_ingest_camera {
	uint16_t camera;
	char name[SITE_NAME], host[64], url[1024], user[256], password[257];
	bool has_user, allow_md5, allow_basic, audio;
	uint8_t transport, worked;                   /* enum site_transport; worked: what did in an earlier life, AUTO if unknown */
	uint8_t tls;                                 /* enum site_tls */
	uint8_t fingerprint[32];
	char tls_name[SITE_TLS_NAME];
	char onvif_host[64], onvif_url[1024];        /* "" if none */
	uint32_t segment_ms;
	uint8_t longest_s;                           /* as in struct msg_camera_state, of an earlier ingest; 0: not known */
};
enum dial_what { DIAL_RTSP, DIAL_ONVIF, DIAL_WHAT_COUNT };
struct msg_ring_store { bool goes_on; };          /* the same store will take it up where the earlier one ends */
struct msg_ring_transcode { uint16_t camera; bool pictures; };  /* pictures: it wants them too, not only sound that no browser plays */
struct msg_camera_gone { uint16_t camera; };
struct msg_dial { uint16_t camera; uint8_t what; };      /* enum dial_what */
struct msg_dialed { uint16_t camera; uint8_t what; int32_t error; };  /* errno, 0 when connected */
struct msg_udp_open { uint16_t camera; uint8_t track; };
struct msg_udp_opened { uint16_t camera; uint8_t track; int32_t error; uint16_t port; };  /* of RTP, even; RTCP has the next */
struct msg_udp_connect { uint16_t camera; uint8_t track; uint16_t rtp_port, rtcp_port; };  /* the camera's */
struct msg_udp_connected { uint16_t camera; uint8_t track; int32_t error; uint32_t room; };  /* room: SO_RCVBUF of RTP's socket */
struct msg_udp_close { uint16_t camera; };

enum camera_phase { CAMERA_IDLE, CAMERA_CONNECTING, CAMERA_STREAMING, CAMERA_WAITING };
struct msg_camera_state {
	uint16_t camera;
	uint8_t phase;                               /* enum camera_phase */
	uint8_t why;                                 /* enum gap_why: last reason there was no picture */
	uint8_t video, audio;                        /* enum codec */
	uint16_t width, height;
	uint8_t profile, level;
	uint32_t fps_milli, rate_bps;
	uint8_t transport;                           /* enum site_transport: of this connection, AUTO if there is none */
	bool tls;
	int64_t since_us;                            /* wall clock: in this phase since */
	uint32_t key_interval_ms;                    /* between the last two key frames; 0: not known */
	int64_t key_us;                              /* wall clock of the last key frame, 0 if none */
	uint8_t clock;                               /* enum clock_source */
	int64_t clock_offset_us;                     /* the camera's clock less ours, by its sender reports; 0 without */
	uint32_t clock_error_ms;
	uint64_t access_units, packets, lost, reordered, duplicates, mended, reconnects, key_requests;
	/* What did not get on, by whose fault: packets and access units. */
	uint64_t dropped_camera;                     /* broken, foreign, too large, before the first picture that can be decoded */
	uint64_t dropped_network;                    /* whole access units that a lost packet took along, and what came too late */
	uint64_t dropped_ring;                       /* store, or transcode, did not keep up */
	uint32_t retry_ms;                           /* waiting: until the next try */
	char detail[160];                            /* our own words (never the camera's): "refuses the password" */
	char left_out[96];                           /* tracks not taken, our names: "application" */
	uint8_t longest_s;                           /* what a segment's length rounds to at most, for as long as the parent runs (media/cutter.h); 0: not known yet */
	uint32_t pace_milli;                         /* pictures in 1000 s, as its parameter sets tell, else its clock in the epoch's first segment; 0: not known yet */
	uint32_t segment_ms;                         /* what it was told: longest_s is of that */
	uint64_t dropped_store;                      /* of dropped_ring: what store did not take */
};

#define MSG_LOGINS 5
struct msg_camera_offer {
	uint16_t camera;
	uint8_t login;                               /* enum rtsp_client_answer, below MSG_LOGINS */
	uint64_t signs;                              /* of who made it: rows of struct vendor_guess */
	uint32_t quirks;                             /* bits of net/rtsp_quirk.h */
	char media[512];                             /* all that it describes: "video H264 90000 Hz, application VND.ONVIF.METADATA", harmless letters */
};

/* Choices are the site file's (conf/site.h), cpu is enum cpu_level. */
struct msg_transcode_camera {
	uint16_t camera;
	char name[SITE_NAME], site[SITE_ORIGIN];
	bool sound;                                  /* of what no browser plays */
	bool overlay;
	uint8_t denoise, cpu;
	uint32_t look_s;                             /* as alarms.scene; MSG_LOOK when that is another */
	uint16_t masks_len;                          /* bytes */
	uint8_t masks[MSG_MASKS_MAX * MSG_MASK_BYTES];
};
struct msg_transcode_rendition {
	uint8_t rendition;
	char name[SITE_NAME];
	uint16_t width, height;
	uint32_t fps, bitrate_bps;
	uint8_t crf, latency, profile, priority;
	bool on_demand, sign;                        /* sign: as SITE_SIGN_ONVIF */
};
struct msg_rendition_run { uint16_t camera; uint8_t rendition; bool run; };
/* How a worker is: each few seconds, and when scene or step change. */
struct msg_worker_state {
	uint16_t camera;
	uint8_t scene, scene_now;                    /* bits of codec/scene.h: what lasts; as of the newest picture that was looked at */
	uint32_t looked;                             /* so many were */
	uint8_t step;                                /* of overload: 0 is none */
	uint8_t cpu;                                 /* enum cpu_level in use */
	int64_t no_picture_since_us;                 /* wall clock; 0: there are pictures */
	uint64_t pictures, errors, skipped, behind, refused;
};
struct msg_worker_rendition {
	uint16_t camera;
	uint8_t rendition;
	bool running, given_up;
	uint8_t fps_step;                            /* one picture in 2^fps_step */
	uint64_t encoded, same, behind;              /* same: not encoded, since nothing had changed */
	uint64_t signed_gops, unsigned_gops;         /* of one that is signed: groups of pictures */
};
/* A group's fields as in media/media_signing.h; gop 0: only the certificates. The names are the parent's: what a worker writes there is not read. */
struct msg_sei_ask {
	uint16_t camera;
	uint8_t rendition;
	uint32_t gop;
	uint16_t nals;
	int64_t start_us, end_us;
	uint8_t hash[MEDIA_SIGNING_HASH], linked[MEDIA_SIGNING_HASH];
	char camera_name[SITE_NAME], rendition_name[SITE_NAME];
};
#define MSG_SEI_PACKET_MAX (MEDIA_SIGNING_SEI_MAX + 64)
struct msg_sei { uint16_t camera; uint8_t rendition; uint32_t gop; int64_t start_us; uint16_t nal_len; uint8_t nal[MEDIA_SIGNING_SEI_MAX]; };

#define MSG_BINARIES 6                         /* in the order of enum role_kind */
struct msg_store_site {
	char origin[SITE_ORIGIN], program[64];
	uint8_t site_sha256[32];
	uint8_t sbom_sha256[32];                     /* zeros: none */
	uint8_t binary_sha256[MSG_BINARIES][32];     /* of the program files; zeros: not told */
	uint64_t archive_max_bytes;
	uint16_t cameras, ingests;                   /* camera i is of ingest i % ingests */
};
struct msg_store_camera { uint16_t camera; char name[SITE_NAME]; };
struct msg_store_rendition { uint16_t camera; uint8_t rendition; char name[SITE_NAME]; bool hidden, gone; };  /* hidden: not for serve; gone: it is not made any more */
struct msg_camera_taken { uint16_t camera; };
/* change: ENTRY_CHANGES_MAX lines of an entry's grammar at most, each behind a line feed; there may be more changes than these. */
#define MSG_CHANGES_MAX 800
struct msg_store_config { uint8_t site_sha256[32]; uint64_t archive_max_bytes; uint32_t changes; char change[MSG_CHANGES_MAX]; };
/* Names, since footage of cameras that the site has no more can be exported too. segments, bytes: of footage. beside: "", or the clip's other rendition. */
struct msg_export {
	char user[SITE_NAME], camera[SITE_NAME], rendition[SITE_NAME];
	int64_t from_us, to_us;
	uint64_t segments, bytes;
	char beside[SITE_NAME];
	uint64_t beside_segments, beside_bytes;
};
struct msg_ring_from { uint8_t role; uint16_t index; };  /* ingest: process number; transcode: camera */
struct msg_store_state {
	uint64_t entries, checkpoint_size, archive_bytes, disk_free_bytes, segments, gaps, dropped;
	uint32_t queue;                              /* segments waiting for the disk */
	int64_t checkpoint_us;                       /* wall clock of the newest checkpoint, 0 if none */
	char alarm[160];                             /* "" or what is wrong and the mend: "disk is full: …" */
};
struct msg_rendition_state {
	uint16_t camera;
	uint8_t rendition;
	uint64_t oldest, newest, bytes;              /* numbers kept on disk; bytes archived */
	uint64_t dropped_disk;                       /* segments that the disk did not take */
	int64_t newest_end_us;
	uint32_t rate_bps;
};

/* Of a camera; then of the site as a whole. */
enum alarm_kind {
	ALARM_OVERLOAD, ALARM_WORKER, ALARM_BLACK, ALARM_FROZEN, ALARM_COVERED, ALARM_NO_PICTURE,
	ALARM_DOWN, ALARM_SILENT, ALARM_LATE, ALARM_CLOCK, ALARM_CAMERA_KINDS,
	ALARM_SITE_CLOCK = ALARM_CAMERA_KINDS, ALARM_DISK, ALARM_RETENTION, ALARM_ARCHIVE, ALARM_SIGN, ALARM_CERTIFICATE, ALARM_WITNESS, ALARM_RESTARTING,
	ALARM_KINDS
};
#define MSG_ALARM_SITE UINT16_MAX                /* of no camera */
struct msg_alarm {
	uint16_t camera;                             /* MSG_ALARM_SITE with kinds of the site */
	uint8_t kind;                                /* enum alarm_kind */
	bool begin;                                  /* else it is over */
	int64_t at_us;                               /* wall clock */
	char detail[96];                             /* our own words: a-z, 0-9, blank and hyphen; "" at its end */
};

#define MSG_POLICY_MAX 16384
#define MSG_WITNESSES_MAX 32
#define MSG_WITNESS_BYTES 16                     /* as msg_put_witness writes one */
struct msg_store_policy { uint16_t text_len; uint8_t text[MSG_POLICY_MAX]; };  /* empty: there are none */
struct msg_witness_state {
	bool met;                                    /* the quorum has cosigned a checkpoint: */
	uint64_t size;                               /* of so many entries; 0: none at all */
	int64_t quorum_us, newest_us;                /* wall clock, 0 if never: the oldest cosignature that it takes; the newest of any witness */
	uint16_t seen_len;                           /* bytes */
	uint8_t seen[MSG_WITNESSES_MAX * MSG_WITNESS_BYTES];  /* each witness, in the policy's order */
};

/* certifier: the vkey of the token's key that certifies `key` by that note; "" without one. next_…: the same of the next key. */
struct msg_sign_site {
	char origin[SITE_ORIGIN];
	bool has_next, has_checkpoint;
	char certifier[MSG_VKEY], next_certifier[MSG_VKEY];
	uint16_t note_len, next_note_len;
	uint8_t note[MSG_KEY_NOTE_MAX], next_note[MSG_KEY_NOTE_MAX];
};
/* The key note by which the token hands over to vkey, at that size. */
struct msg_turn_ask { char vkey[MSG_VKEY]; int64_t time_us; uint64_t size; };
struct msg_turn { uint16_t note_len; uint8_t note[MSG_KEY_NOTE_MAX]; };  /* none: the token did not sign */
/* next: what replaces vkey, or certifier where there is one, behind a key/v1 entry of that time; "" for none. */
struct msg_sign_hello { uint64_t size; uint8_t root[32]; char vkey[MSG_VKEY], certifier[MSG_VKEY], next[MSG_VKEY]; int64_t next_us; };
struct msg_leaves { uint64_t first; uint16_t hashes_len; uint8_t hashes[MSG_LEAVES_MAX * 32]; };
struct msg_checkpoint { uint64_t size; uint16_t note_len; uint8_t note[MSG_NOTE_MAX]; };
struct msg_key_note { char vkey[MSG_VKEY]; uint64_t size; uint16_t note_len; uint8_t note[MSG_KEY_NOTE_MAX]; };  /* the key it makes known; as in it */
struct msg_key_kept { char vkey[MSG_VKEY]; };
struct msg_sign_state { uint64_t size; int64_t signed_us; char vkey[MSG_VKEY], refusal[160]; };

struct msg_serve_site { char origin[SITE_ORIGIN], version[32]; uint16_t cameras, users, index; };
struct msg_serve_listener { uint8_t listener, kind; };  /* below SITE_LISTENERS_MAX; enum listener_kind */
struct msg_serve_camera { uint16_t camera; char name[SITE_NAME]; uint32_t segment_ms; bool no_copy; };  /* no_copy: it is not for viewers */
struct msg_serve_rendition {
	uint16_t camera;
	uint8_t rendition;
	char name[SITE_NAME];
	uint16_t width, height;
	uint32_t fps, bitrate_bps;
	uint8_t profile;                             /* enum site_profile */
	bool on_demand;
	bool gone;                                   /* not offered any more */
};
struct msg_serve_vkey { char vkey[MSG_VKEY]; };
struct msg_store_encoder { uint16_t camera; uint8_t rendition; char encoder[65], settings[513]; };
#define MSG_WATCHED_US 1000000
#define MSG_SNAPSHOT_WORKERS_MAX 48  /* workers for snapshots alone, some 42 MB each: of cameras that have none otherwise */
/* chunk_ms: 0 for whole segments; up to MSG_PICTURE_MS each picture is wanted as it comes; else parts of that target. */
#define MSG_PICTURE_MS 40
struct msg_watched { uint16_t camera; uint8_t rendition; uint16_t chunk_ms; };
/* chunk_ms: how long a chunk lasts at most, 0: as without anybody, and none are published; part_ms: the target of parts, 0: none are wanted. */
struct msg_look { uint16_t camera; uint32_t every_s; };  /* 0: never */
struct msg_part_length { uint16_t camera; uint8_t rendition; uint16_t chunk_ms, part_ms; };
struct msg_serve_state {
	uint32_t connections, viewers, held;
	uint64_t requests_http1, requests_http2, requests_rtsp;
	uint64_t refused, bytes_out;
	uint64_t slow_closed;        /* of closed: all but who was idle */
	uint64_t refused_address, refused_user, refused_login, refused_demand;  /* of refused: by which limit */
	uint64_t rtsp_dropped;       /* times that a viewer by RTSP was too slow, and went on with the newest key frame */
	uint64_t closed_handshake, closed_request, closed_slow, closed_starved, closed_idle;  /* connections, by cause */
};

struct msg_track {
	uint16_t camera;
	uint8_t rendition;
	uint8_t init_sha256[32];
	uint8_t codec;
	uint16_t width, height;
	uint32_t timescale, rate;
	uint8_t channels, profile, level;
	uint32_t compat;
	uint64_t constraints;
};
struct msg_segment {
	uint16_t camera;
	uint8_t rendition;
	uint64_t number;
	uint32_t discontinuity;                      /* counts up at each break of this camera's timeline */
	bool independent;
	int64_t start_us;                            /* wall clock */
	uint32_t duration, timescale;
	uint64_t bytes;
	uint8_t sha256[32], init_sha256[32];
	uint64_t entry;                              /* index in the log */
	int64_t period_us;                           /* wall clock where its period begins (server/store_period.h), */
	uint64_t period_media_us;                    /* and media time there, from 0 at the epoch's begin */
	uint64_t decode_time;                        /* its first tfdt */
};
#define MSG_NO_PART UINT16_MAX
struct msg_part {
	uint16_t camera;
	uint8_t rendition;
	uint64_t number;                             /* the segment's */
	uint32_t tag;                                /* of its epoch: the same number may come again after a crash, with another tag */
	uint32_t discontinuity;
	uint16_t part;                               /* which it belongs to, counted within the segment; MSG_NO_PART: to none */
	bool ends;                                   /* the part is whole with it */
	bool last;                                   /* the segment is over with it */
	bool final;                                  /* and so is its epoch: the next segment's parts have another tag */
	bool independent;
	int64_t start_us;                            /* wall clock */
	uint32_t duration, timescale;
	uint64_t offset, bytes;                      /* in the segment */
	uint16_t target_ms;                          /* no part of the rendition lasts longer; 0 with MSG_NO_PART */
	uint8_t sha256[32], init_sha256[32];
};
struct msg_oldest { uint16_t camera; uint8_t rendition; uint64_t number; };

/* Of footage, then of the log. */
enum msg_want_kind { MSG_WANT_SEGMENT, MSG_WANT_INIT, MSG_WANT_PROOF, MSG_WANT_TILE, MSG_WANT_KEYS, MSG_WANT_LIST, MSG_WANT_SPANS };
struct msg_want {
	uint32_t request;
	uint8_t kind;
	uint16_t camera;
	uint8_t rendition;
	uint64_t number;                             /* segment's, or tile's; of keys: of the checkpoint's size, for what is held of them */
	int16_t level;                               /* tile: -1 for entries */
	uint16_t width;                              /* tile: 256 for a full one */
	uint8_t init_prefix[8];
	int64_t from_us, to_us;                      /* wall clock, to_us not 0: only if the segment touches that time; lists and spans are of it */
};
/*
 * A clip for a viewer: serve asks, store answers when all of it was found and is in the log, and then gives it as one ZIP
 * file of `total` bytes, piece by piece as serve asks for the next one. A piece without OK ends it, with words.
 */
struct msg_clip_make { uint32_t request; char user[SITE_NAME], camera[SITE_NAME], rendition[SITE_NAME]; bool audio; int64_t from_us, to_us; };
struct msg_clip_next { uint32_t request; };
struct msg_clip_end { uint32_t request; };   /* nobody wants it any more */
#define MSG_CLIP_NAME 128
enum msg_clip_status { MSG_CLIP_OK, MSG_CLIP_NONE, MSG_CLIP_BUSY, MSG_CLIP_ERROR };
struct msg_clip_piece { uint32_t request; uint8_t status; uint64_t total, bytes; uint8_t sha256[32]; char name[MSG_CLIP_NAME], why[256]; };
enum msg_have_status { MSG_HAVE_OK, MSG_HAVE_NONE, MSG_HAVE_NOT_YET, MSG_HAVE_GONE, MSG_HAVE_ERROR };
struct msg_have { uint32_t request; uint8_t status; uint64_t bytes; uint8_t sha256[32]; };
#define MSG_COSIGNATURE_MAX 4096
struct msg_cosignature { uint32_t request; uint16_t note_len; uint8_t note[MSG_COSIGNATURE_MAX]; };
enum msg_cosigned_result {
	MSG_COSIGNED_TAKEN, MSG_COSIGNED_KNOWN,
	MSG_COSIGNED_MALFORMED,                      /* no checkpoint */
	MSG_COSIGNED_REFUSED,                        /* by no witness of the policy's, or a signature is wrong */
	MSG_COSIGNED_OTHER,                          /* not a checkpoint of this log as it is */
	MSG_COSIGNED_NOBODY,                         /* the site has no policy */
	MSG_COSIGNED_LATER                           /* too many at once, or too early */
};
struct msg_cosigned { uint32_t request; uint8_t result; };
enum msg_log_note_what { MSG_LOG_COSIGNED, MSG_LOG_WANTED, MSG_LOG_POLICY, MSG_LOG_NOTES };
struct msg_log_note { uint8_t what; uint16_t note_len; uint8_t note[MSG_NOTE_MAX]; };  /* empty: there is none */

/* What answers on a listener for metrics, until the next one comes. why: what ready lacks, a line each; "" if nothing. */
#define MSG_METRICS_WHY 1024
struct msg_metrics { bool ready; char why[MSG_METRICS_WHY]; uint64_t open_bytes, text_bytes; uint8_t open_sha256[32], text_sha256[32]; };

/* Room for any decoded body. */
union msg_body {
	struct msg_go go;
	struct msg_ready ready;
	struct msg_bad_peer bad_peer;
	struct msg_peer peer;
	struct msg_ingest_camera ingest_camera;
	struct msg_ring_store ring_store;
	struct msg_ring_transcode ring_transcode;
	struct msg_dial dial;
	struct msg_dialed dialed;
	struct msg_udp_open udp_open;
	struct msg_udp_opened udp_opened;
	struct msg_udp_connect udp_connect;
	struct msg_udp_connected udp_connected;
	struct msg_udp_close udp_close;
	struct msg_camera_state camera_state;
	struct msg_camera_offer camera_offer;
	struct msg_camera_gone camera_gone;
	struct msg_transcode_camera transcode_camera;
	struct msg_transcode_rendition transcode_rendition;
	struct msg_rendition_run rendition_run;
	struct msg_worker_state worker_state;
	struct msg_worker_rendition worker_rendition;
	struct msg_sei_ask sei_ask;
	struct msg_sei sei;
	struct msg_store_site store_site;
	struct msg_store_camera store_camera;
	struct msg_store_rendition store_rendition;
	struct msg_camera_taken camera_taken;
	struct msg_store_config store_config;
	struct msg_export export;
	struct msg_clip_make clip_make;
	struct msg_clip_next clip_next;
	struct msg_clip_end clip_end;
	struct msg_clip_piece clip_piece;
	struct msg_ring_from ring_from;
	struct msg_store_state store_state;
	struct msg_rendition_state rendition_state;
	struct msg_alarm alarm;
	struct msg_store_policy store_policy;
	struct msg_witness_state witness_state;
	struct msg_sign_site sign_site;
	struct msg_sign_hello sign_hello;
	struct msg_leaves leaves;
	struct msg_checkpoint checkpoint;
	struct msg_key_note key_note;
	struct msg_turn_ask turn_ask;
	struct msg_turn turn;
	struct msg_key_kept key_kept;
	struct msg_sign_state sign_state;
	struct msg_serve_site serve_site;
	struct msg_serve_listener serve_listener;
	struct msg_serve_user serve_user;
	struct msg_serve_camera serve_camera;
	struct msg_serve_rendition serve_rendition;
	struct msg_serve_vkey serve_vkey;
	struct msg_session session;
	struct msg_session_end session_end;
	struct msg_store_encoder store_encoder;
	struct msg_login login;
	struct msg_login_entry login_entry;
	struct msg_serve_state serve_state;
	struct msg_watched watched;
	struct msg_part_length part_length;
	struct msg_look look;
	struct msg_part part;
	struct msg_track track;
	struct msg_segment segment;
	struct msg_oldest oldest;
	struct msg_want want;
	struct msg_have have;
	struct msg_cosignature cosignature;
	struct msg_cosigned cosigned;
	struct msg_log_note log_note;
	struct msg_metrics metrics;
	struct msg_viewing viewing;
	struct msg_watch_entry watch_entry;
	struct msg_share share;
	struct msg_question question;
	struct msg_answer answer;
};

/* One more mask; there is room for MSG_MASKS_MAX. */
void msg_put_mask(struct msg_transcode_camera *m, const struct site_mask *mask);
/* The mask at place i; false if there is none. Its values are not checked. */
bool msg_get_mask(const struct msg_transcode_camera *m, unsigned i, struct site_mask *ret);
/* One more witness: what it is known to have cosigned, 0 for nothing; there is room for MSG_WITNESSES_MAX. */
void msg_put_witness(struct msg_witness_state *m, uint64_t size, int64_t time_us);
/* The witness at place i; false if there is none. */
bool msg_get_witness(const struct msg_witness_state *m, unsigned i, uint64_t *ret_size, int64_t *ret_time_us);
/* "overload", "worker" …: the name in alarm/v1; "?" for a kind that is none. */
const char *msg_alarm_name(unsigned kind);
/* "dial", "camera-state" …; "?" for a type that is none. */
const char *msg_name(unsigned type);
/* Writes type and body (NULL for a message without fields). w is bad when it does not fit. */
void msg_encode(struct wr *w, enum msg_type type, const void *body);
/* Reads type and body; trailing bytes, wrong lengths and texts with NUL are refused. 0 or -EBADMSG. */
int msg_decode(const uint8_t *p, size_t n, enum msg_type *ret_type, union msg_body *ret);

#endif
