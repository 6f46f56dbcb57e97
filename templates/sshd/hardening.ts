import { LIVE_USER } from '../../lib/pair/live-work.ts'
import { SHIP_USER } from '../../lib/ship/spool.ts'
import { text } from '../../lib/index.ts'

/**
 * sshd drop-in: keys only, no root, only the users that operate the host, and those by which hosts fetch images from each
 * other, and ask each other what is live: their keys can do nothing else.
 */
export const sshdHardening = ({ user }: { readonly user: string }): string => text`# Managed by fleetfile.
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthenticationMethods publickey
AllowUsers ${user} ${SHIP_USER} ${LIVE_USER}
X11Forwarding no
AllowAgentForwarding no
PermitUserEnvironment no
LoginGraceTime 30
MaxAuthTries 4
# A laptop that vanished must let go of what it held within a minute.
ClientAliveInterval 15
ClientAliveCountMax 3
# A roll-out opens many connections at once; the default drops them at random from the tenth on.
MaxStartups 60:30:120
Match User ${SHIP_USER},${LIVE_USER}
  DisableForwarding yes
  PermitTTY no
  MaxSessions 1
`
