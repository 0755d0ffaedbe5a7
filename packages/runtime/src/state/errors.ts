import { defineErrors, type ErrorEntry, stateErrorEntries } from '@cdc/core'

/** What the state stores of this package refuse or fail with. */
export const stateErrorCatalogue = {
  ...stateErrorEntries,
  STATE_FOREIGN: {
    kind: 'config',
    cause: 'The state in this place belongs to another pipeline: a folder was renamed or copied.',
    cure: 'Give the pipeline the name that the state has, or use another place for its state.',
  },
  STATE_NOT_A_DIRECTORY: {
    kind: 'config',
    cause: 'A part of the path of the state directory is a file.',
    cure: 'Set `state` to a directory, or to a path that does not exist yet.',
  },
  STATE_NO_PERMISSION: {
    kind: 'config',
    cause: 'The user that runs the pipeline may not read or write the state directory.',
    cure: 'Give that user the right to read and write the directory and all files in it.',
  },
  STATE_READ_ONLY: {
    kind: 'config',
    cause: 'The file system of the state directory is mounted read-only.',
    cure: 'Mount it writable, or set `state` to a directory that is. In a container: a volume.',
  },
  STATE_DISK_FULL: {
    kind: 'throttled',
    cause:
      'The file system of the state directory (or its quota) is full. The last saved state is intact; nothing is acknowledged to the source until a save succeeds.',
    cure: 'Free some space there. Meanwhile the source keeps its log: watch the disk of the source as well.',
  },
  STATE_IO: {
    kind: 'config',
    cause: 'The operating system failed a file operation in the state directory.',
    cure: 'Look at the system log for faults of the disk or of the network file system.',
  },
} as const satisfies Record<string, ErrorEntry>

export const stateError = defineErrors(stateErrorCatalogue)
