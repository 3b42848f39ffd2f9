/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PARENT_H
#define SERVER_PARENT_H
/*
 * The parent: holds the site file, opens what the roles are given, starts and
 * restarts them, joins them by rings and channels, dials cameras, writes the log
 * and answers `casemate status`. It reads no byte from a camera or a viewer.
 *
 * One process, one thread, one loop; struct parent is everything it knows.
 */
#include <stdint.h>
#include <sys/types.h>

#include "codec/cpu.h"
#include "codec/scene.h"
#include "conf/site.h"
#include "seal/witness_policy.h"
#include "server/admin.h"
#include "server/alarm_book.h"
#include "server/alarm_forecast.h"
#include "server/certified.h"
#include "server/channel.h"
#include "server/history.h"
#include "server/login_book.h"
#include "server/parent_certificate.h"
#include "server/parent_metrics.h"
#include "server/parent_share.h"
#include "server/programs.h"
#include "server/service.h"
#include "server/watch_book.h"

#define PARENT_SESSIONS_MAX 4096
#define PARENT_USER_SESSIONS_MAX 64  /* one user cannot log the others out */
#define PARENT_RELOAD_MAX (256u << 10)  /* bytes of what a reload has to say */
#define CHILD_SESSIONS_PER_S 50
#define CHILD_LOG_LINES_PER_S 200
#define CHILD_LOG_BYTES_PER_S (256u << 10)
#define CHILDREN_LOG_LINES_PER_S 1000     /* of all of them */
#define CHILD_WATCHED_PER_S 20000         /* a few for each rendition of 1000 cameras */
#define START_DEADLINE_S 15               /* from a role's start to its being ready; see late */
#define RING_STORE_BYTES (32u << 20)      /* ingest -> store, at least: see ring_store_bytes */
#define RING_STORE_CAMERA (512u << 10)    /* ... of it for a camera: its key frame, when those of all come at one moment */
#define RING_TRANSCODE_BYTES (16u << 20)  /* ingest -> transcode, one camera */
#define RING_LOOK_BYTES (4u << 20)        /* the same, of a worker for sound that looks at the scene now and then */
#define RING_ENCODED_BYTES (16u << 20)    /* transcode -> store, one camera */
#define RING_SNAPSHOT_BYTES (4u << 20)    /* transcode -> store, a worker for snapshots and sound */
#define RING_SOUND_BYTES (1u << 20)       /* each of the two, of a worker for sound alone */

struct event;
struct event_base;
struct parent;

enum child_phase { CHILD_DOWN, CHILD_STARTING, CHILD_READY, CHILD_STOPPING };

/* A role's process, or the place for one. */
struct child {
	struct parent *parent;
	enum role_kind kind;
	unsigned index;                   /* ingest, serve: process number; transcode: camera */
	enum child_phase phase;
	pid_t pid;
	struct channel *channel;
	struct event *again, *killer;     /* timers: start again; kill when it does not stop or seal itself */
	int64_t started_us;               /* monotonic */
	unsigned restarts;
	bool was_ready;                   /* at least once since the parent began */
	uint32_t layers;
	unsigned backoff_ms;
	unsigned late;                    /* how often it was not ready in time, less how often it was well before: it has twice as long each time */
	char last_end[264];               /* why the one before ended, "" if none did */
	char last_error[192];             /* its last line of level error: when it exits by itself, this is why */
	bool killed;                      /* by child_kill, which said why */
	/* whether it is heard: parent_hear.c */
	bool hung_up;                     /* closed its channel */
	bool answers, asked;              /* it did once; it is being asked */
	unsigned unanswered;              /* so many rounds since */
	int64_t heard_second;
	unsigned heard;
	/* its standard error */
	int log_fd;
	struct event *log_event, *log_timer;
	char line[1024];
	size_t line_len;
	bool line_cut;
	int64_t log_second;
	size_t log_bytes;                 /* that were read in it */
	unsigned log_lines, log_suppressed;
	size_t ring_store_bytes;          /* ingest: of its ring to store */
	/*
	 * transcode: its two rings, kept until ingest and store are ready; the first one's bell is kept as long as it.
	 * ingest: ring_out is a larger ring to store, from when it is given it until it has taken it.
	 */
	int ring_in, ring_in_bell, ring_out, ring_out_bell;
	bool pictures;                    /* it is given pictures too, not only sound */
	bool grouped;                     /* in a control group of its own */
	bool retired;                     /* nothing needs it: it is not started again */
	/* and whether it gets on: the first ring, how much it had taken, since when */
	int watch_fd;
	uint64_t watch_taken;
	int64_t watch_since_us;           /* monotonic; 0: nothing waits for it */
	double watch_cpu_s;               /* what it had computed by then */
	int64_t said_second;              /* transcode, serve: so much was said in that one */
	unsigned said;
	/* serve: logins that it told of */
	int64_t session_second;
	unsigned sessions;
	int64_t question_second;
	unsigned looks, changes;          /* what it asked in that one */
	struct msg_serve_state serve;
	struct child_counts counts;
};

