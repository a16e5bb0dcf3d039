import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './ports.ts'

type LogLine = Readonly<Record<string, unknown>>

/** The shipped tenant as a child process; its data folder outlives a restart. */
export class TenantProgram {
  readonly port: number
  readonly gateway: string
  readonly dataDir = mkdtempSync(join(tmpdir(), 'tenant-'))
  output = ''
  errors = ''
  readonly #settings: Readonly<Record<string, string>>
  #child: ChildProcess | undefined

  constructor(ports: { tenant: number; gateway: number }, settings: Readonly<Record<string, string>>) {
    this.port = ports.tenant
    this.gateway = `http://localhost:${ports.gateway}`
    this.#settings = {
      TENANT_PORT: String(ports.tenant),
      BFF_PORT: String(ports.gateway),
      DATA_DIR: this.dataDir,
      TENANT_TOKEN_LEDGER: join(this.dataDir, 'ledger.jsonl'),
      ...settings,
    }
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  get lines(): LogLine[] {
    return this.output
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }

  /** Resolves with undefined when the tenant serves, with its exit code when it ended before. */
  async start(): Promise<number | undefined> {
    const child = spawn(process.execPath, ['tenant/main.ts'], {
      env: { PATH: process.env.PATH, ...this.#settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    this.#child = child
    child.stdout?.on('data', (data) => {
      this.output += data
    })
    child.stderr?.on('data', (data) => {
      this.errors += data
    })
    const ended = once(child, 'close').then(([code]) => Number(code))
    return Promise.race([once(child, 'message').then(() => undefined), ended])
  }

  /** Ends the process and says with which code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return null
    const closed = once(child, 'close')
    child.kill(signal)
    return (await closed)[0]
  }

  async close(): Promise<void> {
    await this.end('SIGKILL')
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

export async function createTenant(settings: Readonly<Record<string, string>> = {}): Promise<TenantProgram> {
  const [tenant = 0, gateway = 0] = await freePorts(2)
  return new TenantProgram({ tenant, gateway }, settings)
}
