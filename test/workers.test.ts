import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Browser, send } from './support/browser.ts'
import { freePorts } from './support/ports.ts'
import { type Environment, Program, runToEnd } from './support/program.ts'
import { type Stack, startStack } from './support/stack.ts'
import { answeredBy, answerOf, isAlive, workersOf } from './support/workers.ts'

const two = { BFF_WORKERS: '2' }
const routes = join(import.meta.dirname, '../bff/gateway/routes.json')
const gone = (pids: readonly number[]) =>
  expect.poll(() => pids.filter(isAlive), { timeout: 60_000 }).toEqual([])

describe('a gateway of several processes', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack(two)
  })
  afterAll(() => stack[Symbol.asyncDispose]())

  test('has as many as it was told, all of which answer, and none of them is the one that was started', async () => {
    const pids = workersOf(stack.bff)
    expect(new Set([...pids, stack.bff.pid]).size).toBe(3)
    expect(await stack.bff.line(({ msg }) => msg === 'all workers serve')).toMatchObject({
      workers: expect.arrayContaining(pids),
    })
    for (const pid of pids) {
      const answer = await answerOf(stack, pid, () => send(new URL('/livez', stack.baseUrl), 'GET', {}))
      expect(answer.status).toBe(200)
    }
  })

  test('logs in and out in all of them, whichever of them is asked', async () => {
    const [one, other] = workersOf(stack.bff)
    for (const [here, there] of [
      [one, other],
      [other, one],
    ]) {
      const user = new Browser(stack.baseUrl)
      await user.login('user@example.com')
      const profile = () => user.fetch('/profile')
      expect((await answerOf(stack, here, profile)).status).toBe(200)
      expect((await answerOf(stack, there, profile)).status).toBe(200)
      const { port } = new URL(stack.baseUrl)
      const old = new Browser(stack.baseUrl, { cookie: `ticket-${port}=${await user.ticket()}` })
      expect((await old.fetch('/profile')).status).toBe(200)
      await user.post(await user.open('/'), '/logout')
      for (const pid of [here, there]) {
        expect((await answerOf(stack, pid, () => old.fetch('/profile'))).status).toBe(401)
      }
    }
  })
})

/** An API that answers when it is told to, and a gateway of two processes in front of it. */
async function startSlow() {
  const upstream = createServer((_req, res) => upstream.emit('asked', res)).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const { port } = upstream.address() as AddressInfo
  const stack = await startStack({ ...two, API_SERVER_URL: `http://127.0.0.1:${port}` })
  const ask = async () => {
    const asked = once(upstream, 'asked')
    const answer = fetch(`${stack.baseUrl}/api/messages/public`).then((response) => response.text())
    const [res] = (await asked) as [ServerResponse]
    return { answer, finish: () => res.setHeader('Content-Type', 'application/json').end('{"slow":true}') }
  }
  return {
    stack,
    ask,
    [Symbol.asyncDispose]: async () => {
      upstream.closeAllConnections()
      upstream.close()
      await stack[Symbol.asyncDispose]()
    },
  }
}

/** While there is such a file, those that are started then wait for some seconds before they begin. */
const late = (file: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import cluster from 'node:cluster'
    import { existsSync } from 'node:fs'
    if (cluster.isWorker && existsSync('${file}')) {
      console.log('{"msg":"begins late"}')
      await new Promise((resolve) => setTimeout(resolve, 5000))
    }`)}`,
})

