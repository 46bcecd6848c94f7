#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The LwM2M client against Eclipse Leshan, which others wrote: the demo server through its REST interface (leshan/check.py), and beside it servers made of the
# newer Leshan libraries (leshan/library.py: bootstrap, certificates, composites, Send, queue mode). Each in a private network namespace of its own.
# Usage: tests/interop/leshan.sh [BUILD_DIRECTORY]. Needs java (a JDK), maven, python3 and, the first time, the network for Maven; the archives are kept in
# ~/.cache/gateway-agent. Prints TAP of all and the count; exit code 0 only if every check passed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build}" && pwd)
tool=$build/tests/unit/lwm2m/lwm2m_client_tool
cache=${XDG_CACHE_HOME:-$HOME/.cache}/gateway-agent
demo=$cache/leshan-2.0.0-M4 library=$cache/leshan-library-2.0.0-M15

bring() { # POM FOLDER
    [ -e "$2/complete" ] && return
    mkdir -p "$2"
    mvn -q -B -f "$here/leshan/$1" dependency:copy-dependencies -DoutputDirectory="$2" >"$2/maven.log" 2>&1 || {
        cat "$2/maven.log"
        echo "Bail out! Maven could not bring Leshan"
        exit 1
    }
    touch "$2/complete"
}

if [ ! -x "$tool" ]; then
    echo "Bail out! $tool is not built"
    exit 1
fi
bring pom.xml "$demo"
bring library.xml "$library"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/demo" "$work/library" "$work/restart"
"$here/../lab/private" /usr/bin/python3 -B "$here/leshan/check.py" "$demo" "$tool" "$work/demo" >"$work/demo.tap" &
demo_pid=$!
"$here/../lab/private" /usr/bin/python3 -B "$here/leshan/library.py" "$tool" "$library" "$work/restart" restart >"$work/restart.tap" & # it waits, most of the time
"$here/../lab/private" /usr/bin/python3 -B "$here/leshan/library.py" "$tool" "$library" "$work/library" >"$work/library.tap" && status=0 || status=1
wait $! || status=1
wait "$demo_pid" || status=1
cat "$work/library.tap" "$work/demo.tap" "$work/restart.tap"
passed=$(cat "$work"/*.tap | grep -c '^ok ' || true) failed=$(cat "$work"/*.tap | grep -c '^not ok ' || true)
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
echo "$passed passed, $failed failed"
exit "$status"
