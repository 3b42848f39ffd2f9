/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a record as it lies in a ring; what is let pass must encode to the same bytes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "media/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[RECORD_HEADER_MAX + TRACK_CONFIG_MAX];
	struct wr w = wr_init(header, sizeof header);
	struct record r, part;
	int rc = record_decode(data, size, &r), head = size >= RECORD_PART_HEADER ? record_decode_part(data, size, &part) : -EBADMSG;

	if ((head == 0) != (rc == 0 && r.kind == RECORD_PART) || (head == 0 && part.part.len != r.part.len))
		abort();
	if (rc)
		return 0;
	record_encode_header(&w, &r);
	if (w.bad || w.len > size || memcmp(header, data, w.len) != 0)
		abort();
	return 0;
}
