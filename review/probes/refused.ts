/** What a browser says of a request that a page of a stranger causes, without asking anybody first. */
export const crossSite = {
  origin: 'https://evil.example',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'no-cors',
  'sec-fetch-dest': 'empty',
} as const

/** The same of a neighbour on the same site, whose requests carry every cookie. */
export const sameSite = {
  origin: 'https://neighbour.localhost',
  'sec-fetch-site': 'same-site',
  'sec-fetch-mode': 'no-cors',
  'sec-fetch-dest': 'empty',
} as const

/** Neither done nor sent somewhere else to be done. */
export const isRefused = ({ status }: { readonly status: number }) => status >= 400 && status < 500
