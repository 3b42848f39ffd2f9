/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds what a server says and sends against the rules of rules.mjs. Pure: what was fetched goes in, findings come out; who fetches
 * is hls.mjs. A rendition is known by its name, "360p", and its addresses are as the playlist has them.
 */
import * as m3u8 from "./m3u8.mjs";
import * as mp4 from "./mp4.mjs";
import {LIMITS, RULES, VERSIONS, VERSION_DECIMAL} from "./rules.mjs";

const FINDINGS_MAX = 20;         // of a rule, that are told in words
const MEMORY = 400;              // segments that are remembered of a rendition
const near = (a, b, d) => Math.abs(a - b) <= d;
const nameOf = (uri) => uri.replace(/\/?index\.m3u8.*$/, "").split("/").at(-1);

export class Checker {
	#counts = new Map(Object.keys(RULES).map((id) => [id, {held: 0, broken: 0, what: []}]));
	#renditions = new Map();
	#master = null;
	#partless = [];          // {name, other, msn, sent}: reports without LAST-PART, until together()
	#turn = 0;

	/* One observation: whether a rule holds, and in words what was seen when it does not. */
	hold(id, good, what) {
		const c = this.#counts.get(id);

		if (!c)
			throw new Error(`no rule ${id}`);
		if (good)
			c.held++;
		else if (++c.broken <= FINDINGS_MAX)
			c.what.push(typeof what === "function" ? what() : what);
	}

	/* [{id, section, text, held, broken, what}] */
	get results() {
		return [...this.#counts].map(([id, c]) => ({id, section: RULES[id][0], text: RULES[id][1], ...c}));
	}

	#of(name) {
		if (!this.#renditions.has(name))
			this.#renditions.set(name, {name, list: null, target: NaN, seen: new Map(), listed: new Map(), media: new Map(), parts: new Map(), inits: new Map()});
		return this.#renditions.get(name);
	}

	/* The renditions that the multivariant playlist names. */
	get #named() {
		return this.#master ? [...this.#master.variants.map((v) => nameOf(v.uri)), ...this.#master.media.flatMap((m) => (m.URI ? [nameOf(m.URI)] : []))] : [];
	}

