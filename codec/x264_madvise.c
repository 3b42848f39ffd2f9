/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From about 960x540 up x264 asks that its buffers be given huge pages. That is advice alone, but behind the worker's seal any
 * such call is death. The program's own definition is where its library finds the name, so nobody is asked. It is linked into
 * transcode and into no library: base/secret.c asks by the same name that secrets stay out of core files, and means it.
 */
#include <sys/mman.h>

int madvise(void *at, size_t n, int advice)
{
	return 0;
}
