#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the laboratory around modem_sim.py. usage (root): modem_sim.sh MODEM-PROBE AGENT-MODEMD PLUGIN.so
# Promises: everything lives in namespaces of its own and ends with them.
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../../lab/enter" /usr/bin/python3 -B "$here/modem_sim.py" "$@"
