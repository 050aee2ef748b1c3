# fish completion of ipcx; printed by `ipcx completions fish`.
#
# ipcx itself knows what may follow; fish quotes and describes it.

function __ipcx_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l token (commandline --current-token --cut-at-cursor)
    # Without its quotes, of which one may still be open.
    set -l current (string unescape -- "$token"; or string unescape -- "$token'"; or string unescape -- "$token\"")
    # A program that was named by its path answers for itself.
    set -l program ipcx
    string match --quiet '*/*' -- $words[1]; and set program (string replace --regex '^~/' "$HOME/" -- $words[1])
    set -l answer (command $program __complete fish $words "$current" 2>/dev/null </dev/null)
    switch "$answer[1]"
        case files
            # The file may stand behind an option and its equals sign.
            set -l option (string match --regex '^--[^=]*=' -- $current)
            set -l files (__fish_complete_path (string replace --regex '^--[^=]*=' '' -- $current))
            printf '%s\n' "$option"$files
        case directories
            __fish_complete_directories $current
        case values partial
            printf '%s\n' $answer[2..]
    end
end

complete --command ipcx --no-files --keep-order --arguments '(__ipcx_complete)'