/* A TCP connection under way to a camera. */
struct dial {
	struct event *event;              /* waits for its turn, then for the connect */
	int fd;
	int64_t last_us;
};

/* Two ports that ingest asked for and the camera has not answered yet. */
struct udp_pair {
	int fd[2];                        /* RTP, RTCP; -1: none */
	int64_t last_us;
};

#define PARENT_TRACKS 2
#define WORKER_TOLD_MS 800               /* a worker's back-off is that long once it ended four times in a row, */
#define WORKER_WELL_US 30000000          /* none of which lasted for this */

/* Who watches closely, as a serve said last (monotonic; 0: nobody): parts are wanted, or each picture as it comes. */
struct closely {
	int64_t parts_us, pictures_us;
	int64_t told_us;                  /* those whom it concerns */
	uint16_t part_ms;                 /* the target of parts; 0: none are wanted */
};

/* A rendition as it is asked for, and made. */
struct demand {
	struct closely closely;
	int64_t watched_us;               /* monotonic; on demand: somebody did, as a serve said last */
	bool runs;                        /* on demand */
	bool ever;                        /* on demand, at some time since the start: what serve says may be of a moment ago */
	struct msg_worker_rendition worker;
};

struct camera_live {
	struct parent *parent;
	unsigned index;
	struct msg_camera_state state;
	bool known;
	/* With a reload: whether store has a place for it, so that ingest may begin; whether store's settings held it; whether ingest still owes its end. */
	bool taken, in_settings, leaving;
	int64_t leaving_us;               /* monotonic: since when */
	bool had_onvif;                   /* ever: what ingest asks for may be of a moment ago */
	uint8_t ca_sha256[32];            /* of what ca: names */
	uint8_t longest_s;                /* what players were promised of its segments: the first ingest's word holds … */
	unsigned longest_for_ms;          /* … for as long as the site file wants them that long; 0: nothing was said yet */
	uint8_t worked;                   /* enum site_transport: what media last came by, as its ingest said */
	/* The last time that the camera was lost, kept when it is back; why is GAP_NONE when there was none. */
	uint8_t lost_why;
	char lost_detail[160];
	int64_t lost_us;                  /* wall clock */
	struct event *telling;            /* waits for its turn to tell serve */
	int64_t told_us;
	struct dial dial[DIAL_WHAT_COUNT];
	struct udp_pair udp[PARENT_TRACKS];
	struct event *udp_expiry;
	struct msg_rendition_state rendition[RENDITIONS_MAX];
	/* its worker */
	struct msg_worker_state worker;
	bool worker_known;
	bool wants_sound;                 /* which only a worker makes */
	int64_t needed_us;                /* monotonic: it was needed last */
	int64_t looked_at_us;             /* monotonic: since when its pictures are looked at, by a worker that is there for that; 0: they are not */
	bool looks_long;                  /* for longer than others' turns allow, since its key frames are far apart */
	uint8_t scene;                    /* what was seen wrong with them last: bits of codec/scene.h */
	bool blind;                       /* nothing was seen, since they could not be decoded */
	unsigned looks_failed;            /* in a row, by the end of who looked */
	int64_t sei_second;               /* and how many SEIs it has asked for in it */
	unsigned seis;
	struct demand demand[RENDITIONS_MAX];
	struct camera_offer { bool described; uint8_t login; uint64_t signs; uint32_t quirks; } offer;  /* as in msg_camera_offer */
	struct alarm alarm[ALARM_CAMERA_KINDS];
	int64_t streaming_us, recorded_us;  /* monotonic: since when it streams; when a segment of it came last */
	struct camera_counts counts;
	struct history history;
};

