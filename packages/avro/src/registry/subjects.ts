/** What a schema is registered under: by topic, by the record's name, or by both. */
export type SubjectStrategy = 'topic' | 'record' | 'topic-record'

/** `part`: keys and values have subjects of their own. `record`: the full name of the record's schema. */
export function subjectOf(strategy: SubjectStrategy, topic: string, part: 'key' | 'value', record: string): string {
  switch (strategy) {
    case 'topic':
      return `${topic}-${part}`
    case 'record':
      return record
    case 'topic-record':
      return `${topic}-${record}`
  }
}

const words: Readonly<Record<string, SubjectStrategy>> = {
  topic: 'topic',
  record: 'record',
  'topic-record': 'topic-record',
  TopicNameStrategy: 'topic',
  RecordNameStrategy: 'record',
  TopicRecordNameStrategy: 'topic-record',
}

/** From the short word, or from the class that Confluent's serializers name. undefined: neither. */
export function strategyOf(written: string): SubjectStrategy | undefined {
  const name = written.trim().replace(/^io\.confluent\.kafka\.serializers\.subject\./, '')
  return Object.hasOwn(words, name) ? words[name] : undefined
}
