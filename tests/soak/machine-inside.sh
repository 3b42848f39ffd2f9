#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the machine that tests/soak/machine has made, as root, and says `ok NAME` or `not ok NAME: what was seen`.
top=/sys/fs/cgroup/system.slice/casemate.service
ok() { printf 'ok %s\n' "$1"; }
not_ok() { printf 'not ok %s\n' "$1"; failed=yes; }
failed=''
patience=900         # an emulated processor beside other work is slow, and only what never comes is a fault
equal() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: expected '$3', saw '$2'"; fi; }
holds() { local name=$1; shift; if "$@" > /tmp/said 2>&1; then ok "$name"; else not_ok "$name: $(tail -c 300 /tmp/said | tr '\n' '|')"; fi; }
# wait_for SECONDS COMMAND…
wait_for() {
    local until=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.2
    done
}
mine() { setpriv --reuid casemate --regid casemate --clear-groups /usr/local/bin/casemate "$@" -c /var/lib/casemate/site.yaml; }
status() { mine status --json; }
streams() { status | jq -e '[.cameras[] | select(.state == "streaming")] | length == 2'; }
all_run() { status | jq -e 'all(.roles[]; .state == "running")'; }
log() { journalctl -u casemate.service -o cat --no-pager; }
segments() { status | jq "[.cameras[] | select(.name == \"$1\") | .renditions[] | select(.name == \"copy\") | .newest] | add"; }
gone_on() { [ "$(segments "$1")" -ge "$2" ]; }
said() { log | grep -E "$1"; }

systemctl start cameras.service
holds "the unit starts" systemctl start casemate.service
echo "# clock source: $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource), cgroup: $(cat $top/cgroup.controllers)"
holds "both cameras stream" wait_for $patience streams
holds "every role runs" wait_for $patience all_run
holds "the log says that roles have groups" said ' control-groups caps="memory, processes, CPU"'
# An emulated processor may be too slow for the parent's patience, at first: who was late is started anew, and nobody ends otherwise.
others() { status | jq '[.roles[] | select(.role != "transcode") | .restarts // 0] | add'; }
others_were=$(others)
equal "no role ended but one that was not ready in time" "$(($(log | grep -c ' role-ended ') - $(log | grep -c ' role-killed .* why="did not become ready in time"')))" 0
status | jq -r '.roles[] | select(.role != "casemate") | "\(.role) \(.pid)"' > /tmp/roles
/usr/local/bin/casemate audit -c /var/lib/casemate/site.yaml --json > /tmp/audit.json 2> /tmp/audit.err
# each process, its group, and what the policy says of its role
while read -r role pid; do
    group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
    holds "$role: in a group of its own" test "$(cat "$group/cgroup.procs")" = "$pid" -a "$(dirname "$group")" = "$top"
    want=$(jq -r --arg r "$role" '[.. | objects | select(.role? == $r and has("group_memory_bytes"))][0] | "\(.group_memory_bytes) \(.group_cpu_percent * 1000) 100000 \(.threads)"' /tmp/audit.json)
    equal "$role: memory, CPU and processes as its policy says" "$(cat "$group/memory.max" "$group/cpu.max" "$group/pids.max" | tr '\n' ' ' | sed 's/ $//')" "$want"
done < /tmp/roles

# one that wants more than its cap ends alone: the cap of gate's worker is put below what it holds
before=$(segments gate) other=$(segments yard)
restarts() { status | jq '[.roles[] | select(.role == "transcode" and .index == 0) | .restarts // 0] | add'; }
was=$(restarts)
pid=$(status | jq '.roles[] | select(.role == "transcode" and .index == 0) | .pid')
group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
echo 1M > "$group/memory.max"
more() { [ "$(restarts)" -gt "$was" ]; }
holds "a worker beyond its memory is ended" wait_for $patience more
holds "and the log says that it was the cap" said 'role=transcode.*memory'
holds "its camera's own pictures go on" wait_for $patience gone_on gate $((before + 5))
holds "the other camera goes on" wait_for $patience gone_on yard $((other + 5))
equal "no other role was started anew for it" "$(others)" "$others_were"
equal "nothing of the cameras is missing" "$(status | jq '[.cameras[].gaps // 0] | add')" 0

# one that computes without an end gets its share of a CPU
group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(status | jq '.roles[] | select(.role == "transcode" and .index == 1) | .pid')/cgroup")
used() { sed -n 's/^usage_usec //p' "$group/cpu.stat"; }
echo '5000 100000' > "$group/cpu.max"
sleep 1
began=$(used)
sleep 10
spent=$(($(used) - began))
holds "a worker with 5 % of a CPU takes no more: $spent us in 10 s" test $spent -lt 650000
holds "the other camera's worker does not notice" wait_for $patience gone_on gate $((before + 15))

holds "it stops" systemctl stop casemate.service
equal "in order" "$(systemctl show casemate.service -p Result --value)" success
holds "its groups are gone" test ! -e $top
holds "the archive verifies" /usr/local/bin/casemate verify /var/lib/casemate/archive --key /var/lib/casemate/site.key.pub
[ -z "$failed" ] || { log; journalctl -k -o cat --no-pager | grep 'type=1326'; } | sed 's/^/# /'
echo '# all was asked'
