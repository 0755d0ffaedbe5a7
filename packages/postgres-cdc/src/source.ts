import { setTimeout as delay } from 'node:timers/promises'
import {
  type Batch,
  CdcError,
  failpoint,
  type Position,
  type ReadOptions,
  type Source,
  type SourceContext,
} from '@cdc/core'
import { ReplicationStream, slotHolder } from '@cdc/pg-replication'
import { type Beginning, beginAnew, resume } from './begin.ts'
import { Types } from './catalog.ts'
import { blockedLog, type Environment } from './environment.ts'
import { HEARTBEAT_PREFIX, Heartbeat } from './heartbeat.ts'
import { type PositionParts, parsePosition, positionText } from './position.ts'
import { type Preflight, preflight } from './preflight.ts'
import { PublicationWatch } from './publication-watch.ts'
import { nameMatcher } from './selection.ts'
import { KnownShapes } from './shapes.ts'
import { SlotWatch } from './slot-watch.ts'
import { SnapshotReader } from './snapshot/read-snapshot.ts'
import { StreamReader } from './stream/read-stream.ts'
import { Router } from './stream/router.ts'

/** Positions without changes come at most this often, so that nothing feeds itself. Milliseconds. */
const IDLE = 10_000
const idleInterval = (heartbeat: number) => (heartbeat === 0 ? IDLE : Math.min(IDLE, heartbeat))

/** Reads one database: a snapshot of its tables where the start-up mode asks for one, then its replication slot. */
export class PostgresSource implements Source {
  readonly #environment: Environment
  readonly #context: SourceContext
  readonly #shapes: KnownShapes
  #preflight: Preflight | undefined
  #stream: ReplicationStream | undefined
  #acknowledged = 0n

  constructor(environment: Environment, context: SourceContext) {
    this.#environment = environment
    this.#context = context
    this.#shapes = new KnownShapes(context.shapes)
  }

  async open(): Promise<void> {
    const { logger, shapes } = this.#context
    this.#preflight = await preflight(this.#environment, logger, shapes.size > 0)
  }

  async *read(
    after: Position | undefined,
    signal: AbortSignal,
    { overlap = false }: ReadOptions = {},
  ): AsyncGenerator<Batch> {
    this.#shapes.begin()
    try {
      for await (const batch of this.#read(after, signal, overlap)) {
        if (signal.aborted) return
        yield batch
      }
    } catch (failure) {
      // what was cut off because we were told to stop is no failure
      if (!signal.aborted) throw failure
    }
  }

