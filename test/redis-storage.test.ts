import { once } from 'node:events'
import {
  type AddressInfo,
  connect,
  createServer as createNetServer,
  type Server as NetServer,
  type Socket,
} from 'node:net'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { createServer, getCACertificates, type Server, setDefaultCACertificates } from 'node:tls'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { openStorage } from '../bff/session/open-storage.ts'
import type { NewRow, OpenStorage, SessionStorage } from '../bff/session/storage.ts'
import { selfSigned } from './support/certificate.ts'
import type { LogLine } from './support/program.ts'
import { hasRedisProgram, RedisServer } from './support/redis.ts'

const there = hasRedisProgram()

/** What every storage promises is in storages.test.ts; this is what a server on the network adds to it. */
const minute = 60_000
const bytes = (text: string) => new TextEncoder().encode(text)
const row = (lifetime = minute, indexes: readonly string[] = ['index']): NewRow => ({
  sealed: bytes('sealed'),
  about: bytes('about'),
  seenAt: Date.now(),
  expiresAt: Date.now() + lifetime,
  indexes,
})

let lines: LogLine[] = []
const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(JSON.parse(line)) })
const said = () => lines.map(({ msg }) => msg)
const lost = 'Redis cannot be used; trying again until it can'
const found = 'Redis can be used again'
const untilFound = () => vi.waitFor(() => expect(said()).toContain(found), { timeout: 30_000, interval: 20 })

let storage: OpenStorage
const open = async (url: string) => {
  storage = await openStorage(url, log)
}
beforeEach(() => {
  lines = []
})
afterEach(() => storage.close())

/** Every operation, on a row `key` that is there at version 1 and a lease that the owner has. */
const reads: Readonly<Record<string, () => Promise<unknown>>> = {
  read: () => storage.read('key'),
  find: () => storage.find('index'),
  check: () => storage.check(),
}
const writes: Readonly<Record<string, () => Promise<unknown>>> = {
  create: () => storage.create('other', row()),
  replace: () => storage.replace('key', 1, bytes('new')),
  extend: () => storage.extend('key', { seenAt: Date.now(), expiresAt: Date.now() + 2 * minute }),
  end: () => storage.end('key'),
  lease: () => storage.lease('name', 'owner', minute),
}
const removals: Readonly<Record<string, () => Promise<unknown>>> = {
  release: () => storage.release('name', 'owner'),
  delete: () => storage.delete('key'),
}
const operations = { ...reads, ...writes, ...removals }

async function prepare(): Promise<void> {
  await storage.create('key', row())
  await storage.lease('name', 'owner', minute)
}

/** Each at once, all together: none takes longer than a second. */
async function expectAllToReject(): Promise<void> {
  const start = performance.now()
  const results = await Promise.allSettled(Object.values(operations).map((operate) => operate()))
  expect(performance.now() - start).toBeLessThan(5000)
  expect(results.map(({ status }) => status)).toEqual(results.map(() => 'rejected'))
}

