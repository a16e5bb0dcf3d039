import { type Control, finding, probe } from '../../control.ts'
import { firstLogin } from '../../probes/logins.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B20',
  standard: 'RFC 10017',
  section: '6.1.2.1',
  level: 'described',
  demands:
    'A login begins with a navigation, which the gateway answers with a redirect to the authorization server.',
  met: ['bff/login/login.ts'],
  needs: 'nothing',
  check: async (target) => {
    const { answer, url } = await firstLogin(target)
    const isElsewhere = url.origin !== new URL(target.baseUrl).origin
    return finding([
      probe(
        answer.status === 302 || answer.status === 303,
        `GET ${target.paths.login} by navigation`,
        answer,
      ),
      { ok: isElsewhere, seen: `to ${url.origin}${url.pathname}` },
      { ok: url.searchParams.has('client_id'), seen: `client_id=${url.searchParams.get('client_id')}` },
    ])
  },
}
