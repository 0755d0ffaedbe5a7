import { debeziumJson } from '@cdc/debezium-json'
import { json } from '@cdc/json'
import { expect, test } from 'vitest'
import { sinkOptions } from './sink-options.ts'

const problems = (raw: Record<string, unknown>) =>
  sinkOptions
    .parse({ topic: 't', format: json({}), 'properties.bootstrap.servers': 'h:1', ...raw })
    .problems.map(({ message }) => message)
const changelog = debeziumJson({ 'topic.prefix': 'shop' })

test.each([
  [{ format: undefined }, /One of 'format' and 'value\.format' is needed/],
  [{ 'value.format': json({}) }, /'format' and 'value\.format' are the same; give one of them/],
  [{ 'key.fields': 'id' }, /can only be declared if a key format is defined using 'key\.format'/],
  [{ 'key.format': json({}) }, /requires the declaration of one or more of key fields using 'key\.fields'/],
  [{ 'key.format': changelog, 'key.fields': 'id' }, /A key format should only deal with INSERT-only records/],
  [
    { 'key.format': json({}), 'key.fields': 'id', 'key.fields-prefix': 'k_', 'value.fields-include': 'EXCEPT_KEY' },
    /must be prefixed with 'k_' when option 'key\.fields-prefix' is set but field 'id' is not prefixed/,
  ],
  [
    { 'key.format': json({}), 'key.fields': 'k_id', 'key.fields-prefix': 'k_' },
    /A key prefix is not allowed when option 'value\.fields-include' is set to 'ALL'/,
  ],
  [
    { 'key.format': json({}), 'key.fields': 'id', 'sink.partitioner': 'round-robin' },
    /'round-robin' partitioner only works when option 'key\.fields' is not specified/,
  ],
  [
    { 'value.fields-include': 'EXCEPT_KEY' },
    /'value\.fields-include: EXCEPT_KEY' needs 'key\.format' and 'key\.fields'/,
  ],
  [
    { format: changelog, 'key.format': json({}), 'key.fields': 'id', 'value.fields-include': 'EXCEPT_KEY' },
    /does not go with 'debezium-json', whose events have whole rows/,
  ],
  [
    { 'key.format': json({}), 'key.fields': 'id', 'sink.key': 'none' },
    /'sink\.key: none' does not go with 'key\.format'/,
  ],
  [
    { 'sink.delivery-guarantee': 'exactly-once' },
    /sink\.transactional-id-prefix must be specified when using DeliveryGuarantee\.EXACTLY_ONCE/,
  ],
  [{ 'sink.transaction-split': true }, /'sink\.transaction-split' needs 'sink\.delivery-guarantee: exactly-once'/],
  [{ 'topic.creation.default.partitions': '0' }, /'topic\.creation\.default\.partitions' must be a whole number/],
  [{ 'sink.semantic': 'exactly-once' }, /'sink\.semantic' is not taken: Flink has replaced it/],
  [{ 'producer.override.acks': '1' }, /'producer\.override\.acks' .* stand here as `properties\.<name>`/],
  [{ 'scan.startup.mode': 'earliest-offset' }, /it is an option of the source/],
  [{ topic: '${tabel}' }, /has \$\{tabel\}, and knows only/],
  [
    { 'properties.bootstrp.servers': 'x' },
    /properties\.bootstrp\.servers is no property of the Kafka client: did you mean/,
  ],
  [{ 'properties.acks': '1' }, /properties\.acks=1 is refused/],
  [{ 'properties.transactional.id': 'x' }, /properties\.transactional\.id is refused/],
  [{ 'properties.bootstrap.servers': 'nowhere' }, /'nowhere' has not the form host:port/],
  [{ 'sink.parallelism': 2 }, /'sink\.parallelism' must be a whole number from 1 to 1/],
])('%o is told', (raw, message) => {
  expect(problems(raw).join('\n')).toMatch(message)
})

test('what is right has no problem, and what is shown of it has no secret', () => {
  const raw = { 'properties.sasl.jaas.config': 'password="p"', 'properties.security.protocol': 'PLAINTEXT' }
  expect(problems(raw)).toEqual([])
  expect(sinkOptions.redact({ ...raw, 'properties.bootstrap.servers': 'h:1' })).toEqual({
    'properties.sasl.jaas.config': '******',
    'properties.security.protocol': 'PLAINTEXT',
    'properties.bootstrap.servers': 'h:1',
  })
})
