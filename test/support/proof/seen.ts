/** Something that was seen, and where. Text from the wire has one character for each byte (latin1). */
export interface Seen {
  readonly where: string
  readonly text: string
}

/** A value that must never be seen by a browser, as who issued it wrote it down. */
export interface Needle {
  readonly kind: string
  readonly value: string
}

/** A needle, or a piece of it, and through which encodings it was seen. Never the value itself. */
export interface Found {
  readonly kind: string
  readonly where: string
  readonly how: string
}
