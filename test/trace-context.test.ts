import { describe, expect, test } from 'vitest'
import { newTraceparent, parseTraceparent, traceOf } from '../shared/trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const good = `00-${traceId}-${spanId}-01`
const requestId = '0af76519-16cd-43dd-8448-eb211c80319c'

describe('a traceparent', () => {
  test.each([
    ['01', true],
    ['00', false],
    // Other flags have no meaning in version 00.
    ['fe', false],
    ['ff', true],
  ])('of version 00 is read, with the flags %s', (flags, sampled) => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-${flags}`)).toEqual({ traceId, spanId, sampled })
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a list', [good]],
    ['two in one', `${good}, ${good}`],
    ['the same twice in one', `${good},${good}`],
    ['another version', good.replace(/^00/, '01')],
    ['the version that is forbidden', good.replace(/^00/, 'ff')],
    ['more than version 00 has', `${good}-00`],
    ['a trace of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['capitals', good.toUpperCase()],
    ['a short trace', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a long trace', `00-0${traceId}-${spanId}-01`],
    ['a short span', `00-${traceId}-${spanId.slice(1)}-01`],
    ['no flags', `00-${traceId}-${spanId}`],
    ['one flag', `00-${traceId}-${spanId}-1`],
    ['other letters', good.replace('4bf9', '4bg9')],
    ['blanks around it', ` ${good} `],
    ['a line end behind it (I13)', `${good}\n`],
  ])('is none that is %s', (_what, value) => {
    expect(parseTraceparent(value)).toBeUndefined()
  })

  test('with any one character changed is none, or well-formed', () => {
    for (let at = 0; at < good.length; at += 1) {
      for (let code = 0; code < 256; code += 1) {
        const changed = good.slice(0, at) + String.fromCharCode(code) + good.slice(at + 1)
        const { traceId, spanId } = parseTraceparent(changed) ?? {}
        if (traceId !== undefined) expect(`${traceId} ${spanId}`).toMatch(/^[0-9a-f]{32} [0-9a-f]{16}$/)
      }
    }
  })
})

describe('a new trace', () => {
  test('has the id of its request, a span of its own, and is to be recorded', () => {
    const [one, other] = [newTraceparent(requestId), newTraceparent(requestId)]
    expect(parseTraceparent(one)).toEqual({
      traceId: requestId.replaceAll('-', ''),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      sampled: true,
    })
    expect(one).not.toBe(other)
  })

  test.each(['gateway-request-1', requestId.toUpperCase(), '00000000-0000-0000-0000-000000000000'])(
    'has an id by chance if the id of its request is no UUID: %s',
    (id) => {
      const [one, other] = [newTraceparent(id), newTraceparent(id)].map(parseTraceparent)
      expect(one?.traceId).toMatch(/^[0-9a-f]{32}$/)
      expect(one?.traceId).not.toBe(other?.traceId)
    },
  )

  test('begins where there is none to be taken over', () => {
    expect(traceOf(good, requestId)).toEqual({ traceId, traceparent: good, isTakenOver: true })
    expect(traceOf('x', requestId)).toMatchObject({
      traceId: requestId.replaceAll('-', ''),
      isTakenOver: false,
    })
  })
})
