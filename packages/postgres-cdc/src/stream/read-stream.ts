import { setImmediate as macrotask } from 'node:timers/promises'
import { type Batch, CdcError, failpoint, type Logger, type Report } from '@cdc/core'
import {
  dataTypeOf,
  FrameCursor,
  formatLsn,
  KEEPALIVE,
  PgOutputDecoder,
  type Relation,
  type ReplicationStream,
  type Session,
  XLOG_DATA,
} from '@cdc/pg-replication'
import type { Types } from '../catalog.ts'
import { error } from '../errors.ts'
import { later, type PositionParts, PositionWriter } from '../position.ts'
import type { KnownShapes } from '../shapes.ts'
import { Assembler, type AssemblerSetup } from './assembler.ts'
import { Continuation } from './continuation.ts'
import type { Router } from './router.ts'
import { Visibility } from './visibility.ts'
import { Waker } from './waker.ts'

export interface StreamSetup
  extends Omit<
    AssemblerSetup,
    'start' | 'last' | 'continuation' | 'position' | 'announced' | 'truncated' | 'decodedBytes'
  > {
  readonly stream: ReplicationStream
  /** Where the stream starts. */
  readonly parts: PositionParts
  /** Where the slot stood, when it is behind `parts`: from there the server sends again. */
  readonly confirmed: bigint | undefined
  readonly router: Router
  readonly shapes: KnownShapes
  readonly types: Types
  readonly session: Session
  /** Positions without changes come at most this often, unless the server asks. Milliseconds. */
  readonly idle: number
  /** Does a table of this name match the options, though it is not read? */
  readonly matches: (relation: Relation) => boolean
  readonly logger: Logger
  readonly report: (report: Report) => void
}

const RELATION = 0x52
const COMMIT = 0x43
/** After the server's shutdown has begun, what is under way may still be finished. */
const DRAIN = 5_000
const LAG = 1_000
/** The longest turn of the event loop, and how many messages are decoded between two looks at the clock. */
const TURN = 15
const LOOK = 0xff

/** Reads the stream into batches until the signal aborts or the server ends it. Times in milliseconds. */
export class StreamReader {
  readonly #setup: StreamSetup
  readonly #decoder: PgOutputDecoder
  readonly #assembler: Assembler
  readonly #visibility: Visibility
  readonly #positions: PositionWriter
  readonly #continuation: Continuation
  readonly #waker = new Waker()
  readonly #cursor = new FrameCursor()
  /** The end of log that the server has told of in a keepalive, with nothing before it outstanding here. */
  #idle = 0n
  #emitted: bigint
  #emittedAt = performance.now()
  #answer = false
  #walEnd = 0n
  #reportedAt = 0
  #turn = performance.now()
  #shutdown: { readonly failure: CdcError; readonly deadline: number } | undefined
  #farewell: NodeJS.Timeout | undefined

