import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { freePorts } from './ports.ts'
import { type Environment, Program } from './program.ts'
import type { Needle } from './proof/seen.ts'
import { worker } from './proof/worker.ts'

/** The three shipped programs on free ports, with data of their own. */
export class Stack implements AsyncDisposable {
  readonly tenant: Program
  readonly api: Program
  readonly bff: Program
  readonly baseUrl: string
  readonly apiUrl: string
  readonly tenantUrl: string
  readonly folder: string
  readonly environment: Environment

  constructor(
    folder: string,
    [bffPort, apiPort, tenantPort]: readonly number[],
    settings: Environment,
    gateway: string,
  ) {
    this.folder = folder
    this.baseUrl = settings.BASE_URL ?? `http://localhost:${bffPort}`
    this.apiUrl = `http://localhost:${apiPort}`
    this.tenantUrl = `http://127.0.0.1:${tenantPort}`
    this.environment = {
      BFF_PORT: String(bffPort),
      API_PORT: String(apiPort),
      TENANT_PORT: String(tenantPort),
      DATA_DIR: join(folder, 'data'),
      TENANT_TOKEN_LEDGER: join(folder, 'ledger'),
      ...settings,
    }
    this.tenant = new Program('tenant/main.ts', this.environment)
    this.api = new Program('api/main.ts', this.environment)
    this.bff = new Program(gateway, this.environment)
    worker.addSource(this.#needles)
  }

  readonly #needles = () => this.issuedTokens()

  /** Every token, code and secret that the tenant has issued or received until now. */
  issuedTokens(): Needle[] {
    const ledger = join(this.folder, 'ledger')
    const lines = existsSync(ledger) ? readFileSync(ledger, 'utf8').trim().split('\n') : []
    return lines.filter(Boolean).map((line) => JSON.parse(line))
  }

  /** The file of the sessions, as another program on the machine has it. */
  sessionsFile(): DatabaseSync {
    return new DatabaseSync(join(this.folder, 'data', 'sessions.db'))
  }

  /** How many refreshes the tenant has served or refused. */
  refreshes(): number {
    return this.tenant.log.filter(({ grant }) => grant === 'refresh_token').length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.tenant, this.api, this.bff].map((program) => program.stop()))
    worker.lookIntoFolder(this.folder)
    worker.removeSource(this.#needles)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Starts all three; settings as in .env.example. `gateway`: another program in the gateway's place. */
export async function startStack(settings: Environment = {}, gateway = 'bff/main.ts'): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
  const stack = new Stack(folder, await freePorts(3), settings, gateway)
  try {
    await Promise.all([stack.tenant.start(), stack.api.start(), stack.bff.start()])
  } catch (error) {
    await stack[Symbol.asyncDispose]()
    throw error
  }
  return stack
}
