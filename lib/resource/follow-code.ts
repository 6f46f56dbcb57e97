/**
 * Shell code that shows `$journal` from a byte on (1 is the first) and ends soon after the script that writes it has:
 * the script holds a lock on it, `tail` ends with the one who waits for that. A waiter with our stdout would keep the
 * channel open.
 */
export const follow = (from: number): string => `flock -s "$journal" true </dev/null >/dev/null 2>&1 &
tail -c +${from} -f --pid=$! -s 0.05 "$journal"`
