import type { PostgresCdcValues, StartupMode } from './option-fields.ts'

/** Debezium's `snapshot.mode` by what it comes to here; others would take a snapshot over rows that the target has. */
export const snapshotModes: Readonly<Record<string, StartupMode>> = {
  initial: 'initial',
  exported: 'initial',
  initial_only: 'snapshot',
  never: 'latest-offset',
  no_data: 'latest-offset',
}
export const startupOf = (mode: string): StartupMode | undefined =>
  Object.hasOwn(snapshotModes, mode.trim().toLowerCase()) ? snapshotModes[mode.trim().toLowerCase()] : undefined

/** The start-up mode, Debezium's `snapshot.mode` taken into account. */
export function startupMode(values: PostgresCdcValues): StartupMode {
  const mode = values['debezium.*']['snapshot.mode']
  return (mode === undefined ? undefined : startupOf(mode)) ?? values['scan.startup.mode']
}
