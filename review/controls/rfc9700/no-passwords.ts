import { attribute, elements } from '../../../test/support/browser.ts'
import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC9700-2.4-PASSWORD',
  standard: 'RFC 9700',
  section: '2.4',
  level: 'MUST',
  demands: 'The gateway never asks for a user’s password: only the provider’s pages do.',
  met: ['bff/login/login.ts', 'views/home.eta'],
  needs: 'nothing',
  check: async (target) => {
    const pages = await Promise.all(
      ['/', target.paths.login, target.paths.page].map((path) => target.anonymous(path)),
    )
    const grants = target.isEmbedded ? target.stack.tenant.log.map(({ grant }) => grant).filter(Boolean) : []
    return finding([
      ...pages.map(({ url, status, text }) => {
        const fields = elements(text, 'input').filter((input) => attribute(input, 'type') === 'password')
        return {
          ok: fields.length === 0,
          seen: `GET ${url.pathname} → ${status}, fields for a password: ${fields.length}`,
        }
      }),
      ...[...new Set(grants)].map((grant) => ({
        ok: grant !== 'password',
        seen: `the embedded tenant was asked for the grant ${String(grant)}`,
      })),
    ])
  },
}
