# SPDX-License-Identifier: GPL-2.0-or-later
"""The ratios of transcoding as a picture (SVG), with where they come from written below."""
from html import escape

WIDE, BAR, LEFT, STEP = 900, 18, 330, 34
GOOD, MISSED, AIM, INK = "#2f7d4f", "#b3541e", "#444", "#222"


def bars(t):
    """(label, ratio, aim or None)"""
    for r in t["rows"].values():
        yield f"CPU: {r['label']}" + ("" if r["comparable"] else " (quality or bits differ)"), r["cpu_s"]["ratio"], r["least"] if r["comparable"] else None
    for name, label in (("ffmpeg", "ffmpeg"), ("hqdn3d", "ffmpeg with hqdn3d")):
        if "night" in t:
            yield f"CPU: noisy night, beside {label}", t["night"][name]["cpu_s"]["ratio"], t["night"]["least_cpu"]
            yield f"bits: noisy night, beside {label}", t["night"][name]["bits"], t["night"]["least_bits"]
    if "full" in t["rows"]:
        yield "memory: 1080p to 1080p", t["rows"]["full"]["peak_bytes"]["ratio"], t["memory_least"]


def bar(i, label, ratio, aim, scale):
    y = 60 + i * STEP
    colour = MISSED if aim and ratio < aim else GOOD
    yield f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{escape(label)}</text>'
    yield f'<rect x="{LEFT}" y="{y}" width="{ratio * scale:.1f}" height="{BAR}" fill="{colour}"/>'
    yield f'<text x="{LEFT + max(ratio, aim or 0) * scale + 6:.1f}" y="{y + 14}">×{ratio:.2f}</text>'
    if aim:
        yield f'<path d="M{LEFT + aim * scale:.1f} {y - 4}v{BAR + 8}" stroke="{AIM}" stroke-width="2"/>'


def write(results, path):
    t, m = results["transcode"], results["machine"]
    all_bars = list(bars(t))
    scale = (WIDE - LEFT - 70) / max([ratio for _, ratio, _ in all_bars] + [aim or 0 for *_, aim in all_bars] + [1])
    high = 60 + len(all_bars) * STEP + 50
    foot = [f"{m['casemate']}, {m.get('commit', 'no commit known')}{' with changes' if m.get('changed') else ''}; ffmpeg {m['ffmpeg']}; {m['time']}",
            f"{m['cpus']} × {m['cpu']}, Linux {m['kernel']}; load before: {m['load_before']:.1f}" + ("; a quick run, not to be quoted" if results["settings"]["quick"] else "")]
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" font-family="sans-serif" font-size="13" fill="{INK}">',
             f'<rect width="{WIDE}" height="{high}" fill="#fff"/>',
             '<text x="16" y="28" font-size="16">Transcoding: how many times less casemate takes than ffmpeg (line: the aim)</text>',
             f'<path d="M{LEFT + scale:.1f} 48V{high - 46}" stroke="#bbb" stroke-dasharray="3 3"/>']
    for i, (label, ratio, aim) in enumerate(all_bars):
        lines += bar(i, label, ratio, aim, scale)
    lines += [f'<text x="16" y="{high - 26 + 16 * i}" font-size="11">{escape(text)}</text>' for i, text in enumerate(foot)]
    with open(path, "w") as f:
        f.write("\n".join(lines + ["</svg>", ""]))
