#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: what `meson install` leaves on a machine: every file in its place with its mode, units and activation that name the installed
# programs, documents that nobody forgot, and the three services working from there on a bus that has only the installed policy.
# Promises: one line a check; the sums of what is installed at the end with --sums; last line "N passed, N failed". Nothing of the host changes: files
# go to a folder of its own, which is laid over /usr and /etc in namespaces of their own. Must never install onto the host.
# usage (root): install.sh [--sums] [BUILD]      BUILD: a built tree with prefix /usr (default: one of its own, made in build-install)
here=$(cd "$(dirname "$0")/../.." && pwd)
sums=no
[ "$1" != --sums ] || { sums=yes; shift; }
if [ "$1" = --inside ]; then               # in the laboratory's namespaces: the installed files stand in their places
    dest=$2
    mount -t overlay -o "lowerdir=$dest/usr:/usr" overlay /usr || exit 1
    cp -a "$dest/etc/." /etc/
    rm -f /etc/dbus-1/system.d/org.gatewayagent.Agent1.conf
    dbus-daemon --system --nopidfile --nosyslog --fork || exit 1
    begin() {                              # begin UNIT: as the unit says, without systemd
        unit=/usr/lib/systemd/system/$1.service
        "$here/tests/lab/lab" run-as "$(sed -n 's/^User=//p' "$unit")" -- "$(sed -n 's/^ExecStart=//p' "$unit")" >"$dest.$1.log" 2>&1 &
    }
    property() { busctl get-property org.gatewayagent.Agent1 /org/gatewayagent/Agent1 org.gatewayagent.Agent1.Manager "$1" 2>&1; }
    begin gateway-tred
    begin gateway-modemd
    begin gateway-agent
    at_work() { property TreState | grep -q '"unprovisioned"' && grep -q 'modemd.*connected' "$dest.gateway-agent.log"; }
    tries=0
    while [ $tries -lt 300 ] && ! at_work; do
        sleep 0.1
        tries=$((tries + 1))
    done
    echo "State $(property State)"
    echo "TreState $(property TreState)"
    echo "modemd $(grep -c 'modemd.*connected' "$dest.gateway-agent.log")"
    agentctl status >/dev/null && echo "agentctl 0"
    cat "$dest".*.log >&2
    exit 0
fi
passed=0 failed=0
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
dest=$work/root

verdict() {                                # verdict STATUS TEXT
    if [ "$1" -eq 0 ]; then echo "ok   $2"; passed=$((passed + 1)); else echo "FAIL $2"; failed=$((failed + 1)); fi
}

build=$1
if [ -z "$build" ]; then
    build=$here/build-install
    [ -e "$build/build.ninja" ] || meson setup "$build" "$here" --prefix=/usr --sysconfdir=/etc --localstatedir=/var -Dtests=false -Dwerror=true >"$work/out" 2>&1
    ninja -C "$build" >>"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
fi
version=$(meson introspect "$build" --projectinfo | sed -n 's/.*"version": "\([^"]*\)", "descriptive_name".*/\1/p')
DESTDIR=$dest meson install -C "$build" --no-rebuild --quiet >"$work/out" 2>&1
verdict $? "meson install with DESTDIR"
cat "$work/out"
libdir=$(dirname "$(cd "$dest" && find usr -name 'bearer-*.so' | head -1)")

for program in usr/sbin/agentd usr/bin/agentctl usr/libexec/gateway-agent/agent-tred usr/libexec/gateway-agent/agent-tred-tpm2 usr/libexec/gateway-agent/agent-modemd \
    usr/libexec/gateway-agent/agent-usimd usr/libexec/gateway-agent/agent-sysd; do
    name=$(basename "$program")
    said=$(env -i DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent "$dest/$program" --version 2>&1) && [ "$said" = "$name $version" ]
    verdict $? "$name --version says $version without a bus"
    said=$(env -i DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent "$dest/$program" --help 2>&1) && echo "$said" | grep -q "$name"
    verdict $? "$name --help"
done

{
    find "$dest" -type f ! -name agentd ! -path '*/bin/agentctl' ! -name 'agent-*d' ! -name agent-tred-tpm2 ! -name '*.so' ! -perm 644
    find "$dest" -type f \( -name agentd -o -path '*/bin/agentctl' -o -name 'agent-*d' -o -name agent-tred-tpm2 -o -name '*.so' \) ! -perm 755
    find "$dest" -mindepth 1 -type d ! -perm 755
    find "$dest" \( ! -user root -o ! -group root -o -type l \)
} >"$work/out"
[ ! -s "$work/out" ]
verdict $? "modes and owners: programs and plug-ins 755, other files 644, folders 755, root"
cat "$work/out"

for unit in "$here"/etc/systemd/*.service; do
    unit=$(basename "$unit")
    exec=$(sed -n 's/^ExecStart=//p' "$dest/usr/lib/systemd/system/$unit")
    [ -n "$exec" ] && [ -x "$dest$exec" ]
    verdict $? "$unit starts $exec"
done
unit=$(sed -n 's/^SystemdService=//p' "$dest/usr/share/dbus-1/system-services/org.gatewayagent.Agent1.service")
[ -n "$unit" ] && [ -f "$dest/usr/lib/systemd/system/$unit" ]
verdict $? "bus activation starts $unit"

present() {                                # present FILE: something is installed there
    [ -s "$dest/$1" ]
    verdict $? "$1"
}
present usr/share/dbus-1/system.d/org.gatewayagent.Agent1.conf
present usr/share/polkit-1/rules.d/50-gateway-agent.rules
present usr/lib/sysusers.d/gateway-agent.conf
present usr/lib/tmpfiles.d/gateway-agent.conf
present etc/gateway-agent/agentd.conf
present etc/gateway-agent/agent-modemd.conf
present etc/gateway-agent/agent-usimd.conf
present "$libdir/bearer-modemmanager.so"
for file in "$here"/dbus/org.gatewayagent.*.xml; do present "usr/share/dbus-1/interfaces/$(basename "$file")"; done
for file in "$here"/etc/doc/*.md; do present "usr/share/doc/gateway-agent/$(basename "$file")"; done
for file in "$here"/etc/hooks/*/*; do present "usr/share/doc/gateway-agent/hooks/${file#"$here"/etc/hooks/}"; done
for file in "$here"/etc/man/*.[1-9]; do [ -e "$file" ] && present "usr/share/man/man${file##*.}/$(basename "$file")"; done
for file in "$here"/etc/completion/*; do
    [ -e "$file" ] || continue
    find "$dest/usr/share" -type f -exec cmp -s "$file" {} \; -print | grep -q .
    verdict $? "completion/$(basename "$file") is installed"
done

"$here/tests/lab/enter" "$0" --inside "$dest" >"$work/out" 2>"$work/log"
grep -q '^State s "' "$work/out"
verdict $? "agentd from /usr finds its plug-in and owns its name under the installed policy: $(sed -n 's/^State //p' "$work/out")"
grep -q '^TreState s "unprovisioned"' "$work/out"
verdict $? "agent-tred from /usr answers agentd: $(sed -n 's/^TreState //p' "$work/out")"
grep -q '^modemd [1-9]' "$work/out"
verdict $? "agent-modemd from /usr is connected"
grep -q '^agentctl 0' "$work/out"
verdict $? "agentctl status from /usr"
[ $failed -eq 0 ] || cat "$work/log"
[ $sums = no ] || (cd "$dest" && find . -type f -exec sha256sum {} + | sort -k2)
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
