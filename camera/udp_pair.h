/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_UDP_PAIR_H
#define CAMERA_UDP_PAIR_H
/* Two UDP sockets on neighbouring ports, RTP on the even one (RFC 3550 11), connected to the peer of a TCP connection. */
#include <stdint.h>

struct udp_pair {
	int fd[2];  /* RTP, RTCP; -1 when closed */
};

/* Opens them on the connection's own address towards its peer's address and these ports: nowhere else. 0 or -errno. */
int udp_pair_open(struct udp_pair *p, int connection, const uint16_t peer_port[2], uint16_t ret_port[2]);
void udp_pair_close(struct udp_pair *p);

#endif