struct listener_live {
	struct site_listener want;
	bool wanted;                      /* else the place is free */
	int *fd;                          /* one per serve process; -1 while the address cannot be had */
	int error;                        /* errno while it cannot be had */
	char text[64];                    /* its address with the port it really has */
};

/* A command that wants only a part of the server, and to be told of cameras. Nothing is listened on. */
struct parent_watch {
	unsigned roles;                   /* bits of enum role_kind: which are started */
	int64_t longest_us;               /* then it is over */
	const char *password;             /* of its camera; NULL: as the site file says */
	void (*state)(struct parent *p, const struct msg_camera_state *m);
	void (*offer)(struct parent *p, const struct msg_camera_offer *m);  /* or NULL */
	void *ctx;
};

/* What a service manager gave, and was told. */
struct parent_service {
	int socket[SERVICE_SOCKETS_MAX], nsockets;
	struct event *watchdog;
	bool told_ready;
};

/* Who witnesses the log, and what store has of them. */
struct parent_witness {
	struct witness_policy policy;     /* while site->witnesses is not NULL */
	struct msg_store_policy text;     /* it as store is told it */
	struct msg_witness_state state;
	bool known;                       /* store has said how it is with them */
	bool old;                         /* it was said that the quorum is too old */
	int64_t since_us;                 /* wall clock: when this policy came into force here */
};

/* What alarms of the site are told from. */
#define LOOKS_ENDED_MAX 256
struct looks_ended { enum role_kind kind; unsigned index; int64_t at_us; };
struct parent_looks {
	struct forecast forecast;
	int64_t apart_us;                 /* the wall clock less the monotonic one */
	int64_t clock_set_us, clock_by_s; /* monotonic: when the wall clock was set last, 0 if never; by how much */
	struct looks_ended ended[LOOKS_ENDED_MAX];  /* roles that ended unasked, */
	unsigned nended;                  /* so many since the start */
};

struct parent {
	struct site *site;                /* in force; cameras, renditions and users in their places (conf/places.h) */
	const struct parent_watch *watch; /* NULL: the whole server */
	struct event_base *base;
	int64_t started_us;
	struct admin admin;               /* whose signature the site in force has */
	const struct key_public *admin_key;  /* that the command line names, or NULL */
	char admin_path[4200];            /* where admin is kept */
	struct programs programs;
	int archive_fd;
	struct child *child;              /* sign, store, ingest…, serve…, transcode… */
	unsigned nchildren;
	struct camera_live *camera;
	unsigned closely;                 /* renditions that are watched so, */
	bool closely_full;                /* and more would be */
	struct listener_live listener[SITE_LISTENERS_MAX];
	struct parent_certificate certificate;
	struct parent_metrics metrics;
	struct alarm alarm[ALARM_KINDS];  /* from ALARM_CAMERA_KINDS on: of the site */
	struct alarm_book alarms;
	struct parent_looks looks;
	struct parent_scene { unsigned turn; int64_t next_us; } scene;  /* whose pictures are looked at next, and when */
	struct msg_session session[PARENT_SESSIONS_MAX];
	unsigned nsessions;
	struct parent_shares shares;
	struct login_book logins;         /* the log has not heard of, */
	struct watch_book views;          /* nor of these */
	struct msg_store_state store;
	struct parent_witness witness;
	struct msg_sign_state sign;
	struct certified certified;       /* the key of this run, of a site whose own is in a token; else all zeros */
	struct certified next_certified;  /* the same of the next key, until that one signs */
	struct next_key { bool given, turned; uint64_t inode; int64_t changed_s; long changed_ns; char vkey[KEY_VKEY]; } next_key;
	struct parent_turn *turn;         /* a token that is handing over */
	struct parent_service service;
	int64_t log_second;               /* and what the roles have said in it */
	unsigned log_lines;
	uint32_t layers;                  /* of its own sandbox */
	bool has_groups;                  /* a control group of its own to divide: */
	int groups_fd;
	enum cpu_level cpu;               /* what workers' kernels may use */
	int status_fd;
	struct event *status_event, *signals[4], *stop_deadline, *listen_retry, *worker_watch, *asking;
	bool stopping;
	int exit_status;
};

