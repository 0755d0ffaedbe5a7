import { hstoreText, inHashOrder, readHstore } from '../text/hstore.ts'
import { quoted } from '../text/json-text.ts'
import type { Codec, ValueModes } from './codec.ts'
import { optional, required } from './connect-schema.ts'
import { named } from './plain-codecs.ts'

/** hstore as an object, in the order in which a Java map gives its keys. */
function objectText(text: string): string {
  const pairs = inHashOrder(readHstore(text))
  return `{${pairs.map(([key, value]) => `${quoted(key)}:${value === null ? 'null' : quoted(value)}`).join(',')}}`
}

export function hstoreCodec({ hstore, placeholder }: ValueModes): Codec {
  const unchanged = objectText(hstoreText([[placeholder.text, placeholder.text]]))
  if (hstore === 'map')
    return {
      schema: { type: 'map', keys: required('string'), values: optional('string'), optional: true },
      write: (cell) => objectText(cell as string),
      filler: '{}',
      placeholder: unchanged,
    }
  return {
    schema: named('string', 'io.debezium.data.Json'),
    write: (cell) => quoted(objectText(cell as string)),
    filler: '"{}"',
    placeholder: quoted(unchanged),
  }
}
