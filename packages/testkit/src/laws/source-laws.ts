import { laws } from './law.ts'

/** The laws that `sourceConformance` checks. */
export const sourceLaws = laws({
  'SOURCE-SCHEMA-FIRST': {
    says: "After every start, and whenever it changes, a table's shape comes as a schema change before the first row of that shape.",
    broken: 'A sink gets rows whose columns it cannot know, and fails or writes them to the wrong columns.',
  },
  'SOURCE-SCHEMA-PREVIOUS': {
    says: 'A schema change names the shape before it when the two differ, also the one of an earlier run.',
    broken: 'Sinks cannot tell what was added or renamed while the pipeline was down.',
  },
  'SOURCE-BATCH-BOUNDS': {
    says: 'A batch with a position ends on a commit; one without lies wholly in one transaction or one snapshot table, and says in which.',
    broken: 'The runtime flushes in the middle of a transaction, and a crash leaves half of it.',
  },
  'SOURCE-BATCH-LIMITS': {
    says: 'Batches stay below the limits of rows and bytes, whatever the size of a transaction or table, and say honestly how large they are.',
    broken: 'A large transaction needs more memory than there is.',
  },
  'SOURCE-POSITION-TEXT': {
    says: 'A position is a well-formed text that survives JSON, and can be described.',
    broken: 'The checkpoint cannot be saved or read back.',
  },
  'SOURCE-POSITION-ORDER': {
    says: 'compare, lowest, merge and contains agree with the order in which positions and changes were emitted.',
    broken:
      'With two sinks, or after a restart, the runtime leaves out changes that a sink needs or repeats those that it has.',
  },
  'SOURCE-POSITION-RESUME': {
    says: 'Reading after any emitted position, with a new instance, gives exactly the rest.',
    broken: 'Every restart loses changes or repeats them.',
  },
  'SOURCE-FOREIGN-POSITION': {
    says: 'A position that the source did not write is refused with a coded error.',
    broken: 'A damaged checkpoint makes the source start somewhere else without a word.',
  },
  'SOURCE-HISTORY-LOST': {
    says: 'When the log after a position is gone, reading from it throws a history-lost error before anything is emitted.',
    broken: 'The changes in between are lost, and nobody knows.',
  },
  'SOURCE-EVERY-CHANGE': {
    says: 'Every committed change is emitted once, in order, with its kind and its values.',
    broken: 'The target differs from the source.',
  },
  'SOURCE-TRANSACTION-ORDER': {
    says: 'The changes of a transaction come together, with rising ordinals, and transactions in the order of their commits.',
    broken: 'A later value of a row is overwritten by an earlier one.',
  },
  'SOURCE-TRANSACTION-SHARED': {
    says: 'All changes of a transaction share one transaction object, over batches too, which has the connector, database, id, commit and commit time.',
    broken: 'Sinks that group by transaction see several, and memory is wasted for each change.',
  },
  'SOURCE-CHANGELOG-MODE': {
    says: "What is emitted is what 'emits' declares: append has inserts only, upsert has keys in its old rows, retract has whole old rows.",
    broken: 'A pipeline that was judged to work meets a change that its sink cannot take.',
  },
  'SOURCE-UNDEFINED-IS-NOT-NULL': {
    says: 'A cell that is NULL at the source is null, one that was not sent is undefined, and an inserted row has every cell.',
    broken: 'Values become NULL in the target although nobody set them so.',
  },
  'SOURCE-VALUES': {
    says: "Every row has a cell for each column, in the canonical form of the column's type, equal to what was written.",
    broken: 'Values are changed on the way, and sinks fail on forms that they do not expect.',
  },
  'SOURCE-SNAPSHOT-VALUES': {
    says: 'The snapshot gives the same cells for the same stored values as the stream.',
    broken: 'A row looks different by whether it was there before the pipeline was.',
  },
  'SOURCE-SNAPSHOT-MARKS': {
    says: 'Rows of a snapshot are marked, have ordinal 0 and no transaction id; rows of the stream have no mark; first and last are where they say.',
    broken: 'Consumers cannot tell old rows from new ones, or wait for the end of a snapshot for ever.',
  },
  'SOURCE-OVERLAP': {
    says: 'With overlap, the stream has every change after the position; without, it leaves out just those that contains says are in the snapshot.',
    broken: 'After a restart in the snapshot, changes are applied twice or are lost.',
  },
  'SOURCE-KEEPALIVE': {
    says: 'When the log moves on without changes, an empty batch carries the new position.',
    broken: 'The source keeps its log for ever while its tables are idle, until its disk is full.',
  },
  'SOURCE-WANTS': {
    says: 'Messages and bounds of transactions come if and only if they are wanted, the bounds around all changes.',
    broken: 'Sinks get kinds of changes that they do not know, or miss those that they asked for.',
  },
  'SOURCE-ACKNOWLEDGE': {
    says: 'acknowledge works while read is suspended, and the source can be read on after it, by this instance and by the next.',
    broken: 'The log of the source is never freed, or is freed too far.',
  },
  'SOURCE-ABORT': {
    says: 'read returns soon after its signal aborts, without an error.',
    broken: 'The pipeline cannot be stopped but by killing it.',
  },
  'SOURCE-SILENT-AFTER-ABORT': {
    says: 'A batch that is asked for after the abort does not come.',
    broken: 'Changes are taken that nobody will write, or a stop takes as long as the backlog.',
  },
  'SOURCE-READ-AGAIN': {
    says: 'After its iterator was returned, the same instance can be read again, from any position, as if new.',
    broken: 'A sink that fails for a moment stops the whole pipeline.',
  },
  'SOURCE-CLOSE': {
    says: 'close resolves without a read, after a throw, and while a read is suspended, which it ends.',
    broken: 'The runtime cannot make a new instance, and connections pile up at the server.',
  },
})
