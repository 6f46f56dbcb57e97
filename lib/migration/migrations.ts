import type { ContainerService, Migrations } from '../fleet/container-model.ts'

/** A service's migrations in their full form: a command alone is an `expand`. */
export const migrationsOf = ({ migrate = {} }: Pick<ContainerService, 'migrate'>): Migrations =>
  'length' in migrate ? { expand: migrate } : migrate
