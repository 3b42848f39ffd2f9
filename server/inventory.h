/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INVENTORY_H
#define SERVER_INVENTORY_H
/*
 * casemate inventory: who made each camera, on whose chip, how sure that is and by what; and what of it somebody who buys, or looks
 * after, cameras should know. Not a byte that a camera has sent is in it: what it says matched rows of tables, and those are shown.
 * What the server tells is taken as from one that was taken over.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "conf/site.h"
#include "net/makers.h"
#include "net/oui.h"
#include "net/vendor.h"

#define INVENTORY_REASONS_MAX (VENDOR_SIGNS + 1)

enum inventory_flag {
	INVENTORY_889,                    /* the maker or the chip is, or is of, one that section 889 names */
	INVENTORY_DEFAULT_PASSWORD,       /* in the site file, or accepted */
	INVENTORY_NO_PASSWORD,
	INVENTORY_CLEAR_PASSWORD,         /* Basic */
	INVENTORY_MD5_ONLY,
	INVENTORY_CLEAR_MEDIA,            /* rtsp: */
	INVENTORY_UNVERIFIED,             /* rtsps: of whoever answers */
	INVENTORY_OTHER_HOST,             /* its addresses lead elsewhere */
	INVENTORY_DISAGREES,              /* its signs are of several makers */
	INVENTORY_FLAGS
};

/* Of the password that the maker's devices were sold with. */
enum inventory_login { INVENTORY_NOT_TRIED, INVENTORY_REFUSED, INVENTORY_ACCEPTED, INVENTORY_IN_USE, INVENTORY_NO_ANSWER };

struct inventory_reason {
	const char *maker, *chip;         /* keys, or NULL */
	const char *name, *by;
	enum vendor_certainty certainty;
};

struct inventory_camera {
	const struct site_camera *conf;
	/* What it has said. */
	bool heard, described;            /* anything of what is below; a description of what it offers */
	uint8_t login;                    /* enum rtsp_client_answer */
	struct vendor_guess guess;
	uint32_t quirks;
	/* What was found of it otherwise. */
	bool has_mac;
	uint8_t mac[OUI_MAC];
	char organisation[OUI_ORGANISATION];  /* to whom its first bytes were given; "" if that is not known */
	enum inventory_login tried;
	/* inventory_judge */
	const char *maker, *chip;         /* for people; NULL: no idea */
	const struct makers_row *row;     /* of the maker; NULL if it has none */
	const char *certainty;
	struct inventory_reason reason[INVENTORY_REASONS_MAX];
	unsigned nreasons;
	unsigned flags;                   /* bits */
	const struct makers_row *rule;    /* INVENTORY_889: the row that it is by, */
	enum vendor_certainty rule_certainty;  /* and how sure that is */
};

struct inventory {
	const struct site *site;
	struct makers makers;
	struct inventory_camera camera[SITE_CAMERAS_MAX];
	unsigned n;                       /* in the order of the site file */
	bool running;                     /* the server told of them; else they were asked now */
};

/* inventory_take.c: an entry for each camera of the site; what the server answers to "inventory". 0, or -EBADMSG when it is no answer. */
void inventory_of_site(struct inventory *v, const struct site *site);
int inventory_take(struct inventory *v, const void *answer, size_t n);
struct inventory_camera *inventory_find(struct inventory *v, const char *name);
/* inventory_look.c: MAC addresses from the kernel, and whose they are; files that are not there tell nothing. arp and oui are paths. */
void inventory_look(struct inventory *v, const char *arp, const char *oui);
/* inventory_judge.c: what follows. What it says is static, or the makers'. */
void inventory_judge(struct inventory *v);
void inventory_judge_camera(const struct makers *m, struct inventory_camera *c);
/* The camera before it at whose door, the same address and port, a password was tried: a recorder has one account for all its channels. NULL: none. */
const struct inventory_camera *inventory_tried_there(const struct inventory *v, unsigned camera);
const char *inventory_certainty_name(enum vendor_certainty c);
/* "889", "default-password" …; and a sentence for people. */
const char *inventory_flag_name(enum inventory_flag f);
const char *inventory_flag_text(const struct inventory_camera *c, enum inventory_flag f, char *out, size_t cap);
const char *inventory_login_name(enum inventory_login l);
/* inventory_print.c: 0 or -ENOBUFS */
int inventory_text(const struct inventory *v, struct buf *out);
int inventory_csv(const struct inventory *v, struct buf *out);
int inventory_json(const struct inventory *v, struct buf *out);
/* inventory_probe.c: asks all cameras of the site, without a server. 0, or 2 after a message. */
int inventory_probe(struct inventory *v, struct site **site, const char *libexec);
/* Tries the maker's password at each camera whose maker has one, once at each address and port. */
int inventory_try(struct inventory *v, const char *libexec);
/* Whether the site's own password is it: no camera is asked. */
void inventory_in_use(struct inventory *v);

#endif
