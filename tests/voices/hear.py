#!/usr/bin/env python3
"""Recognises sounds after an A-law telephone line and compares them with their texts.

    tests/voices/hear.py notice en|de|fr [RECORDING.wav]    # what was heard, and the share of wrong words; also
                                                            # consent and question in the place of notice
    tests/voices/hear.py demo en|de                         # the same per turn, each party by itself

Needs sox and pip's faster-whisper; the Whisper base model is taken from CALLGIST_WHISPER_MODEL
(default ~/.cache/callgist/whisper-base). A notice with more than a quarter of its words wrong is not clear enough.
"""
import os, pathlib, re, subprocess, sys, tempfile
from faster_whisper import WhisperModel

ROOT = pathlib.Path(__file__).resolve().parents[2] / "sounds"
MODEL = os.environ.get("CALLGIST_WHISPER_MODEL", os.path.expanduser("~/.cache/callgist/whisper-base"))


def telephone(sound, channel, out):
    """The channel as A-law at 8 kHz would bring it, at Whisper's 16 kHz."""
    with tempfile.NamedTemporaryFile(suffix=".al") as line:
        subprocess.run(["sox", sound, "-t", "al", "-r", "8000", line.name, "remix", str(channel)], check=True)
        subprocess.run(["sox", "-t", "al", "-r", "8000", "-c", "1", line.name, "-r", "16000", "-b", "16", out], check=True)


def words(text):
    return re.findall(r"\w+", text.lower())


def errors(said, heard):
    """Edit distance of two lists of words."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def recognise(model, sound, channel, lang):
    with tempfile.NamedTemporaryFile(suffix=".wav") as wav:
        telephone(sound, channel, wav.name)
        segments, _ = model.transcribe(wav.name, language=lang, beam_size=5, word_timestamps=True,
                                       condition_on_previous_text=False, vad_filter=True)
        return [word for segment in segments for word in segment.words]


def compare(text, heard):
    said, got = words(text), words(heard)
    print(f"  said  {' '.join(text.split())}\n  heard {heard.strip()}\n  wrong {errors(said, got)} of {len(said)}")


if __name__ == "__main__":
    kind, lang = sys.argv[1:3]
    model = WhisperModel(MODEL, device="cpu", compute_type="int8", cpu_threads=1)
    if kind != "demo":
        text = (ROOT / lang / f"{kind}.txt").read_text(encoding="utf-8")
        for sound in sys.argv[3:] or [str(ROOT / lang / rate / f"{kind}.wav") for rate in ("8000", "16000")]:
            print(sound)
            compare(text, "".join(w.word for w in recognise(model, sound, 1, lang)))
    else:
        turns = [line.split(" ", 2) for line in (ROOT / "demo" / f"{lang}.txt").read_text(encoding="utf-8").splitlines()]
        for channel, party in ((1, "caller"), (2, "agent")):
            heard = recognise(model, str(ROOT / "demo" / f"{lang}.flac"), channel, lang)
            mine = [(float(start), text) for start, who, text in turns if who == party]
            for number, (start, text) in enumerate(mine):
                end = mine[number + 1][0] if number + 1 < len(mine) else 1e9
                print(f"{start} {party}")
                compare(text, "".join(w.word for w in heard if start - 0.4 <= w.start < end - 0.4))
