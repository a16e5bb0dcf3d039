/** A route of the messages API that the browser may use. What is not in the table never reaches the API. */
export interface Route {
  readonly method: 'GET'
  readonly path: string
  /** `visitor`: the visitor's access token goes along, and nobody else gets through. */
  readonly token: 'none' | 'visitor'
}

export const routes: readonly Route[] = [
  { method: 'GET', path: '/api/messages/public', token: 'none' },
  { method: 'GET', path: '/api/messages/protected', token: 'visitor' },
  { method: 'GET', path: '/api/messages/admin', token: 'visitor' },
]
