#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Roles that were taken over. In the place of each stands a program that enters its sandbox by the real code and then attacks: by system
# calls, by messages, by the memory that it shares, by silence (tests/taken). The table below says of each attack how it must end. Nothing
# may leave, no other role may end, no other camera may miss a segment, and the parent starts the role again, later each time, and says so.
#
# In one site four of five ingests, four of five serves, four of five workers, and sign are attacked, all at once; in four others store is,
# on which all depend. The attacks of a kind of role are a queue: whichever of its processes starts next makes the next one.
# takes: 90 s
# alone: five roles of each kind, all under attack
source "$(dirname "$0")/lib.sh"
source "$here/taken.sh"
wants jq curl ss node ffmpeg

killed='killed by the parent: '
sys='signal 31 \(SYS\)$'
malformed="${killed}a malformed message"
words="${killed}message [a-z-]+ with 0 descriptors, which [a-z]+ may not say"
left='attack-made .* exit 0$'

# site, role, attack, how it ends: the first that a line matches of what the log says between the role's start and its end
table=$(sed '/^#/d; /^$/d' <<END
edges   ingest     loop                 ${killed}does not answer
edges   ingest     close-channel        ${killed}closed its channel and lives on
edges   ingest     open                 $sys
edges   ingest     dial                 $sys
edges   ingest     dial-own-camera      $sys
edges   ingest     send-elsewhere       $sys
edges   ingest     exec                 $sys
edges   ingest     kill-others          $sys
edges   ingest     shrink-ring          $sys
edges   ingest     seal-ring            $sys
edges   ingest     garbage              $malformed
edges   ingest     huge                 ${killed}a message that is too large
edges   ingest     anothers-words       $words
edges   ingest     dial-foreign-camera  ${killed}asked for a camera that is not its own
edges   ingest     dial-no-address      ${killed}asked for an address that the site file does not have
edges   ingest     foreign-ports        ${killed}asked for ports of a camera that is not its own
edges   ingest     early                ${killed}spoke before it was sealed
edges   ingest     flood-usual          ${killed}says too much
edges   ingest     head-beyond          ${killed}store says: 
edges   ingest     head-back            ${killed}store says: 
edges   ingest     head-odd             ${killed}store says: 
edges   ingest     long-record          ${killed}store says: 
edges   ingest     ring-garbage         ${killed}store says: 
edges   ingest     foreign-footage      ${killed}store says: a record of a rendition that is not its own
edges   ingest     race                 ${killed}store says: 
edges   ingest     segment-flood        ${killed}store says: segments that come too fast
edges   ingest     part-left-out        ${killed}store says: a part out of order
edges   ingest     part-twice           ${killed}store says: a part out of order
edges   ingest     part-of-before       ${killed}store says: a segment that goes back
edges   ingest     part-behind-last     ${killed}store says: a part out of order
edges   ingest     part-of-hours        ${killed}store says: a segment that lasts too long
edges   ingest     part-all-head        ${killed}store says: a malformed record
edges   ingest     part-flood           ${killed}store says: a segment of too many parts
edges   ingest     gap-flood            $left
edges   ingest     fill-bell            $left
edges   ingest     bell-flood           $left
edges   ingest     dial-flood           $left
edges   ingest     flood-log            exit 0\$

edges   transcode  loop                 ${killed}does not get on with what the camera sent
edges   transcode  silence              ${killed}does not get on with what the camera sent
edges   transcode  memory               attack-made .*refused: ENOMEM.* exit 0$
edges   transcode  crash                signal 11 \(SEGV\)
edges   transcode  open                 $sys
edges   transcode  dial                 $sys
edges   transcode  exec                 $sys
edges   transcode  block-neighbour      $sys
edges   transcode  read-others          $sys
edges   transcode  garbage              $malformed
edges   transcode  huge                 ${killed}a message that is too large
edges   transcode  parents-words        $words
edges   transcode  foreign-camera       ${killed}spoke of a camera that is not its own
edges   transcode  early                ${killed}spoke before it was sealed
edges   transcode  flood                ${killed}says too much
edges   transcode  head-beyond          ${killed}store says: 
edges   transcode  head-last            ${killed}store says: 
edges   transcode  ring-garbage         ${killed}store says: 
edges   transcode  foreign-footage      ${killed}store says: a record of a rendition that is not its own
edges   transcode  part-of-hours        ${killed}store says: a segment that lasts too long
edges   transcode  part-all-head        ${killed}store says: a malformed record
edges   transcode  worker-copy          ${killed}store says: a record of a rendition that is not its own
edges   transcode  fill-bell            $left
edges   transcode  bell-flood           $left
edges   transcode  tail-beyond          ${killed}does not get on with what the camera sent
edges   transcode  tail-back            ${killed}does not get on with what the camera sent
edges   transcode  scribble             $left
edges   transcode  flood-log            exit 0\$

edges   serve      loop                 ${killed}does not answer
edges   serve      close-channel        ${killed}closed its channel and lives on
edges   serve      open                 $sys
edges   serve      dial-udp             $sys
edges   serve      dial-own-listener    $sys
edges   serve      send-from-listener   $sys
edges   serve      fork                 $sys
edges   serve      exec-memory          $sys
edges   serve      code                 $sys
edges   serve      deafen-listener      $sys
edges   serve      half                 $malformed
edges   serve      unknown              $malformed
edges   serve      anothers-words       $words
edges   serve      early                ${killed}spoke before it was sealed
edges   serve      flood                ${killed}says too much
edges   serve      accuse-store         ${killed}serve says: a lie
edges   serve      garbage-to-store     ${killed}store says: 
edges   serve      answer-store         ${killed}store says: message have with 0 descriptors, which serve may not say
edges   serve      want-without-end     $left
edges   serve      log-nobody-in        ${killed}a session of a user that is not in the site file
edges   serve      log-many-in          $left
edges   serve      watch-all            ${killed}says that somebody watches what is not made on demand
edges   serve      ask-memory           attack-made .*refused: ENOMEM.* exit 0$
edges   serve      descriptors-all      attack-made .*refused: EMFILE.* exit 0$

edges   sign       another-key          ${killed}speaks of another key than before
edges   sign       sign-nonsense        ${killed}store says: 
edges   sign       greet-nonsense       ${killed}store says: 
edges   sign       garbage-to-store     ${killed}store says: 
edges   sign       open                 $sys
edges   sign       dial-raw             $sys
edges   sign       clone                $sys
edges   sign       anothers-words       $words

store-1 store      open-above           attack-made .*refused: (EACCES|ENOENT|EXDEV|EPERM).* exit 0$
store-1 store      shrink-ring          attack-made .*refused: EPERM.* exit 0$
store-1 store      seal-ring            attack-made .*refused: EPERM.* exit 0$
store-1 store      unsealed             attack-made .* exit 0$
store-1 store      half-a-seal          attack-made .* exit 0$
store-1 store      plant-link           $sys
store-1 store      descriptor           ${killed}message store-state with 1 descriptors, which store may not say
store-1 store      lying-leaves         ${killed}sign says: 
store-1 store      descriptor-to-sign   ${killed}sign says: 

store-2 store      dial-unix            $sys
store-2 store      exec-memory          $sys
store-2 store      descriptors          ${killed}a message that is too large
store-2 store      folder-to-serve      $left
store-2 store      ring-to-serve        $left
store-2 store      tail-beyond          $left
store-2 store      scribble             $left
store-2 store      trace                $sys
store-2 store      close-channel        ${killed}closed its channel and lives on
store-2 sign       loop                 ${killed}does not answer

store-3 store      loop                 ${killed}does not answer
store-3 store      punch-ring           $sys
store-3 store      garbage              $malformed
store-3 store      flood                ${killed}says too much
store-3 store      flood-serve          $left
store-3 store      accuse-everybody     $left
store-3 store      half-a-leaf          ${killed}sign says: 

store-4 store      part-unsealed        $left
store-4 store      part-beyond          $left
store-4 store      part-overlaps        $left
store-4 store      part-out-of-order    $left
END
)
rows() { awk -v s="$1" -v r="${2:-}" '$1 == s && (r == "" || $2 == r) { print $2, $3 }' <<< "$table"; }

