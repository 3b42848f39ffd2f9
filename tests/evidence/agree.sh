#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# casemate verify's engine on the table of mutations, and on many clean segments.
exec "$abs_top_builddir/tests/evidence/agree"
