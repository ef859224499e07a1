# Completion of meridian for bash. Asks the program itself, and so fits whatever it can.
#   source <(meridian completion bash)
# Bash 3.2, which macOS has, knows neither `mapfile` nor `compopt`.

_meridian_complete() {
  local line=${COMP_LINE:0:COMP_POINT} program=${COMP_WORDS[0]/#\~/$HOME}
  local typed=${line##*[[:space:]]} kept="" head="" candidate quoted
  # Bash parts words at = and : as well, and puts a candidate behind the last of them.
  case $COMP_WORDBREAKS in
    *=*:* | *:*=*) kept=${typed%"${typed##*[=:]}"} ;;
    *=*) kept=${typed%"${typed##*=}"} ;;
    *:*) kept=${typed%"${typed##*:}"} ;;
  esac
  typed=${typed#"$kept"}
  kept=${kept#[\'\"]}
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ -z $head ]]; then
      head=$candidate
      continue
    fi
    candidate=${candidate%%$'\t'*}
    printf -v quoted %q "${candidate#"$kept"}"
    COMPREPLY+=("$quoted")
  done < <("$program" __complete line -- "$line" 2> /dev/null)
  case ${head%%:*} in
    files) _meridian_add -f "$typed" ;;
    folders) _meridian_add -d "$typed" ;;
    commands) _meridian_add -c "$typed" ;;
  esac
  if [[ ${head##*:} == open ]]; then compopt -o nospace 2> /dev/null; fi
}

# _meridian_add KIND TYPED: adds names that bash itself knows.
_meridian_add() {
  local found
  if [[ $1 != -c ]]; then compopt -o filenames 2> /dev/null; fi
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen "$1" -- "$2")
}

complete -F _meridian_complete meridian