describe('the end of a gateway of several processes', () => {
  test('SIGTERM lets requests in flight finish in all of them, takes no new one, and ends with 0', async () => {
    await using slow = await startSlow()
    const { bff } = slow.stack
    const pids = workersOf(bff)
    const requests = [await slow.ask(), await slow.ask()]
    const ended = bff.stop('SIGTERM')
    for (const each of pids) await bff.line(({ msg, pid }) => msg === 'stopping' && pid === each)
    // One that comes while the port is being closed may wait for the end.
    const refused = async () => {
      const asked = fetch(bff.ownUrl, { signal: AbortSignal.timeout(500) })
      return asked.then(String, (error) => error.cause?.code)
    }
    await expect.poll(refused, { timeout: 8000 }).toBe('ECONNREFUSED')
    for (const { finish } of requests) finish()
    for (const { answer } of requests) expect(await answer).toBe('{"slow":true}')
    expect(await ended).toBe(0)
    await gone(pids)
    expect(bff.log.filter(({ level }) => level === 'error')).toEqual([])
  })

  test('nobody takes the place of a process that dies shortly before', async () => {
    await using slow = await startSlow()
    const { bff } = slow.stack
    const [victim = 0] = workersOf(bff)
    // They come in turns: one of them waits in the other process.
    const requests = [await slow.ask(), await slow.ask()]
    const answers = Promise.allSettled(requests.map(({ answer }) => answer))
    process.kill(victim, 'SIGKILL')
    await bff.line(({ level }) => level === 'error')
    const ended = bff.stop('SIGTERM')
    await wait(4000)
    for (const { finish } of requests) finish()
    expect(await ended).toBe(0)
    expect((await answers).map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(bff.log.filter(({ msg }) => msg === 'serving')).toHaveLength(2)
  })

  test('a process that does not serve yet is not waited for, and does not begin to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
    await using stack = await startStack({ ...two, ...late(join(folder, 'late')) })
    writeFileSync(join(folder, 'late'), '')
    process.kill(workersOf(stack.bff)[0] ?? 0, 'SIGKILL')
    await stack.bff.line(({ msg }) => msg === 'begins late')
    expect(await stack.bff.stop('SIGTERM')).toBe(0)
    expect(stack.bff.log.filter(({ msg }) => msg === 'serving')).toHaveLength(2)
    rmSync(folder, { recursive: true })
  })

  test('Ctrl-C, which reaches each of them and is passed on besides, means once', async () => {
    await using slow = await startSlow()
    const { bff } = slow.stack
    const pids = workersOf(bff)
    const { answer, finish } = await slow.ask()
    const ended = bff.ended()
    for (const pid of pids) process.kill(pid, 'SIGINT')
    // As late as on a machine with much else to do: to be told twice is not to be asked twice.
    for (const each of pids) await bff.line(({ msg, pid }) => msg === 'stopping' && pid === each)
    await wait(1100)
    bff.signal('SIGINT')
    await bff.line(({ msg, pid }) => msg === 'stopping' && pid === undefined)
    await wait(500)
    finish()
    expect(await answer).toBe('{"slow":true}')
    expect(await ended).toBe(0)
    await gone(pids)
  })

  test('a second SIGTERM after a second ends all of them at once', async () => {
    await using slow = await startSlow()
    const { bff } = slow.stack
    const pids = workersOf(bff)
    const { answer } = await slow.ask()
    const refused = expect(answer).rejects.toThrow()
    const ended = bff.stop('SIGTERM')
    await bff.line(({ msg }) => msg === 'stopping')
    await wait(1100)
    const begun = performance.now()
    bff.signal('SIGTERM')
    expect(await ended).toBe(1)
    await gone(pids)
    expect(performance.now() - begun).toBeLessThan(8000)
    await refused
  })

  test('a process that hangs does not hold it up for ever', async () => {
    await using stack = await startStack(two)
    const pids = workersOf(stack.bff)
    process.kill(pids[0] ?? 0, 'SIGSTOP')
    expect(await stack.bff.stop('SIGTERM')).toBe(0)
    await gone(pids)
  })

  test('SIGKILL for the one that was started leaves none of the others', async () => {
    await using slow = await startSlow()
    const pids = workersOf(slow.stack.bff)
    const { answer } = await slow.ask()
    const refused = expect(answer).rejects.toThrow()
    expect(await slow.stack.bff.stop('SIGKILL')).toBe('SIGKILL')
    await gone(pids)
    await refused
  })
})

