// SPDX-License-Identifier: GPL-2.0-or-later
// check-clip.mjs CLIP KEY: whether a clip is what the holder of that key sealed (doc/evidence.5), by WebCrypto and nothing of casemate's:
// written from the formats alone, beside seal/ and web/, so that all three would have to be wrong in the same way.
// Prints what it has seen, or the first thing that is wrong; exit status 0 or 1.
import { webcrypto } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const { subtle } = webcrypto

class Wrong extends Error {}
const must = (condition, what) => { if (!condition) throw new Wrong(what) }
const sha256 = async (...parts) => Buffer.from(await subtle.digest('SHA-256', Buffer.concat(parts)))
const base64 = (text, what) => {
    const bytes = Buffer.from(text, 'base64')
    must(bytes.toString('base64') === text, `${what} is no base64`)
    return bytes
}

// --- notes ---------------------------------------------------------------------------------------

async function parseKey(vkey) {
    const [, name, id, key] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)$/.exec(vkey) ?? must(false, 'no public key')
    const raw = base64(key, 'the key')
    must((await sha256(Buffer.from(`${name}\n`), raw)).subarray(0, 4).toString('hex') === id, 'the key is not of its name')
    must(raw[0] === 1 && raw.length === 33, 'no Ed25519 key')
    return { name, id, key: await subtle.importKey('raw', raw.subarray(1), { name: 'Ed25519' }, false, ['verify']) }
}

function splitNote(note) {
    const end = note.lastIndexOf('\n\n')
    must(end > 0, 'a note without an empty line')
    return { text: note.slice(0, end + 1), signatures: note.slice(end + 2).split('\n').filter(Boolean) }
}

async function openCheckpoint(note, key) {
    const { text, signatures } = splitNote(note)
    const [name, size, root] = text.split('\n')
    let signed = false
    for (const line of signatures) {
        const [, by, encoded] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? must(false, 'no signature line')
        const bytes = base64(encoded, 'a signature')
        if (by !== key.name || bytes.subarray(0, 4).toString('hex') !== key.id) continue
        must(await subtle.verify({ name: 'Ed25519' }, key.key, bytes.subarray(4), Buffer.from(text)), 'the checkpoint\'s signature is wrong')
        signed = true
    }
    must(signed, 'the checkpoint is not signed by this key')
    must(name === key.name && /^(0|[1-9]\d*)$/.test(size), 'the checkpoint is of another log')
    return { text, size: BigInt(size), root: base64(root, 'the root') }
}

// --- proofs --------------------------------------------------------------------------------------

// Upward as RFC 6962 2.1.1 defines a path: the last hash stands beside the largest subtree that does not hold the leaf.
async function rootOf(leaf, index, size, path) {
    if (size === 1n) {
        must(path.length === 0, 'a path that is too long')
        return leaf
    }
    must(path.length > 0, 'a path that is too short')
    let k = 1n
    while (2n * k < size) k *= 2n
    const beside = path.at(-1), below = path.slice(0, -1)
    return index < k ? sha256(Buffer.of(1), await rootOf(leaf, index, k, below), beside)
                     : sha256(Buffer.of(1), beside, await rootOf(leaf, index - k, size - k, below))
}

async function openProof(text, checkpoints) {
    const end = text.indexOf('\n\n'), [head, extra, place, ...path] = text.slice(0, end).split('\n')
    must(end > 0 && head === 'c2sp.org/tlog-proof@v1' && extra.startsWith('extra ') && /^index (0|[1-9]\d*)$/.test(place), 'no proof')
    const checkpoint = checkpoints.find(c => splitNote(text.slice(end + 2)).text === c.text) ?? must(false, 'a proof by another checkpoint')
    const entry = base64(extra.slice(6), 'an entry'), index = BigInt(place.slice(6))
    const leaf = await sha256(Buffer.of(0), entry)
    must(index < checkpoint.size, 'an entry beyond the log')
    must((await rootOf(leaf, index, checkpoint.size, path.map(h => base64(h, 'a hash')))).equals(checkpoint.root), `entry ${index} is not in the log`)
    const [kind, ...lines] = entry.toString().split('\n').slice(0, -1)
    return { kind, index, leaf: leaf.toString('hex'), ...Object.fromEntries(lines.map(l => [l.slice(0, l.indexOf(' ')), l.slice(l.indexOf(' ') + 1)])) }
}

