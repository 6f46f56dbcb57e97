export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

// Each script hands the words up to the cursor to `fleet __complete` and offers what it prints, one a line. Files
// are offered by the shell itself when nothing is printed.
const SCRIPTS: Readonly<Record<Shell, string>> = {
  // COMP_WORDBREAKS splits words at "=" and ":", so the line is split at blanks instead.
  bash: String.raw`_fleet() {
  local line="${'$'}{COMP_LINE:0:COMP_POINT}" words=() cur
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur="${'$'}{words[-1]}"
  local IFS=$'\n'
  COMPREPLY=($(fleet __complete -- "${'$'}{words[@]:1}" 2>/dev/null | cut -f1))
  # readline replaces only what stands after the last "=" or ":".
  local prefix="${'$'}{cur%"${'$'}{cur##*[=:]}"}"
  [[ -n $prefix ]] && COMPREPLY=("${'$'}{COMPREPLY[@]#"$prefix"}")
  [[ ${'$'}{COMPREPLY[0]} == *, ]] && compopt -o nospace
}
complete -o default -F _fleet fleet
`,
  zsh: String.raw`#compdef fleet
_fleet() {
  local -a lines values texts
  local line
  lines=("${'$'}{(@f)$(fleet __complete -- "${'$'}{(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    values+=("${'$'}{line%%$'\t'*}")
    texts+=("${'$'}{line/$'\t'/  -- }")
  done
  if (( $#values )); then compadd -d texts -a values; else _files; fi
}
if [ "$funcstack[1]" = "_fleet" ]; then _fleet "$@"; else compdef _fleet fleet; fi
`,
  fish: String.raw`function __fleet_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found (fleet __complete -- $words[2..-1] "$current" 2>/dev/null)
  if set -q found[1]
    string join \n -- $found
  else
    __fish_complete_path "$current"
  end
end
complete -c fleet -f -a '(__fleet_complete)'
`,
}

/** The script that makes a shell complete `fleet`. */
export const completionScript = (shell: Shell): string => SCRIPTS[shell]
