import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding, type Probe, probe } from '../../control.ts'

export const control: Control = {
  id: 'ASVS-3.7.2',
  standard: 'ASVS 5.0',
  section: '3.7.2',
  level: 'L2',
  demands: 'No address of the gateway leads a browser on to a place that the address itself names.',
  met: ['bff/edge/return-to.ts', 'bff/login/login-errors.ts', 'bff/edge/request-target.ts'],
  needs: 'nothing',
  check: async (target) => {
    const evil = [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example/',
      '/%09/evil.example',
      'https:evil.example',
    ]
    const names = ['returnTo', 'return_to', 'next', 'url', 'redirect', 'redirect_uri', 'continue']
    const visitor = target.visitor()
    const probes: Probe[] = []
    for (const place of evil) {
      for (const path of ['/', target.paths.page, '/callback', '/session', target.paths.logout]) {
        const query = names.map((name) => `${name}=${encodeURIComponent(place)}`).join('&')
        const answer = await visitor.request(`${path}?outcome=lost&${query}`, { headers: navigationHeaders })
        const to = URL.parse(answer.headers.get('location') ?? '', target.baseUrl)
        const refresh = /http-equiv="refresh"[^>]*evil\.example/i.test(answer.text)
        probes.push(
          probe(
            to?.hostname !== 'evil.example' && !refresh,
            `GET ${path}?returnTo=${place}`,
            answer,
            'location',
          ),
        )
      }
    }
    const { host } = new URL(target.baseUrl)
    for (const line of ['//evil.example/..', '/\\evil.example', '//evil.example/%2e%2e']) {
      const text = await target.raw(
        `GET ${line} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      )
      const location = /^location: (.*)$/im.exec(text)?.[1]?.trim() ?? ''
      const ok = location === '' || URL.parse(location, target.baseUrl)?.hostname !== 'evil.example'
      probes.push({ ok, seen: `GET ${line} → ${text.slice(9, 12)}, location: ${location || '(none)'}` })
    }
    return finding(probes)
  },
}
