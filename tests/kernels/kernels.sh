#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every kernel at every level that the machine has, against its form in C.
exec "$abs_top_builddir/tests/kernels/kernels"