of_each=5
cameras=$((of_each * of_each))
victim=c4 victims_index=4 attacked_workers='9 14 19 24'
clip_h264 clip.h264
jq -n --arg v "h264:$work/clip.h264" --argjson n $cameras '[{name: "trap", trap: true, address: "127.0.0.1"}] + [range($n) | {name: "c\(.)", transports: ["tcp"], video: $v}]' \
    > "$work/cameras.json"
start_scripted "$work/cameras.json"
trap_port=$(ss -Hltnp "sport > :0" | awk -v p="pid=$scripted_pid," 'index($0, p) { sub(/.*:/, "", $4); print $4 }' | sort -u |
    grep -vxF "$(printf '%s\n' "${scripted_port[@]}")")

declare -A site_of port_of server_of password_of
begin_site() {
    taken_programs "$work/$1-programs" "$trap_port"
    make_site "$1"
    site_of[$1]=$site port_of[$1]=$port password_of[$1]=$password
    casemate=$work/$1-programs/casemate
}
# use SITE: what lib.sh speaks of is that one
use() {
    site=${site_of[$1]} port=${port_of[$1]} password=${password_of[$1]} server=${server_of[$1]:-}
    casemate=$work/$1-programs/casemate
}
plain_camera() { printf '  %s:\n    source: rtsp://127.0.0.1:%s/cam\n' "$1" "${scripted_port[$1]}" >> "$site/site.yaml"; }

