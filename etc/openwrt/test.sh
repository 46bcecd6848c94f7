#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The feed's test of an installed package: test.sh PACKAGE VERSION. Must never need a bus.
[ "$1" = gateway-agent ] || exit 0
for program in /usr/sbin/agentd /usr/bin/agentctl /usr/libexec/gateway-agent/agent-tred /usr/libexec/gateway-agent/agent-modemd \
	/usr/libexec/gateway-agent/agent-usimd; do
	"$program" --version | grep -qF " $2" || {
		echo "$program does not say version $2" >&2
		exit 1
	}
done
