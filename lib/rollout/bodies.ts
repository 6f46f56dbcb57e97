import type { ProxiedService } from '../provision/container-hosts.ts'

/** The templates that a deploy renders. Given by the task, since `lib` knows no templates. */
export interface RolloutBodies {
  postgresListen(values: { readonly address: string }): string
  postgresHba(values: { readonly clients: readonly string[] }): string
  rabbitmqConfig(values: { readonly address: string }): string
  rabbitmqEnvironment(): string
  epmdSocket(): string
  finishSlots(): string
  runOnce(): string
  runLive(values: { readonly folder: string }): string
  runService(): string
  answerLive(values: { readonly folder: string; readonly state: string }): string
  bootLive(values: { readonly folder: string; readonly state: string; readonly ssh: string }): string
  haproxyConfig(values: {
    readonly services: readonly (ProxiedService & { readonly healthMap: string })[]
    readonly certificate: string
  }): string
  haproxyLua(values: {
    readonly pages: readonly { readonly service: string; readonly path: string }[]
    readonly map: string
  }): string
  maintenancePage(): string
  nginxConfig(values: {
    readonly services: readonly ProxiedService[]
    readonly certificate: string
    readonly home: string
    readonly closing: string
    readonly pages: string
    readonly hold: string
    readonly host: string
  }): string
  trafficServerLua(values: {
    readonly services: readonly ProxiedService[]
    readonly path: string
    readonly home: string
    readonly pages: string
    readonly host: string
  }): string
  trafficServerRecords(values: { readonly ports: string }): string
}
