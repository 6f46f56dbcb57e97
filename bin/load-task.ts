import type { Task } from '../lib/task/define.ts'
import type { TaskEntry } from '../lib/task/entry.ts'
import type { Io } from './io.ts'
import { userModules, type Places } from './places.ts'

/** Loads a task's module: a built-in one as it is, a user's own checked and compiled first. */
export async function loadTask(entry: TaskEntry, io: Io, places: Places, checksTypes = true): Promise<Task> {
  if (entry.file === undefined) return (await entry.load()).default
  const { loadUserTask } = await import('../lib/task/user-task.ts')
  return loadUserTask({ ...entry, file: entry.file }, { ...userModules(places, io), checksTypes })
}
