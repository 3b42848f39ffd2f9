#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit that comes with casemate: how systemd rates it; and, where a systemd can be started in namespaces of its own, the site under
# it: as its own user, keys as credentials, a port that systemd opened, every layer of every role's sandbox.
# takes: 15 s
source "$(dirname "$0")/lib.sh"
wants systemd-analyze jq pgrep nsenter setpriv unshare
systemd=/lib/systemd/systemd
conf=$top/conf

# --- what systemd says of the unit ---
rated=$(systemd-analyze security --offline=true --no-pager --threshold=20 "$conf/casemate.service" 2>&1)
rc=$?
note "$(tail -1 <<< "$rated")"
equal "rated 2.0 or better" "$rc" 0
mkdir "$work/verify"
sed "s|/usr/local/bin/casemate|$casemate|" "$conf/casemate.service" > "$work/verify/casemate.service"
cp "$conf/casemate.socket" "$work/verify/"
equal "nothing in the units that systemd does not understand" \
    "$(systemd-analyze verify --man=no "$work/verify/casemate.service" "$work/verify/casemate.socket" 2>&1 | grep -F casemate)" ''

# --- a systemd of our own ---
[ "$(id -u)" = 0 ] || { skip "the site under systemd: only root may start one"; finish; }
[ -x $systemd ] || { skip "the site under systemd: $systemd is not there"; finish; }
cgroup=$(sed -n 's|^[^ ]* \([^ ]*\) cgroup2 .*|\1|p' /proc/mounts | head -1)
[ -n "$cgroup" ] && mkdir "$cgroup/casemate-test-$$" || { skip "the site under systemd: no control groups (v2) to give it"; finish; }
group=$cgroup/casemate-test-$$

make_site
start_camera
site_camera gate "$camera_source"
sed -i 's|^tls: .*|tls: {certificate: tls.crt, key: credential:tls.key}|; s|^key: .*|key: credential:site.key|' "$site/site.yaml"
printf 'processes: {serve: 2}\n' >> "$site/site.yaml"

# What the machine would look like with casemate installed; /usr/local, /etc and /var/lib are these folders there.
mkdir -p "$work/local/bin" "$work/local/libexec/casemate" "$work/lib/casemate" "$work/units"
cp "$casemate" "$work/local/bin/"
find "$build/libexec/casemate" -maxdepth 1 -type f \( -perm -u+x -o -name '*.json' \) -exec cp {} "$work/local/libexec/casemate/" \;
cp -a /etc "$work/etc"
printf 'casemate:x:64999:64999::/var/lib/casemate:/usr/sbin/nologin\n' >> "$work/etc/passwd"
printf 'casemate:x:64999:\n' >> "$work/etc/group"
install -d -m 700 "$work/etc/casemate"
mv "$site/site.key" "$site/tls.key" "$work/etc/casemate/"
cp "$site/site.yaml" "$site/tls.crt" "$work/lib/casemate/"
chown -R 64999:64999 "$work/lib/casemate"
chmod 711 "$work"
# As shipped, but for what a whole boot would bring along, and where the log goes: there is no journal.
sed -e '/^Wants=network-online/d' -e 's/^\[Unit\]/&\nDefaultDependencies=no/' -e "s|^\[Service\]|&\nStandardError=append:/run/casemate.log|" \
    "$conf/casemate.service" > "$work/units/casemate.service"
sed -e 's/^\[Unit\]/&\nDefaultDependencies=no/' -e "s|^ListenStream=0.0.0.0:443|ListenStream=127.0.0.1:$port|" -e '/^ListenStream=\[::\]/d' \
    "$conf/casemate.socket" > "$work/units/casemate.socket"
