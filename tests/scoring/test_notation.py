"""The same fact in another notation or language scores the same; another fact does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstudy.notation import spelled_out, words_of
from ragstudy.records import Fact, Question
from ragstudy.scoring.abstention import abstains
from ragstudy.scoring.claims import found_facts, judge, side_of
from ragstudy.scoring.languages import LANGUAGES
from ragstudy.scoring.words import WordWeights, holds, words


def says(form: str, text: str) -> bool:
    return bool(found_facts(Question("q", "?", ("x",), (Fact("f", (form,)),)), text))


SAME = [
    ("1,200", "1200"),
    ("1200", "1,200 kg"),
    ("1,200", "1 200"),
    ("1,200", "1\u202f200"),
    ("12.0", "12"),
    ("1.50", "1.5"),
    (".5", "0.5"),
    ("3,5", "3.5"),
    ("50%", "50 percent"),
    ("50 per cent", "50 %"),
    ("$5 million", "$5,000,000"),
    ("2.5 million", "2,500,000"),
    ("€30", "30 euros"),
    ("3km", "3 km"),
    ("1.5 kg", "1500 g"),
    ("12 hours", "720 minutes"),
    ("0.25 litres", "250 ml"),
    ("12 mg/kg", "12mg/kg"),
    ("10-20", "10 to 20"),
    ("10\u201320", "10-20"),
    ("4 July 1776", "July 4, 1776"),
    ("1776-07-04", "July 4, 1776"),
    ("4th July 1776", "July 4 1776"),
    ("4 Jul 1776", "July 4, 1776"),
    ("1st", "first"),
    ("half", "1/2"),
    ("½", "1/2"),
    ("CO2", "CO₂"),
    ("10⁵", "10^5"),
    ("5 \u00b5g", "5 \u03bcg"),
    ("café", "cafe\u0301"),
    ("Erdős", "Erdos"),
    ("straße", "Strasse"),
    ("O'Neil", "O\u2019Neil"),
    ("TNF-α", "TNF-alpha"),
    ("IL-6", "IL6"),
    ("e-mail", "email"),
    ("U.S.", "US"),
    ("北京", "首都是北京。"),
    ("東京", "首都は東京です"),
    (
        "กรุงเทพ",
        "เมืองหลวงคือกรุงเทพ",
    ),
    ("भारत", "यह भारत है"),
    ("１２", "12"),
    ("21", "twenty-one"),
    ("205", "two hundred five"),
    ("1000", "one thousand"),
    ("C++", "C++"),
    ("\u2192", "\u2192"),
    ("+", "+"),
    ("-3", "\u22123"),
]
OTHER = [
    ("C++", "C"),
    ("C", "C++"),
    (">5", "<5"),
    ("+3", "-3"),
    ("-3", "3"),
    ("3", "-3"),
    ("-40 °C", "40 °C"),
    ("not yet", "yet"),
    ("!", "?"),
    ("100", "one thousand"),
    ("12", "120"),
    ("1.2", "12"),
    ("5 mg", "5 \u00b5g"),
    ("1.5 kg", "1.5 g"),
    ("4 July 1776", "4 June 1776"),
    ("half", "1/3"),
    ("1", "the one that fits"),
    ("北京", "南京"),
]


@pytest.mark.parametrize(("form", "text"), SAME)
def test_the_same_in_another_notation_is_found(form, text):
    assert says(form, text)
    assert says(form, f"It is {text}.")


@pytest.mark.parametrize(("text", "form"), SAME)
def test_notations_stand_for_each_other(text, form):
    if len(words(form)) <= len(words(text)):
        assert says(form, text)


@pytest.mark.parametrize(("form", "text"), OTHER)
def test_something_else_is_not_found(form, text):
    assert not says(form, text)
    assert not says(form, f"It is {text}.")


@given(st.text(max_size=60))
def test_every_text_holds_itself(text):
    said = words(text)
    assert not said or holds(said, said)
    # Not of the text itself: a dotless i in capitals is any other I.
    capitals = text.upper()
    assert words(capitals) == words(capitals.lower())


@given(st.integers(0, 10**9))
def test_a_number_is_found_with_and_without_its_commas(number):
    assert says(str(number), f"{number:,}")
    assert says(f"{number:,}", str(number))
    assert not says(str(number), f"{number + 1:,}")


WEIGHTS = WordWeights([])
# By language: a question's reference, a right answer, a wrong one, and one that declines.
BY_LANGUAGE = {
    "de": ("Die Lampe ist grün.", "Grün.", "Rot.", "Ich weiß es nicht."),
    "fr": ("La lampe est verte.", "Verte.", "Rouge.", "Je ne sais pas."),
    "es": ("La lámpara es verde.", "Es verde.", "Roja.", "No lo sé."),
    "it": ("La lampada è verde.", "È verde.", "Rossa.", "Non lo so."),
    "pt": ("A lâmpada é verde.", "É verde.", "Vermelha.", "Não sei."),
    "nl": ("De lamp is groen.", "Groen.", "Rood.", "Ik weet het niet."),
    "pl": ("Lampa jest zielona.", "Zielona.", "Czerwona.", "Nie wiem."),
    "zh": (
        "灯是绿色的。",
        "绿色。",
        "红。",
        "文中没有提到。",
    ),
    "ja": (
        "ランプは緑色です。",
        "緑色。",
        "赤。",
        "わかりません。",
    ),
    "ko": (
        "램프는 초록색이다.",
        "초록색이다.",
        "빨강.",
        "모르겠습니다.",
    ),
    "ar": (
        "المصباح أخضر.",
        "أخضر.",
        "أحمر.",
        "لا أعرف.",
    ),
    "hi": (
        "दीपक हरा है।",
        "हरा है।",
        "लाल।",
        "मुझे नहीं पता।",
    ),
    "ru": (
        "Лампа зелёная.",
        "Зелёная.",
        "Красный.",
        "Я не знаю.",
    ),
    "tr": ("Lamba yeşildir.", "Yeşildir.", "Kırmızı.", "Bilmiyorum."),
}


def test_every_language_of_the_table_has_an_example():
    assert set(BY_LANGUAGE) == set(LANGUAGES)


@pytest.mark.parametrize("language", BY_LANGUAGE)
def test_right_wrong_and_declining_are_told_apart_in_every_language(language):
    reference, right, wrong, declining = BY_LANGUAGE[language]
    asked = Question("q", "?", (reference,))
    assert judge(asked, right, WEIGHTS).accuracy > 0.9
    assert judge(asked, wrong, WEIGHTS).accuracy == 0
    assert abstains(declining)
    assert not abstains(right)
    assert not abstains(reference)
    assert judge(asked, reference, WEIGHTS).completeness == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_yes_and_no_are_sides_in_every_language(language):
    rules = LANGUAGES[language]
    for side, some in (("yes", rules.yes), ("no", rules.no)):
        for word in some:
            asked = Question("q", "Is it?", (word,), type="yesno")
            assert side_of(f"{word.capitalize()}, 1931.") == side
            assert judge(asked, f"{word}.", WEIGHTS).accuracy == 1
            assert judge(asked, "Yes." if side == "no" else "No.", WEIGHTS).accuracy == 0


def test_a_name_that_begins_like_a_no_takes_no_side():
    for text in ("Nobody knew.", "Japan", "Simon said so.", "Northern lamps", "Sima"):
        assert side_of(text) is None


def test_sentences_items_and_words_are_counted_in_scripts_without_blanks():
    from ragstudy.scoring.claim_text import claims_of
    from ragstudy.text import n_words

    assert claims_of("灯是绿色的。它在四号房间里。") == ["灯是绿色的。", "它在四号房间里。"]
    assert n_words("灯是绿色的。") == 5
    assert n_words("The lamp, in room 4.") == 5
    assert n_words("Лампа зелёная.") == 2
    assert abstains("文中没有提到" + "，灯是绿色的" * 10) is False
    asked = Question("q", "盒子里有什么？", ("灯、钥匙。",), (Fact("a", ("灯",)), Fact("b", ("钥匙",))), type="list")
    assert judge(asked, "灯、钥匙", WEIGHTS).accuracy == 1
    assert judge(asked, "灯、钥匙、苹果", WEIGHTS).accuracy == pytest.approx(2 / 3)


UNIT_WORDS = [
    "1",
    "2",
    "12",
    "1/2",
    "half",
    "ft",
    "inch",
    "in",
    "lb",
    "oz",
    "hours",
    "minutes",
    "and",
    "men",
    "s",
    "-3",
    "kg",
    "g",
]


@given(st.lists(st.sampled_from(UNIT_WORDS), max_size=12))
def test_any_words_beside_units_are_spelled_out(some):
    assert all(isinstance(word, str) and word for word in spelled_out(some))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3 hours and 48 minutes", ["13680", "s"]),
        ("6 ft 1 in", ["73", "inch"]),
        ("1 ft, 1/2 inch", ["12", "inch", "1/2", "inch"]),
        ("1 hour 90 minutes", ["3600", "s", "5400", "s"]),
        ("article II", ["article", "2"]),
        ("Elizabeth II", ["elizabeth", "ii"]),
    ],
)
def test_quantities_in_two_units_are_one(text, words):
    assert spelled_out(words_of(text)) == words
