import { createHash } from 'node:crypto'

/** Names that Windows keeps for devices, whatever follows a dot. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/

/** File systems end a name at 255 bytes; suffixes need a few. */
const longest = 200

/**
 * Any text as a file name, and different texts as different names, on every file system: also where case does not
 * count. Lower-case letters, digits, `_` and `-` stay; the rest becomes `%2e` (ASCII) or `%u00e9` (UTF-16 units). A
 * name that would be too long ends in `~` and its SHA-256.
 */
export function fileName(text: string): string {
  if (text === '') return '%'
  const name = reserved.test(text) ? unit(text) + text.slice(1) : text.replace(/[^a-z0-9_-]/g, unit)
  if (name.length <= longest) return name
  // UTF-16, since UTF-8 makes one of all lone surrogates
  return `${name.slice(0, longest - 65)}~${createHash('sha256').update(text, 'utf16le').digest('hex')}`
}

function unit(text: string): string {
  const code = text.charCodeAt(0)
  return code < 0x80 ? `%${code.toString(16).padStart(2, '0')}` : `%u${code.toString(16).padStart(4, '0')}`
}
