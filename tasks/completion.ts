import { z } from 'zod'
import { defineTask } from '../lib/task/define.ts'
import { completionScript, SHELLS } from '../lib/ui/completion.ts'

const WHERE = {
  bash: '~/.local/share/bash-completion/completions/fleet',
  zsh: 'a file _fleet in a folder of $fpath',
  fish: '~/.config/fish/completions/fleet.fish',
}

export default defineTask({
  name: 'completion',
  summary: 'Print a script that completes commands in the shell',
  description: `Write it to ${WHERE.bash} (bash), ${WHERE.zsh} (zsh) or ${WHERE.fish} (fish).`,
  params: z.strictObject({ shell: z.enum(SHELLS).describe('bash, zsh or fish') }),
  args: ['shell'],
  hosts: 'none',
  needsFleet: false,
  examples: ['source <(fleet completion bash)', `fleet completion fish > ${WHERE.fish}`],
  async run(ctx, { shell }) {
    ctx.print(completionScript(shell))
  },
})
