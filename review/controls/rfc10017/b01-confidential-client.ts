import { type Control, finding } from '../../control.ts'

export const control: Control = {
  id: 'RFC10017-6.1-B1',
  standard: 'RFC 10017',
  section: '6.1.3.1',
  level: 'MUST',
  demands: 'The gateway proves to the authorization server who it is when it redeems a code.',
  met: ['bff/login/oidc.ts', 'bff/config.ts'],
  needs: 'embedded',
  check: async (target) => {
    const secrets = () => target.stack.issuedTokens().filter(({ kind }) => kind === 'client_secret').length
    const before = secrets()
    await target.freshLogin()
    const sent = secrets() - before
    return finding([
      { ok: sent > 0, seen: `One login: the token endpoint received the client's secret: ${sent}` },
    ])
  },
}
