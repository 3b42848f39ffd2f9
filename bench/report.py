# SPDX-License-Identifier: GPL-2.0-or-later
"""The table for people, the JSON for everything else."""
import json
import os

SCHEMA = "casemate-bench/1"


def write_json(results, folder):
    path = os.path.join(folder, f"{results['machine']['time'].replace(':', '')}.json")
    with open(path, "w") as f:
        json.dump({"schema": SCHEMA, **results}, f, indent=1)
        f.write("\n")
    latest = os.path.join(folder, "latest.json")
    if os.path.lexists(latest):
        os.unlink(latest)
    os.symlink(os.path.basename(path), latest)
    return path


def pair(label, of, peer, form, scale=1.0, better="less"):
    return (label, form.format(of["casemate"] * scale), f"{peer} {form.format(of[peer] * scale)}", f"{of['ratio']:.2f}", better)


def load_rows(load):
    for name, label in (("copy", "copy"), ("encode", "copy + 360p")):
        c = load[name]
        of = f"of {c['cameras']}, {label}"
        yield pair(f"CPU of a camera {of}, % of a core", c["cpu_percent"], "ffmpeg", "{:.2f}")
        yield pair(f"memory of a camera {of}, MB{'' if load['memory_method'] == 'pss' else ' (Rss)'}", c["memory_bytes"], "ffmpeg", "{:.1f}", 1e-6)
        if "small_bps" in c:
            yield pair("   bit rate of the 360p, kb/s", c["small_bps"], "ffmpeg", "{:.0f}", 1e-3, "same")


def start_rows(start):
    for name, label in (("scene", "built-in camera"), ("film", "camera in mid-stream, 2 s GOP")):
        for rendition, t in start[name]["renditions"].items():
            peer = start[name].get("ffmpeg") if rendition == "copy" else None
            theirs = (f"ffmpeg {peer['median_s']:.2f}", f"{t['median_s'] / peer['median_s']:.2f}") if peer else ("", "")
            yield (f"start to first picture, {label}, {rendition}, s", f"{t['median_s']:.2f}", *theirs, "less than 3" if name == "scene" else "less")


def tls_rows(tls):
    for by, bodies in (("TLS 1.3", tls["bodies"]), ("HTTP/2", tls["http2"])):
        for what, b in bodies.items():
            size = f"{b['bytes'] / 1e6:.2f} MB" if b["bytes"] >= 1e6 else f"{b['bytes'] / 1e3:.1f} kB"
            yield pair(f"{size}{' of playlist' if what == 'playlist' else ''} by {by}, answers/s of one core", b["per_s"], "nginx", "{:.0f}", better="more")
            yield pair("   CPU of an answer, µs", b["cpu_us_per_request"], "nginx", "{:.1f}")
    yield pair("full handshakes by TLS 1.3, of a second of CPU", tls["handshake"]["per_cpu_s"], "nginx", "{:.0f}", better="more")
    yield pair("   each second, while the client was the slower one", tls["handshake"]["per_s"], "nginx", "{:.0f}", better="more")
    yield pair("memory of a connection at rest, kB", tls["rest_bytes"], "nginx", "{:.1f}", 1e-3)


def fleet_rows(fleet):
    for way in ("tcp", "udp"):
        if way not in fleet:
            continue
        f = fleet[way]
        many, few, peers, lost = f["many"], f["few"], f["ffmpeg"], f["many"]["lost"]
        of = f"{fleet['bitrate_bps'] / 1e6:.0f} Mb/s by {way.upper()}"
        yield pair(f"CPU of a camera of {many['cameras']}, {of}, % of a core", f["cpu_percent"], "ffmpeg", "{:.3f}")
        yield pair(f"memory of a camera of {many['cameras']}, {of}, MB", f["memory_bytes"], "ffmpeg", "{:.2f}", 1e-6)
        yield ("   its live window, sealed, MB", f"{many['sealed_bytes'] / 1e6:.2f}", "", "", "")
        yield (f"CPU of a camera of {many['cameras']}, and of {few['cameras']}, % of a core", f"{many['cpu_percent']:.3f}", f"few {few['cpu_percent']:.3f}",
               f"{f['many_to_few']['ratio']:.2f}", "at most 1")
        yield (f"lost of {lost['of_packets']} packets, {lost['of_pictures']} pictures, {lost['of_segments']} segments in {lost['seconds']:.0f} s",
               f"{lost['packets']}, {lost['pictures']}, {lost['segments']}", "", "", "none")
        yield ("   gaps, reconnections, alarms of the archive", f"{lost['gaps']}, {lost['reconnects']}, {lost['alarms']}", f"ffmpegs {peers['cameras']}", "", "none")


