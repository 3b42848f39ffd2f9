# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of faults share, beside system/lib.sh: the built programs in a folder of their own, each role started with the shim in it.
# shellcheck shell=bash
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../system/lib.sh"

aim_program=$build/tests/faults/aim
shim=$build/tests/faults/shim.so
faulty_roles=(ingest transcode store sign serve casemate)
pages=$work/faulty/libexec/casemate/faults

# faulty_programs: casemate becomes the copy of which every role, and the parent by `run_faulty`, can be aimed at.
faulty_programs() {
    local libexec=$work/faulty/libexec/casemate role
    [ -x "$shim" ] || bail "$shim is not built"
    mkdir -p "$libexec/real" "$pages"
    cp "$build/casemate" "$work/faulty/"
    cp "$build"/libexec/casemate/* "$libexec/"
    cp "$shim" "$pages/shim.so"
    for role in "${faulty_roles[@]}"; do
        aim "$role" new
        [ "$role" != casemate ] || continue
        mv "$libexec/$role" "$libexec/real/"
        cp "$build/tests/faults/launch" "$libexec/$role"
    done
    casemate=$work/faulty/casemate
}

# aim ROLE ORDER…: see aim.c
aim() { "$aim_program" "$pages/$1" "${@:2}"; }
aim_counts() { aim "$1" counts | awk -v kinds=",$2," 'index(kinds, "," $1 ",") {n += $2} END {print n + 0}'; }
nobody_aimed_at() { local role; for role in "${faulty_roles[@]}"; do aim "$role" off; done; }

run_faulty() { run_server env LD_PRELOAD="$pages/shim.so" FAULTS="$pages/casemate"; }

pids_of() { st ".roles[] | select(.role == \"$1\") | .pid"; }
# Every role is up, and every camera plays.
steady() { st_is '([.roles[] | select(.state != "running")] + [.cameras[] | select(.state != "streaming")]) | length' 0; }

# --- SIGKILL at a point ---------------------------------------------------------------------

# What each role does that a death could leave half done, for a kill at a call; and how many such calls it may come to it.
kill_kinds() {
    case $1 in
    store) echo write,sync,name,open,make,map,send ;;
    sign) echo write,sync,receive ;;
    ingest) echo write,receive,send,wait ;;
    transcode) echo read,write,alloc ;;
    serve) echo read,write,accept,receive,wait,map ;;
    casemate) echo write,receive,send,wait,make,socket ;;
    esac
}

# A number up to $1 of which small ones are as likely as large ones.
random_up_to() { echo $((1 + (RANDOM * 32768 + RANDOM) % (1 << (RANDOM % (${#1} * 3 + 1))) % $1)); }

role_runs() { [ "$(st "[.roles[] | select(.role == \"$1\" and .state != \"running\")] | length")" = 0 ]; }
verified() { verify > "$work/verify.out" 2>&1; }

declare -A killed_of
kills=0 kills_at_call=0 kills_missed=0 verifies=0
# kill_one ROLE: SIGKILL to all of its processes, in turn at a random time and in the middle of a random call (or after 3 s without it). When the role is back the archive
# verifies while the site goes on (after the parent's death nobody else would bring the log's tail together). False: it did not.
kill_one() {
    local role=$1 pids where=''
    if [ "$role" = casemate ]; then pids=$server; else pids=$(pids_of "$role" | grep -v '^0$'); fi
    if [ $(((kills + kills_missed) % 2)) = 0 ]; then
        sleep "$(printf '0.%03d' $((RANDOM % 1000)))"
    else
        aim "$role" at "$(random_up_to 200)" "$(kill_kinds "$role")" freeze
        where=$(aim "$role" wait 3000)
    fi
    # shellcheck disable=SC2086
    if [ -n "$pids" ] && kill -KILL $pids 2> /dev/null; then
        kills=$((kills + 1))
        killed_of[$role]=$((${killed_of[$role]:-0} + 1))
        [ -z "$where" ] || kills_at_call=$((kills_at_call + 1))
    else
        kills_missed=$((kills_missed + 1))
    fi
    if [ "$role" = casemate ]; then
        wait "$server" 2> /dev/null
        # its roles die with it, each when the kernel comes to it
        # shellcheck disable=SC2086
        wait_for 10 all_gone $last_pids || note "roles outlived their parent: $last_pids"
    fi
    aim "$role" off
    last_kill="$role ${where:+at $where}"
    [ "$role" != casemate ] || run_faulty
    wait_for 40 role_runs "$role" || { not_ok "$role is not back 40 s after its death"; return 1; }
    last_pids=$(role_pids | tr '\n' ' ')
    verifies=$((verifies + 1))
    verified
}

killed_table() { local r; for r in "${!killed_of[@]}"; do printf '%s %s\n' "$r" "${killed_of[$r]}"; done | sort | paste -sd, | sed 's/,/, /g'; }

# kill_many N SECONDS ROLE…: N of these roles, in an order of chance but each as often, of a server that streams, for so long (six of them in any case); then
# it goes on until all is well, and is stopped.
kill_many() {
    local n=$1 until=$((SECONDS + $2)) i round=()
    shift 2
    last_pids=$(role_pids | tr '\n' ' ')
    for ((i = 0; i < n && (i < 6 || SECONDS < until); i++)); do
        [ ${#round[@]} != 0 ] || round=("$@")
        local k=$((RANDOM % ${#round[@]}))
        local role=${round[k]}
        round=("${round[@]:0:k}" "${round[@]:k+1}")
        kill_one "$role" || { not_ok "kill $kills ($last_kill): $(tail -3 "$work/verify.out" | tr '\n' '|')"; return 1; }
    done
    wait_for 60 steady || { not_ok "not well 60 s after the last kill ($last_kill): $(status | jq -c '.roles[] | [.role, .state, .last_end]' | tr '\n' ' ')"; return 1; }
    stop_server
    verified || { not_ok "after $kills kills, stopped: $(tail -3 "$work/verify.out" | tr '\n' '|')"; return 1; }
    ok "verified after each of $i kills, and when it was stopped"
    equal "no role ended by itself" "$(grep role-ended "$site/log" | grep -v 'signal 9 ' | head -3)" ''
}

# For jq: `machine`, with the commit, as results in bench/ have them.
machine_jq() {
    jq -rn --arg commit "$(git -C "$top" rev-parse --short HEAD 2> /dev/null)" --arg cpu "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" \
        --arg cores "$(nproc)" --arg kernel "$(uname -r)" --arg date "$(date -u +%Y-%m-%d)" \
        '"def machine: {commit: \($commit | tojson), date: \($date | tojson), cpu: \($cpu | tojson), cores: \($cores), kernel: \($kernel | tojson)};"'
}

# --- one call that fails --------------------------------------------------------------------

# What a kernel may answer to such a call.
actions_of() {
    case $1 in
    alloc | map) echo ENOMEM ;;
    open) echo EMFILE ENOSPC EIO EINTR ;;
    read) echo EIO EINTR short ;;
    write) echo ENOSPC EIO EINTR short ;;
    log) echo EAGAIN EINTR ;;
    sync) echo EIO ENOSPC EINTR ;;
    name) echo EIO ENOSPC ;;
    stat) echo EIO ENOMEM ;;
    make) echo EMFILE ENOMEM ENOSPC ;;
    socket) echo EMFILE ENOMEM ENOBUFS ;;
    accept) echo EMFILE ENOMEM ECONNABORTED EINTR ;;
    send) echo EINTR ENOBUFS EAGAIN ENOMEM ;;
    receive) echo EINTR ENOMEM short ;;
    wait) echo EINTR ;;
    control) echo ENOMEM EBUSY ;;
    thread) echo EAGAIN ;;
    esac
}
fault_kinds=(alloc open read write log sync name stat map make socket accept send receive wait control thread)

descriptors() { find "/proc/$1/fd" -mindepth 1 2> /dev/null | wc -l; }
copies() { st '[.cameras[].renditions[] | select(.name == "copy") | .newest] | min'; }
# What was said since the shot, but for what a restart always says.
said_since() { tail -n +$((shot_line + 1)) "$site/log" | grep -vE ' info casemate (role-ready|listen|key) | camera-playing '; }
# How a role of this name ended since the shot, "" for not at all; of those that the parent ended, its reason.
ended_since() { said_since | grep " role-ended role=$1 " | sed 's/.*how="\([^"]*\)".*/\1/' | head -1; }

# shoot ROLE WHEN N KIND ACTION [PLACE]: the N-th call of this kind (from that place) fails, from now on ("run") or from the role's next start ("start"; it is killed for that).
# Sets `outcome` to unmet, borne (the role goes on) or ended (it was restarted); fails, and says why, if anything is not as it should be.
shoot() {
    local role=$1 when=$2 n=$3 kind=$4 action=$5 place=${6:-} pid fds before where how
    shot="$role $when $n. $kind: $action"
    shot_line=$(wc -l < "$site/log")
    if [ "$role" = casemate ]; then pid=$server; else pid=$(pids_of "$role" | grep -v '^0$' | head -1); fi
    before=$(copies)
    [ -n "$before" ] || { not_ok "$shot: the server does not say how it is: $(tail -n 4 "$site/log" | tr '\n' '|')"; return 1; }
    fds=$(descriptors "$pid")
    if [ "$when" = start ] && [ "$role" = casemate ]; then
        stop_server
        aim "$role" at "$n" "$kind" "$action" ${place:+"$place"}
        run_faulty
    else
        aim "$role" at "$n" "$kind" "$action" ${place:+"$place"}
        # shellcheck disable=SC2046
        [ "$when" != start ] || kill -KILL $(pids_of "$role" | grep -v '^0$') 2> /dev/null
    fi
    where=$(aim "$role" wait 4000)
    aim "$role" off
    outcome=borne
    [ -n "$where" ] || outcome=unmet
    shot+=" at ${where:-nowhere}"
    if [ "$role" = casemate ] && { sleep 0.2; ! alive "$server"; }; then
        wait "$server"
        how=$?
        outcome=ended
        [ $how -lt 128 ] || { not_ok "$shot: the parent ended by signal $((how - 128))"; return 1; }
        [ -n "$(said_since)" ] || { not_ok "$shot: the parent ended with $how, and without a word"; return 1; }
        run_faulty
    fi
    wait_for 60 steady || { not_ok "$shot: not well after 60 s: $(status | jq -c '[(.roles[] | [.role, .state, .last_end]), (.cameras[] | [.state, .detail])]' | tr '\n' ' ') $(said_since | tail -4 | tr '\n' '|')"; return 1; }
    wait_for 40 gone_on "$before" || { not_ok "$shot: no new segment after 40 s: $(said_since | tail -4 | tr '\n' '|')"; return 1; }
    wait_for 40 signed_on "$(st .log.checkpoint)" || { not_ok "$shot: the log does not go on: $(said_since | tail -4 | tr '\n' '|')"; return 1; }
    wait_for 20 all_answer || { not_ok "$shot: not every answer comes: $(said_since | tail -4 | tr '\n' '|')"; return 1; }
    if [ "$role" != casemate ]; then
        if [ "$when" = start ]; then
            how=$(said_since | grep " role-ended role=$role " | grep -v 'signal 9 ' | sed 's/.*how="\([^"]*\)".*/\1/' | head -1)
        else
            how=$(ended_since "$role")
        fi
        [ -z "$how" ] || outcome=ended
        case $how in
        '' | 'exit '[0-9]*) ;;
        'signal 9 '*) [ -n "$(said_since | grep " role-killed role=$role .*why=\"")" ] || { not_ok "$shot: killed, and nobody says why"; return 1; } ;;
        *) not_ok "$shot: it ended by $how"; return 1 ;;
        esac
        [[ $how != exit* ]] || [ -n "$(said_since | grep -E " (error|warn) $role")" ] || { not_ok "$shot: it ended with $how, and without a word"; return 1; }
    fi
    if [ $outcome = borne ] && [ "$when" = run ] && [ "$role" != store ] && [ "$role" != serve ]; then
        wait_for 20 has_descriptors "$pid" "$fds" || { not_ok "$shot: $(descriptors "$pid") descriptors, $fds before"; return 1; }
    fi
}
# grown NOW BEFORE: as numbers, or "null" of who has just begun
grown() { [ "$1" != null ] && { [ "$2" = null ] || [ "$1" -gt "$2" ]; }; }
gone_on() { grown "$(copies)" "$1"; }
signed_on() { grown "$(st .log.checkpoint)" "$1"; }
# The newest segment, over and over: connections are dealt out to the processes of serve.
all_answer() {
    local n i
    n=$(newest gate copy)
    for i in 1 2 3 4 5 6; do get "/live/gate/copy/$n.m4s" -o /dev/null || return 1; done
}
has_descriptors() { [ "$(descriptors "$1")" -le "$2" ]; }

