import { describe, expect, test } from 'vitest'
import { connectReader } from '../src/decode/connect-reader.ts'
import { jsonToAvro } from '../src/encode/json-writer.ts'
import { avroSchemaText } from '../src/schema/connect-avro.ts'
import { parseAvroSchema } from '../src/schema/parsed-schema.ts'
import { AvroWriter } from '../src/wire/avro-writer.ts'
import { FRAME, schemaIdOf } from '../src/wire/frame.ts'
import { goldenAvro, goldenSchemas } from './golden-avro.ts'

for (const scenario of ['tables', 'types', 'identity']) {
  describe(`what the real Debezium wrote: ${scenario}`, () => {
    const schemas = goldenSchemas(scenario)

    test('every schema is printed again, byte for byte', () => {
      for (const { text, subject } of schemas.values()) {
        const { schema } = connectReader(parseAvroSchema(text, subject).type)
        expect(avroSchemaText(schema), subject).toBe(text)
      }
    })

    test('every key and value is read and written again, byte for byte', () => {
      const writer = new AvroWriter()
      let count = 0
      for (const { key, value } of goldenAvro(scenario)) {
        for (const bytes of [key, value]) {
          if (bytes === null) continue
          const schema = parseAvroSchema(schemas.get(schemaIdOf(bytes, 'value'))!.text, 'golden')
          const reader = connectReader(schema.type)
          writer.begin()
          writer.raw(bytes.subarray(0, FRAME))
          jsonToAvro(reader.schema)(writer, reader.json(schema.read(bytes.subarray(FRAME), 'value')))
          expect(writer.end().toString('base64')).toBe(Buffer.from(bytes).toString('base64'))
          count++
        }
      }
      expect(count).toBeGreaterThan(30)
    })
  })
}
