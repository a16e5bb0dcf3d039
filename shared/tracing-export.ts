import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  type IdGenerator,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { Log } from './log.ts'

/** Milliseconds that a collector may take for what is left when the program ends. */
const lastTimeout = 2000

/**
 * Where spans go: to `endpoint`/v1/traces, in batches, as OTLP/JSON. A collector that is down or slow costs nothing but
 * the spans: 2,048 wait at most, the rest is dropped. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before our own name.
 */
export function openExport(service: string, endpoint: string, log: Log, idGenerator: IdGenerator) {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }).merge(
      detectResources({ detectors: [envDetector] }),
    ),
    idGenerator,
    spanProcessors: [new BatchSpanProcessor({ exporter: reporting(exporter, log) })],
  })
  return { provider, stop: () => inTime(provider.shutdown()) }
}

/** The same, with a line in the log when it begins to fail and when it works again, not one for each batch. */
function reporting(exporter: SpanExporter, log: Log): SpanExporter {
  let isWell = true
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        // ExportResultCode.SUCCESS
        const isWellNow = result.code === 0
        if (isWell && !isWellNow) log.warn({ err: result.error }, 'traces cannot be delivered; they are lost')
        if (!isWell && isWellNow) log.info('traces are delivered again')
        isWell = isWellNow
        done(result)
      }),
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
  }
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, lastTimeout)
  })
  // What is wrong with the collector stands in the log.
  await Promise.race([work.catch(() => {}), late])
  clearTimeout(timer)
}