describe('a process that dies', () => {
  const lineOf = ({ bff }: Stack, pid: number | undefined) =>
    bff.line((line) => line.msg === 'a worker ended; another one takes its place' && line.pid === pid)
  const twoServe = ({ bff }: Stack) => expect.poll(() => workersOf(bff).length, { timeout: 60_000 }).toBe(2)

  test('is replaced, which is in the log, and everybody is still logged in', async () => {
    await using stack = await startStack(two)
    const user = new Browser(stack.baseUrl)
    await user.login('user@example.com')
    const [victim = 0, other] = workersOf(stack.bff)
    process.kill(victim, 'SIGKILL')
    expect(await lineOf(stack, victim)).toMatchObject({ level: 'error', code: null, signal: 'SIGKILL' })
    // Those that are left serve meanwhile.
    expect(await answeredBy(stack, await user.fetch('/profile'))).toBe(other)
    await twoServe(stack)
    for (const pid of workersOf(stack.bff)) {
      expect((await answerOf(stack, pid, () => user.fetch('/profile'))).status).toBe(200)
    }
    expect(await stack.bff.stop()).toBe(0)
  })

  test('is replaced however often, also while all are busy', async () => {
    await using stack = await startStack(two)
    const { bff } = stack
    const headers = { connection: 'close' }
    let isOver = false
    const crowd = Array.from({ length: 8 }, async () => {
      // With a time-out: a connection that is being handed over when its process dies waits for ever, in Node.
      while (!isOver) await fetch(bff.ownUrl, { signal: AbortSignal.timeout(1000), headers }).catch(() => {})
    })
    for (let times = 0; times < 4; times += 1) {
      for (const pid of workersOf(bff)) process.kill(pid, 'SIGKILL')
      await twoServe(stack)
    }
    isOver = true
    await Promise.all(crowd)
    expect(bff.log.filter(({ level }) => level === 'fatal')).toEqual([])
    expect(await bff.stop()).toBe(0)
  })

  test('is tried again while one after the other ends before it serves', async () => {
    const [port] = await freePorts(1)
    await using stack = await startStack()
    const table = join(stack.folder, 'routes.json')
    copyFileSync(routes, table)
    const gateway = new Program('bff/main.ts', {
      ...stack.environment,
      ...two,
      BFF_PORT: String(port),
      API_ROUTES: table,
    })
    await gateway.start()
    writeFileSync(table, 'no table')
    const [victim = 0, other = 0] = workersOf(gateway)
    process.kill(victim, 'SIGKILL')
    const failed = () => gateway.log.filter(({ code }) => code === 78)
    await expect.poll(() => failed().length, { timeout: 60_000 }).toBeGreaterThanOrEqual(3)
    expect(workersOf(gateway)).toEqual([other])
    copyFileSync(routes, table)
    await expect.poll(() => workersOf(gateway).length, { timeout: 60_000 }).toBe(2)
    expect(await gateway.stop()).toBe(0)
  })
})

/** Starts no other process while the file says why. */
const unable = (file: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import { ChildProcess } from 'node:child_process'
    import { existsSync, readFileSync } from 'node:fs'
    const { spawn } = ChildProcess.prototype
    ChildProcess.prototype.spawn = function (options) {
      const fault = existsSync('${file}') ? readFileSync('${file}', 'utf8') : ''
      if (fault === 'thrown') throw new Error('No memory')
      return spawn.call(this, fault === '' ? options : { ...options, file: fault })
    }`)}`,
})

test.each([
  ['memory is short', 'thrown'],
  ['its program is not there for a moment', '/nowhere/node'],
])(
  'a process that cannot be started because %s is tried again each second, and the others serve',
  async (_why, fault) => {
    const folder = mkdtempSync(join(tmpdir(), 'cloakroom-'))
    const file = join(folder, 'fault')
    await using stack = await startStack({ ...two, ...unable(file) })
    writeFileSync(file, fault)
    const [victim = 0, other] = workersOf(stack.bff)
    process.kill(victim, 'SIGKILL')
    const failed = () => stack.bff.log.filter(({ level, err }) => level === 'error' && err)
    await expect.poll(() => failed().length, { timeout: 60_000 }).toBeGreaterThanOrEqual(3)
    const times = failed().map(({ time }) => Date.parse(String(time)))
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - (times[index] ?? time)).toBeGreaterThanOrEqual(990)
    }
    const answer = await send(new URL('/readyz', stack.baseUrl), 'GET', {})
    expect([answer.status, await answeredBy(stack, answer)]).toEqual([200, other])
    rmSync(folder, { recursive: true })
    await expect.poll(() => workersOf(stack.bff).length, { timeout: 60_000 }).toBe(2)
  },
)

