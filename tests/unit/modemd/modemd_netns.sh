#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the namespaces in which agent-modemd shows what it does with links and whom it serves.
# Promises: nothing of the host is touched. usage (root): modemd_netns.sh PATH-OF-AGENT-MODEMD
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../../lab/private" /usr/bin/python3 -B "$here/modemd_netns.py" "$1"
