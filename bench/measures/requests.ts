import { startApache } from '../others/apache.ts'
import { startNginx } from '../others/nginx.ts'
import { type Case, type Figure, inTurns } from '../rounds.ts'
import { baseUrl, byNavigation, fromScript, type Gateway, here, type World } from '../world.ts'

/** Names under which the targets (targets.ts) and the check find the figures. */
export const names = {
  nginx: 'nginx, plain proxy',
  bare: 'bare Node proxy',
  express: 'Express + http-proxy-middleware, no session',
  apache: 'Apache + mod_auth_openidc, server cache',
  apacheCookie: 'Apache + mod_auth_openidc, cookie session',
  naive: 'express-openid-connect + http-proxy-middleware',
  sqlite: 'Cloakroom, session in SQLite',
  redis: 'Cloakroom, session in Redis',
  anonymous: 'Cloakroom, a route without a token',
  page: 'Cloakroom, a page with a message',
  start: 'Cloakroom, the start page',
  apiPublic: 'API, public',
  apiAuthorised: 'API, authorised',
  constant: 'Express answering a constant',
} as const

const publicMessage = '/api/messages/public'
const protectedMessage = '/api/messages/protected'

/** The small set in CI, which has to be over in two minutes; the large one has everything there is to compare with. */
export async function requestCases(world: World, quick: boolean): Promise<Case[]> {
  const cases = await ourCases(world, here)
  const proxied = { API_SERVER_URL: world.api.url }
  const bare = await world.startBaseline('bare-proxy', proxied)
  const express = await world.startBaseline('express-proxy', proxied)
  const constant = await world.startBaseline('express-constant')
  const plain = (name: string, server: Gateway['server']) => [
    { name, server, request: { url: server.url + publicMessage, headers: { Accept: '*/*' } } },
  ]
  return [
    ...plain(names.bare, bare),
    ...plain(names.express, express),
    ...(quick ? [] : await otherCases(world)),
    ...cases,
    ...plain(names.constant, constant),
  ]
}

/** The gateway and the API of a checkout. `mark`: what tells two checkouts apart. */
export async function ourCases(world: World, root: string, mark = ''): Promise<Case[]> {
  const api = root === here ? world.api : await world.startApi(root)
  const gateway = await world.startGateway({}, root)
  const { server } = gateway
  const token = await world.serviceToken()
  const cases: Case[] = [
    { name: names.sqlite, server, request: fromScript(gateway, protectedMessage) },
    { name: names.anonymous, server, request: fromScript(gateway, publicMessage) },
    { name: names.page, server, request: byNavigation(gateway, '/protected') },
    { name: names.start, server, request: byNavigation(gateway, '/') },
    { name: names.apiPublic, server: api, request: { url: api.url + publicMessage, headers: {} } },
    {
      name: names.apiAuthorised,
      server: api,
      request: { url: `${api.url}/api/messages/admin`, headers: { Authorization: `Bearer ${token}` } },
    },
  ]
  const redis = await world.redis()
  if (redis !== undefined) {
    const onRedis = await world.startGateway({ SESSION_STORE: redis }, root)
    const request = fromScript(onRedis, protectedMessage)
    cases.splice(1, 0, { name: names.redis, server: onRedis.server, request })
  }
  return cases.map((each) => ({ ...each, name: each.name + mark }))
}

/** What people would use in our place, as far as the machine has it. */
async function otherCases(world: World): Promise<Case[]> {
  const apiUrl = world.api.url
  const cases: Case[] = []
  const add = async (name: string, server: Gateway['server'], path?: string) => {
    const enter = async () => fromScript(await world.enter(server, path), protectedMessage)
    // mod_auth_openidc's cookie is a minute old at most: later it comes anew with each answer, to whoever keeps the old one.
    const renew = name === names.apacheCookie ? { renew: enter } : {}
    cases.push({ name, server, request: await enter(), ...renew })
  }
  const nginx = await startNginx({ folder: world.newFolder(), port: await world.freePort(), apiUrl })
  if (nginx) {
    const server = world.keep(nginx)
    cases.push({ name: names.nginx, server, request: { url: server.url + publicMessage, headers: {} } })
  }
  for (const sessions of ['server', 'cookie'] as const) {
    const place = { folder: world.newFolder(), port: await world.freePort() }
    const apache = await startApache({ ...place, apiUrl, issuer: world.tenant, baseUrl, sessions })
    if (!apache) continue
    const name = sessions === 'server' ? names.apache : names.apacheCookie
    await add(name, world.keep(apache), protectedMessage)
  }
  await add(names.naive, await world.startGatewayAlone({}, here, 'test/naive/main.ts'))
  return cases
}

/** What a request costs with each of them. */
export async function measureRequests(
  world: World,
  { quick, rounds, more = [] }: { quick: boolean; rounds: number; more?: readonly Case[] },
): Promise<Figure[]> {
  const cases = [...(await requestCases(world, quick)), ...more]
  return inTurns(cases, { connections: 32, rounds })
}
