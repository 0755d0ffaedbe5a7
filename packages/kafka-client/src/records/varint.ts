/** Writes a number as Kafka's zigzag varint; gives the place after it. Up to 2^52, so that a timestamp's difference fits. */
export function writeVarint(out: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  while (rest >= 0x80) {
    out[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out[at++] = rest
  return at
}

export function sizeOfVarint(value: number): number {
  let size = 1
  for (let rest = value >= 0 ? value * 2 : -value * 2 - 1; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}
