"""The handbook domain: a company's product manuals and policies."""

from ragstudy.fiction.schema import Kind, Relation, Schema
from ragstudy.fiction.values import invented, number, one_of, person, some_invented, some_of, year

_COLOURS = "white|black|sand|olive|navy|copper|slate|coral|mint|amber|ivory|plum"
_PARTS = (
    "a charging cable|a carrying case|two spare filters|a wall bracket|a quick guide|a cleaning brush|"
    "an extension tube|a set of screws|a shoulder strap|a travel adapter|a dust cover|a remote control"
)
_TEAMS = (
    "Facilities|Payroll|Legal|Field Service|Customer Care|Procurement|Quality|Logistics|Communications|"
    "Security|Training|Internal Audit"
)
_STAFF = (
    "interns|drivers|night staff|contractors|branch managers|field engineers|remote staff|part-time staff|"
    "apprentices|warehouse staff|team leads|new hires"
)

PRODUCT = Kind(
    noun="the device",
    name=("thing", "{}"),
    relations=(
        Relation(
            "battery life",
            number(3, 96, "hours", short="h"),
            ("{s} runs for {v} on one charge.", "A full charge keeps {s} going for {v}."),
            ("How long does {s} run on one charge?", "How long does the battery of {s} last?"),
        ),
        Relation(
            "warranty period",
            number(6, 84, "months", step=2),
            ("{s} is covered by warranty for {v}.", "Repairs of {s} are free for {v}."),
            ("How long is {s} covered by warranty?", "For how long are repairs of {s} free?"),
        ),
        Relation(
            "weight",
            number(150, 9800, "grams", step=50, short="g"),
            ("{s} weighs {v}.", "On the scales, {s} comes to {v}."),
            ("How much does {s} weigh?", "How heavy is {s}?"),
        ),
        Relation(
            "price",
            number(40, 4000, "euros", step=10, short="EUR"),
            ("{s} costs {v}.", "Dealers sell {s} at {v}."),
            ("How much does {s} cost?", "At what price do dealers sell {s}?"),
        ),
        Relation(
            "assembly site",
            invented("place"),
            ("{s} is put together in {v}.", "The plant in {v} builds {s}."),
            ("Where is {s} put together?", "Which plant builds {s}?"),
        ),
        Relation(
            "product manager",
            person(),
            ("{v} looks after {s}.", "Questions about {s} go to {v}."),
            ("Who looks after {s}?", "To whom do questions about {s} go?"),
        ),
        Relation(
            "launch year",
            year(1998, 2025),
            ("{s} was launched in {v}.", "{s} has been sold since {v}."),
            ("When was {s} launched?", "Since when has {s} been sold?"),
        ),
        Relation(
            "reset method",
            one_of(
                "hold the power key|press both arrows|pull the battery|turn the dial twice|use the service menu|"
                "press the pin hole|shake it three times|open the lid while charging"
            ),
            ("To reset {s}, {v}.", "When {s} hangs, {v}."),
            ("How is {s} reset?", "What should I do when {s} hangs?"),
        ),
        Relation(
            "error light",
            one_of(
                "a red blink|a steady orange|a slow blue pulse|a green flash|a white strobe|a violet glow|"
                "two short yellow blinks|a fading red"
            ),
            ("{s} signals a fault with {v}.",),
            ("How does {s} signal a fault?",),
        ),
        Relation(
            "predecessor",
            invented("thing"),
            ("{s} replaces {v}.", "{s} was developed out of {v}."),
            ("Which device does {s} replace?", "Out of which device was {s} developed?"),
            refers_to="the device",
            described=("the device that {s} replaces", "the predecessor of {s}", "the model before {s}"),
        ),
        Relation(
            "service policy",
            invented("person", "the {} policy"),
            ("Repairs of {s} follow {v}.", "{s} is serviced under {v}."),
            ("Which policy do repairs of {s} follow?", "Under which policy is {s} serviced?"),
            refers_to="the policy",
            described=("the policy for repairs of {s}", "the service policy of {s}"),
        ),
        Relation(
            "colours",
            some_of(_COLOURS),
            ("{s} comes in {v}.", "Customers can order {s} in {v}."),
            ("In which colours does {s} come?", "Which colours can customers order for {s}?"),
            is_list=True,
        ),
        Relation(
            "box contents",
            some_of(_PARTS, 2, 3),
            ("{s} is delivered with {v}.", "The box of {s} also holds {v}."),
            ("What is delivered with {s}?", "What else is in the box of {s}?"),
            is_list=True,
        ),
        Relation(
            "compatible models",
            some_invented("thing"),
            ("{s} works together with {v}.",),
            ("Which models does {s} work together with?",),
            is_list=True,
            refers_to="the device",
        ),
    ),
    openings=(
        "This page of the manual is about {s}.",
        "{s} is one of our better known devices.",
        "Service staff find the data of {s} here.",
        "The following applies to {s}.",
    ),
    asides=(
        "Older printings of this page should be thrown away.",
        "A drawing is found at the end of the manual.",
        "Other devices of the range differ in detail.",
        "Please wear gloves when you open the housing.",
        "The intranet shows a short film about it.",
    ),
)

POLICY = Kind(
    noun="the policy",
    name=("person", "{} policy"),
    relations=(
        Relation(
            "spending limit",
            number(50, 9500, "euros", step=50, short="EUR"),
            ("{s} allows up to {v}.", "Under {s}, nobody may spend more than {v}."),
            ("How much may be spent under {s}?", "Up to what sum does {s} allow spending?"),
        ),
        Relation(
            "notice period",
            number(2, 90, "days"),
            ("{s} asks for notice of {v}.", "Requests under {s} are made {v} ahead."),
            ("How much notice does {s} ask for?", "How far ahead are requests under {s} made?"),
        ),
        Relation(
            "responsible team",
            one_of(_TEAMS),
            ("{s} is kept by {v}.", "{v} answers for {s}."),
            ("Which team keeps {s}?", "Who answers for {s}?"),
        ),
        Relation(
            "approver",
            person(),
            ("{s} was signed by {v}.", "Exceptions to {s} are granted by {v}."),
            ("Who signed {s}?", "Who grants exceptions to {s}?"),
        ),
        Relation(
            "review year",
            year(2012, 2031),
            ("{s} will be reviewed in {v}.",),
            ("When will {s} be reviewed?",),
        ),
        Relation(
            "form number",
            number(101, 989, ""),
            ("Requests under {s} need form {v}.",),
            ("Which form do requests under {s} need?",),
        ),
        Relation(
            "archive location",
            invented("place", "{} office"),
            ("Papers on {s} are kept at the {v}.",),
            ("Where are papers on {s} kept?",),
        ),
        Relation(
            "covered staff",
            some_of(_STAFF),
            ("{s} applies to {v}.",),
            ("To whom does {s} apply?",),
            is_list=True,
        ),
        Relation(
            "exempt sites",
            some_invented("place"),
            ("{s} does not hold in {v}.",),
            ("Where does {s} not hold?",),
            is_list=True,
        ),
    ),
    openings=(
        "This page sets out {s}.",
        "{s} was written after a long debate.",
        "All staff should have read {s}.",
    ),
    asides=(
        "Managers are asked to talk about it once a year.",
        "Earlier rules on the same matter no longer count.",
        "Examples are collected on the intranet.",
        "Doubtful cases are discussed on Mondays.",
    ),
    has_editions=True,
)

HANDBOOK = Schema("handbook", "A company's product manuals and policies", (PRODUCT, POLICY), share_tables=0.35)
