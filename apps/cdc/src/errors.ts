import { defineErrors } from '@cdc/core'

/** What the command line itself can stop with, and every mistake that a pipeline's file can hold. */
export const error = defineErrors({
  INVALID_CONFIG: {
    kind: 'config',
    cause: 'The file of the pipeline has several mistakes. Each is listed with its own code and place.',
    cure: 'Correct every place listed, then run `cdc validate` on the file; it opens no connection.',
  },
  CONFIG_NOT_FOUND: {
    kind: 'config',
    cause: 'There is no file at the path that was given.',
    cure: 'Check the path; a relative one starts at the current directory.',
  },
  CONFIG_UNREADABLE: {
    kind: 'config',
    cause: 'The file is there and cannot be read: no right to, a directory, larger than 1 MB, or not UTF-8 text.',
    cure: 'Make it a readable UTF-8 text file.',
  },
  INVALID_YAML: {
    kind: 'config',
    cause:
      'The file is not YAML, or uses a part of YAML that is switched off here: tags, merge keys, several documents.',
    cure: 'Correct the place shown. Text with special characters goes in single quotes.',
  },
  ALIAS_LIMIT: {
    kind: 'config',
    cause: 'Aliases of the file (`*name`) unfold to more than 10,000 nodes, or to themselves.',
    cure: 'Write the values out.',
  },
  DUPLICATE_KEY: {
    kind: 'config',
    cause: 'A key stands twice in one mapping, so one of its values would be ignored.',
    cure: 'Remove one of the two.',
  },
  UNKNOWN_KEY: {
    kind: 'config',
    cause: 'The key is none that a pipeline’s file has.',
    cure: 'See the reference of the file in the docs.',
  },
  MISSING_KEY: { kind: 'config', cause: 'A key that every pipeline needs is not there.', cure: 'Add it.' },
  INVALID_VALUE: {
    kind: 'config',
    cause: 'The value has the wrong form: a list where a text is expected, an empty value, and so on.',
    cure: 'See the reference of the file in the docs.',
  },
  INVALID_NAME: {
    kind: 'config',
    cause: 'The name of a pipeline or a sink is used for its state, its slot and its metrics, and this one cannot be.',
    cure: 'Use lower-case letters, digits, `_` and `-`, beginning with a letter or digit, at most 59 characters.',
  },
  INVALID_PATTERN: {
    kind: 'config',
    cause: 'A pattern is not a regular expression, or is longer than 256 characters.',
    cure: 'Write a regular expression for the whole of `schema.table`, such as `public\\.(orders|customers)`.',
  },
  INVALID_ROUTE: {
    kind: 'config',
    cause: 'A route does not name a table: `to` must be `schema.table`, and may use only groups that `from` has.',
    cure: 'Write it like `from: public.(.*)` with `to: replica.$1`.',
  },
  ENV_MISSING: {
    kind: 'config',
    cause: 'The file asks for an environment variable that is not set.',
    cure: 'Set it, or give a default: `${env:NAME:-default}`.',
  },
  FILE_MISSING: {
    kind: 'config',
    cause: 'The file asks for the content of another file that is not there or cannot be read.',
    cure: 'Check the path and the rights; a relative path starts at the directory of the pipeline’s file.',
  },
  INVALID_REFERENCE: {
    kind: 'config',
    cause: 'A `${...}` is neither `${env:NAME}`, `${env:NAME:-default}` nor `${file:/path}`.',
    cure: 'Write `$${` where the text itself is meant.',
  },
  UNKNOWN_CONNECTOR: {
    kind: 'config',
    cause: 'No connector has this name.',
    cure: 'Choose one of those listed, or add the package that has it to `plugins:`.',
  },
  WRONG_CONNECTOR_KIND: {
    kind: 'config',
    cause: 'A sink is used as a source, or a source as a sink.',
    cure: 'Choose one of those listed.',
  },
  UNKNOWN_FORMAT: {
    kind: 'config',
    cause: 'No format has this name.',
    cure: 'Choose one of those listed, or add the package that has it to `plugins:`.',
  },
  SINKS_DISAGREE: {
    kind: 'config',
    cause: 'Two sinks write the same tables to the same place, so they would undo or repeat each other.',
    cure: 'Leave one of them out, or give them different `tables:`.',
  },
  DUPLICATE_SINK: {
    kind: 'config',
    cause: 'Two sinks have the same name, and each keeps its own progress under it.',
    cure: 'Give each a name of its own.',
  },
  PLUGIN_NOT_FOUND: {
    kind: 'config',
    cause: 'A plug-in of the file is neither a file nor an installed package.',
    cure: 'Install it beside the pipeline’s file (`npm install <name>`), or correct the path.',
  },
  PLUGIN_BROKEN: {
    kind: 'config',
    cause: 'The plug-in was found, and threw while it was loaded.',
    cure: 'See the message; run with --stack for the place in the plug-in.',
  },
  PLUGIN_CONTRACT: {
    kind: 'config',
    cause: 'The plug-in was made for another version of the contract between connectors and runtime.',
    cure: 'Install the version of the plug-in that was made for this version of cdc.',
  },
  PLUGIN_EMPTY: {
    kind: 'config',
    cause: 'The plug-in exports no connector.',
    cure: 'Export what `defineSource`, `defineSink` or `defineFormat` of @cdc/core returns.',
  },
  PLUGIN_DUPLICATE: {
    kind: 'config',
    cause: 'The plug-in brings a connector whose name is taken.',
    cure: 'Rename the connector of the plug-in, or remove the plug-in from the list.',
  },
  INVALID_STATE: {
    kind: 'config',
    cause: '`state` is neither a directory nor a `postgresql://` URL.',
    cure: 'Write `state: ./state`, or `state: postgresql://user@host:5432/database`.',
  },
  NOT_SUPPORTED: {
    kind: 'config',
    cause: 'The connector does not have what the command asks of it.',
    cure: 'See the docs of the connector.',
  },
  CONFIRMATION_NEEDED: {
    kind: 'config',
    cause: 'The command deletes something and was started where nobody can be asked.',
    cure: 'Add --yes. `cdc reset --dry-run` shows what a reset would do.',
  },
  RESOURCE_NOT_FOUND: {
    kind: 'config',
    cause: 'The server has no replication slot of this name.',
    cure: 'See `cdc slots list`.',
  },
  VERIFY_IMPOSSIBLE: {
    kind: 'config',
    cause:
      'Source and target cannot be compared or repaired: a table or a column is on one side only, or a sink is not there.',
    cure: 'See the message; `cdc plan` shows which tables belong together.',
  },
  FILE_NOT_WRITTEN: {
    kind: 'config',
    cause: 'A file that the command was to write cannot be written.',
    cure: 'Check the rights of the directory, and the room on its disk.',
  },
  DEAD_LETTER_NOT_FOUND: {
    kind: 'config',
    cause: 'No dead letter of this pipeline has this id, or no sink this name.',
    cure: 'See `cdc dead-letters list`, and `cdc dead-letters show` for the ids.',
  },
  INVALID_FAILPOINT: {
    kind: 'config',
    cause: 'CDC_FAILPOINTS is not a list of name:kill|error|rewind|hang|freeze[:nth], or one of the names is none.',
    cure: 'Unset it: it exists for tests only.',
  },
  FAILPOINT: {
    kind: 'bug',
    cause: 'A test armed this failpoint with CDC_FAILPOINTS.',
    cure: 'Unset CDC_FAILPOINTS: it exists for tests only.',
  },
  FAILPOINT_REWIND: {
    kind: 'rewind',
    cause: 'A test armed this failpoint with CDC_FAILPOINTS, to fail in a way that passes.',
    cure: 'Nothing: the pipeline reads again. Unset CDC_FAILPOINTS: it exists for tests only.',
  },
})

/** For the errors page of the docs. */
export const errorCatalogue = error.catalogue
