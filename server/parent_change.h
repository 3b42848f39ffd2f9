/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PARENT_CHANGE_H
#define SERVER_PARENT_CHANGE_H
/* What parent_reload.c has done to the roles when the site in force, p->site, is another one than before. */
#include "server/parent.h"

/* Marks what ever was in force; after each change of p->site. */
void parent_note_site(struct parent *p);
/* Remembers what the files hold that the site names, as the roles are given them; before they start. */
void parent_digest_files(struct parent *p);
/* A camera of the site: is new, or here again; is gone; has other settings: of its link (it is dialled anew), or of its worker. */
void parent_camera_comes(struct camera_live *cam);
void parent_camera_goes(struct camera_live *cam);
void parent_camera_changes(struct camera_live *cam, bool link, bool worker);
/* A user is new, has another password, or is gone: his sessions end. */
void parent_user_changes(struct parent *p, unsigned user);
/* His rights are the same, the cameras may be others: he stays logged in. */
void parent_user_cameras(struct parent *p, unsigned user);
/* Certificate or key are others: every serve is given them, and uses them for who comes from then on. 0, or -errno when one was not given them. */
int parent_certificate_changes(struct parent *p);

#endif
