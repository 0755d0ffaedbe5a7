import { CdcError, type Change, type Origin, type Position, type PositionRules } from '@cdc/core'
import { formatLsn, type Lsn, parseLsn } from '@cdc/pg-replication'
import { error } from './errors.ts'
import { oidSetText, parseOidSet } from './oid-set.ts'

/** The version of the text. A position of a newer one is refused, never guessed at. */
const VERSION = 1

/** `altered` and `owner` of a `Publication`. */
export interface Alteration {
  readonly altered: string
  readonly owner: number
}

/** What never changes while one stream runs. */
export interface PositionBase {
  /** `system_identifier` of the cluster, unsigned decimal. */
  readonly system: string
  readonly timeline: number
  /** OID of the publication and of its entries (pg_publication_rel, pg_publication_namespace), as text of a set. */
  readonly publication: number
  readonly entries: string
  /** When the publication's options were set last, and who owned it; undefined in positions of before this was kept. */
  readonly alteration: Alteration | undefined
  /** OIDs of the tables that the pipeline reads, as text of a set. */
  readonly tables: string
}

/** A commit that brought rows. */
export interface LastCommit {
  /** Where its record lies, and its time in microseconds since 1970. */
  readonly commit: Lsn
  readonly time: bigint
}

/** No commit with rows since the slot was made. */
export const noCommit: LastCommit = { commit: 0n, time: 0n }

/** An opened position. */
export interface PositionParts extends PositionBase {
  /** Every transaction whose commit record lies before this is in. */
  readonly lsn: Lsn
  /** The last commit before `lsn` with rows, whoever's they were; undefined in positions of before this was kept. */
  readonly last: LastCommit | undefined
  /** Tables whose snapshot is not in yet. */
  readonly pending: ReadonlySet<number>
  /** Tables that were read under a snapshot ahead of `lsn`: changes that commit before their cut are in as well. */
  readonly cuts: ReadonlyMap<number, Lsn>
}

interface PositionText {
  readonly v: number
  readonly lsn: string
  /** LSN and time, `0/16B3748@1700000000000000`. */
  readonly last?: string
  readonly system: string
  readonly timeline: number
  readonly publication: { readonly oid: number; readonly entries: string } & Partial<Alteration>
  readonly tables: string
  readonly snapshot?: { readonly pending: string }
  /** By cut, the tables read under it. */
  readonly cuts?: Readonly<Record<string, string>>
}

const none: ReadonlySet<number> = new Set()
const uncut: ReadonlyMap<number, Lsn> = new Map()

/** The runtime asks several things of one position after the other, and with thousands of tables each is long. */
const opened = new Map<Position, PositionParts>()
const OPENED = 4

/** Opens a position. Throws POSITION_INVALID or POSITION_TOO_NEW. */
export function parsePosition(position: Position): PositionParts {
  const known = opened.get(position)
  if (known !== undefined) return known
  const parts = parse(position)
  if (opened.size === OPENED) opened.delete(opened.keys().next().value!)
  opened.set(position, parts)
  return parts
}

function parse(position: Position): PositionParts {
  try {
    const text = JSON.parse(position) as PositionText
    if (typeof text.v === 'number' && text.v > VERSION)
      throw error('POSITION_TOO_NEW', { message: `The position has version ${text.v}; this program knows ${VERSION}.` })
    if (text.v !== VERSION || typeof text.system !== 'string' || !Number.isInteger(text.timeline)) throw invalid()
    if (typeof text.tables !== 'string' || typeof text.publication.entries !== 'string') throw invalid()
    return {
      lsn: parseLsn(text.lsn),
      last: text.last === undefined ? undefined : parseLast(text.last),
      system: text.system,
      timeline: text.timeline,
      publication: text.publication.oid,
      entries: text.publication.entries,
      alteration: parseAlteration(text.publication),
      tables: text.tables,
      pending: text.snapshot === undefined ? none : parseOidSet(text.snapshot.pending),
      cuts: text.cuts === undefined ? uncut : parseCuts(text.cuts),
    }
  } catch (cause) {
    throw CdcError.is(cause) ? cause : invalid(cause)
  }
}

function parseAlteration({ altered, owner }: Partial<Alteration>): Alteration | undefined {
  return altered === undefined || owner === undefined ? undefined : { altered, owner }
}

