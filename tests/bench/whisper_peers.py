"""What others take for the same calls, as JSON: CPU seconds, and the text of each side.

    python whisper_peers.py faster_whisper|wheel_packed MODEL-FOLDER WAV-FOLDER

`tests/bench/whisper.rs` writes the WAV files (16 kHz: CALL-SIDE-all.wav whole sides, CALL-SIDE-NNN.wav packed windows,
`languages` the calls' languages) and runs it. int8, one thread, beam 5, word times. Of the wheel the features are made
before its time is taken.
"""
import collections, json, os, sys, time, wave
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", HF_HUB_OFFLINE="1")
import numpy as np

TOKENS = {"en": 50259, "de": 50261, "fr": 50265}


def samples(path):
    with wave.open(path) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def faster_whisper(model, sides, languages):
    from faster_whisper import WhisperModel
    whisper = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1)

    def heard(path, language):
        sound = samples(path).astype(np.float32) / 32768
        found, _ = whisper.transcribe(sound, language=language, beam_size=5, word_timestamps=True, vad_filter=True)
        return "".join(part.text for part in found)

    name = next(iter(sides))
    heard(sides[name][0], languages[name])
    before, texts = time.process_time(), {}
    for name, paths in sides.items():
        texts[name] = heard(paths[0], languages[name])
    return time.process_time() - before, texts


def wheel_packed(model, sides, languages):
    import ctranslate2
    from tokenizers import Tokenizer
    from whisper_cost import features
    whisper = ctranslate2.models.Whisper(model, compute_type="int8", intra_threads=1, inter_threads=1)
    words = Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    prepared = [(name, min(3000, len(sound) // 160), features(sound))
                for name, paths in sides.items() for sound in map(samples, paths)]

    def heard(name, frames, mel):
        start = [50258, TOKENS[languages[name]], 50359]
        encoded = whisper.encode(ctranslate2.StorageView.from_array(mel))
        result = whisper.generate(encoded, [start + [50363]], beam_size=5, return_scores=True,
                                  return_no_speech_prob=True)[0]
        ids = result.sequences_ids[0]
        if ids:
            whisper.align(encoded, start, [ids], [frames], median_filter_width=7)
        return words.decode(ids)

    heard(*prepared[0])
    before, texts = time.process_time(), collections.defaultdict(str)
    for name, frames, mel in prepared:
        texts[name] += heard(name, frames, mel)
    return time.process_time() - before, texts


def main():
    way, model, place = sys.argv[1:]
    whole = way == "faster_whisper"
    sides, languages = collections.defaultdict(list), {}
    with open(os.path.join(place, "languages")) as file:
        of_calls = file.read().split()
    for file in sorted(name for name in os.listdir(place) if name.endswith(".wav")):
        call, side, part = file[:-4].split("-")
        if (part == "all") == whole:
            sides[f"{call}-{side}"].append(os.path.join(place, file))
            languages[f"{call}-{side}"] = of_calls[int(call)]
    cpu_s, texts = {"faster_whisper": faster_whisper, "wheel_packed": wheel_packed}[way](model, sides, languages)
    print(json.dumps({"cpu_s": cpu_s, "texts": texts}))


main()
