/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_ONVIF_H
#define SERVER_INGEST_ONVIF_H
/*
 * Asks a camera's ONVIF service for a key frame (net/onvif.h), over connections that
 * the parent dials to the address of the site file. One question at a time; what
 * goes wrong is logged when it is new, and costs the stream nothing.
 */
#include "server/ingest_camera.h"

struct ingest_onvif;

/* m, which names a service, and the password (NULL if none) are borrowed for its life. 0 or -ENOMEM. */
int ingest_onvif_new(struct ingest_site *site, const struct msg_ingest_camera *m, const char *password, struct ingest_onvif **ret);
void ingest_onvif_free(struct ingest_onvif **o);
/* Asks, unless it is asking already. NULL: there is nobody to ask. So for the others. */
void ingest_onvif_ask(struct ingest_onvif *o);
/* The parent's answer to MSG_DIAL: takes fd over. */
void ingest_onvif_dialed(struct ingest_onvif *o, int error, int fd);
/* A few times a second. */
void ingest_onvif_tick(struct ingest_onvif *o);

#endif
