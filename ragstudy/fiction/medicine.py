"""The medicine domain: monographs of invented drugs and notes on invented trials."""

from ragstudy.fiction.schema import Kind, Relation, Schema
from ragstudy.fiction.values import invented, number, one_of, person, some_invented, some_of, year

_EFFECTS = (
    "headache|nausea|dry mouth|dizziness|a mild rash|muscle pain|blurred vision|fatigue|insomnia|loss of appetite|"
    "back pain|itching|cough|hot flushes|night sweats|a metallic taste|swollen ankles|tremor|hiccups|chills"
)
_GROUPS = (
    "pregnant women|children under two|patients with asthma|patients with kidney failure|heavy smokers|"
    "patients with glaucoma|nursing mothers|patients with gout|people over eighty|patients with epilepsy"
)

DRUG = Kind(
    noun="the drug",
    name=("drug", "{}"),
    relations=(
        Relation(
            "half-life",
            number(2, 60, "hours", short="h"),
            ("{s} leaves the body with a half-life of {v}.", "Half of a dose of {s} is gone after {v}."),
            ("How long is the half-life of {s}?", "After what time is half of a dose of {s} gone?"),
        ),
        Relation(
            "usual dose",
            number(5, 900, "mg", step=5, short="milligrams"),
            ("Most adults take {v} of {s} a day.", "{s} is usually given at {v}."),
            ("How much {s} do adults usually take?", "At what dose is {s} usually given?"),
        ),
        Relation(
            "indication",
            invented("ill"),
            ("{s} is prescribed for {v}.", "Doctors use {s} against {v}."),
            ("What is {s} prescribed for?", "Which illness is treated with {s}?"),
        ),
        Relation(
            "manufacturer",
            invented("thing", "{} Laboratories"),
            ("{s} is made by {v}.", "{v} produces {s}."),
            ("Who makes {s}?", "Which company produces {s}?"),
        ),
        Relation(
            "drug class",
            one_of(
                "calcium blocker|beta agonist|kinase inhibitor|ion exchanger|opioid antagonist|peptide hormone|"
                "loop diuretic|immune modulator|sodium blocker|enzyme replacement|bile acid binder|MAO inhibitor"
            ),
            ("{s} belongs to the class {v}.", "{s} acts as a {v}."),
            ("To which class of drugs does {s} belong?", "What kind of drug is {s}?"),
        ),
        Relation(
            "route of administration",
            one_of(
                "by mouth|under the tongue|as a nasal spray|by slow infusion|as a skin patch|as an inhaled powder|"
                "as eye drops|by injection into the thigh"
            ),
            ("{s} is given {v}.", "Patients receive {s} {v}."),
            ("How is {s} given?", "How do patients receive {s}?"),
        ),
        Relation(
            "approval year",
            year(1961, 2023),
            ("{s} was approved in {v}.", "Regulators admitted {s} to the market in {v}."),
            ("When was {s} approved?", "In which year did regulators admit {s}?"),
        ),
        Relation(
            "storage temperature",
            number(2, 30, "degrees", short="°C"),
            ("{s} is stored at {v}.", "Pharmacies keep {s} at {v}."),
            ("At which temperature is {s} stored?", "How cold must pharmacies keep {s}?"),
        ),
        Relation(
            "predecessor",
            invented("drug"),
            ("{s} has taken the place of {v}.", "Patients used to be given {v} where {s} is given now."),
            ("Which drug has {s} taken the place of?", "What was given before {s}?"),
            refers_to="the drug",
            described=("the drug that {s} has replaced", "the predecessor of {s}", "the drug used before {s}"),
        ),
        Relation(
            "side effects",
            some_of(_EFFECTS),
            ("Patients on {s} report {v}.", "{s} can cause {v}."),
            ("Which side effects can {s} cause?", "What do patients on {s} report?"),
            is_list=True,
        ),
        Relation(
            "interacting drugs",
            some_invented("drug"),
            ("{s} must not be combined with {v}.", "The effect of {s} is changed by {v}."),
            ("With which drugs must {s} not be combined?", "Which drugs change the effect of {s}?"),
            is_list=True,
            refers_to="the drug",
        ),
        Relation(
            "excluded groups",
            some_of(_GROUPS, 2, 3),
            ("{s} is not given to {v}.",),
            ("To whom is {s} not given?",),
            is_list=True,
        ),
    ),
    openings=(
        "{s} is described here for prescribers.",
        "This monograph covers {s}.",
        "What follows is known about {s}.",
        "{s} has been on the hospital list for some time.",
    ),
    asides=(
        "The leaflet has been revised more than once.",
        "Prescribers are asked to report anything unusual.",
        "The tablets of other makers look much the same.",
        "A short summary hangs in most wards.",
        "Pharmacists are often asked about this.",
    ),
)

TRIAL = Kind(
    noun="the trial",
    name=("place", "{} trial"),
    relations=(
        Relation(
            "number of participants",
            number(24, 2400, "patients", step=4),
            ("{s} enrolled {v}.", "In all, {v} took part in {s}."),
            ("How many patients took part in {s}?", "How many patients did {s} enrol?"),
        ),
        Relation(
            "duration",
            number(3, 48, "months"),
            ("{s} ran for {v}.", "{s} was stopped after {v}."),
            ("How long did {s} run?", "For how many months did {s} run?"),
        ),
        Relation(
            "tested drug",
            invented("drug"),
            ("{s} tested {v} against placebo.", "Patients in {s} received {v} or placebo."),
            ("Which drug was tested in {s}?", "What did patients in {s} receive?"),
            refers_to="the drug",
            described=("the drug tested in {s}", "the drug that patients in {s} received", "the tested drug of {s}"),
        ),
        Relation(
            "lead investigator",
            person(),
            ("{s} was led by {v}.", "{v} planned {s}."),
            ("Who led {s}?", "Who planned {s}?"),
        ),
        Relation(
            "sponsor",
            invented("thing", "{} Foundation"),
            ("{s} was paid for by {v}.",),
            ("Who paid for {s}?",),
        ),
        Relation(
            "primary outcome",
            one_of(
                "walking distance|days in hospital|blood pressure at rest|number of seizures|pain at night|"
                "time to relapse|lung capacity|weight after a year|hours of sleep|wound size|grip strength"
            ),
            ("{s} measured {v} as its main result.",),
            ("What did {s} measure as its main result?",),
        ),
        Relation(
            "start year",
            year(1990, 2022),
            ("{s} began in {v}.", "The first patient entered {s} in {v}."),
            ("When did {s} begin?", "In which year did the first patient enter {s}?"),
        ),
        Relation(
            "study sites",
            some_invented("place"),
            ("{s} recruited in {v}.",),
            ("Where did {s} recruit?", "In which cities did {s} recruit?"),
            is_list=True,
        ),
        Relation(
            "reported harms",
            some_of(_EFFECTS, 2, 3),
            ("More cases of {v} were seen in {s}.",),
            ("Which harms were seen in {s}?",),
            is_list=True,
        ),
    ),
    openings=(
        "This note records {s}.",
        "{s} is often cited in reviews.",
        "Readers ask about {s} more than about others.",
    ),
    asides=(
        "The protocol was changed once before the start.",
        "An independent board watched the results.",
        "Two follow-up papers are being written.",
        "Drop-outs were few and evenly spread.",
    ),
)

MEDICINE = Schema("medicine", "Monographs of drugs and notes on trials", (DRUG, TRIAL))
