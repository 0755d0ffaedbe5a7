import { defineErrors, type ErrorEntry } from '@cdc/core'

/** What the filesystem sink and source refuse or fail with. */
export const errorCatalogue = {
  FILES_FOLDER_MISSING: {
    kind: 'config',
    cause:
      'The folder of `path` does not exist, nor does the one above it. Only the last part of a path is made, so that a slip of the pen or a volume that is not mounted does not fill another disk.',
    cure: 'Look at `path`, mount the volume, or make the folder: `mkdir -p`.',
  },
  FILES_NOT_A_FOLDER: {
    kind: 'config',
    cause: 'A part of the path, or `path` itself, is a file where the sink needs a folder.',
    cure: 'Set `path` to a folder. The names of the files in it come from `sink.file-name`.',
  },
  FILES_NO_PERMISSION: {
    kind: 'config',
    cause: 'The user that runs the pipeline may not read or write this file or folder.',
    cure: 'Give that user the right to read and write the folder and the files in it.',
  },
  FILES_READ_ONLY: {
    kind: 'config',
    cause: 'The file system is mounted read-only, or went so after an error.',
    cure: 'Look at the system log, mount it writable, or set `path` to a folder that is. In a container: a volume.',
  },
  FILES_DISK_FULL: {
    kind: 'throttled',
    cause:
      'The file system, its quota or the largest size of a file is reached. What was flushed is safe; nothing after it is acknowledged to the source.',
    cure: 'Free some space, or move finished files away. The pipeline goes on by itself; meanwhile the source keeps its log, so watch its disk too.',
  },
  FILES_TOO_MANY_OPEN: {
    kind: 'config',
    cause: 'The process, or the whole system, has as many files open as it may.',
    cure: 'Lower `sink.max-open-files`, or raise the limit: `ulimit -n`, `LimitNOFILE=` of a systemd unit.',
  },
  FILES_NAME_TOO_LONG: {
    kind: 'config',
    cause: 'A name made from `sink.file-name` is longer than the file system takes.',
    cure: 'Write a shorter `sink.file-name`, or give long tables shorter names with `routes`.',
  },
  FILES_IO: {
    kind: 'config',
    cause: 'The operating system failed a file operation.',
    cure: 'Look at the system log for faults of the disk or of the network file system.',
  },
  FILE_TAKEN: {
    kind: 'config',
    cause:
      'A file that the sink is about to make is there already, and it is not one that this pipeline has written: another pipeline uses the folder, or a former run of this one was reset.',
    cure: 'Move the file away, or set another `path` or `sink.file-name`. Nothing was written to it.',
  },
  FILE_CHANGED: {
    kind: 'history-lost',
    cause:
      'A file that the sink was still writing is gone, is shorter than what was flushed, or holds something else there: somebody edited, cut, replaced or restored it.',
    cure: 'Put the file back as it was, from a backup with its manifest. Without one: `cdc reset`, which starts over with a new snapshot. Take away only files that are finished.',
  },
  FILES_CONFLICT: {
    kind: 'conflict',
    cause: 'Another process writes the files of this pipeline, or did so while this one was running.',
    cure: 'Find the other process that runs this pipeline and stop one of the two. Then start again: what was not flushed is cut back.',
  },
  MANIFEST_CORRUPT: {
    kind: 'history-lost',
    cause:
      'The manifest, which says how far the files are good and where the source stood, does not match its checksum.',
    cure: 'Restore the folder with its manifest from a backup. Without one: `cdc reset` starts over with a new snapshot. Then check the disk.',
  },
  MANIFEST_FOREIGN: {
    kind: 'config',
    cause: 'The manifest in the folder belongs to another pipeline or another sink: a file was copied or renamed.',
    cure: 'Use another `path`, or give the pipeline and its sink the names that the manifest has.',
  },
  MANIFEST_NEWER: {
    kind: 'config',
    cause: 'The manifest was written by a newer version, whose format this one cannot read.',
    cure: 'Run the newer version again. To go back for good: `cdc reset` with this version, which takes a new snapshot.',
  },
  FORMAT_CHANGED: {
    kind: 'config',
    cause: 'A file that goes on under one name holds records of one format, and the pipeline now writes another.',
    cure: 'Set another `sink.file-name` or `path`, or the former `format` and `sink.line`.',
  },
  LINE_NOT_POSSIBLE: {
    kind: 'config',
    cause: 'The format writes records that are no single line of text, or no JSON where `sink.line: record` needs it.',
    cure: 'Choose a format that writes a line of text, such as debezium-json or json.',
  },
  TOMBSTONE_ONLY: {
    kind: 'config',
    cause:
      'The format writes a delete as a tombstone, a key without a value, and a line that holds only values has no room for it: the delete would vanish.',
    cure: 'Set `sink.line: record`, which writes keys, values and headers, or a format that writes deletes down as values.',
  },
  COMPRESSION_UNKNOWN: {
    kind: 'config',
    cause: 'This version of Node.js cannot compress or read zstd.',
    cure: 'Run Node.js 22.15, 23.8 or later, or choose gzip.',
  },
  FILES_NONE: {
    kind: 'config',
    cause: 'The file or folder that the source is to read is not there.',
    cure: 'Look at `path`. To wait for files that come later, make the folder and set `source.monitor-interval`.',
  },
  FILE_LOST: {
    kind: 'history-lost',
    cause: 'A file that was not read to its end is gone.',
    cure: 'Put it back. Without it: `cdc reset` reads all files that are there from their beginning.',
  },
  FILE_REPLACED: {
    kind: 'history-lost',
    cause:
      'A file that was read in part is now shorter, or begins otherwise: it was cut, written anew or replaced under the same name.',
    cure: 'Put the former file back, or give the new one a name of its own. `cdc reset` reads all files from their beginning.',
  },
  LINE_MALFORMED: {
    kind: 'data',
    cause: 'A line cannot be read: it is torn, damaged, or written by another format than the one that is set.',
    cure: 'Look at the line that is named. `errors.tolerance: all` leaves such lines out and keeps them in `errors.dead-letter-file`.',
  },
  LINE_TOO_LONG: {
    kind: 'data',
    cause: 'A line is longer than `source.max-line-length`: a damaged file, a binary one, or a very large row.',
    cure: 'Look at the file. If the row is really that large, raise `source.max-line-length`.',
  },
  FILE_DAMAGED: {
    kind: 'data',
    cause: 'A compressed file cannot be unpacked: it is damaged, ends in its middle, or is not compressed at all.',
    cure: 'Restore the file. The ending of its name says how it is compressed: .gz or .zst.',
  },
  FILES_POSITION: {
    kind: 'history-lost',
    cause: 'The saved position is not one of the filesystem source, or a newer version wrote it.',
    cure: 'Check that the state belongs to this pipeline; `cdc reset` reads all files from their beginning.',
  },
} as const satisfies Record<string, ErrorEntry>

export const filesError = defineErrors(errorCatalogue)
