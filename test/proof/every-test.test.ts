import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canBeBehind } from '../support/proof/behind.ts'
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
