/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/build.h"

#include <stdint.h>

#include <libavcodec/version.h>
#include <x264.h>

#define TEXT_OF(x) #x
#define NUMBER(x) TEXT_OF(x)
#define AVCODEC NUMBER(LIBAVCODEC_VERSION_MAJOR) "." NUMBER(LIBAVCODEC_VERSION_MINOR) "." NUMBER(LIBAVCODEC_VERSION_MICRO)

const char *build_text(enum build_of of)
{
	static const char *const text[] = {
		[BUILD_PICTURES] = "x264 " NUMBER(X264_BUILD) X264_VERSION,
		[BUILD_SOUND] = "libavcodec " AVCODEC " aac",
		[BUILD_SNAPSHOT] = "libavcodec " AVCODEC " mjpeg",
	};

	return text[of];
}