  async acknowledge(position: Position): Promise<void> {
    const { lsn } = parsePosition(position)
    await failpoint('acknowledge')
    if (lsn > this.#acknowledged) this.#acknowledged = lsn
    this.#stream?.setFlushed(this.#acknowledged)
    await failpoint('acknowledged')
  }

  async close(): Promise<void> {
    const [stream, opened] = [this.#stream, this.#preflight]
    this.#stream = undefined
    this.#preflight = undefined
    await Promise.all([stream?.close(), opened?.session.close()])
  }

  async *#read(after: Position | undefined, signal: AbortSignal, overlap: boolean): AsyncGenerator<Batch> {
    const opened = this.#preflight
    if (opened === undefined) throw new Error('read before open, or after close')
    const before = after === undefined ? undefined : parsePosition(after)
    if (before !== undefined && this.#environment.rules.mode === 'snapshot' && before.pending.size === 0) return
    if (!(await this.#slotIsFree(opened, signal))) return
    const begun =
      before === undefined
        ? await beginAnew(this.#environment, opened, this.#context, signal)
        : await resume(this.#environment, opened, before, this.#context)
    const types = new Types(opened.session)
    let { parts } = begun
    const unannounced = after === undefined && parts.pending.size === 0
    if (parts.pending.size > 0) {
      const snapshot = this.#snapshotReader(begun, opened, types)
      yield* snapshot.read(begun.created, signal)
      if (signal.aborted) return
      parts = snapshot.parts
    } else await begun.created?.release()
    if (this.#environment.rules.mode === 'snapshot') return
    await failpoint('snapshot.handover')
    const previousCommit = before?.pending.size === 0 ? before.lsn : undefined
    yield* this.#follow(begun, parts, opened, types, signal, overlap, previousCommit, unannounced)
  }

  #snapshotReader({ parts, publication }: Beginning, { session }: Preflight, types: Types): SnapshotReader {
    const { connector, connection, database, slot, rules, values } = this.#environment
    const { limits, logger } = this.#context
    return new SnapshotReader(
      {
        connector,
        connection,
        slot,
        parallelism: values['scan.snapshot.parallelism'],
        limits,
        shapes: this.#shapes,
        prepare: { database, fresh: session, types, publication, rules },
        logger,
        report: (report) => this.#context.report(report),
        onWait: blockedLog(this.#context, slot),
      },
      parts,
    )
  }

  async *#follow(
    { tables, relations, publication, confirmed }: Beginning,
    parts: PositionParts,
    { session, server }: Preflight,
    types: Types,
    signal: AbortSignal,
    overlap: boolean,
    previousCommit: bigint | undefined,
    unannounced: boolean,
  ): AsyncGenerator<Batch> {
    const { connector, database, rules, values } = this.#environment
    const { wants, limits, logger } = this.#context
    await types.reload()
    const stream = await this.#start(confirmed ?? parts.lsn, signal)
    if (stream === undefined) return
    this.#stream = stream
    const heartbeat = new Heartbeat(session, values['debezium.*']['heartbeat.action.query'], logger)
    if (!server.inRecovery) heartbeat.start(values['heartbeat.interval.ms'])
    const slotWatch = new SlotWatch(session, this.#environment.slot, (report) => this.#context.report(report))
    slotWatch.start()
    const matches = nameMatcher(values)
    const publicationWatch = new PublicationWatch({
      session,
      publication: publication!.name,
      parts,
      tables: relations,
      changed: (failure) => reader.end(failure),
    })
    const router = new Router({
      database,
      session,
      publication: publication!,
      rules,
      changelogMode: values['changelog-mode'],
      shapes: this.#shapes,
      tables,
      cuts: overlap ? new Map() : parts.cuts,
      logger,
    })
    const reader = new StreamReader({
      connector,
      database,
      wants,
      limits,
      skipped: rules.skipped,
      keepMessage: (prefix) => prefix !== HEARTBEAT_PREFIX && rules.keepMessage(prefix),
      stream,
      parts,
      confirmed,
      previousCommit,
      router,
      shapes: this.#shapes,
      types,
      session,
      idle: idleInterval(values['heartbeat.interval.ms']),
      matches,
      logger,
      report: (report) => this.#context.report(report),
    })
    try {
      // so that a start over from here never takes another place for it; the slot is ours by now
      publicationWatch.start()
      if (unannounced) yield { changes: [], position: positionText(parts), bytes: 0 }
      yield* reader.read(signal)
    } finally {
      heartbeat.stop()
      slotWatch.stop()
      publicationWatch.stop()
      this.#stream = undefined
      await stream.close()
    }
  }

  /** Asked before anything is read: whoever holds the slot may move it. false: told to stop. */
  async #slotIsFree({ session }: Preflight, signal: AbortSignal): Promise<boolean> {
    const { rules, slot } = this.#environment
    if (rules.mode === 'snapshot') return true
    const look = async () => {
      const holder = await slotHolder(session, slot)
      if (holder !== undefined) throw holder
      return true
    }
    return (await this.#whenFree(look, signal)) ?? false
  }

  /** `from`: where the slot stands, so that what the position holds is seen again and compared. */
  #start(from: bigint, signal: AbortSignal): Promise<ReplicationStream | undefined> {
    const { connection, slot, publication, values } = this.#environment
    const options = {
      slot,
      start: from,
      publications: [publication.name],
      messages: this.#context.wants.message,
      inboundTimeout: values['scan.stream.silence-timeout'],
    }
    return this.#whenFree(() => ReplicationStream.start(connection, options), signal)
  }

  /** A slot that is busy is waited for: after a kill the server needs a while to notice. undefined: told to stop. */
  async #whenFree<T>(use: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const { slot, busy } = this.#environment
    const deadline = performance.now() + busy.patience
    for (let pause = 100; !signal.aborted; pause = Math.min(2 * pause, busy.delay)) {
      try {
        return await use()
      } catch (failure) {
        if (!CdcError.is(failure) || failure.code !== 'SLOT_BUSY' || performance.now() + pause > deadline) throw failure
        this.#context.logger.warn({ code: failure.code, slot }, `${failure.message} Trying again in ${pause} ms.`)
        await delay(pause, undefined, { signal }).catch(() => undefined)
      }
    }
    return undefined
  }
}
