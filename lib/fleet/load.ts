import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError, UsageError } from '../errors.ts'
import { unknown } from '../suggest.ts'
import type { Fleet } from './model.ts'
import type { UserModules } from './package.ts'
import { importUserModule } from './user-module.ts'
import { validateFleet } from './validate.ts'

export interface FleetPlaces extends UserModules {
  readonly cwd: string
  /** The folder of the package's own fleets. */
  readonly builtIn: string
}

export interface LoadedFleet {
  readonly fleet: Fleet
  /** The file it came from: relative paths in the fleet start at its folder. */
  readonly file: string
}

/** A fleet file that exists. Our own are compiled already and need no check. */
export interface FleetFile {
  readonly name: string
  readonly file: string
  readonly isOurs: boolean
}

/** The fleets that can be named here: those in `./inventory`, then the package's own that have no such namesake. */
export async function listFleets(
  places: Pick<FleetPlaces, 'cwd' | 'builtIn' | 'root'>,
): Promise<readonly FleetFile[]> {
  const here = join(places.cwd, 'inventory')
  const isPackage = (await pathOf(places.cwd)) === (await pathOf(places.root))
  const own = isPackage ? [] : await filesIn(here, false)
  const builtIn = await filesIn(places.builtIn, true)
  return [...own, ...builtIn.filter(({ name }) => own.every(each => each.name !== name))]
}

async function filesIn(folder: string, isOurs: boolean): Promise<readonly FleetFile[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .filter(name => (isOurs ? /\.[jt]s$/ : /\.ts$/).test(name) && !name.endsWith('.d.ts'))
    .sort()
    .map(name => ({ name: name.slice(0, -3), file: join(folder, name), isOurs }))
}

const pathOf = (path: string): Promise<string> => realpath(path).catch(() => path)

/** Finds, checks and loads the fleet that `--fleet` names; without it `lab`, or the only one in `./inventory`. */
export async function loadFleet(wanted: string | undefined, places: FleetPlaces): Promise<LoadedFleet> {
  const found = await findFleet(wanted, places)
  const module: unknown = found.isOurs
    ? await import(pathToFileURL(found.file).href)
    : await importUserModule(found.file, places)
  const value =
    typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined
  if (typeof value !== 'object' || value === null) {
    throw new ConfigError(`${found.file}: the default export is no fleet`, {
      hint: 'export default defineFleet({ ... })',
    })
  }
  // Our own fleets run compiled, from `dist`, but what they name lies beside their source.
  const file = found.isOurs ? join(places.root, 'inventory', `${found.name}.ts`) : found.file
  return { fleet: validateFleet(value, found.file), file }
}

async function findFleet(wanted: string | undefined, places: FleetPlaces): Promise<FleetFile> {
  if (wanted !== undefined && (wanted.includes(sep) || /\.[cm]?[jt]s$/.test(wanted)))
    return fleetAt(wanted, places)
  const fleets = await listFleets(places)
  const own = fleets.filter(({ isOurs }) => !isOurs)
  const named = fleets.find(({ name }) => name === (wanted ?? 'lab'))
  if (wanted === undefined) {
    const [first, second] = own
    if (first !== undefined && second === undefined) return first
    if (first !== undefined && own.every(({ name }) => name !== 'lab')) {
      throw new UsageError('there are several fleets here: say which with --fleet', {
        hint: `--fleet ${own.map(({ name }) => name).join(', --fleet ')}`,
      })
    }
  }
  if (named !== undefined) return named
  const names = fleets.map(({ name }) => name)
  throw new ConfigError(unknown('fleet', wanted ?? 'lab', names), {
    hint: names.length > 0 ? `fleets: ${names.join(', ')}` : 'write one to inventory/<name>.ts',
  })
}

/** A fleet by the path of its file. One inside the package is the built one of that name. */
async function fleetAt(path: string, places: FleetPlaces): Promise<FleetFile> {
  const file = isAbsolute(path) ? path : resolve(places.cwd, path)
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile() || !/\.[cm]?ts$/.test(file)) {
    const names = (await listFleets(places)).map(each => each.name)
    const other = found?.isDirectory() === true ? 'is a folder' : 'has no name in .ts'
    throw new ConfigError(
      found === undefined
        ? `there is no fleet file ${file}`
        : `${file} ${other}: a fleet is a TypeScript file`,
      { hint: `fleets: ${names.join(', ')}` },
    )
  }
  const source = join(await pathOf(places.root), 'inventory')
  const name = file.slice(file.lastIndexOf(sep) + 1).replace(/\.[cm]?[jt]s$/, '')
  if ((await pathOf(file)).startsWith(source + sep)) {
    const ours = (await filesIn(places.builtIn, true)).find(each => each.name === name)
    if (ours !== undefined) return ours
  }
  return { name, file, isOurs: false }
}
