import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { countSchedules, grantWasLost, holdTheClock, type Scenario, told } from '../support/scenarios.ts'
import { request } from '../support/scene.ts'

const scenarios: readonly Scenario[] = [
  {
    name: 'two requests at two gateways, one of which crashes: the other one goes on, unless the grant was lost',
    token: 'expired',
    actors: { one: [1, request], two: [2, request] },
    fate: 'crash',
    check: (scene) => {
      expect(scene.ends.get('two'), told(scene)).toBe(grantWasLost(scene) ? '401' : '200 with access-1')
    },
    schedules: 25_859,
  },
  {
    name: 'a gateway that is held up for longer than its lease never undoes what another one saved',
    token: 'expired',
    actors: { one: [1, request], two: [2, request] },
    fate: 'held up',
    timeStandsStill: true,
    check: async (scene) => {
      expect(scene.ends.get('two'), told(scene)).toMatch(/^(200 with access-1|401)$/)
      // The provider may have taken the late one for a thief; otherwise both are served and nothing is lost.
      if (scene.provider.isAlive) {
        expect(await scene.isUsable(), told(scene)).toBe(true)
        expect(scene.ends.get('one'), told(scene)).toBe('200 with access-1')
      }
    },
    schedules: 79_278,
  },
]

beforeEach(holdTheClock)
afterEach(() => {
  vi.useRealTimers()
})

describe('every interleaving of', () => {
  test.each(scenarios)('$name ($schedules schedules)', { timeout: 1_800_000 }, async (scenario) => {
    expect(await countSchedules(scenario)).toBe(scenario.schedules)
  })
})