  constructor(setup: StreamSetup) {
    this.#setup = setup
    const { parts, confirmed, router, types, shapes } = setup
    this.#continuation = new Continuation(parts.lsn, confirmed, parts.last)
    this.#visibility = new Visibility(setup.session)
    this.#positions = new PositionWriter(parts)
    this.#decoder = new PgOutputDecoder({
      resolveType: (oid, typmod) => dataTypeOf(oid, typmod, types.catalog),
      strayAborts: setup.stream.serverVersion >= 180000,
    })
    this.#assembler = new Assembler({
      ...setup,
      start: parts.lsn,
      last: parts.last,
      continuation: this.#continuation,
      position: (lsn, last) => this.#positions.at(lsn, last),
      announced: (route) => shapes.emitted(route.table),
      truncated: (relations) => router.truncated(relations),
      decodedBytes: () => this.#decoder.bytes,
    })
    this.#emitted = parts.lsn
  }

  async *read(signal: AbortSignal): AsyncGenerator<Batch> {
    const timer = setInterval(this.#waker.ring, Math.min(1_000, this.#setup.idle))
    signal.addEventListener('abort', this.#waker.ring, { once: true })
    void this.#setup.session.closed.then((failure) => this.#sessionEnded(failure))
    // the server has taken the slot and answered: it streams
    this.#setup.report({ type: 'streaming', position: formatLsn(this.#emitted) })
    try {
      yield* this.#loop(signal)
    } finally {
      clearInterval(timer)
      clearTimeout(this.#farewell)
      signal.removeEventListener('abort', this.#waker.ring)
    }
  }

  async *#loop(signal: AbortSignal): AsyncGenerator<Batch> {
    for (;;) {
      const next = this.#next()
      if (!this.#assembler.isEmpty || this.#answer) {
        // one turn, in which what has come already is found; then nothing waits for more
        await macrotask()
        this.#turn = performance.now()
        if (!next.ready) {
          await failpoint('stream.batch')
          yield* this.#outgoing()
        }
      }
      while (!next.ready && !signal.aborted) {
        this.#assertAlive()
        yield* this.#idlePosition()
        this.#reportLag()
        if (!next.ready) await this.#waker.wait()
        this.#turn = performance.now()
      }
      if (signal.aborted) return
      this.#assertAlive()
      const buffer = next.take()
      if (buffer === undefined) throw this.#ended()
      yield* this.#frames(buffer)
    }
  }

  /** The next buffer, asked for at once so that what comes meanwhile is at hand. */
  #next(): { readonly ready: boolean; take(): Buffer | undefined } {
    let settled: { buffer: Buffer | undefined } | { failure: unknown } | undefined
    this.#setup.stream.read().then(
      (buffer) => {
        settled = { buffer }
        this.#waker.ring()
      },
      (failure: unknown) => {
        settled = { failure }
        this.#waker.ring()
      },
    )
    return {
      get ready() {
        return settled !== undefined
      },
      take() {
        if (settled !== undefined && 'failure' in settled) throw settled.failure
        return settled?.buffer
      },
    }
  }

  /** The hot loop: one turn a frame, and no promise but for relations and full batches. */
  async *#frames(buffer: Buffer): AsyncGenerator<Batch> {
    const cursor = this.#cursor
    const assembler = this.#assembler
    const decoder = this.#decoder
    cursor.reset(buffer)
    let count = 0
    let data = false
    for (let kind = cursor.next(); kind !== 0; kind = cursor.next()) {
      data = kind === XLOG_DATA
      if (data) {
        const { start, end } = cursor
        // the message's LSN stands 24 bytes before it
        assembler.at(buffer.readUInt32BE(start - 24), buffer.readUInt32BE(start - 20))
        const type = buffer[start]
        if (type === RELATION) await this.#relation(buffer, start, end)
        else if (!(assembler.ignoresSome && assembler.ignores(buffer, type, start)))
          decoder.decode(buffer, start, end, assembler)
        if (type === COMMIT) {
          const held = failpoint('decode.commit')
          if (held !== undefined) await held
        }
        if (assembler.isFull) {
          await failpoint('stream.batch')
          yield* this.#full()
          this.#turn = performance.now()
        }
        if ((++count & LOOK) === 0 && performance.now() - this.#turn > TURN) {
          await macrotask()
          this.#turn = performance.now()
        }
      } else if (kind === KEEPALIVE) this.#keepalive(cursor.lsn, cursor.replyRequested)
    }
    this.#walEnd = data ? cursor.walEnd : cursor.lsn
    this.#reportLag()
  }

  *#full(): Generator<Batch> {
    const whole = this.#assembler.takeWhole()
    if (whole !== undefined) yield this.#sent(whole, this.#assembler.end)
    const open = this.#assembler.takeOpen()
    if (open !== undefined) yield open
  }

  /** Whatever whole transactions there are, and the position that a keepalive asks for. */
  *#outgoing(): Generator<Batch> {
    if (this.#assembler.hasWhole) {
      const whole = this.#assembler.takeWhole()
      if (whole !== undefined) yield this.#sent(whole, this.#assembler.end)
    }
    yield* this.#idlePosition()
  }

  /** Nothing happened up to here: said at once when the server asks, else now and then. */
  *#idlePosition(): Generator<Batch> {
    if (!this.#assembler.isEmpty) return
    const place = later(this.#idle, this.#assembler.end)
    const due = this.#answer || this.#shutdown !== undefined || performance.now() - this.#emittedAt >= this.#setup.idle
    if (place > this.#emitted && !due) return
    this.#answer = false
    if (place <= this.#emitted) return
    yield this.#sent({ changes: [], position: this.#positions.at(place, this.#assembler.last), bytes: 0 }, place)
  }

  #sent(batch: Batch, place: bigint): Batch {
    this.#emitted = place
    this.#emittedAt = performance.now()
    return batch
  }

  #keepalive(lsn: bigint, replyRequested: boolean): void {
    // inside of a transaction it tells nothing: the transaction itself lies before it
    if (!this.#assembler.inTransaction) {
      this.#continuation.reached(lsn)
      this.#idle = lsn
    }
    if (!replyRequested) return
    this.#answer = true
    this.#setup.stream.reply()
  }

  /** Types are learned before, the table's shape after: the only messages that wait for the catalog. */
  async #relation(buffer: Buffer, start: number, end: number): Promise<void> {
    await failpoint('decode.relation')
    const { types, router, matches } = this.#setup
    const assembler = this.#assembler
    if (assembler.xid !== undefined) await this.#visibility.until(assembler.xid)
    if (assembler.typesTold) {
      assembler.typesTold = false
      await types.reload()
    }
    await this.#decodeRelation(buffer, start, end)
    const relation = assembler.described!
    assembler.described = undefined
    const route = await router.route(relation)
    if (route === undefined) router.leftOut(relation, matches(relation))
    assembler.route(relation.oid, route)
  }

  async #decodeRelation(buffer: Buffer, start: number, end: number): Promise<void> {
    for (const learn of [() => this.#setup.types.reload(), () => this.#assumeTypes()]) {
      try {
        return this.#decoder.decode(buffer, start, end, this.#assembler)
      } catch (failure) {
        if (!CdcError.is(failure) || failure.code !== 'TYPE_UNKNOWN') throw failure
        await learn()
      }
    }
    this.#decoder.decode(buffer, start, end, this.#assembler)
  }

  /** Of types that were dropped since, what the stream said must do. */
  #assumeTypes(): void {
    for (const [oid, { schema, name }] of this.#assembler.types) this.#setup.types.catalog.assume(oid, schema, name)
  }

  #sessionEnded(failure: CdcError | undefined): void {
    if (failure === undefined) return
    this.end(failure, failure.code === 'SERVER_SHUTDOWN' ? DRAIN : 0)
  }

  /** What comes from here on is not to be trusted or will not come: reading ends with this error, after `patience` ms. */
  end(failure: CdcError, patience = 0): void {
    if (this.#shutdown !== undefined) return
    this.#shutdown = { failure, deadline: performance.now() + patience }
    this.#waker.ring()
    // nobody reads while a sink is blocked, and the server waits for us until the connection ends
    this.#farewell = setTimeout(() => void this.#setup.stream.close(), patience)
  }

  #assertAlive(): void {
    if (this.#shutdown !== undefined && performance.now() >= this.#shutdown.deadline) throw this.#shutdown.failure
  }

  #ended(): CdcError {
    if (this.#shutdown !== undefined) return this.#shutdown.failure
    return error('STREAM_ENDED', { message: 'The server ended the stream of changes.' })
  }

  #reportLag(): void {
    const now = performance.now()
    if (now - this.#reportedAt < LAG) return
    const { report } = this.#setup
    const { end, commitTime, isEmpty } = this.#assembler
    this.#reportedAt = now
    const ahead = this.#walEnd - later(this.#idle, end)
    const milliseconds = isEmpty || commitTime === 0n ? 0 : Math.max(0, Date.now() - Number(commitTime / 1000n))
    report({ type: 'lag', bytes: ahead > 0n ? Number(ahead) : 0, milliseconds })
  }
}
