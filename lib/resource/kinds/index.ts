export { absentDirectory } from './absent-directory.ts'
export { absentFile } from './absent-file.ts'
export { absentNftables } from './absent-nftables.ts'
export { absentPostgresDatabase, absentPostgresRole } from './absent-postgres.ts'
export { absentJournald, absentSysctl } from './absent-settings.ts'
export { absentSwapFile } from './absent-swap-file.ts'
export { absentAptRepository, aptRepository } from './apt-repository.ts'
export { absentArchive, archive } from './archive.ts'
export { authorizedKeys } from './authorized-keys.ts'
export { cron } from './cron.ts'
export { directory } from './directory.ts'
export { file } from './file.ts'
export { gitCheckout } from './git-checkout.ts'
export { absentHostsEntries, hostsEntries } from './hosts-entries.ts'
export { journald } from './journald.ts'
export { absentLine, lineInFile } from './line-in-file.ts'
export { absentLogrotate, logrotate } from './logrotate.ts'
export { absentMount, mount } from './mount.ts'
export { nftables } from './nftables.ts'
export { absentPackages, packages, purgedPackages } from './packages.ts'
export { postgresDatabase } from './postgres-database.ts'
export { postgresRole } from './postgres-role.ts'
export { absentPythonVenv, pythonVenv } from './python-venv.ts'
export {
  rabbitmqAbsentPermission,
  rabbitmqAbsentUser,
  rabbitmqAbsentVhost,
  rabbitmqPermission,
  rabbitmqUser,
  rabbitmqVhost,
} from './rabbitmq.ts'
export { supervisorProgram } from './supervisor.ts'
export { swapFile } from './swap-file.ts'
export { symlink } from './symlink.ts'
export { sysctl } from './sysctl.ts'
export { absentTimer, timer } from './timer.ts'
export { unitFile } from './unit-file.ts'
export { unit } from './unit.ts'
export { user } from './user.ts'
