# Completion of meridian for fish. Asks the program itself, and so fits whatever it can.
#   meridian completion fish | source

function __meridian_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string unescape)
    set -l answer ($words[1] __complete words -- $words[2..-1] "$typed" 2>/dev/null)
    set -l head (string split : -- $answer[1])
    set -l candidates $answer[2..-1]
    printf '%s\n' $candidates
    # Fish puts a blank behind the only candidate, unless another one goes on.
    if test "$head[2]" = open -a (count $candidates) -eq 1
        printf '%s/\n' (string split -f 1 \t -- $candidates)
    end
    switch "$head[1]"
        case files
            __fish_complete_path "$typed"
        case folders
            __fish_complete_directories "$typed" ''
        case commands
            complete -C "$typed"
    end
end

complete -c meridian -f -a '(__meridian_complete)'
