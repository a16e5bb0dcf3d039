import { type Control, finding } from '../../control.ts'
import { tokenShape } from '../../probes/received.ts'

export const control: Control = {
  id: 'RFC6750-5.3-COOKIES',
  standard: 'RFC 6750',
  section: '5.3',
  level: 'MUST',
  demands: 'No cookie has a token in it, unless it is sealed and never sent in the clear.',
  met: ['bff/session/cookie.ts', 'bff/session/ticket-store.ts'],
  needs: 'login',
  check: async (target) => {
    const browser = await target.loggedIn()
    const tokens = target.isEmbedded ? target.stack.issuedTokens().map(({ value }) => value) : []
    const cookies = await browser.jar.getCookies(target.baseUrl)
    const shown = cookies.map(({ key, value, secure }) => {
      const isPlain =
        tokens.some((token) => value.includes(token)) || /^eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*$/.test(value)
      const isSealed = !isPlain && tokenShape.test(value)
      const has = isPlain ? 'a token' : isSealed ? 'a sealed token' : 'no token'
      const how = secure ? 'Secure' : 'may be sent in the clear'
      return {
        ok: !isPlain && (!isSealed || secure),
        seen: `the cookie ${key}, ${value.length} characters, ${how}: ${has}`,
      }
    })
    return finding([
      { ok: cookies.length > 0, seen: `${cookies.length} cookie(s) of somebody who is logged in` },
      ...shown,
    ])
  },
}
