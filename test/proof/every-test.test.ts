import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser } from '../support/browser.ts'
import { freePorts } from '../support/ports.ts'
import { Program } from '../support/program.ts'
import { canBeBehind } from '../support/proof/behind.ts'
import { record } from '../support/proof/record.ts'
import { worker } from '../support/proof/worker.ts'
import { type Proxied, startProxied } from '../support/proxied.ts'

let all: Proxied
beforeAll(async () => {
  all = await startProxied()
})
afterAll(() => all[Symbol.asyncDispose]())

/** The API answers with the token on a route for everybody, where the gateway has no visitor and looks for nothing. */
async function leak(text: string, browser = all.user): Promise<void> {
  all.upstream.answer = (_req, res) =>
    void res.writeHead(200, { 'Content-Type': 'application/json' }).end(text)
  expect((await browser.fetch('/api/open')).text).toBe(text)
}
const reached: string[] = []

describe.runIf(canBeBehind)('whatever a test is about, it fails', () => {
  const plants: Readonly<Record<string, () => Promise<void> | void>> = {
    'when a token goes to the browser': () => leak(JSON.stringify(all.accessToken)),
    'when it does so in base64': () => leak(JSON.stringify(btoa(`Bearer ${all.accessToken}`))),
    'when something goes there that has the shape of a token': () =>
      leak('"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbnlib2R5In0."'),
    'when the gateway has said a token': () =>
      worker.add({ file: 'a program', output: `{"msg":"refreshed","token":"${all.accessToken}"}` }),
    'when a token stands in the folder of the gateway': () => {
      writeFileSync(join(all.gateway.folder, 'session'), all.accessToken)
      worker.lookIntoFolder(all.gateway.folder)
    },
    'when a ticket stands there': async () => {
      writeFileSync(join(all.gateway.folder, 'session'), (await all.user.ticket()) ?? '')
      worker.lookIntoFolder(all.gateway.folder)
    },
  }

  test.fails.each(Object.entries(plants))('%s', async (name, plant) => {
    worker.plant()
    await plant()
    reached.push(name)
  })

  test('and for no other reason', () => {
    writeFileSync(join(all.gateway.folder, 'session'), '')
    expect(reached).toEqual(Object.keys(plants))
  })

  test('an exception is for one place in one test', async () => {
    worker.allow({
      kinds: ['access_token'],
      where: /GET \/api\/open: body$/,
      reason: 'to show that it is possible',
    })
    await leak(JSON.stringify(all.accessToken))
  })
})

test.runIf(canBeBehind)('one that is recorded by hand leaks into the hands of its test only', async () => {
  const [port = 0] = await freePorts(1)
  const settings = { ...all.gateway.environment, BFF_PORT: String(port) }
  await using recorded = await record(new Program('bff/main.ts', settings))
  await leak(`"${all.accessToken}"`, new Browser(`http://localhost:${port}`))
  expect(recorded.leaks(all.provider.needles)).toEqual([
    { kind: 'access_token', where: 'to the browser: GET /api/open: body', how: 'in clear' },
  ])
})

test('a gateway that is killed looks dead: its connections are closed, and new ones refused', async () => {
  await using place = await startProxied()
  const open = () => connect({ host: 'localhost', port: Number(new URL(place.url).port) })
  const idle = open()
  await once(idle, 'connect')
  const closed = new Promise((resolve) => idle.on('error', () => {}).once('close', resolve))
  await place.gateway.program.stop('SIGKILL')
  await closed
  const [error] = await once(open(), 'error')
  expect(error.code ?? error.errors?.[0].code).toBe('ECONNREFUSED')
  await place.gateway.program.start()
  expect((await place.user.fetch('/profile')).status).toBe(200)
})
