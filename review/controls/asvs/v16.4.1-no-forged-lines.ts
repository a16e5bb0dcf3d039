import { type Control, finding } from '../../control.ts'
import { logged } from '../../probes/logged.ts'

export const control: Control = {
  id: 'ASVS-16.4.1',
  standard: 'ASVS 5.0',
  section: '16.4.1',
  level: 'L2',
  demands: 'Nothing in a request makes a line of its own in the log.',
  met: ['shared/log.ts'],
  needs: 'embedded',
  check: async (target) => {
    const forged = '{"level":"fatal","msg":"forged"}'
    const encoded = encodeURIComponent(forged)
    const visitor = target.visitor({ 'user-agent': `x ${forged}` })
    for (const path of [
      `/x%0a${encoded}`,
      `/x%0d%0a${encoded}`,
      `/callback?error=${encodeURIComponent(`x\n${forged}`)}&state=x`,
    ])
      await visitor.fetch(path)
    const { host } = new URL(target.baseUrl)
    await target.raw(`GET /x\n${forged} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    const seen = await logged(() => (target.stack.bff.output.includes('/x') ? {} : undefined))
    const lines = target.stack.bff.output.split('\n').filter((line) => line.startsWith('{"level":"fatal"'))
    return finding([
      { ok: seen !== undefined, seen: `The requests stand in the log: ${seen !== undefined}` },
      { ok: lines.length === 0, seen: `Lines that the requests made by themselves: ${lines.length}` },
    ])
  },
}
