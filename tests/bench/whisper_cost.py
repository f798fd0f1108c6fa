"""CPU per second of speech: our Whisper against Python's ctranslate2 wheel, on the same windows, in one run.

    cargo bench --bench whisper_cost --no-run          # prints the path of the program
    python3 -m venv venv && venv/bin/pip install ctranslate2 numpy
    apt-get install asterisk-core-sounds-en-wav
    venv/bin/python tests/bench/whisper_cost.py PROGRAM [MODEL-FOLDER]

The windows are Debian's human English prompts of five words or more, every third, through A-law, packed into up to
28 s. Both decode with int8, beam 5, word times and one thread. The wheel's features are made before its time is
taken, ours are in it. The bar is a ratio of at most 1.1.
"""
import gzip, json, os, subprocess, sys, tempfile, time, wave
import ctranslate2, numpy as np

SOUNDS = "/usr/share/asterisk/sounds/en_US_f_Allison/"
TEXTS = "/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
ROUNDS = 2


def prompts():
    lines = gzip.open(TEXTS, "rt").read().splitlines()
    pairs = [line.split(": ", 1) for line in lines if ": " in line]
    fit = [n for n, text in pairs if len(text.split()) >= 5 and not set(text) & set("[(<*")]
    return [n for n in fit if os.path.isfile(SOUNDS + n + ".wav")][::3]


def through_alaw(x):
    """The quantisation of G.711 A-law: 13 bits, four of them kept below the leading one."""
    size = np.minimum(np.abs(x.astype(np.int64)), 32767) >> 4
    shift = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int64) - 4, 1)
    return np.sign(x) * ((((size >> shift) << shift) + (1 << shift >> 1)) << 4)


def twice_the_rate(x):
    spectrum = np.fft.rfft(x)
    wide = np.zeros(len(x) + 1, complex)
    wide[: len(spectrum)] = spectrum
    return np.fft.irfft(wide, 2 * len(x)) * 2


def windows():
    packs = [[]]
    for name in prompts():
        with wave.open(SOUNDS + name + ".wav") as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        if sum(map(len, packs[-1])) + len(samples) > 28 * 8000:
            packs.append([])
        packs[-1] += [samples, np.zeros(3200, "<i2")]
    for pack in packs:
        wide = twice_the_rate(through_alaw(np.concatenate(pack)).astype(float))
        yield np.clip(np.round(wide), -32768, 32767).astype("<i2")


def features(samples):
    def mel(hertz):
        return np.where(hertz < 1000, hertz * 3 / 200, 15 + np.log(np.maximum(hertz, 1) / 1000) * 27 / np.log(6.4))

    def hertz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    edges = hertz(np.linspace(0, mel(np.array(8000.0)), 82))[:, None]
    bins = np.arange(201) * 40.0
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0, np.minimum(rise, fall)) * 2 / (edges[2:] - edges[:-2])
    audio = np.zeros(480_000)
    audio[: len(samples)] = samples / 32768
    audio = np.concatenate([audio[200:0:-1], audio, np.zeros(200)])
    frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::160][:3000]
    power = np.abs(np.fft.rfft(frames * np.hanning(401)[:400])) ** 2
    log = np.log10(np.maximum(bank @ power.T, 1e-10))
    return ((np.maximum(log, log.max() - 8) + 4) / 4).astype(np.float32)[None]


def wheel(model, prepared):
    start = [50258, 50259, 50359]
    before = time.process_time()
    tokens = 0
    for frames, mel in prepared:
        encoded = model.encode(ctranslate2.StorageView.from_array(mel))
        result = model.generate(encoded, [start + [50363]], beam_size=5, return_scores=True,
                                return_no_speech_prob=True)[0]
        ids = result.sequences_ids[0]
        model.align(encoded, start, [ids], [frames], median_filter_width=7)
        tokens += len(ids)
    return time.process_time() - before, tokens


def main():
    program = sys.argv[1]
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.expanduser("~/.cache/callgist/whisper-base")
    model = ctranslate2.models.Whisper(folder, compute_type="int8", intra_threads=1, inter_threads=1)
    with tempfile.TemporaryDirectory() as place:
        prepared, seconds = [], 0
        for n, samples in enumerate(windows()):
            with wave.open(f"{place}/{n:03}.wav", "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", ""))
                file.writeframes(samples.tobytes())
            prepared.append((min(3000, len(samples) // 160), features(samples)))
            seconds += len(samples) / 16000
        wheel(model, prepared[:1])
        ours_s = wheel_s = 0
        for _ in range(ROUNDS):
            cpu, tokens = wheel(model, prepared)
            out = json.loads(subprocess.run([program, folder, place], stdout=subprocess.PIPE, check=True).stdout)
            wheel_s, ours_s = wheel_s + cpu, ours_s + out["cpu_s"]
            print(f"{len(prepared)} windows, {seconds:.0f} s: wheel {cpu / seconds:.4f} ({tokens} tokens), "
                  f"ours {out['cpu_s'] / seconds:.4f} ({out['words']} words) CPU s per s")
    print(f"ratio {ours_s / wheel_s:.3f} (bar 1.1)")


if __name__ == "__main__":
    main()
