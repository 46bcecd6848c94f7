# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of agentctl for bash: verbs and options from here, names of objects from the agent. Silent where it does not run.

_agentctl_objects() {                      # paths of the objects of a kind (all without one)
    agentctl --no-legend --color=never list "$@" 2>/dev/null | while read -r path _; do echo "$path"; done
}

_agentctl_ids() {                          # their last parts
    _agentctl_objects "$1" | while read -r path; do echo "${path##*/}"; done
}

_agentctl_words() {                        # _agentctl_words VERB ACTION POSITION: candidates for that word behind the verb
    local kinds="modem sim context mid bearer account job device"
    case $1:$2:$3 in
    list:*:1) echo "$kinds" ;;
    show:*:1) echo "manager $kinds"; _agentctl_objects ;;
    job:*:1) echo "list show wait cancel" ;;
    job:*:2) _agentctl_ids job ;;
    context:*:1) echo "list reopen pin" ;;
    context:reopen:2 | context:pin:2) _agentctl_ids context ;;
    account:*:1) echo "list update connect disable send add remove" ;;
    account:update:2 | account:connect:2 | account:disable:2 | account:send:2 | account:remove:2) _agentctl_objects account ;;
    mid:*:1) echo "list show activate suspend erase authenticate order" ;;
    mid:*:2) _agentctl_ids mid ;;
    device:*:1) echo "list show add remove assign revoke authorize" ;;
    device:*:2) _agentctl_ids device ;;
    sim:*:1) echo "pin remember forget" ;;
    sim:*:2) _agentctl_ids sim ;;
    log-level:*:1) echo "err warning notice info debug" ;;
    get:*:1 | set:*:1 | call:*:1) echo "manager log"; _agentctl_objects ;;
    esac
}

_agentctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} i verb="" action="" position=0
    local verbs="status list show monitor bootstrap job context account mid device sim decode factory doctor get set call log-level reload factory-reset"
    local options="--json --no-legend --no-pager --quiet --no-wait --timeout --color --help --version"
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --timeout | --color | --kind | --imsi | --pin | --gateway | --signer | --password | --nonce) i=$((i + 1)) ;;
        -*) ;;
        *)
            if [ -z "$verb" ]; then verb=${COMP_WORDS[i]}
            else
                position=$((position + 1))
                [ $position -eq 1 ] && action=${COMP_WORDS[i]}
            fi
            ;;
        esac
    done
    if [ "$previous" = --color ]; then
        mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$current")
    elif [ "$previous" = --kind ]; then
        mapfile -t COMPREPLY < <(compgen -W "auto push sms wbxml tnds notification card bei lwm2m-tlv" -- "$current")
    elif [ "$previous" = --signer ] || [ "$previous" = --password ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    elif [ "$previous" = --timeout ]; then
        return
    elif [[ $current == -* ]]; then
        [ "$verb" = decode ] && options="--json --kind --imsi --pin --gateway --signer --password --nonce"
        [ "$verb" = factory-reset ] && options="$options --yes"
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [ -z "$verb" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
    elif [ "$verb" = bootstrap ] || [ "$verb" = decode ] || [ "$verb$position" = sim2 ] || [ "$verb$action" = midorder ]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$(_agentctl_words "$verb" "$action" $((position + 1)))" -- "$current")
    fi
}

complete -o filenames -F _agentctl agentctl
