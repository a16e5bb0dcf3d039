import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePorts } from './support/ports.ts'
import { isAlive } from './support/workers.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Starts a program as `npm start` does, reads its log, and says its number and when it serves. */
const parent = `
  const child = require('node:child_process').fork(process.argv[1], [], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  child.stdout.resume()
  console.log(child.pid)
  child.once('message', console.log)
`

test.each([
  ['as soon as it has been started', 1],
  ['when it serves', 2],
])('a program whose parent is killed %s ends, though nobody reads its log', async (_when, lines) => {
  const [port] = await freePorts(1)
  const program = join(import.meta.dirname, '../bff/main.ts')
  const starter = spawn(process.execPath, ['-e', parent, program], {
    env: { PATH: process.env.PATH, BFF_PORT: String(port), DATA_DIR: join(folder, 'data') },
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  for await (const line of createInterface(starter.stdout)) {
    if (said.push(line) === lines) break
  }
  const pid = Number(said[0])
  expect(isAlive(pid)).toBe(true)
  starter.kill('SIGKILL')
  await once(starter, 'exit')
  await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false)
})
