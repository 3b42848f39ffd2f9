/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What casemate check finds of the site file and its folder, of the archive and the socket, and of cameras and users. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "conf/rights.h"
#include "conf/units.h"
#include "server/check_inner.h"

#define UDP_ROOM 1048576
#define MANY_CAMERAS 64            /* from so many on the kernel's work for each page of memory is worth a word */

/* An archive with footage in it uses part of its max_size already: then only the whole disk can be judged. */
static void check_space(struct check *c)
{
	uint64_t max = c->site->archive_max_bytes, room;
	char path[PATH_MAX + 16], want[32], have[32];
	struct statvfs v;
	struct stat st;

	if (statvfs(c->site->archive, &v) < 0)
		return;
	snprintf(path, sizeof path, "%s/footage", c->site->archive);
	room = (uint64_t)v.f_frsize * (stat(path, &st) < 0 ? v.f_bavail : v.f_blocks);
	if (room >= max)
		return;
	units_format(max, units_bytes, want, sizeof want);
	units_format(room / 1000000000 ? room / 1000000000 * 1000000000 : room, units_bytes, have, sizeof have);
	check_say(c, CHECK_WARNING, c->site->archive_line, "max_size is %s, but %s has room for %s only: recording will stop when the disk is full", want,
	    check_shown(c->site->archive).text, have);
}

static void check_archive(struct check *c)
{
	const char *path = c->site->archive;
	int line = c->site->archive_line;
	struct stat st;

	if (stat(path, &st) < 0 && errno == ENOENT)
		check_say(c, CHECK_WARNING, line, "%s does not exist yet: run \"mkdir -p -m 700 %s\"", check_shown(path).text, check_shown(path).text);
	else if (stat(path, &st) < 0)
		check_say(c, CHECK_PROBLEM, line, "%s: %s", check_shown(path).text, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		check_say(c, CHECK_PROBLEM, line, "%s is not a folder", check_shown(path).text);
	else if (access(path, R_OK | W_OK | X_OK) < 0)
		check_say(c, CHECK_PROBLEM, line, "%s can't be written to by user %u, who runs this: %s", check_shown(path).text, geteuid(), strerror(errno));
	else
		check_space(c);
}

static void check_socket(struct check *c)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof folder, "%s", c->site->socket);
	slash = strrchr(folder, '/');
	slash[slash == folder] = 0;
	if (access(folder, W_OK | X_OK) < 0)
		check_say(c, CHECK_PROBLEM, c->site->socket_line, "socket: %s, where it belongs, can't be written to by user %u, who runs this: %s",
		    check_shown(folder).text, geteuid(), strerror(errno));
}

/* The kernel's limit on what a socket may keep until it is read: too little for a key frame in one burst. */
static void check_socket_room(struct check *c)
{
	char text[32] = "";
	uint64_t room;
	int fd = open("/proc/sys/net/core/rmem_max", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (fd >= 0)
		close(fd);
	if (n > 1 && !text_u64(text, (size_t)n - 1, UINT64_MAX, &room) && room < UDP_ROOM)
		check_say(c, CHECK_WARNING, 0, "a camera sends by udp, and this kernel lets a socket keep %llu bytes: large pictures may lose packets; "
		    "run \"sysctl -w net.core.rmem_max=%d\"", (unsigned long long)room, UDP_ROOM);
}

/* How the kernel gives memory to segments; "[never]" is what is set where nobody did. Linux 6.14 and later heed it where a memfd is written. */
static void check_large_pages(struct check *c)
{
	static const char place[] = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";
	char text[128] = "";
	int fd = open(place, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	if (n > 0 && c->site->ncameras >= MANY_CAMERAS && strstr(text, "[never]"))
		check_say(c, CHECK_WARNING, 0, "with %u cameras, footage in large pages takes an eighth less CPU (Linux 6.14 or later): run \"echo within_size | sudo tee %s\"",
		    c->site->ncameras, place);
}

/* What changes encoded pictures, and does not do what one may think. */
static void check_encoded(struct check *c, const struct site_camera *cam)
{
	if (cam->nmasks && cam->copy == SITE_COPY_LIVE)
		check_say(c, CHECK_WARNING, cam->mask[0].line, "camera %s: masks hide nothing in its copy, which viewers are given too: \"copy: recorded\" keeps it from them",
		    cam->name);
	if (!cam->nrenditions && (cam->overlay || cam->denoise))
		check_say(c, CHECK_WARNING, cam->line, "camera %s: %s: is for encoded renditions, and it has none", cam->name, cam->overlay ? "overlay" : "denoise");
}

/* An authority file that holds none would leave its cameras dark. */
static void check_cameras(struct check *c)
{
	bool udp = false;

	for (unsigned i = 0; i < c->site->ncameras; i++) {
		const struct site_camera *cam = &c->site->camera[i];

		if (cam->ca && !check_is_certificate(cam->ca))
			check_say(c, CHECK_PROBLEM, cam->line, "camera %s: ca: %s holds no certificate in PEM", cam->name, check_shown(cam->ca).text);
		check_encoded(c, cam);
		udp |= cam->transport == SITE_TRANSPORT_UDP;
	}
	if (udp)
		check_socket_room(c);
	check_large_pages(c);
}

/* What nobody would miss until he needs it. */
static void check_rights(struct check *c)
{
	const struct site *s = c->site;

	for (unsigned i = 0; i < s->ngroups; i++) {
		const struct site_group *g = &s->group[i];
		bool any = false;

		for (unsigned k = 0; k < s->ncameras; k++)
			any |= rights_group_has(g, s->camera[k].name);
		if (!any)
			check_say(c, CHECK_WARNING, g->line, "group %s: its patterns match no camera", g->name);
	}
	for (unsigned i = 0; i < s->nusers; i++)
		if (!rights_of(s, &s->user[i], NULL))
			check_say(c, CHECK_WARNING, s->user[i].line, "user %s: is of no group that may anything, so he is not let in", s->user[i].name);
}

/* The folder of what is included too: who may write there adds cameras. */
static void check_parts(struct check *c)
{
	char path[PATH_MAX + SITE_PART_NAME];
	struct stat st;

	for (unsigned i = 0; i < c->site->nparts; i++) {
		site_place(c->site, c->site->file, (int)i * SITE_LINES, path, sizeof path);
		if (!stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & 022)
			check_say(c, CHECK_WARNING, (int)i * SITE_LINES, "others may change this file (mode %04o): run \"chmod go-w %s\"", st.st_mode & 07777, check_shown(path).text);
	}
	if (c->site->nparts < 2)
		return;
	*strrchr(path, '/') = 0;
	if (!stat(path, &st) && st.st_mode & 022)
		check_say(c, CHECK_WARNING, 0, "others may put files into the folder that is included (mode %04o): run \"chmod go-w %s\"", st.st_mode & 07777, check_shown(path).text);
}

void check_file(struct check *c)
{
	check_parts(c);
	if (!c->site->nusers)
		check_say(c, CHECK_WARNING, 0, "there is no user, so nobody can watch: \"casemate passwd NAME\" prints the lines to add");
	if (!c->site->ncameras)
		check_say(c, CHECK_WARNING, 0, "there is no camera");
	check_rights(c);
}

void check_places(struct check *c)
{
	check_archive(c);
	check_socket(c);
	check_cameras(c);
}
