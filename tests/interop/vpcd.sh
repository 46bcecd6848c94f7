#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the proof that the card of agent-usimd works in a reader for programs that we did not write: vpcd, pcscd, pcsc_scan, opensc-tool, eapol_test.
# Promises: runs in namespaces of its own; prints TAP and the count; exit status 0 only if every check passed.
# Must never touch the host's pcscd.    usage (root): vpcd.sh BUILD [PATTERN]...
# Debian packages: vsmartcard-vpcd pcscd pcsc-tools opensc hostapd eapoltest libosmocore-utils
set -e
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '5s/^.*usage/usage/p' "$0" >&2; exit 2; }
for program in pcscd pcsc_scan opensc-tool hostapd eapol_test; do
    command -v "$program" >/dev/null || { echo "Bail out! $program is missing: see the packages above"; exit 1; }
done
exec "$here/../lab/private" /usr/bin/python3 -B "$here/vpcd.py" "$@"
