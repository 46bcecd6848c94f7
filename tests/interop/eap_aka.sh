#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the proof that agent-usimd is the SIM of a supplicant that we did not write (eapol_test, which is wpa_supplicant's) against hostapd's RADIUS server.
# Promises: runs in namespaces of its own; prints TAP and the count; exit status 0 only if every check passed.
# Must never talk to a hostapd or wpa_supplicant of the host.    usage (root): eap_aka.sh BUILD [PATTERN]...
# Debian packages: hostapd eapoltest wpasupplicant
set -e
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '5s/^.*usage/usage/p' "$0" >&2; exit 2; }
for program in hostapd eapol_test wpa_supplicant; do
    command -v "$program" >/dev/null || { echo "Bail out! $program is missing: apt-get install hostapd eapoltest wpasupplicant"; exit 1; }
done
exec "$here/../lab/private" /usr/bin/python3 -B "$here/eap_aka.py" "$@"