def less(label, of, peer, form, scale, least):
    """A figure of which casemate should take so many times less."""
    return (label, form.format(of["casemate"] * scale), f"{peer} {form.format(of[peer] * scale)}", f"×{of['ratio']:.2f}", f"at least ×{least:g}" if least else "more")


def quality(q):
    return " ".join(f"{s:.4f}" for s in q["ssim"]), f"{sum(q['rate_bps']) / 1000:.0f}"


def transcode_rows(t):
    for r in t["rows"].values():
        yield less(f"CPU, {r['label']}, ms a picture", r["cpu_s"], "ffmpeg", "{:.2f}", 1000 / t["seconds"] / 25, r["least"])
        (ours, our_rate), (theirs, their_rate) = quality(r["quality"]["casemate"]), quality(r["quality"]["ffmpeg"])
        yield ("   SSIM against the clean scene", ours, theirs, "", "same")
        yield ("   bit rate, kb/s", our_rate, their_rate, "" if r["comparable"] else "NOT COMPARABLE", "same")
        yield less("   memory at most, MB", r["peak_bytes"], "ffmpeg", "{:.0f}", 1e-6, 1.3 if r["heights"] == (1080,) else None)
    for name in ("ffmpeg", "hqdn3d") if "night" in t else ():
        n = t["night"][name]
        yield less(f"CPU, noisy night, 1080p to 720p, beside {name}, ms a picture", n["cpu_s"], name, "{:.2f}", 1000 / t["seconds"] / 25, t["night"]["least_cpu"])
        a, b = n["casemate_at"], n["peer_at"]
        yield (f"   bit rate at CRF {a['crf']} and {b['crf']:g}, kb/s", f"{a['rate_bps'] / 1000:.0f}", f"{b['rate_bps'] / 1000:.0f}", f"×{n['bits']:.2f}",
               f"at least ×{t['night']['least_bits']:g}")
        yield ("   SSIM against the clean scene", f"{a['ssim']:.4f}", f"{b['ssim']:.4f}", "", "same")


def evidence_rows(e):
    sizes, seal, added = e["sizes"], e["seal"], e["added"]
    cameras = f"{e['cameras']} cameras of {e['bitrate_bps'] / 1e6:.0f} Mb/s"
    yield (f"CPU of sealing and signing {cameras}, beyond hashing, % of a core", f"{seal['beyond_hashing_percent']:.2f}", "", "", "at most 5")
    yield ("   hashing, % of a core", f"{seal['hashing_percent']:.2f}", "", "", "")
    yield ("bytes added to a day of a camera's copy, %", f"{added['percent']:.3f}", "", "", "below 0.1")
    yield ("of the log alone to copy and sound, %", f"{added['log_with_sound_percent']:.3f}", "", "", "below 0.1")
    for size, s in sizes.items():
        yield (f"log of {int(size):,} entries: appended a second", f"{s['append']['per_s']:.0f}", "", "", "more")
        yield ("   a proof, µs (p99)", f"{s['proof']['median_us']} ({s['proof']['p99_us']})", "", "", "less")
        yield ("   a start, ms", f"{s['start']['ms']:.0f}", "", "", "below 1000")
        yield ("   memory of it, MB", f"{s['start']['bytes'] / 1e6:.2f}", "", "", "the same")


