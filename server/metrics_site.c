/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of the site as a whole: processes, viewers, log, archive, witnesses, certificate. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "config.h"
#include "server/parent.h"

#define GAUGE METRICS_GAUGE
#define COUNTER METRICS_COUNTER

static double time_or_none(int64_t us)
{
	return us ? (double)us / 1e6 : NAN;
}

static double is_ready(const struct parent *p) { return p->metrics.told.ready; }
static double started(const struct parent *p) { return (double)p->metrics.started_us / 1e6; }
static double entries(const struct parent *p) { return (double)p->store.entries; }
static double checkpoint(const struct parent *p) { return (double)p->store.checkpoint_size; }
static double checkpoint_time(const struct parent *p) { return time_or_none(p->store.checkpoint_us); }
static double refusal(const struct parent *p) { return *p->sign.refusal != 0; }
static double archive_size(const struct parent *p) { return (double)p->store.archive_bytes; }
static double archive_limit(const struct parent *p) { return (double)p->site->archive_max_bytes; }
static double disk_free(const struct parent *p) { return (double)p->store.disk_free_bytes; }
static double queue(const struct parent *p) { return p->store.queue; }
static double certificate(const struct parent *p) { return time_or_none(p->certificate.ends_us); }
static double quorum(const struct parent *p) { return p->witness.state.met ? time_or_none(p->witness.state.quorum_us) : NAN; }
static double sessions(const struct parent *p) { return p->nsessions; }

static const struct {
	struct metrics_family family;
	double (*of)(const struct parent *p);
	unsigned decimals;
} gauges[] = {
	{{"casemate_ready", GAUGE, NULL, "Whether every role is ready and every listener open."}, is_ready, 0},
	{{"casemate_start_timestamp_seconds", GAUGE, "seconds", "When the server was started."}, started, 0},
	{{"casemate_sessions", GAUGE, NULL, "Logins on the page."}, sessions, 0},
	{{"casemate_log_entries", GAUGE, NULL, "Entries of the log."}, entries, 0},
	{{"casemate_log_checkpoint_entries", GAUGE, NULL, "Entries that the newest checkpoint covers."}, checkpoint, 0},
	{{"casemate_log_checkpoint_timestamp_seconds", GAUGE, "seconds", "When it was signed."}, checkpoint_time, 3},
	{{"casemate_sign_refuses", GAUGE, NULL, "Whether the signer refuses to go on."}, refusal, 0},
	{{"casemate_archive_size_bytes", GAUGE, "bytes", "Footage in the archive."}, archive_size, 0},
	{{"casemate_archive_limit_bytes", GAUGE, "bytes", "When the oldest of it goes: archive.max_size."}, archive_limit, 0},
	{{"casemate_archive_queue_segments", GAUGE, "segments", "Segments that wait for the disk."}, queue, 0},
	{{"casemate_disk_free_bytes", GAUGE, "bytes", "Room on the archive's disk."}, disk_free, 0},
	{{"casemate_certificate_end_timestamp_seconds", GAUGE, "seconds", "When the server's certificate ends."}, certificate, 0},
	{{"casemate_witness_quorum_timestamp_seconds", GAUGE, "seconds", "The oldest cosignature that the quorum takes."}, quorum, 3},
};

