/* SPDX-License-Identifier: GPL-2.0-or-later */
import assert from "node:assert/strict";
import test from "node:test";

import {Pace, distanceOf} from "../../web/livepace.js";

const CONTROL = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=18.0,HOLD-BACK=9.0,PART-HOLD-BACK=";
const PART = '#EXT-X-PART:DURATION=0.200000,URI="7.0.00000001.m4s",INDEPENDENT=YES\n';

test("livepace: a playlist says how far behind it is to be played", () => {
	const table = [
		[`${CONTROL}0.624\n${PART}`, {behind: 0.624, parts: true}],
		[`${CONTROL}0.1\n${PART}`, {behind: 0.3, parts: true}],
		[`${CONTROL}999\n${PART}`, {behind: 30, parts: true}],
		[`${CONTROL}9.0\n#EXTINF:2.000000,\n1.m4s\n`, {behind: 3.5, parts: false}],
		[`#EXTINF:1.960000,\n1.m4s\n#EXTINF:4.000000,\n2.m4s\n`, {behind: 7, parts: false}],
		["#EXTINF:10.000000,\n1.m4s\n" + "#EXTINF:2.000000,\n2.m4s\n".repeat(8), {behind: 3.5, parts: false}],
		[`#EXTINF:600.000000,\n1.m4s\n`, {behind: 30, parts: false}],
		["#EXTM3U\n", {behind: 6, parts: false}],
		[`${PART}#EXTINF:2.0,\n1.m4s\n`, {behind: 3.5, parts: true}],
		[`${CONTROL}x\n${PART}`, {behind: 6, parts: true}],
	];

	for (const [text, expected] of table)
		assert.deepEqual(distanceOf(text), expected, text);
});

test("livepace: it plays as fast as life at its distance, faster behind it, slower before it, and leaps where it is far", () => {
	const table = [
		[{latency: 0.65, behind: 0.6, ahead: 0.4}, {rate: 1, leap: 0}],
		[{latency: 0.8, behind: 0.6, ahead: 0.5}, {rate: 1.02, leap: 0}],
		[{latency: 1.1, behind: 0.6, ahead: 0.9}, {rate: 1.05, leap: 0}],
		[{latency: 2.5, behind: 0.6, ahead: 2}, {rate: 1.1, leap: 0}],
		[{latency: 1.1, behind: 0.6, ahead: 0.15}, {rate: 1, leap: 0}],
		[{latency: 0.6, behind: 0.6, ahead: 0.05}, {rate: 0.95, leap: 0}],
		[{latency: 0.3, behind: 0.6, ahead: 0.5}, {rate: 0.95, leap: 0}],
		[{latency: 3.6, behind: 0.6, ahead: 3.3}, {rate: 1, leap: 3}],
		[{latency: 3.6, behind: 0.6, ahead: 3.1}, {rate: 1.1, leap: 0}],
	];

	for (const [at, expected] of table)
		assert.deepEqual(new Pace().step(at, 0), expected, JSON.stringify(at));
});

test("livepace: what is begun goes on until the distance is as wanted", () => {
	const pace = new Pace(), rateAt = (latency) => pace.step({latency, behind: 0.6, ahead: 0.5}, 0).rate;

	assert.deepEqual([0.7, 0.73, 0.7, 0.64, 0.62, 0.7, 0.5, 0.44, 0.5, 0.56, 0.58, 0.5].map(rateAt), [1, 1.02, 1.02, 1.02, 1, 1, 1, 0.95, 0.95, 0.95, 1, 1]);
});

test("livepace: each standstill costs distance for a while, up to a limit", () => {
	const pace = new Pace();

	assert.equal(pace.more(0), 0);
	pace.stalled(1000);
	assert.equal(pace.more(20999), 0.2);
	assert.equal(pace.step({latency: 0.8, behind: 0.6, ahead: 0.5}, 20999).rate, 1);
	assert.equal(pace.more(21001), 0);
	for (let i = 0; i < 20; i++)
		pace.stalled(30000);
	assert.ok(Math.abs(pace.more(30000) - 1.2) < 1e-9);
	assert.ok(Math.abs(pace.more(50001) - 1) < 1e-9);
	assert.ok(Math.abs(pace.more(50002) - 1) < 1e-9);
});
