/** What can be measured, each by itself. */
export const parts = [
  'requests',
  'connections',
  'workers',
  'sessions',
  'routes',
  'bodies',
  'starts',
  'storage',
] as const
