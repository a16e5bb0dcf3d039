import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Environment } from './program.ts'
import { worker } from './proof/worker.ts'

const root = join(import.meta.dirname, '../..')

/** Whether the machine has the program. Where it has not, tests are skipped and say so; a CI machine has to have it. */
export function hasProgram(name: string): boolean {
  const found = !spawnSync(name, ['--version']).error
  const advice = `The tests of the documentation's commands need ${name}: apt-get install -y ${name}`
  if (!found && process.env.CI === 'true') throw new Error(advice)
  if (!found) process.stderr.write(`${advice} (skipped)\n`)
  return found
}

/** The shell code in a document, block by block. */
export function shellBlocks(document: string): string[] {
  const blocks = readFileSync(join(root, document), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)
  return [...blocks].map(([, code = '']) => code)
}

/** What a reader types into a shell, in the project's folder. Its output is searched for tokens as that of programs is. */
export class Command implements AsyncDisposable {
  readonly file: string
  readonly #child: ChildProcess
  readonly #watchers = new Set<() => void>()
  readonly #closed: Promise<unknown>
  #output = ''

  constructor(code: string, environment: Environment = {}) {
    this.file = code
    worker.add(this)
    this.#child = spawn('sh', ['-c', code], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: what the shell has started ends with it.
      detached: true,
    })
    this.#closed = once(this.#child, 'close')
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output += chunk
        for (const look of this.#watchers) look()
      })
    }
  }

  get output(): string {
    return this.#output
  }

  /** Resolves when so many lines, past or to come, hold the text. */
  async said(text: string, times = 1): Promise<void> {
    const hasSaid = () => this.#output.split('\n').filter((line) => line.includes(text)).length >= times
    const seen = new Promise<void>((resolve) => {
      const look = () => {
        if (hasSaid()) resolve()
      }
      this.#watchers.add(look)
      look()
    })
    await Promise.race([seen, this.#closed])
    if (!hasSaid()) throw new Error(`It ended without ${text}:\n${this.#output}`)
  }

  /** The exit code, when it has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) process.kill(-(this.#child.pid ?? 0), 'SIGKILL')
    await this.#closed
  }
}
