#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# LwM2M traffic of the client, read by tshark (tshark.py). Usage: tests/interop/tshark.sh [BUILD_DIRECTORY]. Prints TAP; exit code 0 only if every check passed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build}" && pwd)
exec /usr/bin/python3 -B "$here/tshark.py" "$build/tests/unit/lwm2m/lwm2m_client_tool"