describe.runIf(there)('a Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  beforeEach(() => open(server.url))
  afterEach(() => server.command('FLUSHALL'))
  const timeToLive = async (key: string) => Number(await server.command('PTTL', key))
  /** Until when the index leads to the row. */
  const scoreOf = async (key: string) => Number(await server.command('ZSCORE', 'cloakroom:index:index', key))

  describe('with two gateways', () => {
    let second: SessionStorage
    beforeEach(async () => {
      second = await openStorage(server.url, log)
    })
    afterEach(() => second.close())

    test('shows each what the other one does', async () => {
      await storage.create('key', row())
      await expect(second.create('key', row())).rejects.toThrow('taken')
      expect(await second.read('key')).toEqual(await storage.read('key'))
      expect(await second.replace('key', 1, bytes('new'))).toBe(true)
      expect(await storage.replace('key', 1, bytes('late'))).toBe(false)
      const times = { seenAt: Date.now() + 1, expiresAt: Date.now() + 2 * minute }
      expect(await storage.extend('key', times)).toBe(true)
      expect(await second.read('key')).toMatchObject({ version: 2, sealed: bytes('new'), ...times })
      expect(await second.find('index')).toEqual([{ key: 'key', ...(await storage.read('key')) }])
      expect([await storage.end('key'), await second.end('key')]).toEqual([true, false])
      expect([await second.delete('key', 2), await storage.read('key')]).toEqual([true, undefined])
    })

    const races: Record<string, (each: SessionStorage, index: number) => Promise<unknown>> = {
      creates: (each, index) => each.create('other', row(minute, [`${index}`])),
      replaces: (each) => each.replace('key', 1, bytes('new')),
      ends: (each) => each.end('key'),
      deletes: (each) => each.delete('key', 1),
      leases: (each, index) => each.lease('name', `${index}`, 1000),
    }
    test.each(Object.entries(races))('lets one of a hundred %s at once through', async (_op, race) => {
      await storage.create('key', row())
      const all = Array.from({ length: 100 }, (_, index) => race(index % 2 ? storage : second, index))
      const results = await Promise.allSettled(all)
      const won = results.filter((result) => result.status === 'fulfilled' && result.value !== false)
      expect(won).toHaveLength(1)
    })
  })

  describe('forgets', () => {
    test('a row, its indexes and a lease a minute after they have expired, also when nobody asks', async () => {
      await storage.create('key', row(-minute + 1000, ['a', 'b']))
      await storage.lease('name', 'owner', -minute + 1000)
      expect(await server.command('DBSIZE')).toBe(4)
      await vi.waitFor(async () => expect(await server.command('DBSIZE')).toBe(0), { timeout: 30_000 })
    })

    test('nothing earlier, by whatever clock: a minute is left to the slowest gateway', async () => {
      await storage.create('key', row(10_000))
      await storage.lease('name', 'owner', 10_000)
      for (const key of ['session:key', 'index:index', 'lease:name']) {
        expect(await timeToLive(`cloakroom:${key}`)).toBeGreaterThan(minute)
        expect(await timeToLive(`cloakroom:${key}`)).toBeLessThanOrEqual(minute + 10_000)
      }
    })

    test('an extended row and its index later, and a shorter neighbour does not change that', async () => {
      await storage.create('key', row(1000))
      await storage.extend('key', { seenAt: Date.now(), expiresAt: Date.now() + 10 * minute })
      await storage.create('other', row(1000))
      await storage.replace('key', 1, bytes('new'))
      expect(await timeToLive('cloakroom:session:key')).toBeGreaterThan(10 * minute)
      expect(await timeToLive('cloakroom:index:index')).toBeGreaterThan(10 * minute)
      expect(await timeToLive('cloakroom:session:other')).toBeLessThanOrEqual(minute + 1000)
    })

    test('an index with the row that lives longest, also when a shorter neighbour is extended', async () => {
      await storage.create('key', row(10 * minute))
      await storage.create('other', row())
      await storage.extend('other', { seenAt: Date.now(), expiresAt: Date.now() + 2 * minute })
      expect(await timeToLive('cloakroom:session:other')).toBeLessThanOrEqual(3 * minute)
      expect(await timeToLive('cloakroom:index:index')).toBeGreaterThan(10 * minute)
    })

    test('a row no earlier by its index than by itself when an extension comes late', async () => {
      const made = row()
      await storage.create('key', made)
      expect(await storage.extend('key', { seenAt: Date.now(), expiresAt: made.expiresAt - 1000 })).toBe(true)
      expect(await scoreOf('key')).toBe(made.expiresAt)
    })

    test('by its index who has expired when the user logs in again', async () => {
      for (let number = 0; number < 10; number += 1) await storage.create(`key ${number}`, row(-1))
      await storage.create('key', row())
      expect(await server.command('ZRANGE', 'cloakroom:index:index', '0', '-1')).toEqual(['key'])
    })

    test('an index with its last row', async () => {
      await storage.create('deleted', row())
      await storage.create('ended', row())
      await storage.delete('deleted')
      await storage.end('ended')
      expect(await server.command('KEYS', '*')).toEqual(['cloakroom:session:ended'])
    })
  })

  describe('that has thrown a row away (F16)', () => {
    beforeEach(async () => {
      await prepare()
      await server.command('DEL', 'cloakroom:session:key')
    })

    test('has none: nobody’s session, and no error', async () => {
      expect(await storage.read('key')).toBeUndefined()
      expect(await storage.find('index')).toEqual([])
      expect(await storage.replace('key', 1, bytes('late'))).toBe(false)
      expect([await storage.end('key'), await storage.delete('key')]).toEqual([false, false])
    })

    test('or an index finds the row again once it is extended', async () => {
      await storage.create('key', row())
      await server.command('DEL', 'cloakroom:index:index')
      expect(await storage.find('index')).toEqual([])
      await storage.extend('key', { seenAt: Date.now(), expiresAt: Date.now() + 2 * minute })
      expect((await storage.find('index')).map(({ key }) => key)).toEqual(['key'])
    })
  })

  test('that has thrown a row away (F16) finds the next row with its key for as long as that one lives', async () => {
    await storage.create('key', row())
    await server.command('DEL', 'cloakroom:session:key')
    const made = row(2 * minute)
    await storage.create('key', made)
    expect(await scoreOf('key')).toBe(made.expiresAt)
  })

  describe('that takes no writes', () => {
    beforeEach(prepare)

    test.each([
      [
        'because it is full (F16)',
        ['CONFIG', 'SET', 'maxmemory', '1'],
        ['CONFIG', 'SET', 'maxmemory', '0'],
        'OOM',
        writes,
        { ...reads, ...removals },
      ],
      [
        'because it has become a replica (F16)',
        ['REPLICAOF', '127.0.0.1', '1'],
        ['REPLICAOF', 'NO', 'ONE'],
        'READONLY',
        { ...writes, ...removals },
        reads,
      ],
    ])('%s rejects them whole, reads on, and takes them later', async (...fault) => {
      const [_why, begin, end, reason, rejected, accepted] = fault
      const before = [await storage.read('key'), await storage.find('index')]
      await server.command(...begin)
      for (const operate of Object.values(rejected)) await expect(operate()).rejects.toThrow(reason)
      expect([await storage.read('key'), await storage.find('index')]).toEqual(before)
      for (const operate of Object.values(accepted)) await expect(operate()).resolves.not.toBe(false)
      await server.command(...end)
      expect(await storage.read('other')).toBeUndefined()
      await expect(storage.create('other', row())).resolves.toBeUndefined()
      expect(said()).toEqual([])
    })
  })

  test('gets of a row what is in it, and nothing of a larger buffer that it is part of', async () => {
    const partOf = (word: string) => Buffer.from(`before ${word} after`).subarray(7, -6)
    await storage.create('key', { ...row(), sealed: partOf('old'), about: partOf('about') })
    expect(await storage.read('key')).toMatchObject({ sealed: bytes('old'), about: bytes('about') })
    await storage.replace('key', 1, partOf('new'))
    expect(await storage.read('key')).toMatchObject({ sealed: bytes('new'), about: bytes('about') })
  })

  test('that forgets its scripts is told them again', async () => {
    await prepare()
    await server.command('SCRIPT', 'FLUSH')
    for (const operate of Object.values(operations)) await expect(operate()).resolves.not.toBe(false)
  })

  test('finishes what was begun before it is closed, and takes no more', async () => {
    await prepare()
    const begun = [storage.read('key'), storage.replace('key', 1, bytes('new'))]
    await storage.close()
    expect((await Promise.allSettled(begun)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    await expect(storage.check()).rejects.toThrow()
    expect(said()).toEqual([])
  })

  test('that has answered is not given up because the gateway was busy for longer than the deadline', async () => {
    await prepare()
    const read = storage.read('key')
    await turn()
    for (const until = performance.now() + 700; performance.now() < until; );
    expect(await read).toMatchObject({ version: 1 })
    expect(said()).toEqual([])
  })

  test('that cuts a connection gets a new one', async () => {
    await prepare()
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await untilFound()
    await expect(storage.read('key')).resolves.toBeDefined()
    expect(lines).toMatchObject([
      { msg: lost, err: { message: 'Socket closed unexpectedly' } },
      { msg: found },
    ])
  })
})

describe.runIf(there)('a Redis that is started again', () => {
  test('with what it kept is as it was (F14)', async () => {
    await using server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always')
    await open(server.url)
    await prepare()
    await storage.create('ended', row())
    await storage.end('ended')
    const before = [await storage.read('key'), await storage.read('ended'), await storage.find('index')]
    await server.stop('SIGKILL')
    await vi.waitFor(() => expect(said()).toEqual([lost]))
    await expectAllToReject()
    await server.start()
    await untilFound()
    await vi.waitFor(() => storage.check())
    const after = [await storage.read('key'), await storage.read('ended'), await storage.find('index')]
    expect(after).toEqual(before)
    expect(await storage.lease('name', 'other', minute)).toBe(false)
    for (const operate of Object.values(operations)) await expect(operate()).resolves.not.toBe(false)
  })

  test('with nothing has nobody’s sessions, and takes new ones (F14)', async () => {
    await using server = await RedisServer.start()
    await open(server.url)
    await prepare()
    await server.stop('SIGKILL')
    await server.start()
    await untilFound()
    expect(await storage.read('key')).toBeUndefined()
    expect(await storage.find('index')).toEqual([])
    expect(await storage.replace('key', 1, bytes('late'))).toBe(false)
    await prepare()
    for (const operate of Object.values(operations)) await expect(operate()).resolves.not.toBe(false)
  })

  test('after a while is found within five seconds, and the log has one line for each change (F14)', async () => {
    await using server = await RedisServer.start()
    await open(server.url)
    await server.stop('SIGTERM')
    await vi.waitFor(() => expect(said()).toEqual([lost]))
    // Long enough for the pause between two attempts to have grown to its longest.
    await wait(7000)
    await server.start()
    await untilFound()
    expect(said()).toEqual([lost, found])
  })
})

describe.runIf(there)('a Redis that hangs', () => {
  let server: RedisServer
  beforeEach(async () => {
    server = await RedisServer.start()
    await open(server.url)
    await prepare()
  })
  afterEach(() => server[Symbol.asyncDispose]())

  test('rejects everything soon, whatever the number, and recovers (F15, F17)', async () => {
    server.signal('SIGSTOP')
    await expectAllToReject()
    // The connection has been given up: nothing waits any more.
    const start = performance.now()
    const all = await Promise.allSettled(Array.from({ length: 10_000 }, () => storage.read('key')))
    expect(all.every(({ status }) => status === 'rejected')).toBe(true)
    expect(performance.now() - start).toBeLessThan(5000)
    // And nobody waits for a new one: over a second there are several attempts, and several pauses.
    const waits: number[] = []
    for (let number = 0; number < 20; number += 1) {
      const asked = performance.now()
      await expect(storage.read('key')).rejects.toThrow()
      waits.push(performance.now() - asked)
      await wait(50)
    }
    expect(waits.toSorted((a, b) => a - b)[10]).toBeLessThan(250)
    server.signal('SIGCONT')
    await untilFound()
    await expect(storage.check()).resolves.toBeUndefined()
    expect(said()).toEqual([lost, found])
  })

  test('for less than the deadline is waited for', async () => {
    server.signal('SIGSTOP')
    const read = storage.read('key')
    setTimeout(() => server.signal('SIGCONT'), 200)
    expect(await read).toMatchObject({ version: 1 })
    expect(said()).toEqual([])
  })

  test('does what it was told too late, and the versions still fit', async () => {
    server.signal('SIGSTOP')
    await expect(storage.replace('key', 1, bytes('late'))).rejects.toThrow('did not answer')
    server.signal('SIGCONT')
    await untilFound()
    const read = await storage.read('key')
    expect(read?.version).toBe(Buffer.from(read?.sealed ?? []).equals(bytes('late')) ? 2 : 1)
    expect(await storage.replace('key', read?.version ?? 0, bytes('new'))).toBe(true)
  })

  test('and then dies keeps no gateway from stopping', async () => {
    server.signal('SIGSTOP')
    const closing = Promise.allSettled([storage.read('key'), storage.close()])
    await server.stop('SIGKILL')
    expect((await closing).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  })

  test('keeps no gateway from starting or stopping (F12)', async () => {
    server.signal('SIGSTOP')
    const start = performance.now()
    const other = await openStorage(server.url, log)
    await expect(other.check()).rejects.toThrow()
    await other.close()
    const closing = [storage.read('key'), storage.close()]
    expect((await Promise.allSettled(closing)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(performance.now() - start).toBeLessThan(8000)
    server.signal('SIGCONT')
  })
})

test.runIf(there)('a Redis that is down is found once it is up, without a restart (F12)', async () => {
  await using server = await RedisServer.start()
  await server.stop()
  const start = performance.now()
  await open(server.url)
  await expectAllToReject()
  expect(performance.now() - start).toBeLessThan(5000)
  expect(said()).toEqual([lost])
  await server.start()
  await untilFound()
  await prepare()
  for (const operate of Object.values(operations)) await expect(operate()).resolves.not.toBe(false)
})

test('a Redis that lets nobody in is asked less and less often', async () => {
  let attempts = 0
  const gate = createNetServer((socket) => {
    attempts += 1
    socket.on('error', () => {}).destroy()
  })
  await once(gate.listen(0, '127.0.0.1'), 'listening')
  await open(`redis://127.0.0.1:${(gate.address() as AddressInfo).port}`)
  await wait(2500)
  gate.close()
  // After 50 ms, 100, 200 and so on: at the first pace there would be fifty.
  expect(attempts).toBeGreaterThan(2)
  expect(attempts).toBeLessThan(12)
  expect(said()).toEqual([lost])
})

describe.runIf(there)('the address', () => {
  const password = 'pa/ss wörd@#%'
  const address = (server: RedisServer, userinfo: string, path = '') =>
    `${server.url.replace('redis://', `redis://${userinfo}@`)}${path}`

  test('has the password, and the log does not', async () => {
    await using server = await RedisServer.start('--requirepass', password)
    await open(address(server, `:${encodeURIComponent(password)}`))
    await expect(storage.check()).resolves.toBeUndefined()
    expect(said()).toEqual([])
    const wrong = await openStorage(address(server, ':wrong-password'), log)
    await expect(wrong.check()).rejects.toThrow()
    await wrong.close()
    const without = await openStorage(server.url, log)
    await expect(without.check()).rejects.toThrow()
    await without.close()
    expect(lines).toMatchObject([
      { msg: lost, err: { message: expect.stringContaining('WRONGPASS') } },
      { msg: lost, err: { message: expect.stringContaining('NOAUTH') } },
    ])
    expect(JSON.stringify(lines)).not.toMatch(/wrong-password|wörd|w%C3%B6rd/)
  })

  test('has the user, who needs no more than our keys and these commands', async () => {
    await using server = await RedisServer.start()
    const rules = `on ~cloakroom:* resetchannels -@all +hello +select +ping +eval +evalsha +del +hget +hmget
      +hset +incr +pttl +pexpire +zadd +zrem +zrangebyscore +zremrangebyscore`
    await server.command('ACL', 'SETUSER', 'gateway', `>${password}`, ...rules.split(/\s+/))
    await open(address(server, `gateway:${encodeURIComponent(password)}`))
    await prepare()
    for (const operate of Object.values(operations)) await expect(operate()).resolves.not.toBe(false)
    expect(await storage.count?.('name', 1000)).toMatchObject({ hits: 1 })
  })

  test('has the number of the database', async () => {
    await using server = await RedisServer.start()
    await open(`${server.url}/3`)
    await storage.create('key', row())
    const other = await openStorage(server.url, log)
    expect(await other.read('key')).toBeUndefined()
    await other.close()
    expect(await server.command('INFO', 'keyspace')).toMatch(/db3:keys=2/)
  })
})

describe.runIf(there)('a Redis behind TLS', () => {
  const certificate = selfSigned()
  const trusted = getCACertificates('default')
  const sockets = new Set<Socket>()
  let server: RedisServer
  let heard = ''
  /** Decrypts what a gate lets through. */
  let front: Server
  let gate: NetServer
  let url: string
  beforeEach(async () => {
    server = await RedisServer.start()
    heard = ''
    front = createServer(certificate, (socket) => {
      const back = connect(server.port, '127.0.0.1')
      for (const each of [socket, back]) sockets.add(each.on('error', () => {}))
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString()
      })
      socket.pipe(back).pipe(socket)
    })
    front.on('tlsClientError', () => {})
    gate = createNetServer((socket) => sockets.add(socket.on('error', () => {})))
    await once(gate.listen(0, 'localhost'), 'listening')
    url = `rediss://localhost:${(gate.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    setDefaultCACertificates(trusted)
    for (const socket of sockets) socket.destroy()
    gate.close()
    await server[Symbol.asyncDispose]()
  })
  const letIn = (socket: Socket) => front.emit('connection', socket)
  const trust = () => setDefaultCACertificates([...trusted, certificate.cert])

  test('is told nothing when its certificate is not trusted', async () => {
    gate.on('connection', letIn)
    await open(url)
    await expectAllToReject()
    expect(lines).toMatchObject([{ msg: lost, err: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } }])
    expect(heard).toBe('')
  })

  test('works when it is', async () => {
    gate.on('connection', letIn)
    trust()
    await open(url)
    await prepare()
    for (const operate of Object.values(operations)) await expect(operate()).resolves.not.toBe(false)
    expect(heard).toContain('HMGET')
  })

  test('lets a gateway go that is closed while it connects', async () => {
    trust()
    // The first attempt finds the gate shut, and ends with the deadline.
    await open(url)
    const [socket] = await once(gate, 'connection')
    await storage.close()
    letIn(socket)
    await once(socket, 'close', { signal: AbortSignal.timeout(5000) })
    expect(said()).toEqual([lost])
  })
})
