import fc from 'fast-check'
import { expect } from 'vitest'
import { embeddedClients } from '../../shared/identity-provider.ts'
import type { Page } from './browser.ts'
import { formTokenFor } from './form-token.ts'
import { admin, type Model, type Tab, type TenantLogin, type Ticket, type User, user } from './model-state.ts'
import type { GatewayNumber, World } from './model-world.ts'

export type Operation = fc.AsyncCommand<Model, World>

/** One kind of operation: what is drawn for it, how it is told, when it is possible, what it does and checks. */
function operation<Drawn>(
  drawn: fc.Arbitrary<Drawn>,
  tell: (drawn: Drawn) => string,
  run: (model: Model, drawn: Drawn) => Promise<void>,
  isPossible: (model: Model, drawn: Drawn) => boolean = () => true,
): fc.Arbitrary<Operation> {
  return drawn.map((values) => ({
    check: (model) => isPossible(model, values),
    run: async (model) => {
      model.told.push(tell(values))
      await run(model, values)
    },
    toString: () => tell(values),
  }))
}

const pages = ['/', '/profile', '/protected', '/admin', '/public?x=1'] as const
const addresses = [
  ...pages,
  '/api/messages/public',
  '/api/messages/protected',
  '/api/messages/admin',
] as const

const who = fc.nat(2)
const where = fc.constantFrom<GatewayNumber>(0, 1)
const path = fc.constantFrom(...pages)
const address = fc.constantFrom(...addresses)
const someone = fc.constantFrom<User>(admin, user)
const some = fc.array(fc.tuple(where, address), { minLength: 2, maxLength: 6 })
/** Which of several things: the number is taken modulo how many there are. */
const which = fc.nat(11)

const visitorOf = (model: Model, number: number) => {
  const visitor = model.visitors[number]
  if (!visitor) throw new Error(`There is no visitor ${number}`)
  return visitor
}
const pick = <Thing>(things: readonly Thing[], number: number): Thing | undefined =>
  things[number % things.length]

/** The start of a login: the tenant's page in a new tab, or, with nobody there to show it, nothing. */
async function openLogin(model: Model, number: number, gateway: GatewayNumber, query: string) {
  const visitor = visitorOf(model, number)
  visitor.gateway = gateway
  if (model.world.isTenantUp) return visitor.open(`/login?${query}`)
  const { status, headers } = await visitor.request(`/login?${query}`)
  // A gateway that knows where the tenant is sends the browser there; one that has just been started does not.
  const { tenantUrl } = model.world.stack
  expect([302, 503]).toContain(status)
  if (status === 302) expect(headers.get('location')?.startsWith(`${tenantUrl}/authorize?`)).toBe(true)
  return undefined
}

/** Whether the tenant lets a login go on that was begun while `before` was logged in there, and as whose. */
function tenantLoginAfter(model: Model, number: number, before: TenantLogin | undefined, email: User) {
  const visitor = visitorOf(model, number)
  const now = visitor.tenantLogin
  // A page that was made for a login which has ended is worthless.
  if (before && before !== now) return undefined
  if (now?.user === email) return now
  if (now) model.endTenantLogin(visitor)
  return { user: email }
}

async function finishLogin(model: Model, number: number, gateway: GatewayNumber, tab: Tab, email: User) {
  const visitor = visitorOf(model, number)
  visitor.gateway = gateway
  const tenantLogin = tenantLoginAfter(model, number, tab.tenantLogin, email)
  let page = await visitor.post(tab.form, `${tab.form.url.pathname}/demo`, new URLSearchParams({ email }))
  // The tenant asks for this form to be sent when somebody else has logged in meanwhile; a script would do it.
  if (page.text.includes('name="logout"')) page = await visitor.submit(page, { logout: 'yes' })
  if (tenantLogin) await arrive(model, number, page, tab.path, tenantLogin)
  else expect([page.url.origin, page.status]).toEqual([model.world.stack.tenantUrl, 400])
}