begin_site edges
sed -i "1a processes: {ingest: $of_each, serve: $of_each}" "$site/site.yaml"
for n in $(seq 0 $((cameras - 1))); do
    case " $victims_index $attacked_workers " in
    *" $n "*) site_camera c$n "rtsp://127.0.0.1:${scripted_port[c$n]}/cam" ;;
    *) plain_camera c$n ;;
    esac
done
stores='store-1 store-2 store-3 store-4'
for s in $stores; do
    casemate=$build/casemate
    begin_site $s
    sed -i '1a processes: {serve: 1}' "$site/site.yaml"
    plain_camera c0
done

role() { st ".roles[] | select(.role == \"$1\" and .index == ${2:-0}) | .${3:-pid}"; }
all_run() { [ "$(st '[.roles[] | select(.state != "running")] | length')" = 0 ]; }
spared() {
    case $1 in
    edges) printf '%s ' "$server" "$(role store)" "$(role ingest $victims_index)" "$(role serve $victims_index)" "$(role transcode $victims_index)" ;;
    *) printf '%s ' "$server" "$(role ingest)" ;;
    esac
}
declare -A spared_of newest_of
begin() {
    use "$1"
    run_server
    server_of[$1]=$server
}
# begun SITE CAMERA
begun() {
    use "$1"
    wait_for 30 streaming "$2" || bail "$1: camera $2 does not stream: $(status | jq -c .cameras)"
    wait_for 30 all_run || bail "$1: not all roles run: $(status | jq -c '[.roles[] | [.role, .index, .state]]')"
    wait_for 30 newest_at_least "$2" copy 2 || bail "$1: no segments: $(status | jq -c .cameras)"
    spared_of[$1]=$(spared "$1")
}

# attack SITE: what is queued begins when honest ones are killed
attack() {
    local n=10 r a pids
    use "$1"
    while read -r r a; do
        taken_queue "$work/$1-programs" "$r" $n "$a"
        n=$((n + 1))
    done < <(rows "$1")
    case $1 in
    edges)
        pids=$(st ".roles[] | select((.role == \"ingest\" or .role == \"serve\" or .role == \"transcode\") and .index != $victims_index) | .pid")
        pids+=" $(role sign)"
        ;;
    *)
        pids=$(role store)
        [ "$(rows "$1" sign)" = '' ] || pids+=" $(role sign)"
        ;;
    esac
    # shellcheck disable=SC2086
    kill -KILL $pids
}
queued() { taken_queued "$work/$1-programs"; }
drained() { [ "$(queued "$1")" = '' ]; }

