import fc from 'fast-check'
import { expect } from 'vitest'
import { operations } from './model-operations.ts'
import { Model } from './model-state.ts'
import { startWorld, type World } from './model-world.ts'

const sequencesOf = (kind: keyof typeof operations) =>
  fc.noBias(fc.commands([operations[kind]], { maxCommands: 40, size: 'max', disableReplayLog: true }))
const sequences = { calm: sequencesOf('calm'), rough: sequencesOf('rough') }

/** In the sequences of these seeds programs die as well. */
const isRough = (seed: number) => seed % 20 === 0

/** For how long a shorter sequence is looked for that fails as well. */
const searchMilliseconds = 60_000

/** How much was played. */
export interface Played {
  sequences: number
  operations: number
}

/**
 * Plays the sequences of operations that the seeds stand for, in several lanes at once: each has all programs for
 * itself, which play one sequence after the other. Throws for a sequence that shows something else than the model
 * says, after a search for a shorter one. Begins no sequence after so many milliseconds.
 */
export async function play(
  seeds: readonly number[],
  { lanes = 1, milliseconds = Number.POSITIVE_INFINITY } = {},
): Promise<Played> {
  const until = performance.now() + milliseconds
  const played = { sequences: 0, operations: 0 }
  const rest = [...seeds]
  await using worlds = new AsyncDisposableStack()
  const running: Promise<void>[] = []
  for (let lane = 0; lane < lanes; lane += 1) {
    const world = worlds.use(await startWorld())
    const run = async () => {
      for (let seed = rest.shift(); seed !== undefined; seed = rest.shift()) {
        if (performance.now() > until) break
        played.operations += await playOne(world, seed)
        played.sequences += 1
      }
      await expectAllDead(world)
    }
    running.push(
      run().catch((error) => {
        // The other lanes come to their end as well.
        rest.length = 0
        throw error
      }),
    )
  }
  const failed = (await Promise.allSettled(running)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return played
}

/** How many operations it was. */
async function playOne(world: World, seed: number): Promise<number> {
  let told: readonly string[] = []
  let failed: readonly string[] = []
  let searchUntil = Number.POSITIVE_INFINITY
  const property = fc.asyncProperty(sequences[isRough(seed) ? 'rough' : 'calm'], async (operations) => {
    if (performance.now() > searchUntil) return
    const model = new Model(world)
    told = model.told
    try {
      await fc.asyncModelRun(() => ({ model, real: world }), operations)
      await settle(model)
    } catch (error) {
      failed = model.told
      searchUntil = Math.min(searchUntil, performance.now() + searchMilliseconds)
      await startAgain(model)
      throw error
    }
  })
  const result = await fc.check(property, { seed, numRuns: 1 })
  if (result.failed) throw failure(seed, failed, result)
  return told.length
}

/** After the last sequence: nothing that came later has brought any of the tickets back. */
async function expectAllDead(world: World): Promise<void> {
  for (const ticket of world.used) {
    expect((await world.get(1, '/api/messages/protected', ticket)).status).toBe(401)
  }
}

/** At the end of a sequence: what is alive works, what is dead stays dead, and nobody has complained. */
async function settle(model: Model): Promise<void> {
  const { world } = model
  await world.repair()
  // So that each grant has to prove that it can be refreshed once more.
  await world.passTime(610)
  for (const ticket of model.tickets) {
    const paths = model.isAlive(ticket)
      ? ['/api/messages/protected', '/api/messages/admin', '/profile', '/']
      : ['/api/messages/protected', '/']
    await Promise.all(paths.map((path, place) => model.ask(place % 2 ? 1 : 0, path, ticket)))
  }
  for (const { holds, jar } of model.visitors) {
    const cookie = await jar.getCookieString(world.stack.baseUrl)
    expect(cookie.includes('ticket-'), 'Whether there is a ticket cookie').toBe(holds !== undefined)
    if (holds) expect(cookie).toContain(world.cookieOf(holds.value))
  }
  for (const ticket of model.alive()) {
    expect((await world.sendLogout(0, ticket.value)).status).toBe(303)
    model.end([ticket])
    await model.ask(1, '/api/messages/protected', ticket)
  }
  await world.passTime(1)
  const [served, refused] = [world.refreshes('grant'), world.refreshes('grant refused')]
  expect(served, 'refreshes').toBeGreaterThanOrEqual(model.refreshes.least)
  expect(served, 'refreshes').toBeLessThanOrEqual(model.refreshes.most)
  expect(refused, 'refreshes that were refused').toBeLessThanOrEqual(model.refusals)
  expect(complaints(model)).toEqual([])
  world.forget()
}

/** What the gateways have logged that is more than information, but for what an outage of the tenant is cause for. */
function complaints({ world, hadOutage }: Model) {
  const ofOutage =
    /did not refresh the grant|the refresh failed|could not be revoked|identity provider cannot be reached/
  const lines = world.complaints().map((line) => JSON.stringify(line))
  return lines.filter((line) => !(hadOutage && ofOutage.test(line)))
}

/** Leaves nothing behind that the next sequence could stumble over. */
async function startAgain({ world, tickets }: Model): Promise<void> {
  await world.repair()
  for (const { value } of tickets) await world.sendLogout(0, value)
  await world.passTime(1)
  world.forget()
}

function failure(
  seed: number,
  told: readonly string[],
  { errorInstance, numShrinks }: Pick<fc.RunDetails<unknown>, 'errorInstance' | 'numShrinks'>,
): Error {
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  const lines = [
    `Seed ${seed}: ${reason}`,
    `These ${told.length} operations were played, the shortest that were found (in ${numShrinks} steps):`,
    ...told.map((line, place) => `${place + 1}. ${line}`),
    `To play them again: SEED=${seed} npm run test:long -- test/long/model.test.ts`,
  ]
  return new Error(lines.join('\n'), { cause: errorInstance })
}
