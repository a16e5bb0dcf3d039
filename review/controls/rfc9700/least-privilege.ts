import { decodeJwt } from 'jose'
import { type Control, finding } from '../../control.ts'
import { parameters } from './lab/login.ts'

export const control: Control = {
  id: 'RFC9700-2.3-AUDIENCE',
  standard: 'RFC 9700',
  section: '2.3',
  level: 'SHOULD',
  demands: 'Access tokens are asked for, and good for, the one API that the gateway calls.',
  met: ['bff/login/oidc.ts'],
  needs: 'embedded',
  check: async (target) => {
    await target.loggedIn()
    const asked = await parameters(target)
    const api = asked.get('audience') ?? asked.get('resource')
    const token = target.stack.issuedTokens().findLast(({ kind }) => kind === 'access_token')?.value ?? ''
    const { aud, scope } = token.includes('.') ? decodeJwt(token) : {}
    // The provider's own endpoint for claims comes with the scope openid.
    const strange = [aud ?? []]
      .flat()
      .filter((each) => each !== api && each !== `${target.stack.tenantUrl}/userinfo`)
    return finding([
      { ok: api !== null, seen: `the authorization request names the API: ${api ?? '(none)'}` },
      {
        ok: [aud ?? []].flat().length > 0 && strange.length === 0,
        seen: `the access token has aud=${JSON.stringify(aud)}`,
      },
      {
        ok: !/\*/.test(asked.get('scope') ?? ''),
        seen: `asked for scope=${asked.get('scope')}, got scope=${JSON.stringify(scope)}`,
      },
    ])
  },
}
