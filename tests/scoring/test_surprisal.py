"""What one text explains of another: the words' shares, what is kept of them, and the scores that they make."""

from __future__ import annotations

import math
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.files import cache_folder
from ragstudy.kept import Kept
from ragstudy.protocols import LikelihoodSource, TokenLog
from ragstudy.records import Case, Question
from ragstudy.scoring.alignment import Aligner
from ragstudy.scoring.claims import judge
from ragstudy.scoring.languages import reads_as_english
from ragstudy.scoring.long_answers import LongAnswers, beyond_chance, readings_of
from ragstudy.scoring.measures import Resources, make_measure
from ragstudy.scoring.surprisal import SurprisalEvidence, best_share, source_for
from ragstudy.scoring.words import WordWeights
from ragstudy.testing import HashEmbedder
from ragstudy.text import word_list, word_spans

ASKED = "What happens when the pump runs dry?"
REFERENCE = "The pump stops after ten minutes. The valve on the left side opens. An alarm sounds in room 12."
FREE = Question("q", ASKED, (REFERENCE,), type="summary")
GERMAN = "Die Pumpe bleibt nach zehn Minuten stehen, das linke Ventil geht auf und in Raum 12 ertönt ein Alarm."
RARE, TOLD = math.log(1e-4), math.log(0.9)


class WordModel:
    """Finds a word likely if what stands before holds it; counts what it is asked."""

    def __init__(self):
        self.asked = []

    def token_logs(self, pairs):
        self.asked += pairs
        return [
            [TokenLog(a, z, TOLD if word in word_list(before) else RARE) for word, a, z in word_spans(text)]
            for before, text in pairs
        ]


@pytest.fixture
def model():
    return WordModel()


@pytest.fixture
def source(model, request):
    return LikelihoodSource("words", request.node.name, lambda: model, only_english=True)


def scored(answer, source, question=FREE):
    aligner = Aligner(HashEmbedder, WordWeights([REFERENCE]))
    return judge(question, answer, WordWeights([REFERENCE]), LongAnswers(aligner, source and SurprisalEvidence(source)))


def test_words_that_the_other_text_holds_are_explained_and_others_are_not(source):
    found = dict(SurprisalEvidence(source).of(ASKED, "The valve sings when the pump runs.", REFERENCE))
    assert found["valve"] == pytest.approx((RARE - TOLD) / RARE, abs=1e-3)
    assert found["sings"] == 0
    assert "pump" not in found  # it stands in the question
    assert "the" not in found


def test_what_a_text_says_by_itself_is_read_once_for_all_that_explains_it(source, model):
    answers = ["The pump stops.", "An alarm sounds.", "The valve opens."]
    SurprisalEvidence(source).prepare((ASKED, REFERENCE, answer) for answer in answers[:2])
    assert sum("Text:" not in before for before, _ in model.asked) == 1
    SurprisalEvidence(source).prepare((ASKED, REFERENCE, answer) for answer in answers)
    assert sum("Text:" not in before for before, _ in model.asked) == 1
    assert len(model.asked) == 4


def test_a_text_whose_every_word_stands_in_the_question_is_looked_at_all_the_same(source):
    assert [one.word for one in SurprisalEvidence(source).of(ASKED, "the pump", REFERENCE)] == ["the", "pump"]


@pytest.mark.parametrize("empty", ["", " ", "..."])
def test_a_text_without_a_word_explains_nothing_and_is_not_explained(source, empty):
    evidence = SurprisalEvidence(source)
    assert evidence.of(ASKED, empty, REFERENCE) == []
    assert best_share(evidence.of(ASKED, REFERENCE, empty)) == 0


def test_a_reference_given_back_is_right_and_complete(source):
    judged = scored(REFERENCE, source)
    assert min(judged.accuracy, judged.completeness) > 0.95


def test_an_answer_about_something_else_is_neither(source):
    judged = scored("Bananas grow in warm countries.", source)
    assert max(judged.accuracy, judged.completeness) < 0.1


def test_half_an_answer_is_right_and_not_complete(source):
    half, whole = scored("The valve on the left side opens.", source), scored(REFERENCE, source)
    assert half.accuracy > 0.7
    assert half.completeness < 0.7 * whole.completeness


def test_without_a_model_the_claims_decide():
    aligner = Aligner(HashEmbedder, WordWeights([REFERENCE]))
    answer = "The valve opens. Bananas grow."
    assert LongAnswers(aligner).both(ASKED, REFERENCE, answer) == aligner.both(ASKED, REFERENCE, answer)


def test_what_an_unrelated_text_explains_counts_for_nothing():
    assert [beyond_chance(share) for share in (0.0, 0.1, 0.15, 1.0)] == [0, 0, 0, 1]


