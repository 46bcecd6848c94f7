#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the proof that a device registers with the IMS by the ISIM in the trusted environment, against SIPp and SIPp's own AKA.
# Promises: runs in a laboratory of its own; prints TAP and the count; exit status 0 only if every check passed. Must never reach the host's network.
# usage (root): sip.sh BUILD
# Debian packages: sip-tester
set -e
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n 's/^# usage/usage/p' "$0" >&2; exit 2; }
command -v sipp >/dev/null || { echo "Bail out! sipp is missing: apt-get install sip-tester"; exit 1; }
AGENT_BUILD=$(cd "$1" && pwd)
export AGENT_BUILD
exec "$here/../lab/enter" /usr/bin/python3 -B "$here/sip.py" "$@"
