#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The pages keep up with the program: each command and each of its options, each event of the log, each key of the status.
set -euo pipefail
cd "$abs_top_srcdir"
bad=0
fail() { echo "$*"; bad=1; }

# items PAGE FROM TO: the names in `.It Cm` between two lines, one a line
items() { sed -n "/^$2/,/^$3/s/^\.It Cm //p" "$1" | sed 's/ , /\n/g'; }

# compare WHAT PROGRAM PAGE: two files of one name a line
compare() {
    local name
    [ -s "$2" ] || fail "$1: none found, so this test has lost its way"
    while read -r name; do fail "$1: $name is in the program and not in the page"; done < <(comm -23 <(sort -u "$2") <(sort -u "$3"))
    while read -r name; do fail "$1: $name is in the page and not in the program"; done < <(comm -13 <(sort -u "$2") <(sort -u "$3"))
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# commands, and what their help offers
sed -n 's/^\t{"\([a-z-]*\)", cmd_[a-z_]*, .*/\1/p' server/main.c > "$work/commands"
items doc/casemate.1 '.Sh DESCRIPTION' '.Sh FILES' > "$work/page"
compare commands "$work/commands" "$work/page"
while read -r command; do
    page=doc/casemate-$command.1
    [ -f "$page" ] || { fail "commands: $command has no page"; continue; }
    help=$(timeout -k 2 10 "$abs_top_builddir/casemate" "$command" --help < /dev/null) || fail "$command: --help exits $?"
    grep -qi '^usage: casemate '"$command" <<< "$help" || fail "$command: --help does not begin with its usage"
    for option in $(grep -oE -- '--[a-z][a-z0-9-]+' <<< "$help" | sort -u); do
        grep -qE -- "(Fl|,) ${option#-}( |$)" "$page" || fail "$command: $option is in --help and not in $page"
    done
done < "$work/commands"

# events: the first argument of what writes a line, the second of parent_log, and of what gives up with a line
roles=$(printf '%s\n' server/*.c | grep -vE '/(alarms|backup|backup_[a-z_]*|check|inventory[a-z_]*|export[a-z_]*|keygen|main|passwd|probe[a-z_]*|prompt|restore|restore_[a-z_]*|run|signconfig|status|verify[a-z_]*|witness|witness_[a-z_]*)\.c$')
{
    # shellcheck disable=SC2086
    grep -ohE '(log_(error|warn|info)|give_up|fail|fail_mend)\((&?[a-z]+, )?"[a-z][a-z-]*"' $roles | sed 's/.*"\(.*\)"/\1/'
    grep -ohE 'parent_log\(.*' server/*.c | grep -oE '"[a-z][a-z-]*"' | tr -d '"' | grep -vxE 'error|warn|info'
    grep -ohE '"(error|warn|info|debug) [a-z-]+ ' server/parent_log*.c server/become.c | sed 's/.* \(.*\) /\1/'
} > "$work/events"
items doc/casemate-run.1 '.Sh LOG' '.Sh EXIT' > "$work/page"
compare log "$work/events" "$work/page"

# keys of the status
grep -ohE 'json_[a-z]+\(&?j, "[a-z_0-9]+"' server/status_json.c server/status_witness.c server/status_worker.c | sed 's/.*"\(.*\)"/\1/' > "$work/keys"
items doc/casemate-status.1 '.Sh JSON' '.Sh EXIT' > "$work/page"
compare status "$work/keys" "$work/page"

# metrics, as the older form names them
sed -nE 's/.*\{"(casemate_[a-z_]*)", (METRICS_)?(GAUGE|COUNTER|INFO), .*/\1 \3/p' server/metrics_*.c | sed 's/ GAUGE$//; s/ COUNTER$/_total/; s/ INFO$/_info/' > "$work/metrics"
items doc/casemate-metrics.5 '.Sh METRICS' '.Sh PROMETHEUS' > "$work/page"
compare metrics "$work/metrics" "$work/page"

# keys of the audit
grep -ohE '(json_[a-z]+|hash_json)\(&?j, "[a-z_0-9]+"' server/audit_json.c | sed 's/.*"\(.*\)"/\1/' > "$work/keys-audit"
items doc/casemate-audit.1 '.Sh JSON' '.Sh EXIT' > "$work/page"
compare audit "$work/keys-audit" "$work/page"

# keys of the inventory, and the words for what it flags
grep -ohE 'json_[a-z]+\(&?j, "[a-z_0-9]+"' server/inventory_print.c | sed 's/.*"\(.*\)"/\1/' > "$work/keys-inventory"
items doc/casemate-inventory.1 '.Sh JSON' '.Sh EXIT' > "$work/page"
compare inventory "$work/keys-inventory" "$work/page"
sed -n '/^const .*inventory_flag_name/,/^}/p' server/inventory_judge.c | grep -oE '= "[a-z0-9-]+"' | tr -d '= "' > "$work/flags"
items doc/casemate-inventory.1 '.Sh FLAGS' '.Sh JSON' > "$work/page"
compare "inventory's flags" "$work/flags" "$work/page"

# words of the status: camera's phases, reasons, layers of the sandbox
{
    sed -n '/^const .*status_camera_phase/,/^}/p' server/status_camera.c | grep -oE '"[a-z]+"' | tr -d '"'
    sed -n '/^const .*gap_why_name/,/^}/s/= \(.*\)/\1/p' media/record.c | grep -oE '"[a-z-]+"' | tr -d '"'
} > "$work/words"
items doc/casemate-status.1 '.Sh CAMERAS' '.Sh ROLES' > "$work/page"
compare "camera's words" "$work/words" "$work/page"
sed -n '/^const .*sandbox_layer_name/,/^}/p' server/sandbox_layers.c | grep -oE '"[a-z-]+"' | tr -d '"' > "$work/layers"
sed -n '/^The layers of its sandbox/,/^\.Sh/s/^\.Cm \([a-z-]*\).*/\1/p' doc/casemate-status.1 > "$work/page"
compare layers "$work/layers" "$work/page"

[ $bad = 0 ] && echo "pages: $(wc -l < "$work/commands") commands, $(sort -u "$work/events" | wc -l) events, $(sort -u "$work/keys" | wc -l) keys"
exit $bad
