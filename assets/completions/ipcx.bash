# bash completion of ipcx; printed by `ipcx completions bash`.
#
# ipcx itself knows what may follow, and finds how bash splits and quotes the line. Where alternatives are listed each
# comes with what it is; only the word itself is ever typed. Needs bash 4.4 or later.

_ipcx() {
    local line=${COMP_LINE-} program=ipcx answer
    line=${line:0:${COMP_POINT:-0}}
    # Whoever calls this by hand may have set the words alone.
    [[ $line ]] || line="${COMP_WORDS[*]:0:COMP_CWORD+1}"
    # A program that was named by its path answers for itself.
    [[ ${1-} == */* ]] && program=${1/#'~/'/"$HOME/"}
    COMPREPLY=()
    answer=$(exec "$program" __complete bash "$line" "$COMP_WORDBREAKS" "${COMP_TYPE:-9}" "${COLUMNS:-80}" \
        2>/dev/null </dev/null)
    case ${answer%%$'\n'*} in
        files) compopt -o default 2>/dev/null ;;
        directories) compopt -o dirnames 2>/dev/null ;;
        values | partial)
            [[ $answer == partial* ]] && compopt -o nospace 2>/dev/null
            mapfile -t COMPREPLY <<<"${answer#*$'\n'}"
            ;;
    esac
    return 0
}

complete -o nosort -F _ipcx ipcx
