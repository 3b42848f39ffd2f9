#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's packages: built from the tarball, the same to the bit when packed again elsewhere, and without an error for lintian. Installed by
# apt on this machine as it is, but in an overlay of it with a systemd and a network of their own, so with the maintainers' scripts as they
# are: the service begins with a site and a key of its own, records, is upgraded, backed up, wiped and restored, removed and purged; footage
# and log are whole all along.
# takes: 80 s
# niced: it builds
source "$(dirname "$0")/lib.sh"
wants dpkg-buildpackage dh lintian jq unshare nsenter systemd-analyze
systemd=/lib/systemd/systemd

# --- the packages ---
check "make deb" timeout -k 5 600 make -s -C "$build" deb deb_folder="$work/one" || finish
packages=$(cd "$work/one" && echo *.deb)
matches "two packages: $packages" "$packages" '^casemate-doc_[^ ]*_all\.deb casemate_[^ ]*\.deb$'
found=$(cd "$work/one" && lintian --allow-root --fail-on error,warning casemate*.changes 2>&1)
equal "lintian finds no error and no warning" "$(grep '^[EW]:' <<< "$found")" ''

# Packed again from what was compiled: that compiling gives the same is t-reproducible's.
pack() { # FOLDER
    (cd "$1"/casemate-*/ && rm -f debian/files && umask 027 && TZ=Pacific/Auckland LC_ALL=C.UTF-8 DEB_BUILD_OPTIONS='nocheck terse' timeout -k 5 300 dpkg-buildpackage --build=binary --no-sign -nc) > "$1.log" 2>&1
}
mkdir -p "$work/another/and-deeper"
cp -a "$work"/one/casemate-*/ "$work/another/and-deeper/"
# as by a clock that is behind the date in debian/changelog
find "$work"/another/and-deeper/casemate-*/{doc,conf,debian} ! -type l -exec touch --date=2020-02-02 {} +
check "packed again, elsewhere and later" pack "$work/another/and-deeper" || note "$(tail -3 "$work/another/and-deeper.log")"
for p in $packages; do
    equal "$p: the same to the bit" "$(sha256sum < "$work/another/and-deeper/$p")" "$(sha256sum < "$work/one/$p")"
