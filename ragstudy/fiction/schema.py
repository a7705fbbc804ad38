"""What a kind of thing is in an invented world: its relations and the ways people write about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragstudy.fiction.values import Maker

# {s} subject, {ps} its possessive, {r} the relation's label, {v} the value. A sentence template names
# its subject exactly once, so that a pronoun can stand for it after the first mention.
STATEMENTS = (
    "The {r} of {s} is {v}.",
    "For {s}, the {r} is {v}.",
    "{ps} {r} is {v}.",
    "The {r} recorded for {s} is {v}.",
    "As for the {r}, {s} is listed with {v}.",
    "{s} is listed with {v} as its {r}.",
    "In the register, the {r} of {s} is {v}.",
    "The {r} given for {s} is {v}.",
    "According to the file on {s}, the {r} is {v}.",
    "The current {r} of {s} is {v}.",
)
QUESTIONS = (
    "What is the {r} of {s}?",
    "Which {r} is recorded for {s}?",
    "What is {ps} {r}?",
    "For {s}, what is the {r}?",
    "Can you tell me the {r} of {s}?",
    "{r} of {s}",
    "Please give the {r} of {s}.",
    "I need to know the {r} of {s}.",
    "{s}: what is the {r}?",
    "What does the file on {s} say about the {r}?",
)
LIST_STATEMENTS = (
    "The {r} of {s} are {v}.",
    "For {s}, the {r} are {v}.",
    "{ps} {r} are {v}.",
    "The {r} recorded for {s} are {v}.",
    "Among the {r} of {s} are {v}.",
    "{s} is listed with {v} as its {r}.",
    "In the register, the {r} of {s} are {v}.",
    "The {r} given for {s} are {v}.",
    "According to the file on {s}, the {r} are {v}.",
    "The known {r} of {s} are {v}.",
)
LIST_QUESTIONS = (
    "What are the {r} of {s}?",
    "Which {r} are recorded for {s}?",
    "What are {ps} {r}?",
    "List the {r} of {s}.",
    "Can you name the {r} of {s}?",
    "{r} of {s}",
    "Please list all {r} of {s}.",
    "I need to know the {r} of {s}.",
    "{s}: which {r} are there?",
    "What does the file on {s} say about the {r}?",
)
# Questions for several relations at once; {rs} is the joined labels.
MULTI_QUESTIONS = (
    "What are the {rs} of {s}?",
    "State the {rs} of {s}.",
    "Please give the {rs} of {s}.",
    "For {s}, what are the {rs}?",
    "I need the {rs} of {s}.",
    "Tell me the {rs} of {s}.",
    "{s}: what are the {rs}?",
    "Summarise {s} by its {rs}.",
    "Can you tell me the {rs} of {s}?",
    "Which {rs} are recorded for {s}?",
)
SUMMARY_QUESTIONS = (
    "Summarise {s}: {rs}.",
    "Give an overview of {s} with the {rs}.",
    "Describe {s} by the {rs}.",
    "What is known about {s}? Mention the {rs}.",
    "Write a short summary of {s}: the {rs}.",
    "Sum up the {rs} of {s}.",
    "Tell me about {s}, with the {rs}.",
    "Introduce {s}, naming the {rs}.",
    "{s} in brief: {rs}.",
    "Draw up a fact sheet on {s} with the {rs}.",
)
YESNO_QUESTIONS = (
    "Is the {r} of {s} {v}?",
    "Is {v} the {r} of {s}?",
    "Is it true that the {r} of {s} is {v}?",
    "For {s}, is the {r} {v}?",
    "Is {v} given as the {r} of {s}?",
    "Can you confirm that the {r} of {s} is {v}?",
    "Is it right that {s} has {v} as its {r}?",
    "Is {v} what is recorded as the {r} of {s}?",
    "Does the file on {s} give {v} as the {r}?",
    "Is {ps} {r} {v}?",
)
# Comparisons of two things of a kind, answered by yes or no; {o} is the other thing, {c} 'higher' or 'later'.
COMPARISON_QUESTIONS = (
    "Is the {r} of {s} {c} than that of {o}?",
    "Does {s} have a {c} {r} than {o}?",
    "Is it true that {s} has a {c} {r} than {o}?",
    "Comparing {s} with {o}, is its {r} {c}?",
    "Is {ps} {r} {c} than that of {o}?",
    "Can you confirm that the {r} of {s} is {c} than that of {o}?",
    "Set beside {o}, does {s} have a {c} {r}?",
    "Next to {o}, is the {r} of {s} {c}?",
    "Is the {r} {c} for {s} than for {o}?",
    "Would you say that the {r} of {s} is {c} than the one of {o}?",
)


@dataclass(frozen=True)
class Relation:
    """One attribute that things of a kind have.

    Attributes:
        label: the noun that names it, singular for scalars and plural for lists ('half-life').
        make: draws a value.
        statements: sentence templates of its own, beside the general ones.
        questions: question templates of its own, beside the general ones.
        is_list: whether its values are lists.
        section: heading of the documents' part that states it, where the schema has sections.
        refers_to: noun of the kind whose things may be its values ('the drug'); the world then holds such links.
        described: what the thing referred to can be called instead of its name ('the drug tested in {s}'), for
            questions that take two steps; of a relation that refers and has one value.
    """

    label: str
    make: Maker
    statements: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    is_list: bool = False
    section: str = ""
    refers_to: str = ""
    described: tuple[str, ...] = ()

    @property
    def all_statements(self) -> tuple[str, ...]:
        """Every sentence template that can state it."""
        return self.statements + (LIST_STATEMENTS if self.is_list else STATEMENTS)

    @property
    def all_questions(self) -> tuple[str, ...]:
        """Every question template that can ask for it."""
        return self.questions + (LIST_QUESTIONS if self.is_list else QUESTIONS)


@dataclass(frozen=True)
class Kind:
    """One kind of thing a document can be about.

    Attributes:
        noun: what it is called after its first mention ('the drug').
        name: draws the name's form around an invented word, e.g. ('drug', '{}').
        relations: its attributes.
        openings: first sentences; {s} is the name.
        asides: sentences that state no fact that is asked for.
        mentions: sentences that name another thing, {o}, and state no fact that is asked for.
        pronoun: what stands for the name in a sentence that goes on about it; the noun, where 'it' would be rude.
        takes_article: whether a name of several words is written with 'the' ('the Velham trial').
        has_editions: whether some documents are withdrawn editions with other values, which nobody asks about.
    """

    noun: str
    name: tuple[str, str]
    relations: tuple[Relation, ...]
    openings: tuple[str, ...]
    asides: tuple[str, ...]
    mentions: tuple[str, ...] = ()
    pronoun: str = "it"
    takes_article: bool = True
    has_editions: bool = False


@dataclass(frozen=True)
class Schema:
    """A domain: the kinds of thing its documents describe.

    Attributes:
        name: of the domain.
        title: one line about it.
        kinds: the first occurs twice as often as each other.
        sections: headings of every document, in order; none for documents without parts.
        share_alike: share of the things whose name resembles that of an earlier thing of their kind, or is that of
            an earlier thing of another kind ('the siege of Velham' beside 'Velham').
        share_tables: share of the documents that give some of their facts in a table.
        search_like: whether most questions are written as people type them into a search box.
    """

    name: str
    title: str
    kinds: tuple[Kind, ...]
    sections: tuple[str, ...] = ()
    share_alike: float = 0.0
    share_tables: float = 0.0
    search_like: bool = False
