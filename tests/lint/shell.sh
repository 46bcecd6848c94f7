#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: shell files of the tree in the eyes of shellcheck (the completion as bash).
# Promises: one line a file; exit status 0 only if all are clean.    usage: shell.sh [TREE]
tree=${1:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$tree" || exit 2
command -v shellcheck >/dev/null || { echo "FAIL shellcheck is not installed"; exit 1; }
failed=0
list=$(git ls-files --cached --others --exclude-standard 2>/dev/null || find . -type f ! -path './build*')
for file in $list; do
    [ -f "$file" ] || continue
    dialect=
    except=SC0000
    read -r first <"$file" 2>/dev/null
    case $file:$first in
    *.bash:*) dialect='bash' ;;
    *:'#!/bin/sh /etc/rc.common'*) dialect='sh' except=SC2034 ;; # rc.common reads START, USE_PROCD
    *:'#!/bin/sh'*) dialect='sh' ;;
    *:'#!/bin/bash'*) dialect='bash' ;;
    *) continue ;;
    esac
    if out=$(shellcheck -S warning -e $except -s $dialect "$file" 2>&1); then echo "ok   $file"; else echo "FAIL $file"; echo "$out"; failed=1; fi
done
exit $failed
