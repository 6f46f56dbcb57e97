import { join } from 'node:path'
import { loadFleet, type LoadedFleet } from '../lib/fleet/load.ts'
import type { Io } from './io.ts'
import { userModules, type Places } from './places.ts'

/** Loads the fleet that `--fleet` asks for. */
export const openFleet = (
  wanted: string | undefined,
  io: Io,
  places: Places,
  checksTypes = true,
): Promise<LoadedFleet> =>
  loadFleet(wanted, {
    ...userModules(places, io),
    checksTypes,
    cwd: io.cwd,
    builtIn: join(places.code, 'inventory'),
  })
