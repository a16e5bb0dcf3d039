import { type Control, finding } from '../../control.ts'
import { journey, leaks } from '../../probes/received.ts'

export const control: Control = {
  id: 'ASVS-14.2.1',
  standard: 'ASVS 5.0',
  section: '14.2.1',
  level: 'L1',
  demands:
    'No address that the browser visits from login to logout has a token or the session cookie’s value in it.',
  met: ['bff/login/logout.ts', 'bff/login/login-errors.ts'],
  needs: 'embedded',
  check: async (target) => {
    const browser = await journey(target)
    const addresses = browser.seen.map(({ url }) => ({
      where: `${url.origin}${url.pathname}`,
      text: url.search,
    }))
    const { found, looked } = await leaks(target, addresses, ['access_token', 'refresh_token', 'id_token'])
    const sessions = [...target.secrets].filter((value) => addresses.some(({ text }) => text.includes(value)))
    return finding([
      { ok: found.length === 0, seen: `${looked} (addresses): found ${found.length}` },
      ...found.map(({ kind, where }) => ({ ok: false, seen: `${kind} in the query of ${where}` })),
      { ok: sessions.length === 0, seen: `Session cookies in addresses: ${sessions.length}` },
    ])
  },
}