	#any(list, name) {
		this.hold("syntax", !list.errors.length, () => `${name}: ${list.errors.join("; ")}`);
		this.hold("first", list.first === "EXTM3U", () => `${name} begins with ${list.first}`);
	}

	#version(list, name, least) {
		const [tag, asked] = list.tags.reduce((most, t) => ((VERSIONS[t] ?? 1) > most[1] ? [t, VERSIONS[t]] : most), ["", least]);
		const said = Number.isNaN(list.version) ? 1 : list.version;

		this.hold("version", said >= asked, () => `${name}: version ${said}, but ${tag || "its EXTINF"} asks for ${asked}`);
	}

	/* The multivariant playlist; the renditions it names: [{name, uri, kind}]. */
	multivariant(text) {
		const list = m3u8.multivariant(text);
		const groups = new Set(list.media.filter((m) => m.TYPE === "AUDIO").map((m) => m["GROUP-ID"]));

		this.#any(list, "multivariant");
		this.#version(list, "multivariant", 1);
		for (const m of list.media) {
			this.hold("media_group", m.TYPE && m["GROUP-ID"] && m.NAME && (m.DEFAULT !== "YES" || (m.AUTOSELECT ?? "YES") === "YES"),
				() => `EXT-X-MEDIA ${JSON.stringify(m)}`);
		}
		for (const v of list.variants) {
			this.hold("stream_inf", /^\d+$/.test(v.BANDWIDTH ?? "") && v.quoted.has("CODECS") && (!/avc|hvc|hev/.test(v.CODECS) || /^\d+x\d+$/.test(v.RESOLUTION ?? "")),
				() => `${v.uri}: ${JSON.stringify(v)}`);
			this.hold("media_group", v.AUDIO === undefined || groups.has(v.AUDIO), () => `${v.uri} names the group ${v.AUDIO}, which is not there`);
		}
		this.#master = list;
		return [...list.variants.map((v) => ({name: nameOf(v.uri), uri: v.uri, kind: "variant"})),
			...list.media.filter((m) => m.URI).map((m) => ({name: nameOf(m.URI), uri: m.URI, kind: "rendition"}))];
	}

	/* The server was started anew: what it lists now need not follow what it listed then. */
	restarted() {
		this.#judge();
		for (const r of this.#renditions.values()) {
			r.list = null;
			r.listed.clear();
		}
	}

	/* A whole media playlist, as read; when it was asked for and when it was there, by any clock that is the same for all (without: one after the other). */
	playlist(name, text, sent = this.#turn++, got = sent) {
		const list = m3u8.media(text), r = this.#of(name);

		this.#any(list, name);
		this.#version(list, name, list.segments.some((s) => !Number.isInteger(s.duration)) ? VERSION_DECIMAL : 1);
		this.#segments(list, name);
		this.#control(list, name);
		this.#parts(list, name);
		this.#links(list, name, sent);
		this.#note(r, list, got);
		if (r.list)
			this.#follows(r, r.list, list);
		r.list = list;
		r.target = list.target;
		for (const s of list.segments)
			r.seen.set(s.msn, s);
		while (r.seen.size > MEMORY)
			r.seen.delete(r.seen.keys().next().value);
		return list;
	}

	#segments(list, name) {
		this.hold("target", list.target > 0 && list.segments.every((s) => Math.round(s.duration) <= list.target),
			() => `${name}: target ${list.target}, lengths ${list.segments.map((s) => s.duration)}`);
		this.hold("extinf", list.segments.every((s) => s.duration >= 0), () => `${name}: ${list.segments.find((s) => !(s.duration >= 0))?.uri}`);
		this.hold("map", list.segments.every((s) => s.map), () => `${name}: ${list.segments.find((s) => !s.map)?.uri} has no init segment`);
		list.segments.slice(1).forEach((s, i) => {
			const before = list.segments[i];

			if (s.discontinuity)
				return;
			this.hold("epoch", s.map === before.map, () => `${name}: ${s.uri} needs ${s.map}, ${before.uri} needs ${before.map}`);
			if (s.date !== null && before.date !== null)
				this.hold("date", near(s.date, before.date + before.duration, LIMITS.date_s),
					() => `${name}: ${s.uri} is dated ${(s.date - before.date - before.duration).toFixed(3)} s off ${before.uri} and its length`);
		});
	}

	#control(list, name) {
		const c = list.control;
		const least = (key, s) => c[key] === undefined || Number(c[key]) >= s - 1e-6;

		if (!list.tags.includes("EXT-X-SERVER-CONTROL"))
			return;
		this.hold("server_control", least("HOLD-BACK", 3 * list.target) && least("CAN-SKIP-UNTIL", 6 * list.target),
			() => `${name}: ${JSON.stringify(c)} with a target of ${list.target}`);
		if (list.partTarget !== null)
			this.hold("part_hold_back", Number(c["PART-HOLD-BACK"]) >= 3 * list.partTarget - 1e-6, () => `${name}: ${JSON.stringify(c)} with parts of ${list.partTarget}`);
	}

	#parts(list, name) {
		const all = [...list.segments, list.tail];
		const end = all.reduce((sum, s) => sum + (s === list.tail ? s.parts.reduce((n, p) => n + p.duration, 0) : s.duration), 0);
		let at = 0;

		if (all.some((s) => s.parts.length))
			this.hold("part_inf", list.partTarget > 0, `${name}: parts without EXT-X-PART-INF`);
		for (const s of all) {
			at += s === list.tail ? 0 : s.duration;
			s.parts.forEach((p, i) => {
				const next = s.parts[i + 1], last = !next && s !== list.tail;

				this.hold("part_longest", p.duration <= list.partTarget + 1e-6, () => `${name}: ${p.uri} lasts ${p.duration} of ${list.partTarget}`);
				if (next && !next.independent && !p.gap)
					this.hold("part_shortest", p.duration >= 0.85 * list.partTarget - 1e-6, () => `${name}: ${p.uri} lasts ${p.duration} of ${list.partTarget}`);
				if (last)
					this.hold("part_sum", near(s.parts.reduce((n, x) => n + x.duration, 0), s.duration, LIMITS.length_s),
						() => `${name}: ${s.uri} lasts ${s.duration}, its parts ${s.parts.map((x) => x.duration)}`);
			});
			/* A segment that ends so long before the end has no part within. */
			if (s.parts.length && s !== list.tail)
				this.hold("part_age", end - at <= 3 * list.target + 1e-6, () => `${name}: ${s.uri} ends ${(end - at).toFixed(2)} s before the end, and has parts`);
		}
	}

	#links(list, name, sent) {
		const others = this.#named.filter((n) => n !== name);
		const types = list.hints.map((h) => h.TYPE);

		if (list.hints.length)
			this.hold("preload", new Set(types).size === types.length && list.hints.every((h) => h.URI && ["PART", "MAP"].includes(h.TYPE)),
				() => `${name}: ${JSON.stringify(list.hints)}`);
		for (const report of list.reports) {
			const other = nameOf(report.URI ?? ""), part = report["LAST-PART"];

			this.hold("reports", report.URI && !/^[a-z]+:|^\//i.test(report.URI) && (!this.#master || others.includes(other)) &&
				/^\d+$/.test(report["LAST-MSN"] ?? "") && (part === undefined || /^\d+$/.test(part)), () => `${name}: ${JSON.stringify(report)}`);
			if (part === undefined)
				this.#partless.push({name, other, msn: Number(report["LAST-MSN"]), sent});
		}
		if (list.partTarget !== null && this.#master)
			this.hold("reports_all", others.every((n) => list.reports.some((x) => nameOf(x.URI ?? "") === n)),
				() => `${name} reports ${list.reports.map((x) => x.URI)}, of ${others}`);
	}

	/* Whether parts were listed while a segment was the newest whole one: of whole segments (at any time, then), of the one under way (from then on). */
	#note(r, list, got) {
		const had = r.listed.get(list.tail.msn - 1) ?? {whole: false, openFrom: Infinity};

		had.whole ||= list.segments.some((s) => s.parts.length);
		if (list.tail.parts.length)
			had.openFrom = Math.min(had.openFrom, got);
		r.listed.set(list.tail.msn - 1, had);
		if (r.listed.size > MEMORY)
			r.listed.delete(r.listed.keys().next().value);
	}

	/*
	 * A report without LAST-PART says that its LAST-MSN is the newest whole segment, and that no part is listed. It is as new as its playlist
	 * (4.4.5.4): only what the other lists beside that same segment speaks against it, and of the one under way what was there before it was asked for.
	 */
	#judge() {
		for (const {name, other, msn, sent} of this.#partless.splice(0)) {
			const had = this.#of(other).listed.get(msn);

			this.hold("reports", !had || (!had.whole && had.openFrom >= sent), () => `${name} reports ${other} up to ${msn} without LAST-PART, which lists parts`);
		}
	}

	/* A playlist and the one before it. */
	#follows(r, was, is) {
		const name = r.name, first = is.tail.msn - is.segments.length;
		const gone = was.segments.filter((s) => s.msn < first);

		this.hold("target_same", was.target === is.target, () => `${name}: ${was.target}, then ${is.target}`);
		this.hold("sequence", is.sequence >= was.sequence, () => `${name}: ${was.sequence}, then ${is.sequence}`);
		this.hold("appended", is.tail.msn >= was.tail.msn && (is.tail.msn > was.tail.msn || is.tail.parts.length >= was.tail.parts.length),
			() => `${name}: it ended with ${was.tail.msn}.${was.tail.parts.length}, now with ${is.tail.msn}.${is.tail.parts.length}`);
		if (was.ended)
			this.hold("ended", is.ended && is.tail.msn === was.tail.msn, `${name} goes on after its end`);
		/* The first one's own discontinuity lies before it. */
		if (gone.length && is.segments.length) {
			const known = was.segments.find((s) => s.msn === first);
			const stay = is.segments.reduce((sum, s) => sum + s.duration, 0);

			if (known)
				this.hold("discontinuity_sequence", is.segments[0].epoch === known.epoch,
					() => `${name}: ${known.uri} lay behind ${known.epoch} discontinuities, now behind ${is.segments[0].epoch}`);
			this.hold("three_targets", stay >= 3 * is.target - 1e-6, () => `${name}: ${stay.toFixed(3)} s stayed, of a target of ${is.target}`);
		}
		this.#order(name, was, is);
		this.#same(r, was, is);
		this.#hinted(name, was, is);
	}

	/* Where one has gone, none stands before it. */
	#order(name, was, is) {
		const has = new Map([...is.segments, is.tail].map((s) => [s.msn, s.parts.length]));
		const gone = [...was.segments, was.tail].findLast((s) => s.parts.length > (has.get(s.msn) ?? 0));
		const older = gone && is.segments.find((s) => s.msn < gone.msn && s.parts.length);

		if (gone)
			this.hold("part_order", !older, () => `${name}: parts of ${gone.msn} are gone, and some of ${older.msn} are there`);
	}

	#same(r, was, is) {
		for (const s of is.segments) {
			const old = r.seen.get(s.msn), under = s.msn === was.tail.msn ? was.tail.parts : was.segments.find((x) => x.msn === s.msn)?.parts ?? [];

			if (old)
				this.hold("unchanged", old.uri === s.uri && old.duration === s.duration && old.date === s.date && old.gap === s.gap && old.map === s.map &&
					(s.msn === is.sequence || old.discontinuity === s.discontinuity || old.msn === old.firstListed), () => `${r.name}: ${JSON.stringify(old)}, then ${JSON.stringify(s)}`);
			if (s.parts.length && under.length)
				this.hold("unchanged", under.every((p, i) => JSON.stringify(p) === JSON.stringify(s.parts[i])),
					() => `${r.name}: parts of ${s.uri}: ${JSON.stringify(under)}, then ${JSON.stringify(s.parts)}`);
		}
		if (is.segments.length)
			is.segments[0].firstListed = is.segments[0].msn;
		if (was.tail.msn === is.tail.msn)
			this.hold("unchanged", was.tail.parts.every((p, i) => JSON.stringify(p) === JSON.stringify(is.tail.parts[i])),
				() => `${r.name}: parts of ${is.tail.msn}: ${JSON.stringify(was.tail.parts)}, then ${JSON.stringify(is.tail.parts)}`);
	}

	/*
	 * The part that was hinted at is the first one that was not there then: of the same segment, or of the next. Where a discontinuity
	 * comes first, what was planned has changed, and it need not come at all (6.2.6).
	 */
	#hinted(name, was, is) {
		const hint = was.hints.find((h) => h.TYPE === "PART")?.URI, all = [...is.segments, is.tail], had = was.tail.parts.length;
		const at = all.findIndex((s) => s.msn === was.tail.msn), here = all[at];
		const s = here?.parts.length && here.parts.length === had ? all[at + 1] : here;
		const next = s?.parts[s === here ? had : 0];

		if (hint && next && !(s.discontinuity && next === s.parts[0]))
			this.hold("preload_kept", next.uri === hint, () => `${name}: ${hint} was hinted at, ${next.uri} came`);
	}

	/* What came for _HLS_msn and _HLS_part (-1: none). */
	blocked(name, asked, text) {
		const {msn, part} = m3u8.newest(m3u8.media(text));

		this.hold("blocked", msn > asked.msn || (msn === asked.msn && (part === -1 || (asked.part >= 0 && part >= asked.part))),
			() => `${name}: asked for ${asked.msn}.${asked.part}, the newest was ${msn}.${part}`);
	}

	tooFar(name, what, status) {
		this.hold("too_far", status === 400, () => `${name}: ${what} was answered by ${status}`);
	}

	/* A delta update beside the whole playlist of the same moment, and the one that the client had before. */
	delta(name, deltaText, wholeText, beforeText) {
		const [delta, whole, before] = [deltaText, wholeText, beforeText].map(m3u8.media);
		const strip = (list) => list.segments.map((s) => JSON.stringify([s.msn, s.uri, s.duration, s.gap, s.date]));
		const skipped = [...before.segments, ...whole.segments].filter((s, i, all) => s.msn < delta.sequence + delta.skipped && s.msn >= delta.sequence &&
			all.findIndex((x) => x.msn === s.msn) === i);

		this.#version(delta, `${name}, the update`, 1);
		this.hold("delta", delta.skipped > 0 && JSON.stringify([...strip({segments: skipped}), ...strip(delta)]) === JSON.stringify(strip(whole)) &&
			delta.target === whole.target && delta.sequence === whole.sequence,
		() => `${name}: ${deltaText.slice(0, 400)} beside ${wholeText.slice(0, 400)}`);
	}

	/* status of whatever is listed, or was until lately (kept). */
	fetched(name, uri, status, kept = false) {
		this.hold(kept ? "kept" : "fetched", status === 200, () => `${name}: ${uri} was answered by ${status}`);
	}

	init(name, uri, bytes) {
		const r = this.#of(name);

		try {
			r.inits.set(uri, mp4.init(bytes));
			this.hold("media", true);
		} catch (e) {
			this.hold("media", false, `${name}: ${uri}: ${e.message}`);
		}
	}

	#read(r, uri, map, bytes) {
		const track = r.inits.get(map);

		try {
			const list = track && mp4.chunks(bytes, track);

			if (list)
				this.hold("media", true);
			return list && {track, chunks: list, begin: list[0].time / track.timescale, samples: list.flatMap((c) => c.samples), intra: list.flatMap((c) => c.intra),
				end: (list.at(-1).time + list.at(-1).duration) / track.timescale, s: list.reduce((n, c) => n + c.duration, 0) / track.timescale};
		} catch (e) {
			this.hold("media", false, `${r.name}: ${uri}: ${e.message}`);
			return null;
		}
	}

	/* The bytes of a listed segment; its init segment must have been told before. s: as the playlist has it. */
	segment(name, s, bytes) {
		const r = this.#of(name), m = this.#read(r, s.uri, s.map, bytes), before = r.media.get(s.msn - 1);

		this.hold("gap", !s.gap, `${name}: ${s.uri} is a gap, and was fetched`);
		this.#joined(r, s, bytes);
		if (!m)
			return;
		this.hold("length", near(m.s, s.duration, LIMITS.length_s), () => `${name}: ${s.uri} is listed with ${s.duration} s, its samples last ${m.s.toFixed(6)}`);
		if (before && !s.discontinuity && before.map === s.map)
			this.hold("continuous", near(m.begin, before.end, LIMITS.continuous_s), () => `${name}: ${s.uri} begins ${(m.begin - before.end).toFixed(6)} s after the end of the one before`);
		if (r.list?.independent && m.track.kind === "vide")
			this.hold("independent", m.intra[0], `${name}: ${s.uri} does not begin with a key frame`);
		r.media.set(s.msn, {...s, ...m, bytes: bytes.length, rate: m.samples.length / m.s, chunks: null, samples: null, intra: null});
		if (r.media.size > MEMORY)
			r.media.delete(r.media.keys().next().value);
	}

	/* The bytes of a part. */
	part(name, s, p, bytes) {
		const r = this.#of(name), m = this.#read(r, p.uri, s.map, bytes);
		const parts = r.parts.get(s.msn) ?? new Map();

		parts.set(p.uri, bytes);
		r.parts.set(s.msn, parts);
		if (r.parts.size > MEMORY / 10)
			r.parts.delete(r.parts.keys().next().value);
		if (!m)
			return;
		this.hold("length", near(m.s, p.duration, LIMITS.length_s), () => `${name}: ${p.uri} is listed with ${p.duration} s, its samples last ${m.s.toFixed(6)}`);
		if (p.independent && m.track.kind === "vide")
			this.hold("independent", m.intra.includes(true), `${name}: ${p.uri} has no key frame`);
	}

	/* Whether a segment is its parts, where all of them were fetched. */
	#joined(r, s, bytes) {
		const parts = r.parts.get(s.msn);

		if (!s.parts.length || !s.parts.every((p) => parts?.has(p.uri)))
			return;
		this.hold("concatenated", Buffer.concat(s.parts.map((p) => parts.get(p.uri))).equals(bytes), `${r.name}: ${s.uri} is not its parts`);
	}

	/* What only shows when all renditions are held side by side; once, at the end. */
	together() {
		const all = [...this.#renditions.values()].filter((r) => r.list && (!this.#master || this.#named.includes(r.name)));

		this.#judge();
		for (const r of all) {
			this.hold("same_target", r.target === all[0].target, () => `${r.name}: ${r.target}, ${all[0].name}: ${all[0].target}`);
			for (const [msn, m] of r.media)
				this.#beside(r, m, all[0].media.get(msn), all[0].name);
		}
		for (const v of this.#master?.variants ?? [])
			this.#variant(v, this.#of(nameOf(v.uri)));
	}

	#beside(r, m, other, otherName) {
		if (!other || r.name === otherName)
			return;
		/*
		 * Segments need not begin together (4.4.3.2, 6.3.2): sound is cut where it was when the pictures' cut was known. A date says which content it is, and
		 * that has one timestamp (6.2.4); in an epoch's first segment dates follow arrivals, of sound and of pictures apart.
		 */
		if (!m.discontinuity && !other.discontinuity && m.epoch === other.epoch && m.date !== null && other.date !== null) {
			const off = m.begin - m.date - (other.begin - other.date);

			this.hold("aligned", near(off, 0, LIMITS.aligned_s), () => `${m.msn}: timestamps of ${r.name} are ${off.toFixed(3)} s off those of ${otherName}`);
		}
		this.hold("same_epochs", m.epoch === other.epoch, () => `${m.msn}: ${r.name} lies behind ${m.epoch} discontinuities, ${otherName} behind ${other.epoch}`);
	}

	#variant(v, r) {
		const group = this.#master.media.find((m) => m["GROUP-ID"] === v.AUDIO && m.URI);
		const sound = group && this.#of(nameOf(group.URI));
		const codecs = (v.CODECS ?? "").toLowerCase().split(",");
		/* Of the newest init segment alone: a camera may have changed since this playlist was asked for. */
		const tracks = [r, sound].flatMap((x) => (x?.inits.size ? [[...x.inits.values()].at(-1)] : []));
		const video = tracks.find((t) => t.kind === "vide");

		for (const t of tracks)
			this.hold("codecs", codecs.some((c) => c.startsWith(t.codecs)), () => `${v.uri}: ${v.CODECS}, but a track is ${t.codecs}`);
		if (video)
			this.hold("resolution", v.RESOLUTION === `${video.width}x${video.height}`, () => `${v.uri}: ${v.RESOLUTION}, but it is ${video.width}x${video.height}`);
		for (const m of r.media.values())
			if (v["FRAME-RATE"] && m.track.kind === "vide")
				this.hold("frame_rate", m.rate <= Number(v["FRAME-RATE"]) * LIMITS.frame_rate + 1 / m.s, () => `${v.uri}: ${v["FRAME-RATE"]}, but ${m.uri} has ${m.rate.toFixed(2)}`);
		this.#bandwidth(v, r, sound);
	}

	/* Any run of segments between half and one and a half targets; the group's peak is added to the variant's. */
	#bandwidth(v, r, sound) {
		const peak = (x) => {
			const list = [...x.media.values()].sort((a, b) => a.msn - b.msn);
			let most = 0;

			list.forEach((_, from) => {
				for (let to = from, bytes = 0, s = 0; to < list.length && s + list[to].s <= 1.5 * x.target && list[to].msn === list[from].msn + to - from; to++) {
					bytes += list[to].bytes;
					s += list[to].s;
					if (s >= 0.5 * x.target)
						most = Math.max(most, bytes * 8 / s);
				}
			});
			return most;
		};
		const needs = peak(r) + (sound ? peak(sound) : 0);

		if (r.media.size)
			this.hold("bandwidth", needs <= Number(v.BANDWIDTH) * LIMITS.bandwidth + 1, () => `${v.uri}: ${v.BANDWIDTH}, but its segments need ${Math.round(needs)}`);
	}
}
