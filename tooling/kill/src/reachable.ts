/** What decides which places of the code a pipeline comes by. */
export interface Configuration {
  readonly sinks: 'jdbc' | 'files' | 'both'
  readonly state: 'directory' | 'postgres'
}

interface Place {
  readonly name: string
  /** Is it visited many times in a run? */
  readonly often: boolean
}

const opening = `state.open checkpoint.load tables.load sink.open sink.position source.open connection.open
connection.authenticate connection.settings`
const snapshot = `publication.create publication.created slot.create slot.created snapshot.exported snapshot.import
snapshot.table snapshot.locked snapshot.chunk snapshot.table-read snapshot.read snapshot.handover checkpoint.begin`
const again = `snapshot.again snapshot.exported snapshot.chunk snapshot.read stream.start stream.started`
const stream = `decode.relation decode.commit stream.batch batch.taken sink.write sink.flush sink.flushed sink.commit
sink.committed checkpoint.save checkpoint.saved acknowledge acknowledged checkpoint.acknowledged tables.write
checkpoint.write sink.close source.close`
const jdbc = `sink.ddl sink.load sink.segment sink.copy sink.savepoint sink.careful sink.replace sink.applied sink.truncate`
const files = `files.cut files.write files.sync files.manifest.write files.manifest.rename files.manifest.sync files.rename`
const directory = `tables.fsync tables.rename tables.dirsync tables.previous checkpoint.fsync checkpoint.rename
checkpoint.dirsync checkpoint.previous`
const postgres = 'tables.written checkpoint.written'

const rare =
  /^(state|source|publication|slot|snapshot|stream\.start|tables|checkpoint\.(load|begin)|sink\.(open|close|position|ddl|load)|files\.(cut|rename))/

const places = (text: string): Place[] =>
  text.split(/\s+/).map((name) => ({ name, often: !rare.test(name) && !name.startsWith('connection') }))

/** The failpoints that the first life, a start, or a later life of such a pipeline is likely to visit. */
export function failpointsOf({ sinks, state }: Configuration, when: 'first' | 'start' | 'running'): readonly Place[] {
  const own = [
    ...(sinks === 'files' ? [] : places(jdbc)),
    ...(sinks === 'jdbc' ? [] : places(files)),
    ...places(state === 'directory' ? directory : postgres),
  ]
  if (when === 'start') return [...places(opening), ...places(again)]
  return [...places(when === 'first' ? snapshot : stream), ...own]
}

/** All of them, by name. */
export function namesOf(configuration: Configuration): string[] {
  const all = (['first', 'start', 'running'] as const).flatMap((when) => failpointsOf(configuration, when))
  return [...new Set(all.map(({ name }) => name))]
}
