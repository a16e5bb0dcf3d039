import type { Express } from 'express'
import type { Log } from '../../shared/log.ts'

interface Health {
  /** Throws when the session storage cannot be used. */
  readonly checkStorage: () => Promise<void>
  readonly isStopping: () => boolean
  readonly log: Log
}

/**
 * /livez: the process answers; restart it when it does not. /readyz: send it visitors. An identity provider
 * that is down does not make a gateway unready: logged-in visitors go on, and every other gateway would be
 * in the same state.
 */
export function addHealth(app: Express, { checkStorage, isStopping, log }: Health): void {
  app.get('/livez', (_req, res) => {
    res.json({ status: 'ok' })
  })
  app.get('/readyz', async (_req, res) => {
    if (isStopping()) {
      res.status(503).json({ status: 'stopping' })
      return
    }
    try {
      await checkStorage()
      res.json({ status: 'ok' })
    } catch (error) {
      log.error({ err: error }, 'the session storage is not ready')
      res.status(503).json({ status: 'unavailable', failed: ['session storage'] })
    }
  })
}
