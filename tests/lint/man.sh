#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the form of the manual pages: mandoc's lint without a warning; every option that a program's --help names is on its page, every member of
# dbus/*.xml and every key of agentd.conf, too.
# Promises: one line a page; exit status 0 only if all hold.    usage: man.sh [FOLDER of pages] (AGENT_BUILD: folder of built programs)
here=$(cd "$(dirname "$0")/../.." && pwd)
pages=${1:-$here/etc/man}
build=${AGENT_BUILD:-$here/build}
passed=0
failed=0
work=$(mktemp)
trap 'rm -f "$work"' EXIT

verdict() {                                # verdict STATUS TEXT
    if [ "$1" -eq 0 ]; then echo "ok   $2"; passed=$((passed + 1)); else echo "FAIL $2"; failed=$((failed + 1)); fi
}

command -v mandoc >/dev/null || { echo "FAIL mandoc is not installed"; echo "0 passed, 1 failed"; exit 1; }
for page in "$pages"/*.[1-8]; do
    hits=$(mandoc -T lint -W warning "$page" 2>&1)
    [ -s "$page" ] && [ -z "$hits" ]
    verdict $? "$(basename "$page")"
    [ -z "$hits" ] || echo "$hits"
done

documented() {                             # documented PROGRAM PAGE
    [ -x "$build/$1" ] || { verdict 1 "$1 is not built"; return; }
    text=$(mandoc -T ascii "$pages/$2" | col -b)
    missing=
    for option in $("$build/$1" --help | grep -oE -- '--[a-z][a-z-]+' | sort -u); do
        printf '%s' "$text" | grep -q -- "$option" || missing="$missing $option"
    done
    [ -z "$missing" ]
    verdict $? "$2 has every option of $1$missing"
}

documented agentd/agentd agentd.8
documented agentd/ctl/agentctl agentctl.1
documented agentd/tred/agent-tred agent-tred.8
documented agentd/tred/agent-tred-tpm2 agent-tred-tpm2.8
documented agentd/modemd/agent-modemd agent-modemd.8
documented agentd/usimd/agent-usimd agent-usimd.8

named() {                                  # named PAGE TEXT: each word on standard input is on the page, as a word
    text=$(mandoc -T ascii "$pages/$1" | col -b)
    missing=
    count=0
    while read -r word; do
        count=$((count + 1))
        printf '%s' "$text" | grep -qw -- "$word" || missing="$missing $word"
    done
    [ -z "$missing" ] && [ $count -gt 0 ]
    verdict $? "$1 has every $2 ($count)$missing"
}

sed -n 's/.*<\(method\|property\|signal\) name="\([A-Za-z]*\)".*/\2/p' "$here"/dbus/*.xml | sort -u >"$work"
named org.gatewayagent.Agent1.5 "member of dbus/*.xml" <"$work"
sed -n 's/.*strcmp(key, "\([a-z-]*\)").*/\1/p' "$here/agentd/agentd_config.c" >"$work"
named agentd.conf.5 "key of agentd_config.c" <"$work"
sed -n 's/^} known\[\] = //p' "$here/agentd/modemd/settings_file.c" | grep -o '"[a-z-]*"' | tr -d '"' >"$work"
named agent-modemd.conf.5 "group and key of settings_file.c" <"$work"
sed -n '/texts\[\] = {/,/others/p' "$here/agentd/usimd/settings.c" | grep -o '"[a-z]*"' | tr -d '"' | sort -u >"$work"
named agent-usimd.conf.5 "group and key of settings.c" <"$work"
"$build/agentd/ctl/agentctl" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p' >"$work"
named agentctl.1 "verb" <"$work"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
