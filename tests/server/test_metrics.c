/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics as text: what OpenMetrics 1.0 and the older form ask for, of a site of any size, and that counters never go down. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/parent.h"

static struct site site;
static struct parent p;
static struct child child[4];
static struct buf out;

static void begin(unsigned cameras)
{
	p = (struct parent){.site = &site, .child = child, .nchildren = 4};
	site = (struct site){.origin = "a.example", .ncameras = cameras, .ingest_processes = 1, .serve_processes = 1,
		.camera = calloc(cameras + 1, sizeof *site.camera)};
	p.camera = calloc(cameras + 1, sizeof *p.camera);
	cr_assert(site.camera && p.camera);
	for (unsigned i = 0; i < cameras; i++) {
		snprintf(site.camera[i].name, SITE_NAME, "camera-%u", i);
		site.camera[i].audio = true;
		site.camera[i].nrenditions = 1;
		snprintf(site.camera[i].rendition[0].name, SITE_NAME, "360p");
		p.camera[i] = (struct camera_live){.parent = &p, .index = i, .known = true, .state = {.phase = CAMERA_STREAMING, .rate_bps = 8000, .packets = 100}};
	}
	for (unsigned i = 0; i < 4; i++)
		child[i] = (struct child){.parent = &p, .kind = (const enum role_kind[]){ROLE_INGEST, ROLE_STORE, ROLE_SERVE, ROLE_TRANSCODE}[i], .phase = CHILD_READY,
			.started_us = 1000};
	buf_init(&out, PARENT_METRICS_MAX);
}

static void end(void)
{
	buf_free(&out);
	free(site.camera);
	free(p.camera);
}

TestSuite(metrics, .fini = end, .timeout = 60);

static const char *text(enum metrics_form form)
{
	parent_metrics_count(&p);
	buf_clear(&out);
	cr_assert(parent_metrics_text(&p, form, &out));
	cr_assert_eq(buf_append(&out, "", 1), 0);
	return (const char *)buf_data(&out);
}

/* The value of the one sample that begins so. */
static double value(const char *all, const char *sample)
{
	char line[200];
	const char *at;

	snprintf(line, sizeof line, "\n%s ", sample);
	at = strstr(all, line);
	cr_assert_not_null(at, "%s", sample);
	return strtod(at + strlen(line), NULL);
}

/* Each family stands once, with type and help before its samples, and no sample stands outside of its own. */
static void expect_families(const char *all, enum metrics_form form)
{
	static char seen[200][80];
	unsigned n = 0;
	char family[80] = "", type[20] = "", name[80];

	for (const char *line = all; *line && strcmp(line, "# EOF\n") != 0; line = strchr(line, '\n') + 1) {
		if (sscanf(line, "# TYPE %79s %19s", family, type) == 2) {
			for (unsigned i = 0; i < n; i++)
				cr_expect_str_neq(seen[i], family, "%s is there twice", family);
			cr_assert_lt(n, 200);
			memcpy(seen[n++], family, sizeof family);
			cr_expect_eq(strncmp(family, "casemate_", 9), 0);
			cr_expect_eq(strstr(family, "_total") != NULL, form == METRICS_TEXT && strcmp(type, "counter") == 0, "%s", family);
		} else if (sscanf(line, "# UNIT %79s %19s", name, type) == 2) {
			cr_expect(strcmp(name, family) == 0 && strlen(family) > strlen(type) && strcmp(family + strlen(family) - strlen(type), type) == 0, "%s", family);
		} else if (*line == '#') {
			cr_expect(sscanf(line, "# HELP %79s", name) == 1 && strcmp(name, family) == 0, "%.60s", line);
		} else {
			cr_expect_eq(strncmp(line, family, strlen(family)), 0, "%s: %.60s", family, line);
			cr_expect(form == METRICS_OPEN || !strstr(line, "_created"), "%.60s", line);
		}
	}
	cr_expect_gt(n, 50);
}

Test(metrics, stand_in_families_in_either_form)
{
	const char *all;

	begin(3);
	all = text(METRICS_OPEN);
	expect_families(all, METRICS_OPEN);
	cr_expect_str_eq(all + strlen(all) - 6, "# EOF\n");
	cr_expect_eq(value(all, "casemate_camera_up{camera=\"camera-2\"}"), 1);
	cr_expect_eq(value(all, "casemate_camera_rate_bytes_per_second{camera=\"camera-2\"}"), 1000);
	cr_expect_eq(value(all, "casemate_camera_packets_total{camera=\"camera-0\"}"), 100);
	cr_expect_gt(value(all, "casemate_camera_packets_created{camera=\"camera-0\"}"), 1e9);
	cr_expect_not_null(strstr(all, "# TYPE casemate_camera_packets counter\n"));
	all = text(METRICS_TEXT);
	expect_families(all, METRICS_TEXT);
	cr_expect_null(strstr(all, "# EOF"));
	cr_expect_not_null(strstr(all, "# TYPE casemate_camera_packets_total counter\n"));
	cr_expect_eq(value(all, "casemate_camera_packets_total{camera=\"camera-0\"}"), 100);
}

Test(metrics, say_nothing_that_a_camera_said)
{
	begin(1);
	snprintf(p.camera[0].state.detail, sizeof p.camera[0].state.detail, "forged");
	snprintf(p.camera[0].state.left_out, sizeof p.camera[0].state.left_out, "forged");
	snprintf(p.camera[0].lost_detail, sizeof p.camera[0].lost_detail, "forged");
	cr_expect_null(strstr(text(METRICS_OPEN), "forged"));
}

