#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The list of what the programs are made of is whole: it names each program as it is, and each library that one needs.
set -euo pipefail
cd "$abs_top_builddir"
for c in jq readelf; do command -v $c > /dev/null || { echo "$c is missing"; exit 77; }; done
bad=0
fail() { echo "$*"; bad=1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sbom=$work/sbom
timeout -k 2 10 ./casemate version --sbom > "$sbom" || fail "casemate version --sbom exits $?"
is() { jq -e "$1" "$sbom" > "$work/said" || fail "not so: $1"; }
is '.bomFormat == "CycloneDX" and .specVersion == "1.5" and .version == 1'
is '.metadata.component | .name == "casemate" and .version != "" and .licenses[0].license.id == "GPL-2.0-or-later"'
is '[.components[], .metadata.component.components[]] | all(.name != "" and (.hashes | length) == 1 and (.hashes[0].alg == "SHA-256") and (.hashes[0].content | test("^[0-9a-f]{64}$")))'
is '[.metadata.component["bom-ref"], .components[]["bom-ref"], .metadata.component.components[]["bom-ref"]] | length == (unique | length)'
is '([.metadata.component["bom-ref"], .components[]["bom-ref"], .metadata.component.components[]["bom-ref"]] | sort) == ([.dependencies[].ref] + ["npm:hls.js"] | sort)'
is '([.dependencies[] | .ref, .dependsOn[]] | unique) - [.metadata.component["bom-ref"], .components[]["bom-ref"], .metadata.component.components[]["bom-ref"]] == []'
is '.components[] | select(.name == "hls.js") | .version != "" and (.purl | startswith("pkg:npm/hls.js@")) and .licenses[0].license.id == "Apache-2.0"'
is '[.metadata.component.properties[] | select(.name == "casemate:sources-sha256") | .value | test("^[0-9a-f]{64}$")] == [true]'
[ ! -e /var/lib/dpkg/status ] || is '[.components[] | select(.purl | not)] == []'
grep -qF "$abs_top_builddir" "$sbom" && fail "it names the folder that it was built in"

programs=0 needed=0
for program in casemate libexec/casemate/*; do
    [ -x "$program" ] || continue
    programs=$((programs + 1)) name=$(basename "$program")
    is ".metadata.component.components[] | select(.name == \"$name\") | .hashes[0].content == \"$(sha256sum < "$program" | cut -d' ' -f1)\""
    for library in $(readelf -dW "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'); do
        needed=$((needed + 1))
        is "[.components[].name] | index(\"$library\") != null"
        is ".dependencies[] | select(.ref == \"program:$name\") | .dependsOn | index(\"library:$library\") != null"
    done
done
is ".metadata.component.components | length == $programs"
[ $programs -ge 8 ] && [ $needed -ge 20 ] || fail "$programs programs with $needed libraries: this test has lost its way"
[ $bad = 0 ] && echo "sbom: $programs programs, $(jq '.components | length' "$sbom") parts"
exit $bad
