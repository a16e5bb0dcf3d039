import { type Control, finding, probe } from '../../control.ts'
import { recorded } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'ASVS-13.2.6',
  standard: 'ASVS 5.0',
  section: '13.2.6',
  level: 'L3',
  demands:
    'An API that does not answer does not hold up its visitors for ever: the gateway gives up and says so.',
  met: ['bff/gateway/forward.ts', 'docs/limits.md'],
  needs: 'embedded',
  check: async (target) => {
    const { upstream, target: own } = await recorded(target)
    const browser = await own.loggedIn()
    const usual = upstream.answer
    upstream.answer = () => {}
    try {
      const startedAt = performance.now()
      const late = AbortSignal.timeout(20_000)
      const gaveUp = new Promise<undefined>((resolve) =>
        late.addEventListener('abort', () => resolve(undefined)),
      )
      const answer = await Promise.race([browser.fetch(own.paths.api), gaveUp])
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      if (!answer)
        return finding([
          { ok: false, seen: `GET ${own.paths.api}, the API is silent: no answer within ${seconds} seconds` },
        ])
      return finding([
        probe(
          answer.status === 504 || answer.status === 503,
          `GET ${own.paths.api}, the API is silent: after ${seconds} seconds`,
          answer,
        ),
      ])
    } finally {
      upstream.answer = usual
    }
  },
}
