import type { CDPSession, Page } from 'playwright-core'

type Note = (where: string, text: string) => void

/** What a page asks for and gets, as the browser's own developer tools tell of it. */
export interface Network {
  readonly session: CDPSession
  /** Headers as they were sent are told of apart from their requests, sometimes before these. */
  flush(): void
}

export async function listenToNetwork(
  page: Page,
  note: Note,
  wait: (pending: Promise<unknown>) => void,
): Promise<Network> {
  const session = await page.context().newCDPSession(page)
  /** Of each request, with all that it was redirected through. */
  const chains = new Map<string, string[]>()
  const path = (id: string) => chains.get(id)?.at(-1) ?? ''
  const told = { request: new Map<string, number>(), response: new Map<string, number>() }
  const late: (() => void)[] = []
  const noteHeaders = (
    kind: 'request' | 'response',
    id: string,
    headers: Readonly<Record<string, string>>,
  ) => {
    const index = told[kind].get(id) ?? 0
    told[kind].set(id, index + 1)
    late.push(() => {
      const of = chains.get(id)?.[index] ?? path(id)
      for (const [name, value] of Object.entries(headers)) {
        note(`${kind} header ${name.toLowerCase()} of ${of}`, `${name}: ${value}`)
      }
    })
  }
  session.on('Network.requestWillBeSent', ({ requestId, request, documentURL }) => {
    chains.set(requestId, [...(chains.get(requestId) ?? []), new URL(request.url).pathname])
    for (const address of [request.url, documentURL]) note('address', address)
    if (request.postData) note(`request body of ${path(requestId)}`, request.postData)
  })
  session.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) =>
    noteHeaders('request', requestId, headers),
  )
  session.on('Network.responseReceivedExtraInfo', ({ requestId, headers }) =>
    noteHeaders('response', requestId, headers),
  )
  session.on('Network.loadingFinished', ({ requestId }) => {
    const body = session.send('Network.getResponseBody', { requestId }).then(
      (answer) => {
        const text = answer.base64Encoded
          ? Buffer.from(answer.body, 'base64').toString('latin1')
          : answer.body
        note(`body of ${path(requestId)}`, text)
      },
      // Of a page that was left meanwhile. The tap has it.
      () => {},
    )
    wait(body)
  })
  session.on('Network.webSocketFrameReceived', ({ response }) => note('web socket', response.payloadData))
  session.on('Network.webSocketFrameSent', ({ response }) => note('web socket', response.payloadData))
  session.on('Network.eventSourceMessageReceived', ({ data }) => note('event source', data))
  session.on('Audits.issueAdded', ({ issue }) => note('issue', JSON.stringify(issue)))
  await Promise.all([session.send('Network.enable'), session.send('Audits.enable')])
  const flush = () => {
    for (const tell of late.splice(0)) tell()
  }
  return { session, flush }
}

/** What the browser keeps of the page that no script of another origin could read. */
export async function noteKept(session: CDPSession, page: Page, note: Note): Promise<void> {
  const { entries } = await session.send('Page.getNavigationHistory')
  for (const { url, userTypedURL, title } of entries) {
    for (const text of [url, userTypedURL, title]) note(`history of ${new URL(url).pathname}`, text)
  }
  const { origin } = new URL(page.url() || 'about:blank')
  if (origin === 'null') return
  const { caches } = await session.send('CacheStorage.requestCacheNames', { securityOrigin: origin })
  for (const { cacheId, cacheName } of caches) {
    const { cacheDataEntries } = await session.send('CacheStorage.requestEntries', { cacheId })
    for (const { requestURL, requestHeaders } of cacheDataEntries) {
      const request = { cacheId, requestURL, requestHeaders }
      const { response } = await session.send('CacheStorage.requestCachedResponse', request)
      note(`cache ${cacheName}`, requestURL)
      note(`cache ${cacheName}`, Buffer.from(response.body, 'base64').toString('latin1'))
    }
  }
}
