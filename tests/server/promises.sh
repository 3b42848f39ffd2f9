#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SECURITY.md keeps its word: each promise names its tests, each test named is there and is run, each command named is one.
set -euo pipefail
cd "$abs_top_srcdir"
bad=0
fail() { echo "SECURITY.md: $*"; bad=1; }

words() { grep -o '`[^`]*`' | tr -d '`'; }

# tests: a path below tests/, or the name of a system test alone; those without .c and .sh are commands for who has the time
tests=$(words < SECURITY.md | grep -E '^(tests/[A-Za-z0-9_./-]+|t-[a-z-]+\.sh)$' | sort -u)
[ "$(wc -l <<< "$tests")" -ge 10 ] || fail "names hardly any test, so this one has lost its way"
for t in $tests; do
    case $t in t-*) t=tests/system/$t ;; esac
    if [ ! -f "$t" ]; then
        fail "$t is not there"
        continue
    fi
    [[ $t != *.* ]] || grep -qF "$t" tests/*/module.am || fail "$t is in no module.am"
done

# promises: numbered, each with at least one of those tests
promises=0
promise=''
end_promise() {
    [ -n "$promise" ] || return 0
    promises=$((promises + 1))
    words <<< "$promise" | grep -qE '(^tests/|^t-).*\.(c|sh)$' || fail "a promise without a test: $(head -c 80 <<< "$promise")"
    promise=''
}
while IFS= read -r line; do
    [[ $line =~ ^[0-9]+\.\  ]] && end_promise
    promise+=$line$'\n'
done < <(sed -n '/^## What is promised/,/^## /p' SECURITY.md | sed '/^##/d;/^$/d')
end_promise
[ $promises -ge 5 ] || fail "only $promises promises were found"

for command in $(words < SECURITY.md | sed -n 's/^casemate \([a-z][a-z]*\).*/\1/p' | sort -u); do
    grep -q "^	{\"$command\", cmd_" server/main.c || fail "there is no casemate $command"
done

[ $bad = 0 ] && echo "promises: $promises, by $(wc -l <<< "$tests") tests"
exit $bad
