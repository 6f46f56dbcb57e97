import type { Access, Fleet, Host, LogSource, Role, Service, UserStore } from './model.ts'

/**
 * A fleet as it is written in `inventory/*.ts`. Its literal types are kept: an unknown role, host or secret anywhere
 * in it does not compile. `validateFleet` checks the same again when the file is loaded.
 */
export function defineFleet<
  const RoleName extends string,
  const HostName extends string,
  const SecretName extends string = never,
>(fleet: {
  readonly name: string
  readonly provider?: Fleet['provider']
  readonly access: Access
  readonly roles: Readonly<Record<RoleName, Role<NoInfer<RoleName>>>>
  readonly hosts: Readonly<Record<HostName, Host<NoInfer<RoleName>>>>
  readonly services: Readonly<
    Record<string, Service<NoInfer<RoleName>, NoInfer<HostName>, NoInfer<SecretName>>>
  >
  readonly secrets?: readonly SecretName[]
  readonly users?: UserStore<NoInfer<HostName>, NoInfer<SecretName>>
  readonly logs?: LogSource<NoInfer<RoleName>>
}): Fleet<RoleName, HostName, SecretName> {
  return { provider: 'static', secrets: [], ...fleet }
}
