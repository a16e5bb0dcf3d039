import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string }
}

interface RawSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: readonly Attribute[]
  readonly events?: readonly unknown[]
  readonly links?: readonly unknown[]
  readonly status: { readonly code?: number; readonly message?: string }
}

/** A span as it arrived, with all that it says. */
export interface ReceivedSpan extends Pick<RawSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'name'> {
  readonly service: unknown
  readonly kind: 'server' | 'client' | 'other'
  readonly attributes: Readonly<Record<string, unknown>>
  readonly isError: boolean
  /** What else it might say something with; ours do not. */
  readonly more: readonly unknown[]
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[]
  }[]
}

/** Stands in the place of an OpenTelemetry collector, and keeps what arrives. */
export class Collector implements AsyncDisposable {
  readonly paths: (string | undefined)[] = []
  readonly bodies: string[] = []
  /** How it answers. */
  answer: RequestListener = (_req, res) =>
    void res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
  readonly #server: Server

  private constructor() {
    this.#server = createServer((req, res) => {
      this.paths.push(req.url)
      void text(req).then((body) => {
        this.bodies.push(body)
        this.answer(req, res)
      })
    })
  }

  static async start(): Promise<Collector> {
    const collector = new Collector()
    await once(collector.#server.listen(0, '127.0.0.1'), 'listening')
    return collector
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get spans(): ReceivedSpan[] {
    return this.bodies.flatMap((body) => {
      const { resourceSpans } = JSON.parse(body) as Exported
      return resourceSpans.flatMap(({ resource, scopeSpans }) => {
        const service = valuesOf(resource.attributes)['service.name']
        return scopeSpans.flatMap(({ spans }) => spans.map((span) => received(service, span)))
      })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function received(service: unknown, span: RawSpan): ReceivedSpan {
  const { traceId, spanId, parentSpanId, name, kind, attributes, events = [], links = [], status } = span
  return {
    service,
    traceId,
    spanId,
    ...(parentSpanId && { parentSpanId }),
    name,
    kind: kind === 2 ? 'server' : kind === 3 ? 'client' : 'other',
    attributes: valuesOf(attributes),
    isError: status.code === 2,
    more: [...events, ...links, ...(status.message ? [status.message] : [])],
  }
}

const valuesOf = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]))
