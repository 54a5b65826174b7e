// WebAssembly modules: counted as they are loaded, and optimized code of them kept between processes.
//
// A process that compiles when a function is first called spends a third of a short life on it, and
// what it compiles that fast is slow. V8 can write optimized code down and read it again; it refuses
// code of another version of V8, of another processor or for other flags. Node has no function for
// this; V8 has two for its own tests, and these are used. Without them everything works, only slower.

import fs from 'node:fs'
import path from 'node:path'
import v8 from 'node:v8'
import zlib from 'node:zlib'

// Compile a function when it is first called, fast and once. Optimizing it while it runs would make
// a server that lives for seconds two times slower, and it takes 100 MB more.
const SERVE = ['--liftoff', '--liftoff-only', '--wasm-lazy-compilation', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
const OPTIMIZE = ['--no-liftoff-only', '--no-liftoff']
// Functions written in JavaScript are modules of some bytes.
const SMALLEST_LIBRARY = 1024
// <checksum of the module>-<checksum of the code>.code
const CODE_FILE = /^([0-9a-f]+)-([0-9a-f]+)\.code$/

const Compiled = WebAssembly.Module
const files = new Map()
// By checksum: a later backend of the process uses what an earlier one has compiled.
const compiled = new Map()
let loaded = 0
let optimized

setFlags(SERVE)
const native = nativeFunctions()

// Emscripten loads a library by `new WebAssembly.Module`.
WebAssembly.Module = new Proxy(Compiled, {
  construct(_, [bytes]) {
    const name = checksum(bytes)
    const module = compiled.get(name) ?? kept(name, bytes) ?? new Compiled(bytes)
    compiled.set(name, module)
    loaded += 1
    optimized?.push([bytes, module])
    return module
  },
})

/** How many modules were loaded. */
export function modulesLoaded() {
  return loaded
}

/** The folder of PGlite. */
export function programFolder(packages) {
  return path.join(packages, 'node_modules', '@unni-craftsman', 'pglite', 'dist')
}

/** PostgreSQL itself. */
export function readProgram(packages) {
  return fs.readFileSync(path.join(programFolder(packages), 'pglite.wasm'))
}

/** Use the code that was kept, if there is any. */
export function useCode(packages) {
  const folder = codeFolder(packages)
  if (!fs.existsSync(folder)) return
  for (const name of fs.readdirSync(folder)) {
    const [, module, code] = CODE_FILE.exec(name) ?? []
    if (module) files.set(module, { file: path.join(folder, name), checksum: code })
  }
}

/** Whether optimized code is there, or cannot be. */
export function hasCode(packages) {
  return !native || fs.existsSync(codeFolder(packages))
}

/** From now on optimize what is compiled, which takes long. Before a module is loaded. */
export function optimize() {
  setFlags(OPTIMIZE)
  optimized = []
}

/** Keep the optimized code of the modules that were loaded since `optimize()`. */
export function keepCode(packages) {
  // The flags are a part of the code.
  setFlags(SERVE)
  const folder = codeFolder(packages)
  const unfinished = `${folder}.${process.pid}.part`
  fs.mkdirSync(unfinished, { recursive: true })
  for (const [bytes, module] of optimized) {
    if (bytes.length < SMALLEST_LIBRARY) continue
    const code = Buffer.from(native.serialize(module))
    fs.writeFileSync(path.join(unfinished, `${checksum(bytes)}-${checksum(code)}.code`), code)
  }
  // The code of other versions of node, and what killed processes have left.
  const parent = path.dirname(folder)
  for (const other of fs.readdirSync(parent)) {
    if (path.join(parent, other) !== unfinished) fs.rmSync(path.join(parent, other), { recursive: true })
  }
  fs.renameSync(unfinished, folder)
}

/** The module with these bytes from its kept code; undefined where there is none. */
function kept(name, bytes) {
  const known = native && files.get(name)
  if (!known) return undefined
  const code = readIfThere(known.file)
  if (!code || checksum(code) !== known.checksum) return undefined
  const isWhole = code.length === code.buffer.byteLength
  return native.deserialize(isWhole ? code.buffer : new Uint8Array(code).buffer, bytes)
}

/** Another version of node may remove the file at any time. */
function readIfThere(file) {
  try {
    return fs.readFileSync(file)
  } catch {
    return undefined
  }
}

function codeFolder(packages) {
  return path.join(packages, 'code', process.version)
}

function checksum(bytes) {
  return zlib.crc32(bytes).toString(16)
}

function setFlags(flags) {
  for (const flag of flags) v8.setFlagsFromString(flag)
}

function nativeFunctions() {
  try {
    setFlags(['--allow-natives-syntax'])
    return {
      serialize: new Function('module', 'return %SerializeWasmModule(module)'),
      deserialize: new Function('code', 'bytes', 'return %DeserializeWasmModule(code, bytes)'),
    }
  } catch {
    return undefined
  }
}
