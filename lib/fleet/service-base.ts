/** A value in a service's environment: plain, another host's address, or a secret. */
export type EnvValue<HostName extends string = string, SecretName extends string = string> =
  string | number | { readonly addressOf: HostName } | { readonly secret: SecretName }

export type Env<HostName extends string = string, SecretName extends string = string> = Readonly<
  Record<string, EnvValue<HostName, SecretName>>
>

/** What every service says. */
export interface ServiceBase<RoleName extends string, HostName extends string, SecretName extends string> {
  /** The role whose hosts run it. */
  readonly role: RoleName
  /** Where releases come from: a git repository or a folder. Relative to the fleet file. */
  readonly source?: string
  readonly env?: Env<HostName, SecretName>
}
