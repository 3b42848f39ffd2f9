/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make_archive FOLDER [SEGMENTS [BYTES]]: writes a small archive (tests/seal/archive.h) into a folder, the proof of
 * gate-1's first segment beside it (FOLDER.proof), and prints the public key.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive.h"
#include "base/io.h"
#include "seal/proof.h"

#define T0 INT64_C(1795361400000000)

int main(int argc, char **argv)
{
	unsigned segments = argc > 2 ? (unsigned)atoi(argv[2]) : 300;
	struct archive *a = archive_new("site.example");
	char vkey[KEY_VKEY], path[4096];
	struct buf proof;

	if (argc < 2)
		return 2;
	if (argc > 3)
		a->media_bytes = (size_t)atol(argv[3]);
	archive_start(a, T0);
	for (unsigned n = 1; n <= segments; n++) {
		archive_segment(a, "gate-1", "copy", n, T0 + n * INT64_C(2000000), true);
		archive_segment(a, "gate-1", "audio", n, T0 + n * INT64_C(2000000), true);
	}
	archive_stop(a, T0);
	archive_publish(a);
	for (size_t i = 0; i < a->nfiles; i++) {
		snprintf(path, sizeof path, "%s/%s", argv[1], a->file[i].path);
		if (io_make_folders(AT_FDCWD, path) || io_replace_file(AT_FDCWD, path, a->file[i].p, a->file[i].n, 0600))
			return 1;
	}
	snprintf(path, sizeof path, "%s.proof", argv[1]);
	buf_init(&proof, PROOF_MAX_BYTES);
	archive_proof(a, 1, &proof);
	if (io_replace_file(AT_FDCWD, path, buf_data(&proof), proof.len, 0600))
		return 1;
	buf_free(&proof);
	key_vkey(key_public_of(a->key), vkey);
	puts(vkey);
	archive_free(&a);
	return 0;
}
