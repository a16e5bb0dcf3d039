import { navigationHeaders, type Page } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { callbackPath } from './lab/login.ts'

/** What programs call the address to go on to. */
const names = [
  'returnTo',
  'return_to',
  'returnUrl',
  'redirect',
  'redirect_uri',
  'redirect_url',
  'next',
  'url',
  'rd',
  'continue',
  'target',
  'target_link_uri',
  'post_logout_redirect_uri',
]
const elsewhere = ['https://evil.example/', '//evil.example/', '/\\evil.example/', '/\t/evil.example/']

/** The host that a browser would go on to, if any: by redirect, by a page's refresh, or because htmx is told to. */
function onwardHost({ url, headers, text }: Page): string | undefined {
  const [, refresh] = /http-equiv="?refresh"?[^>]*url=([^"'>]+)/i.exec(text) ?? []
  const addresses = [headers.get('location'), headers.get('hx-redirect'), headers.get('refresh'), refresh]
  return addresses
    .map((address) => (address ? URL.parse(address.replace(/^\d+; *url=/i, ''), url)?.hostname : undefined))
    .find((host) => host?.endsWith('evil.example'))
}

export const control: Control = {
  id: 'RFC9700-4.11.1-QUERY',
  standard: 'RFC 9700',
  section: '4.11.1',
  level: 'MUST',
  demands: 'No address of the gateway sends a browser to wherever its query says.',
  met: ['bff/edge/return-to.ts', 'bff/login/logout.ts'],
  needs: 'nothing',
  check: async (target) => {
    const { login, logout, page } = target.paths
    const probes = []
    for (const path of new Set(['/', login, '/signup', await callbackPath(target), logout, page])) {
      const led: string[] = []
      for (const address of elsewhere) {
        const query = new URLSearchParams(names.map((name) => [name, address]))
        const answer = await target
          .visitor()
          .request(`${path}?${query.toString()}`, { headers: navigationHeaders })
        led.push(`${answer.status}${onwardHost(answer) ? ' to evil.example' : ''}`)
      }
      probes.push({
        ok: led.every((answer) => !answer.includes(' ')),
        seen: `GET ${path} with an address of evil.example in ${names.length} parameters, spelt in ${led.length} ways → ${led.join(', ')}`,
      })
    }
    return finding(probes)
  },
}
