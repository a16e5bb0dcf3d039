import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attribute, Browser, elements, textOf } from './support/browser.ts'
import { end, harmlessText, linesOf, preOf } from './support/skeleton.ts'
import { meetStrangers, type Strangers } from './support/strangers.ts'

let strangers: Strangers
beforeAll(async () => {
  strangers = await meetStrangers()
})
afterAll(() => strangers[Symbol.asyncDispose]())

const nobody = () => new Browser(strangers.gateway.url)

describe('claims', { timeout: 120_000 }, () => {
  test('with the names of an object’s own machinery are shown like any others, and change nothing (X11)', async () => {
    const { provider } = strangers
    const machinery =
      '"__proto__":{"name":"polluted","email":"polluted","picture":"https://polluted.example/"},' +
      '"constructor":{"prototype":{"name":"polluted"}},"prototype":{"name":"polluted"},"toString":"x","valueOf":1,' +
      '"hasOwnProperty":true,"toJSON":"x","then":"x","__defineGetter__":"x","layout":"/polluted","settings":{"views":"/"}'
    const well = provider.makeIdToken
    provider.makeIdToken = (claims) =>
      provider.forge(
        { alg: 'RS256', typ: 'JWT', kid: provider.key.kid },
        JSON.stringify(claims).replace('{', `{${machinery},`),
      )
    const browser = await strangers.login({})
    provider.makeIdToken = well
    const page = await browser.open('/profile')
    expect([page.status, textOf(page.text, 'h2')]).toEqual([200, 'auth0|user'])
    expect(elements(page.text, 'img')).toEqual([])
    const expected = JSON.stringify(JSON.parse(`{${machinery},"sub":"auth0|user"}`), null, 2)
    expect(preOf(page)).toBe(expected)
    // Neither for anybody else, then or later.
    const other = await strangers.login({})
    for (const path of ['/profile', '/', '/sessions', '/nothing']) {
      for (const visitor of [other, nobody()])
        expect((await visitor.open(path)).text).not.toContain('polluted')
    }
  })

  test('of a megabyte are shown whole, and the browser keeps no more of them than a ticket (X03)', async () => {
    const huge = '<b>"\'&\u2028'.repeat(130_000) + end
    const browser = await strangers.login({ name: huge, [huge]: huge })
    const page = await browser.open('/profile')
    expect([page.status, textOf(page.text, 'h2')]).toEqual([200, huge.replace(/\s+/g, ' ').trim()])
    expect(preOf(page)).toContain(JSON.stringify(huge))
    const harmless = await strangers.login({ name: harmlessText, [harmlessText]: harmlessText })
    expect(linesOf(page, huge)).toBe(linesOf(await harmless.open('/profile')))
    expect((await browser.jar.getCookieString(strangers.gateway.url)).length).toBeLessThan(200)
  })

  test('that say where a picture is make the gateway ask for nothing (X15)', async () => {
    let connections = 0
    const inside = createServer((socket) => {
      connections += 1
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(inside, 'listening')
    const address = inside.address()
    const port = typeof address === 'object' && address?.port
    const pictures = [
      'https://127.0.0.1',
      'http://127.0.0.1',
      'https://localhost',
      'http://[::ffff:127.0.0.1]',
      'ftp://127.0.0.1',
    ]
    const shown: (string | undefined)[] = []
    for (const picture of pictures) {
      const browser = await strangers.login({ picture: `${picture}:${port}/latest/meta-data` })
      const page = await browser.open('/profile')
      await browser.open('/sessions')
      shown.push(...elements(page.text, 'img').map((image) => attribute(image, 'src')))
    }
    expect(shown).toEqual([
      `https://127.0.0.1:${port}/latest/meta-data`,
      `https://localhost:${port}/latest/meta-data`,
    ])
    expect(connections).toBe(0)
    inside.close()
  })
})
