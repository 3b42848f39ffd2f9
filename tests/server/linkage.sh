#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the linker shows of each program: no role holds what it may never do, and all are hardened.
set -euo pipefail
cd "$abs_top_builddir"
command -v readelf > /dev/null || { echo "readelf (binutils) is missing"; exit 77; }
bad=0
fail() { echo "$*"; bad=1; }

# role: functions it may import of those that reach out, libraries it may need beyond the C library
declare -A may=(
    [ingest]='recv recvfrom recvmmsg recvmsg send sendto sendmsg'
    [transcode]='recvmsg sendmsg'
    [store]='openat recvmsg sendmsg'
    [sign]='recvmsg sendmsg'
    [serve]='accept accept4 recv recvmsg send sendmsg'
)
declare -A needs=(
    [ingest]='libevent_core libseccomp libssl libcrypto'
    [transcode]='libevent_core libseccomp libavcodec libavutil libswscale libx264'
    [store]='libevent_core libseccomp libcrypto'
    [sign]='libevent_core libseccomp libcrypto'
    [serve]='libevent_core libseccomp libssl libcrypto libargon2 libnghttp2'
)
reaching='socket|socketpair|connect|bind|listen|accept|accept4|getaddrinfo|gethostbyname.*|open|openat|fopen|creat|exec.*|fexecve|fork|vfork|clone|posix_spawn.*|system|popen|dlopen|ptrace|recv|recvfrom|recvmmsg|recvmsg|send|sendto|sendmsg|sendmmsg'
for role in "${!may[@]}"; do
    program=libexec/casemate/$role
    if ! grep -q __asan_init <<< "$(readelf -Ws --dyn-syms "$program")"; then
        while read -r name; do
            case " ${may[$role]} " in *" ${name%64} "*) ;; *) fail "$role imports $name" ;; esac
        done < <(readelf -Ws --dyn-syms "$program" | awk '$7 == "UND" {sub(/@.*/, "", $8); print $8}' | grep -xE "($reaching)(64)?" || true)
    fi
    while read -r library; do
        case " libc libm libpthread ld-linux-x86-64 libasan libubsan ${needs[$role]} " in *" $library "*) ;; *) fail "$role needs $library" ;; esac
    done < <(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(lib[a-z0-9_]*\).*/\1/p')
done

for program in casemate libexec/casemate/*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    headers=$(readelf -Wlhd "$program")
    grep -q 'Type:.*DYN' <<< "$headers" || fail "$program is not position-independent"
    grep -q 'GNU_RELRO' <<< "$headers" || fail "$program has no RELRO"
    grep -q 'BIND_NOW\|FLAGS.*NOW' <<< "$headers" || fail "$program binds lazily"
    grep -q 'GNU_STACK.*RW ' <<< "$headers" || fail "$program has an executable stack"
    # Debian's start files lack the mark, so the linker drops it from the whole; the code is what counts.
    [ "$(uname -m)" != x86_64 ] || grep -q endbr64 <<< "$(objdump -d --disassemble=main "$program")" || fail "$program has no control-flow protection"
    symbols=$(readelf -Ws --dyn-syms "$program")
    # A definition of one's own turns base/secret's MADV_DONTDUMP into nothing; who has x264 behind a seal needs it (codec/x264_madvise.c).
    own=$(awk '$8 == "madvise" && $7 != "UND"' <<< "$symbols")
    case $program in
    */transcode) [ -n "$own" ] || fail "$program leaves madvise to x264, which would be death behind its seal" ;;
    *) [ -z "$own" ] || fail "$program defines madvise: its secrets would be in core files" ;;
    esac
    grep -q '__stack_chk_fail' <<< "$symbols" || fail "$program has no stack protector"
    grep -q '_chk@\|__asan_init' <<< "$symbols" || fail "$program is not fortified"
done
[ $bad = 0 ] && echo "linkage: ${#may[@]} roles, all programs hardened"
exit $bad
