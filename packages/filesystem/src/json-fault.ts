const token = {
  quote: 0x22,
  backslash: 0x5c,
  open: 0x7b,
  close: 0x7d,
  openList: 0x5b,
  closeList: 0x5d,
  comma: 0x2c,
  colon: 0x3a,
} as const

/** Where a text stops being JSON: the offset of the first byte that cannot stand there. */
class Fault extends Error {
  readonly at: number

  constructor(at: number) {
    super('no JSON')
    this.at = at
  }
}

/** The offset of the first byte that makes it no JSON (its length: something is missing at the end), or undefined. */
export function jsonFault(bytes: Uint8Array): number | undefined {
  try {
    const scanner = new JsonScanner(bytes)
    const end = scanner.space(scanner.value(scanner.space(0)))
    return end < bytes.length ? end : undefined
  } catch (fault) {
    if (fault instanceof Fault) return fault.at
    throw fault
  }
}

/** The bytes of each member of an object, as they are. undefined: it is no object. */
export function jsonMembers(bytes: Uint8Array): Map<string, Uint8Array> | undefined {
  try {
    return new JsonScanner(bytes).members()
  } catch (fault) {
    if (fault instanceof Fault) return undefined
    throw fault
  }
}

/** Goes over JSON (RFC 8259) without building values. */
class JsonScanner {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  space(from: number): number {
    let at = from
    for (let byte = this.#bytes[at]; byte === 0x20 || byte === 9 || byte === 10 || byte === 13; )
      byte = this.#bytes[++at]
    return at
  }

  members(): Map<string, Uint8Array> {
    const members = new Map<string, Uint8Array>()
    const start = this.space(0)
    if (this.#bytes[start] !== token.open) throw new Fault(start)
    const end = this.#object(start, (name, from, to) => members.set(name, this.#bytes.subarray(from, to)))
    if (this.space(end) < this.#bytes.length) throw new Fault(this.space(end))
    return members
  }

  /** Where the value ends that begins here. */
  value(at: number): number {
    switch (this.#bytes[at]) {
      case token.open:
        return this.#object(at)
      case token.openList:
        return this.#list(at)
      case token.quote:
        return this.#text(at)
      case 0x74:
        return this.#word(at, 'true')
      case 0x66:
        return this.#word(at, 'false')
      case 0x6e:
        return this.#word(at, 'null')
      default:
        return this.#number(at)
    }
  }

  #object(from: number, member?: (name: string, from: number, to: number) => void): number {
    let at = this.space(from + 1)
    if (this.#bytes[at] === token.close) return at + 1
    for (;;) {
      if (this.#bytes[at] !== token.quote) throw new Fault(at)
      const name = at
      at = this.#text(at)
      const nameEnd = at
      at = this.space(at)
      if (this.#bytes[at] !== token.colon) throw new Fault(at)
      const start = this.space(at + 1)
      at = this.value(start)
      member?.(JSON.parse(Buffer.from(this.#bytes.subarray(name, nameEnd)).toString()), start, at)
      at = this.space(at)
      if (this.#bytes[at] === token.close) return at + 1
      if (this.#bytes[at] !== token.comma) throw new Fault(at)
      at = this.space(at + 1)
    }
  }

  #list(from: number): number {
    let at = this.space(from + 1)
    if (this.#bytes[at] === token.closeList) return at + 1
    for (;;) {
      at = this.space(this.value(at))
      if (this.#bytes[at] === token.closeList) return at + 1
      if (this.#bytes[at] !== token.comma) throw new Fault(at)
      at = this.space(at + 1)
    }
  }

  #text(from: number): number {
    for (let at = from + 1; ; at++) {
      const byte = this.#bytes[at]
      if (byte === undefined || byte < 0x20) throw new Fault(at)
      if (byte === token.quote) return at + 1
      if (byte !== token.backslash) continue
      const escaped = this.#bytes[++at]
      if (escaped === 0x75) for (let i = 0; i < 4; i++) this.#hex(++at)
      else if (escaped === undefined || !'"\\/bfnrt'.includes(String.fromCharCode(escaped))) throw new Fault(at)
    }
  }

  #hex(at: number): void {
    if (!/^[0-9a-fA-F]$/.test(String.fromCharCode(this.#bytes[at] ?? 0))) throw new Fault(at)
  }

  #word(from: number, word: string): number {
    for (let i = 0; i < word.length; i++) if (this.#bytes[from + i] !== word.charCodeAt(i)) throw new Fault(from + i)
    return from + word.length
  }

  #number(from: number): number {
    let at = from
    if (this.#bytes[at] === 0x2d) at++
    at = this.#bytes[at] === 0x30 ? at + 1 : this.#digits(at)
    if (this.#bytes[at] === 0x2e) at = this.#digits(at + 1)
    if (this.#bytes[at] === 0x65 || this.#bytes[at] === 0x45) {
      const sign = this.#bytes[at + 1]
      at = this.#digits(sign === 0x2b || sign === 0x2d ? at + 2 : at + 1)
    }
    return at
  }

  #digits(from: number): number {
    let at = from
    for (let byte = this.#bytes[at]; byte !== undefined && byte >= 0x30 && byte <= 0x39; ) byte = this.#bytes[++at]
    if (at === from) throw new Fault(at)
    return at
  }
}
