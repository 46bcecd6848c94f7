# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC3043
# procd's words, as lines on standard output. Owns: the record of an init script's run. Must never change the machine.
procd_open_instance() { echo "open $1"; }
procd_set_param() { echo "set $*"; }
procd_append_param() { echo "append $*"; }
procd_add_jail() { echo "jail $*"; }
procd_add_jail_mount() { echo "mount $*"; }
procd_add_jail_mount_rw() { echo "mount-rw $*"; }
procd_close_instance() { echo "close"; }
mkdir() { echo "mkdir $*"; }
chown() { echo "chown $*"; }
chmod() { echo "chmod $*"; }
restart() { echo "restart"; }
