import { HttpError } from '../../bff/http-error.ts'
import { openMemoryStorage } from '../../bff/session/memory-storage.ts'
import type { Provider } from '../../bff/session/provider.ts'
import type { Tokens } from '../../bff/session/session.ts'
import { createSessions, type Sessions } from '../../bff/session/sessions.ts'
import type { SessionStorage } from '../../bff/session/storage.ts'
import { newTicket } from '../../bff/session/ticket.ts'
import { createLog } from '../../shared/log.ts'
import { Run } from './schedules.ts'

/** A provider that rotates refresh tokens and takes a second use for theft. Its answers take a step of their own. */
export class RotatingProvider implements Provider {
  readonly #run: Run
  #current = 0
  isAlive = true
  /** The refresh tokens that were redeemed, each as often as it was. */
  readonly redeemed: string[] = []
  revocations = 0

  constructor(run: Run) {
    this.#run = run
  }

  async refresh(refreshToken: string): Promise<Tokens | undefined> {
    const tokens = await this.#run.step('the provider refreshes', async () => this.#redeem(refreshToken))
    return this.#run.step('the tokens arrive', async () => tokens)
  }

  async revoke(): Promise<void> {
    await this.#run.step('the provider revokes', async () => {
      this.isAlive = false
      this.revocations += 1
    })
  }

  async endSessionEndpoint(): Promise<undefined> {
    return undefined
  }

  #redeem(refreshToken: string): Tokens | undefined {
    this.redeemed.push(refreshToken)
    if (!this.isAlive || refreshToken !== `refresh-${this.#current}`) {
      this.isAlive = false
      return undefined
    }
    this.#current += 1
    const expiresAt = Date.now() + 600_000
    return {
      accessToken: `access-${this.#current}`,
      refreshToken: `refresh-${this.#current}`,
      expiresAt,
    }
  }
}

/** The storage as a gateway has it, with a step in front of each operation. */
function stepwise(storage: SessionStorage, run: Run, gateway: string): SessionStorage {
  return new Proxy(storage, {
    get: (target, name: keyof SessionStorage) => {
      const operation: (...all: never[]) => Promise<unknown> = target[name].bind(target)
      return (...parameters: never[]) =>
        run.step(`storage ${name}`, () => operation(...parameters), `${gateway}, timer`)
    },
  })
}

const log = await createLog('test', 'silent')
const claims = { sub: 'user', sid: 'login' }

/** What somebody does at a gateway, and how it ends for them. */
export type Act = (sessions: Sessions, scene: Scene) => Promise<string>

export const request: Act = async (sessions, { ticket }) => {
  const visitor = await sessions.find(ticket)
  return visitor ? `200 with ${(await visitor.accessToken()).reveal()}` : '401'
}
export const logout: Act = async (sessions, { ticket }) => {
  await sessions.end(ticket)
  return 'logged out'
}
export const backChannelLogout: Act = async (sessions) => {
  await sessions.endListed({ sid: claims.sid })
  return 'logged out'
}

/** The real sessions of two gateways on one storage, and one session that both know. */
export class Scene {
  readonly run = new Run()
  readonly provider = new RotatingProvider(this.run)
  readonly ticket = newTicket()
  readonly storage: SessionStorage
  /** How it ended, for each that did. */
  readonly ends = new Map<string, string>()
  readonly #gateways: readonly [Sessions, Sessions]

  /** `expiresAt`: of the access token that the session has. */
  static async set(expiresAt: number): Promise<Scene> {
    const scene = new Scene(openMemoryStorage())
    const tokens = { accessToken: 'access-0', refreshToken: 'refresh-0', expiresAt }
    await scene.#sessions(scene.storage).begin(scene.ticket, claims, tokens, 'browser')
    return scene
  }

  private constructor(storage: SessionStorage) {
    this.storage = storage
    const gateway = (name: string) => this.#sessions(stepwise(storage, this.run, name))
    this.#gateways = [gateway('gateway 1'), gateway('gateway 2')]
  }

  begin(name: string, gateway: 1 | 2, act: Act): void {
    this.run.begin(`gateway ${gateway}, ${name}`, async () => {
      try {
        this.ends.set(name, await act(gateway === 1 ? this.#gateways[0] : this.#gateways[1], this))
      } catch (error) {
        this.ends.set(name, error instanceof HttpError ? String(error.status) : `bug: ${String(error)}`)
      }
    })
  }

  /** Whether the ticket is anybody's, as the next request will see it. */
  async isUsable(): Promise<boolean> {
    return (await this.#sessions(this.storage).find(this.ticket)) !== undefined
  }

  #sessions(storage: SessionStorage): Sessions {
    return createSessions({
      storage,
      secrets: ['secret-of-32-characters-or-even-more'],
      issuer: 'https://issuer.example/',
      clientId: 'client',
      idleSeconds: 3600,
      absoluteSeconds: 36_000,
      provider: this.provider,
      log,
    })
  }
}