// Downward as RFC 6962 2.1.2 defines SUBPROOF(m, D[n], b): the roots of the first m and of all n entries, out of the path; used is what of it was.
async function subproof(m, n, whole, path, old) {
    if (m === n) {
        if (whole) return { first: old, all: old, used: 0 }
        must(path.length > 0, 'a path that is too short')
        return { first: path[0], all: path[0], used: 1 }
    }
    let k = 1n
    while (2n * k < n) k *= 2n
    const left = m <= k, below = left ? await subproof(m, k, whole, path, old) : await subproof(m - k, n - k, false, path, old)
    const beside = path[below.used] ?? must(false, 'a path that is too short')
    const join = (a, b) => sha256(Buffer.of(1), a, b)
    return left ? { first: below.first, all: await join(below.all, beside), used: below.used + 1 }
                : { first: await join(beside, below.first), all: await join(beside, below.all), used: below.used + 1 }
}

async function checkConsistency(from, to, path) {
    must(from.size > 0n && from.size <= to.size, 'witnesses have cosigned more than the checkpoint signs')
    const { first, all, used } = await subproof(from.size, to.size, true, path, from.root)
    must(used === path.length && first.equals(from.root) && all.equals(to.root), 'witnesses have cosigned another log')
}

// --- footage -------------------------------------------------------------------------------------

async function checkFile(folder, file, segments) {
    const [, name, first, last] = /^(.+)-(\d+)-(\d+)\.mp4$/.exec(file) ?? must(false, `${file} is no name of a clip's file`)
    const these = segments.filter(s => `${s.camera}-${s.rendition}` === name && Number(s.number) >= Number(first) && Number(s.number) <= Number(last))
    const bytes = readFileSync(join(folder, file))
    let at = bytes.length - these.reduce((sum, s) => sum + Number(s.bytes), 0)
    must(these.length && these[0].number === first && these.at(-1).number === last && at > 0, `${file} is not as long as its segments`)
    const init = `sha256:${(await sha256(bytes.subarray(0, at))).toString('hex')}`
    for (const s of these) {
        const media = bytes.subarray(at, at + Number(s.bytes))
        must(s.init === init, `${name} ${s.number}: another init segment`)
        must(`sha256:${(await sha256(media)).toString('hex')}` === s.media, `${name} ${s.number} was changed`)
        must(!s.seen, `${name} ${s.number} is there twice`)
        s.seen = true
        at += media.length
    }
}

function checkOrder(segments) {
    const last = new Map()
    for (const s of segments) {
        const name = `${s.camera}-${s.rendition}`, before = last.get(name)
        must(s.seen, `${name} ${s.number} has no bytes here`)
        must(!before || s.previous === before.leaf, `${name} ${s.number} does not follow ${before?.number}`)
        last.set(name, s)
    }
}

async function check(folder, vkey) {
    const key = await parseKey(vkey), open = async file => openCheckpoint(readFileSync(join(folder, file), 'utf8'), key)
    const checkpoint = await open('checkpoint'), entries = [], checkpoints = [checkpoint]
    if (existsSync(join(folder, 'cosigned'))) {
        const cosigned = await open('cosigned'), path = readFileSync(join(folder, 'consistency'), 'utf8').split('\n').filter(Boolean)
        await checkConsistency(cosigned, checkpoint, path.map(h => base64(h, 'a hash')))
        checkpoints.push(cosigned)
    }
    for (const file of readdirSync(join(folder, 'proofs')))
        entries.push(await openProof(readFileSync(join(folder, 'proofs', file), 'utf8'), checkpoints))
    const segments = entries.filter(e => e.kind === 'segment/v1').sort((a, b) => Number(a.index - b.index))
    for (const file of readdirSync(folder).filter(f => f.endsWith('.mp4'))) await checkFile(folder, file, segments)
    checkOrder(segments)
    return `${entries.length} entries of ${checkpoint.size}, ${segments.length} segments`
}

try {
    console.log(`ok ${await check(process.argv[2], readFileSync(process.argv[3], 'utf8').trim())}`)
} catch (e) {
    console.log(`wrong: ${e.message}`)
    process.exitCode = 1
}
