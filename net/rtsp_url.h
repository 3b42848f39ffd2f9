/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_URL_H
#define NET_RTSP_URL_H
/*
 * Which URL a request names. Whatever a camera says in Content-Base or in a
 * control attribute, only its path and query are taken; scheme, host and port
 * are always those of the configured URL. (Nothing is ever dialed from a URL;
 * this keeps a camera from putting another host even into a request line, and
 * lets those work that announce an address of their inner network.)
 */
#include <stddef.h>

#define RTSP_URL_MAX 2048             /* bytes, NUL not counted */

/*
 * base: Content-Base or Content-Location as the camera gave it, "" if none. control: the attribute's value, "" or
 * "*" for the base itself. A relative control is hung onto the base with one '/', as cameras expect (RFC 2326
 * C.1.1 would cut the base's last part off; none of them means that).
 * 0, -EINVAL (blank or control byte), -ENOBUFS (longer than RTSP_URL_MAX).
 */
int rtsp_url_resolve(const char *configured, const char *base, const char *control, char out[RTSP_URL_MAX + 1]);

#endif
