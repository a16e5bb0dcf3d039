import { send } from '../../../test/support/browser.ts'
import { type Control, finding, notApplicable } from '../../control.ts'
import { authorizationRequests } from './lab/login.ts'

const name = '.well-known/openid-configuration'

/** The authorization endpoint that somebody publishes above this one (an issuer may have a path), if anybody does. */
async function publishedAbove(endpoint: URL): Promise<string | undefined> {
  const folders = endpoint.pathname.split('/').slice(0, -1)
  for (const index of folders.keys()) {
    const place = new URL(`${folders.slice(0, index + 1).join('/')}/${name}`, endpoint)
    const { status, text } = await send(place, 'GET', { accept: 'application/json' })
    if (status === 200) return String(JSON.parse(text).authorization_endpoint)
  }
  return undefined
}

export const control: Control = {
  id: 'RFC9700-2.6-METADATA',
  standard: 'RFC 9700',
  section: '2.6',
  level: 'SHOULD',
  demands: 'The gateway takes the provider’s endpoints from its metadata (RFC 8414).',
  met: ['bff/session/provider.ts', 'shared/issuer-keys.ts'],
  needs: 'nothing',
  check: async (target) => {
    const [request] = (await authorizationRequests(target)) as [URL]
    const published = await publishedAbove(request)
    if (published === undefined) return notApplicable(`${request.origin} publishes no metadata at ${name}`)
    const used = request.origin + request.pathname
    return finding([
      { ok: published === used, seen: `logins go to ${used}; the provider publishes ${published}` },
    ])
  },
}
