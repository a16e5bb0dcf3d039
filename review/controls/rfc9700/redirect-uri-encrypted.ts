import type { Control } from '../../control.ts'
import { asked } from './lab/asked.ts'

const loopback = ['localhost', '127.0.0.1', '[::1]']

export const control: Control = {
  id: 'RFC9700-2.6-TLS',
  standard: 'RFC 9700',
  section: '2.6',
  level: 'MUST',
  demands:
    'The authorization response travels encrypted: the redirect URI is https, or does not leave the machine.',
  met: ['bff/login/oidc.ts', 'bff/config-problems.ts'],
  needs: 'nothing',
  check: asked((parameters) => {
    const address = parameters.get('redirect_uri') ?? ''
    const url = URL.parse(address)
    const ok = url?.protocol === 'https:' || (url !== null && loopback.includes(url.hostname))
    return [{ ok, seen: `the authorization request has redirect_uri=${address || '(none)'}` }]
  }),
}