Test(metrics, of_what_is_gone_there_are_none)
{
	begin(2);
	site.camera[0].gone = true;
	site.camera[1].rendition[0].gone = true;
	site.camera[1].audio = false;
	text(METRICS_OPEN);
	cr_expect_null(strstr((const char *)buf_data(&out), "camera=\"camera-0\",rendition"));
	cr_expect_null(strstr((const char *)buf_data(&out), "casemate_camera_up{camera=\"camera-0\"}"));
	cr_expect_not_null(strstr((const char *)buf_data(&out), "rendition=\"copy\""));
	cr_expect_null(strstr((const char *)buf_data(&out), "rendition=\"360p\""));
	cr_expect_null(strstr((const char *)buf_data(&out), "rendition=\"audio\""));
}

Test(metrics, counters_go_on_when_who_counts_is_new)
{
	static const char sample[] = "casemate_camera_packets_total{camera=\"camera-0\"}";

	begin(1);
	cr_expect_eq(value(text(METRICS_OPEN), sample), 100);
	p.camera[0].state.packets = 130;
	cr_expect_eq(value(text(METRICS_OPEN), sample), 130);
	/* ingest ended, and a new one has counted: less, and then more than the one before had. */
	child[0].started_us = 2000;
	p.camera[0].state.packets = 20;
	cr_expect_eq(value(text(METRICS_OPEN), sample), 150);
	child[0].started_us = 3000;
	p.camera[0].state.packets = 500;
	cr_expect_eq(value(text(METRICS_OPEN), sample), 650);
	child[2].serve.requests_http1 = 4;
	child[2].serve.requests_http2 = 2;
	child[2].serve.requests_rtsp = 1;
	cr_expect_eq(value(text(METRICS_OPEN), "casemate_serve_requests_total{index=\"0\"}"), 7);
	cr_expect_eq(value(text(METRICS_OPEN), "casemate_serve_requests_by_protocol_total{index=\"0\",protocol=\"http1\"}"), 4);
	cr_expect_eq(value(text(METRICS_OPEN), "casemate_serve_requests_by_protocol_total{index=\"0\",protocol=\"http2\"}"), 2);
	cr_expect_eq(value(text(METRICS_OPEN), "casemate_serve_requests_by_protocol_total{index=\"0\",protocol=\"rtsp\"}"), 1);
	child[2].started_us = 4000;
	child[2].serve.requests_http1 = 1;
	child[2].serve.requests_http2 = 1;
	child[2].serve.requests_rtsp = 0;
	cr_expect_eq(value(text(METRICS_OPEN), "casemate_serve_requests_total{index=\"0\"}"), 9);
	p.camera[0].counts.losses[GAP_REFUSED] = 3;
	cr_expect_eq(value(text(METRICS_OPEN), "casemate_camera_losses_total{camera=\"camera-0\",reason=\"refused\"}"), 3);
}

Test(metrics, a_thousand_cameras_fit)
{
	begin(SITE_CAMERAS_MAX);
	for (unsigned i = 0; i < SITE_CAMERAS_MAX; i++) {
		site.camera[i].nrenditions = 3;
		for (unsigned r = 0; r < 3; r++)
			memset(site.camera[i].rendition[r].name, 'a' + (int)r, SITE_NAME - 1);
		memset(site.camera[i].name + 8, 'x', SITE_NAME - 9);
		memset(&p.camera[i].state, 0x7f, sizeof p.camera[i].state);
		memset(p.camera[i].counts.losses, 0x7f, sizeof p.camera[i].counts.losses);
	}
	text(METRICS_OPEN);
}

Test(metrics, labels_are_escaped_and_bounded)
{
	static const struct metrics_family family = {"casemate_x", METRICS_GAUGE, NULL, "X."};
	char long_one[METRICS_LABELS_BYTES];
	struct metrics m = {.out = &out};

	begin(0);
	metrics_family(&m, &family);
	metrics_gauge(&m, (struct metrics_label[]){{"a", "b\"c\\d\ne"}, {"f", ""}, {0}}, 1.5, 2);
	metrics_gauge(&m, NULL, strtod("nan", NULL), 0);
	cr_assert_eq(buf_append(&out, "", 1), 0);
	cr_expect_str_eq((char *)buf_data(&out), "# TYPE casemate_x gauge\n# HELP casemate_x X.\ncasemate_x{a=\"b\\\"c\\\\d\\ne\",f=\"\"} 1.50\n");
	cr_expect(!m.bad);
	memset(long_one, 'x', sizeof long_one - 1);
	long_one[sizeof long_one - 1] = 0;
	metrics_gauge(&m, (struct metrics_label[]){{"a", long_one}, {0}}, 1, 0);
	cr_expect(m.bad);
}

Test(metrics, what_does_not_its_work_is_named)
{
	char why[MSG_METRICS_WHY], little[20];

	begin(0);
	parent_unready(&p, why, sizeof why);
	cr_expect_str_eq(why, "");
	child[1].phase = CHILD_DOWN;
	child[2].phase = CHILD_STARTING;
	child[3].phase = CHILD_DOWN;  /* a worker is of its camera alone */
	p.listener[1] = (struct listener_live){.wanted = true, .want.text = "192.0.2.1:1", .fd = (int[]){-1}, .error = 98};
	parent_unready(&p, why, sizeof why);
	cr_expect_str_eq(why, "store[0] is down\nserve[0] is starting\n192.0.2.1:1 is not open: Address already in use\n");
	parent_unready(&p, little, sizeof little);
	cr_expect_str_eq(little, "store[0] is down\nse");
}