static const struct {
	struct metrics_family family;
	enum child_count of;
	enum role_kind kind;
	struct metrics_label label;
} counters[] = {
	{{"casemate_archive_segments", COUNTER, NULL, "Segments that were archived."}, CHILD_STORE_SEGMENTS, ROLE_STORE, {0}},
	{{"casemate_archive_gaps", COUNTER, NULL, "Gaps that were entered in the log."}, CHILD_STORE_GAPS, ROLE_STORE, {0}},
	{{"casemate_archive_dropped", COUNTER, NULL, "Segments that the disk did not take."}, CHILD_STORE_DROPPED, ROLE_STORE, {0}},
	{{"casemate_serve_requests", COUNTER, NULL, "Requests that were answered."}, CHILD_REQUESTS, ROLE_SERVE, {0}},
	{{"casemate_serve_requests_by_protocol", COUNTER, NULL, "Those of each protocol."}, CHILD_REQUESTS_HTTP1, ROLE_SERVE, {"protocol", "http1"}},
	{{"casemate_serve_requests_by_protocol", COUNTER, NULL, NULL}, CHILD_REQUESTS_HTTP2, ROLE_SERVE, {"protocol", "http2"}},
	{{"casemate_serve_requests_by_protocol", COUNTER, NULL, NULL}, CHILD_REQUESTS_RTSP, ROLE_SERVE, {"protocol", "rtsp"}},
	{{"casemate_serve_sent_bytes", COUNTER, "bytes", "What was sent to viewers."}, CHILD_BYTES_OUT, ROLE_SERVE, {0}},
	{{"casemate_serve_rtsp_dropped", COUNTER, NULL, "Times that a viewer by RTSP was too slow, and went on with a newer picture."}, CHILD_RTSP_DROPPED, ROLE_SERVE, {0}},
	{{"casemate_serve_refused", COUNTER, NULL, "Requests and connections that were refused, by the limit, or for want of a right."}, CHILD_REFUSED_ADDRESS, ROLE_SERVE, {"reason", "address"}},
	{{"casemate_serve_refused", COUNTER, NULL, NULL}, CHILD_REFUSED_USER, ROLE_SERVE, {"reason", "user"}},
	{{"casemate_serve_refused", COUNTER, NULL, NULL}, CHILD_REFUSED_LOGIN, ROLE_SERVE, {"reason", "login"}},
	{{"casemate_serve_refused", COUNTER, NULL, NULL}, CHILD_REFUSED_DEMAND, ROLE_SERVE, {"reason", "demand"}},
	{{"casemate_serve_refused", COUNTER, NULL, NULL}, CHILD_REFUSED, ROLE_SERVE, {"reason", "other"}},
	{{"casemate_serve_closed", COUNTER, NULL, "Connections that were ended here, by cause."}, CHILD_CLOSED_HANDSHAKE, ROLE_SERVE, {"reason", "handshake"}},
	{{"casemate_serve_closed", COUNTER, NULL, NULL}, CHILD_CLOSED_REQUEST, ROLE_SERVE, {"reason", "request"}},
	{{"casemate_serve_closed", COUNTER, NULL, NULL}, CHILD_CLOSED_SLOW, ROLE_SERVE, {"reason", "slow"}},
	{{"casemate_serve_closed", COUNTER, NULL, NULL}, CHILD_CLOSED_STARVED, ROLE_SERVE, {"reason", "starved"}},
	{{"casemate_serve_closed", COUNTER, NULL, NULL}, CHILD_CLOSED_IDLE, ROLE_SERVE, {"reason", "idle"}},
};

/* role and index; of a worker its camera. */
struct who { char index[12]; struct metrics_label label[METRICS_LABELS_MAX]; };

static const struct metrics_label *who(const struct child *c, struct who *w)
{
	snprintf(w->index, sizeof w->index, "%u", c->index);
	w->label[0] = (struct metrics_label){"role", role_kind_name(c->kind)};
	w->label[1] = c->kind == ROLE_TRANSCODE ? (struct metrics_label){"camera", c->parent->site->camera[c->index].name} : (struct metrics_label){"index", w->index};
	w->label[2] = (struct metrics_label){0};
	return w->label;
}

static double role_up(const struct child *c) { return c->phase == CHILD_READY; }
static double role_memory(const struct child *c) { return (double)c->counts.memory_bytes; }

