import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { freePorts } from '../support/ports.ts'
import { search } from '../support/proof/matcher.ts'
import { needles } from '../support/proof/samples.ts'
import type { Seen } from '../support/proof/seen.ts'
import { worker } from '../support/proof/worker.ts'
import { Recording } from '../support/recording.ts'
import { Tap } from '../support/tap.ts'

const { value: token, kind } = needles['signed token']
type Headers = Readonly<Record<string, string>>
/** Where it has to be seen, and what is answered: headers, and the pieces of a body. */
type Leak = readonly [where: RegExp, headers: Headers, ...body: string[]]

const hidden = `atob('${btoa(token)}')`
const script = (code: string) => `<title>x</title><script>${code}</script>`
/** The end of the script is seen in the title. */
const later = (code: string) => `<script type=module>${code};document.title='done'</script>`
const wire = /^to the browser: GET \/planted: body$/
const leaks: Readonly<Record<string, Leak>> = {
  'a body': [wire, {}, `<p>${token}</p>`],
  'a body, percent-encoded': [wire, {}, `<a href="?t=${token.replaceAll('.', '%2E')}">x</a>`],
  'a body, base64-encoded': [wire, {}, `<p>x${btoa(`..${token}`)}</p>`],
  'a body, without its first part': [wire, {}, `<p>${token.split('.')[1]}</p>`],
  'a body, in chunks of seven bytes': [wire, {}, ...(token.match(/.{1,7}/g) ?? [])],
  'a body, as the browser tells of it': [/^body of \/planted$/, {}, `<p>${token}</p>`],
  'the body of a redirect': [wire, { Location: '/landed' }, token],
  'a header': [/^to the browser: GET \/planted: header x-debug$/, { 'X-Debug': `token=${token}` }, ''],
  'a header, as the browser tells of it': [
    /^response header x-debug of \/planted$/,
    { 'X-Debug': token },
    '',
  ],
  'a cookie': [/^to the browser: GET \/planted: set-cookie t$/, { 'Set-Cookie': `t=${token}; HttpOnly` }, ''],
  'a cookie, as the browser keeps it': [/^cookies$/, { 'Set-Cookie': `t=${token}; HttpOnly` }, ''],
  'a cookie that a script makes': [
    /^storage of \/planted$/,
    {},
    script(`document.cookie = 't=' + ${hidden}`),
  ],
  'local storage': [/^storage$/, {}, script(`localStorage.t = ${hidden}`)],
  'session storage': [/^storage of \/planted$/, {}, script(`sessionStorage.t = ${hidden}`)],
  'the name of the window': [/^storage of \/planted$/, {}, script(`window.name = ${hidden}`)],
  'the state of the history': [/^storage of \/planted$/, {}, script(`history.replaceState(${hidden}, '')`)],
  'the address': [/^address bar$/, {}, script(`history.replaceState({}, '', '?t=' + ${hidden})`)],
  'an address it had': [
    /^history of \/planted$/,
    {},
    script(`history.pushState({}, '', '?t=' + ${hidden}); history.pushState({}, '', '?')`),
  ],
  'the document': [/^document of \/planted$/, {}, script(`document.title = ${hidden}`)],
  'a frame': [
    /^document of srcdoc$/,
    {},
    later(`const f = document.createElement('iframe');
    f.srcdoc = ${hidden}; document.body.append(f); await new Promise((loaded) => (f.onload = loaded))`),
  ],
  'the console': [/^console$/, {}, script(`console.log(${hidden})`)],
  'an address that it asks for': [/^address$/, {}, later(`await fetch('/?t=' + ${hidden})`)],
  'what it sends': [
    /^request body of \/$/,
    {},
    later(`await fetch('/', { method: 'POST', body: ${hidden} })`),
  ],
  'a database': [
    /^storage$/,
    {},
    later(`const open = indexedDB.open('d'); await new Promise((done) => {
    open.onupgradeneeded = () => open.result.createObjectStore('s').put(${hidden}, 'k'); open.onsuccess = done })`),
  ],
  'a cache': [/^cache c$/, {}, later(`await (await caches.open('c')).put('/x', new Response(${hidden}))`)],
  'a measurement': [/^performance entries$/, {}, script(`performance.mark(${hidden})`)],
  'a download': [
    /^download t\.txt$/,
    {},
    later(`const a = document.createElement('a'); a.download = 't.txt';
    a.href = URL.createObjectURL(new Blob([${hidden}])); a.click()`),
  ],
}

let chromium: Browser
let server: Server
let planted: Leak
const tap = new Tap()
let url = ''
beforeAll(async () => {
  server = createServer((req, res) => {
    if (req.url !== '/planted') return res.end()
    const [, headers, ...body] = planted
    res.writeHead(headers.Location ? 303 : 200, { 'Content-Type': 'text/html', ...headers })
    for (const part of body) res.write(part)
    return res.end()
  })
  const [front = 0, port = 0] = await freePorts(2)
  ;[chromium] = await Promise.all([launchChromium(), once(server.listen(port, 'localhost'), 'listening')])
  await tap.open({ host: 'localhost', port: front }, { host: 'localhost', port })
  url = `http://localhost:${front}`
})
afterAll(async () => {
  await chromium.close()
  tap.close()
  server.close()
})

async function visit(leak: Leak): Promise<Seen[]> {
  planted = leak
  const context = await chromium.newContext()
  const recording = new Recording(context)
  const page = await recording.newPage()
  const [, , ...pieces] = leak
  const body = pieces.join('')
  const downloads = body.includes('a.download') ? [page.waitForEvent('download')] : []
  await page.goto(`${url}/planted`)
  if (body.includes('type=module')) await page.waitForFunction(`document.title === 'done'`)
  await Promise.all(downloads)
  await recording.takeStock()
  const seen = [...(await recording.complete()), ...tap.take()]
  await context.close()
  return seen
}

describe('in a browser', () => {
  test.each(Object.entries(leaks))('a token planted in %s is found there', async (_place, leak) => {
    const found = search(await visit(leak), Object.values(needles))
    const isFound = found.some((each) => each.kind === kind && leak[0].test(each.where))
    worker.figures.planted += 1
    worker.figures.killed += Number(isFound)
    expect(isFound, JSON.stringify(found, null, 1)).toBe(true)
  })

  test('nothing is found where nothing is planted', async () => {
    const seen = await visit([wire, {}, '<p>Hello</p>'])
    expect(seen.map(({ where }) => where)).toContain('to the browser: GET /planted: body')
    expect(search(seen, Object.values(needles))).toEqual([])
  })
})
