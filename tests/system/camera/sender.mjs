/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One track of one session: access units leave when the camera's clock says so, as RTP packets that pass the faults of
 * the link, with sender reports between them.
 * Faults (all optional): loss, reorder, duplicate: shares of the packets; timeFaults: [{at, add, back}], seconds of the
 * stream and of the RTP clock: from at on it is off by add, or (back) stands still for that long; reportSteps: [{at,
 * addMs}]: the wall clock of the sender reports leaps. payloads(media, i, n): of that picture or frame instead of its own;
 * marked: each packet has the marker.
 */
import {createHash} from "node:crypto";

import {payloads, rtpPacket, senderReport} from "./rtp.mjs";

/* A small generator of its own, so that a run can be had again (mulberry32). */
export function dice(seed) {
	let a = seed >>> 0;

	return () => {
		let t;

		a = a + 0x6d2b79f5 >>> 0;
		t = Math.imul(a ^ a >>> 15, 1 | a);
		t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
		return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
	};
}

/* The same for the same text: what befalls a camera's packets has nothing to do with which others play before it. */
export const seedOf = (text) => createHash("sha256").update(text).digest().readUInt32BE();

export class Sender {
	/* transport: {rtp(packet), rtcp(packet)}; startMs: the camera's clock at the first access unit */
	constructor({media, pt, transport, options, startMs, seed}) {
		Object.assign(this, {media, pt, transport, options, startMs});
		this.chance = dice(seed);
		this.ssrc = Math.floor(this.chance() * 2 ** 32);
		this.seq = options.firstSeq ?? Math.floor(this.chance() * 2 ** 16);
		this.time0 = options.firstTime ?? Math.floor(this.chance() * 2 ** 32);
		this.next = this.first = 0;     /* access units, over all rounds of the file; the one that its beginning was */
		this.packets = this.octets = 0;
		this.reportedMs = -Infinity;
		this.held = null;
		this.counts = {pictures: 0, sent: 0, lost: 0, reordered: 0, duplicated: 0};
	}

	/* Seconds between access units. */
	get step() {
		return this.media.pictures ? 1 / this.options.fps : this.media.samples / this.media.rate;
	}

	/* The RTP time of a moment of the stream, with what the script says is wrong about it. */
	rtpTime(seconds) {
		let s = seconds;

		for (const f of this.options.timeFaults ?? [])
			if (seconds >= f.at)
				s += f.back ? -Math.min(seconds - f.at, f.back) : f.add;
		return this.time0 + Math.round(s * this.media.rate) >>> 0;
	}

	/* The faults of the link. Nothing overtakes the first packet: a stream begins with the first that comes, and one before it is no reordering. */
	send(packet) {
		const {loss = 0, reorder = 0, duplicate = 0} = this.options;

		this.counts.sent++;
		if (this.chance() < loss) {
			this.counts.lost++;
			return;
		}
		if (this.counts.sent > 1 && !this.held && this.chance() < reorder) {
			this.held = packet;
			this.counts.reordered++;
			return;
		}
		this.transport.rtp(packet);
		if (this.held) {
			this.transport.rtp(this.held);
			this.held = null;
		}
		if (this.chance() < duplicate) {
			this.counts.duplicated++;
			this.transport.rtp(packet);
		}
	}

	report(seconds) {
		const leapt = (this.options.reportSteps ?? []).filter((s) => seconds >= s.at).reduce((sum, s) => sum + s.addMs, 0);

		this.reportedMs = this.startMs + seconds * 1000;
		this.transport.rtcp(senderReport({ssrc: this.ssrc, unixMs: this.reportedMs + leapt, time: this.rtpTime(seconds),
			packets: this.packets, octets: this.octets}));
	}

	/* The file begins anew with the next picture, which is a key frame then. */
	restart() {
		this.first = this.next;
	}

	accessUnit(seconds) {
		const all = this.media.pictures ?? this.media.frames;
		const i = (this.next - this.first) % all.length;
		const parts = this.options.payloads?.(this.media, i, this.next) ?? payloads(this.media, i);
		const time = this.rtpTime(seconds);

		this.counts.pictures++;
		parts.forEach((payload, n) => {
			const head = {pt: this.pt, marker: this.options.marked || !this.media.pictures || n === parts.length - 1, seq: this.seq++, time, ssrc: this.ssrc};

			this.packets++;
			this.octets += payload.length;
			this.send(rtpPacket(head, payload));
		});
		this.next++;
	}

	/* Everything that is due at nowMs of the camera's clock. */
	tick(nowMs) {
		for (let seconds = this.next * this.step; this.startMs + seconds * 1000 <= nowMs; seconds = this.next * this.step) {
			if (this.options.reports !== false && this.startMs + seconds * 1000 - this.reportedMs >= 1000)
				this.report(seconds);
			this.accessUnit(seconds);
		}
	}
}