/** The end of a login: a new ticket, and the page that it was for. */
async function arrive(model: Model, number: number, page: Page, path: string, tenantLogin: TenantLogin) {
  const { url, status } = page
  expect(url.href, page.text).toBe(new URL(path, model.world.stack.baseUrl).href)
  const ticket = await model.begin(visitorOf(model, number), tenantLogin)
  expect([path, status]).toEqual([path, model.answer(path, ticket)])
  model.look(page, ticket)
}

const tab = async (model: Model, number: number, gateway: GatewayNumber, path: string) => {
  const form = await openLogin(model, number, gateway, `prompt=login&returnTo=${encodeURIComponent(path)}`)
  const { tenantLogin } = visitorOf(model, number)
  return form && { form, path, tenantLogin, begunAt: model.world.ahead }
}

const mayBegin = (model: Model, [number]: readonly [number, ...unknown[]]) =>
  visitorOf(model, number).openLogins() < 5

const logIn = operation(
  fc.tuple(who, where, where, someone, path),
  ([number, from, to, email, path]) =>
    `visitor ${number} logs in as ${email} for ${path}, at gateway ${from}, coming back to ${to}`,
  async (model, [number, from, to, email, path]) => {
    const begun = await tab(model, number, from, path)
    if (begun) await finishLogin(model, number, to, begun, email)
  },
  mayBegin,
)

const logInUnasked = operation(
  fc.tuple(who, where, path),
  ([number, gateway, path]) => `visitor ${number} logs in for ${path} unasked, at gateway ${gateway}`,
  async (model, [number, gateway, path]) => {
    const { tenantLogin } = visitorOf(model, number)
    const page = await openLogin(model, number, gateway, `returnTo=${encodeURIComponent(path)}`)
    if (page && tenantLogin) await arrive(model, number, page, path, tenantLogin)
  },
  (model, drawn) => mayBegin(model, drawn) && visitorOf(model, drawn[0]).tenantLogin !== undefined,
)

const openTab = operation(
  fc.tuple(who, where, path),
  ([number, gateway, path]) =>
    `visitor ${number} begins a login for ${path} in another tab, at gateway ${gateway}`,
  async (model, [number, gateway, path]) => {
    const begun = await tab(model, number, gateway, path)
    if (begun) visitorOf(model, number).tabs.push(begun)
  },
  mayBegin,
)

const hasTab = (model: Model, [number]: readonly [number, ...unknown[]]) =>
  model.world.isTenantUp && visitorOf(model, number).tabs.length > 0

function takeTab(model: Model, number: number, place: number): Tab {
  const { tabs } = visitorOf(model, number)
  const [taken] = tabs.splice(place % tabs.length, 1)
  if (!taken) throw new Error('There is no such tab')
  return taken
}

const finishTab = operation(
  fc.tuple(who, where, someone, which),
  ([number, gateway, email, place]) =>
    `visitor ${number} finishes tab ${place} as ${email}, coming back to gateway ${gateway}`,
  (model, [number, gateway, email, place]) =>
    finishLogin(model, number, gateway, takeTab(model, number, place), email),
  hasTab,
)

const cancelTab = operation(
  fc.tuple(who, where, which),
  ([number, gateway, place]) => `visitor ${number} cancels the login in tab ${place}, at gateway ${gateway}`,
  async (model, [number, gateway, place]) => {
    const visitor = visitorOf(model, number)
    visitor.gateway = gateway
    const { form, tenantLogin } = takeTab(model, number, place)
    const page = await visitor.post(form, `${form.url.pathname}/cancel`)
    // The tenant knows the page no more when its login has ended.
    const isKnown = tenantLogin === undefined || tenantLogin === visitor.tenantLogin
    expect(page.status).toBe(isKnown ? 403 : 400)
    expect(page.url.origin).toBe(isKnown ? model.world.stack.baseUrl : model.world.stack.tenantUrl)
  },
  hasTab,
)