static void tell_roles(struct metrics *m, const struct parent *p)
{
	static const struct metrics_label parent[] = {{"role", "casemate"}, {"index", "0"}, {0}};
	static const struct metrics_family up = {"casemate_role_up", GAUGE, NULL, "Whether the process is ready."};
	static const struct metrics_family memory = {"casemate_role_memory_bytes", GAUGE, "bytes", "What it has in memory."};
	static const struct metrics_family cpu = {"casemate_role_cpu_seconds", COUNTER, "seconds", "What it has computed, and those before it."};
	static const struct metrics_family restarts = {"casemate_role_restarts", COUNTER, NULL, "How often it ended unasked."};
	struct who w;

	metrics_family(m, &up);
	metrics_gauge(m, parent, 1, 0);
	for (const struct child *c = p->child; c < p->child + p->nchildren; c++)
		if (!c->retired)
			metrics_gauge(m, who(c, &w), role_up(c), 0);
	metrics_family(m, &memory);
	metrics_gauge(m, parent, (double)p->metrics.memory_bytes, 0);
	for (const struct child *c = p->child; c < p->child + p->nchildren; c++)
		if (!c->retired)
			metrics_gauge(m, who(c, &w), role_memory(c), 0);
	metrics_family(m, &cpu);
	metrics_counter(m, parent, p->metrics.cpu_s, 2, p->metrics.created_us);
	for (const struct child *c = p->child; c < p->child + p->nchildren; c++)
		if (!c->retired)
			metrics_counter(m, who(c, &w), (double)c->counts.of[CHILD_CPU_US].sum / 1e6, 2, p->metrics.created_us);
	metrics_family(m, &restarts);
	for (const struct child *c = p->child; c < p->child + p->nchildren; c++)
		if (!c->retired)
			metrics_counter(m, who(c, &w), c->restarts, 0, p->metrics.created_us);
}

static void tell_serves(struct metrics *m, const struct parent *p)
{
	static const struct metrics_family connections = {"casemate_serve_connections", GAUGE, NULL, "Connections of viewers."};
	static const struct metrics_family viewers = {"casemate_serve_viewers", GAUGE, NULL, "Those that asked for footage lately."};
	struct who w;

	metrics_family(m, &connections);
	for (const struct child *c = p->child; c < p->child + p->nchildren; c++)
		if (c->kind == ROLE_SERVE)
			metrics_gauge(m, &who(c, &w)[1], c->serve.connections, 0);
	metrics_family(m, &viewers);
	for (const struct child *c = p->child; c < p->child + p->nchildren; c++)
		if (c->kind == ROLE_SERVE)
			metrics_gauge(m, &who(c, &w)[1], c->serve.viewers, 0);
}

/* Of store there is one; what serves count is told of each. */
static void tell_counters(struct metrics *m, const struct parent *p)
{
	struct who w;

	for (size_t k = 0; k < sizeof counters / sizeof *counters; k++) {
		if (counters[k].family.help)
			metrics_family(m, &counters[k].family);
		for (const struct child *c = p->child; c < p->child + p->nchildren; c++) {
			if (c->kind != counters[k].kind)
				continue;
			who(c, &w);
			w.label[0] = (struct metrics_label){c->kind == ROLE_SERVE ? "index" : NULL, w.index};
			w.label[1] = counters[k].label;
			metrics_counter(m, w.label, (double)c->counts.of[counters[k].of].sum, 0, p->metrics.created_us);
		}
	}
}

static void tell_witnesses(struct metrics *m, const struct parent *p)
{
	static const struct metrics_family cosigned = {"casemate_witness_cosigned_entries", GAUGE, NULL, "Entries that the witness has vouched for."};

	metrics_family(m, &cosigned);
	for (unsigned i = 0; p->site->witnesses && i < p->witness.policy.nwitnesses; i++) {
		uint64_t size = 0;
		int64_t time_us = 0;

		msg_get_witness(&p->witness.state, i, &size, &time_us);
		metrics_gauge(m, (struct metrics_label[]){{"witness", p->witness.policy.witness[i].name}, {0}}, (double)size, 0);
	}
}

void metrics_site(struct metrics *m, const struct parent *p)
{
	static const struct metrics_family build = {"casemate_build", METRICS_INFO, NULL, "Which program this is, of which site."};

	metrics_family(m, &build);
	metrics_info(m, (struct metrics_label[]){{"version", PACKAGE_VERSION}, {"site", p->site->origin}, {"cpu", cpu_name(p->cpu)}, {0}});
	for (size_t k = 0; k < sizeof gauges / sizeof *gauges; k++) {
		metrics_family(m, &gauges[k].family);
		metrics_gauge(m, NULL, gauges[k].of(p), gauges[k].decimals);
	}
	tell_roles(m, p);
	tell_serves(m, p);
	tell_counters(m, p);
	tell_witnesses(m, p);
}
