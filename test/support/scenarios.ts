import { expect, vi } from 'vitest'
import { type Act, Scene } from './scene.ts'
import { everySchedule } from './schedules.ts'

/**
 * The real session code, two gateways on one storage, and every order in which the operations on storage and
 * provider can happen. How many there are is part of a scenario: it changes when the protocol does.
 */
export interface Scenario {
  readonly name: string
  /** Of the access token at the beginning: expired a moment ago, or only due for a refresh. */
  readonly token: 'expired' | 'due'
  readonly actors: Readonly<Record<string, readonly [gateway: 1 | 2, act: Act]>>
  /** What may happen to gateway 1 between any two steps. */
  readonly fate?: 'crash' | 'held up'
  /** For scenarios of three, which are many already: time passes only when nothing else can happen. */
  readonly timeStandsStill?: true
  readonly check: (scene: Scene) => Promise<void> | void
  readonly schedules: number
}

export const told = ({ ends, run }: Scene) => `${JSON.stringify([...ends])}\n${run.trace.join('\n')}`
export const bothSucceed = (scene: Scene) => {
  for (const end of scene.ends.values()) expect(end, told(scene)).toBe('200 with access-1')
  expect(scene.provider.redeemed, told(scene)).toEqual(['refresh-0'])
}
export const sessionIsOver = async (scene: Scene) => {
  expect(await scene.isUsable(), told(scene)).toBe(false)
  expect(new Set(scene.provider.redeemed).size, told(scene)).toBe(scene.provider.redeemed.length)
}
export const revoked = async (scene: Scene) => {
  await sessionIsOver(scene)
  expect(scene.provider.isAlive, told(scene)).toBe(false)
}
/** The refresh token was spent by a gateway that did not live to save what came in its place. */
export const grantWasLost = ({ run: { trace } }: Scene) =>
  trace.includes('gateway 1, one: the provider refreshes') &&
  !trace.includes('gateway 1, one: storage replace')

/** Of the one storage that is open: its sweep. */
const timersOfStorage = 1

function arrangeEvents({ run, ends }: Scene, { fate, actors, timeStandsStill }: Scenario): void {
  const somebodyWaits = () =>
    Object.entries(actors).some(([name, [gateway]]) => !ends.has(name) && !(gateway === 1 && run.isHalted))
  // For whoever waits: time passes when nothing else can happen, and once in the middle of everything.
  let moments = timeStandsStill ? 0 : 1
  run.event({
    name: 'time passes',
    isPossible: () => somebodyWaits() && vi.getTimerCount() > timersOfStorage && (run.isIdle || moments > 0),
    happen: () => {
      if (!run.isIdle) moments -= 1
      vi.advanceTimersByTime(run.isIdle ? 1000 : 100)
    },
  })
  if (fate === undefined) return
  let isOver = false
  run.event({
    name: `gateway 1: ${fate}`,
    isPossible: () => !isOver && !run.isIdle,
    happen: () => {
      isOver = true
      run.halt('gateway 1')
    },
  })
  if (fate === 'crash') return
  run.event({
    name: 'gateway 1 goes on',
    // Only when the other gateway has finished, or waits: that is what being held up for long means.
    isPossible: () => run.isHalted && run.isIdle,
    happen: () => run.goOn(),
  })
}

/** The clock of a scenario; undone by vi.useRealTimers. */
export function holdTheClock(): void {
  vi.useFakeTimers({
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
}

/** Plays a scenario in every order, checks each, and says how many there are. */
export function countSchedules(scenario: Scenario): Promise<number> {
  return everySchedule(async (choose) => {
    vi.setSystemTime(0)
    const scene = await Scene.set(scenario.token === 'expired' ? -1 : 1000)
    // A token of one second is due a tenth of it before its end.
    vi.setSystemTime(scenario.token === 'expired' ? 0 : 950)
    for (const [name, [gateway, act]] of Object.entries(scenario.actors)) scene.begin(name, gateway, act)
    arrangeEvents(scene, scenario)
    await scene.run.play(choose)
    for (const end of scene.ends.values()) expect(end, told(scene)).not.toMatch(/bug|50\d/)
    await scenario.check(scene)
    vi.clearAllTimers()
    await scene.storage.close()
  })
}
