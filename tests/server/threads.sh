#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the threads share, with much to do at once. In a build with --enable-sanitizers=thread a race ends it (tests/run-all BUILD-FOLDER threads).
exec timeout 120 "$abs_top_builddir/tests/server/threads"
