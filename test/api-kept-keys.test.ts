import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import request from 'supertest'
import { describe, expect, test } from 'vitest'
import { jumpingClock, newKey, startApi, startIssuer } from './support/issuer.ts'

describe('keys that are there', () => {
  test('are fetched anew every half minute while they are used, and nobody waits for that', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(31))
    const token = await issuer.token()
    expect(await api.statusOf(token)).toBe(200)
    await api.later()
    const asked = new Promise<void>((resolve) => {
      issuer.keySet = () => resolve()
    })
    expect(await api.statusOf(token)).toBe(200)
    await asked
    const startedAt = performance.now()
    for (let times = 0; times < 20; times += 1) {
      expect(await api.statusOf(await issuer.token({ jti: String(times) }))).toBe(200)
    }
    expect(performance.now() - startedAt).toBeLessThan(4000)
    expect(issuer.keyFetches).toBe(2)
  })

  test('are good for a day without the issuer, which /readyz says, and not for longer (W05)', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(4 * 3600))
    const ready = async () => {
      const { status, body } = await request(api.url).get('/readyz')
      return [status, body]
    }
    const iat = Math.floor(Date.now() / 1000)
    const fresh = (hour: number) => issuer.token({ iat: iat + hour * 3600, exp: iat + (hour + 1) * 3600 })
    expect(await api.statusOf(await fresh(0))).toBe(200)
    expect(await ready()).toEqual([200, { status: 'ok' }])
    await issuer.stop()
    for (let hour = 4; hour < 24; hour += 4) {
      await api.later()
      expect([hour, await api.statusOf(await fresh(hour))]).toEqual([hour, 200])
      await api.program.line(({ msg }) => msg === 'the keys could not be fetched; the last ones stay good')
      expect(await ready()).toEqual([200, { status: 'degraded', failed: ['identity provider'] }])
    }
    await api.later()
    expect(await api.statusOf(await fresh(24))).toBe(503)
    expect((await ready())[0]).toBe(503)
    await issuer.goOn()
    await api.later()
    expect(await api.statusOf(await fresh(28))).toBe(200)
    expect(await ready()).toEqual([200, { status: 'ok' }])
  })

  test.each<[string, (keys: object[]) => RequestListener]>([
    [
      'of more than 256 kB (W08)',
      (keys) => (_req, res) => {
        res.writeHead(200, { 'Content-Type': 'application/json' })
        res.end(JSON.stringify({ keys, more: 'x'.repeat(256_000) }))
      },
    ],
    [
      'that unpacks to more than 256 kB (W08, W10)',
      (keys) => (_req, res) => {
        res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
        res.end(gzipSync(JSON.stringify({ keys, more: 'x'.repeat(50_000_000) })))
      },
    ],
    [
      'that never ends (W08)',
      (keys) => (_req, res) => {
        res.writeHead(200, { 'Content-Type': 'application/json' })
        const text = JSON.stringify({ keys, more: 'x'.repeat(64_000) })
        const send = () => {
          if (!res.destroyed && res.write(text)) setImmediate(send)
          else res.once('drain', send)
        }
        send()
      },
    ],
  ])('are not replaced by a set %s', async (_what, keySet) => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(31))
    const good = await issuer.token()
    issuer.keySet = keySet([issuer.key.jwk])
    expect(await api.statusOf(good)).toBe(503)
    await api.later()
    issuer.keySet = undefined
    expect(await api.statusOf(good)).toBe(200)
    issuer.keySet = keySet([])
    await api.later()
    expect(await api.statusOf(good)).toBe(200)
    await api.program.line(({ msg }) => msg === 'the keys could not be fetched; the last ones stay good')
    expect(await api.statusOf(good)).toBe(200)
  })

  test('are looked for where discovery says, also when the issuer has moved them', async () => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, jumpingClock(31))
    const good = await issuer.token()
    expect(await api.statusOf(good)).toBe(200)
    const second = await newKey('second')
    issuer.keySet = (_req, res) => res.writeHead(404).end()
    await api.later()
    expect(await api.statusOf(await issuer.token({}, {}, second))).toBe(503)
    issuer.keySet = undefined
    issuer.keys = [second.jwk]
    await api.later()
    expect(await api.statusOf(await issuer.token({}, {}, second))).toBe(200)
    expect(issuer.asked.filter((path) => path !== '/keys')).toHaveLength(2)
  })
})
