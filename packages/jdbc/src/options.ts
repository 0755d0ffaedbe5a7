import { choice, defineOptions, duration, integer, type OptionValues, prefix, text } from '@cdc/core'
import { checkSettings } from './settings.ts'
import { parseTableName } from './table-name.ts'

/** The options of `jdbc`, by the names that Flink's connector has. */
export const jdbcOptions = defineOptions(
  {
    url: text({
      doc: 'Where the target is: `jdbc:postgresql://host:port/database?parameter=value&...`. Several hosts: `//a:5432,b:5432/db`.',
      required: true,
      example: 'jdbc:postgresql://localhost:5432/warehouse',
    }),
    'table-name': text({
      doc: 'The target table, `schema.table` or `table`; may hold `${schema}` and `${table}` of the source. Absent: the same schema and name as at the source.',
      example: 'replica.${table}',
    }),
    username: text({ doc: 'The user at the target. Also `user` in the URL.', example: 'app' }),
    password: text({
      doc: 'Their password. It may not stand in the URL, which is shown in logs.',
      secret: true,
      env: 'PGPASSWORD',
    }),
    driver: text({ doc: 'The Java driver class in Flink. Taken and not needed: the URL says which database it is.' }),
    'sink.buffer-flush.max-rows': integer(
      {
        doc: 'Flink flushes when this many rows are buffered. Taken and not needed: rows are flushed after each burst of the source, sooner than either limit.',
        default: 100,
      },
      { min: 0 },
    ),
    'sink.buffer-flush.interval': duration({
      doc: 'Flink flushes at least this often. Taken and not needed, as above.',
      default: '1s',
    }),
    'sink.max-retries': integer(
      {
        doc: 'How often changes that were rolled back for the sake of another transaction (deadlock, serialization failure) are tried again before the pipeline reads them anew.',
        default: 3,
      },
      { min: 0 },
    ),
    'sink.parallelism': integer(
      { doc: 'Only 1: a single connection keeps the transactions of the source whole and in order.', default: 1 },
      { min: 1 },
    ),
    'connection.max-retry-timeout': duration(
      { doc: 'How long connecting may take, all hosts together.', default: '60s' },
      { min: 1000 },
    ),
    'connection-properties.*': prefix({
      doc: 'A parameter of the connection, as in the query part of the URL.',
      example: 'require',
    }),
    'sink.create-tables': choice(['auto', 'never'], {
      doc: 'What to do where a table is missing at the target: create it, or stop.',
      default: 'auto',
    }),
    'sink.schema-evolution': choice(['add-columns', 'none'], {
      doc: 'What to do when a source table has new columns or wider types: follow, or stop. Nothing is ever dropped or renamed.',
      default: 'add-columns',
    }),
    'sink.truncate': choice(['apply', 'fail', 'skip'], {
      doc: 'What a TRUNCATE at the source does: the same here, an error, or nothing (it is logged).',
      default: 'apply',
    }),
    'sink.state-table': text({
      doc: 'The table at the target that keeps the position, `schema.table` or `table`; created when missing.',
      default: 'cdc_position',
    }),
    'compatible-mode': text({ doc: 'Refused: Flink uses it for databases that this connector does not know.' }),
    'filter.handling.policy': text({ doc: 'Refused: an option of reading, and this is a sink.' }),
    'scan.*': prefix({ doc: 'Refused: options of reading, and this is a sink.' }),
    'lookup.*': prefix({ doc: 'Refused: options of lookup joins, and this is a sink.' }),
  },
  [
    (values, problem) => {
      if (values['compatible-mode'] !== undefined)
        problem('compatible-mode', "Option 'compatible-mode' is not supported: only PostgreSQL is.", 'Leave it out.')
      if (values['filter.handling.policy'] !== undefined)
        problem(
          'filter.handling.policy',
          "Option 'filter.handling.policy' is for reading; this is a sink.",
          'Leave it out.',
        )
      for (const start of ['scan', 'lookup'] as const)
        for (const rest of Object.keys(values[`${start}.*`] ?? {}))
          problem(
            `${start}.*`,
            `Option '${start}.${rest}' is for ${start === 'scan' ? 'reading' : 'lookup joins'}; this is a sink.`,
            'Leave it out.',
          )
      if ((values['sink.parallelism'] ?? 1) !== 1)
        problem(
          'sink.parallelism',
          "Option 'sink.parallelism' can only be 1: more connections would tear the source's transactions apart.",
          'Leave it out; one connection reaches the speed of the server.',
        )
      for (const name of ['table-name', 'sink.state-table'] as const)
        if (values[name] !== undefined && parseTableName(values[name]) === undefined)
          problem(
            name,
            `Option '${name}' must be a table name or schema.table; parts with odd characters in double quotes.`,
          )
      const strange = /\$\{(?!(?:schema|table)\})[^}]*\}?/.exec(values['table-name'] ?? '')?.[0]
      if (strange !== undefined)
        problem('table-name', `Option 'table-name' has ${strange}, and knows \${schema} and \${table}.`)
      checkSettings(values, problem)
    },
  ],
)

export type JdbcOptions = OptionValues<typeof jdbcOptions.fields>
