import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { localPath } from '../bff/edge/return-to.ts'
import { good, hostileTexts, madeUpAddress } from './support/addresses.ts'
import { launchChromium } from './support/chromium.ts'

let server: Server
let chromium: Browser
let page: Page
let origin: string
beforeAll(async () => {
  // A document to be on, and redirects to wherever their query says, as it stands there.
  server = createServer((req, res) => {
    const [path, text] = (req.url ?? '').split('?to=', 2)
    if (path !== '/redirect') return res.writeHead(200, { 'content-type': 'text/html' }).end('<a></a>')
    return res.writeHead(303, { location: decodeURIComponent(text ?? '') }).end()
  }).listen(0, 'localhost')
  await once(server, 'listening')
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
  chromium = await launchChromium()
  page = await chromium.newPage()
  await page.goto(origin)
})
afterAll(async () => {
  await chromium.close()
  server.closeAllConnections()
  server.close()
})

/** Where each address is to the browser: to its parser, and as a link of a page. */
function originsOf(addresses: readonly string[]): Promise<[parsed: string, linked: string][]> {
  return page.evaluate(`{
    const link = document.querySelector('a')
    const values = ${JSON.stringify(addresses)}
    values.map((value) => {
      link.setAttribute('href', value)
      return [URL.parse(value, document.baseURI)?.origin ?? 'none', link.protocol + '//' + link.host]
    })
  }`)
}

/** Those that lead the browser away from this origin. */
async function leaving(addresses: readonly string[]): Promise<string[]> {
  const origins = await originsOf(addresses)
  return addresses.filter((_, index) => origins[index]?.some((other) => other !== origin))
}

test('the browser itself takes many of the hostile addresses for other sites', async () => {
  expect((await leaving(hostileTexts)).length).toBeGreaterThan(200)
  expect(
    await leaving(['/x', '//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:x']),
  ).toEqual(['//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:x'])
})

test('no page to come back to leaves this origin, by a link or by the parser (L15)', async () => {
  const madeUp = fc.sample(madeUpAddress, { seed: 16, numRuns: 20_000 })
  const texts = [...hostileTexts, ...good.map(([before]) => before), ...madeUp]
  const pages = new Set(texts.map((text) => localPath(text, origin)))
  expect(pages.size).toBeGreaterThan(1000)
  expect(await leaving([...pages])).toEqual([])
})

/** As this browser writes it: the one character that the standard has left open. */
const written = (path: string) =>
  origin + path.replace(/^[^?]*/, (pathname) => pathname.replaceAll('|', '%7C'))

test('the browser reads each of them as it was written: nothing in it is left to resolve', async () => {
  const madeUp = fc.sample(madeUpAddress, { seed: 17, numRuns: 5000 })
  const pages = [
    ...new Set([...good.map(([before]) => before), ...madeUp].map((text) => localPath(text, origin))),
  ]
  const read = await page.evaluate(
    `${JSON.stringify(pages)}.map((path) => new URL(path, document.baseURI).href)`,
  )
  expect(read).toEqual(pages.map(written))
})

test('a redirect to one of them ends on this origin', async () => {
  // One of each beginning: thousands of page loads would show the same.
  const beginnings = new Map(
    fc
      .sample(madeUpAddress, { seed: 18, numRuns: 20_000 })
      .map((text) => localPath(text, origin))
      .map((path) => [path.slice(0, 2), path]),
  )
  for (const path of beginnings.values()) {
    await page.goto(`${origin}/redirect?to=${encodeURIComponent(path)}`)
    expect(page.url()).toBe(written(path))
  }
  await page.goto(origin)
})
