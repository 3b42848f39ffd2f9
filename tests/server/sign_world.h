/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_SIGN_WORLD_H
#define TESTS_SERVER_SIGN_WORLD_H
/*
 * The real role sign, its own process, with the test as its parent and as store: a log of leaves, the archive's newest checkpoint and
 * log/keys. Every checkpoint that ever leaves sign is held against the log, the key notes and all others when it comes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "seal/keychain.h"
#include "seal/tree.h"
#include "server/channel.h"

#define WORLD_ORIGIN "test.example/sign"
#define WORLD_LEAVES 200000
#define WORLD_KEYS 16

struct event_base;

struct sign_world {
	struct event_base *base;
	char dir[256];              /* site.key, site.key.next, site.state, checkpoint */
	pid_t pid;
	struct channel *parent, *store;
	bool ready, gone;
	int status;                 /* once gone */
	unsigned bad_peers;
	char why[128];

	struct key_public first;    /* of the first site.key: what a verifier has */
	char next[MSG_VKEY];        /* of site.key.next; "" when there is none */
	unsigned made;              /* keys */
	EVP_PKEY *token, *next_token;  /* the site's and the next key are there, and certify a key at each start; NULL: in the files */
	bool no_token;              /* it does not sign when it is asked to hand over */
	unsigned asked;             /* for that */

	/* the log */
	struct hash *leaf, *root;   /* root[n]: of the first n leaves */
	struct tree tree;           /* of all of them */
	struct buf keys;            /* log/keys */
	uint64_t published;         /* size of `checkpoint` */

	/* what store does */
	bool no_leaves, no_key_entry, no_ack, no_publish;
	uint64_t sent;
	struct msg_sign_hello hello;
	bool replaced;              /* log/keys says that its key was replaced, and it does not know: store gives it nothing */
	unsigned hellos, notes, acks;

	/* what came */
	struct msg_sign_state state;
	unsigned checkpoints;
	uint64_t newest;            /* largest ever signed */
	char newest_vkey[MSG_VKEY];
};

void world_begin(struct sign_world *w);
void world_end(struct sign_world *w);
/* A new site.key.next; false when one is there. */
bool world_next_key(struct sign_world *w);
/* The site's key from here on, or the next one, is one in a token. */
void world_take_token(struct sign_world *w);
void world_next_token(struct sign_world *w);
/* What the administrator does once the log says that the next key signs. */
void world_move_next_key(struct sign_world *w);
/* Starts sign and gives it a store; false when it ended instead. */
bool world_start(struct sign_world *w);
void world_kill(struct sign_world *w);
/* n leaves more in the log, told to sign if it runs. */
void world_grow(struct sign_world *w, unsigned n);
void world_tell(struct sign_world *w);
/* Leaves that are not the log's, from `first` on. */
void world_lie(struct sign_world *w, uint64_t first, unsigned n);
/* Runs the loop until it holds, or a minute has passed. */
bool world_until(struct sign_world *w, bool (*holds)(struct sign_world *w));
/* Runs the loop for so long, whatever happens. */
void world_run_us(struct sign_world *w, int64_t us);
bool world_is_signed(struct sign_world *w);
/* Of one of its files. */
void world_copy(const struct sign_world *w, const char *from, const char *to);
void world_remove(const struct sign_world *w, const char *name);
/* Whether the last signature is by a key that the first one leads to, and how many keys that are. */
unsigned world_keys(const struct sign_world *w);

#endif
