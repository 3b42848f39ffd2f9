# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of kills share, beside system/lib.sh: the built programs in a folder of their own, each role started with the shim in it (as
# faulty_site.py does it for the calls that fail).
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
