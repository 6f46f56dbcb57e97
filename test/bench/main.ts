import { rollout } from './rollout/main.ts'

const [suite, ...argv] = process.argv.slice(2)
if (suite !== 'rollout') {
  process.stderr.write('npm run bench -- rollout [--rows a,b] [--only fleet,clush] [--hosts n] [--install]\n')
  process.exit(2)
}
process.exit(await rollout(argv))