# ends LOG: a line for each life of a role that attacked: who, the attack, what was said of it, how it ended
ends() {
    awk '
    function value(key) { return match($0, key "=(\"[^\"]*\"|[^ ]*)") ? substr($0, RSTART + length(key) + 1, RLENGTH - length(key) - 1) : "" }
    $3 == "casemate" {
        who = value("role") (value("role") ~ /^(ingest|transcode|serve)$/ ? "[" value("index") "]" : "")
        why = $0; sub(/.* why="/, "", why); sub(/"$/, "", why)
        if ($4 == "role-killed") said[who] = said[who] " killed by the parent: " why
        if ($4 == "role-ended") {
            how = value("how"); gsub(/"/, "", how)
            if (name[who] != "") print who, name[who], said[who], how
            name[who] = said[who] = ""
        }
        next
    }
    $4 == "attack" { name[$3] = value("name") }
    $4 == "attack-made" { said[$3] = said[$3] " attack-made " value("came") }
    ' "$1"
}

# judge SITE: each row of the table against what the log says
judge() {
    local r a expected seen wrong=0 n=0
    ends "$site/log" > "$work/$1-ends"
    while read -r _ r a expected; do
        n=$((n + 1))
        seen=$(awk -v r="$r" -v a="$a" '{ who = $1; sub(/\[.*/, "", who) } who == r && $2 == a { $1 = $2 = ""; print; exit }' "$work/$1-ends")
        grep -qE -- "$expected" <<< "$seen" || { wrong=$((wrong + 1)); not_ok "$1: $r: $a: expected '$expected', saw '${seen:-nothing}'"; }
    done < <(awk -v s="$1" '$1 == s' <<< "$table")
    [ $wrong != 0 ] || ok "$1: $n attacks, each ended as it must"
    equal "$1: none gained anything" "$(grep -a GAINED "$site/log" | head -3)" ''
    equal "$1: nothing in the log is forged" "$(grep -a forged "$site/log" | awk '$3 == "casemate" && $4 != "role-killed"' | head -3; grep -ac $'\e' "$site/log")" 0
}

peak_mb() { awk '/^VmHWM/ {print int($2 / 1024)}' "/proc/$1/status"; }
# below WHO MB PID: the most memory that it ever had
below() { check "$1 never took more than $2 MB: $(peak_mb "$3") MB" [ "$(peak_mb "$3")" -le "$2" ]; }

for s in edges $stores; do begin $s; done
begun edges $victim
wait_for 30 newest_at_least $victim 360p 2 || bail "no encoded segments: $(status | jq -c .cameras)"
for s in $stores; do begun $s c0; done
note "$(wc -l <<< "$table") attacks begin after $((SECONDS - began)) s"
for s in edges $stores; do attack $s; done
for s in edges $stores; do
    use $s
    wait_for 120 drained $s || not_ok "$s: attacks that were not made: $(queued $s | tr '\n' ' ')"
    wait_for 60 all_run || not_ok "$s: not all roles are back: $(status | jq -c '[.roles[] | select(.state != "running") | [.role, .index, .state, .last_end]]')"
    newest_of[$s]=$(st '[.cameras[].renditions[] | select(.name == "copy") | .newest] | max')
    note "$s is over after $((SECONDS - began)) s"
done

note "ingest, transcode, serve and sign"
use edges
n=$(newest $victim 360p)
check "the other camera goes on" wait_for 30 newest_at_least $victim 360p $((n + 2))
equal "the parent, store, and one each of ingest, serve and transcode never ended" "$(spared edges)" "${spared_of[edges]}"
for n in 0 9; do wait_for 30 streaming c$n || not_ok "c$n does not stream again"; done
below "the parent" 64 "$server"
below "store" 512 "$(role store)"
below "the other ingest" 256 "$(role ingest $victims_index)"
below "the other serve" 128 "$(role serve $victims_index)"
below "the other worker" 256 "$(role transcode $victims_index)"
equal "each serve listens" "$(ss -Hltn "sport = :$port" | wc -l)" $of_each
check "status counts the restarts of sign" [ "$(role sign 0 restarts)" -ge "$(rows edges sign | wc -l)" ]
later=$(awk '/role-ended role=sign/ { end = $1 } /role-ready role=sign/ && end { print end, $1; end = "" }' "$site/log" | while read -r a b; do
    echo $((($(date -d "$b" +%s%N) - $(date -d "$a" +%s%N)) / 1000000))
done | tr '\n' ' ')
check "sign was back later each time: after $later ms" awk -v l="$later" 'BEGIN { n = split(l, ms); exit !(ms[n] > 2000 && ms[1] < ms[n]) }'
stop_server
judge edges
check "no segment of the other camera is missing: $(whole $victim copy | tail -1)" whole $victim copy
check "nor of its encoded rendition: $(whole $victim 360p | tail -1)" whole $victim 360p
check "nor a moment between them, and the archive verifies" no_gap $victim

note "store"
for s in $stores; do
    use $s
    check "$s: the camera is recorded again" wait_for 30 newest_at_least c0 copy $((newest_of[$s] + 2))
    equal "$s: parent and ingest never ended" "$(spared $s)" "${spared_of[$s]}"
    below "$s: the parent" 64 "$server"
    below "$s: ingest" 256 "$(role ingest)"
    stop_server
    judge $s
    [ $s != store-1 ] || equal "serve took no memory that can change" "$(grep -c 'role-killed role=serve .*why="serve says: .*not sealed' "$site/log")" 2
    [ $s != store-4 ] || equal "serve took no part that is none" "$(sed -n 's/.* role-killed role=serve .*why="serve says: \(.*\)"$/\1/p' "$site/log" | sort | uniq -c | awk '{$1 = $1; printf "%s; ", $0}')" \
        '2 a part out of order; 1 memory of another size than said; 1 memory that is not sealed; '
    check "$s: the archive verifies" verify
done
equal "nobody came to where they would have sent something" "$(seen trap '.what == "trapped"')" 0
finish
