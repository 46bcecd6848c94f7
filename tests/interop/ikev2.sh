#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the proof that strongSwan's charon establishes IKEv2 with a key that only the identity in the trusted environment and the operator's BSF know.
# Promises: runs in a laboratory of its own, the responder in the operator's network namespace; prints TAP and the count; exit status 0 only if every
# check passed. Must never touch a charon of the host.    usage (root): ikev2.sh BUILD [PATTERN]...
# Debian packages: charon-systemd strongswan-swanctl
set -e
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n 's/^.*usage/usage/p' "$0" | sed 1q >&2; exit 2; }
for program in /usr/sbin/charon-systemd /usr/sbin/swanctl; do
    [ -x $program ] || { echo "Bail out! $program is missing: apt-get install charon-systemd strongswan-swanctl"; exit 1; }
done
AGENT_BUILD=$(cd "$1" && pwd)
export AGENT_BUILD
exec "$here/../lab/enter" /usr/bin/python3 -B "$here/ikev2.py" "$@"
