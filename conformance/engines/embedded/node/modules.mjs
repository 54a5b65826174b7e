// WebAssembly modules: counted as they are loaded, and optimized code of them kept between processes.
//
// A process that compiles when a function is first called spends a third of a short life on it, and
// what it compiles that fast is slow. V8 can write optimized code down and read it again; it refuses
// code of another version of V8, of another processor or for other flags. Node has no function for
// this, so that the ones of V8's own tests are used. Without them everything works, only slower.

import fs from 'node:fs'
import path from 'node:path'
import v8 from 'node:v8'
import zlib from 'node:zlib'

// Compile a function when it is first called, fast and once. Optimizing it while it runs would make
// a server that lives for seconds two times slower, and it takes 100 MB more.
const SERVE = ['--liftoff', '--liftoff-only', '--wasm-lazy-compilation', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering']
const OPTIMIZE = ['--no-liftoff-only', '--no-liftoff', '--no-wasm-lazy-compilation']
// <checksum of the module>-<checksum of the code>.code
const CODE_FILE = /^([0-9a-f]+)-([0-9a-f]+)\.code$/

const Compiled = WebAssembly.Module
const files = new Map()
let loaded = 0

setFlags(SERVE)
const native = nativeFunctions()

// Emscripten loads a library by `new WebAssembly.Module`.
WebAssembly.Module = new Proxy(Compiled, {
  construct(_, [bytes]) {
    loaded += 1
    return kept(bytes) ?? new Compiled(bytes)
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

/**
 * Keep optimized code of the modules. Takes many seconds. None of them may have been loaded in this
 * process: V8 would take the code that it has.
 */
export function keepCode(packages, modules) {
  if (!native) return
  const folder = codeFolder(packages)
  fs.mkdirSync(folder, { recursive: true })
  useCode(packages)
  for (const bytes of modules.filter((bytes) => !files.has(checksum(bytes)))) {
    setFlags(OPTIMIZE)
    const module = new Compiled(bytes)
    setFlags(SERVE)
    const code = Buffer.from(native.serialize(module))
    const file = path.join(folder, `${checksum(bytes)}-${checksum(code)}.code`)
    fs.writeFileSync(`${file}.${process.pid}.part`, code)
    fs.renameSync(`${file}.${process.pid}.part`, file)
  }
  const parent = path.dirname(folder)
  const others = fs.readdirSync(parent).filter((name) => name !== path.basename(folder))
  for (const other of others) fs.rmSync(path.join(parent, other), { recursive: true })
}

/** The module with these bytes from its kept code; undefined where there is none. */
function kept(bytes) {
  const known = native && files.get(checksum(bytes))
  if (!known) return undefined
  const code = fs.readFileSync(known.file)
  if (checksum(code) !== known.checksum) return undefined
  const isWhole = code.length === code.buffer.byteLength
  return native.deserialize(isWhole ? code.buffer : new Uint8Array(code).buffer, bytes)
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
