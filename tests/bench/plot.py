"""What `whisper.rs` and `loss.rs` printed goes in, a picture comes out.

    python3 tests/bench/plot.py WHISPER.json LOSS.jsonl PICTURE.svg

Left, what a second of a call costs in each way, and its word errors; right, word errors by packets lost and by packets
late. Every mark is a figure of those files; axes begin at 0.
"""
import json, sys

NAMES = {"ours": "Callgist, whole ear", "bare": "our recogniser alone", "wheel_packed": "ctranslate2 wheel, our windows",
         "faster_whisper": "faster-whisper, its gate", "both_legs_in_30_s_windows": "both legs, 30 s windows",
         "window_an_utterance": "a window an utterance"}
INK, OURS, THEIRS, GRID = "#222222", "#1f6f8b", "#b9c4c9", "#dddddd"


def text(x, y, words, anchor="start", size=13, weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
            f'fill="{INK}">{words}</text>')


def bars(ways, x, y, width):
    shown = sorted(ways.items(), key=lambda way: way[1]["cpu_s_per_s_of_call"])
    most = max(way["cpu_s_per_s_of_call"] for _, way in shown)
    yield text(x, y, "CPU seconds for a second of call (word errors)", weight="bold")
    for n, (name, way) in enumerate(shown):
        cost, top = way["cpu_s_per_s_of_call"], y + 18 + n * 42
        yield text(x, top + 12, NAMES.get(name, name))
        yield (f'<rect x="{x}" y="{top + 17}" width="{width * cost / most:.1f}" height="14" '
               f'fill="{OURS if name == "ours" else THEIRS}"/>')
        yield text(x + width * cost / most + 6, top + 29, f'{cost:.3f} ({100 * way["word_errors"]:.1f} %)', size=12)


def curves(points, x, y, width, height):
    by_loss = sorted((p["loss_pct"], p["word_errors"]) for p in points if p["late_by_up_to_ms"] == 0)
    by_late = sorted((p["late_by_up_to_ms"], p["word_errors"]) for p in points if p["loss_pct"] == 0)
    most = 1.2 * max(p["word_errors"] for p in points)
    half = width / 2 - 20
    for n, (line, what) in enumerate([(by_loss, "packets lost, %"), (by_late, "packets late by up to, ms")]):
        left = x + n * (half + 40)
        place = lambda p: (left + half * p[0] / line[-1][0], y + height - height * p[1] / most)
        for share in (0, 0.25, 0.5, 0.75, 1):
            at = y + height - height * share
            yield f'<line x1="{left:.0f}" x2="{left + half:.0f}" y1="{at:.0f}" y2="{at:.0f}" stroke="{GRID}"/>'
            yield text(left - 4, at + 4, f"{100 * most * share:.0f}", "end", 11)
        path = " ".join("%.1f,%.1f" % place(point) for point in line)
        yield f'<polyline points="{path}" fill="none" stroke="{OURS}" stroke-width="2"/>'
        for point in line:
            yield '<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>' % (*place(point), OURS)
            yield text(place(point)[0], y + height + 16, point[0], "middle", 11)
        yield text(left + half / 2, y + height + 36, what, "middle", 12)
    yield text(x, y - 16, "Word errors through the ear, %", weight="bold")


def main():
    whisper, loss, picture = sys.argv[1:]
    with open(whisper) as file:
        ways = json.load(file)["ways"]
    with open(loss) as file:
        points = [point for point in map(json.loads, file) if "loss_pct" in point]
    parts = [*bars(ways, 20, 28, 250), *curves(points, 430, 50, 470, 190)]
    with open(picture, "w") as file:
        file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 930 310" font-family="sans-serif">\n'
                   '<rect width="930" height="310" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


main()
