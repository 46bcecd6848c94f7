#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: what the OpenWrt package promises, as far as it can be shown without the SDK: its shell scripts under busybox's ash, its recipe run by GNU
# make over a real installation of the small build, and the programs of that build running from the result.
# Promises: one line a check, last line "N passed, N failed". Nothing of the host changes. Must never fetch anything.
# usage (root): openwrt.sh [BUILD]      BUILD: built with -Dplugins=builtin -Dsystemd=false, prefix /usr (default: one of its own in build-openwrt)
here=$(cd "$(dirname "$0")/../.." && pwd)
etc=$here/etc/openwrt
if [ "$1" = --inside ]; then               # in the laboratory's namespaces: the package lies over /, the instances run as procd would
    root=$2
    mount -t overlay -o "lowerdir=$root/usr:/usr" overlay /usr || exit 1
    cp -a "$root/etc/." /etc/
    dbus-daemon --system --nopidfile --nosyslog --fork || exit 1
    # shellcheck disable=SC2086            # words of the record
    while read -r word name rest; do       # the record of the init script, with real folders
        case $word in
        mkdir | chown | chmod) $word $name $rest ;;
        set) case $name in
            command) command=$rest ;;
            user) user=$rest ;;
            esac ;;
        close) "$here/tests/lab/lab" run-as "$user" -- $command >"$root.${command##*/}.log" 2>&1 & ;;
        esac
    done <"$3"
    tries=0
    while [ $tries -lt 100 ] && ! busctl get-property org.gatewayagent.Agent1 /org/gatewayagent/Agent1 org.gatewayagent.Agent1.Manager TreState 2>&1 |
        grep -q '"unprovisioned"'; do
        sleep 0.1
        tries=$((tries + 1))
    done
    busctl get-property org.gatewayagent.Agent1 /org/gatewayagent/Agent1 org.gatewayagent.Agent1.Manager TreState 2>&1
    ls -d /etc/gateway-agent/state/agent/agent.db
    sh "$etc/test.sh" gateway-agent "$4" && echo "test.sh passed"
    cat "$root".*.log >&2
    exit 0
fi
passed=0 failed=0
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT

verdict() {                                # verdict STATUS TEXT
    if [ "$1" -eq 0 ]; then echo "ok   $2"; passed=$((passed + 1)); else echo "FAIL $2"; failed=$((failed + 1)); fi
}

build=$1
if [ -z "$build" ]; then
    build=$here/build-openwrt
    [ -e "$build/build.ninja" ] || meson setup "$build" "$here" --prefix=/usr --sysconfdir=/etc --localstatedir=/var -Dplugins=builtin \
        -Dsystemd=false -Dtests=false -Dwerror=true >"$work/out" 2>&1
    ninja -C "$build" >>"$work/out" 2>&1
    verdict $? "the small build (plug-in linked in, no systemd, no tests) compiles"
    [ $failed -eq 0 ] || { tail -n 20 "$work/out"; echo "0 passed, 1 failed"; exit 1; }
fi
version=$(meson introspect "$build" --projectinfo | sed -n 's/.*"version": "\([^"]*\)", "descriptive_name".*/\1/p')

for script in "$etc/files/gateway-agent.init" "$etc/test.sh"; do
    name=$(basename "$script")
    sh -n "$script"
    verdict $? "$name: sh -n"
    busybox ash -n "$script"
    verdict $? "$name: busybox ash -n"
    shellcheck -s sh -e SC2034 "$script"   # rc.common reads START, STOP, USE_PROCD
    verdict $? "$name: shellcheck"
done

init() {                                   # init UJAIL FUNCTION: the record of FUNCTION under busybox's ash
    sed "s,^UJAIL=.*,UJAIL=$1," "$etc/files/gateway-agent.init" >"$work/init"
    busybox ash -u -c ". $here/tests/lint/openwrt.d/procd.sh; respawn_threshold= respawn_timeout= respawn_retry=; . $work/init; $2"
}
init /nonexistent start_service >"$work/plain"
verdict $? "start_service runs"
init /bin/true start_service >"$work/jailed"
[ "$(grep -c '^open ' "$work/plain")" = 5 ] && [ "$(grep -c '^close' "$work/plain")" = 5 ]
verdict $? "five instances"
[ "$(grep -cxF 'set no_new_privs 1' "$work/plain")" = 5 ] && [ "$(grep -cxF 'set respawn 3600 5 5' "$work/plain")" = 5 ]
verdict $? "each without new privileges, each respawned with a pause"
[ "$(sed -n 's/^set user //p' "$work/plain" | tr '\n' ' ')" = "gateway-tred root gateway-usim root gateway-agent " ]
verdict $? "users: agent-tred, agent-usimd and agentd each their own, agent-modemd and agent-sysd root"
! grep -q '^jail' "$work/plain" && [ "$(grep -c '^jail gateway-tred ' "$work/jailed")" = 1 ]
verdict $? "agent-tred is jailed where ujail is there, and only there"
[ "$(sed -n '/^jail/,/^close/s/^mount-rw //p' "$work/jailed")" = "/var/run/gateway-agent /etc/gateway-agent/state/tre" ]
verdict $? "the jail can write its socket's folder and its state, nothing else"
grep -qx 'mkdir -p /etc/gateway-agent/state/agent' "$work/plain" && ! grep -q 'state /var' "$work/plain"
verdict $? "state is on flash"
while read -r folder; do
    case $folder in "$(grep -v '^#' "$etc/files/gateway-agent.keep")"*) ;; *) false ;; esac
    verdict $? "$folder survives sysupgrade"
