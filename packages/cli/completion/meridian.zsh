#compdef meridian
# Completion of meridian for zsh. Asks the program itself, and so fits whatever it can.
#   source <(meridian completion zsh)      or, as _meridian, into a folder of $fpath

_meridian() {
  local -a answer entries
  local head line word description
  answer=("${(@f)$(${(Q)words[1]/#\~/$HOME} __complete words -- \
    "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}")
  head=${answer[1]}
  for line in "${(@)answer[2,-1]}"; do
    word=${line%%$'\t'*}
    description=${line#*$'\t'}
    # A colon parts a word from its description.
    entries+=("${word//:/\\:}${description:+:$description}")
  done
  if (( ${#entries} )); then
    if [[ ${head##*:} == open ]]; then
      _describe -t meridian meridian entries -S ''
    else
      _describe -t meridian meridian entries
    fi
  fi
  case ${head%%:*} in
    files) _files ;;
    folders) _files -/ ;;
    commands) _command_names -e ;;
  esac
}

if [[ ${funcstack[1]} == _meridian ]]; then
  _meridian "$@"
else
  compdef _meridian meridian
fi
