#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Built once more, in another folder, at another time, under another name and language: the same programs to the bit as those that are tested.
# And each is hardened as the documents say.
# takes: 25 s
# niced: it builds and compares
source "$(dirname "$0")/lib.sh"
wants make gcc autoreconf tar readelf objdump

# build_in FOLDER [NAME=VALUE…]: a copy of the sources, built there
build_in() {
    local folder=$1
    shift
    mkdir -p "$folder"
    tar -C "$top" --exclude='./build*' --exclude=./.git --exclude=./autom4te.cache --exclude='./tests/*/node_modules' -cf - . | tar -C "$folder" -xf -
    mkdir "$folder/a-build"
    (cd "$folder/a-build" && env "$@" ../configure -q && env "$@" make -s -j"$(nproc)" all) > "$folder.log" 2>&1
}
! grep -q -- --enable-sanitizers "$build/config.log" || { skip "programs with a sanitizer are built for tests alone"; finish; }
check "a build in another place" build_in "$work/another/and-deeper" TZ=Pacific/Auckland LANGUAGE=de HOSTNAME=elsewhere USER=somebody || { tail -5 "$work/another/and-deeper.log"; finish; }

programs=$(cd "$build" && find casemate libexec -type f -perm -u+x | sort)
check "there are programs: $(wc -w <<< "$programs")" [ "$(wc -w <<< "$programs")" -ge 8 ]
for p in $programs; do
    equal "$p: the same to the bit" "$(sha256sum < "$work/another/and-deeper/a-build/$p")" "$(sha256sum < "$build/$p")"
done
equal "the list of what they are made of: the same" "$(sha256sum < "$work/another/and-deeper/a-build/libexec/casemate/sbom.cdx.json")" \
    "$(sha256sum < "$build/libexec/casemate/sbom.cdx.json")"
# as a path of its own: the sources' folder may be one whose name begins another's, /code say
equal "none holds the folder it was built in" "$(cd "$build" && grep -azlE -e "($build|$top)(/|\$)" $programs; cd "$work/another/and-deeper/a-build" && grep -al "$work" $programs)" ''

# hardened PROGRAM: position independent, all relocations read-only before it begins, no executable stack, no run path, indirect branches
# checked, and the checked forms of the C library's functions; and every file of it compiled by the flags that say so
hardened() {
    local p=$1 headers dynamic symbols begin compiled flag
    headers=$(readelf -hlW "$p") dynamic=$(readelf -dW "$p") symbols=$(readelf -sW --dyn-syms "$p") begin=$(objdump -d --disassemble=main "$p")
    grep -q 'Type: *DYN' <<< "$headers" || { echo "not position independent"; return 1; }
    grep -q 'GNU_RELRO' <<< "$headers" && grep -q 'BIND_NOW\|FLAGS.*NOW' <<< "$dynamic" || { echo "relocations stay writable"; return 1; }
    ! grep -E 'GNU_STACK.*E ' <<< "$headers" || { echo "an executable stack"; return 1; }
    ! grep -E 'LOAD.*RWE' <<< "$headers" || { echo "memory to write and to execute"; return 1; }
    ! grep -E 'RPATH|RUNPATH|TEXTREL' <<< "$dynamic" || { echo "a run path, or text relocations"; return 1; }
    # (the note that turns the check on needs a C library that was built with it too)
    [ "$(uname -m)" != x86_64 ] || grep -q endbr64 <<< "$begin" || { echo "indirect branches have no landing marks"; return 1; }
    grep -q '__stack_chk_fail' <<< "$symbols" || { echo "no stack protector"; return 1; }
    compiled=$(readelf -p .debug_str "$p" | grep -o 'GNU C[0-9]* .*') || { echo "nothing tells how it was compiled"; return 1; }
    for flag in -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero; do
        ! grep -vF -e "$flag" <<< "$compiled" || { echo "a file of it was compiled without $flag"; return 1; }
    done
    grep -q '_chk@' <<< "$symbols" || { echo "no checked functions (FORTIFY_SOURCE)"; return 1; }
}
for p in $programs; do check "$p: hardened" hardened "$build/$p"; done
finish