/* parent.c: the processes */
int parent_run(struct parent *p);
/* Stops all roles in order; parent_run then returns. */
void parent_stop(struct parent *p, const char *why);
struct child *parent_child(struct parent *p, enum role_kind kind, unsigned index);
static inline unsigned ingest_of(const struct parent *p, unsigned camera) { return camera % p->site->ingest_processes; }
/* NULL when there is no memory; room for one of each that the site can need is there. */
struct child *parent_add_child(struct parent *p, enum role_kind kind, unsigned index);
void child_start(struct child *c);
/* Kills it; it is started again by its back-off. why goes to log and status. */
void child_kill(struct child *c, const char *why);
int child_say(struct child *c, enum msg_type type, const void *body, const int *fds, unsigned nfds);

/*
 * What sign has signed lies beside the key, out of reach of the role that writes the archive. Nothing can be written beside a
 * credential: then it lies in the unit's own folder ($STATE_DIRECTORY), or beside the site file.
 */
void sign_state_path(const struct site *site, char *out, size_t cap);
/* The file of the key that replaces the site's: it is there while it does. */
void parent_next_key_path(const struct site *site, char *out, size_t cap);
/* What verifiers are given: the key that signs, or the one in the token that certifies it. "" before sign has said. */
static inline const char *parent_vkey(const struct parent *p) { return *p->sign.vkey && *p->certified.root ? p->certified.root : p->sign.vkey; }
/* Of key files that name a token: has it certify a key for this run, and the next key's too. 0, or -errno when the reason was said (certified_run). */
int parent_certify(struct parent *p);
/* The file of the key that signs, from where sign has come to; p->certified is its own then. */
void parent_key_path(struct parent *p, char *out, size_t cap);
/* Opens the next key for a sign that is given the key at `now`; -1 when there is none, or none that can be taken yet, which is said. */
int parent_open_next_key(struct parent *p, const char *now);
/* Whether the next key is a token's: that one is asked at a start only. */
bool parent_next_key_waits(const struct parent *p);
/* parent_turn.c: sign asks for the note by which its token hands over. */
void parent_turn_ask(struct child *sign, const struct msg_turn_ask *m);
/* A child has ended; it may be the one that asks the token. */
void parent_turn_reap(struct parent *p);
/* A token that refused its PIN may be asked again; true when there is one. */
bool parent_turn_again(struct parent *p);
void parent_turn_end(struct parent *p);
/* Whether another file is there than sign was given. */
bool parent_has_new_key(const struct parent *p);
/* Sign says that the next key signs: true, said in the log, when it was given one. */
bool parent_key_turned(struct parent *p);
/* In order and at once: what it has signed is on disk at any time. */
void parent_renew_sign(struct parent *p);
/* parent_settings.c: what each role is told before it seals itself; 0 or -errno */
int child_settings(struct child *c);
/* The same, to those that run, of one thing of the site that is new or other: in its place, gone or not. */
int child_say_store_camera(struct child *c, unsigned camera);
int child_say_store_renditions(struct child *c, unsigned camera);
int child_say_ingest_camera(struct child *c, unsigned camera);
int child_say_serve_camera(struct child *c, unsigned camera);
int child_say_serve_user(struct child *c, unsigned user);
int child_say_certificate(struct child *c);
/* parent_worker.c: 0 or -ENOMEM; a look at each of them and each camera, once a second (arg is the parent) */
int parent_add_workers(struct parent *p);
void parent_watch_workers(int fd, short what, void *arg);
/* What a camera sends, as its ingest said; what a viewer asks for. A worker is started if there is none. */
void parent_want_sound(struct parent *p, unsigned camera, uint8_t codec);
void parent_want_pictures(struct parent *p, unsigned camera);
/* The camera's worker, begun if it was not; NULL without memory. */
struct child *parent_want_worker(struct parent *p, unsigned camera);
/* At once, and with what is in force now: nothing of it has failed. */
void parent_restart_worker(struct child *c);
/* It holds nothing that would have to be ended in order: of snapshots there is none under way for long. */
void parent_retire_worker(struct child *c);
void parent_worker_state(struct child *c, const struct msg_worker_state *m);
void parent_worker_rendition(struct child *c, const struct msg_worker_rendition *m);
/* Its process is gone, and its back-off is known. */
void parent_worker_ended(struct child *c, bool expected);
/* parent_demand.c: what runs while it is watched */
bool parent_on_demand(const struct parent *p, unsigned camera, unsigned rendition);
/* ... at some time since the start. */
bool parent_was_on_demand(const struct parent *p, unsigned camera, unsigned rendition);
void parent_watched(struct parent *p, unsigned camera, unsigned rendition);
void parent_demand_sweep(struct camera_live *cam, int64_t now_us);
/* Renditions, sound or snapshots are to be made. */
bool parent_needs_worker(const struct camera_live *cam);
/* parent_scene.c: each second; and what a worker has told of what it saw */
void parent_scene_sweep(struct parent *p, int64_t now_us);
void parent_scene_told(struct camera_live *cam);
/* A worker ended unasked. */
void parent_scene_worker_ended(struct camera_live *cam);
/* How often it looks by itself: who is ready now; and all, when alarms.scene is another. */
void parent_tell_look(struct child *worker);
void parent_scene_changes(struct parent *p);
/* parent_closely.c: chunk_ms as in msg_watched, not 0 */
void parent_watched_closely(struct parent *p, unsigned camera, unsigned rendition, unsigned chunk_ms);
void parent_closely_sweep(struct camera_live *cam, int64_t now_us);
/* To a worker: it sleeps until it is rung. 0, or as child_say. */
int parent_tell_worker(struct child *worker, enum msg_type type, const void *body);
/* Tells a worker, or a serve, that is ready what runs. */
void parent_tell_demand(struct child *c);
/* parent_media.c: a worker wants an SEI; sign has written one */
void parent_sei_ask(struct child *worker, const struct msg_sei_ask *m);
void parent_sei(struct parent *p, const struct msg_sei *m);
/* parent_encoder.c: with what a camera's encoded renditions are made, for the log */
void parent_tell_encoders(struct child *store, unsigned camera);
/* parent_login.c: who was let in, and who refused, for the log */
void parent_login(struct child *serve, const struct msg_login *m);
/* all: the run ends. */
void parent_login_sweep(struct parent *p, bool all);
/* Never what a viewer wrote: a literal address, or "-". */
bool parent_is_address(const char *text);
/* Of a viewer's number, as entries name him: "-" for nobody; NULL for a number that is nobody's. */
const char *parent_viewer_name(const struct parent *p, unsigned viewer);
/* parent_viewing.c: who watched what, likewise */
void parent_viewing(struct child *serve, const struct msg_viewing *m);
void parent_viewing_sweep(struct parent *p, bool all);
/*
 * parent_alarm.c: that something is so, or is not, in the words of alarm/v1: at once, or held as the book's rules say;
 * of a camera, or of the site.
 */
