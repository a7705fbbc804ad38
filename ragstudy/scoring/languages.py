"""How one says yes, no, and that one cannot answer, by language.

Examples:
    >>> side_in('Oui, en 1931.'), side_in('Nein.'), side_in('In 1931.')
    ('yes', 'no', None)
    >>> declines_in('Die Textstellen enthalten keine Angabe dazu.')
    True
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import regex

from ragstudy.text import word_spans

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class LanguageRules:
    """What the rules know of a language.

    Attributes:
        yes: words that say yes at the beginning of an answer.
        no: words that say no at the beginning of an answer.
        declines: expressions that say that there is no answer.
    """

    yes: tuple[str, ...]
    no: tuple[str, ...]
    declines: tuple[str, ...]


# English has its own rules in `abstention` and `claims`.
LANGUAGES: dict[str, LanguageRules] = {
    "de": LanguageRules(
        ("ja",),
        ("nein",),
        (
            r"\b(ich|wir) (weiß|weiss|wissen|kann|können)( es| das| dies)? (leider )?nicht",
            (
                r"\b(text\w*|passagen?|dokumente?n?|kontext|quellen?) (enthält|enthalten|nennt|nennen|sagt|sagen|erwähnt"
                r"|erwähnen|gibt|geben)\b.*\b(nicht|keine?n?)\b"
            ),
            r"\b(keine|nicht genügend) (information|angabe|auskunft|antwort)",
            r"^(nicht|un)(bekannt| bekannt| angegeben| erwähnt)\.?$",
        ),
    ),
    "fr": LanguageRules(
        ("oui",),
        ("non",),
        (
            r"\bje ne (sais|peux|trouve) (pas|rien)",
            (
                r"\b(passages?|textes?|documents?|contexte|sources?) ne (\w+ )?(contien\w+|mentionn\w+|dis\w+|dit|précis\w+"
                r"|indiqu\w+|fourni\w+|donn\w+|permet\w*) (pas|aucune?)"
            ),
            r"\b(aucune|pas d['e]\s?)\s?(information|réponse|mention)",
            r"^(non (précisé|mentionné|indiqué)e?|inconnue?)\.?$",
        ),
    ),
    "es": LanguageRules(
        ("sí",),
        ("no",),
        (
            r"\bno (lo )?(sé|puedo|sabemos|podemos)\b",
            (
                r"\b(pasajes?|textos?|documentos?|contexto|fuentes?) no (\w+ )?(contien\w+|mencion\w+|dic\w+|especific\w+"
                r"|indic\w+|proporcion\w+)"
            ),
            r"\bno (hay|se (encuentra|menciona|indica|especifica))\b",
            r"^(desconocido|no (especificado|mencionado|indicado))\.?$",
        ),
    ),
    "it": LanguageRules(
        ("sì",),
        ("no",),
        (
            r"\bnon (lo )?(so|posso|sappiamo|possiamo)\b",
            (
                r"\b(passaggi|passaggio|testi|testo|documenti|documento|contesto|fonti) non (\w+ )?(conteng\w+|contien\w+"
                r"|menzion\w+|dic\w+|specific\w+|indic\w+|forni\w+)"
            ),
            r"\b(nessuna informazione|non ci sono informazioni|non è (indicato|specificato|menzionato))",
            r"^(sconosciuto|non (specificato|indicato|menzionato))\.?$",
        ),
    ),
    "pt": LanguageRules(
        ("sim",),
        ("não",),
        (
            r"\bnão (o )?(sei|posso|sabemos|podemos|consigo)\b",
            (
                r"\b(passagens|passagem|textos?|documentos?|contexto|fontes?) não (\w+ )?(contém|contêm|mencion\w+|diz\w*"
                r"|especific\w+|indic\w+|fornec\w+)"
            ),
            r"\b(não há|nenhuma informação|não é (mencionado|indicado|especificado))",
            r"^(desconhecido|não (especificado|mencionado|indicado))\.?$",
        ),
    ),
    "nl": LanguageRules(
        ("ja",),
        ("nee", "neen"),
        (
            r"\b(ik|wij|we) (weet|weten|kan|kunnen) (het |dit |dat )?niet",
            (
                r"\b(passages?|tekst(en)?|documenten?|context|bronnen?) (bevat|bevatten|noemt|noemen|zegt|zeggen|vermeldt"
                r"|vermelden|geeft|geven)\b.*\b(niet|geen)\b"
            ),
            r"\bgeen (informatie|antwoord|vermelding)",
            r"^(onbekend|niet (vermeld|gegeven|bekend))\.?$",
        ),
    ),
    "pl": LanguageRules(
        ("tak",),
        ("nie",),
        (
            r"\bnie (wiem|wiemy|mogę|możemy)\b",
            (
                r"\b(fragment\w*|tekst\w*|dokument\w*|kontekst\w*|źródł\w*) nie (\w+ )?(zawiera\w*|wspomina\w*|mówi\w*"
                r"|podaj\w*|określa\w*)"
            ),
            r"\b(brak (informacji|odpowiedzi)|nie (podano|wspomniano|ma informacji))",
            r"^(nieznan[eya]|nie podano)\.?$",
        ),
    ),
    "zh": LanguageRules(
        ("是", "是的", "对", "對"),
        ("否", "不", "不是", "没有", "沒有"),
        (
            r"(我)?不知道|无法(回答|确定|得知)|無法(回答|確定|得知)",
            r"(文本|文章|段落|文档|上下文|资料|文中)[^。]*(没有|未)(提到|提及|说明|提供|包含|给出)?",
            r"^(未知|未提及|没有提到)。?$",
        ),
    ),
    "ja": LanguageRules(
        ("はい", "ええ"),
        ("いいえ", "いえ"),
        (
            r"(わかりません|分かりません|わからない|分からない)",
            r"(記載|記述|言及|情報)(が|は|も)?(されて)?(ありません|ない|いません|いない)",
            r"答えられません",
        ),
    ),
    "ko": LanguageRules(
        ("네", "예"),
        ("아니요", "아니오"),
        (
            r"(모릅니다|모르겠습니다|알 수 없습니다|알 수 없다)",
            r"(언급|정보|내용)[^.]*(없습니다|없다|않습니다|않는다)",
            r"답변할 수 없",
        ),
    ),
    "ar": LanguageRules(
        ("نعم",),
        ("لا", "كلا"),
        (
            r"لا (أعرف|اعرف|نعرف|أستطيع|يمكنني)",
            r"لا (يذكر|تذكر|يحتوي|تحتوي|توجد|يوجد)",
            r"^(غير (معروف|مذكور))\.?$",
        ),
    ),
    "hi": LanguageRules(
        ("हाँ", "हां", "जी हाँ"),
        ("नहीं", "जी नहीं"),
        (
            r"(मुझे|हमें) (नहीं (पता|मालूम)|(पता|मालूम) नहीं)",
            r"(जानकारी|उल्लेख)[^।]*नहीं",
            r"^अज्ञात।?$",
        ),
    ),
    "ru": LanguageRules(
        ("да",),
        ("нет",),
        (
            r"\b(я )?не (знаю|знаем|могу|можем)\b",
            r"\b(отрывк\w*|текст\w*|документ\w*|контекст\w*|источник\w*) не (\w+ )?(содерж\w+|упомин\w+|говор\w+|указ\w+)",
            r"\b(нет (информации|ответа|данных)|не (указан\w*|упоминается))",
            r"^неизвестно\.?$",
        ),
    ),
    "tr": LanguageRules(
        ("evet",),
        ("hayır",),
        (
            r"\b(bilmiyorum|bilmiyoruz|bilemiyorum|cevaplayamıyorum|yanıtlayamıyorum)\b",
            (
                r"\b(metin|metinde|pasaj\w*|belge\w*|bağlam\w*|kaynak\w*)\b.*\b(yok|bulunm\w+|belirtilm\w+|içermi\w+"
                r"|bahsedilm\w+)"
            ),
            r"\b(bilgi|cevap|yanıt) (yok|bulunm\w+)",
            r"^(bilinmiyor|belirtilmemiş)\.?$",
        ),
    ),
}
KNOWN = ("en", *LANGUAGES)
_DECLINES = regex.compile(
    "|".join(f"(?:{one})" for rules in LANGUAGES.values() for one in rules.declines), regex.IGNORECASE
)
_SIDES = {"yes": "yes", "no": "no"} | {
    word: side for rules in LANGUAGES.values() for side, some in (("yes", rules.yes), ("no", rules.no)) for word in some
}
_LONGEST_FIRST = sorted(_SIDES, key=len, reverse=True)
_LETTER_AFTER = regex.compile(r"[\p{L}\p{M}]")
_HAN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]")


_ENGLISH = frozenset(
    ("the", "and", "that", "with", "this", "from", "are", "which", "were", "been", "their", "would", "these", "because")
)


def reads_as_english(texts: Iterable[str]) -> bool:
    """Whether texts are English: at least one in twenty-five words is one that hardly another language has.

    In English prose about one in ten is (`the`, `and`, `that`).

    Args:
        texts: read as one.
    """
    told = [word for text in texts for word, _, _ in word_spans(text)]
    return bool(told) and sum(word in _ENGLISH for word in told) * 25 >= len(told)


def side_in(text: str) -> str | None:
    """'yes' or 'no', whichever a text begins with in any known language; None if it begins otherwise.

    Args:
        text: an answer or a reference.
    """
    begun = unicodedata.normalize("NFC", text).lstrip(" \"'*_«“¿¡").casefold()
    for word in _LONGEST_FIRST:
        rest = begun[len(word) :]
        # In scripts without blanks a letter may follow; elsewhere the word must end.
        if begun.startswith(word) and (_HAN.match(word) or not _LETTER_AFTER.match(rest)):
            return _SIDES[word]
    return None


def declines_in(text: str) -> bool:
    """Whether a text says in a known language other than English that there is no answer.

    Args:
        text: an answer.
    """
    return _DECLINES.search(unicodedata.normalize("NFC", text)) is not None