done
sed -i '1s/-1)/-2)/' "$work"/another/and-deeper/casemate-*/debian/changelog
check "the next version" pack "$work/another/and-deeper"
mkdir "$work/packages"
mv "$work"/one/*.deb "$work"/another/and-deeper/*-2_*.deb "$work/packages/"
rm -rf "$work/one" "$work/another"

# --- a machine to install it on ---
[ "$(id -u)" = 0 ] || { skip "installing: only root may"; finish; }
[ -x $systemd ] || { skip "installing: $systemd is not there"; finish; }
cgroup=$(sed -n 's|^[^ ]* \([^ ]*\) cgroup2 .*|\1|p' /proc/mounts | head -1)
[ -n "$cgroup" ] && mkdir "$cgroup/casemate-deb-$$" || { skip "installing: no control groups (v2) for a systemd"; finish; }
group=$cgroup/casemate-deb-$$
chmod 711 "$work"
cat > "$work/boot" <<END
set -e
ip link set lo up
mount --make-rprivate /
mkdir "$work/over"
mount -t tmpfs tmpfs "$work/over"
cd "$work/over"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
mount --bind proc/sys proc/sys && mount -o remount,ro,bind proc/sys
mount --rbind /dev dev
mount --rbind /sys sys && umount -R sys/fs/cgroup && mount -t cgroup2 cgroup2 sys/fs/cgroup
# Not this machine's own.
mount -t tmpfs tmpfs sys/kernel/mm && mkdir sys/kernel/mm/transparent_hugepage && echo never > sys/kernel/mm/transparent_hugepage/shmem_enabled
mount -t tmpfs tmpfs run && mount -t tmpfs tmpfs tmp
mkdir -p run/systemd/system run/lock run/credentials run/packages
mount --bind "$work/packages" run/packages
rm -rf usr/sbin/policy-rc.d etc/casemate var/lib/casemate etc/systemd/system/casemate* usr/local/bin/casemate
# What a whole boot would bring along is left out, and there is no journal.
for unit in nothing.target network-online.target; do printf '[Unit]\nDefaultDependencies=no\n' > run/systemd/system/\$unit; done
for unit in casemate casemate-first-site; do
    mkdir run/systemd/system/\$unit.service.d
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nStandardOutput=append:/run/log.txt\nStandardError=append:/run/log.txt\n' > run/systemd/system/\$unit.service.d/test.conf
done
pivot_root . mnt
umount -l /mnt
# as systemd has it outside of a container: what it mounts for a unit arrives there by this
mount --make-rshared /
exec env -i container=casemate-test PATH=/usr/sbin:/usr/bin:/sbin:/bin $systemd --system --unit=nothing.target --log-target=console --show-status=no
END
(echo $BASHPID > "$group/cgroup.procs" && exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net bash "$work/boot") > "$work/systemd.log" 2>&1 < /dev/null &
boot=$!
end_boot() {
    kill -KILL $boot 2> /dev/null
    wait $boot 2> /dev/null
    wait_for 30 grep -q 'populated 0' "$group/cgroup.events"
    find "$group" -depth -type d -exec rmdir {} \; 2> /dev/null
}
trap 'end_boot; cleanup' EXIT
init=''
found_init() { init=$(pgrep -P $boot) && [ -n "$init" ]; }
inside() { timeout -k 5 "${seconds:-180}" nsenter -t "$init" -m -p -C -n -u -i -r -w -- env -i LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@" < /dev/null; }
answers() { found_init && inside systemctl show --property=Version; }
wait_for 30 answers || { skip "installing: a systemd does not start here: $(tail -2 "$work/systemd.log" | tr '\n' ' ')"; finish; }
property() { inside systemctl show casemate.service --property="$1" --value; }
is_active() { [ "$(property ActiveState)/$(property SubState)" = active/running ]; }
of() { inside stat -c '%a %U:%G' "$1"; }
sum() { inside sha256sum "$@" | cut -d ' ' -f 1; }
apt() { seconds=300 inside apt-get -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root -qq -y "$@"; }
package() { echo /run/packages/"$(cd "$work/packages" && echo $1)"; }
installed() { inside dpkg-query -W -f '${db:Status-Abbrev}${Version}' "$1"; }
told() { inside casemate status --json; }
streams() { told | jq -e '.cameras[0].state == "streaming"'; }
size() { told | jq .log.checkpoint; }
newest() { told | jq '[.cameras[0].renditions[] | select(.name == "copy") | .newest][0]'; }
has_newest() { [ "$(newest)" -gt 0 ]; }
grows() { [ "$(newest)" -ge $(($1 + 2)) ]; }
# Two segments more than there are.
records() { wait_for 180 has_newest && wait_for 180 grows "$(newest)"; }
verified() { seconds=120 inside casemate verify /var/lib/casemate/archive --key /etc/casemate/site.key.pub; }
fails() { ! "$@"; }

# --- installed ---
check "apt installs it" apt install --no-install-recommends "$(package 'casemate_*-1_*.deb')" || finish
check "and its documents" apt install "$(package 'casemate-doc_*-1_*.deb')"
check "the service runs" wait_for 180 is_active || note "$(inside tail -5 /run/log.txt)"
equal "and will at the next boot" "$(inside systemctl is-enabled casemate.service)" enabled
equal "nothing in its units that systemd does not understand" \
    "$(inside systemd-analyze verify --man=no /lib/systemd/system/casemate.service /lib/systemd/system/casemate-first-site.service 2>&1 | grep -F casemate)" ''
equal "as its own user" "$(inside stat -c %U "/proc/$(property MainPID)")" casemate
equal "site file" "$(of /etc/casemate/site.yaml)" '640 root:casemate'
equal "keys that only root reads" "$(of /etc/casemate/site.key) $(of /etc/casemate/tls.key)" '600 root:root 600 root:root'
equal "folders" "$(of /etc/casemate) $(of /var/lib/casemate)" '750 root:casemate 700 casemate:casemate'
equal "of its programs none is the user's own" "$(inside find /usr/bin/casemate /usr/libexec/casemate ! -user root)" ''
equal "what they are made of is told as it is" "$(inside casemate version --sbom | jq -r '.metadata.component.components[] | select(.name == "serve") | .hashes[0].content')" \
    "$(sum /usr/libexec/casemate/serve)"
equal "segments in memory are in large pages" "$(inside cat /sys/kernel/mm/transparent_hugepage/shmem_enabled)" within_size
check "its site file is good" inside casemate check

# --- a camera and a user ---
seconds=600 inside casemate camera --listen 127.0.0.1:8554 > "$work/camera.out" 2>&1 &
started_pids+=($!)
wait_for 60 grep -q '^rtsp://' "$work/camera.out" || bail "the camera: $(cat "$work/camera.out")"
inside sh -c "sed -i 's|^cameras:|&\n  gate: {source: $(grep -o 'rtsp://[^ ]*' "$work/camera.out" | head -1)}|' /etc/casemate/site.yaml && echo long-enough-a-word | casemate passwd anna >> /etc/casemate/site.yaml"
check "reloaded by systemctl" inside systemctl reload casemate || note "$(inside tail -5 /run/log.txt)"
check "its camera streams" wait_for 180 streams || note "$(told | jq -c .cameras)"
check "and is recorded" records || note "$(inside tail -5 /run/log.txt)"
keys() { sum /etc/casemate/site.key /etc/casemate/tls.key /etc/casemate/site.yaml; }
were=$(keys)

# --- a newer version ---
before=$(property MainPID) entries=$(size)
check "apt upgrades it" apt install "$(package 'casemate_*-2_*.deb')"
matches "to the next version" "$(installed casemate)" '^ii .*-2$'
check "the service runs again" wait_for 180 is_active
check "started anew" [ "$(property MainPID)" != "$before" ]
equal "with the same keys and site file" "$(keys)" "$were"
check "its camera streams again" wait_for 180 streams
check "and is recorded again" records || note "$(inside tail -5 /run/log.txt)"
check "footage of before and after is whole" verified
check "in one log" [ "$(size)" -gt "$entries" ]

# --- a backup, and a machine that lost all but its footage ---
passphrase() { inside sh -c "echo a passphrase of some length | casemate $*"; }
check "a backup while it runs" passphrase backup /run/site.backup
equal "that nobody else reads" "$(of /run/site.backup)" '600 root:root'
matches "not restored below a server that signs" "$(passphrase restore --force /run/site.backup 2>&1)" 'stop that one first'
entries=$(size)
inside systemctl stop casemate
state=$(sum /var/lib/casemate/site.key.state)
check "what is there is left alone" passphrase restore /run/site.backup
equal "and the state of the key, which has signed more" "$(sum /var/lib/casemate/site.key.state)" "$state"
inside sh -c 'rm -r /etc/casemate/* /var/lib/casemate/site.key.state'
check "restored" passphrase restore /run/site.backup
equal "keys and site file are the same" "$(keys)" "$were"
equal "and whose they were" "$(of /etc/casemate/site.yaml) $(of /etc/casemate/site.key) $(of /var/lib/casemate/site.key.state)" '640 root:casemate 600 root:root 600 casemate:casemate'
check "the service starts" inside systemctl start casemate || note "$(inside tail -5 /run/log.txt)"
check "and streams" wait_for 180 streams
check "and records" records || note "$(inside tail -5 /run/log.txt)"
check "and goes on with its log" [ "$(size)" -gt "$entries" ]
check "which is whole" verified

# --- removed ---
check "apt removes it" apt remove casemate
equal "the service is gone" "$(property ActiveState)" inactive
equal "so are its programs" "$(inside ls -d /usr/bin/casemate /usr/libexec/casemate /lib/systemd/system/casemate.service 2> /dev/null)" ''
equal "keys and site file stay" "$(keys)" "$were"
matches "purging says what stays" "$(apt purge casemate 2>&1)" 'footage and its log stay in /var/lib/casemate'
equal "the site file is gone, the key of the footage is not" "$(inside ls /etc/casemate | tr '\n' ' ')" 'site.key site.key.pub '
inside cat /etc/casemate/site.key.pub > "$work/site.key.pub"
inside tar -C /var/lib/casemate -cf - archive | tar -C "$work" -xf -
check "the footage is whole" timeout 120 "$casemate" verify "$work/archive" --key "$work/site.key.pub"
check "installed once more" apt install --no-install-recommends "$(package 'casemate_*-2_*.deb')"
check "the service runs" wait_for 180 is_active || note "$(inside tail -5 /run/log.txt)"
inside systemctl stop casemate
inside rm -r /var/lib/casemate/archive
check "purged without footage" apt purge casemate
equal "nothing is left" "$(inside find /etc/casemate /var/lib/casemate 2> /dev/null)" ''
finish