printf '[Unit]\nDefaultDependencies=no\n' > "$work/units/nothing.target"
cat > "$work/boot" <<END
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/lock /run/credentials && cp $work/units/* /run/systemd/system/
umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind $work/local /usr/local && mount --bind $work/etc /etc && mount --bind $work/lib /var/lib
: > /run/casemate.log
# as systemd has it outside of a container: what it mounts for a unit arrives there by this
mount --make-rshared /
exec env -i container=casemate-test PATH="\$PATH" $systemd --system --unit=nothing.target --log-target=console --show-status=no
END
(echo $BASHPID > "$group/cgroup.procs" && exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc bash "$work/boot") > "$work/systemd.log" 2>&1 < /dev/null &
boot=$!
end_boot() {
    kill -KILL $boot 2> /dev/null
    wait $boot 2> /dev/null
    wait_for 10 grep -q 'populated 0' "$group/cgroup.events"
    find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null
}
trap 'end_boot; cleanup' EXIT
init=''
found_init() { init=$(pgrep -P $boot) && [ -n "$init" ]; }
inside() { timeout 20 nsenter -t "$init" -m -p -C -- "$@"; }
answers() { found_init && inside systemctl show --property=Version; }
wait_for 15 answers || { skip "the site under systemd: it does not start here: $(tail -2 "$work/systemd.log" | tr '\n' ' ')"; finish; }

check "the socket is opened by systemd" inside systemctl start casemate.socket
get / -o /dev/null --max-time 40 &   # the first viewer starts the server
check "the unit starts, and says that it is ready" inside timeout 60 systemctl start casemate.service || note "$(inside tail -5 /run/casemate.log)"
property() { inside systemctl show casemate.service --property="$1" --value; }
equal "it is active" "$(property ActiveState)/$(property SubState)" active/running
equal "at the first try" "$(property NRestarts)" 0
casemate_says() { inside setpriv --reuid 64999 --regid 64999 --clear-groups /usr/local/bin/casemate status -c /var/lib/casemate/site.yaml --json; }
is_streaming() { casemate_says | jq -e '.cameras[0].state == "streaming"'; }
check "its camera streams" wait_for 30 is_streaming
told=$(casemate_says)
equal "every role has every layer that its sandbox needs" \
    "$(jq -r '[.roles[] | select(.role != "casemate") | .sandbox - ["landlock-net", "landlock-scope", "cgroup"] | length] | unique | map(tostring) | join(" ")' <<< "$told")" 11
equal "no role was started twice" "$(jq '[.roles[].restarts // 0] | add' <<< "$told")" 0
wait %% 2> /dev/null
check "a viewer comes in by the port that systemd opened" wait_for 15 get /live/gate/index.m3u8 -o /dev/null
main=$(property MainPID)
equal "as its own user" "$(inside stat -c %u "/proc/$main")" 64999
equal "without a capability" "$(inside grep -hE '^Cap(Inh|Prm|Eff|Amb)' "/proc/$main/status" | awk '{print $2}' | sort -u)" 0000000000000000
# in_unit COMMAND…: as the server's user, in the folders as the unit shows them
in_unit() { timeout 20 nsenter -t "$init" -p -C -- nsenter -t "$main_outside" -m -- setpriv --reuid 64999 --regid 64999 --clear-groups "$@"; }
main_outside=$(pgrep -f -x "/usr/local/bin/casemate run -c /var/lib/casemate/site.yaml" --ns "$init" --nslist pid | head -1)
own=/sys/fs/cgroup/system.slice/casemate.service
check "it may make control groups below its own" in_unit mkdir "$own/mine"
fails() { ! "$@"; }
check "and nowhere else" fails in_unit mkdir /sys/fs/cgroup/system.slice/mine
check "it cannot write where its programs are" fails in_unit touch /usr/local/bin/casemate
equal "the key is nowhere but where root put it" "$(find "$work/lib" -name '*.key')" ''
check "what it signed is remembered in the unit's folder" [ -s "$work/lib/casemate/site.key.state" ]
check "it stops when asked" inside timeout 40 systemctl stop casemate.socket casemate.service
equal "in order" "$(property Result) $(property ExecMainStatus)" 'success 0'
cp "$(readlink -f "/proc/$init/root")/run/casemate.log" "$work/log" 2> /dev/null || inside cat /run/casemate.log > "$work/log"
equal "without an error in its log" "$(grep -E ' error |role-(ended|killed)|sandbox-incomplete|memory-not-locked' "$work/log")" ''
finish
