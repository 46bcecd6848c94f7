#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the namespaces in which agent-modemd reads cards. Promises: nothing of the host is touched.
# usage (root): modemd_card.sh PATH-OF-AGENT-MODEMD [pcsc]
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../../lab/private" /usr/bin/python3 -B "$here/modemd_card.py" "$@"
