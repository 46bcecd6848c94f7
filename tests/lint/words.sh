#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Owns: the list of words that belong to the place where the project is written and never into it: paths and tools of that place, hosts of package
# registries, numbers of issues. Looks into every file of the tree and into the messages of its commits.
# Promises: each hit with file and line; exit status 0 only without one. The patterns are spelt so that they do not match themselves.
# usage: words.sh [TREE]
tree=${1:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$tree" || exit 2
patterns='(^|[^A-Za-z0-9_.])/wor[k]/|/tm[p]/s/|(^|[^A-Za-z])far[m]-[a-z]|(^|[^A-Za-z])shared fol[d]er|(^|[^A-Za-z])/share[d]/
DESIG[N]\.md|style-anchor[s]|referenc[e]/[a-z0-9-]+\.md
py[p]i\.org|pythonhoste[d]\.org|registry\.np[m]js|crate[s]\.io|proxy\.golan[g]|rubygem[s]\.org
(issue|ticket|pull request) ?#?[0-9]{2,}|(fixes|closes) #[0-9]
[Cc]hat-?[Gg]p[t]|[Cc]laud[e]|[Aa]nthropi[c]|language mode[l]'
failed=0

verdict() {                                # verdict FILE-OF-HITS TEXT
    if [ -s "$1" ]; then echo "FAIL $2"; sed 's/^/  /' "$1"; failed=$((failed + 1)); else echo "ok   $2"; fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if git rev-parse --git-dir >/dev/null 2>&1; then
    git ls-files -z --cached --others --exclude-standard >"$work/files"
    git log --format='%h %s%n%b' >"$work/messages"
else
    find . -type f ! -path './build*' -print0 >"$work/files"
    : >"$work/messages"
fi
echo "$patterns" >"$work/patterns"
xargs -0 grep -nIEf "$work/patterns" -- <"$work/files" >"$work/hits" 2>/dev/null
verdict "$work/hits" "words: files"
grep -nEf "$work/patterns" "$work/messages" >"$work/hits"
verdict "$work/hits" "words: messages of commits"
echo "$((2 - failed)) passed, $failed failed"
[ $failed -eq 0 ]
