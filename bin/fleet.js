#!/usr/bin/env node
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Where Node can (22.1 and newer) it keeps what it has compiled, here instead of in a folder that others can write to.
module.enableCompileCache?.(
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fleetfile/compiled'),
)
await import('../dist/bin/main.js')
