#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A changed site file, applied to a running server: what changed is changed, and nothing else is touched. What stays loses no packet, has
# the same RTSP session and an unbroken row of segments, and its viewer keeps the connection that he had. A file with a fault, or with
# what needs a restart, is refused whole. A hundred reloads leave no descriptor and no memory behind. The footage verifies.
# takes: 38 s
source "$(dirname "$0")/lib.sh"
wants jq curl ss node ffmpeg openssl

reloads=${RELOADS:-100}     # in a row, at the end
clip_h264 clip.h264
jq -n --arg v "h264:$work/clip.h264" '["stays", "goes", "comes", "edited"] | map({name: ., transports: ["tcp"], video: $v})' > "$work/cameras.json"
start_scripted "$work/cameras.json"

reload() { timeout 30 "$casemate" reload -s "$site/casemate.sock" 2>&1; }
# reloaded FILE: takes it as the site file and has it read
reloaded() { cp "$1" "$site/site.new" && mv "$site/site.new" "$site/site.yaml" && reload; }
camera_names() { st '[.cameras[].name] | sort | join(" ")'; }
pids() { st '[.roles[] | select(.role != "transcode") | .pid] | join(" ")'; }
restarts() { st '[.roles[] | select(.role != "casemate" and .role != "transcode") | .restarts] | add'; }
whole() { st ".cameras[] | select(.name == \"$1\") | [.lost, .reconnects] | join(\" \")"; }
hash_of() { timeout 20 "$casemate" passwd "$1" <<< "$2"; }
served() { openssl s_client -connect "127.0.0.1:$port" < /dev/null 2> /dev/null | openssl x509 -noout -fingerprint -sha256; }
# code_of USER PASSWORD [PORT [CAMERA]]
code_of() { timeout 15 curl -sS -o /dev/null -w '%{http_code}' --cacert "$site/tls.crt" -u "$1:$2" "https://127.0.0.1:${3:-$port}/live/${4:-stays}/copy/index.m3u8"; }
# site_with SIZE LISTEN USERS: the beginning of a site file up to its cameras
site_with() {
    sed '/^users:/,$d' "$work/made.yaml" | sed "s/max_size: 2 GB/max_size: $1/; s/^listen: .*/listen: [$2]/"
    printf 'users:\n%s\ncameras:\n' "$3"
}
# camera NAME RENDITION HEIGHT
camera() {
    printf '  %s:\n    source: rtsp://127.0.0.1:%s/cam\n' "$1" "${scripted_port[$1]}"
    [ $# -lt 3 ] || printf '    renditions:\n      %s: {size: 320x%s, bitrate: 300 kb/s, fps: 5}\n' "$2" "$3"
}

make_site
cp "$site/site.yaml" "$work/made.yaml"
second_port=$(free_port)
one="\"127.0.0.1:$port\"" two="\"127.0.0.1:$port\", \"127.0.0.1:$second_port\""
guest=$(hash_of guest guest-password)
{ site_with '2 GB' "$one" "$(hash_of $user "$password")"$'\n'"$guest"; camera stays; camera goes; camera edited wide 180; } > "$work/first.yaml"
{ site_with '1 GB' "$two" "$guest"$'\n'"$(hash_of $user another-password)"; camera edited tall 240; camera stays; camera comes; } > "$work/second.yaml"
cp "$work/first.yaml" "$site/site.yaml"
start_server stays goes edited
wait_for 30 newest_at_least stays copy 2
wait_for 30 newest_at_least edited wide 1 || bail "edited has no rendition"
before=$(pids)

# A viewer with one connection: he asks, and asks again when all is changed.
mkfifo "$work/viewer.in"
exec {viewer}<> "$work/viewer.in"
openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$port" < "$work/viewer.in" > "$work/viewer.out" 2> /dev/null &
started_pids+=($!)
ask() { printf 'GET /live/stays/copy/index.m3u8 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\n\r\n' "$(printf guest:guest-password | base64 -w0)" >&$viewer; }
answered() { [ "$(grep -ac '^HTTP/1.1 200' "$work/viewer.out")" = "$1" ]; }
ask
wait_for 20 answered 1 || bail "the viewer got nothing: $(head -5 "$work/viewer.out")"

first_certificate=$(served)
(cd "$site" && timeout 20 "$casemate" keygen --tls localhost 127.0.0.1 -o other) > /dev/null 2>&1 || bail "keygen --tls"
mv "$site/other.crt" "$site/tls.crt"
mv "$site/other.key" "$site/tls.key"
out=$(reloaded "$work/second.yaml")
equal "a changed file is taken" $? 0
ask
check "who was there keeps his connection" wait_for 20 answered 2
matches "it says what is done" "$out" '^8 changes are in force$'
for words in 'archive.max_size' "listener 127.0.0.1:$second_port added" 'user admin: password_hash; its viewers are disconnected' 'rendition edited/tall added' \
    'rendition edited/wide removed' 'camera comes added' 'camera goes removed' 'tls: other contents'; do
    matches "it says: $words" "$out" "^  $words"
done
equal "the cameras are those of the file" "$(camera_names)" 'comes edited stays'
check "the camera that came streams" wait_for 30 newest_at_least comes copy 2
check "the rendition that came is made" wait_for 30 newest_at_least edited tall 1
check "the camera that went was said goodbye to" wait_for 15 seen_at_least goes '.what == "request" and .method == "TEARDOWN"' 1
equal "its pictures are shown to nobody" "$(code_of guest guest-password "$port" goes)" 404
equal "the edited one's connection goes on" "$(seen edited '.what == "playing"')" 1
check "a listener that came listens" wait_for 15 eval '[ "$(code_of guest guest-password '$second_port')" = 200 ]'
equal "the old password is none any more, the new one is" "$(code_of $user "$password") $(code_of $user another-password)" '401 200'
check "who comes now is shown the new certificate" [ "$(served)" != "$first_certificate" ]
equal "no role was started anew" "$(pids) $(restarts)" "$before 0"

# Refused whole
scripted_port[more]=1
cp "$work/second.yaml" "$work/wrong.yaml"
{ camera more; printf '    sorce: x\n'; } >> "$work/wrong.yaml"
sed -i 's/max_size: 1 GB/max_size: 3 GB/' "$work/wrong.yaml"
out=$(reloaded "$work/wrong.yaml")
equal "a file with a fault is refused" $? 1
matches "with the place" "$out" "site.yaml:[0-9]+:[0-9]+: unknown key \"sorce\""
matches "and whole" "$out" 'nothing was changed'
{ cat "$work/second.yaml"; printf 'sandbox: best-effort\n'; } > "$work/restart.yaml"
out=$(reloaded "$work/restart.yaml")
equal "what needs a restart is refused" $? 1
matches "by name and place" "$out" 'site.yaml:[0-9]+: sandbox: this needs a restart'
equal "nothing has changed" "$(camera_names) $(st .archive.max_bytes)" 'comes edited stays 1000000000'
log_has() { grep -q -- "$1" "$site/log"; }
sed 's/max_size: 1 GB/max_size: 1.5 GB/' "$work/second.yaml" > "$site/site.yaml"
kill -HUP "$server"
check "SIGHUP does the same" wait_for 15 st_is .archive.max_bytes 1500000000
check "and the log says so" log_has 'reload text="archive.max_size'

# Again and again: a camera, a listener, a user come and go, a rendition is another. The state at the end is the one at the beginning.
{ site_with '2 GB' "$one" "$guest"; camera stays; camera edited tall 240; } > "$work/even.yaml"
{ site_with '1 GB' "$two" "$guest"$'\n'"$(hash_of $user another-password)"; camera comes; camera edited tall 240; camera stays; camera goes; } > "$work/odd.yaml"
# sealed segments come and go with time, so they are counted by themselves
descriptors() { local p; for p in $(pids); do find "/proc/$p/fd" -mindepth 1 ! -lname '/memfd:*' 2> /dev/null | wc -l; done | paste -sd ' '; }
segments_held() { local p n most=0; for p in $(pids); do n=$(find "/proc/$p/fd" -mindepth 1 -lname '/memfd:*' 2> /dev/null | wc -l); [ "$n" -le $most ] || most=$n; done; echo $most; }
memory() { local p; for p in $(pids); do awk '/^RssAnon/ {print $2}' "/proc/$p/status"; done | paste -sd ' '; }
again() {
    local i file
    for i in $(seq "$1"); do
        file=$work/odd.yaml
        [ $((i % 2)) = 1 ] || file=$work/even.yaml
        reloaded "$file" > "$work/last" || { cat "$work/last"; return 1; }
    done
}
check "twenty reloads" again 20
# a viewer's connection ends when it is idle, a file of the archive is open for a moment: what leaks, leaks with every reload
settled() { paste -d ' ' <(tr ' ' '\n' <<< "$1") <(descriptors | tr ' ' '\n') | awk '$2 == "" || $2 > $1 + 3 {bad = 1} END {exit bad}'; }
few=$(descriptors)
sleep 2
few=$(descriptors) before_kb=$(memory)
check "$reloads more" again "$reloads"
check "no descriptor is left behind: $few" wait_for 30 settled "$few" || note "$(descriptors)"
# two cameras' copies and one rendition, twelve of each, what is under way, and inits
check "no segment is left behind: $(segments_held) are held" [ "$(segments_held)" -le 60 ]
after_kb=$(memory)
note "descriptors of each role: $few; memory in kB before: $before_kb; after $reloads reloads: $after_kb"
grew=$(paste -d ' ' <(tr ' ' '\n' <<< "$before_kb") <(tr ' ' '\n' <<< "$after_kb") | awk '$2 - $1 > most {most = $2 - $1} END {print most + 0}')
check "no role has grown by more than a little ($grew kB)" [ "$grew" -lt 12000 ]
equal "no role was started anew in all this" "$(pids) $(restarts)" "$before 0"

# A certificate that is replaced without a word, and one that cannot be: no role is told to read anything. The new one ends soon.
shown=$(served)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$work/soon.key" -out "$work/soon.crt" 2> /dev/null
chmod 600 "$work/soon.key"
mv "$work/soon.key" "$site/tls.key"
check "a key without its certificate is refused" wait_for 60 log_has ' certificate-refused '
equal "and the old pair goes on" "$(served)" "$shown"
cp "$work/soon.crt" "$site/tls.crt"
taken() { [ "$(served)" = "$(openssl x509 -in "$work/soon.crt" -noout -fingerprint -sha256)" ]; }
check "a new pair is taken without a reload" wait_for 60 taken
check "the log says so" log_has ' certificate-taken ends_in_days=9'
check "and that it ends soon" wait_for 30 log_has ' certificate-ends in_days=9'
matches "status too" "$(timeout 10 "$casemate" status -s "$site/casemate.sock")" 'ALARM +the certificate ends in 9 days'
equal "no role was started anew for it" "$(pids) $(restarts)" "$before 0"

# Signed by an admin: from then on nothing else is taken, whatever the file says of it. What two cameras have comes from a folder.
sign() { (cd "$site" && timeout 20 "$casemate" sign-config -k "$work/admin.key" "$@" site.yaml) > "$work/signed" 2>&1; }
(cd "$work" && timeout 20 "$casemate" keygen --admin admin.example -o admin.key) > "$work/admin.line" || bail "keygen --admin"
mkdir "$site/cameras.d"
{ printf 'cameras:\n'; camera comes; camera goes; } > "$site/cameras.d/some.yaml"
{ site_with '2 GB' "$one" "$guest"; camera stays; camera edited tall 240; printf 'include: cameras.d/*.yaml\nrequire_signed: true\nadmin_key: "%s"\n' "$(cat "$work/admin.line")"; } > "$work/signed.yaml"
out=$(reloaded "$work/signed.yaml")
equal "a file that asks for a signature and has none is refused" $? 1
matches "with the mend" "$out" 'site.yaml.sig: No such file.*casemate sign-config'
check_key() { said=$(timeout 20 "$casemate" check -c "$site/site.yaml" --admin-key "$1" 2>&1); }
check_key "$work/admin.key.pub"
equal "check --admin-key: not signed is not good" $? 1
sign || bail "sign-config: $(cat "$work/signed")"
check "check --admin-key: signed is" check_key "$work/admin.key.pub"
check_key "$site/site.key.pub"
equal "check --admin-key: by another key is not" $? 1
matches "and it says so" "$said" 'site.yaml: .*sign'
out=$(reload)
equal "signed it is taken" $? 0
matches "with its version" "$out" 'signed by admin.example as version 1'
equal "with what it includes" "$(camera_names)" 'comes edited goes stays'
sign || bail "sign-config: $(cat "$work/signed")"
mkdir "$site/site.yaml.admin.tmp"
out=$(reload)
equal "a version that cannot be kept is not taken" $? 1
matches "with the place and the mend" "$out" 'site.yaml.admin: .*: its folder must have room'
rmdir "$site/site.yaml.admin.tmp"
check "again, as version 2" reload
all_at_once() { local i pids=(); for i in 1 2 3 4 5 6; do reload > "$work/at-once.$i" & pids+=($!); done; for i in "${pids[@]}"; do wait "$i" || return 1; done; }
check "six reloads at once are one after the other" all_at_once
equal "and change nothing" "$(grep -hv warning: "$work"/at-once.* | sort -u)" 'nothing differs from what is in force'
printf '    audio: false\n' >> "$site/cameras.d/some.yaml"
out=$(reload)
matches "an included file that was changed is refused" "$out" 'is not what was signed as version 2'
sed '/^require_signed/d; /^admin_key/d' "$work/signed.yaml" > "$site/site.yaml"
rm "$site/site.yaml.sig"
out=$(reload)
matches "a file that asks for none is refused just so" "$out" 'site.yaml.sig: No such file'
# An earlier version beside more changes than an entry names.
guests=$(for i in 1 2 3 4 5 6 7 8 9; do echo "${guest/guest/guest-$i}"; done)
awk -v guests="$guests" '/^cameras:/ { print guests } { print }' "$site/site.yaml" > "$work/guests.yaml" && cp "$work/guests.yaml" "$site/site.yaml"
sign -v 1 || bail "sign-config: $(cat "$work/signed")"
out=$(reload)
matches "an earlier version is refused" "$out" 'it is version 1, and version 2 was in force: --allow-rollback'
out=$(timeout 30 "$casemate" reload --allow-rollback -s "$site/casemate.sock" 2>&1)
equal "and taken where that is said" $? 0
matches "which is a change" "$out" '^  site file rolled back from version 2 to 1$'
matches "of many" "$out" '^1[0-9] changes are in force$'
# changes_of_roll_back: how many the entry counts that names the roll-back before all others
changes_of_roll_back() {
    cat "$site/archive/log/journal" $(find "$site/archive/log/tile/entries" -type f 2> /dev/null) |
        awk '/^changes / { n = $2; getline; if ($0 == "change site file rolled back from version 2 to 1") { print n; exit } }'
}
is_entered() { [ "$(changes_of_roll_back)" -ge 10 ]; }
check "the log names it first, and counts the others" wait_for 20 is_entered
in_force=$(LC_ALL=C; cd "$site" && sha256sum - cameras.d/*.yaml < site.yaml | sha256sum | cut -d' ' -f1)
ln -s site.yaml "$site/cameras.d/more.yaml"
out=$(reload)
matches "a link among what is included is refused" "$out" 'cameras.d/more.yaml: this is a symbolic link'
rm "$site/cameras.d/more.yaml"
equal "no role was started anew for it" "$(pids) $(restarts)" "$before 0"

equal "the camera that stayed: one session, nothing lost" "$(seen stays '.what == "playing"') $(whole stays)" '1 0 0'
stop_server
check "the footage verifies" verify
report=$(timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json)
equal "the camera that stayed has no gap" "$(jq -r '[.gaps[] | select(.camera == "stays") | .why] | unique - ["starting", "stopped"] | join(" ")' <<< "$report")" ''
equal "and an unbroken row of segments" "$(jq -r '.renditions[] | select(.camera == "stays" and .rendition == "copy") | .last - .first + 1 - .segments' <<< "$report")" 0
check "the one that went is accounted for" jq -e '[.gaps[] | select(.camera == "goes") | .why] | index("removed") != null' <<< "$report"
check "the log names the files that were in force" jq -e '.configs_total > 20 and .configs[0].changes == 8 and (.configs[0].change | index("user admin: password_hash") != null)' <<< "$report"
check "and the roll-back, by the files' hash" jq -e --arg h "$in_force" '.configs_total > (.configs | length) or (.configs | map(select(.change | index("site file rolled back from version 2 to 1") != null)) | length == 1 and .[0].site == $h)' <<< "$report"
out=$(cd "$site" && sed -i 's/2 GB/3 GB/' site.yaml && timeout 20 "$casemate" run -c site.yaml 2>&1)
equal "a start takes no other file either" $? 1
matches "with the same words" "$out" 'is not what was signed as version 1'
finish
