// A data directory and the extensions in one file, made for loading fast: no decompression, no copies.
//
//   8 bytes   magic
//   4 bytes   CRC-32 of all that follows, big-endian
//   4 bytes   length of the index, big-endian
//   index     JSON: [path] per directory and [path, size] per file, parents first
//   contents  the files' bytes, one file after the other

import fs from 'node:fs'
import zlib from 'node:zlib'

const MAGIC = Buffer.from('TSDBSNP1')
const HEADER_SIZE = MAGIC.length + 8

/**
 * Write what is below the folders `roots`, without files whose name is not `kept`, to `file`, which
 * appears only when it is complete.
 */
export function writeSnapshot(FS, roots, kept, file) {
  const index = []
  const contents = []
  const visit = (directory) => {
    index.push([directory])
    for (const entry of FS.readdir(directory)) {
      if (entry === '.' || entry === '..') continue
      const path = `${directory}/${entry}`
      if (FS.isDir(FS.stat(path).mode)) {
        visit(path)
      } else if (kept(entry)) {
        const data = FS.readFile(path)
        index.push([path, data.length])
        contents.push(data)
      }
    }
  }
  roots.forEach(visit)
  writeAtomically(file, encode(index, contents))
}

function encode(index, contents) {
  const json = Buffer.from(JSON.stringify(index))
  const body = Buffer.concat([uint32(json.length), json, ...contents])
  return Buffer.concat([MAGIC, uint32(zlib.crc32(body)), body])
}

function uint32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function writeAtomically(file, data) {
  const temporary = `${file}.${process.pid}.part`
  try {
    fs.writeFileSync(temporary, data)
    fs.renameSync(temporary, file)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}

/** Write the contents of `file`. Throws where it is damaged, before anything is written. */
export function readSnapshot(FS, file) {
  const { index, contents } = decode(fs.readFileSync(file), file)
  let offset = 0
  for (const [path, size] of index) {
    if (size === undefined) {
      FS.mkdirTree(path)
    } else {
      FS.writeFile(path, contents.subarray(offset, offset + size), { canOwn: true })
      offset += size
    }
  }
}

function decode(snapshot, file) {
  if (snapshot.length < HEADER_SIZE || !snapshot.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error(`${file} is not a snapshot`)
  }
  const body = snapshot.subarray(MAGIC.length + 4)
  if (zlib.crc32(body) !== snapshot.readUInt32BE(MAGIC.length)) {
    throw new Error(`${file} is damaged`)
  }
  const end = 4 + body.readUInt32BE(0)
  return { index: JSON.parse(body.toString('utf8', 4, end)), contents: body.subarray(end) }
}
