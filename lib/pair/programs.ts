import { programName } from '../rollout/processes.ts'

/** A pattern of awk for what supervisor calls the processes of some of a service's programs. */
export const programPattern = (service: string, programs: readonly string[]): string =>
  `^(${programs.map(program => programName(service, program)).join('|')})_[0-9]+$`
