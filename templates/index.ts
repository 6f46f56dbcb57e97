import { unattendedUpgrades } from './apt/unattended-upgrades.ts'
import { haproxyLua } from './haproxy/fleet.lua.ts'
import { haproxyConfig } from './haproxy/haproxy.cfg.ts'
import { journaldLimits } from './journald/limits.ts'
import { maintenancePage } from './maintenance/page.ts'
import { nginxConfig } from './nginx/nginx.conf.ts'
import { postgresHba } from './postgres/hba.ts'
import { postgresListen } from './postgres/listen.ts'
import { epmdSocket, rabbitmqConfig, rabbitmqEnvironment } from './rabbitmq/config.ts'
import { answerLive } from './shell/answer-live.ts'
import { bootLive } from './shell/boot-live.ts'
import { finishSlots } from './shell/finish-slots.ts'
import { runLive } from './shell/run-live.ts'
import { runOnce } from './shell/run-once.ts'
import { runService } from './shell/run-service.ts'
import { trafficServerLua } from './trafficserver/fleet.lua.ts'
import { trafficServerRecords } from './trafficserver/records.config.ts'
import { sshdHardening } from './sshd/hardening.ts'

/** The file bodies that roll-outs render. */
export const bodies = {
  answerLive,
  bootLive,
  haproxyConfig,
  haproxyLua,
  maintenancePage,
  nginxConfig,
  postgresHba,
  postgresListen,
  epmdSocket,
  rabbitmqConfig,
  rabbitmqEnvironment,
  finishSlots,
  runLive,
  runOnce,
  runService,
  trafficServerLua,
  trafficServerRecords,
}

/** The file bodies of the baseline. */
export const provisionBodies = { sshdHardening, journaldLimits, unattendedUpgrades }