void parent_alarm(struct camera_live *cam, enum alarm_kind kind, bool is, const char *detail);
void parent_alarm_held(struct camera_live *cam, enum alarm_kind kind, const struct alarm_hold *hold, bool is, const char *detail);
void parent_site_alarm(struct parent *p, enum alarm_kind kind, const struct alarm_hold *hold, bool is, const char *detail);
/* Tells a serve that is new what has begun. */
void parent_tell_alarms(struct child *serve);
/* Says what could not be said when it happened. */
void parent_alarm_sweep(struct camera_live *cam);
/* The site has the camera no more: what it had is over. */
void parent_alarm_forget(struct camera_live *cam);
unsigned parent_alarms_on(const struct parent *p);
/* parent_alarm_look.c: what is wrong; of cam->worker when that is another; the rest each second */
void parent_worker_alarms(struct camera_live *cam);
void parent_alarm_look(struct camera_live *cam, int64_t now_us);
void parent_site_alarm_look(struct parent *p);
/* That role has ended unasked. */
void parent_alarm_ended(const struct child *c);
/* parent_witness.c */
#define PARENT_QUORUM_OLD_US (86400 * 1000000ll)  /* what the quorum has cosigned is older: an alarm */
/* Reads what the site names. 0 or -errno, with why for people. what is left as it was on failure. */
int parent_witness_load(const struct site *site, struct parent_witness *ret, char *why, size_t cap);
/* In place of an earlier one; told to a store that runs. Whether it is another. */
bool parent_witness_use(struct parent *p, const struct parent_witness *w);
int child_say_store_policy(struct child *c);
void parent_witness_state(struct parent *p, const struct msg_witness_state *m);
/* Says when the quorum has become too old, and when it is new again. */
void parent_witness_sweep(struct parent *p);
/* Since when no quorum has cosigned anything newer: its oldest cosignature, or when it began to be asked for. 0: none is needed. */
int64_t parent_quorum_us(const struct parent *p);
/* parent_group.c: control groups, where they were delegated. Before the first child; a child's as its process begins, and after it has ended */
void parent_groups_begin(struct parent *p);
void child_group_begin(struct child *c);
/* Whether it was ended because its group's memory was at the cap. */
bool child_group_end(struct child *c);
/* parent_wire.c: rings and channels between roles that are ready; called when c has become ready */
void child_wire(struct child *c);
/* Of a ring for so many cameras of one ingest process: a power of two, at most RING_MAX. */
size_t ring_store_bytes(unsigned cameras);
/*
 * Store did not take something of this ingest. Where cameras have come with a reload since its ring to store was made, it is given one that
 * is large enough for them. Store hears of it when ingest has taken it: by then all that ingest put into the earlier one is there to be
 * taken, and nothing more will be.
 */