start_faulty_cameras() { start_camera --count 2 --size 640x360; }
lives=0
# A server of its own, with a viewer who gives serve something to do.
begin_life() {
    lives=$((lives + 1)) life_shots=0
    make_site "site-$lives"
    site_camera gate "$camera_source"
    site_camera yard "${camera_source%/*}/2"
    nobody_aimed_at
    run_faulty
    wait_for 60 steady || bail "not well: $(status | jq -c '[.roles, .cameras]') $(tail -5 "$site/log")"
    wait_for 30 gone_on 0 || bail "no segments: $(status | jq -c .cameras) $(tail -5 "$site/log")"
    while sleep 0.3; do
        get /live/gate/360p/index.m3u8
        get "/live/gate/copy/$(newest gate copy).m4s"
    done > /dev/null 2>&1 &
    life_viewer=$!
    started_pids+=("$life_viewer")
}

end_life() {
    kill "$life_viewer" 2> /dev/null
    wait "$life_viewer" 2> /dev/null
    stop_server
    verified || { not_ok "life $lives, of $life_shots shots: $(tail -4 "$work/verify.out" | tr '\n' '|')"; return 1; }
    rm -rf --one-file-system "$site"
}

# Lines "ROLE WHEN N KIND ACTION", each role and kind as often; for ever, or with $all of every N once.
choose_shots() {
    local role kind action when n top
    while :; do
        for kind in ${kinds:-${fault_kinds[@]}}; do
            for role in ${roles//,/ }; do
                for when in start run; do
                    # a start makes calls that a server at work never makes again
                    top=$(awk -v k="$kind" -v r="$role" '$1 == r && $2 == k {print $3}' "$work/calls-$when")
                    [ "${top:-0}" -gt 0 ] || continue
                    local actions
                    read -ra actions <<< "$(actions_of "$kind")"
                    if [ -z "$all" ]; then
                        echo "$role $when $(random_up_to "$top") $kind ${actions[RANDOM % ${#actions[@]}]}"
                        continue
                    fi
                    for action in "${actions[@]}"; do
                        for n in $(seq "$top"); do echo "$role $when $n $kind $action"; done
                    done
                done
            done
        done
        [ -z "$all" ] || break
    done
}

# How many calls of each kind each role makes at a start and in some seconds after, in $work/calls-start and calls-run.
count_calls() {
    local role
    begin_life
    for role in "${faulty_roles[@]}"; do aim "$role" counts | sed "s/^/$role /"; done > "$work/calls-start"
    wait_for 30 gone_on $(($(copies) + 2))
    for role in "${faulty_roles[@]}"; do aim "$role" counts | sed "s/^/$role /"; done | paste -d' ' "$work/calls-start" - | awk '{print $1, $2, $6 - $3}' > "$work/calls-run"
}

# note_places: where calls come from at a start, and in some seconds after, as "ROLE WHEN KIND PLACE" in $work/places.
note_places() {
    local role
    nobody_aimed_at
    for role in "${faulty_roles[@]}"; do aim "$role" note; done
    begin_life
    for role in "${faulty_roles[@]}"; do aim "$role" places | sed "s/^/$role start /"; aim "$role" note; done > "$work/noted"
    wait_for 30 gone_on $(($(copies) + 3))
    get /live/gate/snapshot.jpg -o "$work/snapshot"
    wait_for 30 gone_on $(($(copies) + 2))
    for role in "${faulty_roles[@]}"; do aim "$role" places | sed "s/^/$role run /"; done >> "$work/noted"
    sort -u "$work/noted" > "$work/places"
}

# choose_places: each place once with each answer.
choose_places() {
    local role when kind place action
    while read -r role when kind place; do
        [[ ",$roles," == *",$role,"* ]] && [[ " ${kinds:-${fault_kinds[*]}} " == *" $kind "* ]] || continue
        for action in $(actions_of "$kind"); do echo "$role $when 1 $kind $action $place"; done
    done < "$work/places"
}

declare -A shot_count
shots=0 unmet=0
shots_table() {
    local key
    for key in "${!shot_count[@]}"; do echo "${key% *}"; done | sort -u | while read -r key; do
        echo "$key ${shot_count[$key borne]:-0} ${shot_count[$key ended]:-0}"
    done
}

# shoot_all N SECONDS LEAST: N shots of $chosen, that were met, for so long; LEAST of them in any case. A fresh site each dozen, and after one that failed.
shoot_all() {
    local role when n kind action place until=$((SECONDS + $2)) line want=$1
    for line in "${chosen[@]}"; do
        [ $shots -lt "$want" ] && { [ $SECONDS -lt $until ] || [ $shots -lt "$3" ]; } || break
        read -r role when n kind action place <<< "$line"
        [ $life_shots -lt 12 ] || { end_life; begin_life; }
        life_shots=$((life_shots + 1))
        if ! shoot "$role" "$when" "$n" "$kind" "$action" $place; then
            end_life
            begin_life
            continue
        fi
        [ $outcome = unmet ] && { unmet=$((unmet + 1)); continue; }
        shots=$((shots + 1))
        shot_count["$role $kind $outcome"]=$((${shot_count["$role $kind $outcome"]:-0} + 1))
        [ -z "${VERBOSE:-}" ] || note "$shot: $outcome; $(said_since | grep -v role-ended | head -1 | cut -c26-160)"
    done
    end_life && ok "the archive of each of $lives servers verifies"
    shots_table | sort | awk '{b[$1] += $3; e[$1] += $4} END {for (r in b) printf "# %-10s %4d borne, %4d ended with words and restarted\n", r, b[r], e[r]}'
    note "$shots calls failed, $unmet more were not made in time"
}
