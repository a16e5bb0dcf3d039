import type { Request, RequestHandler, Response } from 'express'

/**
 * The headers that a middleware sets on every response alike, as name and value. It is asked once, not with each request:
 * helmet goes through a function for each header every time.
 */
export function headersOf(middleware: RequestHandler): readonly (readonly [string, string])[] {
  const headers = new Map<string, string>()
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  }
  middleware({} as Request, response as unknown as Response, (error) => {
    if (error) throw error
  })
  return [...headers]
}
