import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startApi, startIssuer } from './support/issuer.ts'

/** A fault in no request's code, at a signal: what a bug in a timer or a listener is. */
const faulty = (how: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`
    const error = Object.assign(new Error('The fault'), { response: { access_token: ['sword', 'fish'].join('') } })
    process.on('SIGUSR2', () => setImmediate(() => { ${how} }))`)}`,
})

test.each([
  ['an exception', 'throw error'],
  ['a rejection', 'Promise.reject(error)'],
])(
  '%s that nobody handles ends the program: in good order, and without what is attached to it (F33)',
  async (_what, how) => {
    await using issuer = await startIssuer()
    await using api = await startApi(issuer.url, faulty(how))
    const { port } = new URL(api.url)
    // A request that is under way: its keys are being fetched.
    let answerKeys = () => {}
    const asked = new Promise<void>((resolve) => {
      issuer.keySet = (_req, res) => {
        answerKeys = () =>
          res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: issuer.keys }))
        resolve()
      }
    })
    const answer = api.statusOf(await issuer.token())
    await asked
    const ended = api.program.ended()
    api.program.signal('SIGUSR2')
    expect(await api.program.line(({ level }) => level === 'fatal')).toMatchObject({
      msg: 'a fault that nobody handles',
      err: { type: 'Error', message: 'The fault' },
    })
    await api.program.line(({ msg }) => msg === 'stopping')
    const late = connect(Number(port), 'localhost')
    await once(late, 'error')
    answerKeys()
    expect(await answer).toBe(200)
    expect(await ended).toBe(1)
    expect(api.program.output).not.toContain('swordfish')
  },
)
