import { describe, expect, test } from 'vitest'
import { kindOf } from '../bff/edge/request-kind.ts'
import { cookieValues, ticketCookie, ticketIn } from '../bff/session/cookie.ts'
import { newTicket } from '../bff/session/ticket.ts'

describe('the kind of a request', () => {
  test.each([
    ['GET', { 'sec-fetch-mode': 'navigate', accept: 'text/html' }, 'navigation'],
    ['HEAD', { 'sec-fetch-mode': 'navigate' }, 'navigation'],
    ['POST', { 'sec-fetch-mode': 'navigate' }, 'form'],
    ['GET', { 'sec-fetch-mode': 'cors', 'hx-request': 'true' }, 'fragment'],
    ['GET', { 'hx-request': 'true', accept: 'text/html' }, 'fragment'],
    // A page cannot forge Sec-Fetch-Mode; a navigation is one whatever else it says.
    ['GET', { 'sec-fetch-mode': 'navigate', 'hx-request': 'true' }, 'navigation'],
    ['GET', { 'sec-fetch-mode': 'cors', accept: 'text/html' }, 'fetch'],
    ['GET', { accept: 'text/html,application/xhtml+xml' }, 'navigation'],
    ['POST', { accept: 'text/html' }, 'form'],
    ['GET', { accept: '*/*' }, 'fetch'],
    ['GET', {}, 'fetch'],
  ])('%s %j is a %s', (method, headers, kind) => {
    expect(kindOf({ method, headers })).toBe(kind)
  })
})

describe('the cookie of the ticket', () => {
  test('on https its name binds it to this host', () => {
    expect(ticketCookie({ secure: true, port: 443 }).name).toBe('__Host-Http-ticket')
    expect(ticketCookie({ secure: true, port: 443 }).attributes).toMatchObject({
      httpOnly: true,
      secure: true,
      path: '/',
    })
  })

  test('two copies on one host name do not share it', () => {
    expect(ticketCookie({ secure: false, port: 4040 }).name).not.toBe(
      ticketCookie({ secure: false, port: 4041 }).name,
    )
  })

  test('one well-formed value is the ticket', () => {
    const ticket = newTicket()
    expect(ticketIn(`a=b; t=${ticket}`, 't')).toBe(ticket)
    expect(ticketIn(`hasOwnProperty=1; __proto__=x; t=${ticket}`, 't')).toBe(ticket)
  })

  test.each([
    ['nothing', undefined],
    ['two of the name (S14)', `t=${newTicket()}; t=${newTicket()}`],
    ['a bogus one in front (S14)', `t=x; t=${newTicket()}`],
    ['a longer value', `t=${newTicket()}x`],
    ['a shorter value', `t=${newTicket().slice(1)}`],
    ['a key of the storage', 't=http://127.0.0.1:7070/|sub'],
    ['quotes', `t="${newTicket()}"`],
    ['chunks (S15)', `t.0=${newTicket()}`],
    ['__proto__ (S12)', 't=__proto__'],
  ])('%s is no ticket', (_name, header) => {
    expect(ticketIn(header, 't')).toBeUndefined()
  })

  test('values are found by their whole name', () => {
    expect(cookieValues('xt=1; t=2;t=3; tt=4; t', 't')).toEqual(['2', '3'])
  })
})