function parseLast(text: string): LastCommit {
  const [commit = '', time = ''] = text.split('@')
  return { commit: parseLsn(commit), time: BigInt(time) }
}

const lastText = ({ commit, time }: LastCommit) => `${formatLsn(commit)}@${time}`

const invalid = (cause?: unknown) =>
  error('POSITION_INVALID', {
    message: 'The stored position cannot be read: it is damaged or not of this source.',
    cause,
  })

function parseCuts(text: Readonly<Record<string, string>>): Map<number, Lsn> {
  const cuts = new Map<number, Lsn>()
  for (const [lsn, tables] of Object.entries(text))
    for (const table of parseOidSet(tables)) cuts.set(table, parseLsn(lsn))
  return cuts
}

/** The text of a position. Cuts that `lsn` has passed are left out. */
export function positionText(parts: PositionParts): Position {
  const byCut = new Map<Lsn, number[]>()
  for (const [table, cut] of parts.cuts)
    if (cut > parts.lsn && !parts.pending.has(table)) byCut.set(cut, [...(byCut.get(cut) ?? []), table])
  const cuts = [...byCut]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cut, tables]) => [formatLsn(cut), oidSetText(tables)])
  const text: PositionText = {
    v: VERSION,
    lsn: formatLsn(parts.lsn),
    ...(parts.last === undefined ? {} : { last: lastText(parts.last) }),
    system: parts.system,
    timeline: parts.timeline,
    publication: { oid: parts.publication, entries: parts.entries, ...parts.alteration },
    tables: parts.tables,
    ...(parts.pending.size === 0 ? {} : { snapshot: { pending: oidSetText(parts.pending) } }),
    ...(cuts.length === 0 ? {} : { cuts: Object.fromEntries(cuts) as Record<string, string> }),
  }
  return JSON.stringify(text)
}

/**
 * Writes the positions of a stream: only the LSN and the last commit change from one to the next (until every cut is
 * passed), so thousands a second cost a few concatenations each.
 */
export class PositionWriter {
  readonly #parts: PositionParts
  readonly #highest: Lsn
  #suffix = ''
  #open = true

  constructor(parts: PositionParts) {
    this.#parts = parts
    this.#highest = highestCut(parts)
  }

