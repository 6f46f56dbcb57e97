import { ConfigError } from '../errors.ts'
import type { UserModules } from '../fleet/package.ts'
import { importUserModule } from '../fleet/user-module.ts'
import type { Task } from './define.ts'
import type { OwnTask } from './discover.ts'

/** Loads a user's own task, checked and compiled. Throws a ConfigError when it is not what its file promised. */
export async function loadUserTask(entry: OwnTask, modules: UserModules): Promise<Task> {
  const module = await importUserModule(entry.file, modules)
  const task: unknown =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (!isTask(task)) {
    throw new ConfigError(`${entry.file}: the default export is no task`, {
      hint: 'export default defineTask({ ... })',
    })
  }
  if (task.name !== entry.name) {
    throw new ConfigError(
      `${entry.file}: the task is called "${task.name}", but its text says "${entry.name}"`,
      {
        hint: 'write name and summary as plain strings: they are read without running the file',
      },
    )
  }
  return task
}

const isTask = (value: unknown): value is Task =>
  typeof value === 'object' && value !== null && 'name' in value && 'run' in value && 'params' in value
