/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A role that leaks: stands in its place in a folder of programs, sends one word where leak-ROLE beside it says ("tcp ADDRESS PORT" or
 * "udp …"), and becomes honest-ROLE. t-egress.sh must find the word.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void leak(const char *path)
{
	char way[4], address[64];
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct timeval second = {.tv_sec = 1};
	unsigned port;
	FILE *f = fopen(path, "re");
	int fd;

	if (!f)
		return;
	if (fscanf(f, "%3s %63s %5u", way, address, &port) == 3 && inet_pton(AF_INET, address, &to.sin_addr) == 1) {
		to.sin_port = htons((uint16_t)port);
		fd = socket(AF_INET, (strcmp(way, "udp") ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
		if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
			(void)!write(fd, "leak\n", 5);
		close(fd);
	}
	fclose(f);
}

int main(int argc, char **argv)
{
	char self[4096] = "", path[8192];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0 || !argc || strchr(argv[0], '/') || !strrchr(self, '/')) {
		fprintf(stderr, "leak is started by casemate in the place of a role: tests/system/t-egress.sh\n");
		return 2;
	}
	*strrchr(self, '/') = 0;
	snprintf(path, sizeof path, "%s/leak-%.32s", self, argv[0]);
	leak(path);
	snprintf(path, sizeof path, "%s/honest-%.32s", self, argv[0]);
	execv(path, argv);
	return 127;
}
