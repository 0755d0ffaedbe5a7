import { setTimeout as pause } from 'node:timers/promises'
import {
  type Batch,
  CdcError,
  type Change,
  type Decoder,
  type Format,
  isTableChange,
  type Origin,
  type Position,
  type Source,
  type SourceContext,
  sameShape,
  type Table,
  type Transaction,
  tableName,
} from '@cdc/core'
import { filesError } from './errors.ts'
import { listFiles } from './file-list.ts'
import { formatPosition, lineId, parsePosition, start } from './file-position.ts'
import type { SourceSpec } from './filesystem-source.ts'
import { type FollowedFile, FollowedFiles } from './followed-files.ts'
import { jsonMembers } from './json-fault.ts'
import { type Line, linesOf } from './lines-of.ts'
import { Damaged, unpacked } from './unpack.ts'
import { UnreadableLines } from './unreadable-lines.ts'

/** Reads lines of files back, each a transaction of its own. */
export class FilesystemSource implements Source {
  readonly #spec: SourceSpec
  readonly #context: SourceContext
  readonly #closed = new AbortController()
  #format: Format | undefined
  #decoder: Decoder | undefined

  constructor(spec: SourceSpec, context: SourceContext) {
    this.#spec = spec
    this.#context = context
  }

  async open(): Promise<void> {
    const { path, matching, format, table } = this.#spec
    const { pipeline, logger, report } = this.#context
    await listFiles(path, matching)
    this.#format = format.create({ pipeline, logger, report, role: 'value' })
    this.#decoder = await this.#format.decoder(table)
  }

  async *read(after: Position | undefined, aborted: AbortSignal): AsyncGenerator<Batch> {
    const { path, matching, interval } = this.#spec
    const signal = AbortSignal.any([aborted, this.#closed.signal])
    const from = after === undefined ? start : parsePosition(after)
    const files = new FollowedFiles(path, matching, from, this.#context.logger)
    const assembly = new Assembly(this.#spec, this.#context, this.#decoder!, files)
    while (!signal.aborted) {
      for (const file of await files.look()) yield* assembly.read(file, signal)
      if (signal.aborted) return
      const rest = assembly.rest()
      if (rest !== undefined) yield rest
      if (interval === undefined) return
      await pause(interval, undefined, { signal }).catch(() => undefined)
    }
  }

  async acknowledge(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed.abort()
    await this.#format?.close?.()
  }
}

/** What an estimate of a change adds to the bytes of its line. */
const overhead = 200

/** Makes batches of lines. */
class Assembly {
  readonly #spec: SourceSpec
  readonly #context: SourceContext
  readonly #decoder: Decoder
  readonly #files: FollowedFiles
  readonly #unreadable: UnreadableLines
  readonly #shapes = new Map<string, Table>()
  #changes: Change[] = []
  #bytes = 0
  #commit: number
  /** The position of the last batch. */
  #given: Position | undefined

  constructor(spec: SourceSpec, context: SourceContext, decoder: Decoder, files: FollowedFiles) {
    this.#spec = spec
    this.#context = context
    this.#decoder = decoder
    this.#files = files
    this.#unreadable = new UnreadableLines(spec.deadLetters, context.logger)
    this.#commit = -1
  }

  /** Reads a file from where it stands to its end. */
  async *read(file: FollowedFile, signal: AbortSignal): AsyncGenerator<Batch> {
    const { longest, interval } = this.#spec
    const { path, size } = file.found
    if (this.#commit < 0) this.#commit = this.#files.bytes
    await this.#files.begin(file)
    const from = file.offset
    try {
      for await (const lines of linesOf(unpacked(path, from), { path, offset: from, longest })) {
        if (signal.aborted) return
        for (const line of lines) {
          // somebody is still writing it
          if (line.torn && interval !== undefined) {
            file.lastSize = size
            return
          }
          yield* this.#take(file, line, signal)
          if (signal.aborted) return
        }
      }
    } catch (error) {
      if (!(error instanceof Damaged)) throw error
      if (interval === undefined) throw error.coded
      // the rest of the last piece is not there yet
      file.lastSize = size
      return
    }
    file.lastSize = size
    file.ended = true
  }

  async *#take(file: FollowedFile, line: Line, signal: AbortSignal): AsyncGenerator<Batch> {
    const { rows, bytes } = this.#context.limits
    const changes = await this.#decoded(file, line)
    const size = line.bytes.length + overhead * changes.length
    const full = this.#changes.length + changes.length > rows || this.#bytes + size > bytes
    if (full && this.#changes.length > 0) {
      if (signal.aborted) return
      yield this.#batch()
    }
    this.#commit += line.end - file.offset
    for (const [order, change] of changes.entries()) this.#add(change, this.#originOf(change, file, line, order))
    this.#bytes += size
    file.offset = line.end
  }

  async #decoded(file: FollowedFile, line: Line): Promise<readonly Change[]> {
    // an empty line between others is no record
    if (line.bytes.length === 0) return []
    try {
      const [key, value] = this.#spec.line === 'value' ? [null, line.bytes] : partsOf(line)
      const wanted = this.#decoder.prepare?.(key, value)
      if (wanted !== undefined) await wanted
      return this.#decoder.decode(key, value).filter((change) => this.#isWanted(change))
    } catch (error) {
      await this.#unreadable.take(CdcError.from(error), file.found.path, line)
      return []
    }
  }

  #isWanted(change: Change): boolean {
    return change.kind === 'message' ? this.#context.wants.message : isTableChange(change) && change.kind !== 'schema'
  }

  #originOf({ origin }: Change, file: FollowedFile, line: Line, order: number): Origin {
    const { database, commitTime } = origin.transaction
    const id = lineId(file.found.name, line.offset)
    const transaction: Transaction = { connector: 'filesystem', database, id, commitTime, commit: BigInt(this.#commit) }
    return { transaction, offset: BigInt(line.offset), order }
  }

  #add(change: Change, origin: Origin): void {
    if (isTableChange(change)) this.#announce(change.table, origin)
    this.#changes.push({ ...change, origin })
  }

  /** The shape of a table before its first row that has it. */
  #announce(table: Table, origin: Origin): void {
    const name = tableName(table)
    const said = this.#shapes.get(name)
    if (said === table) return
    this.#shapes.set(name, table)
    if (said !== undefined && sameShape(said, table)) return
    const before = said ?? this.#context.shapes.get(name)
    const previous = before === undefined || sameShape(before, table) ? {} : { previous: before }
    this.#changes.push({ kind: 'schema', table, ...previous, origin })
  }

  /** What has gathered, or only how far it was read, where that is news. */
  rest(): Batch | undefined {
    if (this.#changes.length > 0) return this.#batch()
    const position = formatPosition(this.#files.position)
    if (position === this.#given || (this.#given === undefined && this.#files.position.files.length === 0))
      return undefined
    return this.#batch()
  }

  #batch(): Batch {
    const [changes, bytes] = [this.#changes, this.#bytes]
    this.#changes = []
    this.#bytes = 0
    this.#given = formatPosition(this.#files.position)
    return { changes, position: this.#given, bytes }
  }
}

/** Key and value of a line that holds a whole record. */
function partsOf({ bytes }: Line): [Uint8Array | null, Uint8Array | null] {
  const members = jsonMembers(bytes)
  if (members?.has('value') !== true)
    throw filesError('LINE_MALFORMED', { message: 'The line is no JSON object with a value in it.' })
  const part = (name: string) => {
    const member = members.get(name)
    return member === undefined || Buffer.from(member).toString() === 'null' ? null : member
  }
  return [part('key'), part('value')]
}