@given(st.text(max_size=120))
def test_scores_of_any_text_lie_between_0_and_1(text):
    judged = scored(text, LikelihoodSource("words", "any", WordModel))
    assert 0 <= judged.accuracy <= 1
    assert 0 <= judged.completeness <= 1


def test_preparing_reads_everything_once_and_says_how_much(source, model):
    cases = [Case(FREE, "The valve opens."), Case(FREE, "A bell rings in room 12."), Case(FREE, "The valve opens.")]
    answers = LongAnswers(Aligner(HashEmbedder, WordWeights([])), SurprisalEvidence(source))
    done = []
    answers.prepare(cases, done.append)
    assert sum(done) == answers.n_readings(cases) == 2
    n_asked = len(model.asked)
    # The reference once without a text, and after each of two answers.
    assert n_asked == len(set(model.asked)) == 3
    answers.both(ASKED, REFERENCE, "The valve opens.")
    assert len(model.asked) == n_asked


def test_another_process_reads_nothing_again(source, model):
    reading = (ASKED, "The valve opens.", REFERENCE)
    first = SurprisalEvidence(source).of(*reading)
    n_asked = len(model.asked)
    again = SurprisalEvidence(source)
    assert again.known(*reading) == again.of(*reading) == first
    assert len(model.asked) == n_asked
    assert again.known(ASKED, "Never read.", REFERENCE) == []


def test_a_damaged_cache_is_no_reason_to_stop(source):
    path = cache_folder() / "surprisal" / f"{source.identity}.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no database " * 100)
    assert scored(REFERENCE, source).accuracy > 0.95
    # It is made anew, so that the next process reads nothing again.
    assert SurprisalEvidence(source).known(ASKED, REFERENCE, REFERENCE)


def test_two_processes_that_keep_the_same_go_on_with_the_first(tmp_path):
    first, second = Kept(tmp_path / "kept.sqlite"), Kept(tmp_path / "kept.sqlite")
    first.add({"a": b"1"})
    second.add({"a": b"2", "b": b"3"})
    third = Kept(tmp_path / "kept.sqlite")
    assert (third.get("a"), third.get("b"), third.get("c")) == (b"1", b"3", None)
    assert sqlite3.connect(tmp_path / "kept.sqlite").execute("SELECT count(*) FROM kept").fetchone() == (2,)


def test_declined_answers_and_short_references_are_not_read():
    declined = Case(FREE, "The passages do not say.")
    short = Case(Question("s", "Which room?", ("room 12",)), "room 12")
    both = Case(Question("b", ASKED, ("room 12", REFERENCE)), "The valve opens. [2]")
    assert list(readings_of([declined, short, both])) == [
        (ASKED, REFERENCE, "The valve opens."),
    ]


def test_a_model_of_english_reads_english_domains_only(source):
    german = Question("d", "Was passiert, wenn die Pumpe leer läuft?", (GERMAN,), type="summary")
    assert source_for([FREE], source) is source
    assert source_for([german], source) is None
    assert source_for([german], LikelihoodSource("own", "own", WordModel)) is not None
    assert source_for([Question("s", "Which room?", ("room 12",))], source) is None
    assert source_for([FREE], None) is None


@pytest.mark.parametrize(
    ("text", "is_english"),
    [
        (REFERENCE, True),
        ("Metformin lowers the production of glucose in the liver and makes muscles take up more of it.", True),
        (GERMAN, False),
        ("La pompe s'arrête après dix minutes et une alarme retentit dans la salle 12.", False),
        ("De pomp stopt na tien minuten en er gaat een alarm af in kamer 12.", False),
        ("La bomba se detiene a los diez minutos y suena una alarma en la sala 12.", False),
        ("A bomba para ao fim de dez minutos e um alarme soa na sala 12.", False),
        (
            "Maskinen skal slukkes for at undgå, at der kommer vand i motoren, og for at sikre at den er i orden.",
            False,
        ),
        ("O motor não liga porque a bateria perde a carga no frio e as velas do lado de fora estão gastas.", False),
        ("Die motor is in die water en was of as van die man se huis, en hy was in die tuin.", False),
        ("ポンプは十分後に止まり、左の弁が開く。", False),
        ("", False),
    ],
)
def test_english_is_told_by_its_function_words(text, is_english):
    assert reads_as_english([text]) is is_english


def test_measures_share_what_was_read(source, model):
    resources = Resources(WordWeights([REFERENCE]), HashEmbedder, source)
    made = [make_measure(name, resources).score(FREE, "The valve opens.") for name in ("accuracy", "completeness")]
    assert 0 < min(made) <= max(made) < 1
    assert len(model.asked) == len(set(model.asked))
