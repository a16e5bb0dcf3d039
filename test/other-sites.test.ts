import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from './support/chromium.ts'
import { type Stack, startStack } from './support/stack.ts'
import { click, logInAs } from './support/visitor.ts'

let stack: Stack
let chromium: Browser
/** What a page of another site says; it stands at each of its addresses. */
let words = ''
const other = createServer((_req, res) => res.setHeader('Content-Type', 'text/html').end(words))
const portOf = (server: Server) => (server.address() as AddressInfo).port

beforeAll(async () => {
  ;[stack, chromium] = await Promise.all([
    startStack(),
    launchChromium(),
    once(other.listen(0, 'localhost'), 'listening'),
  ])
})
afterAll(async () => {
  await chromium.close()
  other.closeAllConnections()
  other.close()
  await stack[Symbol.asyncDispose]()
})

/** To a browser 127.0.0.1 is another site than localhost, and localhost on another port is the same site. */
const elsewhere = {
  'another site': () => `http://127.0.0.1:${portOf(other)}/`,
  'a sibling on the same site': () => `http://localhost:${portOf(other)}/`,
}

/** A tab, and what it asked the gateway for: kind of caller, path, and whether the ticket went along. */
async function openTab(javaScriptEnabled = true): Promise<{ page: Page; asked: () => Promise<string[]> }> {
  const page = await (await chromium.newContext({ javaScriptEnabled })).newPage()
  const requests: Promise<string>[] = []
  page.on('request', (request) => {
    const { origin, pathname } = new URL(request.url())
    if (origin !== stack.baseUrl || request.resourceType() !== 'document') return
    const line = async () => {
      const { 'sec-fetch-site': site, cookie = '' } = await request.allHeaders()
      return `${site} ${pathname} ${cookie.includes('ticket') ? 'with' : 'without'}`
    }
    requests.push(line())
  })
  return { page, asked: () => Promise.all(requests.splice(0)) }
}

async function logIn(page: Page): Promise<void> {
  await page.goto(`${stack.baseUrl}/login?returnTo=/protected`)
  await logInAs(page, 'user@example.com', stack.baseUrl)
  await heading(page, 'Protected Page')
}

const heading = (page: Page, name: string) => page.getByRole('heading', { name }).waitFor()

describe.each([
  ['with scripts', true],
  ['without scripts', false],
])('%s', (_name, scripts) => {
  test('a link from another site shows a visitor who is logged in the page, asked for twice', async () => {
    const { page, asked } = await openTab(scripts)
    await logIn(page)
    await asked()
    words = `<a href="${stack.baseUrl}/protected?from=mail">Look</a>`
    await page.goto(elsewhere['another site']())
    await click(page, 'Look')
    await heading(page, 'Protected Page')
    expect(page.url()).toBe(`${stack.baseUrl}/protected?from=mail`)
    expect(await asked()).toEqual(['cross-site /protected without', 'same-origin /protected with'])

    await page.reload()
    await heading(page, 'Protected Page')
    await page.goBack()
    expect(page.url()).toBe(elsewhere['another site']())
    await page.goForward()
    await heading(page, 'Protected Page')
    // The browser puts the caller of the first time to what it asks for again; no two of these follow each other.
    for (const line of await asked()) expect(line).toBe('same-origin /protected with')
    await page.context().close()
  })

  test('a link from another site to a public page does not show a visitor as logged out', async () => {
    const { page } = await openTab(scripts)
    await logIn(page)
    words = `<a href="${stack.baseUrl}/">Look</a>`
    await page.goto(elsewhere['another site']())
    await click(page, 'Look')
    await page.getByRole('button', { name: 'Log Out' }).waitFor()
    await page.context().close()
  })

  test('a link from another site leads nobody to login, and from there to the page', async () => {
    const { page, asked } = await openTab(scripts)
    words = `<a href="${stack.baseUrl}/protected">Look</a>`
    await page.goto(elsewhere['another site']())
    await click(page, 'Look')
    await logInAs(page, 'user@example.com', stack.baseUrl)
    await heading(page, 'Protected Page')
    expect(await asked()).toEqual([
      'cross-site /protected without',
      'same-origin /protected without',
      'same-origin /login without',
      'cross-site /callback without',
      'same-origin /callback without',
      'same-origin /protected with',
    ])
    await page.context().close()
  })
})

test.each([
  ['another site', 'cross-site'],
  ['a sibling on the same site', 'same-site'],
] as const)('a form of %s changes nothing, whoever is logged in (C02, C03, C04)', async (where, site) => {
  const { page, asked } = await openTab()
  await logIn(page)
  for (const encoding of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
    words = `<form method="post" enctype="${encoding}" action="${stack.baseUrl}/logout"><button>Win</button></form>`
    await page.goto(elsewhere[where]())
    await asked()
    await page.getByRole('button', { name: 'Win' }).click()
    await heading(page, 'Forbidden')
    expect(await asked()).toEqual([`${site} /logout ${site === 'same-site' ? 'with' : 'without'}`])
  }
  await page.goto(`${stack.baseUrl}/protected`)
  await heading(page, 'Protected Page')
  await page.context().close()
})
