import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { Browser } from './support/browser.ts'
import { Collector } from './support/collector.ts'
import { freePorts } from './support/ports.ts'
import { type Stack, startStack } from './support/stack.ts'

const lost = 'traces cannot be delivered; they are lost'
const warnings = ({ bff, api }: Stack) =>
  [bff, api].map(({ log }) => log.filter(({ level }) => level !== 'info').map(({ msg }) => msg))

async function visit({ baseUrl }: Stack): Promise<number[]> {
  const user = new Browser(baseUrl)
  await user.login('user@example.com')
  const pages = await Promise.all(['/protected', '/public', '/profile'].map((path) => user.open(path)))
  return pages.map(({ status }) => status)
}

test('a collector that is away costs one line in the log, and nobody anything', async () => {
  const [port] = await freePorts(1)
  await using stack = await startStack({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
  expect(await visit(stack)).toEqual([200, 200, 200])
  await Promise.all([stack.bff, stack.api].map((program) => program.line(({ msg }) => msg === lost)))
  expect(await visit(stack)).toEqual([200, 200, 200])
  expect(await Promise.all([stack.bff.stop(), stack.api.stop()])).toEqual([0, 0])
  expect(warnings(stack)).toEqual([[lost], [lost]])
  // No library speaks past the log.
  for (const line of stack.bff.output.trim().split('\n')) expect(line).toMatch(/^\{.*\}$/)
})

test('a collector that never answers holds up no request, and the end of a program for seconds only', async () => {
  const hanging = createServer(() => {})
  await once(hanging.listen(0, '127.0.0.1'), 'listening')
  const address = hanging.address()
  const port = typeof address === 'object' ? address?.port : undefined
  await using stack = await startStack({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` })
  expect(await visit(stack)).toEqual([200, 200, 200])
  const startedAt = performance.now()
  expect(await stack.bff.stop()).toBe(0)
  // The library itself would wait for ten seconds and more.
  expect(performance.now() - startedAt).toBeLessThan(9000)
  hanging.close()
})

test('a collector that is back gets what comes from then on, and the log says so', async () => {
  await using collector = await Collector.start()
  collector.answer = (_req, res) => void res.writeHead(400).end()
  await using stack = await startStack({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  await visit(stack)
  await stack.bff.line(({ msg }) => msg === lost)
  collector.answer = (_req, res) => void res.writeHead(200).end()
  await visit(stack)
  await stack.bff.line(({ msg }) => msg === 'traces are delivered again')
  expect(warnings(stack)[0]).toEqual([lost])
})

test('what was not sent yet is sent before a program ends', async () => {
  await using collector = await Collector.start()
  await using stack = await startStack({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  await fetch(`${stack.baseUrl}/livez`)
  await stack.bff.stop()
  expect(collector.spans.filter(({ kind }) => kind === 'server').map(({ name }) => name)).toEqual([
    'GET /livez',
  ])
})
