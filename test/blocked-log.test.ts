import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { atOnce } from './support/crowd.ts'
import { freePorts } from './support/ports.ts'

/** The API, with its log going there. */
async function startApi(stdout: 'pipe' | number): Promise<{ child: ChildProcess; url: string }> {
  const [port] = await freePorts(1)
  const child = spawn(process.execPath, [join(import.meta.dirname, '../api/main.ts')], {
    env: { PATH: process.env.PATH, API_PORT: String(port) },
    cwd: tmpdir(),
    stdio: ['ignore', stdout, 'inherit', 'ipc'],
  })
  await once(child, 'message')
  return { child, url: `http://localhost:${port}` }
}

/** 600 requests, each with a line in the log of more than four kilobytes, and one more because nothing is there. */
const askALot = (url: string) =>
  atOnce(Array(600).fill(`${url}/${'x'.repeat(4000)}`), async (address: string) => {
    const answer = await fetch(address)
    await answer.arrayBuffer()
    expect(answer.status).toBe(404)
  })

async function stop(child: ChildProcess): Promise<number | null> {
  child.kill()
  const [code] = await once(child, 'exit')
  return code
}

test('a program whose log nobody reads serves on, and ends when it is told to (F38)', async () => {
  const { child, url } = await startApi('pipe')
  await askALot(url)
  expect(await stop(child)).toBe(0)
})

test('a program whose log is read again says how many lines were lost meanwhile (F38)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
  const path = join(folder, 'log')
  execFileSync('mkfifo', [path])
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const { child, url } = await startApi(openSync(path, constants.O_WRONLY))
  await askALot(url)
  let read = 0
  const lines = createInterface(new Socket({ fd: reading, writable: false }))
  const dropped = await new Promise<number>((resolve) => {
    lines.on('line', (line) => {
      const { msg, dropped } = JSON.parse(line)
      if (msg.startsWith('request')) read += 1
      if (msg === 'lines were dropped') resolve(dropped)
    })
  })
  expect(read + dropped).toBe(1200)
  expect(dropped).toBeGreaterThan(100)
  expect(await stop(child)).toBe(0)
  lines.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a program whose log has lost its reader serves on, and ends when it is told to (F38)', async () => {
  const { child, url } = await startApi('pipe')
  child.stdout?.destroy()
  await askALot(url)
  expect(await stop(child)).toBe(0)
})

test('the lines of two programs that share a pipe stay whole, also when it is full', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
  const path = join(folder, 'log')
  execFileSync('mkfifo', [path])
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writing = openSync(path, constants.O_WRONLY)
  const programs = await Promise.all([startApi(writing), startApi(writing)])
  // Some hundred bytes a line, of which the pipe takes 64 kB before anybody reads.
  const addresses = programs.flatMap(({ url }) => Array(400).fill(`${url}/${'x'.repeat(300)}`))
  await atOnce(addresses, async (address: string) => {
    const answer = await fetch(address)
    await answer.arrayBuffer()
  })
  const lines = createInterface(new Socket({ fd: reading, writable: false }))
  let requests = 0
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      // What was cut is no JSON.
      if (JSON.parse(line).msg === 'request') requests += 1
      if (requests === addresses.length) resolve()
    })
  })
  for (const { child } of programs) expect(await stop(child)).toBe(0)
  lines.close()
  rmSync(folder, { recursive: true, force: true })
})

test('the last line of a program that is stopped says so', async () => {
  const { child } = await startApi('pipe')
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const closed = once(child, 'close')
  expect(await stop(child)).toBe(0)
  await closed
  expect(JSON.parse(output.trim().split('\n').at(-1) ?? '')).toMatchObject({ msg: 'stopped' })
})
