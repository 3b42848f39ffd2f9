#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the threads share, with much to do at once; a build with --enable-sanitizers=thread fails here on any race.
exec timeout 120 "$abs_top_builddir/tests/server/threads"
