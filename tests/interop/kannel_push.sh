#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the proof that agentctl decode accepts pushes of a sender that we did not write: Kannel's bearerbox and smsbox, with fakesmsc as the network.
# Promises: runs in a network, mount and process namespace of its own and leaves nothing behind; prints TAP; exit status 0 only if every message was
# accepted with the document that was sent, and refused with another key.
# Must never talk to a bearerbox of the host.    usage (root): kannel_push.sh AGENTCTL [FOLDER of documents]
# Debian packages: kannel kannel-extras
set -e
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '7s/^# //p' "$0" >&2; exit 2; }
agentctl=$(realpath "$1")
vectors=${2:-$here/../vectors/oma}
for program in /usr/sbin/bearerbox /usr/sbin/smsbox /usr/lib/kannel/test/fakesmsc; do
    [ -x $program ] || { echo "Bail out! $program is missing: apt-get install kannel kannel-extras"; exit 1; }
done
exec "$here/../lab/enter" /usr/bin/python3 -B "$here/kannel_push.py" "$agentctl" "$vectors"