  at(lsn: Lsn, last: LastCommit | undefined): Position {
    if (this.#open) {
      if (lsn < this.#highest) return positionText({ ...this.#parts, lsn, last })
      this.#open = false
      const text = positionText({ ...this.#parts, lsn, last: undefined })
      this.#suffix = text.slice(text.indexOf('"', prefix.length) + 1)
    }
    const middle = last === undefined ? '' : `,"last":"${lastText(last)}"`
    return `${prefix}${formatLsn(lsn)}"${middle}${this.#suffix}`
  }
}
const prefix = `{"v":${VERSION},"lsn":"`

/** The LSN past which no table is ahead of the log any more. */
export function highestCut(parts: PositionParts): Lsn {
  let highest = parts.lsn
  for (const cut of parts.cuts.values()) if (cut > highest) highest = cut
  return highest
}

/** Up to where a table's changes are in: -1n before its snapshot is. */
function level(parts: PositionParts, table: number): Lsn {
  if (parts.pending.has(table)) return -1n
  const cut = parts.cuts.get(table)
  return cut !== undefined && cut > parts.lsn ? cut : parts.lsn
}

/** The later of two places in the log; Math.max takes no bigint. */
export function later(a: Lsn, b: Lsn): Lsn {
  if (a > b) return a
  return b
}

/** The tables in which two positions may differ otherwise than by their LSN. */
function mentioned(...positions: readonly PositionParts[]): Set<number> {
  const tables = new Set<number>()
  for (const { pending, cuts } of positions) {
    for (const table of pending) tables.add(table)
    for (const table of cuts.keys()) tables.add(table)
  }
  return tables
}

/** Can both lie on one branch of the log? After a failover a lower timeline must have the lower LSN. */
function sameBranch(a: PositionParts, b: PositionParts): boolean {
  if (a.system !== b.system) return false
  if (a.timeline === b.timeline) return true
  return a.timeline < b.timeline ? a.lsn <= b.lsn : b.lsn <= a.lsn
}

function order(a: Lsn, b: Lsn): -1 | 0 | 1 {
  return a === b ? 0 : a < b ? -1 : 1
}

function compare(a: Position, b: Position): -1 | 0 | 1 | undefined {
  if (a === b) return 0
  const [left, right] = [parsePosition(a), parsePosition(b)]
  if (!sameBranch(left, right)) return undefined
  let result = order(left.lsn, right.lsn)
  for (const table of mentioned(left, right)) {
    const here = order(level(left, table), level(right, table))
    if (here === 0 || here === result) continue
    if (result !== 0) return undefined
    result = here
  }
  // equal in the whole of the log and in no table behind, but of tables that lie level: still before, never equal
  return result
}

function lowest(positions: readonly Position[]): Position {
  const [first, ...others] = positions.map(parsePosition)
  let low = first!
  for (const other of others) low = lower(low, other)
  return positions.length === 1 ? positions[0]! : positionText(low)
}

function lower(a: PositionParts, b: PositionParts): PositionParts {
  if (!sameBranch(a, b)) throw incomparable(a, b)
  const base = a.lsn <= b.lsn ? a : b
  const pending = new Set([...a.pending, ...b.pending])
  const cuts = new Map<number, Lsn>()
  for (const table of mentioned(a, b)) {
    const [left, right] = [level(a, table), level(b, table)]
    const least = left === later(left, right) ? right : left
    if (least > base.lsn) cuts.set(table, least)
  }
  return { ...base, pending, cuts }
}

function incomparable(a: PositionParts, b: PositionParts): CdcError {
  return error('POSITIONS_INCOMPARABLE', {
    message:
      `The sinks stand on different branches of history: ${lsnText(a)} of server ${a.system}, timeline ${a.timeline}, ` +
      `and ${lsnText(b)} of server ${b.system}, timeline ${b.timeline}.`,
  })
}

const lsnText = (parts: PositionParts) => formatLsn(parts.lsn)

function contains(position: Position, exact: boolean): (change: Change) => boolean {
  const { lsn, cuts, pending } = parsePosition(position)
  return (change) => {
    const { origin } = change
    const table = 'table' in change ? change.table.id : undefined
    if (origin.snapshot !== undefined) return table !== undefined && !pending.has(table)
    if (origin.transaction.commit < lsn) return true
    if (!exact || table === undefined || pending.has(table)) return false
    const cut = cuts.get(table)
    return cut !== undefined && origin.transaction.commit < cut
  }
}

function settled(position: Position): boolean {
  const parts = parsePosition(position)
  return parts.pending.size === 0 && highestCut(parts) === parts.lsn
}

function merge(own: Position, read: Position): Position {
  if (own === read) return own
  const [mine, theirs] = [parsePosition(own), parsePosition(read)]
  if (mine.system !== theirs.system) throw incomparable(mine, theirs)
  const pending = new Set([...mine.pending].filter((table) => theirs.pending.has(table)))
  const lsn = later(mine.lsn, theirs.lsn)
  const { last } = mine.lsn > theirs.lsn ? mine : theirs
  const cuts = new Map<number, Lsn>()
  for (const table of mentioned(mine, theirs)) {
    // a table that was in already was not taken again: its own cut stays
    const source = mine.pending.has(table) ? theirs : mine
    const cut = source.cuts.get(table)
    if (cut !== undefined && cut > lsn && !pending.has(table)) cuts.set(table, cut)
  }
  return positionText({ ...theirs, timeline: Math.max(mine.timeline, theirs.timeline), lsn, last, pending, cuts })
}

function describe(position: Position): string {
  const parts = parsePosition(position)
  if (parts.pending.size > 0) {
    const all = parseOidSet(parts.tables).size
    return `${lsnText(parts)}, snapshot of ${all - parts.pending.size} of ${all} tables`
  }
  const highest = highestCut(parts)
  if (highest === parts.lsn) return lsnText(parts)
  return `${lsnText(parts)}, ${parts.cuts.size} tables ahead of it, up to ${formatLsn(highest)}`
}

/** On snapshot rows the offset is none of the log's. */
function place({ snapshot, offset, transaction }: Origin): string {
  return formatLsn(snapshot === undefined ? offset : transaction.commit)
}

/** The arithmetic of this source's positions. */
export const positionRules: PositionRules = { compare, lowest, contains, settled, merge, describe, place }
