#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the limits of what a service may do: exposure by systemd's own measure, units that systemd accepts, users and folders
# that exist, and the lines that the design asks for in words.
# Promises: one line a check, exit status 0 only if all hold. The programs themselves need not be installed.
# Must never install or start anything.    usage: units.sh [DIRECTORY of etc]
here=$(cd "$(dirname "$0")/../.." && pwd)
etc=${1:-$here/etc}
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

verdict() {                                # verdict STATUS TEXT
    if [ "$1" -eq 0 ]; then echo "ok   $2"; else echo "FAIL $2"; failed=$((failed + 1)); fi
}

exposure() {                               # exposure UNIT LIMIT
    value=$(systemd-analyze security --offline=true --no-pager "$etc/systemd/$1" 2>/dev/null |
        sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p')
    awk -v v="$value" -v l="$2" 'BEGIN { exit !(v != "" && v + 0 <= l + 0) }'
    verdict $? "$1: exposure $value, limit $2"
}

accepted() {                               # accepted UNIT: every warning counts; only the absent program is let through
    sed "s,^ExecStart=.*,ExecStart=/bin/true," "$etc/systemd/$1" >"$work/$1"
    SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$work/$1" >"$work/out" 2>&1
    status=$?
    grep -F "$1" "$work/out" >"$work/about"
    [ $status -eq 0 ] && [ ! -s "$work/about" ]
    verdict $? "$1: systemd-analyze verify"
    cat "$work/about"
}

says() {                                   # says UNIT LINE
    grep -qxF "$2" "$etc/systemd/$1"
    verdict $? "$1: $2"
}

silent() {                                 # silent UNIT KEY
    ! grep -q "^$2=" "$etc/systemd/$1"
    verdict $? "$1: no $2="
}

exposure gateway-agent.service 1.5
exposure gateway-tred.service 1.5
exposure gateway-modemd.service 2.2
exposure gateway-usimd.service 1.5
exposure gateway-sysd.service 4.8          # its hooks write the firmware: what they inherit cannot be closer
for unit in gateway-agent gateway-tred gateway-modemd gateway-usimd gateway-sysd; do
    cp "$etc/systemd/$unit.service" "$work/"
done
cp "$etc/systemd/gateway-sysd.socket" "$work/"
for unit in gateway-agent gateway-tred gateway-modemd gateway-usimd gateway-sysd; do
    accepted $unit.service
    says $unit.service NoNewPrivileges=yes
    says $unit.service LimitCORE=0
done
says gateway-agent.service Type=notify
says gateway-agent.service User=gateway-agent
says gateway-agent.service ExecStart=/usr/sbin/agentd
grep -q '^WatchdogSec=' "$etc/systemd/gateway-agent.service"
verdict $? "gateway-agent.service: watchdog"
says gateway-tred.service ExecStart=/usr/libexec/gateway-agent/agent-tred
says gateway-tred.service User=gateway-tred
says gateway-tred.service PrivateNetwork=yes
says gateway-tred.service RestrictAddressFamilies=AF_UNIX
# The drop-in for a TPM: still a closed service, with that one device.
{ cat "$etc/systemd/gateway-tred.service"; grep -v '^#' "$etc/systemd/gateway-tred-tpm2.conf"; } >"$work/tpm.service"
value=$(systemd-analyze security --offline=true --no-pager "$work/tpm.service" 2>/dev/null | sed -n 's/.*Overall exposure level for [^:]*: \([0-9.]*\).*/\1/p')
awk -v v="$value" 'BEGIN { exit !(v != "" && v + 0 <= 1.5) }'
verdict $? "gateway-tred.service with gateway-tred-tpm2.conf: exposure $value, limit 1.5"
says gateway-tred-tpm2.conf ExecStart=/usr/libexec/gateway-agent/agent-tred-tpm2
says gateway-tred-tpm2.conf "DeviceAllow=/dev/tpmrm0 rw"
[ "$(grep -c '^DeviceAllow=' "$etc/systemd/gateway-tred-tpm2.conf")" = 1 ]
verdict $? "gateway-tred-tpm2.conf: one device"
silent gateway-tred.service PrivateUsers   # the peer's user id is what it decides by
says gateway-modemd.service ExecStart=/usr/libexec/gateway-agent/agent-modemd
says gateway-modemd.service CapabilityBoundingSet=CAP_NET_ADMIN
says gateway-modemd.service "RestrictAddressFamilies=AF_UNIX AF_NETLINK"
for unit in gateway-tred gateway-modemd; do    # each closes its own filter and Landlock rules further
    says $unit.service "SystemCallFilter=seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self"
done
for unit in gateway-agent gateway-tred gateway-usimd; do    # which pages of a secret are to be wiped
    says $unit.service SystemCallFilter=mincore
done
says gateway-usimd.service User=gateway-usim
says gateway-sysd.service KillMode=process   # a hook goes on
says gateway-sysd.service PrivateNetwork=yes
silent gateway-sysd.service Restart        # its socket starts it
says gateway-sysd.socket SocketMode=0660
says gateway-usimd.service IPAddressAllow=localhost
silent gateway-modemd.service PrivateNetwork
silent gateway-modemd.service PrivateUsers
silent gateway-modemd.service PrivateDevices

mkdir -p "$work/root/etc"
systemd-sysusers --root="$work/root" "$etc/sysusers.d/gateway-agent.conf" >"$work/out" 2>&1 &&
    grep -q '^gateway-agent:' "$work/root/etc/passwd" && grep -q '^gateway-tred:' "$work/root/etc/passwd" &&
    grep -q '^gateway-wire:.*gateway-agent.*gateway-tred\|^gateway-wire:.*gateway-tred.*gateway-agent' "$work/root/etc/group"
verdict $? "sysusers.d: users and group"
systemd-tmpfiles --root="$work/root" --create "$etc/tmpfiles.d/gateway-agent.conf" >"$work/out" 2>&1 &&
    [ "$(stat -c %a "$work/root/run/gateway-agent")" = 3770 ] && [ "$(stat -c %a "$work/root/var/lib/gateway-tred")" = 700 ]
verdict $? "tmpfiles.d: folders and modes"

[ $failed -eq 0 ]
