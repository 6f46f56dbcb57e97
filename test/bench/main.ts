import { rollout } from './rollout/main.ts'
import { swap } from './swap/main.ts'

const [suite, ...argv] = process.argv.slice(2)
if (suite === 'rollout') process.exit(await rollout(argv))
if (suite === 'swap') process.exit(await swap(argv))
process.stderr.write(`npm run bench -- rollout [--rows a,b] [--only fleet,clush] [--hosts n] [--install]
npm run bench -- swap [--rows a,b] [--swaps n] [--others n] [--rounds n]
`)
process.exit(2)
