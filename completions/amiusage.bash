# Completion of amiusage for bash. The program itself supplies the candidates.

_amiusage() {
    # Bash splits words at characters such as = and :, and replaces only the last piece ($2). Join the pieces for the
    # program, and strip the text before the last piece from its candidates.
    local line=${COMP_LINE:0:COMP_POINT} words=() piece candidate
    for piece in "${COMP_WORDS[@]:0:COMP_CWORD}"; do
        if [[ ${#words[@]} -gt 0 && $line == "$piece"* ]]; then
            words[${#words[@]}-1]+=$piece
        else
            line=${line#"${line%%[![:space:]]*}"}
            words+=("$piece")
        fi
        line=${line#"$piece"}
    done
    if [[ $line == [[:space:]]* ]]; then
        words+=("${line#"${line%%[![:space:]]*}"}")
    else
        words[${#words[@]}-1]+=$line
    fi
    local index=$((${#words[@]} - 1))
    local current=${words[index]#[\"\']}
    local quote=${words[index]%"$current"}
    words[index]=$current

    COMPREPLY=()
    while IFS= read -r candidate || [[ -n $candidate ]]; do
        candidate=${candidate#"${current%"$2"}"}
        if [[ $candidate == *[[:space:]]* && -z $quote ]]; then
            printf -v candidate %q "$candidate"
        fi
        COMPREPLY+=("$candidate")
    done < <(AMIUSAGE_COMPLETE=bash _CLAP_COMPLETE_INDEX=$index _CLAP_IFS=$'\n' \
        amiusage -- "${words[@]}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}

complete -o bashdefault -o nosort -F _amiusage amiusage 2>/dev/null ||
    complete -o bashdefault -F _amiusage amiusage