void parent_ring_lost(struct child *ingest);
void parent_ring_taken(struct child *ingest);
/*
 * parent_hear.c: what roles say comes here first, and is answered by parent_answers if they may be heard; they are asked now and then
 * whether they still live. parent_ask is 0 or -ENOMEM.
 */
extern const struct channel_answer parent_hears[];
void parent_hear(void *child, struct channel *from, enum msg_type type, const union msg_body *m, int fds[MSG_FDS_MAX]);
void parent_hung_up(struct child *c);
void parent_heard(struct child *c);
int parent_ask(struct parent *p);
/* parent_answers.c: what was promised of the camera's segments (struct msg_camera_state), if the site file wants them that long still; 0: nothing */
uint8_t parent_longest_s(const struct camera_live *cam, unsigned segment_ms);
/* Which function answers what the roles say. */
extern const struct channel_answer parent_answers[];
void parent_tell_state(int fd, short what, void *camera_live);
/* parent_dial.c: the answer to MSG_DIAL; the camera has an address for that */
void parent_dial(struct parent *p, unsigned camera, enum dial_what what);
/* parent_udp.c: the answers to MSG_UDP_OPEN, _CONNECT and _CLOSE */
void parent_udp_open(struct parent *p, unsigned camera, unsigned track);
void parent_udp_connect(struct parent *p, unsigned camera, unsigned track, uint16_t rtp_port, uint16_t rtcp_port);
void parent_udp_close(struct parent *p, unsigned camera);
/* parent_listen.c: opens what is not open yet and tries again each few seconds; says what is in the way */
void parent_listen(struct parent *p);
void parent_unlisten(struct parent *p);
/* A place for one that parent_listen will open; NULL when there is none, or no memory. */
struct listener_live *parent_add_listener(struct parent *p, const struct site_listener *want);
/* Closes it, here and in every serve. */
void parent_drop_listener(struct parent *p, const char *text);
/* parent_dial.c: what is under way is given up */
void parent_dial_cancel(struct camera_live *cam);
/* parent_reload.c: reads the site file again and applies what differs. rollback: an earlier version of a signed one too. out: what was done, or why nothing was, for people. 0 or -errno. */
int parent_reload(struct parent *p, bool rollback, struct buf *out);
/* store hears of changes, for config/v1; site_sha256 and archive_max_bytes are filled in. */
void parent_tell_config(struct parent *p, struct msg_store_config *told);
/* parent_change.c: what a change of the site file means to the roles */
/* Its place in p->camera; 0 or -ENOMEM */
int parent_add_camera(struct parent *p, unsigned camera);
/* Store has a place for it; ingest has ended it, or is no more; store has begun with the cameras of its settings. */
void parent_camera_taken(struct camera_live *cam);
void parent_camera_left(struct camera_live *cam);
/* Ends an ingest that goes on with a camera which is no longer in the site file. */
void parent_leaving_sweep(struct camera_live *cam, int64_t now_us);
void parent_store_ready(struct parent *p);
/* parent_session.c: logins that all serve processes honour */
void parent_session(struct child *serve, const struct msg_session *m);
void parent_session_end(struct parent *p, const uint8_t token_sha256[32]);
void parent_end_user_sessions(struct parent *p, unsigned viewer);
/* The questions of server/ask.h. words: "id ID" or "user NAME" */
void parent_sessions_list(const struct parent *p, bool json, struct buf *out);
/* Those of a viewer, all of them with PARENT_EVERYBODY, as an array. */
#define PARENT_EVERYBODY (-1)
void parent_sessions_json(const struct parent *p, int viewer, struct buf *out);
/* Whether there is one of that id that is his. */
bool parent_has_session(const struct parent *p, unsigned viewer, const char *id);
/* Whether he has one at all. */
bool parent_is_logged_in(const struct parent *p, unsigned viewer);
/* parent_history.c: how cameras did in the last hour; the sweep once a second. False: there is no camera of that name */
void parent_history_sweep(struct parent *p, int64_t mono_us);
bool parent_history_json(const struct parent *p, const char *camera, struct buf *out);
/* parent_question.c: what a page asks by way of serve */
void parent_question(struct child *serve, const struct msg_question *m);
void parent_sessions_end(struct parent *p, const char *words, struct buf *out);
/* "0.0.0.0:8443", "[::]:8443" */
void parent_name_address(const struct sockaddr_storage *at, char *out, size_t cap);
/* parent_service.c: takes the sockets that a service manager hands over; 0, or -errno after a message when one is not the site file's */
int parent_take_sockets(struct parent *p);
/* The one of them that listens there, the parent's own for as long as it runs; -1 if there is none. */
int parent_given_socket(const struct parent *p, const struct sockaddr_storage *want);
/* The watchdog, if one is wanted. 0 or -ENOMEM. */
int parent_service_begin(struct parent *p);
/* Says that the server is ready, once, when every role was. */
void parent_service_ready(struct parent *p);
/* parent_export.c: has an export/v1 entry written; what came of it goes to out, as server/ask.h says. */
void parent_export(struct parent *p, const char *words, struct buf *out);

