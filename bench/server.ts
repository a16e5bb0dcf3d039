import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

export interface Server {
  readonly name: string
  readonly url: string
  /** All processes of it that serve, found anew at each call. */
  pids(): number[]
  stop(): Promise<void>
}

interface Start {
  readonly name: string
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly port: number
  /** What the program says on standard error is in its file `errors`, which the program may write to by itself as well. */
  readonly folder: string
}

/**
 * Starts a program that stays in the foreground and ends on SIGTERM; resolves when its port takes connections. Rejects
 * with what it said when it ends before that, or needs more than 30 seconds.
 */
export async function startServer({ name, command, port, folder }: Start): Promise<Server> {
  const [file, ...args] = command
  const errors = join(folder, 'errors')
  // Nothing of the machine's own settings goes along; what the programs put aside belongs into their folder.
  const env = { PATH: '/usr/bin:/bin', TMPDIR: folder } as unknown as NodeJS.ProcessEnv
  const output = openSync(errors, 'a')
  const child = spawn(file, args, { cwd: folder, env, stdio: ['ignore', 'ignore', output] })
  closeSync(output)
  const ended = once(child, 'exit')
  const givenUp = new AbortController()
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await ended
  }
  try {
    const tooEarly = ended.then(() => Promise.reject(new Error(`${name} ended before it served`)))
    await Promise.race([
      untilItAnswers(port, AbortSignal.any([givenUp.signal, AbortSignal.timeout(30_000)])),
      tooEarly,
    ])
  } catch (error) {
    await stop()
    throw new Error(`${name} does not serve:\n${readFileSync(errors, 'utf8')}`, { cause: error })
  } finally {
    givenUp.abort()
  }
  return { name, url: `http://127.0.0.1:${port}`, pids: () => withDescendants(child.pid ?? 0), stop }
}

/** Resolves when something takes connections at that port of 127.0.0.1; rejects when the signal ends the waiting. */
export async function untilItAnswers(port: number, signal: AbortSignal): Promise<void> {
  while (!(await takesConnections(port))) await setTimeout(20, undefined, { signal })
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

/** A process, unless it has ended, and all that it and its children have started, as Linux lists them in /proc. */
export function withDescendants(pid: number): number[] {
  const all = processes()
  const family = all.filter((each) => each.pid === pid)
  for (const { pid: parent } of family) family.push(...all.filter((each) => each.parent === parent))
  return family.map((each) => each.pid)
}

function processes(): { readonly pid: number; readonly parent: number }[] {
  return readdirSync('/proc').flatMap((entry) => {
    const stat = /^\d+$/.test(entry) && statOf(entry)
    // The name in parentheses may have blanks and parentheses of its own; behind it are the state and the parent.
    const [, parent] = stat ? stat.slice(stat.lastIndexOf(')') + 2).split(' ') : []
    return parent === undefined ? [] : [{ pid: Number(entry), parent: Number(parent) }]
  })
}

/** Undefined for a process that has ended since the listing. */
function statOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
}
