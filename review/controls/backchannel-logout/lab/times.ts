/** As tokens count time. */
export const secondsFromNow = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds
