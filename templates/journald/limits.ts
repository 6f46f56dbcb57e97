import { text } from '../../lib/index.ts'

/** journald drop-in: logs may not fill the disk. */
export const journaldLimits = ({
  maxUse,
}: {
  readonly maxUse: string
}): string => text`# Managed by fleetfile.
[Journal]
Storage=persistent
SystemMaxUse=${maxUse}
SystemKeepFree=10%
MaxRetentionSec=1month
`
