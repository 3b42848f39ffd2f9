/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_WITNESS_DELIVER_H
#define SERVER_WITNESS_DELIVER_H
/*
 * How a cosignature gets back to its site: by HTTPS, or as a file that somebody carries. A file is
 * FOLDER/cosignatures/ID-SIZE, the note with the cosignature; ID is the witness' key id in hex.
 */
#include "base/buf.h"
#include "seal/cosign.h"
#include "seal/verify.h"

#define WITNESS_FOLDER "cosignatures"

/* Posts it. 0 when the site took it, else an exit status after a message. what: of which site, for the message. */
int witness_post(struct verify_source *site, const char *what, const struct buf *note);
/* Puts it below the folder. 0 with its path, or -errno. */
int witness_put(const char *folder, const struct cosign_public *me, uint64_t size, const struct buf *note, char *ret_path, size_t cap);
/* Posts every file that witness_put has put there. 0 when the site took all of them, else an exit status after messages. */
int witness_post_folder(struct verify_source *site, const char *what, const char *folder);

#endif