done <<LIST
$(sed -n 's/.* --state \([^ ]*\).*/\1/p' "$work/plain")
LIST

recipe() {                                 # recipe FOLDER TARGET [VARIABLE]...
    folder=$1
    shift
    mkdir -p "$work/mk"
    cp "$here/tests/lint/openwrt.d/rules.mk" "$work/rules.mk"
    touch "$work/mk/package.mk" "$work/mk/nls.mk" "$work/mk/meson.mk"
    make -s -C "$folder" TOPDIR="$work" INCLUDE_DIR="$work/mk" SOURCE=. INTL_DEPENDS= "$@"
}
recipe "$etc" facts >"$work/facts" && [ "$(sed -n 's/^name //p' "$work/facts")" = "gateway-agent gateway-agent" ]
verdict $? "the Makefile can be read"
fact() { sed -n "s/^$1 //p" "$work/facts"; }
[ "$(fact version)" = "$version" ] && [ "$(fact licence)" = Apache-2.0 ] && [ -n "$(fact maintainer)" ] && [ -n "$(fact hash)" ]
verdict $? "version as in meson.build, licence, maintainer, hash"
for option in $(fact meson); do
    case $option in -Db_*) continue ;; esac
    option=${option#-D}
    grep -q "^option('${option%%=*}'" "$here/meson_options.txt"
    verdict $? "meson knows ${option%%=*}"
done
for word in glib2 libcoap-openssl libcurl libcares libsqlite3 libexpat jansson libopenssl libmnl libqmi modemmanager dbus; do
    fact depends | tr ' ' '\n' | grep -qxF "+$word"
    verdict $? "depends on $word"
done
grep -q 'select OPENSSL_WITH_DTLS' "$etc/Config.in"
verdict $? "Config.in selects DTLS"
grep -qE '[[:space:]]$' "$etc/Makefile" "$etc/Config.in" "$etc"/files/* "$etc/libcoap-openssl/Makefile"
[ $? -eq 1 ]
verdict $? "no white space at ends of lines"
recipe "$etc/libcoap-openssl" facts >"$work/out" && grep -q '^name libcoap-openssl libcoap-openssl$' "$work/out"
verdict $? "libcoap-openssl's Makefile can be read"

DESTDIR=$work/dest meson install -C "$build" --no-rebuild --quiet >"$work/out" 2>&1 &&
    recipe "$etc" root PKG_INSTALL_DIR="$work/dest" ROOT="$work/root" >>"$work/out" 2>&1
verdict $? "the recipe installs"
cat "$work/out"
! find "$work/dest" -name '*.so' | grep -q .
verdict $? "no plug-in file: it is linked in"
[ -z "$(find "$work/root" -type f \( -path '*bin/*' -o -path '*libexec*' -o -path '*init.d*' \) ! -perm 755)" ] &&
    [ -z "$(find "$work/root/etc/gateway-agent" "$work/root/etc/dbus-1" "$work/root/lib" -type f ! -perm 644)" ]
verdict $? "modes: agentd's user can read its configuration"

"$here/tests/lab/enter" "$0" --inside "$work/root" "$work/plain" "$version" >"$work/out" 2>"$work/log"
grep -qxF 's "unprovisioned"' "$work/out"
verdict $? "the three instances run from the package: agentd has its built-in plug-in and its trusted environment"
grep -qx /etc/gateway-agent/state/agent/agent.db "$work/out"
verdict $? "agentd's state is where the init script says"
grep -qx 'test.sh passed' "$work/out"
verdict $? "test.sh passes on the installed programs"
[ $failed -eq 0 ] || { cat "$work/out" "$work/log"; }
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
