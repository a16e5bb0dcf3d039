import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import { createProvider } from '../bff/session/provider.ts'
import { createSessions } from '../bff/session/sessions.ts'
import { newTicket } from '../bff/session/ticket.ts'
import { embeddedClients } from '../shared/identity-provider.ts'
import { createLog } from '../shared/log.ts'
import { Secret } from '../shared/secret.ts'
import { Browser } from './support/browser.ts'
import { formTokenFor } from './support/form-token.ts'
import { withGateway } from './support/other-gateway.ts'
import type { Environment } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'

const { gateway: client } = embeddedClients

async function loggedIn(stack: Stack): Promise<Browser> {
  const browser = new Browser(stack.baseUrl)
  await browser.login('user@example.com')
  return browser
}

describe('logging out', () => {
  test('ends the session at once while the provider does not answer, and waits 2 s for it (O05)', async () => {
    await using stack = await startStack()
    const [browser, copy] = [await loggedIn(stack), new Browser(stack.baseUrl)]
    const headers = { cookie: await browser.jar.getCookieString(stack.baseUrl) }
    stack.tenant.signal('SIGSTOP')
    const begun = performance.now()
    const slow = browser.sendForm('/logout')
    for (let turn = 0; turn < 5; turn += 1) await fetch(`${stack.baseUrl}/livez`)
    expect((await copy.fetch('/api/messages/protected', { headers })).status).toBe(401)
    expect((await slow).status).toBe(303)
    expect(performance.now() - begun).toBeLessThan(4000)
    stack.tenant.signal('SIGCONT')
  })

  const providers: [string, (stack: Stack) => Environment, string, string, string][] = [
    ['the embedded tenant', () => ({}), '/v2/logout', 'returnTo', '/v2/logout'],
    [
      'another OpenID provider',
      ({ tenantUrl }) => ({
        ISSUER_URL: `${tenantUrl}/`,
        AUTH0_CLIENT_ID: client.id,
        AUTH0_CLIENT_SECRET: client.secret,
      }),
      '/oidc/logout',
      'post_logout_redirect_uri',
      '/oidc/logout',
    ],
  ]

  test.each(providers)(
    'leads to %s and back to the start page, whatever the address says (O03, O04)',
    async (_provider, settings, path, back) => {
      await using stack = await startStack()
      await stack.bff.stop()
      await withGateway(stack, settings(stack), async () => {
        const evil = encodeURIComponent('https://evil.example/')
        const query = `returnTo=${evil}&post_logout_redirect_uri=${evil}&client_id=x&id_token_hint=x`
        for (const browser of [await loggedIn(stack), new Browser(stack.baseUrl)]) {
          const answer = await browser.sendForm(`/logout?${query}`)
          expect(answer.status).toBe(303)
          const address = new URL(answer.headers.get('location') ?? '')
          expect(address.origin + address.pathname).toBe(stack.tenantUrl + path)
          expect(Object.fromEntries(address.searchParams)).toEqual({
            client_id: client.id,
            [back]: stack.baseUrl,
          })
        }
      })
    },
  )

  test.each(providers)(
    'works while %s is down, and says so in the log (O05, O06)',
    async (_provider, settings, _path, _back, whenDown) => {
      await using stack = await startStack()
      await stack.bff.stop()
      await withGateway(stack, settings(stack), async (gateway) => {
        const browser = await loggedIn(stack)
        const headers = { cookie: await browser.jar.getCookieString(stack.baseUrl) }
        await stack.tenant.stop('SIGKILL')
        const answer = await browser.sendForm('/logout')
        expect(answer.status).toBe(303)
        expect(new URL(answer.headers.get('location') ?? '', stack.baseUrl).pathname).toBe(whenDown)
        expect(await browser.ticket()).toBeUndefined()
        expect((await browser.fetch('/api/messages/protected', { headers })).status).toBe(401)
        await gateway.line(({ msg }) => msg === 'a refresh token could not be revoked')
      })
    },
  )

  test('twice, or after the session has ended, is no error and clears the cookie (O08, O09)', async () => {
    await using stack = await startStack({ SESSION_ABSOLUTE_SECONDS: '1' })
    const browser = await loggedIn(stack)
    await wait(1100)
    for (let times = 0; times < 2; times += 1) {
      const answer = await browser.sendForm('/logout')
      const name = `ticket-${new URL(stack.baseUrl).port}`
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([
        303,
        [`${name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Strict`],
      ])
      expect(await browser.ticket()).toBeUndefined()
    }
    expect(stack.bff.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('with two tickets, which are nobody’s for everything else, ends both (S14)', async () => {
    await using stack = await startStack()
    const tickets = []
    for (const browser of [await loggedIn(stack), await loggedIn(stack)]) {
      tickets.push(await browser.jar.getCookieString(stack.baseUrl))
    }
    const token = formTokenFor(stack, tickets[0]?.split('=')[1] ?? '')
    const both = await new Browser(stack.baseUrl).sendForm('/logout', {
      headers: { cookie: tickets.join('; ') },
      fields: { token },
    })
    expect(both.status).toBe(303)
    for (const cookie of tickets) {
      const copy = new Browser(stack.baseUrl)
      expect((await copy.fetch('/api/messages/protected', { headers: { cookie } })).status).toBe(401)
    }
  })

  test('twenty times at the very same moment revokes once (S09)', async () => {
    await using provider = await startProvider()
    const log = await createLog('test', 'silent')
    const sessions = createSessions({
      storage: await openStorage('memory:', log),
      secrets: ['secret-of-32-characters-or-even-more'],
      issuer: provider.issuer,
      clientId: client.id,
      idleSeconds: 60,
      absoluteSeconds: 60,
      provider: createProvider({
        kind: 'openid',
        issuer: provider.issuer,
        clientId: client.id,
        clientSecret: new Secret(client.secret),
        audience: '',
        scope: 'openid',
      }),
      log,
    })
    const ticket = newTicket()
    await sessions.begin(ticket, { sub: 'x' }, { accessToken: 'access', refreshToken: 'refresh' }, 'browser')
    await Promise.all(Array.from({ length: 20 }, () => sessions.end(ticket)))
    expect(provider.revoked).toEqual(['refresh'])
  })
})

/** As much of a provider as a logout needs, and which tokens it was asked to revoke. */
async function startProvider() {
  const revoked: (string | null)[] = []
  const server = createServer((req, res) => {
    void text(req).then((body) => {
      if (req.url === '/revoke') revoked.push(new URLSearchParams(body).get('token'))
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify({ issuer, revocation_endpoint: `${issuer}revoke` }))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    issuer,
    revoked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
