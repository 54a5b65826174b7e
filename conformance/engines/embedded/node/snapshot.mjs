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
// A regular file that everybody may read and write, as Emscripten makes one by default.
const FILE_MODE = 0o100666

/**
 * Write what is below the folders `roots`, without files whose name is not `kept`, to `file`, which
 * appears only when it is complete.
 */
export function writeSnapshot(FS, roots, kept, file) {
  const index = []
  const contents = []
  const visit = (path, folder) => {
    index.push([path])
    for (const [name, entry] of Object.entries(folder.contents)) {
      const below = `${path}/${name}`
      const node = FS.isLink(entry.mode) ? nodeOf(FS, below) : entry
      if (FS.isDir(node.mode)) {
        visit(below, node)
      } else if (kept(name)) {
        index.push([below, node.usedBytes])
        if (node.usedBytes > 0) contents.push(bytesOf(node))
      }
    }
  }
  for (const root of roots) visit(root, nodeOf(FS, root))
  writeAtomically(file, encode(index, contents))
}

/** A file or folder of Emscripten's file system. To look each up by its path takes ten times as long. */
function nodeOf(FS, path) {
  return FS.lookupPath(path, { follow: true }).node
}

/** The bytes of a file that is not empty: the start of an array of any kind, which may be longer. */
function bytesOf({ contents, usedBytes }) {
  return Buffer.from(contents.buffer, contents.byteOffset, usedBytes)
}

function encode(index, contents) {
  const json = Buffer.from(JSON.stringify(index))
  const data = Buffer.concat([MAGIC, uint32(0), uint32(json.length), json, ...contents])
  data.writeUInt32BE(zlib.crc32(data.subarray(MAGIC.length + 4)), MAGIC.length)
  return data
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
  const folders = new Map()
  let offset = 0
  for (const [path, size] of index) {
    if (size === undefined) {
      FS.mkdirTree(path)
      folders.set(path, nodeOf(FS, path))
    } else {
      const slash = path.lastIndexOf('/')
      const folder = folders.get(path.slice(0, slash))
      const name = path.slice(slash + 1)
      const node = folder.contents[name] ?? folder.node_ops.mknod(folder, name, FILE_MODE, 0)
      node.contents = contents.subarray(offset, (offset += size))
      node.usedBytes = size
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
