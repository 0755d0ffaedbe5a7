import type { Batch, Change, Position, Row, Transaction } from '@cdc/core'
import type { OldRow, PgOutputHandler, Relation } from '@cdc/pg-replication'
import { error } from '../errors.ts'
import type { LastCommit } from '../position.ts'
import type { Continuation } from './continuation.ts'
import { StreamOrigin } from './origin.ts'
import { completed, placed, type Route } from './route.ts'

export interface AssemblerSetup {
  readonly connector: string
  readonly database: string
  readonly wants: { readonly message: boolean; readonly transaction: boolean }
  readonly limits: { readonly rows: number; readonly bytes: number }
  /** Kinds to leave out, as Debezium's letters. */
  readonly skipped: ReadonlySet<string>
  readonly keepMessage: (prefix: string) => boolean
  /** Transactions that commit before this have been read in an earlier run. */
  readonly start: bigint
  /** Where the last commit of an earlier run ended, as far as is known. */
  readonly previousCommit: bigint | undefined
  /** The last commit with rows before that. */
  readonly last: LastCommit | undefined
  readonly continuation: Continuation
  readonly position: (lsn: bigint, last: LastCommit | undefined) => Position
  readonly announced: (route: Route) => void
  /** The tables that a truncation of these relations empties. */
  readonly truncated: (relations: readonly Relation[]) => readonly Route[]
  /** The heap that everything decoded so far took; only grows. */
  readonly decodedBytes: () => number
}

const INSERT = 0x49
const UPDATE = 0x55
const DELETE = 0x44

/** What a change takes beside its cells: the change, its origin and their places in arrays. */
const CHANGE_BYTES = 120

/**
 * Makes batches of what the decoder finds. Whole transactions gather in one batch; a transaction that is larger than
 * a batch is handed on in open ones. One instance a stream, fed synchronously.
 */
export class Assembler implements PgOutputHandler {
  readonly #setup: AssemblerSetup
  readonly #routes = new Map<number, Route | undefined>()
  #changes: Change[] = []
  #transaction: Transaction | undefined
  #previousCommit: bigint | undefined
  /** The transaction has been read in an earlier run. */
  #old = false
  #order = 0
  #high = 0
  #low = 0
  #countedBytes = 0
  /** How much of the batch is whole transactions, and where the last of them ends. */
  #whole = 0
  #wholeBytes = 0
  #end: bigint
  #last: LastCommit | undefined
  /** The transaction has brought a row, or a truncation, of any table. */
  #rows = false
  /** A part of the running transaction has gone out. */
  #parted = false
  /** A relation that the decoder has described and that has no route yet. */
  described: Relation | undefined
  /** Types that the server has named, for those that the catalog has no more. */
  readonly types = new Map<number, { readonly schema: string; readonly name: string }>()
  typesTold = false
  /** Is there a table in the stream that nobody asked for? */
  ignoresSome = false
  /** Commit time of the last transaction, microseconds since 1970. */
  commitTime = 0n

  constructor(setup: AssemblerSetup) {
    this.#setup = setup
    this.#end = setup.start
    this.#last = setup.last
    this.#previousCommit = setup.previousCommit
  }

  /** Where the next message lies in the log. */
  at(high: number, low: number): void {
    this.#high = high
    this.#low = low
  }

  /** Is a transaction under way? Then nothing past its beginning may be acknowledged. */
  get inTransaction(): boolean {
    return this.#transaction !== undefined
  }

  /** Of the transaction under way. */
  get xid(): string | undefined {
    return this.#transaction?.id
  }

  /** Nothing is held that has not gone out. */
  get isEmpty(): boolean {
    return this.#changes.length === 0 && this.#transaction === undefined
  }

  /** Where the last whole transaction ends. */
  get end(): bigint {
    return this.#end
  }

  /** The last commit with rows. */
  get last(): LastCommit | undefined {
    return this.#last
  }

  route(relation: number, route: Route | undefined): void {
    this.#routes.set(relation, route)
    if (route === undefined) this.ignoresSome = true
  }

