#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: t-kills.sh [SEED (1)]
# SIGKILL to roles and parent, at random times and in the middle of random calls (a write, an fdatasync, a rename …), of a server with two
# cameras: after each the archive verifies. A few dozen; tests/soak/kill-points does a thousand.
# takes: 40 s
source "$(dirname "$0")/../faults/lib.sh"
wants jq curl ss

for_s=35
seed=${1:-1}
RANDOM=$seed
note "seed $seed"
faulty_programs
make_site
start_camera --count 2 --size 640x360
site_camera gate "$camera_source"
site_camera yard "${camera_source%/*}/2"
run_faulty
wait_for 30 steady || bail "not well: $(status | jq -c '[.roles, .cameras]') $(tail -5 "$site/log")"
kill_many 30 $for_s store sign ingest transcode serve casemate
note "$kills kills, $kills_at_call of them in the middle of a call, $kills_missed came too late: $(killed_table)"
check "roles and the parent were killed" [ "$kills" -ge 6 ]
finish
