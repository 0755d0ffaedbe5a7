import { CdcError } from '@cdc/core'

/** A rule of the contract that a suite can check. */
export interface Law {
  readonly id: string
  /** The rule, in one sentence. */
  readonly says: string
  /** What goes wrong for a user when it is broken, in one sentence. */
  readonly broken: string
}

/** Gives each law the id that it is declared under. */
export function laws<const L extends Record<string, Omit<Law, 'id'>>>(declared: L): { readonly [K in keyof L]: Law } {
  const entries = Object.entries(declared).map(([id, law]) => [id, { id, ...law }])
  return Object.fromEntries(entries) as { [K in keyof L]: Law }
}

/** The page that explains positions, durability and what is promised. */
const page = 'docs/02-positions-and-guarantees.md'

/** A case of a suite has failed. The message names the law, what it means, and where to read on. */
export class LawBroken extends Error {
  readonly law: string

  constructor(law: Law, cause: unknown) {
    const lines = [
      `${law.id} is broken: ${law.says}`,
      `What was seen: ${described(cause)}`,
      `What it means: ${law.broken}`,
      `Read: packages/testkit/README.md#${law.id.toLowerCase()} and ${page}`,
    ]
    super(lines.join('\n'), { cause })
    this.name = 'LawBroken'
    this.law = law.id
  }
}

function described(error: unknown): string {
  if (CdcError.is(error)) return `an error of kind ${error.kind}, ${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
