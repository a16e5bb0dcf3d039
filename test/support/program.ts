import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { tapApi } from './api-answers.ts'
import { behind, canBeBehind } from './proof/behind.ts'
import { worker } from './proof/worker.ts'
import { Tap } from './tap.ts'

const root = join(import.meta.dirname, '../..')

export type Environment = Readonly<Record<string, string>>
export type LogLine = Readonly<Record<string, unknown>>

/** A clean environment: nothing of the machine's own settings, and no NODE_ENV of the test runner. */
function cleanEnvironment(environment: Environment): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    // The programs are started hundreds of times; compiled once, each start takes two thirds of the time.
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'),
    ...environment,
  } as NodeJS.ProcessEnv
}

/** What is no line of JSON is in the output only: a gateway under review may say anything. */
function parsedLine(line: string): LogLine | undefined {
  try {
    return line.startsWith('{') ? JSON.parse(line) : undefined
  } catch {
    return undefined
  }
}

/** A shipped program in a process of its own, and everything it says. */
export class Program {
  readonly log: LogLine[] = []
  readonly file: string
  readonly #environment: Environment
  readonly #watchers = new Set<() => void>()
  #child: ChildProcess | undefined
  #output = ''
  /** Between a gateway and everybody. What goes through is searched after every test. */
  readonly tap: Tap | undefined
  /** That, or what stands in front of an API. */
  readonly #between: Tap | undefined

  constructor(file: string, environment: Environment) {
    this.file = file
    this.#environment = environment
    const isRecorded = worker.isRecording && canBeBehind
    this.tap = isRecorded && file.endsWith('bff/main.ts') ? new Tap() : undefined
    // Only the API itself: one that leaks on purpose answers otherwise than it should.
    this.#between = isRecorded && file === 'api/main.ts' ? tapApi() : this.tap
    worker.add(this)
  }

  /** Standard output and standard error since the first start. */
  get output(): string {
    return this.#output
  }

  /** Resolves when the program serves; rejects with what it said when it ends before that. */
  async start(): Promise<void> {
    const { front, own, settings } = this.#place
    const child = fork(resolve(root, this.file), [], {
      env: cleanEnvironment({ ...this.#environment, ...(this.#between && settings) }),
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Not in the project's folder: a developer's own .env is no part of a test.
      cwd: tmpdir(),
      execArgv: [],
    })
    this.#child = child
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString()
    })
    if (child.stdout) {
      createInterface(child.stdout).on('line', (line) => {
        this.#output += `${line}\n`
        const parsed = parsedLine(line)
        if (parsed) this.log.push(parsed)
        for (const look of this.#watchers) look()
      })
    }
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve())
      child.once('exit', () => reject(new Error(`${this.file} ended before it served:\n${this.#output}`)))
    })
    // A program that is dead looks dead.
    child.once('exit', () => this.#between?.close())
    await this.#between?.open(front, own)
    if (child.exitCode !== null || child.signalCode !== null) this.#between?.close()
  }

  get #place() {
    const { BFF_PORT = '4040', API_PORT = '6060' } = this.#environment
    return behind(this.#environment, Number(this.file.endsWith('api/main.ts') ? API_PORT : BFF_PORT))
  }

  /** Where a gateway or an API is reached with nothing in between. */
  get ownUrl(): string {
    const { front, own } = this.#place
    const { host, port } = this.#between ? own : front
    return `http://${host}:${port}`
  }

  /** Of the process that runs now. */
  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** The first line, past or to come, that the predicate takes. */
  line(predicate: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.log.find(predicate)
        if (!found) return
        this.#watchers.delete(look)
        resolve(found)
      }
      this.#watchers.add(look)
      look()
    })
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name)
  }

  /** The exit code, or the signal's name, once it has ended. */
  async ended(): Promise<number | NodeJS.Signals> {
    const [code, signal] = await once(this.#child as ChildProcess, 'exit')
    return code ?? signal
  }

  /** Sends the signal and resolves with the exit code, or the signal's name when that ended it. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return null
    child.kill(name)
    const [code, signal] = await once(child, 'exit')
    return code ?? signal
  }
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program that is expected to end by itself. */
export async function runToEnd(
  file: string,
  environment: Environment,
  args: readonly string[] = [],
): Promise<Ended> {
  const child = fork(join(root, file), [...args], {
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    cwd: tmpdir(),
    execArgv: [],
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}
