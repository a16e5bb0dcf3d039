import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type Server, withDescendants } from './server.ts'

interface Start {
  readonly name: string
  readonly file: string
  readonly port: number
  readonly environment: Readonly<Record<string, string>>
}

/** Starts a Node program that tells its parent when it serves. What it logs goes into a pipe, as in production. */
export async function startProgram({ name, file, port, environment }: Start): Promise<Server> {
  const env = { PATH: process.env.PATH, ...environment } as NodeJS.ProcessEnv
  const child = fork(file, [], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: [] })
  child.stdout?.resume()
  const ended = once(child, 'exit')
  const tooEarly = ended.then(() => Promise.reject(new Error(`${name} ended before it served`)))
  await Promise.race([once(child, 'message'), tooEarly])
  tooEarly.catch(() => {})
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    pids: () => withDescendants(child.pid ?? 0),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await ended
    },
  }
}
