import { type Control, finding } from '../../control.ts'
import { receivedBy, tokenShape } from '../../probes/received.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B18',
  standard: 'RFC 10017',
  section: '6.1.4.2',
  level: 'described',
  demands:
    'Nothing that the browser gets has the shape of a token, encrypted or not: no page, no header, no cookie.',
  met: ['bff/gateway/answer.ts', 'bff/session/token-guard.ts', 'bff/session/ticket.ts'],
  needs: 'login',
  check: async (target) => {
    const browser = await target.loggedIn()
    await browser.fetch(target.paths.api)
    const pages = [await target.own('/'), await target.own(target.paths.page)]
    const cookies = await browser.jar.getCookies(target.baseUrl)
    const seen = [
      ...receivedBy(browser, target),
      ...pages.map(({ text, url }) => ({ where: `the body at ${url.pathname}`, text })),
      ...cookies.map(({ key, value }) => ({ where: `the cookie ${key}`, text: value })),
    ]
    const found = seen.filter(({ text }) => tokenShape.test(text))
    return finding([
      {
        ok: found.length === 0,
        seen: `${seen.length} headers, bodies and cookies: ${found.length} with the shape of a JWT or JWE`,
      },
      ...[...new Set(found.map(({ where }) => where))].map((where) => ({ ok: false, seen: `in ${where}` })),
    ])
  },
}