/* parent_log.c */
void parent_log(const char *level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* From here on nothing is written: a command that tells of it in its own words. */
void parent_log_quiet(void);
/* Looks where standard error goes: into the journal with the priority of each line. */
void parent_log_begin(void);
/* A role's line, "level event key=value", of which no byte is trusted; index -1: there is one of that role. */
void parent_log_line(const char *role, int index, const char *text, size_t n);
/* parent_log_child.c */
void child_log_open(struct child *c, int fd);
/* Reads what is still there first. */
void child_log_close(struct child *c);
/* Whether one more line by or about that role is not too many for this second. */
bool child_may_log(struct child *c);
/* status_json.c, status_text.c: the answer to `casemate status` */
void status_json(struct parent *p, struct buf *out);
/* rows: lines that there are, 0: as many as it takes; columns: likewise. camera: of that one alone; NULL: the whole site. */
struct status_view { bool colour; unsigned rows, columns; const char *camera; };
/* "text" and "colour", with " ROWS COLUMNS" behind them or " camera NAME". False: there is no such camera. */
bool status_question(struct parent *p, const char *words, struct buf *out);
void status_text(struct parent *p, struct buf *out, const struct status_view *view);
/* status_inventory.c: the answer to `casemate inventory` */
void status_inventory(struct parent *p, struct buf *out);
/* status_top.c: the answer to `casemate top` */
void status_top(struct parent *p, struct buf *out);
/* status_alarms.c: the answer to `casemate alarms`: words as server/ask.h has them; and what is on, for status */
void status_alarms(const struct parent *p, const char *words, struct buf *out);
/* What was said last of alarms, as an array, the newest first; at most so many. */
#define STATUS_ALARMS_LAST 200
void status_alarms_last(const struct parent *p, struct buf *out);
/* status_socket.c */
int status_listen(struct parent *p);
void status_unlisten(struct parent *p);

#endif
