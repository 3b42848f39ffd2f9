/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_AUDIT_H
#define SERVER_AUDIT_H
/*
 * casemate audit: all that can be attacked of a site, on one page. What the server says of itself (audit_tell.c, audit_take.c) is
 * held against what the kernel and the files show from outside (audit_look.c), with the rights of who asks, and against the policy
 * that this program was built with. Without a server: what it would be.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "conf/site.h"
#include "server/policy.h"
#include "server/sandbox.h"

#define AUDIT_QUESTION "audit\n"
#define AUDIT_QUESTION_MARKS "audit marks\n"  /* with marks of secrets, for check --against: answered to root and the server's own user alone, else ASK_REFUSED */
#define AUDIT_WIDTH 120
#define AUDIT_PROCESSES_MAX (3 + 64 + 64 + SITE_CAMERAS_MAX)
#define AUDIT_FILES_MAX (2 * SITE_CAMERAS_MAX + SITE_USERS_MAX + 32)
#define AUDIT_FOLDERS_MAX 8
#define AUDIT_FINDINGS_MAX 200

struct parent;

/* What a descriptor is, as /proc/PID/fd shows it. */
enum audit_fd { AUDIT_FD_SOCKET, AUDIT_FD_PIPE, AUDIT_FD_EVENT, AUDIT_FD_MEMORY, AUDIT_FD_NULL, AUDIT_FD_FILE, AUDIT_FD_KINDS };

/* Of a process from outside. */
struct audit_seen {
	bool there;
	uid_t uid;
	unsigned threads, seccomp;       /* proc(5): seccomp is 2 with a filter */
	bool no_new_privs;
	uint64_t capabilities;           /* of any of its sets but the bounding one */
	uint64_t memory_bytes;           /* resident */
	uint64_t memory_max, files_max;  /* RLIMIT_AS, RLIMIT_NOFILE, hard; UINT64_MAX: no limit */
	uint64_t group_memory_max;       /* of its control group; UINT64_MAX: no limit, or not known */
	bool fds_known;                  /* roles show theirs to root alone */
	unsigned fd[AUDIT_FD_KINDS];
	unsigned shared;                 /* CLONE_NEW…: namespaces that are also ours, of those that could be read */
};

struct audit_process {
	enum role_kind kind;
	unsigned index;
	char camera[SITE_NAME];          /* transcode: whose; else "" */
	pid_t pid;                       /* 0 while it is down */
	bool ready;
	uint32_t layers;                 /* as it said */
	struct audit_seen seen;
};

struct audit_listener {
	char text[64];                   /* with the port that it really has */
	bool open;
};

struct audit_camera {
	char state[16];                  /* "streaming" …; "" without a server */
	char link[16];                   /* "tcp", "udp", "tcp+tls"; "" while it has none */
};

/* A file or folder that the site rests on. */
struct audit_file {
	const char *what, *path;         /* path as long as what holds this */
	bool secret, ours;               /* nobody else may read it; we can look at it */
	mode_t mode;
	uid_t uid;
};

/* ALARM: what is promised does not hold. WARNING: a choice that opens something. NOTE: worth knowing, and usual. */
enum audit_weight { AUDIT_ALARM, AUDIT_WARNING, AUDIT_NOTE, AUDIT_WEIGHTS };

struct audit_finding {
	enum audit_weight weight;
	char text[600];
};

struct audit_program {
	bool told, here;                 /* the server said what it runs; the file is here */
	uint8_t runs[32], on_disk[32];   /* SHA-256 of both */
	struct audit_file file;
	char path[4200];
};

/* Of what is in a user's rtsp_digest_file or a camera's password_file (conf/site.h). */
struct audit_mark {
	bool user;                       /* or else a camera */
	char name[SITE_NAME], mark[SITE_MARK];
};
#define AUDIT_MARKS_MAX (SITE_USERS_MAX + SITE_CAMERAS_MAX)

struct audit {
	bool live;                       /* a server answered */
	char version[32];                /* of the server */
	struct site *site;               /* owned: as the server has it */
	char *site_file;                 /* owned: its path */
	struct site_part *part;          /* owned: what it was read from; the site file's own is the first */
	unsigned nparts;
	struct audit_mark *mark;         /* owned: as the server told them; they are in site too */
	unsigned nmarks;
	char *state_file;                /* owned: of what was signed; NULL if not known */
	bool site_file_differs;          /* from what the server has */
	unsigned shares;                 /* share links in force */
	uint32_t parent_layers;
	struct audit_process *process;   /* owned; the parent first */
	unsigned nprocesses;
	struct audit_listener listener[SITE_LISTENERS_MAX];
	struct audit_camera *camera;     /* owned; as many as the site has */
	struct audit_program program[ROLE_COUNT];
	struct audit_file file[AUDIT_FILES_MAX];
	unsigned nfiles;
	char folder[AUDIT_FOLDERS_MAX][4200];  /* that those lie in which decide who the server is */
	unsigned nfolders;
	char certificate_ends[16];       /* day; "" when it cannot be read */
	int certificate_days;            /* until then */
	struct audit_finding finding[AUDIT_FINDINGS_MAX];
	unsigned nfindings, findings_left_out;
	unsigned count[AUDIT_WEIGHTS];
};

/* audit_tell.c, in the parent: its answer to AUDIT_QUESTION; marks: to AUDIT_QUESTION_MARKS. */
void audit_tell(const struct parent *p, bool marks, struct buf *out);
/* audit_take.c: takes that answer. 0, or -EINVAL with a static *why; -ENOMEM. a is empty before; audit_clear frees what it has. */
int audit_take(struct audit *a, const void *answer, size_t n, const char **why);
/* Without a server: a takes the site over. 0 or -ENOMEM. */
int audit_take_site(struct audit *a, struct site **site);
void audit_clear(struct audit *a);
/* audit_look.c: fills in what can be seen from outside. */
void audit_look(struct audit *a);
/* audit_find.c: what is wrong or weak, the worst first. */
void audit_find(struct audit *a);
/* audit_page.c, audit_json.c; with calls each role's system calls are listed. */
void audit_page(const struct audit *a, bool calls, struct buf *out);
void audit_json(const struct audit *a, struct buf *out);

/* audit_words.c: in words, for both forms */
const char *audit_weight_name(enum audit_weight weight);
const char *audit_fd_name(enum audit_fd kind);
/* "https", "rtsp" … */
const char *audit_listener_speaks(enum listener_kind kind);
/* Users who may log in so. */
unsigned audit_certificate_users(const struct site *s);
unsigned audit_rtsp_users(const struct site *s);
/* "what cameras send; holds their passwords" */
const char *audit_role_does(enum role_kind kind);
/* "in the clear", "by its certificate sha256:9f86d081..." */
void audit_camera_proof(const struct site_camera *c, char *out, size_t cap);
/* "Digest SHA-256, MD5; Basic" */
void audit_camera_login(const struct site_camera *c, char *out, size_t cap);
/* Messages that a may say to b, names with blanks between; "" for none. */
void audit_says(enum role_kind a, enum role_kind b, char *out, size_t cap);

#endif
