import { laws } from './law.ts'

/** The laws that `sinkConformance` checks. */
export const sinkLaws = laws({
  'SINK-DECLARED': {
    says: 'The sink that a user configures declares the capabilities that the suite was told, and position() is there if and only if it remembers.',
    broken:
      'The runtime judges a pipeline by these before anything is opened, so a wrong one lets a pipeline run that cannot work.',
  },
  'SINK-FLUSH-DURABLE': {
    says: 'When flush(position) resolves, every change written before it can be read by somebody else.',
    broken: 'The runtime acknowledges to the source after flush, so the source frees its log and the rows are lost.',
  },
  'SINK-POSITION': {
    says: 'A sink that remembers answers undefined before it has taken anything, and afterwards, from a new instance, the last flushed position.',
    broken: 'The pipeline resumes at the wrong place: it loses changes or applies them twice.',
  },
  'SINK-REMEMBERS-ATOMIC': {
    says: 'A sink that remembers makes whole transactions durable in flush(position) and in no other call.',
    broken:
      'After a crash the rows are ahead of the position, so they are applied again: an append-only table has repeats.',
  },
  'SINK-OPEN-HIDDEN': {
    says: 'A sink that remembers shows nothing of a transaction whose commit it has not been given.',
    broken: 'Readers see half a transaction, and after a crash that half stays.',
  },
  'SINK-ATOMIC-TABLES': {
    says: 'With atomicTables, rows of a snapshot table leave no trace unless the table was flushed with a position.',
    broken: 'A restart in the snapshot reads the table again, and rows that were deleted meanwhile stay for ever.',
  },
  'SINK-EARLY-FLUSH': {
    says: 'flush(undefined) in an open snapshot table makes durable only what may be repeated, and does not move the position.',
    broken: 'A restart in the snapshot repeats rows, or leaves out the rest of the table.',
  },
  'SINK-EMPTY': {
    says: 'A batch without changes and a flush without a write are harmless, and carry their position.',
    broken: 'An idle pipeline fails, or holds the log of the source back.',
  },
  'SINK-ANY-CUT': {
    says: 'The same changes give the same rows however they are cut into batches and wherever between commits they are flushed.',
    broken: 'Batches fall differently on every run, so the target differs from the source now and then.',
  },
  'SINK-EQUALS-SOURCE': {
    says: 'After random transactions, cut at random, the tables hold what the same transactions leave in a database.',
    broken: 'The target differs from the source; where a smaller law is broken too, that one says why.',
  },
  'SINK-REDUCTION': {
    says: 'Many changes of the same keys in one batch give the rows that applying them one by one gives.',
    broken: 'Rows are wrong when the pipeline is busy and right when somebody looks.',
  },
  'SINK-SCHEMA-IDEMPOTENT': {
    says: 'A schema change that says what is known already, also in the middle of a batch, changes nothing.',
    broken: 'The schema comes again after every start, so every restart fails or loses rows.',
  },
  'SINK-OLD-SHAPE': {
    says: 'After an older shape is replayed, cells of columns that it lacks are still there.',
    broken: 'A restart across an ALTER TABLE deletes data.',
  },
  'SINK-UNDEFINED-KEEPS': {
    says: 'An undefined cell of an update keeps the value that the row has, also when the key changes; null makes it null.',
    broken: 'Large values that did not change (TOAST) become null.',
  },
  'SINK-UPSERT': {
    says: 'Inserts and updates of a keyed table leave one row for each key, with the last values.',
    broken: 'Rows are there twice, or with old values.',
  },
  'SINK-DELETE': {
    says: 'A delete takes away the row with its key, and one of a missing row changes nothing.',
    broken: 'Rows that the source no longer has stay in the target.',
  },
  'SINK-KEY-CHANGE': {
    says: 'An update that changes the key leaves the row under the new key and none under the old one.',
    broken: 'The row is there twice.',
  },
  'SINK-KEY-SWAP': {
    says: 'Two rows that change keys with each other in one transaction, by way of a third, are both there afterwards.',
    broken: 'One of the rows is lost, or the write fails on a unique key.',
  },
  'SINK-TRUNCATE': {
    says: 'A truncate takes away all rows before it and none after it, of its table only.',
    broken: 'The target keeps rows that the source no longer has, or loses new ones.',
  },
  'SINK-KEYLESS': {
    says: "A table without a key is taken row by row, equal rows included, or refused with an error of kind config or data, as 'keyless' declares.",
    broken: 'Equal rows are lost, or a table arrives that nobody can keep equal to the source.',
  },
  'SINK-VALUES': {
    says: 'Every cell is read back as it was written, for every type and its edges, and null as null.',
    broken: 'Values are changed on the way.',
  },
  'SINK-REPLAY': {
    says: 'A sink that does not remember ends with the same rows when it is given the same changes of keyed tables again.',
    broken: 'After a crash the changes since the checkpoint come again, and the target is wrong.',
  },
  'SINK-LARGE-BATCH': {
    says: 'A large batch, and a transaction of many batches, arrive whole.',
    broken: 'Big transactions fail or lose rows.',
  },
  'SINK-ABORT': {
    says: 'A write whose signal aborts settles soon, and close works afterwards.',
    broken: 'The pipeline cannot be stopped but by killing it.',
  },
  'SINK-CLOSE-AFTER-THROW': {
    says: 'close resolves after a throw and without a write, and drops what was not flushed.',
    broken: 'The runtime cannot make a new instance, or the old one writes behind its back.',
  },
  'SINK-LOST-CONNECTION': {
    says: 'When its connection is lost, a sink fails with an error of kind connection, throttled or rewind, or has really made durable what it says; a new instance goes on.',
    broken: 'A restart of the target loses rows without a word, or stops the pipeline for good.',
  },
  'SINK-ONE-WRITER': {
    says: "A sink that remembers refuses to write, with kind 'conflict', when somebody else has moved the position since it last did.",
    broken: 'Two processes write the same target, and each undoes the other.',
  },
  'SINK-BACK-PRESSURE': {
    says: 'While the target takes nothing, write stops resolving after a bounded amount.',
    broken: 'The process grows until it is killed.',
  },
})
