"""Sound for browsers."""

import io
import wave

from hypothesis import given
from hypothesis import strategies as st

from examhall.core.proctoring.evidence import EvidenceContent
from examhall.core.proctoring.sound import serve, to_wav


@given(st.binary(max_size=2000).map(lambda data: data[: len(data) // 2 * 2]))
def test_a_wav_file_holds_the_samples(samples: bytes) -> None:
    with wave.open(io.BytesIO(to_wav(samples))) as file:
        assert file.getparams()[:3] == (1, 2, 16_000)
        assert file.readframes(file.getnframes()) == samples


def test_only_sound_is_wrapped() -> None:
    sound = serve(EvidenceContent(b"\0\1", "audio/l16", "ab"))
    assert (sound.content_type, sound.sha256, len(sound.data)) == ("audio/wav", "ab", 46)
    picture = EvidenceContent(b"\xff\xd8", "image/jpeg", "cd")
    assert serve(picture) == picture
