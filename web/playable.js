/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a camera this browser can play, and what to do when it is nothing. */
const NAMES = {avc1: "H.264", hvc1: "H.265", mp4a: "AAC", opus: "Opus"};
const HEIGHT_MAX = 720;
const HEIGHT_MIN = 64;
const BITS_A_PIXEL = 2;    /* a second: good enough for a picture that hardly moves */

/* "avc1.64001f" as people say it. */
export function codecWord(codec) {
	return NAMES[codec.slice(0, 4)] ?? codec;
}

/* Whether the browser says that it plays this kind ("video", "audio") and codec. An iPhone has a Media Source of its own name. */
export function plays(kind, codec) {
	const type = `${kind}/mp4; codecs="${codec}"`;
	const source = globalThis.ManagedMediaSource ?? globalThis.MediaSource;

	return source ? source.isTypeSupported(type) : document.createElement("video").canPlayType(type) !== "";
}

const even = (n) => Math.max(HEIGHT_MIN, 2 * Math.round(n / 2));

/* The lines of a site file that give a camera of that size a rendition of its shape. */
export function renditionOf({name, width, height}) {
	const h = even(Math.min(height || HEIGHT_MAX, HEIGHT_MAX)), w = even(width && height ? h * width / height : h * 16 / 9);
	const kbps = Math.max(100, Math.round(w * h * BITS_A_PIXEL / 100000) * 100);

	return `cameras:\n  ${name}:\n    renditions:\n      ${h}p: {size: ${w}x${h}, bitrate: ${kbps} kb/s}`;
}

/*
 * null while there is something to play, or may be soon; else {what, mend, lines}: a sentence, what the site's owner can
 * do, and lines for the site file.
 */
export function unplayable(camera, can = plays) {
	const pictures = camera.renditions.filter((r) => r.kind === "video");
	const sound = camera.renditions.find((r) => r.kind === "audio");
	const codec = pictures.find((r) => r.codec !== "")?.codec ?? "";

	if (codec !== "" && pictures.every((r) => r.codec !== "" && !can("video", r.codec)))
		return {what: `This camera sends ${codecWord(codec)}, which this browser cannot play.`,
			mend: "Give it a rendition, which is H.264 whatever the camera sends, in the site file:", lines: renditionOf(camera)};
	if (pictures.length === 1 && pictures[0].independent === false)
		return {what: "This camera sends a whole picture only now and then: it is shown from the next one on.",
			mend: "Turn its smart codec off (H.264+, H.265+, Zipstream …), or give it a rendition in the site file:", lines: renditionOf(camera)};
	if (sound?.codec && !can("audio", sound.codec))
		return {what: `This camera's sound is ${codecWord(sound.codec)}, which this browser cannot play.`,
			mend: "Set the camera to another codec, or leave its sound out in the site file:", lines: `cameras:\n  ${camera.name}:\n    audio: false`};
	return null;
}
