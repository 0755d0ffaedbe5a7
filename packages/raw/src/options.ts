import { choice, defineOptions, type OptionRule, type OptionValues, text } from '@cdc/core'

const fields = {
  changelog: choice(['none', 'upsert'], {
    doc: "What is written down of changes. `none`: inserted rows only, as Flink's raw. `upsert`: rows and tombstones, by key.",
    default: 'none',
  }),
  charset: text({ doc: 'How text becomes bytes: `UTF-8`, `ISO-8859-1`, `US-ASCII`, `UTF-16LE`.', default: 'UTF-8' }),
  endianness: choice(['big-endian', 'little-endian'], {
    doc: 'The order of the bytes of a number.',
    default: 'big-endian',
  }),
  'encode.truncate': choice(['skip', 'fail'], {
    doc: 'A TRUNCATE is left out and logged (Flink leaves it out), or an error.',
    default: 'skip',
  }),
}

export type Charset = 'utf8' | 'latin1' | 'ascii' | 'utf16le'

const charsets: Readonly<Record<string, Charset>> = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  'iso-8859-1': 'latin1',
  latin1: 'latin1',
  'us-ascii': 'ascii',
  ascii: 'ascii',
  'utf-16le': 'utf16le',
}

/** By one of its names in Java; undefined: not supported. */
export const charsetOf = (written: string): Charset | undefined => charsets[written.toLowerCase()]

const known: OptionRule<typeof fields> = ({ charset }, problem) => {
  if (charset !== undefined && charsetOf(charset) === undefined)
    problem('charset', `Unsupported 'charset' name: ${charset}.`, 'Supported: UTF-8, ISO-8859-1, US-ASCII, UTF-16LE.')
}

/** Every option of `raw`. */
export const rawOptions = defineOptions(fields, [known])
export type RawValues = OptionValues<typeof fields>
