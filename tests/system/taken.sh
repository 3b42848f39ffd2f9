# SPDX-License-Identifier: GPL-2.0-or-later
# What t-taken.sh and t-fire.sh share: the product with programs in the place of its roles that attack (tests/taken), and whether a camera
# lost a segment meanwhile. Sourced after lib.sh.
# shellcheck shell=bash
taken=$build/tests/taken/taken
[ -x "$taken" ] || bail "$taken is not built"

# taken_programs FOLDER PORT: casemate, and taken in the place of each role with the honest one beside it. PORT is where nobody may come.
taken_programs() {
    local folder=$1/libexec/casemate role
    mkdir -p "$folder"
    cp "$build/casemate" "$1/"
    for role in ingest transcode store sign serve; do
        mkdir -p "$folder/attacks/$role"
        cp "$taken" "$folder/$role"
        ln -s "$build/libexec/casemate/$role" "$folder/honest-$role"
    done
    printf '%s\n' "$2" > "$folder/attacks/elsewhere"
    ln -s "$build/libexec/casemate/verify" "$folder/verify"
}
# taken_queue FOLDER ROLE NUMBER ATTACK: the next process of that role makes it, unless one of a lower number waits
taken_queue() { : > "$1/libexec/casemate/attacks/$2/$3-$4"; }
# What waits still.
taken_queued() { (cd "$1/libexec/casemate/attacks" && find . -type f ! -name elsewhere); }

# segments CAMERA RENDITION: number, start and duration of each, from the log of the site that is stopped
segments() {
    find "$site/archive/log/tile/entries" -type f -exec cat {} + | awk -v c="$1" -v r="$2" '
        /segment\/v1$/ { camera = rendition = ""; next }
        /^camera / { camera = $2 } /^rendition / { rendition = $2 } /^number / { number = $2 } /^start / { start = $2 }
        /^duration / && camera == c && rendition == r { print number, start, $2 }' | sort -nu
}
# whole CAMERA RENDITION: says how many there are; fails where one is missing
whole() {
    segments "$1" "$2" | awk 'NR > 1 && $1 != last + 1 { print "none between", last, "and", $1; bad = 1 } { last = $1 } END { print NR, "segments"; exit bad || NR < 5 }'
}
# no_gap CAMERA: the archive verifies, and names no moment without footage but start and stop
no_gap() {
    timeout 60 "$casemate" verify "$site/archive" --key "$site/site.key.pub" --json > "$work/report" || { tail -c 300 "$work/report"; return 1; }
    local gaps
    gaps=$(jq -c --arg c "$1" '.gaps[] | select(.camera == $c and .why != "starting" and .why != "stopped")' "$work/report")
    printf '%s' "$gaps"
    [ -z "$gaps" ]
}
