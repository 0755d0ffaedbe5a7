import type { Change, Decoder, Table } from '@cdc/core'
import type { Settings } from '../settings.ts'
export class RecordDecoder implements Decoder {
  constructor(_settings: Settings, _table: Table | undefined) {}
  decode(): readonly Change[] {
    return []
  }
}
