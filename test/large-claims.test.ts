import { expect, test } from 'vitest'
import { profile, startGateway, startOpenidProvider } from './support/openid-provider.ts'

const person = { sub: 'auth0|user', sid: 'first', name: 'Ada' }

test.each([8, 100, 1000])(
  'a user with %i kB of claims logs in with a cookie as small as anybody’s (L26)',
  async (kilobytes) => {
    await using provider = await startOpenidProvider()
    await using gateway = await startGateway(provider)
    provider.user = { ...person, groups: Array<string>(kilobytes).fill('g'.repeat(1000)) }
    const browser = await gateway.login()
    expect(await profile(browser)).toBe(200)
    expect((await browser.jar.getCookieString(gateway.url)).length).toBeLessThan(100)
    // The next one is not held up by what was large.
    provider.user = person
    expect(await profile(await gateway.login())).toBe(200)
    expect(gateway.program.log.filter(({ level }) => level === 'error')).toEqual([])
  },
)
