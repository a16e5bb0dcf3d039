import { expect } from 'vitest'
import { type Browser, formHeaders, navigationHeaders, type Page } from './browser.ts'
import { expectSafe } from './safe-headers.ts'

type Fields = Readonly<Record<string, string>>

interface Kind {
  readonly method?: string
  readonly headers: (base: string) => Fields
  /** Where it goes, if not to the address in the head of its column, and with which fields of a form. */
  readonly action?: string
}

/** What htmx was swapping a part of when it asked. */
export const current = '/profile?from=here'

const ownPage = { ...navigationHeaders, 'sec-fetch-site': 'same-origin' }
const ownScript = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }
const htmx = (type: 'full' | 'partial') => (base: string) => ({
  ...ownScript,
  accept: 'text/html',
  'hx-request': 'true',
  'hx-request-type': type,
  'hx-current-url': base + current,
})
const form = (base: string) => ({ ...ownPage, ...formHeaders(base) })

/** The rows of the tables: what browsers and htmx say of themselves when one of our own pages makes them ask. */
const kinds: Readonly<Record<string, Kind>> = {
  navigation: { headers: () => ownPage },
  'htmx fragment': { headers: htmx('partial') },
  'htmx boosted': { headers: htmx('full') },
  fetch: { headers: () => ownScript },
  'form POST': { headers: form, method: 'POST' },
  'form to stay': { headers: form, method: 'POST', action: '/session' },
  HEAD: { headers: () => ownPage, method: 'HEAD' },
  'HEAD by fetch': { headers: () => ownScript, method: 'HEAD' },
  prefetch: { headers: () => ({ ...ownPage, 'sec-purpose': 'prefetch' }) },
  prerender: { headers: () => ({ ...ownPage, 'sec-purpose': 'prefetch;prerender' }) },
}

export interface Row {
  readonly name: string
  readonly paths: readonly string[]
  readonly cells: readonly string[]
}

/** A table as people read it: its head has the addresses, `-` is a cell that says nothing. */
export function rowsOf(table: string): Row[] {
  const [head = [], ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
  expect(rows.map(([name]) => name)).toEqual(Object.keys(kinds))
  return rows.map(([name = '', ...cells]) => ({ name, cells, paths: head.slice(1) }))
}

/** A row as the gateway answers it. */
export function askRow(browser: Browser, base: string, { name, cells, paths }: Row): Promise<string[]> {
  const { method = 'GET', headers, action } = kinds[name] as Kind
  const ask = async (path: string, index: number) => {
    if (cells[index] === '-') return '-'
    const fields = { token: browser.formToken, returnTo: path }
    const body = method === 'POST' && new URLSearchParams(fields).toString()
    const answer = await browser.request(action ?? path, {
      method,
      headers: headers(base),
      ...(body && { body }),
    })
    expectOfEach(answer)
    return inWords(answer, path)
  }
  return Promise.all(paths.map(ask))
}

/** What holds whoever asks for whatever: no answer is for a cache, or begins, changes or ends a login. */
function expectOfEach({ headers }: Page): void {
  expectSafe({ headers })
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.getSetCookie()).toEqual([])
  // Express adds Accept to a redirect.
  expect(headers.get('vary')).toMatch(/^HX-Request, HX-Request-Type, Cookie(, Accept)?$/)
  expect(headers.get('etag')).toBeNull()
}

/** Status, kind of the body, where it leads, and when to come again. */
function inWords({ status, headers, text }: Page, path: string): string {
  const [location, leave] = [headers.get('location'), headers.get('hx-redirect')]
  const retry = headers.get('retry-after')
  const where: Readonly<Record<string, string>> = {
    [`/login?returnTo=${encodeURIComponent(path)}`]: 'login',
    [path]: 'back',
  }
  const from = `/login?returnTo=${encodeURIComponent(current)}`
  return [
    status,
    location === null ? bodyOf(text, headers) : (where[location] ?? location),
    ...(leave === null ? [] : [leave === from ? 'leave for login' : leave]),
    ...(retry === null ? [] : [`retry ${retry}`]),
  ].join(' ')
}

function bodyOf(text: string, headers: Headers): string {
  if (text === '') return 'empty'
  if (headers.get('content-type') === 'application/json; charset=utf-8') return 'JSON'
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  return text.startsWith('<!doctype html>') ? 'page' : 'part'
}