const goBack = operation(
  fc.tuple(who, where),
  ([number, gateway]) =>
    `visitor ${number} goes back to the address of the last login, at gateway ${gateway}`,
  async (model, [number, gateway]) => {
    const visitor = visitorOf(model, number)
    visitor.gateway = gateway
    const page = await visitor.request(visitor.callback ?? '', { headers: { accept: 'text/html' } })
    const expected = model.answer('/', visitor.holds) && visitor.holds && model.isAlive(visitor.holds)
    const isLost = page.headers.get('location')?.startsWith('/callback?outcome=lost')
    expect([page.status, isLost, page.headers.getSetCookie()]).toEqual([303, !expected, []])
  },
  // A login that is open may have the place that the finished one had.
  (model, [number]) => {
    const visitor = visitorOf(model, number)
    return visitor.callback !== undefined && visitor.openLogins() === 0
  },
)

const visit = operation(
  fc.tuple(who, where, address),
  ([number, gateway, address]) => `visitor ${number} asks gateway ${gateway} for ${address}`,
  (model, [number, gateway, address]) => model.ask(gateway, address, visitorOf(model, number).holds),
)

const burst = operation(
  fc.tuple(who, some),
  ([number, requests]) =>
    `visitor ${number} asks at once for ${requests.map((one) => one.join(' ')).join(', ')}`,
  async (model, [number, requests]) => {
    const { holds } = visitorOf(model, number)
    await Promise.all(requests.map(([gateway, address]) => model.ask(gateway, address, holds)))
  },
)

const crowds = fc.array(fc.tuple(who, where, address), { minLength: 3, maxLength: 9 })

async function askAll(model: Model, requests: readonly (readonly [number, GatewayNumber, string])[]) {
  await Promise.all(
    requests.map(([number, gateway, address]) => model.ask(gateway, address, visitorOf(model, number).holds)),
  )
}

const crowd = operation(
  crowds,
  (requests) => `visitors ask all at once: ${requests.map((one) => one.join(' ')).join(', ')}`,
  askAll,
)

const replay = operation(
  fc.tuple(which, where, address),
  ([number, gateway, address]) =>
    `ticket ${number} is shown by somebody to gateway ${gateway} for ${address}`,
  (model, [number, gateway, address]) => model.ask(gateway, address, pick(model.tickets, number)),
  (model) => model.tickets.length > 0,
)

const passTime = operation(
  fc.constantFrom(571, 571, 610, 610, 610, 1900),
  (seconds) => `${seconds} seconds pass`,
  async (model, seconds) => {
    await model.world.passTime(seconds)
    // The tenant knows a login page for an hour.
    const isOld = ({ begunAt }: Tab) => model.world.ahead - begunAt > 3500
    for (const { tabs } of model.visitors) tabs.splice(0, tabs.length, ...tabs.filter((tab) => !isOld(tab)))
  },
)

async function postLogout({ world }: Model, gateway: GatewayNumber, ticket: Ticket | undefined) {
  const answer = await world.sendLogout(gateway, ticket?.value)
  expect(answer.status).toBe(303)
}

const logOut = operation(
  fc.tuple(who, where, fc.constantFrom('once', 'twice at once'), fc.boolean()),
  ([number, gateway, times, follows]) =>
    `visitor ${number} logs out ${times} at gateway ${gateway}${follows ? ' and at the tenant' : ''}`,
  async (model, [number, gateway, times, follows]) => {
    const { world } = model
    const visitor = visitorOf(model, number)
    visitor.gateway = gateway
    const { holds } = visitor
    const second = times === 'once' ? undefined : postLogout(model, world.either(gateway ? 0 : 1), holds)
    const fields = { token: holds ? formTokenFor(world.stack, holds.value) : '' }
    const answer = await visitor.sendForm('/logout', { fields })
    await second
    expect([answer.status, await visitor.ticket()]).toEqual([303, undefined])
    if (holds) model.end([holds])
    visitor.holds = undefined
    if (!follows || !world.isTenantUp) return
    const page = await visitor.open(answer.headers.get('location') ?? '')
    model.endTenantLogin(visitor)
    expect([page.url.href, page.status]).toEqual([`${world.stack.baseUrl}/`, 200])
  },
)

