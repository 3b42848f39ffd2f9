/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HLS playlists, read strictly (RFC 8216 4.1 to 4.3). What cannot be understood is told in `errors` and left out, so that one
 * broken line is one finding. Pure: text in, an object out.
 */
const ATTRIBUTE = /([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^,\s]*)(,|$)/y;

const MEDIA_TAGS = new Set(["EXTINF", "EXT-X-DISCONTINUITY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME", "EXT-X-GAP", "EXT-X-PART", "EXT-X-TARGETDURATION",
	"EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-ENDLIST", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL", "EXT-X-SKIP",
	"EXT-X-PRELOAD-HINT", "EXT-X-RENDITION-REPORT", "EXT-X-BYTERANGE", "EXT-X-KEY", "EXT-X-DATERANGE", "EXT-X-BITRATE"]);
const MULTIVARIANT_TAGS = new Set(["EXT-X-MEDIA", "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA"]);

/* An attribute list as {NAME: text without its quotes}; those that were quoted are named in `quoted`. */
function attributes(text, errors) {
	const found = {quoted: new Set()};

	ATTRIBUTE.lastIndex = 0;
	while (ATTRIBUTE.lastIndex < text.length) {
		const at = ATTRIBUTE.lastIndex, m = ATTRIBUTE.exec(text);

		if (!m) {
			errors.push(`no attribute list: ${text.slice(at)}`);
			return found;
		}
		if (m[1] in found)
			errors.push(`${m[1]} stands twice: ${text}`);
		if (m[2].startsWith('"'))
			found.quoted.add(m[1]);
		found[m[1]] = m[2].replaceAll('"', "");
	}
	return found;
}

function number(text, errors, form = /^\d+(\.\d+)?$/) {
	if (form.test(text ?? ""))
		return Number(text);
	errors.push(`no number: ${text}`);
	return NaN;
}

const whole = (text, errors) => number(text, errors, /^\d{1,20}$/);

/* The lines, each as {tag, value} or {uri}. */
function lines(text, errors) {
	if (text.startsWith("\ufeff"))
		errors.push("a byte order mark");
	// eslint-disable-next-line no-control-regex
	if (/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f]/.test(text))
		errors.push("control characters");
	if (!text.endsWith("\n"))
		errors.push("its last line has no end");
	return text.split(/\r?\n/).filter((l) => l !== "" && (!l.startsWith("#") || l.startsWith("#EXT"))).map((l) => {
		const m = /^#(EXT[A-Z0-9-]*)(?::(.*))?$/.exec(l);

		if (l.startsWith("#") && !m)
			errors.push(`no tag: ${l}`);
		return m ? {tag: m[1], value: m[2] ?? ""} : {uri: l};
	});
}

function begin(text) {
	const errors = [];
	const rest = lines(text, errors);

	return {errors, rest, first: rest[0]?.tag, tags: rest.flatMap((l) => l.tag ?? []), version: NaN, independent: false};
}

function once(list, tag) {
	const n = list.tags.filter((t) => t === tag).length;

	if (n > 1)
		list.errors.push(`${n} times ${tag}`);
	return n === 1;
}

/* Tags that stand at most once, whatever the playlist. */
function common(list, {tag, value}) {
	if (tag === "EXT-X-VERSION")
		list.version = whole(value, list.errors);
	else if (tag === "EXT-X-INDEPENDENT-SEGMENTS")
		list.independent = true;
	else if (tag !== "EXTM3U")
		return false;
	once(list, tag);
	return true;
}

export function multivariant(text) {
	const list = {...begin(text), media: [], variants: []};
	let open = null;

	for (const line of list.rest) {
		if (line.uri !== undefined) {
			if (open)
				list.variants.push({...open, uri: line.uri});
			else
				list.errors.push(`an address that no EXT-X-STREAM-INF stands before: ${line.uri}`);
			open = null;
		} else if (open) {
			list.errors.push(`${line.tag} between EXT-X-STREAM-INF and its address`);
		} else if (line.tag === "EXT-X-STREAM-INF") {
			open = attributes(line.value, list.errors);
		} else if (line.tag === "EXT-X-MEDIA") {
			list.media.push(attributes(line.value, list.errors));
		} else if (!common(list, line) && MEDIA_TAGS.has(line.tag)) {
			list.errors.push(`${line.tag} in a multivariant playlist`);
		}
	}
	if (open)
		list.errors.push("EXT-X-STREAM-INF without an address");
	return list;
}

