import { navigationHeaders } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'
import { authorizationRequest, parameters } from './lab/login.ts'

const forged = {
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'http',
  'x-forwarded-port': '81',
  'x-forwarded-prefix': '/evil',
  'x-original-host': 'evil.example',
  forwarded: 'host=evil.example;proto=http',
}

export const control: Control = {
  id: 'RFC9700-4.13-FORGED',
  standard: 'RFC 9700',
  section: '4.13',
  level: 'MUST',
  demands: 'What a client says of itself in forwarding headers is not believed.',
  met: ['bff/app.ts', 'bff/login/oidc.ts'],
  needs: 'nothing',
  check: async (target) => {
    const real = (await parameters(target)).get('redirect_uri')
    const asked = await authorizationRequest(target, target.visitor(forged))
    const led = asked.searchParams.get('redirect_uri')
    const home = await target.visitor(forged).request('/', { headers: navigationHeaders })
    const page = await target.visitor(forged).request(target.paths.page, { headers: navigationHeaders })
    return finding([
      { ok: led === real, seen: `a login with X-Forwarded-Host: evil.example has redirect_uri=${led}` },
      ...[home, page].map(({ url, status, headers, text }) => ({
        ok: !(JSON.stringify([...headers]) + text).includes('evil'),
        seen: `GET ${url.pathname} with them → ${status}, location: ${headers.get('location') ?? '(none)'}`,
      })),
    ])
  },
}
