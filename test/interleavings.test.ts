import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  bothSucceed,
  countSchedules,
  holdTheClock,
  revoked,
  type Scenario,
  sessionIsOver,
  told,
} from './support/scenarios.ts'
import { backChannelLogout, logout, request } from './support/scene.ts'

const scenarios: readonly Scenario[] = [
  {
    name: 'two requests at one gateway: one refresh, and both get its token',
    token: 'expired',
    actors: { one: [1, request], two: [1, request] },
    check: bothSucceed,
    schedules: 88,
  },
  {
    name: 'two requests at two gateways: one refresh, and both get its token',
    token: 'expired',
    actors: { one: [1, request], two: [2, request] },
    check: bothSucceed,
    schedules: 4714,
  },
  {
    name: 'two requests at two gateways while the token is still good: nobody waits, one refresh at most',
    token: 'due',
    actors: { one: [1, request], two: [2, request] },
    check: (scene) => {
      for (const end of scene.ends.values()) expect(end, told(scene)).toMatch(/^200 with access-[01]$/)
      expect(scene.provider.redeemed, told(scene)).toEqual(['refresh-0'])
    },
    schedules: 1948,
  },
  {
    name: 'a request and a logout at one gateway: the session is over, the grant revoked',
    token: 'expired',
    actors: { one: [1, request], out: [1, logout] },
    check: revoked,
    schedules: 1307,
  },
  {
    name: 'a request and a logout at two gateways: the session is over, the grant revoked',
    token: 'expired',
    actors: { one: [1, request], out: [2, logout] },
    check: revoked,
    schedules: 1307,
  },
  {
    name: 'two requests at one gateway and a logout at another: the session is over, the grant revoked',
    token: 'expired',
    timeStandsStill: true,
    actors: { one: [1, request], two: [1, request], out: [2, logout] },
    check: revoked,
    schedules: 3666,
  },
  {
    name: 'two logouts at two gateways: the session is over, the grant revoked once',
    token: 'expired',
    actors: { out: [1, logout], too: [2, logout] },
    check: async (scene) => {
      await revoked(scene)
      expect(scene.provider.revocations, told(scene)).toBe(1)
    },
    schedules: 38,
  },
  {
    name: 'a request and a back-channel logout: the session is over',
    token: 'expired',
    actors: { one: [1, request], out: [2, backChannelLogout] },
    check: sessionIsOver,
    schedules: 268,
  },
  {
    name: 'a request, a logout and a back-channel logout: the session is over, the grant revoked',
    token: 'expired',
    timeStandsStill: true,
    actors: { one: [1, request], out: [1, logout], too: [2, backChannelLogout] },
    check: revoked,
    schedules: 11_464,
  },
  {
    name: 'a request at a gateway that crashes and a logout at another one: the session is over',
    token: 'expired',
    actors: { one: [1, request], out: [2, logout] },
    fate: 'crash',
    check: async (scene) => {
      expect(scene.ends.get('out'), told(scene)).toBe('logged out')
      expect(await scene.isUsable(), told(scene)).toBe(false)
    },
    schedules: 5336,
  },
  {
    name: 'a logout at a gateway that crashes: over, or as it was',
    token: 'expired',
    actors: { out: [1, logout], two: [2, request] },
    fate: 'crash',
    check: async (scene) => {
      const deleted = scene.run.trace.includes('gateway 1, out: storage delete')
      expect(await scene.isUsable(), told(scene)).toBe(!deleted)
    },
    schedules: 5846,
  },
]

beforeEach(holdTheClock)
afterEach(() => {
  vi.useRealTimers()
})

describe('every interleaving of', () => {
  test.each(scenarios)('$name ($schedules schedules)', { timeout: 120_000 }, async (scenario) => {
    expect(await countSchedules(scenario)).toBe(scenario.schedules)
  })
})
