import { type Control, finding, probe } from '../../control.ts'
import { arrivedFor } from '../../probes/upstream.ts'

export const control: Control = {
  id: 'ASVS-4.1.3',
  standard: 'ASVS 5.0',
  section: '4.1.3',
  level: 'L2',
  demands: 'What the gateway tells the API in headers cannot be said, or overridden, by the client.',
  met: ['bff/gateway/headers.ts'],
  needs: 'embedded',
  check: async (target) => {
    const forged = {
      authorization: 'Bearer forged-by-the-client',
      'x-request-id': 'forged',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'ftp',
      'x-real-ip': '203.0.113.7',
      'x-user-id': 'admin',
      forwarded: 'for=203.0.113.7',
      'x-http-method-override': 'DELETE',
      'x-original-url': '/admin',
    }
    const { answer, arrived } = await arrivedFor(target, target.paths.api, { headers: forged })
    const [first] = arrived
    if (!first) return finding([probe(true, `GET ${target.paths.api} with them: nothing arrives`, answer)])
    return finding(
      Object.entries(forged).map(([name, value]) => {
        const got = String(first.request.headers[name] ?? '(none)')
        return {
          ok: !got.includes(value),
          seen: `${name}: ${value} → at the API ${name === 'authorization' && !got.includes(value) ? '(the visitor’s token)' : got}`,
        }
      }),
    )
  },
}
