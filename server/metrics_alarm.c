/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of alarms, and of what they are foretold from. */
#include <math.h>

#include "server/parent.h"

#define GAUGE METRICS_GAUGE
#define COUNTER METRICS_COUNTER

static void tell_active(struct metrics *m, const struct parent *p, double of_kind[ALARM_KINDS])
{
	for (unsigned kind = ALARM_CAMERA_KINDS; kind < ALARM_KINDS; kind++) {
		of_kind[kind] += p->alarm[kind].on;
		if (p->alarm[kind].on)
			metrics_gauge(m, (struct metrics_label[]){{"alarm", msg_alarm_name(kind)}, {0}}, 1, 0);
	}
	for (unsigned i = 0; i < p->site->ncameras; i++)
		for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++) {
			if (p->site->camera[i].gone || !p->camera[i].alarm[kind].on)
				continue;
			of_kind[kind]++;
			metrics_gauge(m, (struct metrics_label[]){{"alarm", msg_alarm_name(kind)}, {"camera", p->site->camera[i].name}, {0}}, 1, 0);
		}
}

/* A camera's clock and the site's are both "clock": told apart by what they are of. */
static struct metrics_label of_what(unsigned kind)
{
	return (struct metrics_label){"of", kind < ALARM_CAMERA_KINDS ? "camera" : "site"};
}

void metrics_alarms(struct metrics *m, const struct parent *p)
{
	static const struct metrics_family active = {"casemate_alarm_active", GAUGE, NULL, "1 for each alarm that is on; of the site without a camera."};
	static const struct metrics_family alarms = {"casemate_alarms", GAUGE, NULL, "How many are on of each kind."};
	static const struct metrics_family begun = {"casemate_alarms_begun", COUNTER, NULL, "How many of each kind began."};
	static const struct metrics_family full = {"casemate_disk_full_seconds", GAUGE, "seconds", "Until the disk is full; none when, as it goes, it never will be."};
	static const struct metrics_family kept = {"casemate_archive_kept_seconds", GAUGE, "seconds", "How much footage archive and disk hold at the present rate."};
	double of_kind[ALARM_KINDS] = {0};

	metrics_family(m, &active);
	tell_active(m, p, of_kind);
	metrics_family(m, &alarms);
	for (unsigned kind = 0; kind < ALARM_KINDS; kind++)
		metrics_gauge(m, (struct metrics_label[]){{"alarm", msg_alarm_name(kind)}, of_what(kind), {0}}, of_kind[kind], 0);
	metrics_family(m, &begun);
	for (unsigned kind = 0; kind < ALARM_KINDS; kind++)
		metrics_counter(m, (struct metrics_label[]){{"alarm", msg_alarm_name(kind)}, of_what(kind), {0}}, (double)p->alarms.begun[kind], 0, p->metrics.created_us);
	metrics_family(m, &full);
	metrics_gauge(m, NULL, forecast_full_s(&p->looks.forecast), 0);
	metrics_family(m, &kept);
	metrics_gauge(m, NULL, forecast_kept_s(&p->looks.forecast), 0);
}
