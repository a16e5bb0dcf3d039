import { setTimeout as wait } from 'node:timers/promises'
import { type Control, finding, probe } from '../../control.ts'
import { shortLived } from '../../probes/set-ups.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B21',
  standard: 'RFC 10017',
  section: '6.1.2.2',
  level: 'described',
  demands:
    'When an access token has expired the gateway gets a new one, proving who it is, and the visitor notices nothing.',
  met: ['bff/session/provider.ts', 'bff/session/refresh.ts'],
  needs: 'embedded',
  check: async (target) => {
    const short = await shortLived(target)
    const browser = await short.freshLogin()
    const count = (wanted: string) => short.stack.issuedTokens().filter(({ kind }) => kind === wanted).length
    const before = { refreshes: short.stack.refreshes(), secrets: count('client_secret') }
    await wait(2500)
    const answer = await browser.fetch(short.paths.api)
    const refreshes = short.stack.refreshes() - before.refreshes
    const secrets = count('client_secret') - before.secrets
    return finding([
      probe(answer.status < 300, `GET ${short.paths.api} after the access token has expired`, answer),
      {
        ok: refreshes > 0 && secrets >= refreshes,
        seen: `Refreshes: ${refreshes}; the client's secret came along: ${secrets}`,
      },
    ])
  },
}
