import type { Claims, Visitor } from '../session/session.ts'
import type { Answer, FetchMessage } from './messages-api.ts'

/** What a page needs to be filled. */
export interface PageRequest {
  readonly visitor: Visitor | undefined
  readonly requestId: string
  readonly fetchMessage: FetchMessage
}

/** The status of the answer and what the view shows; views find it as `it.data`. */
export interface PageContent {
  readonly status: number
  readonly data: object
}

export type LoadPage = (request: PageRequest) => Promise<PageContent>

/** A page around one message of the API, fetched with the visitor's access token where it needs one. */
export function message(path: string, token: 'none' | 'visitor'): LoadPage {
  return async ({ visitor, requestId, fetchMessage }) => {
    const accessToken = token === 'visitor' ? await visitor?.accessToken() : undefined
    const answer = await fetchMessage(path, { requestId, ...(accessToken !== undefined && { accessToken }) })
    const json = JSON.stringify(answer.body, null, 2)
    return { status: pageStatus(answer), data: { json, apiStatus: answer.status } }
  }
}

/**
 * The API's verdict is the page's, but for two: a 401 means that the API does not take our token (the visitor
 * is logged in, and logging in again would not help), and a 5xx is the API's trouble, not the gateway's.
 */
function pageStatus({ status }: Answer): number {
  return status === 401 || status >= 500 ? 502 : status
}

/** Claims about the token and the login rather than about the user; the list of Auth0's own single-page SDK. */
const protocolClaims = new Set(
  (
    'iss aud exp nbf iat jti azp nonce auth_time at_hash c_hash acr amr sub_jwk cnf sip_from_tag sip_date ' +
    'sip_callid sip_cseq_num sip_via_branch orig dest mky events toe txn rph sid vot vtm'
  ).split(' '),
)

export const profile: LoadPage = async ({ visitor }) => {
  const claims: Claims | undefined = visitor?.claims
  const shown = Object.entries(claims ?? {}).filter(([name]) => !protocolClaims.has(name))
  return {
    status: 200,
    data: {
      name: text(claims?.name) ?? text(claims?.nickname) ?? claims?.sub,
      email: text(claims?.email),
      picture: pictureAddress(claims),
      json: JSON.stringify(Object.fromEntries(shown), null, 2),
    },
  }
}

function text(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined
}

/** A picture may come by https, or by http from the provider itself (the embedded tenant). Never javascript: or data:. */
function pictureAddress(claims: Claims | undefined): string | undefined {
  const url = URL.parse(text(claims?.picture) ?? '')
  if (url?.protocol === 'https:') return url.href
  const provider = URL.parse(text(claims?.iss) ?? '')
  return url?.protocol === 'http:' && url.origin === provider?.origin ? url.href : undefined
}
