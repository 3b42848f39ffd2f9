/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_EXPORT_OUT_H
#define SERVER_EXPORT_OUT_H
/*
 * Where `casemate export` puts a clip: a folder, a ZIP file, or both. They bear their
 * names once they are whole and on the disk; until then ".tmp" is behind them.
 */
#include "seal/clip.h"
#include "server/export_zip.h"

struct export_out {
	const char *folder, *zip;      /* borrowed; NULL: none */
	char *folder_tmp, *zip_tmp;
	bool begun;                    /* a piece was taken */
	int dirfd, file, zip_file;     /* the folder, the file in it that is being written, the ZIP; -1: none */
	struct export_zip list;
	struct buf head;
};

/* What stands in a folder that is not whole. */
#define EXPORT_UNFINISHED "UNFINISHED.txt"

/* name: of the folder within the ZIP. 0, or -errno with *ret_what the path that is meant: -ENOTEMPTY, -EEXIST for what is there. */
int export_out_open(struct export_out *o, const char *folder, const char *zip, const char *name, int64_t now_us, const char **ret_what);
int export_out_piece(struct export_out *o, const struct clip_piece *p, const char **ret_what);
/* All of it is there: it goes to the disk, and gets its name. */
int export_out_finish(struct export_out *o, const char **ret_what);
/* What is not finished stays as it is, with ".tmp" behind its name; nothing is left where nothing was begun. */
void export_out_close(struct export_out *o);

#endif
