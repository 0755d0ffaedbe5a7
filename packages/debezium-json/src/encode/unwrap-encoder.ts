import type { EncodedRecord, Encoder, RowChange, Truncate } from '@cdc/core'
import type { UnwrapSettings } from '../settings.ts'
import { quoted } from '../text/json-text.ts'
import { addedSchemas, addedValues } from './added-fields.ts'
import { type ConnectSchema, field, optional } from './connect-schema.ts'
import type { EncodeContext } from './envelope-encoder.ts'
import { type Event, eventsOf, noHeaders, tableRecord } from './events.ts'
import { type TableParts, type Wrapping, wrapping } from './table-parts.ts'

/** Writes changes of one table as ExtractNewRecordState leaves them: the row alone. Truncates give no record. */
export class UnwrapEncoder implements Encoder {
  readonly oneLine = true
  readonly #parts: TableParts
  readonly #context: EncodeContext
  readonly #unwrap: UnwrapSettings
  readonly #rewrites: boolean
  readonly #wrapping: Wrapping

  constructor(parts: TableParts, context: EncodeContext, unwrap: UnwrapSettings) {
    this.#parts = parts
    this.#context = context
    this.#unwrap = unwrap
    this.#rewrites = unwrap.deletes === 'rewrite' || unwrap.deletes === 'rewrite-with-tombstone'
    const deleted = this.#rewrites ? [field('__deleted', optional('string'))] : []
    const fields = [...parts.rowSchema.fields!, ...deleted, ...addedSchemas(unwrap.fields)]
    const schema: ConnectSchema = { ...parts.rowSchema, fields }
    this.#wrapping = wrapping(schema, context.settings.value.schemas)
  }

  encode(change: RowChange | Truncate): readonly EncodedRecord[] {
    if (change.kind === 'truncate') return []
    return eventsOf(change, this.#parts, this.#context.settings).flatMap((event) => this.#records(event))
  }

  #records(event: Event): readonly EncodedRecord[] {
    const { settings, order, clock, headers } = this.#context
    const { fields, headers: wanted, deletes } = this.#unwrap
    const key = this.#parts.wrapped(event.key)
    const transaction = settings.transactions ? order.next(event.origin, this.#parts.collection) : 'null'
    const added = (of: typeof fields) => addedValues(of, event, this.#parts, clock(), transaction)
    const own = event.headers === noHeaders ? headers : { ...event.headers, ...headers }
    const given = wanted.length === 0 ? [] : added(wanted).filter(([, json]) => json !== 'null')
    const more = given.length === 0 ? own : { ...own, ...Object.fromEntries(given) }
    if (event.op !== 'd') return [tableRecord(key, this.#value(event, added(fields)), more)]
    if (deletes === 'drop') return []
    if (deletes === 'delete-to-tombstone') return [tableRecord(key, null, more)]
    const tombstone = settings.tombstones ? [tableRecord(key, null, own)] : []
    if (deletes === 'tombstone') return tombstone
    const record = tableRecord(key, this.#value(event, added(fields)), more)
    return deletes === 'rewrite' ? [record] : [record, ...tombstone]
  }

  #value({ op, before, after }: Event, added: readonly [string, string][]): string {
    const { rows } = this.#parts
    let text = after === undefined ? rows.openOld(before!) : rows.open(after, before)
    if (this.#rewrites) text += `,"__deleted":"${op === 'd'}"`
    for (const [name, json] of added) text += `,${quoted(name)}:${json}`
    return `${this.#wrapping.open}${text}}${this.#wrapping.close}`
  }
}
