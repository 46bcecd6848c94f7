#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The LwM2M client against the Eclipse Leshan demo server, which others wrote: both in one private network namespace, over DTLS-PSK, checked through
# Leshan's REST interface (leshan/check.py). Usage: tests/interop/leshan.sh [BUILD_DIRECTORY]. Needs java, maven, python3 and, the first time, the network for
# Maven; the archives are kept in ~/.cache/gateway-agent. Prints TAP; exit code 0 only if every check passed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build}" && pwd)
tool=$build/tests/unit/lwm2m/lwm2m_client_tool
jars=${XDG_CACHE_HOME:-$HOME/.cache}/gateway-agent/leshan-2.0.0-M4

if [ ! -x "$tool" ]; then
    echo "Bail out! $tool is not built"
    exit 1
fi
if [ ! -e "$jars/complete" ]; then
    mkdir -p "$jars"
    mvn -q -B -f "$here/leshan/pom.xml" dependency:copy-dependencies -DoutputDirectory="$jars" >"$jars/maven.log" 2>&1 || {
        cat "$jars/maven.log"
        echo "Bail out! Maven could not bring Leshan"
        exit 1
    }
    touch "$jars/complete"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/../lab/private" /usr/bin/python3 "$here/leshan/check.py" "$jars" "$tool" "$work"
