#!/usr/bin/env python3
"""Speaks the texts in sounds/: notice.txt becomes notice.wav, demo/LANG.txt becomes demo/LANG.flac.

    tests/voices/make.py notice en|de|fr      # sounds/LANG/{8000,16000}/notice.wav
    tests/voices/make.py consent en|de|fr     # the same of the notice of a line that asks for consent
    tests/voices/make.py question en|de|fr    # and of the question that it asks
    tests/voices/make.py demo en|de           # sounds/demo/LANG.flac, and the start times in LANG.txt

English and French are spoken by Kokoro (say.py, see there), German by SVOX Pico (pico2wave).
Needs sox and flac besides. Every sound is brought to the telephone's band and to one loudness,
so that a caller hears the notice as loud as the agent.
"""
import pathlib, re, subprocess, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2] / "sounds"
# (voice, language, speed, pitch in cents) for the notice and for each party of the demo call.
VOICES = {
    "en": {"notice": ("bf_emma", "en-gb", 1.1, 0), "agent": ("af_heart", "en-us", 1.0, 0), "caller": ("am_michael", "en-us", 1.0, 0)},
    "fr": {"notice": ("ff_siwis", "fr-fr", 1.15, 0)},
    "de": {"notice": ("pico", "de-DE", 1.3, 0), "agent": ("pico", "de-DE", 1.05, 0), "caller": ("pico", "de-DE", 1.2, -300)},
}
SENTENCE_GAP = 0.2  # seconds between the sentences of a notice: less sounds rushed, more costs the caller time
TURN_GAPS = [0.5, 0.7, 0.6, 0.8]  # seconds between turns, in turn: a voice gate must find each of them
LEVEL = ["highpass", "200", "norm", "-6"]


def run(*command):
    subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)


def sox(*arguments):
    """Without dither: silence stays silent, files small, and the same text gives the same file."""
    run("sox", "-D", *arguments)


def speak(text, voice, path):
    """One text as mono WAV at the engine's own rate, its silent edges cut off."""
    name, lang, speed, pitch = voice
    raw = path.with_suffix(".raw.wav")
    if name == "pico":
        run("pico2wave", "-l", lang, "-w", raw, f'<speed level="{speed * 100:.0f}">{text}</speed>')
    else:
        kokoro().say(text, name, lang, str(raw), speed)
    # Playing slower lowers the voice without the flutter of `pitch`; its engine speaks faster to make up for it.
    effects = ["speed", f"{pitch}c"] if pitch else []
    cut = ["silence", "1", "0.02", "0.05%", "reverse"]
    sox(raw, path, *effects, *cut, *cut)


def kokoro(made=[]):
    if not made:
        sys.path.insert(0, str(pathlib.Path(__file__).parent))
        from say import Voice
        made.append(Voice())
    return made[0]


def seconds(path):
    return float(subprocess.check_output(["soxi", "-D", str(path)]))


def silence(length, rate, path):
    sox("-n", "-r", rate, "-c", 1, "-b", 16, path, "trim", 0, f"{length:.3f}")


def announcement(name, lang, tmp):
    pieces = []
    for number, line in enumerate((ROOT / lang / f"{name}.txt").read_text(encoding="utf-8").splitlines()):
        piece = tmp / f"{number}.wav"
        speak(line, VOICES[lang]["notice"], piece)
        gap = tmp / f"{number}.gap.wav"
        silence(SENTENCE_GAP, subprocess.check_output(["soxi", "-r", str(piece)], text=True).strip(), gap)
        pieces += [piece, gap]
    for rate in (8000, 16000):
        out = ROOT / lang / str(rate) / f"{name}.wav"
        out.parent.mkdir(exist_ok=True)
        sox(*pieces, "-c", 1, "-b", 16, out, *LEVEL, "rate", "-h", rate, "pad", 0.1, 0.2)
        print(out, f"{seconds(out):.2f} s")


def demo(lang, tmp):
    script = ROOT / "demo" / f"{lang}.txt"
    turns = [re.match(r"([\d.]+) (caller|agent) (.+)", line).groups()
             for line in script.read_text(encoding="utf-8").splitlines()]
    at, lines, tracks = 1.0, [], {"caller": [], "agent": []}
    for number, (_, party, text) in enumerate(turns):
        piece = tmp / f"{number}.wav"
        speak(text, VOICES[lang][party], piece)
        level = tmp / f"{number}.8k.wav"
        sox(piece, "-b", 16, level, *LEVEL, "rate", "-h", 8000)
        tracks[party].append((at, level))
        lines.append(f"{at:.1f} {party} {text}\n")
        at = round(at + seconds(level) + TURN_GAPS[number % len(TURN_GAPS)], 1)
    total, channels = at + 0.5, []
    for party in ("caller", "agent"):
        parts, here = [], 0.0
        for number, (start, level) in enumerate(tracks[party]):
            gap = tmp / f"{party}.{number}.gap.wav"
            silence(start - here, 8000, gap)
            parts += [gap, level]
            here = start + seconds(level)
        tail, channel = tmp / f"{party}.tail.wav", tmp / f"{party}.wav"
        silence(total - here, 8000, tail)
        sox(*parts, tail, channel)
        channels.append(channel)
    both = tmp / "both.wav"
    sox("-M", *channels, both)
    run("flac", "--silent", "--force", "--best", "--no-padding", "-o", ROOT / "demo" / f"{lang}.flac", both)
    script.write_text("".join(lines), encoding="utf-8")
    print(lang, f"{total:.1f} s")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        name, lang, folder = sys.argv[1], sys.argv[2], pathlib.Path(folder)
        demo(lang, folder) if name == "demo" else announcement(name, lang, folder)
