import { globSync } from 'node:fs'
import { join } from 'node:path'
import express from 'express'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadConfig } from '../bff/config.ts'
import { message, profile } from '../bff/pages/page-data.ts'
import { siteMap } from '../bff/pages/site-map.ts'
import { useViews } from '../bff/pages/views.ts'
import type { Visitor } from '../bff/session/session.ts'
import { harmlessText, madeUpText, pictureAt, type Skeleton, skeleton } from './support/skeleton.ts'

const folder = join(import.meta.dirname, '../views')
const templates = globSync('**/*.eta', { cwd: folder })
  .map((file) => file.replaceAll('\\', '/').replace(/\.eta$/, ''))
  .sort()

const config = loadConfig({})
const app = express()
useViews(app, config)

// Times are shown too, and are no part of this.
beforeAll(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 }))
afterAll(() => void vi.useRealTimers())

/** What else decides on how a page looks. */
const scene = fc.record({
  layout: fc.constantFrom('/layouts/page', '/layouts/fragment'),
  isLoggedIn: fc.boolean(),
  /** Seconds until the session ends: some of them are time to warn. */
  left: fc.constantFrom(60, 1800),
  isFinal: fc.boolean(),
  inPlace: fc.boolean(),
  apiStatus: fc.constantFrom(200, 401, 403, 500),
  problem: fc.constantFrom(undefined, 404, 503),
  /** On an error page: what the visitor can do about it, or whose page it was. */
  hasAction: fc.boolean(),
  hasPage: fc.boolean(),
})
type Scene = typeof scene extends fc.Arbitrary<infer Value> ? Value : never

const unused = () => Promise.reject(new Error('no view needs it'))

/** All that views are given, with the text in every place where the words of somebody else go. */
async function given(template: string, text: string, its: Scene): Promise<object> {
  const expiresAt = Date.now() + its.left * 1000
  const claims = {
    sub: text,
    name: text,
    email: text,
    picture: pictureAt(text),
    [text]: [text, { [text]: text }],
  }
  const endsAt = its.isFinal ? expiresAt : expiresAt + 3_600_000
  const visitor: Visitor = {
    claims,
    expiresAt,
    endsAt,
    accessToken: unused,
    sessions: unused,
    endOthers: unused,
  }
  const mustBeSomebody = template === 'profile' || template === 'partials/session-watch'
  const fetchMessage = async () => ({ status: its.apiStatus, body: { text, [text]: [text] } })
  const load = template === 'profile' ? profile : message('/', 'none')
  const { data } = await load({ visitor, requestId: '', traceparent: '', fetchMessage })
  const session = { key: text, browser: text, signedIn: text, seen: text }
  const action = its.hasAction ? { href: text.toWellFormed(), label: text } : undefined
  const status = template === 'error' ? (its.problem ?? 500) : its.problem
  const page = siteMap.find(({ path }) => path === '/protected')
  return {
    ...(template === 'error' && !its.hasPage ? {} : { page }),
    visitor: its.isLoggedIn || mustBeSomebody ? visitor : undefined,
    data: {
      ...data,
      sessions: [
        { ...session, isThis: true },
        { ...session, isThis: false },
      ],
    },
    problem: status && { status, title: text, text, action },
    status: app.locals.statusOf(visitor),
    layout: its.layout,
    inPlace: its.inPlace,
    path: text,
    address: text.toWellFormed(),
    requestId: text,
    formToken: () => 'token',
    panel: text,
    note: text,
    permission: text,
    role: text,
    title: text,
    body: '<p>The view.</p>',
  }
}

function render(template: string, all: object): Promise<string> {
  return new Promise((resolve, reject) => {
    app.render(template, all, (error, html) => (error ? reject(error) : resolve(html)))
  })
}

const shown = async (template: string, text: string, its: Scene): Promise<Skeleton> =>
  skeleton(await render(template, await given(template, text, its)), text)

/** Where each view shows words of somebody else. */
const aroundIt = ['a[href]', 'bdi', 'div[hx-get]', 'input[value]', 'meta[content]']
const places: Readonly<Record<string, readonly string[]>> = {
  admin: [...aroundIt, 'p', 'pre', 'title'],
  error: [...aroundIt, 'a', 'code', 'h1', 'h2', 'p', 'pre', 'title'],
  home: [...aroundIt, 'title'],
  'layouts/fragment': ['title'],
  'layouts/page': [...aroundIt, 'title'],
  onward: ['a[href]', 'meta[content]'],
  'partials/bar': ['a[href]', 'bdi'],
  'partials/diagram': [],
  'partials/form-token': [],
  'partials/mark': [],
  'partials/message-panel': ['code', 'h2', 'p', 'pre'],
  'partials/session-end': ['a[href]', 'input[value]'],
  'partials/session-watch': ['a[href]', 'div[hx-get]', 'input[value]'],
  profile: [...aroundIt, 'img[src]', 'pre', 'title'],
  protected: [...aroundIt, 'code', 'p', 'pre', 'title'],
  public: [...aroundIt, 'code', 'p', 'pre', 'title'],
  session: aroundIt,
  sessions: [...aroundIt, 'button[value]', 'h3', 'p', 'title'],
}

describe('whatever the words are, a page is built as with harmless ones (X01, X02, X04, X05, X06, X12, X14)', () => {
  test.each(templates)('views/%s.eta', { timeout: 300_000 }, async (template) => {
    const harmless = new Map<string, Skeleton>()
    const property = fc.asyncProperty(madeUpText, scene, async (text, its) => {
      const name = JSON.stringify(its)
      const expected = harmless.get(name) ?? (await shown(template, harmlessText, its))
      harmless.set(name, expected)
      expect((await shown(template, text, its)).lines).toBe(expected.lines)
    })
    await fc.assert(property, { seed: 2, numRuns: 2000 })
    const found = new Set([...harmless.values()].flatMap((one) => [...one.places]))
    expect([...found].toSorted()).toEqual(places[template]?.toSorted())
  })
})