/** At a signal nothing can be written to the channel of any worker, once. */
const untold = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    import cluster from 'node:cluster'
    process.on('SIGUSR2', () => {
      for (const worker of Object.values(cluster.workers)) worker.process.emit('error', new Error('EPIPE'))
      console.log('{"msg":"emitted"}')
    })`)}`,
}

test('a process that cannot be told something is not taken for dead', async () => {
  await using stack = await startStack({ ...two, ...untold })
  const pids = workersOf(stack.bff)
  stack.bff.signal('SIGUSR2')
  await stack.bff.line(({ msg }) => msg === 'emitted')
  // Longer than the pause before a successor.
  await wait(1500)
  expect(workersOf(stack.bff)).toEqual(pids)
  expect(stack.bff.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([])
  expect(await stack.bff.stop()).toBe(0)
})

describe('what keeps the first process from serving is said once, and ends the program with its code', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack()
  })
  afterAll(() => stack[Symbol.asyncDispose]())
  const run = async (settings: Environment) => {
    const [port] = await freePorts(1)
    const { code, stdout, stderr } = await runToEnd('bff/main.ts', {
      ...stack.environment,
      BFF_WORKERS: '4',
      BFF_PORT: String(port),
      ...settings,
    })
    return { code, stdout, lines: stderr.split('\n').filter(Boolean) }
  }

  test('a port in use', async () => {
    const taken = new URL(stack.bff.ownUrl)
    expect(await run({ HOST: taken.hostname, BFF_PORT: taken.port })).toEqual({
      code: 78,
      stdout: '',
      lines: [`bff: Port ${taken.port} is in use; set BFF_PORT to a free port`],
    })
  })

  test('a storage that cannot be used', async () => {
    const { code, stdout, lines } = await run({ SESSION_STORE: `sqlite:${stack.folder}` })
    expect([code, stdout, lines.length]).toEqual([78, '', 2])
    expect(lines[1]).toContain('SESSION_STORE cannot be used')
  })

  test('bad settings, all of them', async () => {
    const { code, lines } = await run({ BFF_WORKERS: '65', LOGIN_RATE: 'x' })
    expect(code).toBe(78)
    expect(lines).toEqual([
      'Bad settings:',
      '  LOGIN_RATE must be a number of requests a minute, 1 to 999999',
      '  BFF_WORKERS must be a number of processes, 1 to 64',
    ])
  })

  test('sessions in memory, of which each would have its own', async () => {
    const { code, lines } = await run({ SESSION_STORE: 'memory:' })
    expect(code).toBe(78)
    expect(lines[1]).toContain('BFF_WORKERS must be 1 with SESSION_STORE=memory:')
  })

  test('an end by a signal, as when memory is short', async () => {
    const fault = `import cluster from 'node:cluster'
      if (cluster.isWorker) process.kill(process.pid, 'SIGKILL')`
    const { code, stdout } = await run({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}`,
    })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      level: 'fatal',
      msg: 'could not start',
      err: { message: 'A worker ended by SIGKILL before it served' },
    })
  })
})

test('npm start runs it with several processes, and ends all of them', async () => {
  await using stack = await startStack()
  const ports = await freePorts(3)
  const [BFF_PORT = '', API_PORT = '', TENANT_PORT = ''] = ports.map(String)
  const all = new Program('main.ts', { ...stack.environment, ...two, BFF_PORT, API_PORT, TENANT_PORT })
  // It has no parent to tell.
  void all.start().catch(() => {})
  await all.line(({ msg }) => msg === 'all workers serve')
  await vi.waitFor(() => expect(all.output).toContain('Cloakroom is ready.'), 60_000)
  const pids = workersOf(all)
  expect(pids.length).toBeGreaterThanOrEqual(2)
  expect((await send(new URL(`http://localhost:${BFF_PORT}/readyz`), 'GET', {})).status).toBe(200)
  expect(await all.stop('SIGTERM')).toBe(0)
  await gone(pids)
})