const forgeLogout = operation(
  fc.tuple(who, where, fc.constantFrom('another site', 'nobody')),
  ([number, gateway, origin]) => `${origin} makes visitor ${number} send a logout to gateway ${gateway}`,
  async (model, [number, gateway, origin]) => {
    const { world } = model
    const { holds } = visitorOf(model, number)
    const site = { origin: 'http://localhost:1', 'sec-fetch-site': 'same-site' }
    const proof = origin === 'nobody' ? {} : site
    const answer = await world.sendLogout(world.either(gateway), holds?.value, proof)
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
  },
)

async function logOutUser(model: Model, gateway: GatewayNumber, email: User) {
  const { world } = model
  const token = await world.logoutToken(email)
  const deliver = () =>
    world.send(gateway, '/backchannel-logout', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${token}`,
    })
  const answer = await deliver()
  expect([answer.status, (await deliver()).status]).toEqual([200, 400])
  const requestId = answer.headers.get('x-request-id')
  const line = await world.gateways[gateway].line(
    (line) => line.requestId === requestId && line.msg === 'back-channel logout',
  )
  expect(line.sessions).toBe(model.end(model.tickets.filter((ticket) => ticket.user === email)))
}

const endUser = operation(
  fc.tuple(someone, where),
  ([email, gateway]) => `the tenant ends all sessions of ${email}, at gateway ${gateway}`,
  (model, [email, gateway]) => logOutUser(model, model.world.either(gateway), email),
  // Nothing is sent by a tenant that is down.
  (model) => model.world.isTenantUp,
)

async function logOutElsewhere(model: Model, number: number) {
  const visitor = visitorOf(model, number)
  const address = `${model.world.stack.tenantUrl}/v2/logout?client_id=${embeddedClients.gateway.id}`
  expect((await visitor.request(address)).status).toBe(302)
  model.endTenantLogin(visitor)
}

const endTenantLogin = operation(
  who,
  (number) => `visitor ${number} logs out of the tenant in another application`,
  logOutElsewhere,
  (model, number) => model.world.isTenantUp && visitorOf(model, number).tenantLogin !== undefined,
)

/** Requests in the middle of which the session ends: each is answered as before or as after that. */
const endInFlight = operation(
  fc.tuple(who, some, where, fc.constantFrom('logs out', 'is logged out by the tenant')),
  ([number, requests, gateway, what]) =>
    `visitor ${number} ${what} at gateway ${gateway} while asking for ${requests.map((one) => one.join(' ')).join(', ')}`,
  async (model, [number, requests, gateway, what]) => {
    const { world } = model
    const visitor = visitorOf(model, number)
    const { holds } = visitor
    if (!holds) throw new Error('There is nobody to log out')
    const { least } = model.refreshes
    const before = requests.map(([, address]) => model.answer(address, holds))
    if (model.refreshes.least > least) model.refusals += 1
    model.refreshes.least = least
    const answers = requests.map(([number, address]) => world.get(world.either(number), address, holds.value))
    if (what === 'logs out') {
      await postLogout(model, world.either(gateway), holds)
      model.end([holds])
    } else await logOutUser(model, world.either(gateway), holds.user)
    for (const [place, answer] of answers.entries()) {
      const [, address = ''] = requests[place] ?? []
      const { status, headers } = await answer
      expect([before[place], model.answer(address, holds)], address).toContain(status)
      expect(headers.getSetCookie()).toEqual([])
    }
  },
  (model, [number, , , what]) => {
    const { holds } = visitorOf(model, number)
    return holds !== undefined && model.isAlive(holds) && (what === 'logs out' || model.world.isTenantUp)
  },
)

/** A gateway that dies in the middle of requests, a refresh among them perhaps, or of a logout. */
const crash = operation(
  fc.tuple(who, where, some, fc.constantFrom('requests', 'a logout'), fc.nat(3)),
  ([number, gateway, requests, what, turns]) =>
    `gateway ${gateway} is killed in the middle of ${what} of visitor ${number}` +
    ` (${requests.map(([, address]) => address).join(', ')}; ${turns} turns later)`,
  async (model, [number, gateway, requests, what, turns]) => {
    const { world } = model
    const { holds } = visitorOf(model, number)
    const isRefresh = holds !== undefined && model.isAlive(holds) && model.isDue(holds) && world.isTenantUp
    const answers =
      what === 'requests'
        ? requests.map(([, address]) => world.get(gateway, address, holds?.value))
        : [postLogout(model, gateway, holds)]
    const settled = Promise.allSettled(answers)
    for (let turn = 0; turn < turns; turn += 1) await world.send(gateway, '/livez')
    await world.kill(gateway)
    const isLoggedOut = (await settled).some(({ status }) => status === 'fulfilled') && what === 'a logout'
    if (!holds || !model.isAlive(holds)) return
    if (what === 'a logout') {
      const { status } = await world.get(world.either(gateway), '/profile', holds.value)
      expect(isLoggedOut ? [303] : [200, 303]).toContain(status)
      holds.hasEnded = status === 303
      holds.seenAt = world.ahead
      return
    }
    if (!isRefresh) return
    // The lease of the refresh that has died with its gateway runs out meanwhile.
    await world.passTime(610)
    if (!model.isAlive(holds)) return
    const { status } = await world.get(world.either(gateway), '/api/messages/protected', holds.value)
    model.refreshes.most += 1
    // Lost: the refresh token was spent, and what came in its place was not saved.
    expect([200, 401]).toContain(status)
    if (status === 200) expect(model.answer('/api/messages/protected', holds)).toBe(200)
    else {
      holds.hasEnded = true
      model.refusals += 1
    }
  },
  (model) => model.world.isUp.every(Boolean),
)

const start = operation(
  fc.constant(undefined),
  () => 'what is down is started again',
  (model) => model.world.repair(),
  ({ world }) => !world.isTenantUp || !world.isUp.every(Boolean),
)

/** Whose access token is good goes on, everybody else has to wait, nobody is logged out. */
const stopTenant = operation(
  fc.tuple(fc.constantFrom(0, 571, 610), crowds),
  ([seconds, requests]) =>
    `the tenant is killed, ${seconds} seconds pass, visitors ask all at once:` +
    ` ${requests.map((one) => one.join(' ')).join(', ')}`,
  async (model, [seconds, requests]) => {
    model.hadOutage = true
    await model.world.stopTenant()
    if (seconds > 0) await model.world.passTime(seconds)
    await askAll(model, requests)
  },
  ({ world }) => world.isTenantUp,
)

const calm = [
  { weight: 14, arbitrary: logIn },
  { weight: 5, arbitrary: logInUnasked },
  { weight: 7, arbitrary: openTab },
  { weight: 8, arbitrary: finishTab },
  { weight: 4, arbitrary: cancelTab },
  { weight: 3, arbitrary: goBack },
  { weight: 14, arbitrary: visit },
  { weight: 6, arbitrary: burst },
  { weight: 6, arbitrary: crowd },
  { weight: 8, arbitrary: replay },
  { weight: 9, arbitrary: passTime },
  { weight: 6, arbitrary: logOut },
  { weight: 3, arbitrary: forgeLogout },
  { weight: 3, arbitrary: endUser },
  { weight: 3, arbitrary: endTenantLogin },
  { weight: 6, arbitrary: endInFlight },
] as const

/** What is drawn, and how often. Starting a program takes as long as a hundred of the other operations. */
export const operations = {
  calm: fc.oneof(...calm),
  rough: fc.oneof(
    ...calm,
    { weight: 7, arbitrary: crash },
    { weight: 5, arbitrary: stopTenant },
    { weight: 5, arbitrary: start },
  ),
}
