import type { Command } from '../../shell/sh.ts'
import { quote } from '../../shell/quote.ts'

/**
 * Code that replaces a file of which only a part is ours by what `filter`, shell code, makes of it from stdin to
 * stdout. Mode and owner stay; the new file is complete, checked ("$1") and on the disk before it takes the name, and
 * whatever fails before leaves the old one. A link is followed. A file that is itself a mount, as /etc/hosts is in a
 * container, can only be written over.
 */
export const rewriteFile = (path: string, filter: string, check?: Command): string => `path=${quote(path)}
[ -f "$path" ] || { echo "no file $path" >&2; exit 1; }
path=$(readlink -e "$path")
umask 077
new=$(mktemp "\${path%/*}/.fleetfile.XXXXXX")
trap 'rm -f "$new"' EXIT
trap 'exit 143' TERM INT
{
${filter}
} <"$path" >"$new"
chown --reference="$path" "$new"
chmod --reference="$path" "$new"${
  check === undefined
    ? ''
    : `
( set -- "$new"
${check.text}
) </dev/null || { echo "the check refused it: the old $path stays" >&2; exit 1; }`
}
sync -d "$new"
if cut -d ' ' -f 5 /proc/self/mountinfo | grep -qxF "$path"; then cat "$new" >"$path"; else mv -fT "$new" "$path"; fi`