def rtsp_rows(r):
    ours, camera = r["rtsps"], r["camera"]
    yield ("age of a decoded picture by RTSP inside TLS, ms", f"{ours['median_ms']}", f"at the camera {camera['median_ms']}", "", "below 150")
    yield ("   p99, ms", f"{ours['p99_ms']}", f"at the camera {camera['p99_ms']}", "", "less")
    yield ("   from the client's start to its first picture, ms", f"{ours['first_s'] * 1000:.0f}", f"at the camera {camera['first_s'] * 1000:.0f}", "", "less")


def latency_rows(r):
    near, plain = r["near"], r["plain"]
    yield ("age of the picture in Chromium, page by parts, ms: median", f"{near['median_ms']}", "", "", "below 1000")
    yield ("   p99, ms", f"{near['p99_ms']}", "", "", "below 1500")
    yield ("   times that it stood still", f"{near['stalls']}", "", "", "none")
    yield ("   of its looks while it played by parts, %", f"{100 * near['by_parts']:.0f}", "", "", "100")
    yield (f"   hls.js with whole segments of {r['segment_s']:.1f} s, ms: median", f"{plain['median_ms']}", "", "", f"below {2000 * r['segment_s'] + 1000:.0f}")
    yield ("from click to picture, ms: median (most)", f"{sorted(r['click_ms'])[len(r['click_ms']) // 2]} ({max(r['click_ms'])})", "", "", "below 500")


def watch_rows(r):
    yield (f"parts that were late for {r['connections']} viewers of one camera, of {r['parts']}", f"{r['late'] + r['missed']}", "", "", "none")
    yield ("   from its mention to its last byte, ms: p99 (most)", f"{r['p99_ms']} ({r['worst_ms']:.0f})", "", "", "less")
    yield ("   CPU of the generator, % of a core", f"{r['cpu_percent']:.0f}", "", "", "below 100")


def limits_rows(l):
    of = f"{l['size']} {l['fps']}/s {l['bitrate_bps'] / 1e6:.0f} Mb/s, {l['cpus']} processors"
    for name, label in (("copy", "copied"), ("one", "with one rendition"), ("three", "with three renditions")):
        if name in l:
            yield (f"cameras {label}, beside themselves ({of})", f"{l[name]['cameras']}", f"{l[name]['by_cpu']} by CPU", "", "more")
            yield ("   of a core each", f"{l[name]['cores_per_camera']:.4f}", "", "", "less")
    if "viewers" in l:
        yield ("viewers of a copy by HTTPS, beside themselves", f"{l['viewers']['viewers']}", f"{l['viewers']['by_cpu']} by CPU", "", "more")
        yield ("   of a core each", f"{l['viewers']['cores_per_viewer']:.5f}", "", "", "less")


def rows(results):
    for part, make in (("load", load_rows), ("start", start_rows), ("tls", tls_rows), ("fleet", fleet_rows), ("transcode", transcode_rows), ("evidence", evidence_rows), ("rtsp", rtsp_rows),
                       ("latency", latency_rows), ("watch", watch_rows), ("limits", limits_rows)):
        if part in results:
            yield from make(results[part])


def print_table(results):
    m = results["machine"]
    print(f"{m['casemate']} on {m['cpus']} × {m['cpu']}, Linux {m['kernel']}, {m['time']}; load before: {m['load_before']:.1f}")
    for path, value in m.get("set", {}).items():
        print(f"Set meanwhile, as the package has it: {path} {value}")
    if results["settings"]["quick"]:
        print("A quick run: these figures show that it works, no more.")
    table = [("", "casemate", "peer", "ratio", "good is")] + list(rows(results))
    width = [max(len(row[i]) for row in table) for i in range(5)]
    for row in table:
        print("  ".join([row[0].ljust(width[0]), row[1].rjust(width[1]), row[2].rjust(width[2]), row[3].rjust(width[3]), row[4]]).rstrip())
