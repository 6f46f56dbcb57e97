import type { ProxiedService } from './container-hosts.ts'

/** The templates that a deploy renders. Given by the task, since `lib` knows no templates. */
export interface RolloutBodies {
  postgresListen(values: { readonly address: string }): string
  postgresHba(values: { readonly clients: readonly string[] }): string
  rabbitmqConfig(values: { readonly address: string }): string
  rabbitmqEnvironment(): string
  epmdSocket(): string
  finishSlots(): string
  runOnce(): string
  runService(): string
  haproxyConfig(values: {
    readonly services: readonly (ProxiedService & { readonly healthMap: string })[]
    readonly certificate: string
  }): string
}
