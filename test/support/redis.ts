import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createClient } from '@redis/client'
import { freePorts } from './ports.ts'

const program = ['redis-server', 'valkey-server']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find(isProgram)

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Whether there is a Redis that can be started, killed and held up. */
export const hasRedisProgram = () => have(program !== undefined)
/** The same, for tests that are content with a Redis which somebody else has started. */
export const hasRedis = () => have(program !== undefined || Boolean(process.env.REDIS_URL))

/** Where there is none, the tests that need one are skipped and say how to get it; a CI machine has to have it. */
function have(found: boolean): boolean {
  const advice = 'The tests of the Redis storage need a Redis: apt-get install -y redis-server'
  if (!found && process.env.CI === 'true') throw new Error(advice)
  if (!found) process.stderr.write(`${advice} (skipped)\n`)
  return found
}

/** A Redis of its own, on a free port, with its data in a temporary folder. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'cloakroom-redis-'))
  readonly #options: readonly string[]
  #child: ChildProcess | undefined

  static async start(...options: readonly string[]): Promise<RedisServer> {
    const [port = 0] = await freePorts(1)
    const server = new RedisServer(port, options)
    await server.start()
    return server
  }

  private constructor(port: number, options: readonly string[]) {
    this.port = port
    this.url = `redis://127.0.0.1:${port}`
    this.#options = options
  }

  /** With what it kept, if it was told to keep anything. Resolves when it takes connections. */
  async start(): Promise<void> {
    const place = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder]
    const child = spawn(program ?? 'redis-server', [...place, '--save', '', ...this.#options])
    this.#child = child
    let said = ''
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('Ready to accept connections')) resolve()
      })
      child.once('error', reject)
      child.once('exit', () => reject(new Error(`Redis ended before it served:\n${said}`)))
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  async stop(name: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(name)
    await once(child, 'exit')
  }

  /** What an operator types into redis-cli. */
  async command(...args: string[]): Promise<unknown> {
    return command(this.url, args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

async function command(url: string, args: string[]): Promise<unknown> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand(args)
  } finally {
    client.destroy()
  }
}

/** The Redis at REDIS_URL, else one that is started; of somebody else's Redis only our own keys are touched. */
export async function borrowRedis() {
  const server = process.env.REDIS_URL ? undefined : await RedisServer.start()
  const url = process.env.REDIS_URL ?? server?.url ?? ''
  return {
    url,
    empty: async () => {
      const keys = await command(url, ['KEYS', 'cloakroom:*'])
      if (Array.isArray(keys) && keys.length > 0) await command(url, ['DEL', ...keys.map(String)])
    },
    [Symbol.asyncDispose]: async () => server?.[Symbol.asyncDispose](),
  }
}
