import { HttpError } from '../http-error.ts'
import type { Visitor } from '../session/session.ts'
import { emailOf, nameOf, pictureOf, userClaims } from './claims.ts'
import type { FetchMessage } from './messages-api.ts'

/** What a page needs to be filled. */
export interface PageRequest {
  readonly visitor: Visitor | undefined
  readonly requestId: string
  readonly traceparent: string
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
  return async ({ visitor, fetchMessage, ...ids }) => {
    const accessToken = token === 'visitor' ? await visitor?.accessToken() : undefined
    let answer = await fetchMessage(path, { ...ids, accessToken })
    if (answer.status === 401 && accessToken) {
      const another = await visitor?.accessToken(accessToken)
      if (another?.reveal() !== accessToken.reveal()) {
        answer = await fetchMessage(path, { ...ids, accessToken: another })
      }
    }
    const json = JSON.stringify(answer.body, null, 2)
    return { status: pageStatus(answer.status), data: { json, apiStatus: answer.status } }
  }
}

/**
 * The API's verdict is the page's, but for two: a 401 means that the API does not take our token (the visitor
 * is logged in, and logging in again would not help), and a 5xx is the API's trouble, not the gateway's.
 */
function pageStatus(apiStatus: number): number {
  return apiStatus === 401 || apiStatus >= 500 ? 502 : apiStatus
}

export const profile: LoadPage = async ({ visitor }) => {
  if (!visitor) throw new HttpError(401, 'A profile without a visitor')
  const { claims } = visitor
  return {
    status: 200,
    data: {
      name: nameOf(claims),
      email: emailOf(claims),
      picture: pictureOf(claims),
      json: JSON.stringify(userClaims(claims), null, 2),
    },
  }
}