const empty = (before) => ({uri: null, duration: NaN, discontinuity: false, map: before?.map ?? null, date: null, gap: false, parts: []});

/* One line that is about the next segment; false when it is about something else. */
function aboutSegment(open, {tag, value}, errors) {
	const found = ["EXT-X-MAP", "EXT-X-PART"].includes(tag) ? attributes(value, errors) : null;

	switch (tag) {
	case "EXTINF":
		open.duration = number(value.split(",")[0], errors);
		if (!value.includes(","))
			errors.push("EXTINF without its comma");
		return true;
	case "EXT-X-DISCONTINUITY":
		if (open.parts.length)
			errors.push("EXT-X-DISCONTINUITY behind a part of its segment");
		open.discontinuity = true;
		return true;
	case "EXT-X-MAP":
		open.map = found.URI ?? null;
		return true;
	case "EXT-X-PROGRAM-DATE-TIME":
		if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/.test(value))
			errors.push(`no date: ${value}`);
		open.date = Date.parse(value) / 1000;
		return true;
	case "EXT-X-GAP":
		open.gap = true;
		return true;
	case "EXT-X-PART":
		open.parts.push({uri: found.URI ?? null, duration: number(found.DURATION, errors), independent: found.INDEPENDENT === "YES", gap: found.GAP === "YES",
			range: found.BYTERANGE ?? null});
		return true;
	default:
		return false;
	}
}

/* Each of these is set, from an attribute list or a number. */
const HEADS = {
	"EXT-X-TARGETDURATION": (list, value) => { list.target = whole(value, list.errors); },
	"EXT-X-MEDIA-SEQUENCE": (list, value) => { list.sequence = whole(value, list.errors); },
	"EXT-X-DISCONTINUITY-SEQUENCE": (list, value) => { list.discontinuities = whole(value, list.errors); },
	"EXT-X-PART-INF": (list, value) => { list.partTarget = number(attributes(value, list.errors)["PART-TARGET"], list.errors); },
	"EXT-X-SERVER-CONTROL": (list, value) => { list.control = attributes(value, list.errors); },
	"EXT-X-SKIP": (list, value) => { list.skipped = whole(attributes(value, list.errors)["SKIPPED-SEGMENTS"], list.errors); },
	"EXT-X-ENDLIST": (list) => { list.ended = true; },
};
const BEFORE_SEGMENTS = new Set(["EXT-X-TARGETDURATION", "EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE", "EXT-X-SKIP"]);

/* Segments have their number (msn) and the count of discontinuities up to them (epoch). tail: what stands behind the last one. */
export function media(text) {
	const list = {...begin(text), target: NaN, sequence: 0, discontinuities: 0, partTarget: null, control: {}, skipped: 0, ended: false, segments: [],
		hints: [], reports: [], tail: null};
	let open = empty();

	for (const line of list.rest) {
		if (line.uri !== undefined) {
			list.segments.push({...open, uri: line.uri});
			open = empty(open);
		} else if (HEADS[line.tag]) {
			HEADS[line.tag](list, line.value);
			once(list, line.tag);
			if (BEFORE_SEGMENTS.has(line.tag) && (list.segments.length || open.parts.length || open.discontinuity))
				list.errors.push(`${line.tag} behind a segment`);
		} else if (line.tag === "EXT-X-PRELOAD-HINT") {
			list.hints.push(attributes(line.value, list.errors));
		} else if (line.tag === "EXT-X-RENDITION-REPORT") {
			list.reports.push(attributes(line.value, list.errors));
		} else if (!common(list, line) && !aboutSegment(open, line, list.errors) && MULTIVARIANT_TAGS.has(line.tag)) {
			list.errors.push(`${line.tag} in a media playlist`);
		}
	}
	list.tail = open;
	let epoch = list.discontinuities;

	[...list.segments, list.tail].forEach((s, i) => {
		epoch += s.discontinuity ? 1 : 0;
		s.msn = list.sequence + list.skipped + i;
		s.epoch = epoch;
	});
	return list;
}

/* The last thing that a playlist has: {msn, part}, part -1 when it is a whole segment. */
export function newest(list) {
	const parts = list.tail.parts.length;

	return parts ? {msn: list.tail.msn, part: parts - 1} : {msn: list.tail.msn - 1, part: -1};
}
