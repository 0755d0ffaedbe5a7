import type { OptionValues } from '@cdc/core'
import type { ValueModes } from './encode/codec.ts'
import type { NameAdjustment } from './names.ts'
import type { debeziumJsonOptions } from './options.ts'

type Values = OptionValues<(typeof debeziumJsonOptions)['fields']>

/** What Kafka Connect decides by converter, so for keys and values apart. */
export interface PartSettings {
  readonly schemas: boolean
  readonly replaceNull: boolean
  readonly modes: ValueModes
}

export type DeleteHandling = 'drop' | 'tombstone' | 'rewrite' | 'rewrite-with-tombstone' | 'delete-to-tombstone'

/** A field or header that `unwrap` adds: `source.ts_ms` as `__source_ts_ms`. */
export interface AddedField {
  /** `undefined`: wherever it is found, in the envelope or in `source`. */
  readonly struct: 'source' | 'transaction' | undefined
  /** As the user has written it. */
  readonly path: string
  readonly field: string
  readonly name: string
}

export interface UnwrapSettings {
  readonly deletes: DeleteHandling
  readonly fields: readonly AddedField[]
  readonly headers: readonly AddedField[]
}

/** The options with what follows from them. */
export interface Settings {
  readonly prefix: string
  readonly version: string
  readonly key: PartSettings
  readonly value: PartSettings
  readonly schemaNames: NameAdjustment
  readonly fieldNames: NameAdjustment
  readonly comments: boolean
  readonly failure: 'fail' | 'warn' | 'skip'
  readonly tombstones: boolean
  readonly skipped: ReadonlySet<string>
  readonly transactions: boolean
  readonly headers: boolean
  /** Milliseconds; 0: none. */
  readonly heartbeat: number
  readonly unwrap: UnwrapSettings | undefined
}

export function settingsOf(values: Values, pipeline: string): Settings {
  return {
    prefix: values['topic.prefix'] ?? pipeline,
    version: values['source.version'],
    key: partSettings(values, 'key'),
    value: partSettings(values, 'value'),
    schemaNames: values['schema.name.adjustment.mode'],
    fieldNames: values['field.name.adjustment.mode'],
    comments: values['include.schema.comments'],
    failure: values['event.converting.failure.handling.mode'],
    tombstones: values['tombstones.on.delete'],
    skipped: new Set(skippedLetters(values['skipped.operations'])),
    transactions: values['provide.transaction.metadata'],
    headers: values['extended.headers.enabled'],
    heartbeat: values['heartbeat.interval.ms'],
    unwrap: values.unwrap ? unwrapSettings(values) : undefined,
  }
}

/** The letters in a list such as `c,t`; `none` is none of them. */
export function skippedLetters(text: string): string[] {
  return text.split(',').flatMap((letter) => (letter.trim() === 'none' || letter.trim() === '' ? [] : [letter.trim()]))
}

function partSettings(values: Values, part: 'key' | 'value'): PartSettings {
  const schemas = values[`${part}.converter.schemas.enable`] ?? values['schemas.enable']
  return {
    schemas,
    replaceNull: values[`${part}.converter.replace.null.with.default`] ?? values['replace.null.with.default'],
    modes: {
      decimal: values['decimal.handling.mode'],
      decimalFormat: values[`${part}.converter.decimal.format`] ?? values['decimal.format'],
      time: values['time.precision.mode'],
      interval: values['interval.handling.mode'],
      binary: values['binary.handling.mode'],
      hstore: values['hstore.handling.mode'],
      moneyDigits: values['money.fraction.digits'],
      unknown: values['include.unknown.datatypes'],
      nested: !schemas,
      placeholder: placeholderOf(values['unavailable.value.placeholder']),
    },
  }
}

function placeholderOf(text: string): ValueModes['placeholder'] {
  const hex = /^hex:((?:[0-9a-f]{2})*)$/i.exec(text)
  if (hex === null) return { text, bytes: Buffer.from(text) }
  const bytes = Buffer.from(hex[1]!, 'hex')
  return { text: bytes.toString(), bytes }
}

function unwrapSettings(values: Values): UnwrapSettings {
  return {
    deletes: values['unwrap.delete.tombstone.handling.mode'],
    fields: addedFields(values['unwrap.add.fields'], values['unwrap.add.fields.prefix']),
    headers: addedFields(values['unwrap.add.headers'], values['unwrap.add.headers.prefix']),
  }
}

/** Reads `op,source.ts_ms,lsn:position`. */
export function addedFields(list: string | undefined, prefix: string): AddedField[] {
  if (list === undefined) return []
  return list.split(',').map((entry) => {
    const [path, rename] = entry.trim().split(':') as [string, string?]
    const [first, second] = path.split('.') as [string, string?]
    const struct = second === undefined ? undefined : first === 'transaction' ? 'transaction' : 'source'
    const field = second ?? first
    const plain = second === undefined ? field : `${first}_${field}`
    return { struct, path, field, name: `${prefix}${rename ?? plain}` }
  })
}
