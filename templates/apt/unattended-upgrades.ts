import { text } from '../../lib/index.ts'

/** apt configuration: security updates every day, without a reboot nobody asked for. */
export const unattendedUpgrades = (): string => text`// Managed by fleetfile.
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
APT::Periodic::AutocleanInterval "7";
Unattended-Upgrade::Automatic-Reboot "false";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
`