  /** Is this message, not decoded yet, a change of a table that nobody asked for? */
  ignores(buffer: Buffer, type: number | undefined, start: number): boolean {
    if (type !== INSERT && type !== UPDATE && type !== DELETE) return false
    // too short for one is for the decoder to say
    const relation = start + 5 <= buffer.length ? buffer.readUInt32BE(start + 1) : -1
    if (this.#routes.get(relation) !== undefined || !this.#routes.has(relation)) return false
    this.#rows = true
    return true
  }

  begin(xid: number, commitLsn: bigint, commitTime: bigint): void {
    const { connector, database, wants, start } = this.#setup
    if (this.#transaction !== undefined)
      throw error('PROTOCOL_UNEXPECTED', {
        message: 'The stream has the beginning of a transaction inside of another.',
      })
    const { continuation } = this.#setup
    if (!continuation.proved) continuation.reached(commitLsn)
    this.#transaction = { connector, database, id: String(xid), commitTime, commit: commitLsn, ...this.#previous }
    this.#old = commitLsn < start
    this.#rows = false
    this.#order = 0
    this.commitTime = commitTime
    if (wants.transaction && !this.#old) this.#changes.push({ kind: 'begin', origin: this.#origin() })
  }

  commit(commitLsn: bigint, endLsn: bigint): void {
    const transaction = this.#transaction
    if (transaction === undefined || transaction.commit !== commitLsn)
      throw error('PROTOCOL_UNEXPECTED', {
        message: 'The stream has a commit that belongs to no transaction under way.',
      })
    if (this.#setup.wants.transaction && !this.#old) this.#changes.push({ kind: 'commit', origin: this.#origin() })
    this.#transaction = undefined
    this.#previousCommit = endLsn
    if (this.#changes.length === 0) this.#countedBytes = this.#setup.decodedBytes()
    if (this.#old) {
      if (this.#rows) this.#setup.continuation.repeated({ commit: commitLsn, time: transaction.commitTime })
      return
    }
    this.#whole = this.#changes.length
    this.#wholeBytes = this.#bytes
    this.#end = endLsn
    if (this.#rows) this.#last = { commit: commitLsn, time: transaction.commitTime }
  }

  relation(relation: Relation): void {
    this.described = relation
  }

  insert(relation: Relation, row: Row): void {
    this.#rows = true
    const order = this.#order++
    const route = this.#take(relation, 'c')
    if (route === undefined) return
    const { table, places } = route
    this.#changes.push({
      kind: 'insert',
      table,
      after: places === undefined ? row : placed(row, places),
      origin: this.#origin(order),
    })
  }

  update(relation: Relation, before: Row | undefined, kind: OldRow | undefined, row: Row): void {
    this.#rows = true
    const order = this.#order++
    const route = this.#take(relation, 'u')
    if (route === undefined) return
    const { table, places } = route
    const origin = this.#origin(order)
    let after = placed(row, places)
    if (before === undefined) {
      this.#changes.push({ kind: 'update', table, after, origin })
      return
    }
    const old = placed(before, places)
    if (kind === 'O') after = completed(after, old)
    this.#changes.push({ kind: 'update', table, before: old, after, origin })
  }

  delete(relation: Relation, before: Row): void {
    this.#rows = true
    const order = this.#order++
    const route = this.#take(relation, 'd')
    if (route === undefined) return
    this.#changes.push({
      kind: 'delete',
      table: route.table,
      before: placed(before, route.places),
      origin: this.#origin(order),
    })
  }

  truncate(relations: readonly Relation[], cascade: boolean, restartIdentity: boolean): void {
    if (this.#transaction === undefined)
      throw error('PROTOCOL_UNEXPECTED', { message: 'The stream has a TRUNCATE outside of a transaction.' })
    this.#rows = true
    const origin = this.#origin(this.#order++)
    if (this.#old || this.#setup.skipped.has('t')) return
    for (const route of this.#setup.truncated(relations)) {
      if (this.#transaction.commit < route.cut) continue
      if (route.announce !== undefined) this.#announce(route)
      this.#changes.push({
        kind: 'truncate',
        table: route.table,
        ...(cascade ? { cascade } : {}),
        ...(restartIdentity ? { restartIdentity } : {}),
        origin,
      })
    }
  }

  message(transactional: boolean, lsn: bigint, prefix: string, content: Uint8Array): void {
    const { wants, keepMessage, start, connector, database } = this.#setup
    const order = transactional ? this.#order++ : 0
    if (!wants.message || !keepMessage(prefix)) return
    if (transactional) {
      if (!this.#old)
        this.#changes.push({ kind: 'message', prefix, content, transactional, origin: this.#origin(order) })
      return
    }
    if (lsn < start) return
    // it stands by itself in the log, where a transaction's commit would
    this.#previousCommit = lsn
    const transaction: Transaction = {
      connector,
      database,
      commitTime: this.commitTime,
      commit: lsn,
      ...this.#previous,
    }
    const origin = new StreamOrigin(transaction, Number(lsn >> 32n), Number(lsn & 0xffffffffn), 0)
    this.#changes.push({ kind: 'message', prefix, content, transactional, origin })
    if (this.#transaction === undefined) {
      this.#whole = this.#changes.length
      this.#wholeBytes = this.#bytes
    }
  }

  /** Comes after Begin, where the transaction was itself replicated to the source. */
  origin(commit: bigint, name: string): void {
    // its beginning has the object already
    if (this.#transaction !== undefined) Object.assign(this.#transaction, { replicationOrigin: { name, commit } })
  }

  type(oid: number, schema: string, name: string): void {
    this.types.set(oid, { schema, name })
    this.typesTold = true
  }

  get #previous(): { readonly previousCommit?: bigint } {
    return this.#previousCommit === undefined ? {} : { previousCommit: this.#previousCommit }
  }

  #origin(order = this.#order): StreamOrigin {
    return new StreamOrigin(this.#transaction!, this.#high, this.#low, order)
  }

  /** The route of a change that is to be handed on; its shape goes out before it. */
  #take(relation: Relation, operation: string): Route | undefined {
    const route = this.#routes.get(relation.oid)
    if (route === undefined || this.#old) return undefined
    if (this.#transaction === undefined)
      throw error('PROTOCOL_UNEXPECTED', { message: 'The stream has a change outside of a transaction.' })
    if (this.#transaction.commit < route.cut || this.#setup.skipped.has(operation)) return undefined
    if (route.announce !== undefined) this.#announce(route)
    return route
  }

  #announce(route: Route): void {
    const previous = route.announce!.previous
    route.announce = undefined
    const origin = this.#origin()
    this.#changes.push({ kind: 'schema', table: route.table, ...(previous === undefined ? {} : { previous }), origin })
    this.#setup.announced(route)
  }

  get #bytes(): number {
    return this.#setup.decodedBytes() - this.#countedBytes + this.#changes.length * CHANGE_BYTES
  }

  /** Must something go out before more is decoded? */
  get isFull(): boolean {
    const { rows, bytes } = this.#setup.limits
    if (this.#parted && this.#transaction === undefined) return true
    return this.#changes.length >= rows || (this.#changes.length > 0 && this.#bytes >= bytes)
  }

  get hasWhole(): boolean {
    return this.#whole > 0
  }

  /** The whole transactions, where there are some. */
  takeWhole(): Batch | undefined {
    if (this.#whole === 0 && !(this.#parted && this.#transaction === undefined)) return undefined
    const count = this.#whole
    const bytes = this.#wholeBytes
    const changes = count === this.#changes.length ? this.#changes : this.#changes.slice(0, count)
    this.#changes = count === this.#changes.length ? [] : this.#changes.slice(count)
    this.#countedBytes += Math.max(0, bytes - count * CHANGE_BYTES)
    this.#whole = 0
    this.#wholeBytes = 0
    this.#parted = false
    return { changes, position: this.#setup.position(this.#end, this.#last), bytes }
  }

  /** What there is of the running transaction, when it is as large as a batch. */
  takeOpen(): Batch | undefined {
    if (this.#transaction === undefined || !this.isFull) return undefined
    const bytes = this.#bytes
    const changes = this.#changes
    this.#changes = []
    this.#countedBytes = this.#setup.decodedBytes()
    this.#parted = true
    return { changes, open: 'transaction', bytes }
  }
}
