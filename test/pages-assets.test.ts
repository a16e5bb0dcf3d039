import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { assetAddress } from '../bff/pages/assets.ts'
import { attribute, Browser, elements, navigationHeaders, send } from './support/browser.ts'
import { type Stack, startStack } from './support/stack.ts'

let stack: Stack
let browser: Browser
let addresses: string[]
beforeAll(async () => {
  stack = await startStack()
  browser = new Browser(stack.baseUrl)
  const { text } = await browser.open('/')
  addresses = [...elements(text, 'script'), ...elements(text, 'link')].flatMap(
    (element) => attribute(element, 'src') ?? attribute(element, 'href') ?? [],
  )
})
afterAll(() => stack[Symbol.asyncDispose]())

describe('the assets of a page', () => {
  test('are the favicon, one style sheet, htmx and our own script', () => {
    expect(addresses.map((address) => address.replace(/\.[0-9a-f]{12}\./, '.'))).toEqual(
      expect.arrayContaining(['/assets/favicon.svg', '/assets/app.css', '/assets/htmx.js', '/assets/app.js']),
    )
    expect(addresses).toHaveLength(4)
  })

  test('may be kept for ever by anybody: their names change with their content', async () => {
    for (const address of addresses) {
      expect(address).toMatch(/^\/assets\/\w+\.[0-9a-f]{12}\.\w+$/)
      const { status, headers } = await browser.fetch(address)
      expect(status).toBe(200)
      expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      // K03: nothing personal in what everybody may keep.
      expect(headers.getSetCookie()).toEqual([])
      expect(headers.get('vary')).toBeNull()
    }
  })

  test('say what they are and arrive whole', async () => {
    const types = {
      css: 'text/css; charset=utf-8',
      js: 'text/javascript; charset=utf-8',
      svg: 'image/svg+xml',
    }
    for (const [extension, type] of Object.entries(types)) {
      for (const address of addresses.filter((candidate) => candidate.endsWith(`.${extension}`))) {
        expect((await browser.fetch(address)).headers.get('content-type')).toBe(type)
      }
    }
    const css = addresses.find((address) => address.endsWith('.css')) ?? ''
    const source = readFileSync(join(import.meta.dirname, '../public/app.css'), 'utf8')
    expect((await browser.fetch(css)).text).toBe(source)
  })

  test('are read, and nothing else', async () => {
    for (const path of [assetAddress('app.css'), '/favicon.ico']) {
      const answer = await fetch(new URL(path, stack.baseUrl), { method: 'POST', redirect: 'manual' })
      expect([path, answer.ok, answer.status >= 400]).toEqual([path, false, true])
    }
  })

  test('are there without a session storage, and for whoever holds any cookie', async () => {
    const [address = ''] = addresses
    const url = new URL(address, stack.baseUrl)
    expect((await send(url, 'GET', { cookie: 'ticket=nonsense' })).status).toBe(200)
    const head = await send(url, 'HEAD', {})
    expect([head.status, head.text]).toEqual([200, ''])
  })

  test('come with the favicon under the name that browsers guess', async () => {
    const icon = await browser.open('/favicon.ico')
    expect(icon.status).toBe(200)
    expect(icon.headers.get('content-type')).toBe('image/svg+xml')
  })
})

test.each([
  '/assets/',
  '/assets',
  '/assets/app.css',
  '/assets/app.000000000000.css',
  '/assets/.env',
  '/.env',
  '/.git/config',
  '/app.css',
  '/public/app.css',
  '/package.json',
  '/assets/x.app.css',
  '/assets/app.js.map',
  '/.data/sessions.db',
  '/core',
  '/Heap.20261125.heapsnapshot',
  '/report.20261125.json',
])('nothing else is served: %s is not found (X16, I05, I08)', async (path) => {
  const url = new URL(stack.baseUrl)
  const { status, headers } = await send(new URL(path, url), 'GET', navigationHeaders)
  expect(status).toBe(404)
  expect(headers.get('cache-control')).toBe('no-store')
})

test.each([
  '/assets/..%2fapp.css',
  '/assets/..%2f..%2fpackage.json',
  '/assets/%2e%2e%2fpackage.json',
  '/assets/%252e%252e/package.json',
  '/assets/%00',
])('%s is refused before anything looks for it (X16)', async (path) => {
  const { status } = await send(new URL(path, stack.baseUrl), 'GET', navigationHeaders)
  expect(status).toBe(400)
})
