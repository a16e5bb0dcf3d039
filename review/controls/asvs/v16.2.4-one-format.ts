import { type Control, finding } from '../../control.ts'

function isJson(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}

export const control: Control = {
  id: 'ASVS-16.2.4',
  standard: 'ASVS 5.0',
  section: '16.2.4',
  level: 'L2',
  demands: 'Everything that the gateway says is one JSON object a line.',
  met: ['shared/log.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.visitor().fetch('/callback?code=x&state=x')
    const lines = target.stack.bff.output.split('\n').filter(Boolean)
    const bad = lines.filter((line) => !isJson(line))
    return finding([
      {
        ok: lines.length > 0 && bad.length === 0,
        seen: `${lines.length} lines, of which no JSON ${bad.length}`,
      },
      ...bad.slice(0, 3).map((line) => ({ ok: false, seen: line })),
    ])
  },
}
