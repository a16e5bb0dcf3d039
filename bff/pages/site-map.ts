import { type LoadPage, message, profile } from './page-data.ts'
import { yourSessions } from './your-sessions.ts'

/** A page of the gateway. There is no default for `access`: who may see a page is said where it is listed. */
export interface Page {
  readonly path: string
  /** A template in views/. */
  readonly view: string
  /** Of the tab or window. */
  readonly title: string
  readonly access: 'public' | 'private'
  /** Its place in the bar: for everybody, or only for visitors who are logged in. */
  readonly tab?: { readonly label: string; readonly for: 'everybody' | 'logged-in' }
  readonly load?: LoadPage
}

export const siteMap: readonly Page[] = [
  { path: '/', view: 'home', title: 'Home', access: 'public' },
  {
    path: '/profile',
    view: 'profile',
    title: 'Profile Page',
    access: 'private',
    tab: { label: 'Profile', for: 'everybody' },
    load: profile,
  },
  { path: '/sessions', view: 'sessions', title: 'Your Sessions', access: 'private', load: yourSessions },
  {
    path: '/public',
    view: 'public',
    title: 'Public Page',
    access: 'public',
    tab: { label: 'Public', for: 'everybody' },
    load: message('/api/messages/public', 'none'),
  },
  {
    path: '/protected',
    view: 'protected',
    title: 'Protected Page',
    access: 'private',
    tab: { label: 'Protected', for: 'logged-in' },
    load: message('/api/messages/protected', 'visitor'),
  },
  {
    path: '/admin',
    view: 'admin',
    title: 'Admin Page',
    access: 'private',
    tab: { label: 'Admin', for: 'logged-in' },
    load: message('/api/messages/admin', 'visitor'),
  },
]
