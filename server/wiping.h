/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_WIPING_H
#define SERVER_WIPING_H
/*
 * OpenSSL keeps a private key in memory of its own that is locked and wiped, but not what it read the key from: what its decoders
 * leave behind goes back to malloc as it is. Between these two calls, all that OpenSSL gives back is wiped first.
 */

/* Puts a free of ours under OpenSSL: before anything else is asked of it. */
void wiping_init(void);
void wiping_begin(void);
/* ... and the stack that was used in between. */
void wiping_end(void);

#endif
