"""The papers domain: articles of an invented field, the study of tides in closed vessels, one document a paper."""

from ragstudy.fiction.schema import Kind, Relation, Schema
from ragstudy.fiction.values import invented, number, one_of, person, some_invented, some_of, year

_LIMITS = (
    "the vessel was never emptied|only one liquid was tried|the sensors drift at night|the sample is small|"
    "no second laboratory has repeated it|the walls absorb part of the wave|long runs were stopped early|"
    "the scale is not linear|air leaks were not ruled out"
)
_SENSORS = "float gauges|pressure pads|a laser sheet|hot wires|dye cameras|echo probes|tilt meters|strain foils"

METHOD = Kind(
    noun="the method",
    name=("thing", "{}"),
    relations=(
        Relation(
            "dataset",
            invented("place", "the {} records"),
            ("We train {s} on {v}.", "All results of {s} were obtained on {v}."),
            ("On which dataset is {s} trained?", "What data was {s} evaluated on?"),
            section="Data",
        ),
        Relation(
            "dataset size",
            number(400, 96000, "readings", step=100),
            ("In total, {s} sees {v}.", "{v} were available for {s}."),
            ("How many readings does {s} see?", "How large is the dataset used for {s}?"),
            section="Data",
        ),
        Relation(
            "number of annotators",
            number(2, 40, "people"),
            ("{v} labelled the data of {s}.",),
            ("How many annotators labelled the data of {s}?",),
            section="Data",
        ),
        Relation(
            "baseline",
            invented("thing"),
            ("We compare {s} with {v}.", "{v} is the strongest rival of {s}."),
            ("What is {s} compared with?", "What baseline does {s} have?"),
            section="Experiments",
            refers_to="the method",
            described=("the method that {s} is compared with", "the baseline of {s}", "the strongest rival of {s}"),
        ),
        Relation(
            "mean error",
            number(2, 97, "millimetres", short="mm"),
            ("{s} reaches a mean error of {v}.", "With {s}, the error falls to {v}."),
            ("Which mean error does {s} reach?", "How large is the error of {s}?"),
            section="Experiments",
        ),
        Relation(
            "training time",
            number(2, 190, "hours", short="h"),
            ("Training {s} takes {v}.", "{s} was trained for {v}."),
            ("How long does training {s} take?", "For how long was {s} trained?"),
            section="Experiments",
        ),
        Relation(
            "number of layers",
            number(2, 48, "layers"),
            ("{s} stacks {v}.", "The filter of {s} has {v}."),
            ("How many layers does {s} stack?", "How deep is the filter of {s}?"),
            section="Method",
        ),
        Relation(
            "objective",
            one_of(
                "the squared height error|the phase difference|the energy balance|the rank of the waves|"
                "the log of the period|the absolute drift|the crest distance"
            ),
            ("{s} minimises {v}.", "What {s} learns from is {v}."),
            ("What does {s} minimise?", "What does {s} learn from?"),
            section="Method",
        ),
        Relation(
            "predecessor",
            invented("thing"),
            ("{s} extends {v}.", "Like {v}, on which it builds, {s} works in two passes."),
            ("What does {s} extend?", "On which earlier method does {s} build?"),
            section="Introduction",
            refers_to="the method",
            described=("the method that {s} extends", "the method on which {s} builds"),
        ),
        Relation(
            "corresponding author",
            person(),
            ("Questions about {s} go to {v}.",),
            ("To whom do questions about {s} go?",),
            section="Introduction",
        ),
        Relation(
            "year of publication",
            year(1996, 2024),
            ("{s} was first presented in {v}.",),
            ("When was {s} first presented?",),
            section="Introduction",
        ),
        Relation(
            "sensors",
            some_of(_SENSORS),
            ("{s} reads {v}.", "{v} deliver the input of {s}."),
            ("What does {s} read?", "Which sensors deliver the input of {s}?"),
            is_list=True,
            section="Method",
        ),
        Relation(
            "test basins",
            some_invented("place"),
            ("{s} was tested in {v}.", "The basins of {v} served to test {s}."),
            ("Where was {s} tested?", "In which basins was {s} tested?"),
            is_list=True,
            section="Experiments",
        ),
        Relation(
            "limitations",
            some_of(_LIMITS, 2, 3),
            ("Readers of {s} should know that {v}.",),
            ("What should readers of {s} know?", "Which weaknesses of {s} do the authors admit?"),
            is_list=True,
            section="Limitations",
        ),
    ),
    openings=(
        "We present {s}, a method for predicting tides in closed vessels.",
        "This paper introduces {s}.",
        "Tides in closed vessels are hard to predict; {s} is our answer.",
        "{s} is a new way to read closed-vessel tides.",
    ),
    asides=(
        "Details are given in the appendix.",
        "We found this to be robust.",
        "Earlier work did not look at this.",
        "Similar observations were made before.",
        "The code will be published.",
    ),
)

PAPERS = Schema(
    "papers",
    "Papers on tides in closed vessels, an invented field",
    (METHOD,),
    sections=("Introduction", "Method", "Data", "Experiments", "Limitations"),
    share_tables=0.35,
)
